import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Layer } from "../../src/layers/index.ts";
import { asMatrix, type Engine, type Matrix } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import {
  denseNetwork,
  graphNetwork,
  type KernelEstimate,
  monteCarloKernel,
  type MonteCarloKernelOptions,
  type NetworkSample,
  tangentKernel,
} from "../../src/networks/index.ts";
import { expectClose, normals } from "../contracts/data.ts";
import { referenceNetworks } from "../contracts/reference-networks.ts";
import vectors from "../vectors/infinite-width.json" with { type: "json" };

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine.close());

const x = asMatrix(vectors.inputs.x4) as Matrix<Float64Array>;
const limit = (id: string): { readonly ntk: number[]; readonly nngp: number[] } => {
  const { expected } = vectors.graphs.find((graph) => graph.id === id)!;
  return { ntk: expected.ntk.flat(), nngp: expected.nngp.flat() };
};

async function estimates(
  make: (seed: number) => NetworkSample,
  points: Matrix,
  options: MonteCarloKernelOptions,
): Promise<readonly KernelEstimate[]> {
  const all: KernelEstimate[] = [];
  for await (const estimate of monteCarloKernel(make, points, undefined, options)) all.push(estimate);
  return all;
}

function samplerOf(layer: Layer, width: number, outputs = 1): (seed: number) => NetworkSample {
  const model = graphNetwork(engine, layer, { inputs: 3, width, outputs });
  return (seed) => ({ model, theta: model.initialize(seed) });
}

/** Largest distance from the limit in standard errors. */
function score({ mean, standardError }: KernelEstimate, expected: readonly number[]): number {
  return Math.max(...mean.data.map((value, at) => Math.abs(value - expected[at]!) / standardError.data[at]!));
}

describe("the average kernel of finite networks is that of infinitely wide ones", () => {
  // Finite width shifts the mean by O(1/width), which must stay below the standard error, O(1/√(width · samples)).
  test.for(Object.keys(referenceNetworks))("tangent kernel of %s", async (id) => {
    const [last] = (
      await estimates(samplerOf(referenceNetworks[id]!, 256), x, { get: "ntk", samples: 32 })
    ).slice(-1);
    expect(last!.samples).toBe(32);
    expect(score(last!, limit(id).ntk)).toBeLessThan(4);
    // Standard errors that see a difference: a few percent of the kernel.
    expect(Math.max(...last!.standardError.data)).toBeLessThan(0.1 * Math.max(...limit(id).ntk));
  });

  test.for(["residual", "correlatedBranches", "layerNormAfterRelu"])("also at width 512: %s", async (id) => {
    const [last] = (
      await estimates(samplerOf(referenceNetworks[id]!, 512), x, { get: "ntk", samples: 8 })
    ).slice(-1);
    expect(score(last!, limit(id).ntk)).toBeLessThan(4);
  });

  test.for(["residual", "fanInConcat", "layerNormAfterRelu"])(
    "covariance of the outputs of %s",
    async (id) => {
      const make = samplerOf(referenceNetworks[id]!, 256, 64);
      const [last] = (await estimates(make, x, { get: "nngp", samples: 32 })).slice(-1);
      expect(score(last!, limit(id).nngp)).toBeLessThan(4);
    },
  );

  test("and the standard deviation falls as width^(−1/2)", async () => {
    const widths = [16, 32, 64, 128];
    const deviations: number[] = [];
    for (const width of widths) {
      const [last] = (
        await estimates(samplerOf(referenceNetworks["residual"]!, width), x, { get: "ntk", samples: 128 })
      ).slice(-1);
      const { data } = last!.standardError;
      deviations.push(
        Math.log(Math.sqrt(data.reduce((sum, error) => sum + 128 * error ** 2, 0) / data.length)),
      );
    }
    const logarithms = widths.map(Math.log);
    const mean = (values: readonly number[]): number =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    const centered = logarithms.map((value) => value - mean(logarithms));
    const slope =
      mean(centered.map((value, k) => value * deviations[k]!)) / mean(centered.map((value) => value ** 2));
    expect(slope).toBeGreaterThan(-0.6);
    expect(slope).toBeLessThan(-0.4);
  });
});

describe("the estimate", () => {
  const make = (seed: number): NetworkSample => {
    const model = denseNetwork(engine, { inputs: 3, widths: [16], outputs: 2 });
    return { model, theta: model.initialize(seed) };
  };

  test("is the mean of single kernels, with its standard error", async () => {
    const [last] = (await estimates(make, x, { get: "ntk", samples: 5, seed: 10 })).slice(-1);
    const kernels: Float64Array[] = [];
    for (let seed = 10; seed < 15; seed++) {
      const { model, theta } = make(seed);
      kernels.push((await tangentKernel(model, theta, x)).kernel.data);
    }
    const mean = kernels[0]!.map((_, at) => kernels.reduce((sum, kernel) => sum + kernel[at]!, 0) / 5);
    const error = mean.map((value, at) =>
      Math.sqrt(kernels.reduce((sum, kernel) => sum + (kernel[at]! - value) ** 2, 0) / (4 * 5)),
    );
    expectClose(last!.mean.data, mean, 1e-14);
    expectClose(last!.standardError.data, error, 1e-14);
  });

  test("comes after 1, 2, 4, … networks and at the end", async () => {
    const all = await estimates(make, x, { get: "nngp", samples: 11 });
    expect(all.map(({ samples }) => samples)).toEqual([1, 2, 4, 8, 11]);
    expect(all.map(({ outcome }) => outcome)).toEqual([
      ...Array<string>(4).fill("going-on"),
      "out-of-samples",
    ]);
    expect(all[0]!.standardError.data).toEqual(new Float64Array(16).fill(Infinity));
    expect(all[0]!.mean.data).not.toEqual(all[1]!.mean.data);
  });

  test("stops when the standard errors are small enough", async () => {
    const all = await estimates(make, x, { get: "ntk", tolerance: 0.3, samples: 1000 });
    const last = all.at(-1)!;
    expect(last.outcome).toBe("converged");
    expect(last.samples).toBeLessThan(1000);
    expect(Math.max(...last.standardError.data)).toBeLessThanOrEqual(0.3);
    expect(Math.max(...all.at(-2)!.standardError.data)).toBeGreaterThan(0.3);
  });

  test.for(["ntk", "nngp"] as const)(
    "of %s between two sets of points is a part of the whole",
    async (get) => {
      const z = normals(2, 3, 1);
      const both: Matrix = asMatrix([
        ...vectors.inputs.x4,
        [...z.data.subarray(0, 3)],
        [...z.data.subarray(3)],
      ]);
      const [whole] = (await estimates(make, both, { get, samples: 4 })).slice(-1);
      for await (const { samples, mean } of monteCarloKernel(make, x, z, { get, samples: 4 }))
        if (samples === 4)
          for (let i = 0; i < 4; i++)
            expectClose(
              mean.data.subarray(2 * i, 2 * i + 2),
              whole!.mean.data.subarray(6 * i + 4, 6 * i + 6),
              1e-13,
            );
    },
  );

  test("may come from networks that are made asynchronously, and is aborted between them", async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      const slow = (seed: number): Promise<NetworkSample> => Promise.resolve(make(seed));
      const options = { get: "ntk", samples: 1000, signal: controller.signal } as const;
      for await (const { samples } of monteCarloKernel(slow, x, undefined, options)) {
        seen.push(samples);
        if (samples === 4) controller.abort(new Error("enough"));
      }
    };
    await expect(run()).rejects.toThrow("enough");
    expect(seen).toEqual([1, 2, 4]);
  });

  test("needs a number of samples and a tolerance", async () => {
    await expect(estimates(make, x, { get: "ntk", samples: 0 })).rejects.toThrow("samples is 0");
    await expect(estimates(make, x, { get: "ntk", samples: 2.5 })).rejects.toThrow(RangeError);
    await expect(estimates(make, x, { get: "nngpp" as "nngp" })).rejects.toThrow(
      'get is "nngpp", expected "ntk"',
    );
    await expect(estimates(make, x, { get: "ntk", seed: NaN })).rejects.toThrow("the seed is NaN");
    await expect(estimates(make, x, { get: "ntk", tolerance: -1 })).rejects.toThrow("tolerance is -1");
    await expect(estimates(make, normals(2, 4), { get: "ntk" })).rejects.toThrow(RangeError);
  });
});
