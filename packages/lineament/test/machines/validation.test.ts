import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { random } from "../../src/linalg/index.ts";
import { crossValidationFolds, holdout, type Split, subsample } from "../../src/machines/index.ts";

const ascending = (rows: Int32Array): boolean => rows.every((row, at) => at === 0 || row > rows[at - 1]!);
const all = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const together = ({ train, validation }: Split): number[] => [...train, ...validation].sort((a, b) => a - b);
const count = (rows: Int32Array, labels: ArrayLike<number>, label: number): number =>
  rows.filter((i) => labels[i] === label).length;

const labelsOf = (n: number): Int32Array =>
  Int32Array.from({ length: n }, (_, i) => (i % 10 === 0 ? 2 : i % 3 === 0 ? 1 : 0));
const groupsOf = (n: number): Int32Array =>
  Int32Array.from({ length: n }, (_, i) => Math.floor(Math.sqrt(i)));

describe("folds", () => {
  test("divide all rows: each row is validated once and never beside itself", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 200 }),
        fc.integer({ min: 2, max: 8 }),
        fc.constantFrom("plain", "labels", "groups"),
        (n, folds, kind) => {
          const options =
            kind === "labels" ? { labels: labelsOf(n) } : kind === "groups" ? { groups: groupsOf(n) } : {};
          const splits = crossValidationFolds(n, folds, random(1), options);
          for (const split of splits) {
            expect(together(split)).toEqual(all(n));
            expect(ascending(split.train) && ascending(split.validation)).toBe(true);
            expect(split.train.length).toBeGreaterThan(0);
            expect(split.validation.length).toBeGreaterThan(0);
          }
          if (splits.length > 0)
            expect(splits.flatMap(({ validation }) => [...validation]).sort((a, b) => a - b)).toEqual(all(n));
        },
      ),
    );
  });

  test("have sizes that differ by at most one row", () => {
    const sizes = crossValidationFolds(103, 5, random(0)).map(({ validation }) => validation.length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });

  test("get every class in proportion, within one row", () => {
    const labels = labelsOf(203);
    const splits = crossValidationFolds(203, 5, random(0), { labels });
    for (const label of [0, 1, 2]) {
      const counts = splits.map(({ validation }) => count(validation, labels, label));
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
  });

  test("never divide a group", () => {
    const groups = groupsOf(150);
    for (const { train, validation } of crossValidationFolds(150, 4, random(0), {
      groups,
      labels: labelsOf(150),
    })) {
      const seen = new Set(Array.from(train, (i) => groups[i]));
      expect(validation.some((i) => seen.has(groups[i]))).toBe(false);
    }
  });

  test("are fewer when there are fewer rows or groups", () => {
    expect(crossValidationFolds(3, 5, random(0))).toHaveLength(3);
    expect(crossValidationFolds(10, 5, random(0), { groups: all(10).map((i) => i % 2) })).toHaveLength(2);
    expect(crossValidationFolds(10, 5, random(0), { groups: new Int32Array(10) })).toHaveLength(0);
  });

  test("follow the seed", () => {
    expect(crossValidationFolds(50, 5, random(3))).toEqual(crossValidationFolds(50, 5, random(3)));
    expect(crossValidationFolds(50, 5, random(3))).not.toEqual(crossValidationFolds(50, 5, random(4)));
  });
});

describe("a holdout", () => {
  test("divides all rows, with about the fraction and at most the cap as validation", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 500 }),
        fc.double({ min: 0.05, max: 0.9, noNaN: true }),
        fc.integer({ min: 1, max: 100 }),
        (n, fraction, cap) => {
          const split = holdout(n, fraction, cap, random(0), { labels: labelsOf(n) });
          expect(together(split)).toEqual(all(n));
          const wanted = Math.max(1, Math.min(cap, Math.round(n * fraction)));
          expect(split.validation.length).toBeLessThanOrEqual(Math.max(1, cap));
          expect(split.validation.length).toBe(Math.min(wanted, n - 1));
        },
      ),
    );
  });

  test("is stratified", () => {
    const labels = labelsOf(300);
    const { validation } = holdout(300, 0.2, 1000, random(0), { labels });
    for (const label of [0, 1, 2])
      expect(
        Math.abs(count(validation, labels, label) - 0.2 * labels.filter((l) => l === label).length),
      ).toBeLessThanOrEqual(1);
  });

  test("keeps groups whole, and needs two", () => {
    const groups = groupsOf(200);
    const { train, validation } = holdout(200, 0.2, 1000, random(0), { groups });
    const seen = new Set(Array.from(train, (i) => groups[i]));
    expect(validation.some((i) => seen.has(groups[i]))).toBe(false);
    expect(validation.length).toBeGreaterThan(15);
    expect(validation.length).toBeLessThan(80);
    expect(() => holdout(10, 0.2, 10, random(0), { groups: new Int32Array(10) })).toThrow("two groups");
  });

  test("of one row is refused", () => expect(() => holdout(1, 0.2, 10, random(0))).toThrow(RangeError));
});

describe("a subsample", () => {
  const rows = Int32Array.from(all(300), (i) => 2 * i);

  test("takes different ones of the given rows, ascending, by the seed", () => {
    const chosen = subsample(rows, 100, random(0));
    expect(chosen).toHaveLength(100);
    expect(ascending(chosen)).toBe(true);
    expect(chosen.every((row) => row % 2 === 0 && row < 600)).toBe(true);
    expect(subsample(rows, 100, random(0))).toEqual(chosen);
    expect(subsample(rows, 100, random(1))).not.toEqual(chosen);
  });

  test("has each class in proportion", () => {
    const labels = labelsOf(600);
    const chosen = subsample(rows, 100, random(0), labels);
    for (const label of [0, 1, 2])
      expect(Math.abs(count(chosen, labels, label) - count(rows, labels, label) / 3)).toBeLessThanOrEqual(1);
  });

  test("of more than there is, is all", () => expect(subsample(rows, 1000, random(0))).toEqual(rows));
});
