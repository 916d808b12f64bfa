import { describe, expect, test } from "vitest";
import { dense, relu, serial } from "../../src/layers/index.ts";
import { extremeEigenvalues, type Matrix } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import {
  catapult,
  denseNetwork,
  frozenGates,
  graphNetwork,
  linearize,
  linearizedSharpness,
  lossHessianProduct,
  tangentKernel,
} from "../../src/networks/index.ts";
import { filled, normals } from "../contracts/data.ts";
import vectors from "../vectors/wide-networks.json" with { type: "json" };

const engine = plainEngine();
const x = normals(6, 3, 1);
const y = filled(6, 2, (i, o) => ((i + o) % 2 === 0 ? 1 : -1));
const network = denseNetwork(engine, { inputs: 3, widths: [20], outputs: 2, activation: "tanh" });
const theta = network.initialize(2);

describe("the sharpness of a linearization", () => {
  test.for(["half-squares", "half-mean-squares", "mean-squares", "logistic"] as const)(
    "is the largest eigenvalue of the Hessian of its loss: %s",
    async (loss) => {
      const hessian = await lossHessianProduct(linearize(network, theta), theta, x, y, loss);
      const { largest } = await extremeEigenvalues(hessian, network.parameters);
      const own = await linearizedSharpness(network, theta, x, y, { loss });
      expect(Math.abs(own / largest - 1)).toBeLessThan(1e-9);
    },
  );

  test("of one example is its tangent kernel", async () => {
    const one = denseNetwork(engine, { inputs: 3, widths: [7] });
    const start = one.initialize(1);
    const [point, label] = [normals(1, 3, 4), filled(1, 1, () => 1)];
    const { kernel } = await tangentKernel(one, start, point);
    expect(await linearizedSharpness(one, start, point, label)).toBeCloseTo(kernel.data[0]!, 12);
  });

  test.for([
    [1.98, "descends"],
    [2.02, "grows"],
  ] as const)(
    "says where linear models diverge, also with learning rates of layers: %s/λ",
    async ([k, fate]) => {
      const slow = denseNetwork(engine, {
        inputs: 3,
        widths: [20],
        outputs: 2,
        activation: "tanh",
        weightRates: [0.1, 3],
      });
      const start = slow.initialize(5);
      const { losses } = await catapult(linearize(slow, start), start, { x, y, multiple: k, steps: 1500 });
      expect(losses.at(-1)! < losses[0]!).toBe(fate === "descends");
    },
  );

  test("refuses what does not fit, by name", async () => {
    await expect(linearizedSharpness(network, theta, normals(4, 2), y)).rejects.toThrow("x has 2 columns");
    await expect(linearizedSharpness(network, theta, x, normals(6, 1))).rejects.toThrow("y is 6 × 1");
    await expect(linearizedSharpness(network, theta, normals(0, 3), normals(0, 2))).rejects.toThrow(
      RangeError,
    );
  });
});

describe("descents at k/λ₀ of a ReLU network and its quadratic model, one example", () => {
  const { inputs, expected } = vectors.cases.find(({ id }) => id === "WN-V4") as unknown as {
    inputs: { U: number[][]; v: number[]; x: number[]; y: number };
    expected: { eta: number; nqm_g: number[]; nqm_lam: number[]; net_g: number[]; net_lam: number[] }[];
  };
  const layer = serial(dense(), relu(), dense());
  const sizes = { inputs: 3, width: inputs.v.length };
  const start = Float64Array.from([...inputs.U.flat(), ...inputs.v]);
  const point: Matrix = { data: Float64Array.from(inputs.x), rows: 1, cols: 3 };
  const label: Matrix = { data: Float64Array.of(inputs.y), rows: 1, cols: 1 };
  const models = {
    net: graphNetwork(engine, layer, sizes),
    nqm: frozenGates(engine, layer, sizes, start),
  };

  test.for(expected)("follow WN-V4, η = $eta", async (path) => {
    for (const name of ["net", "nqm"] as const) {
      const [outputs, lambdas] = [path[`${name}_g`], path[`${name}_lam`]];
      const multiple = path.eta * lambdas[0]!;
      const own = await catapult(models[name], start, { x: point, y: label, multiple, steps: 8, every: 1 });
      expect(own.outcome).toBe("finished");
      own.losses.forEach((loss, t) => {
        // A tolerance of 1e-8 in g, as in the vector, moves the loss by the residual times as much.
        expect(Math.abs(loss - 0.5 * (outputs[t]! - inputs.y) ** 2)).toBeLessThan(2e-8);
        expect(Math.abs(own.sharpness[t]!.value / lambdas[t]! - 1)).toBeLessThan(1e-8);
      });
    }
  });
});

describe("a catapult", () => {
  const wide = denseNetwork(engine, { inputs: 3, widths: [400] });
  const start = wide.initialize(3);
  const point = normals(1, 3, 4);
  const label = filled(1, 1, () => 0.5);
  const quadratic = frozenGates(engine, serial(dense(), relu(), dense()), { inputs: 3, width: 400 }, start);
  const descent = { x: point, y: label, steps: 200, target: 1e-12 };

  test("brings a quadratic model, not a linear one, from beyond 2/λ to a flatter minimum", async () => {
    const own = await catapult(quadratic, start, { ...descent, multiple: 3 });
    expect(own.outcome).toBe("reached");
    expect(Math.max(...own.losses)).toBeGreaterThan(10 * own.losses[0]!);
    expect(own.sharpness).toHaveLength(2);
    expect(own.sharpness[1]!.step).toBe(own.losses.length - 1);
    expect(own.learningRate * own.sharpness[1]!.value).toBeLessThan(2);
    const linear = await catapult(linearize(wide, start), start, { ...descent, multiple: 3 });
    expect(linear.outcome).toBe("diverged");
    expect(linear.learningRate).toBeCloseTo(own.learningRate, 12);
    expect(linear.sharpness).toHaveLength(1);
  });

  test("does not bring a quadratic model back from beyond 4/λ", async () => {
    const { outcome } = await catapult(quadratic, start, { ...descent, multiple: 4.5 });
    expect(outcome).toBe("diverged");
  });

  test("looks at the sharpness as often as asked, first and last step included", async () => {
    const { sharpness } = await catapult(quadratic, start, {
      x: point,
      y: label,
      multiple: 0.01,
      steps: 10,
      every: 4,
    });
    expect(sharpness.map(({ step }) => step)).toEqual([0, 4, 8, 10]);
  });

  test("leaves the start as it is, and refuses numbers that make no sense", async () => {
    const kept = start.slice();
    await catapult(quadratic, start, { ...descent, multiple: 3 });
    expect(start).toEqual(kept);
    await expect(catapult(wide, start, { ...descent, multiple: 0 })).rejects.toThrow("multiple is 0");
    await expect(catapult(wide, start, { ...descent, multiple: 1, every: 0.5 })).rejects.toThrow("every");
    await expect(catapult(wide, start, { ...descent, multiple: 1, ceiling: 1 })).rejects.toThrow("ceiling");
    const dead = new Float64Array(wide.parameters);
    await expect(catapult(wide, dead, { ...descent, multiple: 1 })).rejects.toThrow("tangent kernel is 0");
  });
});
