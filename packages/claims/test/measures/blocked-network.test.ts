import { asMatrix, jacobian, openEngine, random } from "lineament";
import { describe, expect, it } from "vitest";
import { spherePoints } from "../../src/data/index.ts";
import { blockedNetwork, blockwiseExpansion, hessianBlockNorm } from "../../src/measures/index.ts";
import { expectVector, vector } from "../vectors/vector.ts";

const engine = await openEngine({ engine: "plain" });

describe("a linear network with bottlenecks", () => {
  it("is cut into blocks of layers", () => {
    const { network, blocks } = blockedNetwork(engine, {
      inputs: 5,
      layout: [2, 1],
      width: 7,
      bottleneck: 3,
    });
    expect(network.layers.map(({ inputs }) => inputs)).toEqual([5, 7, 7, 3, 7]);
    const first = 5 * 7 + 7 * 7 + 7 * 3;
    expect(blocks).toEqual([
      { from: 0, to: first },
      { from: first, to: first + 3 * 7 + 7 },
    ]);
  });

  it("has the expansion of WN-V5 along its gradients", async () => {
    const one = vector<{ W: number[][][]; x: number[] }>("WN-V5");
    const blocked = blockedNetwork(engine, { inputs: 3, layout: [1, 1], width: 4, bottleneck: 2 });
    const theta = Float64Array.from(one.inputs.W.flat(2));
    const { coeffs } = one.expected as { coeffs: number[] };
    const own = await blockwiseExpansion(blocked, theta, asMatrix([one.inputs.x]));
    expectVector({ ...one, expected: coeffs }, own);
  });

  it("has the norms of the blocks of its Hessian", async () => {
    const blocked = blockedNetwork(engine, { inputs: 3, layout: [1, 1], width: 4, bottleneck: 2 });
    const { network, blocks } = blocked;
    const theta = network.initialize(1);
    const x = spherePoints(1, 3, random(2));
    // By differences of gradients, and the norms by many squarings.
    const h = 1e-5;
    const gradient = async (at: Float64Array): Promise<Float64Array> => (await jacobian(network, at, x)).data;
    const columns: Float64Array[] = [];
    for (let k = 0; k < theta.length; k++) {
      const up = await gradient(theta.with(k, theta[k]! + h));
      const down = await gradient(theta.with(k, theta[k]! - h));
      columns.push(up.map((value, l) => (value - down[l]!) / (2 * h)));
    }
    for (const [i, j] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const) {
      // prettier-ignore
      const [rows, cols] = [blocks[i]!, blocks[j]!];
      const block = columns.slice(cols.from, cols.to).map((column) => column.slice(rows.from, rows.to));
      let v = block.map((_, k) => Math.cos(1 + k));
      let norm = 0;
      for (let step = 0; step < 400; step++) {
        const image = block[0]!.map((_, r) => block.reduce((sum, column, k) => sum + column[r]! * v[k]!, 0));
        const back = block.map((column) => column.reduce((sum, value, r) => sum + value * image[r]!, 0));
        norm = Math.sqrt(Math.hypot(...back) / Math.hypot(...v));
        v = back.map((value) => value / Math.hypot(...back));
      }
      const own = await hessianBlockNorm(blocked, theta, x, rows, cols, { tolerance: 1e-8 });
      expect(Math.abs(own / norm - 1)).toBeLessThan(1e-6);
    }
  });
});
