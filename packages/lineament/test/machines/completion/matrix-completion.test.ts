import { MatrixCompletion, openCompletion, openEngine, random, saveCompletion } from "lineament";
import { afterAll, describe, expect, test } from "vitest";
import { lowRank } from "./low-rank.ts";

const engine = await openEngine();
afterAll(() => engine.close());

const quiet = lowRank({ rank: 2, share: 0.25, noise: 0.02 });
const noisy = lowRank({ rank: 3, share: 0.4, noise: 1 });

const fit = (observed: typeof quiet.known, options: Parameters<typeof MatrixCompletion.fit>[1] = {}) =>
  MatrixCompletion.fit(observed, { engine, ...options });

const completed = await fit(quiet.known);

describe("MatrixCompletion", () => {
  test("recovers a matrix of low rank from a quarter of its entries", () => {
    const { rmse } = completed.score(quiet.hidden);
    expect(rmse).toBeLessThan(0.1);
    expect(completed.state.summary.rank).toBeLessThanOrEqual(4);
  });

  test("chooses the depth that is best on held-out entries, and says what it compared", () => {
    const { candidates, method } = completed.state.summary;
    expect(
      candidates.map(({ method: of }) => ("depth" in of ? of.depth : 0)).sort((a = 0, b = 0) => a - b),
    ).toEqual([2, 3, 4]);
    expect(method).toEqual(candidates[0]!.method);
    expect(Math.min(...candidates.map(({ rmse }) => rmse))).toBe(candidates[0]!.rmse);
  });

  test("averages the moment to stop over divisions, so that it depends less on which entries are held out", async () => {
    const method = { kind: "deep-factorization", depth: 2 } as const;
    const spread = async (divisions: number): Promise<number> => {
      const steps = [];
      for (const seed of [0, 1, 2, 3])
        steps.push((await fit(noisy.known, { method, divisions, seed })).state.summary.steps);
      return Math.max(...steps) - Math.min(...steps);
    };
    expect(await spread(5)).toBeLessThan(await spread(1));
    const { search, steps } = (await fit(noisy.known, { method, divisions: 5 })).state.summary;
    const least = Math.min(...search.map(({ validation }) => validation!));
    expect(search.find(({ validation }) => validation === least)!.step).toBe(steps);
  });

  test("beats soft-impute, which beats biases, which beat the mean", async () => {
    const errors: number[] = [];
    for (const kind of ["deep-factorization", "soft-impute", "biases", "mean"] as const)
      errors.push((await fit(noisy.known, { method: { kind } })).score(noisy.hidden).rmse);
    expect(errors).toEqual([...errors].sort((a, b) => a - b));
    expect(errors[0]).toBeLessThan(0.8 * errors[1]!);
  });

  test("finds nothing in pure noise", async () => {
    const { known } = lowRank({ rank: 1, share: 0.3 });
    const noise = { ...known, values: known.values.map((_, k) => Math.sin(7919 * (k + 1) ** 2)) };
    const completed = await fit(noise);
    const spread = Math.sqrt(noise.values.reduce((sum, value) => sum + value ** 2, 0) / noise.values.length);
    const everywhere = completed.predict(quiet.hidden.row, quiet.hidden.column);
    expect(
      Math.sqrt(everywhere.reduce((sum, value) => sum + value ** 2, 0) / everywhere.length),
    ).toBeLessThan(0.5 * spread);
  });

  test("is the same for the same seed and leaves its input alone", async () => {
    const before = structuredClone(quiet.known);
    expect((await fit(quiet.known)).state).toEqual(completed.state);
    expect(quiet.known).toEqual(before);
  });

  test("keeps predictions within what it has seen, unless told otherwise", async () => {
    const small = quiet.known.values.map((_, k) => k).filter((k) => Math.abs(quiet.known.values[k]!) < 1.5);
    const { row, column } = quiet.hidden;
    const largest = (completed: MatrixCompletion): number =>
      Math.max(...completed.predict(row, column).map(Math.abs));
    const observed = { ...quiet.known, ...entriesAt(quiet.known, small) };
    expect(largest(await fit(observed))).toBeLessThanOrEqual(1.5);
    expect(largest(await fit(observed, { clip: false }))).toBeGreaterThan(2);
  });

  test("predicts rows and columns without entries by the other side", async () => {
    const grown = { ...quiet.known, rows: quiet.known.rows + 1, cols: quiet.known.cols + 1 };
    const { state, predict } = bound(await fit(grown, { clip: false }));
    const { mean, rowBiases, columnBiases } = state.completion;
    const [newRow, newColumn] = [grown.rows - 1, grown.cols - 1];
    const [a, b, c, d] = predict([newRow, 4, newRow, -1], [7, newColumn, newColumn, 7]);
    expect(a).toBeCloseTo(mean + columnBiases[7]!, 3);
    expect(b).toBeCloseTo(mean + rowBiases[4]!, 3);
    expect(c).toBeCloseTo(mean, 3);
    expect(d).toBe(mean + columnBiases[7]!);
  });

  test("names the best entries of a row that were not known, best first", () => {
    const { columns, values } = completed.top(5, 8);
    expect([...values]).toEqual([...values].sort((a, b) => b - a));
    const taken = quiet.known.column.filter((_, k) => quiet.known.row[k] === 5);
    expect([...columns].filter((j) => taken.includes(j))).toEqual([]);
    expect([
      ...completed.predict(
        range(8).map(() => 5),
        columns,
      ),
    ]).toEqual([...values]);
    expect(completed.top(5, 1000).columns.length).toBe(quiet.known.cols - taken.length);
  });

  test("restarts from where it is when entries have been added", async () => {
    const most = range(quiet.known.values.length).filter((k) => (7 * k) % 100 < 90);
    const early = { ...quiet.known, ...entriesAt(quiet.known, most) };
    const first = await fit(early);
    const later = await first.restart(quiet.known, { engine });
    expect(later.score(quiet.hidden).rmse).toBeLessThan(first.score(quiet.hidden).rmse);
    expect(later.state.known.row.length).toBe(quiet.known.values.length);
    expect(later.state.summary.trace.length).toBeLessThan(first.state.summary.trace.length);
  });

  test("restarts with biases alone where nothing else was found", async () => {
    const { row, column } = quiet.known;
    const generator = random(4);
    const values = row.map((i, k) => 3 * Math.sin(i) + 2 * Math.cos(column[k]!) + generator.normal());
    const additive = { ...quiet.known, values };
    const fitted = await fit(additive);
    expect(fitted.state.summary.rank).toBe(0);
    const again = await fitted.restart(additive, { engine });
    expect(again.score(additive).rmse).toBeCloseTo(fitted.score(additive).rmse, 3);
  });

  test("is the same after saving and opening", async () => {
    const completed = await fit(quiet.known, { method: { kind: "soft-impute", rank: 5 } });
    const { completion, parts } = openCompletion(saveCompletion(completed, { note: "kept" }));
    expect(completion.state).toEqual(completed.state);
    expect(parts).toEqual({ note: "kept" });
  });

  test("reports progress up to the end, and stops when asked", async () => {
    const fractions: number[] = [];
    await fit(quiet.known, { onProgress: (fraction) => fractions.push(fraction) });
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBeCloseTo(1, 9);
    const controller = new AbortController();
    await expect(
      fit(quiet.known, {
        signal: controller.signal,
        onProgress: () => controller.abort(new Error("enough")),
      }),
    ).rejects.toThrow("enough");
  });

  test("returns the best so far when that is enough, by one walk at least", async () => {
    for (const stage of ["trying", "judging", "fitting"]) {
      const controller = new AbortController();
      const cut = await fit(quiet.known, {
        enough: controller.signal,
        onProgress: (fraction, doing) => fraction > 0.1 && doing.startsWith(stage) && controller.abort(),
      });
      const { candidates, cutShort, steps, trace } = cut.state.summary;
      expect(cutShort).toBe(true);
      expect(candidates.length).toBeGreaterThan(stage === "trying" ? 0 : 2);
      expect(trace.map(({ step }) => step)).toContain(steps);
      expect(cut.score(quiet.hidden).rmse).toBeLessThan(stage === "trying" ? 1 : 0.3);
      expect(openCompletion(saveCompletion(cut)).completion.state).toEqual(cut.state);
    }
    const first = await fit(noisy.known, { enough: AbortSignal.abort() });
    expect(first.state.summary.candidates).toHaveLength(1);
  });

  test.each([
    ["too few entries", { rows: 2, cols: 2, row: [0, 1], column: [0, 1], values: [1, 2] }, {}, "at least 10"],
    [
      "one row",
      { rows: 3, cols: 20, row: range(12).map(() => 1), column: range(12), values: range(12) },
      {},
      "in one row",
    ],
    [
      "one column",
      { rows: 20, cols: 3, row: range(12), column: range(12).map(() => 0), values: range(12) },
      {},
      "in one column",
    ],
    [
      "equal entries",
      { ...quiet.known, values: quiet.known.values.map(() => 4) },
      {},
      "all known entries are 4",
    ],
    [
      "a rank above the matrix",
      quiet.known,
      { method: { kind: "deep-factorization", rank: 51 } },
      "at most 50",
    ],
    [
      "a negative depth",
      quiet.known,
      { method: { kind: "deep-factorization", depth: -1 } },
      "options of the completion",
    ],
    [
      "a depth of one",
      quiet.known,
      { method: { kind: "deep-factorization", depth: 1 } },
      "options of the completion",
    ],
    ["an unknown option", quiet.known, { layers: 3 }, "options of the completion"],
    ["all entries for validation", quiet.known, { validation: 1 }, "options of the completion"],
  ])("refuses %s", async (_, observed, options, message) => {
    await expect(fit(observed, options as never)).rejects.toThrow(RangeError);
    await expect(fit(observed, options as never)).rejects.toThrow(message);
  });

  test("refuses pairs and rows out of range", async () => {
    const completed = await fit(quiet.known, { method: { kind: "biases" } });
    expect(() => completed.predict([60], [0])).toThrow("row 60 of pair 0, expected −1 … 59");
    expect(() => completed.predict([0, 1], [0])).toThrow("expected pairs");
    expect(() => completed.top(60, 3)).toThrow("row 60");
    expect(() => completed.top(0, 0)).toThrow("count is 0");
    await expect(completed.restart(quiet.known)).rejects.toThrow("made for deep factorizations");
  });
});

function bound(completed: MatrixCompletion) {
  return {
    state: completed.state,
    predict: (row: number[], column: number[]) =>
      [...completed.predict(row, column)] as [number, number, number, number],
  };
}

function entriesAt({ row, column, values }: typeof quiet.known, chosen: readonly number[]) {
  return {
    row: chosen.map((k) => row[k]!),
    column: chosen.map((k) => column[k]!),
    values: chosen.map((k) => values[k]!),
  };
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, k) => k);
}
