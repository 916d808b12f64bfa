import { openEngine, zeros } from "lineament";
import { afterAll, describe, expect, test } from "vitest";
import { alternatingLeastSquaresPath } from "../../../src/machines/completion/alternating-least-squares.ts";
import { biasPath, fitBiases, meanOnly } from "../../../src/machines/completion/biases.ts";
import { type Completion, completedEntries } from "../../../src/machines/completion/completion.ts";
import type { CompletionPath, PathPoint } from "../../../src/machines/completion/completion-path.ts";
import { deepFactorizationPath } from "../../../src/machines/completion/deep-factorization.ts";
import { factorDecomposition, factorSingularValues } from "../../../src/machines/completion/factors.ts";
import { type KnownEntries, knownEntries } from "../../../src/machines/completion/known-entries.ts";
import { softImputePath } from "../../../src/machines/completion/soft-impute.ts";
import { lowRank } from "./low-rank.ts";

const engine = await openEngine();
afterAll(() => engine.close());

const { known, hidden } = lowRank({ noise: 0.3 });
const entries = knownEntries("test", known);
/** Ridges so large that biases play no part. */
const noBiases = { rows: 1e9, columns: 1e9 };

async function walk(
  path: CompletionPath,
  to: (point: PathPoint) => boolean = () => false,
): Promise<PathPoint> {
  let last: PathPoint | undefined;
  for await (const point of path(entries, { engine, seed: 0 })) {
    last = point;
    if (to(point)) break;
  }
  return last!;
}

/** Value minus completion at the known entries. */
function residuals({ row, column, values }: KnownEntries, completion: Completion): Float64Array {
  return completedEntries(completion, row, column).map((value, k) => values[k]! - value);
}

test("biases are where the gradients of their squared errors and ridges vanish", () => {
  const ridges = { rows: 2, columns: 5 };
  const fitted = fitBiases(entries, ridges, meanOnly(entries));
  const rest = residuals(entries, fitted);
  const slope = (group: Int32Array, biases: Float64Array, ridge: number): number[] => {
    const sums = Array.from(biases, (bias) => -ridge * bias);
    rest.forEach((value, k) => (sums[group[k]!]! += value));
    return sums;
  };
  // The iteration ends when nothing moves by 1e-4 of the spread; a slope is that times a count.
  const largest = Math.max(...entries.values.map(Math.abs));
  for (const slopes of [
    slope(entries.row, fitted.rowBiases, 2),
    slope(entries.column, fitted.columnBiases, 5),
  ])
    expect(Math.max(...slopes.map(Math.abs))).toBeLessThan(30 * 1e-4 * largest);
});

test("each point of a bias path has its own ridges", async () => {
  const ridges = [10, 1].map((ridge) => ({ rows: ridge, columns: ridge }));
  const sizes: number[] = [];
  for await (const { completion } of biasPath(ridges)(entries, { engine, seed: 0 }))
    sizes.push(completion().rowBiases.reduce((sum, bias) => sum + Math.abs(bias), 0));
  expect(sizes[1]).toBeGreaterThan(1.1 * sizes[0]!);
});

test("soft-impute ends at each threshold where the optimality conditions of the nuclear norm hold", async () => {
  const path = softImputePath({ rank: 50, ridges: noBiases });
  const point = await walk(path, ({ penalty }) => penalty < 0.3);
  const completion = point.completion();
  // S = P(values − Z) is a subgradient of λ ‖Z‖_*: spectral norm λ, and Uᵀ S V = λ on what Z keeps.
  const rest = zeros(entries.rows, entries.cols);
  residuals(entries, completion).forEach(
    (value, k) => (rest.data[entries.row[k]! * entries.cols + entries.column[k]!] = value),
  );
  const { values } = await engine.singularValues(rest);
  const kept = point.singularValues.filter((value) => value > 1e-9).length;
  expect(kept).toBeGreaterThan(2);
  const first = values[0]!;
  for (let r = 0; r < kept; r++) expect(values[r]! / first).toBeGreaterThan(0.95);
});

test("alternating least squares leaves no slope in the factor that was solved last", async () => {
  const point = await walk(
    alternatingLeastSquaresPath({ rank: 4, ridges: noBiases }),
    ({ penalty }) => penalty < 0.2,
  );
  const { left, right, ...rest } = point.completion();
  const errors = residuals(entries, { left, right, ...rest });
  const slopes = zeros(entries.cols, 4);
  let pull = 0;
  errors.forEach((error, k) => {
    for (let r = 0; r < 4; r++) {
      const part = error * left.data[entries.row[k]! * 4 + r]!;
      slopes.data[entries.column[k]! * 4 + r]! += part;
      pull = Math.max(pull, Math.abs(part));
    }
  });
  // Σ error · l = λ r for every row r of the right factor; λ from the largest entry.
  const at = right.data.reduce(
    (most, entry, k) => (Math.abs(entry) > Math.abs(right.data[most]!) ? k : most),
    0,
  );
  const lambda = slopes.data[at]! / right.data[at]!;
  expect(lambda).toBeGreaterThan(0);
  slopes.data.forEach((slope, k) =>
    expect(Math.abs(slope - lambda * right.data[k]!)).toBeLessThan(1e-9 * pull * 60),
  );
});

describe("deep factorization", () => {
  const full = lowRank({ rows: 14, cols: 10, share: 1.1, noise: 0.2 }).known;
  const all = knownEntries("test", full);

  test("of two layers thresholds the singular values of a matrix without gaps", async () => {
    const matrix = zeros(14, 10);
    const mean = all.values.reduce((sum, value) => sum + value, 0) / all.values.length;
    matrix.data.set(all.values.map((value) => value - mean));
    const { values } = await engine.singularValues(matrix);
    const penalty = 0.3;
    const path = deepFactorizationPath({ depth: 2, rank: 10, ridges: noBiases });
    let point: PathPoint | undefined;
    for await (const next of path(all, { engine, seed: 0 })) {
      if (next.penalty < penalty) break;
      point = next;
    }
    // Counts are equal, so that weights are 1: σ ← max(σ − λ, 0), λ the penalty's part of the largest.
    const lambda = point!.penalty * values[0]!;
    point!.singularValues.forEach((value, r) =>
      expect(Math.abs(value - Math.max(0, values[r]! - lambda))).toBeLessThan(0.02 * values[0]!),
    );
  });

  test("undoes steps that raise the objective, so that the error falls from stage to stage", async () => {
    const errors: number[] = [];
    for await (const { step, completion } of deepFactorizationPath({
      depth: 2,
      rank: 8,
      ridges: { rows: 3, columns: 3 },
    })(entries, { engine, seed: 0 })) {
      if (step % 30 === 0) errors.push(Math.hypot(...residuals(entries, completion())));
      if (step > 400) break;
    }
    expect(errors.length).toBeGreaterThan(8);
    errors.slice(1).forEach((error, k) => expect(error).toBeLessThan(1.02 * errors[k]!));
  });

  test("goes on from a completion where it was", async () => {
    const options = { depth: 3, rank: 8, ridges: { rows: 3, columns: 3 } };
    const point = await walk(deepFactorizationPath(options), ({ step }) => step >= 300);
    const before = point.completion();
    const resumed = await walk(
      deepFactorizationPath(options, { completion: before, penalty: 0 }),
      ({ step }) => step >= 10,
    );
    const error = (completion: Completion): number => Math.hypot(...residuals(entries, completion));
    expect(error(resumed.completion())).toBeLessThan(1.001 * error(before));
  });

  test("keeps the rank low where there is little noise, the better the deeper", async () => {
    const quiet = lowRank({ rows: 100, cols: 100, rank: 2, share: 0.12, seed: 3 });
    const few = knownEntries("test", quiet.known);
    const best = async (depth: number): Promise<number> => {
      let least = Infinity;
      for await (const { completion } of deepFactorizationPath({
        depth,
        rank: 20,
        ridges: { rows: 1, columns: 1 },
      })(few, {
        engine,
        seed: 0,
      })) {
        const values = completedEntries(completion(), quiet.hidden.row, quiet.hidden.column);
        least = Math.min(least, Math.hypot(...values.map((value, k) => value - quiet.hidden.values[k]!)));
      }
      return least / Math.hypot(...quiet.hidden.values);
    };
    const [two, four] = [await best(2), await best(4)];
    expect(four).toBeLessThan(0.02);
    expect(four).toBeLessThan(two / 2);
  });
});

test("unknown rows and columns are completed from what is known of the other side", () => {
  const completion = fitBiases(entries, { rows: 3, columns: 3 }, meanOnly(entries));
  const { mean, rowBiases, columnBiases } = completion;
  expect([...completedEntries(completion, [2, -1, -1], [-1, 3, -1])]).toEqual([
    mean + rowBiases[2]!,
    mean + columnBiases[3]!,
    mean,
  ]);
});

test("factors are decomposed without forming their product", async () => {
  const left = { data: Float64Array.from({ length: 12 }, (_, k) => Math.sin(k + 1)), rows: 6, cols: 2 };
  const right = { data: Float64Array.from({ length: 10 }, (_, k) => Math.cos(3 * k)), rows: 5, cols: 2 };
  const product = zeros(6, 5);
  await engine.gemm({ a: left, b: right, c: product, transposeB: true });
  const { values } = await engine.singularValues(product);
  const { u, values: parts, v } = await factorDecomposition(engine, left, right);
  const again = zeros(6, 5);
  await engine.gemm({
    a: { ...u, data: u.data.map((entry, at) => entry * parts[at % u.cols]!) },
    b: v,
    c: again,
    transposeB: true,
  });
  again.data.forEach((entry, at) => expect(entry).toBeCloseTo(product.data[at]!, 12));
  (await factorSingularValues(engine, left, right)).forEach((value, r) =>
    expect(value).toBeCloseTo(values[r]!, 7),
  );
});

test("hidden entries are told apart from known ones", () => {
  expect(known.values.length + hidden.values.length).toBe(60 * 50);
});
