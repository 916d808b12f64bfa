import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asMatrix, type Engine, type Matrix } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import {
  centered,
  type DenseNetwork,
  denseNetwork,
  type DenseNetworkOptions,
  jacobian,
  type KernelOutputs,
  linearize,
  type Model,
  parametersOf,
  tangentKernel,
  tangentKernelProduct,
} from "../../src/networks/index.ts";
import { expectClose, filled, normals, product } from "../contracts/data.ts";
import vectors from "../vectors/linearized-networks.json" with { type: "json" };

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(async () => engine.close());

const networks: Readonly<Record<string, DenseNetworkOptions>> = {
  "a deep relu network with biases": {
    inputs: 3,
    widths: [8, 7, 6],
    outputs: 2,
    parameterization: { kind: "ntk", weightStd: 1.4, biasStd: 0.3 },
  },
  "a tanh network with a nonlinear output": {
    inputs: 3,
    widths: [9, 2, 5],
    outputs: 3,
    activation: "tanh",
    outputActivation: "sin",
    parameterization: { kind: "standard", weightStd: 1.2, biases: true },
  },
  "a network with frozen and slow layers": {
    inputs: 3,
    widths: [8, 8],
    outputs: 2,
    activation: "erf",
    parameterization: { kind: "ntk", biasStd: [0.2, 0.2, 0] },
    weightRates: [1, 0, 0.3],
    biasRates: [0.5, 2, 1],
  },
  "the network of the lecture notes": {
    inputs: 3,
    widths: [12],
    parameterization: { kind: "scaled", gamma: 12 ** -0.5 },
  },
  "a linear model": { inputs: 3, widths: [], outputs: 2 },
};

const x = normals(5, 3, 1);
const z = normals(4, 3, 2);
const all: readonly KernelOutputs[] = ["trace", "diagonal", "full"];

for (const [name, options] of Object.entries(networks))
  describe(name, () => {
    let network: DenseNetwork;
    let theta: Float64Array;
    beforeAll(() => {
      network = denseNetwork(engine, options);
      theta = network.initialize(5);
    });

    for (const outputs of all)
      test(`has one tangent kernel by all three methods (${outputs})`, async () => {
        for (const other of [undefined, z]) {
          const by = (method: "structured" | "jacobian" | "products") =>
            tangentKernel(network, theta, x, other, { method, outputs });
          const { kernel } = await by("structured");
          const count = options.outputs ?? 1;
          const columns = (other ?? x).rows;
          expect([kernel.rows, kernel.cols]).toEqual(
            outputs === "trace" ? [5, columns] : [5 * count, outputs === "full" ? columns * count : columns],
          );
          expectClose((await by("jacobian")).kernel.data, kernel.data, 1e-13);
          expectClose((await by("products")).kernel.data, kernel.data, 1e-13);
        }
      });

    test("its parts, layer by layer, add up to the kernel", async () => {
      const { kernel, parts } = await tangentKernel(network, theta, x, z, { parts: true });
      expect(parts.map(({ layer }) => layer)).toEqual(network.layers.map((_, l) => l + 1));
      const sum = kernel.data.map((_, at) => parts.reduce((total, part) => total + part.kernel.data[at]!, 0));
      expectClose(sum, kernel.data, 1e-15);
      parts.forEach((part, l) => {
        const { weightRate, biasRate, biasesAt } = network.layers[l]!;
        const frozen = weightRate === 0 && (biasRate === 0 || biasesAt === undefined);
        expect(part.kernel.data.every((entry) => entry === 0)).toBe(frozen);
      });
    });

    test("is exactly symmetric", async () => {
      for (const outputs of ["trace", "full"] as const) {
        const { data, rows } = (await tangentKernel(network, theta, x, undefined, { outputs })).kernel;
        expect(data).toEqual(filled(rows, rows, (i, j) => data[j * rows + i]!).data);
      }
    });

    test("tangentKernelProduct multiplies by the full kernel, calls in any order", async () => {
      const { kernel } = await tangentKernel(network, theta, x, undefined, { outputs: "full" });
      const multiply = await tangentKernelProduct(network, theta, x);
      const [v, w] = [normals(kernel.rows, 1, 3), normals(kernel.rows, 1, 4)];
      const [kv, kw] = await Promise.all([multiply(v.data), multiply(w.data)]);
      expectClose(kv, product(kernel, v).data, 1e-13);
      expectClose(kw, product(kernel, w).data, 1e-13);
      await expect(multiply(v.data.slice(1))).rejects.toThrow(RangeError);
    });

    test("rows of the Jacobian are the gradients of single outputs", async () => {
      const j = await jacobian(network, theta, x);
      const count = options.outputs ?? 1;
      expect([j.rows, j.cols]).toEqual([5 * count, network.parameters]);
      const v = normals(network.parameters, 1, 6);
      const { tangent } = await network.tangent(theta, x, v.data);
      expectClose(product(j, v).data, tangent.data, 1e-13);
    });

    test("centering changes no derivative, and the kernel of the linearization stays that of θ₀", async () => {
      const { kernel } = await tangentKernel(network, theta, x, z, { outputs: "full" });
      const away = theta.map((value, k) => value + Math.sin(k));
      const models: readonly (readonly [Model, Float64Array])[] = [
        [centered(network, away), theta],
        [linearize(network, theta), away],
      ];
      for (const [model, at] of models)
        for (const method of ["structured", "jacobian", "products"] as const)
          expectClose(
            (await tangentKernel(model, at, x, z, { outputs: "full", method })).kernel.data,
            kernel.data,
            1e-13,
          );
    });
  });

test("LZ-V24: the kernels of the lecture notes at finite width", async () => {
  const { inputs, expected } = vectors.cases.find(({ id }) => id === "LZ-V24") as unknown as {
    inputs: { W: number[][]; a: number[]; X: number[][]; gamma: number };
    expected: Record<"KRF" | "KNT" | "KfullGradient", number[][]>;
  };
  const network = denseNetwork(engine, {
    inputs: 3,
    widths: [2],
    activation: "tanh",
    parameterization: { kind: "scaled", gamma: inputs.gamma },
  });
  const theta = new Float64Array(network.parameters);
  const [hidden, readout] = parametersOf(network, theta);
  hidden!.weights.data.set(inputs.W.flat());
  readout!.weights.data.set(inputs.a);
  const rows = asMatrix(inputs.X) as Matrix<Float64Array>;
  const { kernel, parts } = await tangentKernel(network, theta, rows, undefined, { parts: true });
  expectClose(kernel.data, expected.KfullGradient.flat(), 1e-14);
  // Training the first layer gives d K_NT, training the readout K_RF.
  expectClose(
    parts[0]!.kernel.data.map((entry) => entry / 3),
    expected.KNT.flat(),
    1e-14,
  );
  expectClose(parts[1]!.kernel.data, expected.KRF.flat(), 1e-14);
});

test("LZ-V26: the first-layer Jacobian moves by at most β ‖θ − θ′‖", async () => {
  const { inputs, expected } = vectors.cases.find(({ id }) => id === "LZ-V26") as unknown as {
    inputs: { X: number[][] };
    expected: { betaSpectral: number };
  };
  const network = denseNetwork(engine, {
    inputs: 3,
    widths: [20],
    activation: "tanh",
    parameterization: { kind: "scaled", gamma: 1 },
  });
  const theta = network.initialize(1);
  const points = asMatrix(inputs.X);
  const before = await jacobian(network, theta, points);
  let largest = 0;
  for (const scale of [1e-3, 0.1, 1]) {
    const change = normals(1, 60, 2).data.map((value) => scale * value);
    const after = await jacobian(
      network,
      theta.map((value, k) => value + (change[k] ?? 0)), // the readout stays
      points,
    );
    const difference = filled(3, 60, (i, k) => after.data[80 * i + k]! - before.data[80 * i + k]!);
    const { values } = await engine.singularValues(difference);
    largest = Math.max(largest, values[0]! / Math.hypot(...change));
  }
  expect(largest).toBeLessThanOrEqual(expected.betaSpectral);
  expect(largest).toBeGreaterThan(expected.betaSpectral / 20); // the bound is not idle
});

test("no rows have an empty kernel", async () => {
  const network = denseNetwork(engine, { inputs: 3, widths: [4] });
  for (const method of ["structured", "jacobian", "products"] as const) {
    const { kernel } = await tangentKernel(network, network.initialize(0), normals(0, 3), x, { method });
    expect([kernel.rows, kernel.cols]).toEqual([0, 5]);
  }
});

test("a wide network is near its limit: for relu, Θ = κ₁ + q κ₀ in the angle (first and last layer)", async () => {
  const network = denseNetwork(engine, { inputs: 3, widths: [4096] });
  const { kernel } = await tangentKernel(network, network.initialize(2), x, z);
  const limit = filled(5, 4, (i, j) => {
    const [u, v] = [x.data.subarray(3 * i, 3 * i + 3), z.data.subarray(3 * j, 3 * j + 3)];
    const inner = (a: Float64Array, b: Float64Array): number =>
      a.reduce((sum, value, k) => sum + value * b[k]!, 0) / 3;
    const size = Math.sqrt(inner(u, u) * inner(v, v));
    const angle = Math.acos(inner(u, v) / size);
    const features = (size / (2 * Math.PI)) * (Math.sin(angle) + (Math.PI - angle) * Math.cos(angle));
    return features + (inner(u, v) * (Math.PI - angle)) / (2 * Math.PI);
  });
  // Entries are means over 4096 neurons of terms with deviations of about their own size: 5/√4096 of it.
  expectClose(kernel.data, limit.data, 5 / 64);
});

describe("bad calls are refused by name", () => {
  test("parts without structure, no structure at all, wrong columns", async () => {
    const network = denseNetwork(engine, { inputs: 3, widths: [4] });
    const theta = network.initialize(0);
    await expect(
      tangentKernel(network, theta, x, undefined, { parts: true, method: "jacobian" }),
    ).rejects.toThrow("parts come with the structured method");
    const { structuredTangentKernel: _, ...bare } = network;
    await expect(tangentKernel(bare, theta, x, undefined, { method: "structured" })).rejects.toThrow(
      "no structured form",
    );
    expectClose(
      (await tangentKernel(bare, theta, x)).kernel.data,
      (await tangentKernel(network, theta, x)).kernel.data,
      1e-13,
    );
    await expect(tangentKernel(network, theta, x, normals(2, 4))).rejects.toThrow("z has 4 columns");
    await expect(jacobian(network, theta.slice(2), x)).rejects.toThrow("14 numbers");
    await expect(tangentKernel(network, theta, x, z, { method: "fast" as "jacobian" })).rejects.toThrow(
      'method is "fast", expected "structured" or "jacobian" or "products"',
    );
    await expect(tangentKernel(network, theta, x, z, { outputs: "sum" as "trace" })).rejects.toThrow(
      'outputs is "sum", expected "trace"',
    );
  });

  test("an aborted signal stops every method", async () => {
    const network = denseNetwork(engine, { inputs: 3, widths: [4] });
    const signal = AbortSignal.abort(new Error("enough"));
    for (const method of ["structured", "jacobian", "products"] as const)
      await expect(tangentKernel(network, network.initialize(0), x, z, { method, signal })).rejects.toThrow(
        "enough",
      );
    await expect(jacobian(network, network.initialize(0), x, { signal })).rejects.toThrow("enough");
  });
});
