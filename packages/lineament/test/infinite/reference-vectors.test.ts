import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { infiniteKernel, infiniteVariances } from "../../src/infinite/index.ts";
import { fullyConnected, type Layer, layerNorm, serial } from "../../src/layers/index.ts";
import type { Engine, Matrix } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import {
  referenceActivation,
  referenceNetworks,
  type ReferenceParameters,
} from "../contracts/reference-networks.ts";
import vectors from "../vectors/infinite-width.json" with { type: "json" };

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

interface Chain {
  readonly id: string;
  readonly activation: string;
  readonly params?: ReferenceParameters;
  readonly hiddenLayers: number;
  readonly wVar: number;
  readonly bVar: number;
  readonly inputs: "x4" | readonly (readonly number[])[];
  readonly expected: Kernels;
  readonly tolerance: { readonly relToMax: number };
}

interface Kernels {
  readonly nngp: readonly (readonly number[])[];
  readonly ntk: readonly (readonly number[])[];
}

const chains = [...vectors.fcn, ...vectors.edgeCases] as unknown as readonly Chain[];
const x4 = vectors.inputs.x4;

function networkOf({ activation, params = {}, hiddenLayers, wVar, bVar }: Chain): Layer {
  const options = { weightStd: Math.sqrt(wVar), biasStd: Math.sqrt(bVar) };
  return fullyConnected(hiddenLayers, referenceActivation(activation, params), options);
}

/** max |got − expected| / max |expected|. */
function error(got: Matrix | undefined, expected: Kernels["ntk"]): number {
  const all = expected.flat();
  const largest = Math.max(...all.map(Math.abs));
  return Math.max(...all.map((value, at) => Math.abs(value - got!.data[at]!))) / largest;
}

/** x with itself, and as if it were two sets of rows. */
async function expectKernels(
  network: Layer,
  x: readonly (readonly number[])[],
  expected: Kernels,
  tolerance: number,
): Promise<void> {
  for (const z of [undefined, x]) {
    const { nngp, ntk, log2Scale } = await infiniteKernel(engine, network, x, z);
    expect(log2Scale).toBe(0);
    expect(error(nngp, expected.nngp)).toBeLessThanOrEqual(tolerance);
    expect(error(ntk, expected.ntk)).toBeLessThanOrEqual(tolerance);
  }
}

test("the reference holds 138 chains, 4 edge cases and 11 graphs", () => {
  expect([vectors.fcn.length, vectors.edgeCases.length, vectors.graphs.length]).toEqual([138, 4, 11]);
});

describe("kernels of fully connected networks are those of the reference", () => {
  test.for(chains)("$id", async (chain) => {
    const x = chain.inputs === "x4" ? x4 : chain.inputs;
    await expectKernels(networkOf(chain), x, chain.expected, chain.tolerance.relToMax);
  });
});

describe("so they are on the way that networks of any kind take", () => {
  // Two parallel copies of the output, each with half of the channels, are no chain for the engine.
  const twice = (network: Layer): Layer =>
    serial(
      { layer: "parallel", combine: "concatenation", branches: [network, network] },
      { layer: "dense", weightStd: 1, biasStd: 0, parameterization: "ntk", weightRate: 0, biasRate: 0 },
    );
  test.for(chains.filter(({ activation }) => ["relu", "erf", "abRelu", "identity"].includes(activation)))(
    "$id",
    async (chain) => {
      const x = chain.inputs === "x4" ? x4 : chain.inputs;
      await expectKernels(twice(networkOf(chain)), x, chain.expected, chain.tolerance.relToMax);
    },
  );
});

describe("kernels of graphs are those of the reference", () => {
  test.for(vectors.graphs)("$id", async ({ id, expected, tolerance }) => {
    await expectKernels(referenceNetworks[id]!, x4, expected, tolerance.relToMax);
  });
});

describe("the angle map of relu, from 1e-12 to 3, down to 1000 layers", () => {
  const { cases, tolerance } = vectors.reluAngleMap;
  for (const wrap of ["by the engine", "by the general way"] as const)
    test.for(cases)(`from θ₀ = $theta0, ${wrap}`, async ({ theta0, afterLayers }) => {
      const theta = Number(theta0);
      const x = [
        [1, 0],
        [Math.cos(theta), Math.sin(theta)],
      ];
      for (const [layers, expected] of Object.entries(afterLayers)) {
        const chain = fullyConnected(Number(layers), "relu", { weightStd: Math.SQRT2 });
        // K(x, x) is 1 here: normalizing leaves Θ as it is.
        const network = wrap === "by the engine" ? chain : serial(chain, layerNorm(0));
        const { nngp, ntk } = await infiniteKernel(engine, network, x);
        const over = ntk!.data[1]! / nngp!.data[0]!;
        expect(Math.abs(over / expected.ntkOverDiag - 1)).toBeLessThanOrEqual(tolerance.rel);
        // The kernel itself tells angles above 1e-4 only.
        if (expected.theta > 1e-3)
          expect(Math.acos(nngp!.data[1]! / nngp!.data[0]!) / expected.theta).toBeCloseTo(1, 9);
      }
    });
});

test("diagonals alone are those of the matrices", async () => {
  for (const network of [...Object.values(referenceNetworks), networkOf(chains[20]!)]) {
    const { nngp, ntk } = await infiniteKernel(engine, network, x4, undefined, { tile: 3 });
    const variances = await infiniteVariances(network, x4);
    x4.forEach((_, i) => {
      expect(nngp!.data[i * 5]).toBeCloseTo(variances.nngp[i]!, 14);
      expect(ntk!.data[i * 5]! / variances.ntk[i]!).toBeCloseTo(1, 14);
    });
  }
});
