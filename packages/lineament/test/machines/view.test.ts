import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Matrix, Points } from "../../src/linalg/index.ts";
import { applyView, fitView, pullBack, type View, VIEW_KINDS } from "../../src/machines/index.ts";
import { expectClose, filled, largestDifference, normals, points, withLevels } from "../contracts/data.ts";

const n = 60;
const none = { y: filled(n, 0, () => 0), groups: [], blockSizes: [] } as const;
/** Columns: normal, skewed, indicator, constant, few values. */
const x = filled(n, 5, (i, k) => {
  const z = normals(n, 2, 1).data[i * 2 + (k === 1 ? 1 : 0)]!;
  return [z, 100 * Math.exp(2 * z), i % 3 === 0 ? 1 : 0, 7, i % 4][k]!;
});
const column = ({ data, cols, rows }: Matrix, k: number): number[] =>
  Array.from({ length: rows }, (_, i) => data[i * cols + k]!);
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: number[]): number =>
  Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));
const sourcesOf = (view: View): (number | undefined)[] =>
  view.coordinates.map((one) => ("source" in one ? one.source : undefined));

describe.each(VIEW_KINDS)("%s", (kind) => {
  const view = fitView(kind, false, { x: points(x), ...none });
  const seen = applyView(view, points(x)).coordinates;

  test("leaves constant columns out and indicators as they are", () => {
    expect(sourcesOf(view)).not.toContain(3);
    expect(column(seen, sourcesOf(view).indexOf(2))).toEqual(column(x, 2));
  });

  test("keeps the order of values, also of rows it was not fitted on", () => {
    const other = filled(200, 5, (i, k) => [-6 + 0.06 * i, 10 * i, i % 2, 7, 0.03 * i][k]!);
    const shown = applyView(view, points(other)).coordinates;
    view.coordinates.forEach((coordinate, at) => {
      if (!("source" in coordinate) || coordinate.source === 2) return;
      const values = column(shown, at);
      for (let i = 1; i < values.length; i++) expect(values[i]!).toBeGreaterThanOrEqual(values[i - 1]!);
    });
  });

  test("pulls gradients back as central differences have it", () => {
    const at = filled(20, 5, (i, k) => [0.13 * i - 1.2, 1 + 17.3 * i, i % 2, 7, 0.14 * i + 0.05][k]!);
    const weights = view.coordinates.map((_, k) => 1 + 0.3 * k);
    const gradients = filled(20, view.coordinates.length, (_, k) => weights[k]!);
    const pulled = pullBack(view, points(at), gradients);
    const value = (moved: Matrix): number[] => {
      const { data, cols } = applyView(view, points(moved)).coordinates;
      return Array.from({ length: 20 }, (_, i) =>
        weights.reduce((sum, w, k) => sum + w * data[i * cols + k]!, 0),
      );
    };
    for (let k = 0; k < 5; k++) {
      const h = 1e-6;
      const moved = (step: number): Matrix =>
        filled(20, 5, (i, j) => at.data[i * 5 + j]! + (j === k ? step : 0));
      const [up, down] = [value(moved(h)), value(moved(-h))];
      expectClose(
        column(pulled, k),
        up.map((f, i) => (f - down[i]!) / (2 * h)),
        1e-6,
      );
    }
  });

  test("survives JSON unchanged", () => {
    const copy = JSON.parse(JSON.stringify(view)) as View;
    expect(applyView(copy, points(x)).coordinates.data).toEqual(seen.data);
  });

  test("shows a row the same way alone and among others", () => {
    const alone = applyView(view, points({ data: x.data.slice(15, 20), rows: 1, cols: 5 })).coordinates;
    expect(alone.data).toEqual(seen.data.slice(3 * seen.cols, 4 * seen.cols));
  });

  test("is finite for any finite columns", () => {
    const cell = fc.oneof(
      fc.constantFrom(0, 1, -1, 7),
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      fc.double({ min: -1e-160, max: 1e-160, noNaN: true }),
    );
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 12 })
          .chain((rows) => fc.array(cell, { minLength: 3 * rows, maxLength: 3 * rows })),
        (cells) => {
          const rows = cells.length / 3;
          const data = points({ data: Float64Array.from(cells), rows, cols: 3 });
          const fitted = fitView(kind, false, {
            x: data,
            y: filled(rows, 0, () => 0),
            groups: [],
            blockSizes: [],
          });
          expect(applyView(fitted, data).coordinates.data.every(Number.isFinite)).toBe(true);
        },
      ),
    );
  });
});

test("standardized columns have mean 0 and deviation 1; both of a pair share a variance of 1", () => {
  for (const kind of ["standardized", "normal-scores"] as const) {
    const view = fitView(kind, false, { x: points(x), ...none });
    const seen = applyView(view, points(x)).coordinates;
    for (const source of [0, 1, 4]) {
      const values = column(seen, sourcesOf(view).indexOf(source));
      expect(mean(values)).toBeCloseTo(0, 10);
      expect(deviation(values)).toBeCloseTo(1, 10);
    }
  }
  const both = fitView("both", false, { x: points(x), ...none });
  const seen = applyView(both, points(x)).coordinates;
  expect(sourcesOf(both).filter((source) => source === 1)).toHaveLength(2);
  for (const [at, source] of sourcesOf(both).entries())
    if (source === 1) expect(deviation(column(seen, at))).toBeCloseTo(Math.SQRT1_2, 10);
});

test("normal scores do not see monotone changes of a column", () => {
  const logs = filled(n, 5, (i, k) => (k === 1 ? Math.log(x.data[i * 5 + k]!) : x.data[i * 5 + k]!));
  const shown = [x, logs].map(
    (data) =>
      applyView(fitView("normal-scores", false, { x: points(data), ...none }), points(data)).coordinates.data,
  );
  expect(largestDifference(shown[0]!, shown[1]!)).toBeLessThan(1e-12);
});

test("normal scores of many values keep at most 257 knots and stay close to the exact ranks", () => {
  const rows = 3000;
  const data = points(normals(rows, 1, 3));
  const view = fitView("normal-scores", false, {
    x: data,
    y: filled(rows, 0, () => 0),
    groups: [],
    blockSizes: [],
  });
  const [coordinate] = view.coordinates;
  expect(coordinate).toMatchObject({ kind: "normal-scores" });
  if (coordinate?.kind === "normal-scores") expect(coordinate.knots.length).toBeLessThanOrEqual(257);
  // Of a normal sample the scores are nearly the values themselves.
  const values = applyView(view, data).coordinates.data;
  expect(mean(Array.from(values, (value, i) => (value - data.coordinates.data[i]!) ** 2))).toBeLessThan(0.01);
});

test("soft clipping keeps the middle and bounds what is far by 3", () => {
  const view = fitView("soft-clipped", false, { x: points(x), ...none });
  const far = applyView(view, points(filled(2, 5, (i) => (i === 0 ? 1e12 : -1e12)))).coordinates;
  for (const [at, source] of sourcesOf(view).entries())
    if (source !== 2) expectClose(column(far, at), [3, -3], 1e-6);
});

test("a common scale keeps the proportions of raw units", () => {
  const raw = filled(n, 3, (i, k) => (k + 1) * normals(n, 3, 5).data[i * 3 + k]!);
  const scales = [0, 1, 2].map((k) => deviation(column(raw, k)));
  const standardized = filled(n, 3, (i, k) => raw.data[i * 3 + k]! / scales[k]!);
  const view = fitView("common-scale", false, { x: points(standardized), ...none, rawScale: scales });
  const seen = applyView(view, points(standardized)).coordinates;
  const shown = [0, 1, 2].map((k) => deviation(column(seen, k)));
  expect(shown[1]! / shown[0]!).toBeCloseTo(scales[1]! / scales[0]!, 10);
  expect(mean(shown.map((one) => one ** 2))).toBeCloseTo(1, 10);
});

test("two values that are no indicator are standardized: a unit must not weigh a column", () => {
  const data = filled(n, 1, (i) => (i % 3 === 0 ? 1000 : 3000));
  const seen = applyView(
    fitView("normal-scores", false, { x: points(data), ...none }),
    points(data),
  ).coordinates;
  expect(deviation(column(seen, 0))).toBeCloseTo(1, 10);
  const signs = filled(n, 1, (i) => (i % 2 === 0 ? 1 : -1));
  expect(
    applyView(fitView("standardized", false, { x: points(signs), ...none }), points(signs)).coordinates.data,
  ).toEqual(signs.data);
});

describe("target means", () => {
  const levels = Array.from({ length: n }, (_, i) => i % 3);
  const y = filled(n, 1, (i) => levels[i]! + 0.01 * normals(n, 1, 6).data[i]!);
  const oneHot = points(
    filled(n, 4, (i, k) => (k === 3 ? normals(n, 1, 7).data[i]! : levels[i] === k ? 1 : 0)),
  );
  const inBlocks: Points = withLevels(
    filled(n, 1, (i) => oneHot.coordinates.data[i * 4 + 3]!),
    levels,
  );
  const groups = [{ start: 0, end: 3 }];
  const byGroup = fitView("standardized", true, { x: oneHot, y, groups, blockSizes: [] });
  const byBlock = fitView("standardized", true, { x: inBlocks, y, groups: [], blockSizes: [3] });

  test("rise with the mean target of the level, the same from one-hots and from levels", () => {
    const fromGroup = applyView(byGroup, oneHot).coordinates;
    const fromBlock = applyView(byBlock, inBlocks, 1).coordinates;
    const values = column(fromGroup, fromGroup.cols - 1);
    expect(values).toEqual(column(fromBlock, fromBlock.cols - 1));
    expect(values[0]!).toBeLessThan(values[1]!);
    expect(values[1]!).toBeLessThan(values[2]!);
    expect(deviation(values)).toBeCloseTo(1, 10);
  });

  test("are 0, the overall mean, for an unknown level", () => {
    const unknown = applyView(
      byBlock,
      withLevels(
        filled(1, 1, () => 0),
        [3],
      ),
      1,
    ).coordinates;
    expect(unknown.data.at(-1)).toBe(0);
    expect(applyView(byGroup, points(filled(1, 4, () => 0))).coordinates.data.at(-1)).toBe(0);
  });

  test("are shrunk toward the overall mean where rows are few", () => {
    const few = fitView("standardized", true, {
      x: points(filled(12, 2, (i, k) => ((i === 0 ? 0 : 1) === k ? 1 : 0))),
      y: filled(12, 1, (i) => (i === 0 ? 12 : 0)),
      groups: [{ start: 0, end: 2 }],
      blockSizes: [],
    });
    const [coordinate] = few.coordinates.filter(({ kind }) => kind === "target-mean");
    // Means 12 and 0 around the overall 1: (12 − 1)/(1 + 5) and −11/(11 + 5).
    if (coordinate?.kind !== "target-mean") throw new Error("expected a target mean");
    expect(coordinate.values[0]! / coordinate.values[1]!).toBeCloseTo(11 / 6 / (-11 / 16), 12);
  });

  test("are left out when no level differs", () => {
    const flat = fitView("standardized", true, {
      x: oneHot,
      y: filled(n, 1, () => 1),
      groups,
      blockSizes: [],
    });
    expect(flat.coordinates.some(({ kind }) => kind === "target-mean")).toBe(false);
  });

  test("pull gradients back to their one-hots, and survive JSON", () => {
    const pulled = pullBack(
      byGroup,
      oneHot,
      filled(n, byGroup.coordinates.length, (_, k) => (k === byGroup.coordinates.length - 1 ? 1 : 0)),
    );
    const coordinate = byGroup.coordinates.at(-1)!;
    if (coordinate.kind !== "target-mean") throw new Error("expected a target mean");
    expect([...pulled.data.subarray(0, 4)]).toEqual([...coordinate.values, 0]);
    for (const [view, rows, blocks] of [
      [byGroup, oneHot, 0],
      [byBlock, inBlocks, 1],
    ] as const)
      expect(applyView(JSON.parse(JSON.stringify(view)) as View, rows, blocks)).toEqual(
        applyView(view, rows, blocks),
      );
  });
});
