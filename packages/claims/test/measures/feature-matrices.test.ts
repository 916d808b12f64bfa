import { asMatrix, type Matrix, openEngine, random } from "lineament";
import { describe, expect, it } from "vitest";
import { gaussianMatrix, rowsOf } from "../../src/data/index.ts";
import { coordinateEnergy, cosine, matrixPower, pearson, trainRelu } from "../../src/measures/index.ts";
import { expectVector, vector } from "../vectors/vector.ts";

const engine = await openEngine({ engine: "plain" });

const doubles = (rows: readonly (readonly number[])[]): Matrix<Float64Array> =>
  asMatrix(rows) as Matrix<Float64Array>;

describe("likeness of feature matrices", () => {
  it("agrees with FL-V6", async () => {
    const one = vector<{ A: number[][]; B: number[][] }>("FL-V6");
    const [a, b] = [doubles(one.inputs.A), doubles(one.inputs.B)];
    const root = await matrixPower(engine, b, 1 / 2);
    expectVector(one, {
      pearson: pearson(a, b),
      cosine: cosine(a, b),
      sqrtB: rowsOf(root),
      pearson_A_sqrtB: pearson(a, root),
      cosine_A_sqrtB: cosine(a, root),
    });
  });

  it("has powers that undo each other, on what is not null", async () => {
    const w = gaussianMatrix(2, 5, random(1));
    const gram = await matrixPower(engine, await square(w), 1 / 3);
    const back = rowsOf(await matrixPower(engine, gram, 3)).flat();
    const { data } = await square(w);
    back.forEach((value, at) => expect(value).toBeCloseTo(data[at]!, 12));
  });

  it("measures the share of coordinates in the trace", () => {
    const m = doubles([
      [3, 9, 9],
      [9, 2, 9],
      [9, 9, 5],
    ]);
    expect(coordinateEnergy(m, [0, 1])).toBe(0.5);
    expect(coordinateEnergy(m, [0, 1, 2])).toBe(1);
  });
});

describe("a small ReLU network", () => {
  const x = gaussianMatrix(40, 6, random(2));
  const y = gaussianMatrix(40, 1, random(3));
  const options = { x, y, widths: [30, 20], scale: 0.5, steps: 30, batch: 8, seed: 4 };

  it("starts as large as it was asked to", async () => {
    const { network, states } = await trainRelu(engine, {
      ...options,
      widths: [300, 300],
      looks: [0],
      steps: 0,
    });
    const { parameters } = states[0]!;
    const rms = network.layers.map(({ inputs, outputs, weightsAt }) => {
      const weights = parameters.subarray(weightsAt, weightsAt + inputs * outputs);
      return Math.hypot(...weights) / Math.sqrt(weights.length);
    });
    // Root mean squares of 1800, 90,000 and 300 normal numbers.
    expect(rms[0]! / (0.5 / Math.sqrt(6))).toBeCloseTo(1, 1);
    expect(rms[1]! / (0.5 * Math.sqrt(2 / 300))).toBeCloseTo(1, 1);
    expect(Math.abs(rms[2]! / (0.5 * Math.sqrt(2 / 300)) - 1)).toBeLessThan(0.12);
  });

  it("is looked at when it was asked to be, and fits better in the end", async () => {
    const { network, states, parameters } = await trainRelu(engine, { ...options, looks: [0, 7, 30] });
    expect(states.map(({ step }) => step)).toEqual([0, 7, 30]);
    expect(states[2]!.parameters).toEqual(parameters);
    expect(states[1]!.parameters).not.toEqual(parameters);
    const loss = async (theta: Float64Array): Promise<number> => {
      const { data } = await network.value(theta, x);
      return data.reduce((sum, value, i) => sum + (value - y.data[i]!) ** 2, 0);
    };
    expect(await loss(parameters)).toBeLessThan(await loss(states[0]!.parameters));
  });
});

async function square(w: Matrix): Promise<Matrix<Float64Array>> {
  const c = doubles(Array.from({ length: w.cols }, () => Array<number>(w.cols).fill(0)));
  await engine.syrk({ a: w, c, transpose: true });
  return c;
}
