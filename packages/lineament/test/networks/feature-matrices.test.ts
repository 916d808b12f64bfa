import { describe, expect, test } from "vitest";
import { asMatrix, type Matrix } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import {
  type DenseNetwork,
  denseNetwork,
  gradientOuterProduct,
  inputGradients,
  neuralFeatureMatrix,
} from "../../src/networks/index.ts";
import { expectClose, filled, normals } from "../contracts/data.ts";
import vectors from "../vectors/feature-learning.json" with { type: "json" };

const engine = plainEngine();
const standard = { kind: "standard" } as const;

/** A bias-free network in standard parameterization with these weights. */
function networkOf(activation: "tanh" | "relu" | "identity", ...weights: readonly number[][][]) {
  const network = denseNetwork(engine, {
    inputs: weights[0]![0]!.length,
    widths: weights.slice(0, -1).map(({ length }) => length),
    outputs: weights.at(-1)!.length,
    activation,
    parameterization: standard,
  });
  return { network, theta: Float64Array.from(weights.flat(2)) };
}

for (const activation of ["tanh", "relu"] as const)
  test(`FL-V7: feature matrices and AGOP of both layers of a ${activation} network`, async () => {
    const { inputs, expected, tol } = vectors.cases.find(({ id }) => id === "FL-V7") as unknown as {
      inputs: Record<"W1" | "W2" | "w3" | "X", number[][]>;
      expected: Record<
        "tanh" | "relu",
        Record<"agop_layer1_input" | "agop_layer2_input" | "nfm_layer1" | "nfm_layer2", number[][]>
      >;
      tol: number;
    };
    const { network, theta } = networkOf(activation, inputs.W1, inputs.W2, inputs.w3);
    const x = asMatrix(inputs.X);
    const wanted = expected[activation];
    for (const [layer, agop, features] of [
      [1, wanted.agop_layer1_input, wanted.nfm_layer1],
      [2, wanted.agop_layer2_input, wanted.nfm_layer2],
    ] as const) {
      expectClose((await gradientOuterProduct(network, theta, x, { layer })).data, agop.flat(), tol);
      expectClose((await neuralFeatureMatrix(network, theta, layer)).data, features.flat(), tol);
    }
  });

test("FL-V8: the gradient outer products of a linear network are those of its products", async () => {
  const { inputs, expected, tol } = vectors.cases.find(({ id }) => id === "FL-V8") as unknown as {
    inputs: Record<"W1" | "W2" | "W3", number[][]>;
    expected: Record<"agop" | "agop_layer2" | "nfm1" | "nfm2", number[][]>;
    tol: number;
  };
  const { network, theta } = networkOf("identity", inputs.W1, inputs.W2, inputs.W3);
  const x = normals(5, 3);
  expectClose((await gradientOuterProduct(network, theta, x)).data, expected.agop.flat(), tol);
  expectClose(
    (await gradientOuterProduct(network, theta, x, { layer: 2 })).data,
    expected.agop_layer2.flat(),
    tol,
  );
  expectClose((await neuralFeatureMatrix(network, theta, 1)).data, expected.nfm1.flat(), tol);
  expectClose((await neuralFeatureMatrix(network, theta, 2)).data, expected.nfm2.flat(), tol);
  // Balanced networks: W₃ᵀ W₃ is the gradient outer product of the last layer.
  expectClose(
    (await neuralFeatureMatrix(network, theta, 3)).data,
    (await gradientOuterProduct(network, theta, x, { layer: 3 })).data,
    1e-14,
  );
});

describe("gradients by the input", () => {
  const network: DenseNetwork = denseNetwork(engine, {
    inputs: 3,
    widths: [6, 5],
    outputs: 2,
    activation: "tanh",
    outputActivation: "sin",
    parameterization: { kind: "ntk", weightStd: 1.5, biasStd: 0.3 },
  });
  const theta = network.initialize(2);
  const x = normals(4, 3, 1);

  test("are the differences of the outputs", async () => {
    const gradients = await inputGradients(network, theta, x);
    expect([gradients.rows, gradients.cols]).toEqual([8, 3]);
    const h = 1e-5;
    for (let k = 0; k < 3; k++) {
      const shifted = (by: number): Matrix => filled(4, 3, (i, j) => x.data[3 * i + j]! + (j === k ? by : 0));
      const [up, down] = [await network.value(theta, shifted(h)), await network.value(theta, shifted(-h))];
      const slopes = up.data.map((value, at) => (value - down.data[at]!) / (2 * h));
      expectClose(
        slopes.map((_, row) => gradients.data[3 * row + k]!),
        slopes,
        1e-9,
      );
    }
  });

  test("center to mean 0 for every output", async () => {
    const [plain, centered] = [
      await gradientOuterProduct(network, theta, x),
      await gradientOuterProduct(network, theta, x, { centered: true }),
    ];
    const gradients = await inputGradients(network, theta, x);
    const mean = (o: number, k: number): number =>
      [0, 1, 2, 3].reduce((sum, i) => sum + gradients.data[(2 * i + o) * 3 + k]! / 4, 0);
    const between = filled(3, 3, (j, k) => [0, 1].reduce((sum, o) => sum + mean(o, j) * mean(o, k), 0));
    expectClose(
      centered.data,
      plain.data.map((value, at) => value - between.data[at]!),
      1e-14,
    );
  });

  test("count the scale of the parameterization: the feature matrix is that of effective weights", async () => {
    // The same function in standard parameterization has weights σ_w/√n W.
    const one = denseNetwork(engine, {
      inputs: 3,
      widths: [4],
      parameterization: { kind: "ntk", weightStd: 2 },
    });
    const start = one.initialize(1);
    const same = denseNetwork(engine, { inputs: 3, widths: [4], parameterization: standard });
    const effective = start.map((value, k) => (2 / Math.sqrt(k < 12 ? 3 : 4)) * value);
    for (const layer of [1, 2]) {
      expectClose(
        (await neuralFeatureMatrix(one, start, layer)).data,
        (await neuralFeatureMatrix(same, effective, layer)).data,
        1e-14,
      );
      expectClose(
        (await gradientOuterProduct(one, start, x, { layer })).data,
        (await gradientOuterProduct(same, effective, x, { layer })).data,
        1e-14,
      );
    }
  });

  test("layers that do not exist, and no rows, are refused", async () => {
    await expect(neuralFeatureMatrix(network, theta, 0)).rejects.toThrow("layer is 0, expected 1 to 3");
    await expect(inputGradients(network, theta, x, 4)).rejects.toThrow("layer is 4, expected 1 to 3");
    await expect(gradientOuterProduct(network, theta, normals(0, 3))).rejects.toThrow("x has no rows");
    await expect(gradientOuterProduct(network, theta.slice(1), x)).rejects.toThrow(RangeError);
  });
});
