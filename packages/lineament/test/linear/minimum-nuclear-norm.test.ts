import { describe, expect, test } from "vitest";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import {
  type MinimumNuclearNorm,
  minimumNuclearNorm,
  observedEntries,
  rankMeasures,
  singularValueThreshold,
} from "../../src/linear/index.ts";
import { expectClose, filled, normals, product } from "../contracts/data.ts";
import { expectWithin, type Rows, rowsOf, vector } from "./vectors.ts";

const engine = plainEngine();
const tight = { tolerance: 1e-10, gap: 1e-9 };

type Blanks = readonly (readonly (number | null)[])[];
const observed = (rows: Blanks) => observedEntries(rows.map((row) => row.map((value) => value ?? NaN)));

/** Weak duality by definition: the certificate is of norm ≤ 1, and its product with the result is the bound. */
async function expectCertified(result: MinimumNuclearNorm): Promise<void> {
  const { matrix, certificate, lowerBound, nuclearNorm, relativeGap } = result;
  const { spectralNorm } = await rankMeasures(engine, certificate);
  expect(spectralNorm).toBeLessThanOrEqual(1 + 1e-12);
  const inner = matrix.data.reduce((sum, x, at) => sum + x * certificate.data[at]!, 0);
  expect(lowerBound).toBeCloseTo(inner, 12);
  expect((await rankMeasures(engine, matrix)).nuclearNorm).toBeCloseTo(nuclearNorm, 12);
  expect(relativeGap).toBeGreaterThan(-1e-12);
  expect(relativeGap).toBeCloseTo((nuclearNorm - lowerBound) / nuclearNorm, 12);
}

describe("minimum nuclear norm completion", () => {
  for (const id of ["LN-V16", "LN-V17", "LN-V18"])
    test(`finds the minimum of ${id}, certified`, async () => {
      const { inputs, expected, tol } = vector<{ observed: Blanks }, { value: number; X?: Rows }>(id);
      const result = await minimumNuclearNorm(engine, observed(inputs.observed), tight);
      expect(result.outcome).toBe("converged");
      expectWithin(result.nuclearNorm, expected.value, tol);
      if (expected.X) expectWithin(rowsOf(result.matrix), expected.X, tol);
      await expectCertified(result);
      expect(result.relativeGap).toBeLessThan(1e-9);
    });

  test("keeps what is observed to the last bit, and its certificate is 0 elsewhere", async () => {
    const truth = product(normals(8, 2, 1), normals(2, 6, 2));
    const blanks = filled(8, 6, (i, j) => ((i * 5 + j * 3) % 7 < 2 ? NaN : truth.data[i * 6 + j]!));
    const result = await minimumNuclearNorm(engine, observedEntries(blanks));
    blanks.data.forEach((value, at) => {
      if (Number.isNaN(value)) expect(result.certificate.data[at]).toBe(0);
      else expect(result.matrix.data[at]).toBe(value);
    });
    await expectCertified(result);
    expect(result.relativeGap).toBeLessThan(1e-5);
    // Feasible as well: the truth cannot have a smaller nuclear norm.
    expect((await rankMeasures(engine, truth)).nuclearNorm).toBeGreaterThan(result.nuclearNorm * (1 - 1e-5));
  });

  test("recovers a matrix of low rank from most of its entries", async () => {
    const truth = product(normals(10, 1, 3), normals(1, 10, 4));
    const blanks = filled(10, 10, (i, j) => ((i + j) % 4 === 0 ? NaN : truth.data[i * 10 + j]!));
    const { matrix } = await minimumNuclearNorm(engine, observedEntries(blanks));
    expectClose(matrix.data, truth.data, 1e-5);
  });

  test("of a whole matrix is the matrix, and of zeros is zero", async () => {
    const a = normals(3, 4, 1);
    expect((await minimumNuclearNorm(engine, observedEntries(a))).matrix.data).toEqual(a.data);
    const zero = await minimumNuclearNorm(engine, observed([[0, null]]));
    expect(zero).toMatchObject({ nuclearNorm: 0, lowerBound: 0, relativeGap: 0, outcome: "converged" });
    expect(Array.from(zero.matrix.data)).toEqual([0, 0]);
  });

  test("says when iterations ran out, with an honest gap", async () => {
    const { inputs } = vector<{ observed: Blanks }, unknown>("LN-V18");
    const result = await minimumNuclearNorm(engine, observed(inputs.observed), { maxIterations: 3 });
    expect(result).toMatchObject({ outcome: "out-of-iterations", iterations: 3 });
    await expectCertified(result);
    expect(result.relativeGap).toBeGreaterThan(1e-3);
  });

  test("stops when aborted", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(minimumNuclearNorm(engine, observed([[1, null]]), { signal })).rejects.toThrow("enough");
  });
});

describe("minimum nuclear norm sensing", () => {
  const problem = vector<{ A: readonly Rows[]; b: number[] }, { value: number }>("LN-V32");
  const matrices = problem.inputs.A.map((a) => a.flat());

  test("finds the minimum of LN-V32, certified", async () => {
    const { inputs, expected, tol } = problem;
    const result = await minimumNuclearNorm(engine, { rows: 3, cols: 3, matrices, values: inputs.b }, tight);
    expectWithin(result.nuclearNorm, expected.value, tol);
    inputs.A.forEach((a, i) =>
      expect(a.flat().reduce((sum, x, at) => sum + x * result.matrix.data[at]!, 0)).toBeCloseTo(
        inputs.b[i]!,
        12,
      ),
    );
    await expectCertified(result);
  });

  test("does not mind measurements that repeat others, and refuses those that contradict them", async () => {
    const { b } = problem.inputs;
    const doubled = matrices[0]!.map((x, at) => 2 * x + matrices[1]![at]!);
    const values = [...b, 2 * b[0]! + b[1]!];
    const repeated = { rows: 3, cols: 3, matrices: [...matrices, doubled], values };
    const { nuclearNorm } = await minimumNuclearNorm(engine, repeated, tight);
    expectWithin(nuclearNorm, problem.expected.value, problem.tol);
    const contradiction = { ...repeated, values: [...b, 9] };
    await expect(minimumNuclearNorm(engine, contradiction)).rejects.toThrow(
      "no matrix has these measurements",
    );
  });

  test("of single entries is completion", async () => {
    const { inputs } = vector<{ observed: Blanks }, unknown>("LN-V18");
    const completion = observed(inputs.observed);
    const { rows, cols, row, column, values } = completion;
    const entries = Array.from(row, (i, k) =>
      Array.from({ length: rows * cols }, (_, at) => (at === i * cols + column[k]! ? 1 : 0)),
    );
    const [one, other] = [
      await minimumNuclearNorm(engine, completion, tight),
      await minimumNuclearNorm(engine, { rows, cols, matrices: entries, values }, tight),
    ];
    expectClose(one.matrix.data, other.matrix.data, 1e-7);
  });

  test("of the diagonal is the least sum of absolute values: LN-V21", async () => {
    const { inputs, expected } = vector<{ A: Rows; b: number[] }, { value: number; w: number[] }>("LN-V21");
    const diagonals = inputs.A.map((diagonal) =>
      diagonal.flatMap((value, i) => diagonal.map((_, j) => (i === j ? value : 0))),
    );
    const { nuclearNorm, matrix } = await minimumNuclearNorm(
      engine,
      { rows: 4, cols: 4, matrices: diagonals, values: inputs.b },
      { tolerance: 1e-12, gap: 1e-11 },
    );
    expect(nuclearNorm).toBeCloseTo(expected.value, 9);
    expectClose(
      expected.w.map((_, i) => matrix.data[5 * i]!),
      expected.w,
      1e-9,
    );
  });
});

describe("singular-value thresholding", () => {
  test("is that of LN-V19", async () => {
    const { inputs, expected, tol } = vector<{ Y: Rows; tau: number }, Rows>("LN-V19");
    expectWithin(rowsOf(await singularValueThreshold(engine, inputs.Y, inputs.tau)), expected, tol);
  });

  test("takes τ off every singular value and keeps none below", async () => {
    const y = normals(4, 3, 1);
    const { singularValues } = await rankMeasures(engine, y);
    const tau = singularValues[1]!;
    const { singularValues: after } = await rankMeasures(
      engine,
      await singularValueThreshold(engine, y, tau),
    );
    expectClose(after, [singularValues[0]! - tau, 0, 0], 1e-13);
    const nothing = await singularValueThreshold(engine, y, 100);
    expect(nothing.data.every((x) => x === 0)).toBe(true);
  });
});

describe("what makes no sense is refused:", () => {
  const some = observedEntries([[1, NaN]]);
  const refused: readonly (readonly [string, () => unknown, string])[] = [
    [
      "nothing observed",
      () => minimumNuclearNorm(engine, { rows: 1, cols: 1, row: [], column: [], values: [] }),
      "no entry is observed",
    ],
    [
      "an entry twice",
      () => minimumNuclearNorm(engine, { ...some, row: [0, 0], column: [0, 0], values: [1, 2] }),
      "is there twice",
    ],
    [
      "an infinite value",
      () => minimumNuclearNorm(engine, { ...some, values: [Infinity] }),
      "values[0] is Infinity",
    ],
    [
      "no measurements",
      () => minimumNuclearNorm(engine, { rows: 1, cols: 1, matrices: [], values: [] }),
      "matrices is 0 × 0",
    ],
    ["a tolerance of 0", () => minimumNuclearNorm(engine, some, { tolerance: 0 }), "tolerance is 0"],
    ["a gap of NaN", () => minimumNuclearNorm(engine, some, { gap: NaN }), "gap is NaN"],
    ["no iterations", () => minimumNuclearNorm(engine, some, { maxIterations: 0 }), "maxIterations is 0"],
    ["a threshold of 0", () => singularValueThreshold(engine, [[1]], 0), "tau is 0"],
    ["NaN to threshold", () => singularValueThreshold(engine, [[NaN]], 1), "y is NaN"],
  ];
  for (const [what, call, message] of refused)
    test(what, async () => {
      await expect((async () => call())()).rejects.toThrow(RangeError);
      await expect((async () => call())()).rejects.toThrow(message);
    });
});
