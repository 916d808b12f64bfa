import { describe, expect, test } from "vitest";
import { asMatrix, type Matrix, zeros } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import {
  type DenseNetwork,
  denseNetwork,
  type DenseNetworkOptions,
  parametersOf,
  tangentKernel,
} from "../../src/networks/index.ts";
import { expectClose, normals } from "../contracts/data.ts";
import linearized from "../vectors/linearized-networks.json" with { type: "json" };
import wide from "../vectors/wide-networks.json" with { type: "json" };

const engine = plainEngine();

/** θ with the given weights, first layer first, one row a neuron. */
function withWeights(
  network: DenseNetwork,
  ...weights: readonly (readonly (readonly number[])[])[]
): Float64Array {
  const theta = new Float64Array(network.parameters);
  parametersOf(network, theta).forEach((layer, l) => layer.weights.data.set(weights[l]!.flat()));
  return theta;
}

const rows = (values: readonly (readonly number[])[]): Matrix<Float64Array> =>
  asMatrix(values) as Matrix<Float64Array>;

describe("the layout of θ", () => {
  const network = denseNetwork(engine, {
    inputs: 3,
    widths: [4, 2],
    outputs: 2,
    parameterization: { kind: "ntk", biasStd: [0.1, 0, 0.1] },
  });

  test("W¹ (one row a neuron), β¹, W², β², … one after the other; no biases where σ_b = 0", () => {
    expect(network.parameters).toBe(4 * 3 + 4 + 2 * 4 + 2 * 2 + 2);
    expect(network.layers.map(({ weightsAt, biasesAt }) => [weightsAt, biasesAt])).toEqual([
      [0, 12],
      [16, undefined],
      [24, 28],
    ]);
  });

  test("parametersOf gives views: what is written there is written to θ", () => {
    const theta = network.initialize(0);
    const [first, second, readout] = parametersOf(network, theta);
    expect([first!.weights.rows, first!.weights.cols]).toEqual([4, 3]);
    expect(second!.biases).toBeUndefined();
    readout!.biases![1] = 42;
    expect(theta.at(-1)).toBe(42);
    expect(() => parametersOf(network, theta.slice(1))).toThrow("29 numbers");
  });

  test("the formulas are those of the definition", async () => {
    const theta = network.initialize(3);
    const [first, second, readout] = parametersOf(network, theta);
    const x = [0.3, -1.2, 0.7];
    const dense = (layer: typeof first, h: readonly number[], biasStd: number): number[] =>
      Array.from({ length: layer!.weights.rows }, (_, i) =>
        h.reduce(
          (sum, value, j) => sum + (value * layer!.weights.data[i * h.length + j]!) / Math.sqrt(h.length),
          biasStd * (layer!.biases?.[i] ?? 0),
        ),
      );
    const relu = (z: readonly number[]): number[] => z.map((value) => Math.max(value, 0));
    const f = dense(readout, relu(dense(second, relu(dense(first, x, 0.1)), 0)), 0.1);
    expectClose((await network.value(theta, rows([x]))).data, f, 1e-15);
  });
});

describe("the start", () => {
  const moments = (values: Float64Array): { mean: number; std: number } => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return {
      mean,
      std: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length),
    };
  };
  const start = (options: Partial<DenseNetworkOptions>, seed = 1) => {
    const network = denseNetwork(engine, { inputs: 50, widths: [400], ...options });
    return parametersOf(network, network.initialize(seed));
  };

  test("has the standard deviations of its parameterization", () => {
    // Four standard errors of a standard deviation from N normal numbers are 2.8/√N.
    const close = (values: Float64Array, std: number): void => {
      expect(Math.abs(moments(values).std / std - 1)).toBeLessThan(2.9 / Math.sqrt(values.length));
      expect(Math.abs(moments(values).mean / std)).toBeLessThan(4 / Math.sqrt(values.length));
    };
    const ntk = start({ parameterization: { kind: "ntk", weightStd: 3, biasStd: 0.2 } });
    close(ntk[0]!.weights.data, 1);
    close(ntk[0]!.biases!, 1);
    const standard = start({ parameterization: { kind: "standard", weightStd: [3, 0.5], biasStd: 0.2 } });
    close(standard[0]!.weights.data, 3 / Math.sqrt(50));
    close(standard[1]!.weights.data, 0.5 / Math.sqrt(400));
    close(standard[0]!.biases!, 0.2);
    const scaled = start({ parameterization: { kind: "scaled", gamma: 0.05 }, readout: "normal" });
    close(scaled[0]!.weights.data, 1 / Math.sqrt(50));
    close(scaled[1]!.weights.data, 1 / Math.sqrt(400));
  });

  test("biases of the standard parameterization may start at 0", () => {
    const [hidden, readout] = start({ parameterization: { kind: "standard", biases: true } });
    for (const layer of [hidden, readout])
      expectClose(
        layer!.biases!,
        layer!.biases!.map(() => 0),
        0,
      );
  });

  test("readouts of the lecture notes are ±1, or all 1 if asked", () => {
    const scaled = { kind: "scaled", gamma: 0.05 } as const;
    const signs = start({ parameterization: scaled })[1]!.weights.data;
    expect(new Set(signs)).toEqual(new Set([-1, 1]));
    expect(Math.abs(signs.reduce((sum, sign) => sum + sign, 0))).toBeLessThan(4 * Math.sqrt(400));
    const ones = start({ parameterization: scaled, readout: "ones" })[1]!.weights.data;
    expect(new Set(ones)).toEqual(new Set([1]));
  });

  test("one seed gives one start, another seed another", () => {
    const network = denseNetwork(engine, { inputs: 3, widths: [5] });
    expect(network.initialize(4)).toEqual(network.initialize(4));
    expect(network.initialize(4)).not.toEqual(network.initialize(5));
  });

  test("a symmetrized start is 0 everywhere: copied neurons with negated readouts", async () => {
    for (const parameterization of [
      { kind: "scaled", gamma: 0.3 },
      { kind: "ntk", biasStd: 0.5 },
    ] as const) {
      const options = { inputs: 4, widths: [6], activation: "tanh", parameterization } as const;
      const network = denseNetwork(engine, { ...options, symmetrized: true });
      const theta = network.initialize(9);
      const x = normals(5, 4, 2);
      expectClose((await network.value(theta, x)).data, new Float64Array(5), 1e-16);
      const [hidden, readout] = parametersOf(network, theta);
      expect(hidden!.weights.data.slice(0, 12)).toEqual(hidden!.weights.data.slice(12));
      expect(readout!.weights.data.slice(0, 3)).toEqual(readout!.weights.data.slice(3).map((a) => -a));
    }
  });

  test("a symmetrized start works behind deeper layers and several outputs", async () => {
    const network = denseNetwork(engine, { inputs: 4, widths: [5, 8], outputs: 3, symmetrized: true });
    expectClose(
      (await network.value(network.initialize(1), normals(6, 4))).data,
      new Float64Array(18),
      1e-15,
    );
  });
});

test("rates say how fast each tensor learns, and are left out when all are 1", () => {
  const options = { inputs: 2, widths: [3], parameterization: { kind: "ntk", biasStd: 0.1 } } as const;
  expect(denseNetwork(engine, options).rates).toBeUndefined();
  const network = denseNetwork(engine, { ...options, weightRates: [1, 0], biasRates: 0.5 });
  expect(Array.from(network.rates!)).toEqual([1, 1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0, 0, 0, 0.5]);
});

describe("the vectors", () => {
  const lz = (id: string) => linearized.cases.find((entry) => entry.id === id)!;

  test("LZ-V16: value, features, linearization and the truth beyond it", async () => {
    const { inputs, expected } = lz("LZ-V16") as unknown as {
      inputs: Record<"W" | "dW", number[][]> & Record<"a" | "x" | "da", number[]> & { gamma: number };
      expected: Record<"phiRF" | "phiNT", number[]> & Record<"f" | "fLin" | "fTrue", number>;
    };
    const network = denseNetwork(engine, {
      inputs: 3,
      widths: [2],
      activation: "tanh",
      parameterization: { kind: "scaled", gamma: inputs.gamma },
    });
    const theta = withWeights(network, inputs.W, [inputs.a]);
    const delta = withWeights(network, inputs.dW, [inputs.da]);
    const x = rows([inputs.x]);
    const { value, tangent } = await network.tangent(theta, x, delta);
    expectClose(value.data, [expected.f], 1e-14);
    expectClose([value.data[0]! + tangent.data[0]!], [expected.fLin], 1e-14);
    const moved = theta.map((entry, k) => entry + delta[k]!);
    expectClose((await network.value(moved, x)).data, [expected.fTrue], 1e-14);
    // The gradient is φ_RF for the readout, √d φ_NT (neuron by neuron) for the first layer.
    const { pull } = await network.pullback(theta, x);
    const [hidden, readout] = parametersOf(network, await pull(rows([[1]])));
    expectClose(readout!.weights.data, expected.phiRF, 1e-14);
    expectClose(
      hidden!.weights.data,
      expected.phiNT.map((entry) => Math.sqrt(3) * entry),
      1e-14,
    );
  });

  for (const activation of ["tanh", "relu"] as const)
    test(`WN-V1: value and tangent kernel of a ${activation} network`, async () => {
      const { inputs, expected, tol } = wide.cases.find(({ id }) => id === "WN-V1") as unknown as {
        inputs: { U: number[][]; v: number[]; x: number[] };
        expected: Record<"tanh" | "relu", { f: number; K: number }>;
        tol: number;
      };
      const network = denseNetwork(engine, { inputs: 3, widths: [6], activation });
      const theta = withWeights(network, inputs.U, [inputs.v]);
      expectClose((await network.value(theta, rows([inputs.x]))).data, [expected[activation].f], tol);
      const { kernel } = await tangentKernel(network, theta, rows([inputs.x]));
      expectClose(kernel.data, [expected[activation].K], tol);
    });
});

describe("impossible networks are refused by name", () => {
  const refused = (options: Partial<DenseNetworkOptions>, message: string): void => {
    const make = () => denseNetwork(engine, { inputs: 3, widths: [4], ...options });
    expect(make).toThrow(RangeError);
    expect(make).toThrow(message);
  };
  test("sizes", () => {
    refused({ inputs: 0 }, "inputs is 0");
    refused({ widths: [4, 0] }, "widths[1] is 0");
    refused({ widths: [2.5] }, "widths[0] is 2.5");
    refused({ outputs: -1 }, "outputs is -1");
    expect(() => denseNetwork(engine, { inputs: 3, widths: 4 as never })).toThrow(
      "widths is 4, expected a list",
    );
  });
  test("deviations, rates and their number", () => {
    refused({ parameterization: { kind: "ntk", weightStd: -1 } }, "weightStd has -1");
    refused({ parameterization: { kind: "standard", biasStd: [0, NaN] } }, "biasStd has NaN");
    refused({ weightRates: [1, 1, 1] }, "weightRates has 3 numbers");
    refused({ biasRates: -0.5 }, "biasRates has -0.5");
    refused({ activation: ["relu", "relu"] }, "2 activations for 1 hidden layers");
  });
  test("starts and scales that need another shape", () => {
    refused({ symmetrized: true, widths: [3] }, "even last hidden layer");
    refused({ symmetrized: true, widths: [] }, "even last hidden layer");
    refused({ parameterization: { kind: "scaled", gamma: 1 }, widths: [2, 2] }, "one hidden layer");
    refused({ parameterization: { kind: "scaled", gamma: NaN } }, "gamma is NaN");
    refused(
      { parameterization: { kind: "mup" } as never },
      'parameterization.kind is "mup", expected "ntk" or "standard" or "scaled"',
    );
    refused({ readout: "zeros" as "ones" }, 'readout is "zeros", expected "normal" or "signs" or "ones"');
  });
  test("activations that do not exist, or whose derivatives are not known", async () => {
    refused(
      { activation: "reluu" as "relu" },
      'denseNetwork: there is no activation "reluu", did you mean "relu"?',
    );
    refused({ outputActivation: { name: "gaussian", rate: 1 } }, "denseNetwork: activation.rate is wrong");
    refused({ activation: "exp-normalized" }, "exp-normalized is a kernel of infinite networks alone");
    const cubed = denseNetwork(engine, {
      inputs: 2,
      widths: [3],
      activation: { name: "custom", label: "x³", value: (x) => x ** 3 },
    });
    const theta = cubed.initialize(0);
    expect((await cubed.value(theta, zeros(1, 2))).data).toEqual(new Float64Array(1));
    await expect(cubed.jet(theta, zeros(1, 2), theta, 2)).rejects.toThrow(RangeError);
  });
});
