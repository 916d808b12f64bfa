import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CensusTaker, censusOf } from "../../src/tables/column-census.ts";
import { DistinctValues } from "../../src/tables/distinct-values.ts";
import { fitEncoder } from "../../src/tables/encoder.ts";
import { joinMoments, meanAndScale, momentsOf } from "../../src/tables/moments.ts";
import { type Cell, fromRecords, takeTableRows } from "../../src/tables/table.ts";

const cell = (i: number): Record<string, Cell> => ({
  number: i % 7 === 3 ? null : Math.sin(i) * 100,
  count: i,
  text: ["north", "south", null, "west"][(i * i) % 4],
  lenient: i === 41 ? "unknown" : String(i % 30),
  flag: i % 3 === 0,
  date: new Date(Date.UTC(2020, i % 12, 1 + (i % 28), i % 24)),
});

test("the census of parts is that of the whole", () => {
  const table = fromRecords(Array.from({ length: 300 }, (_, i) => cell(i)));
  const whole = censusOf(table);
  const taker = new CensusTaker();
  for (const [start, end] of [
    [0, 1],
    [1, 120],
    [120, 120],
    [120, 300],
  ] as const)
    taker.add(
      takeTableRows(
        table,
        Array.from({ length: end - start }, (_, i) => start + i),
      ),
    );
  const joined = taker.census();
  const exact = ({ columns, ...rest }: typeof whole) => ({
    ...rest,
    columns: columns.map((column) => (column.type === "text" ? column : { ...column, moments: undefined })),
  });
  expect(exact(joined)).toEqual(exact(whole));
  // The same columns fill the same coordinates, with means and scales up to rounding.
  const [a, b] = [fitEncoder(table, { census: whole }), fitEncoder(table, { census: joined })];
  const shape = ({ coordinates, ...rest }: typeof a) => ({
    ...rest,
    coordinates: coordinates.map(({ column, part, level }) => ({ column, part, level })),
  });
  expect(shape(b)).toEqual(shape(a));
  a.coordinates.forEach(({ mean, scale }, j) => {
    expect(b.coordinates[j]!.mean).toBeCloseTo(mean, 10);
    expect(b.coordinates[j]!.scale / scale).toBeCloseTo(1, 10);
  });
});

describe("moments", () => {
  test("join to those of all numbers, of any size", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1 }),
        fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1 }),
        fc.constantFrom(1, 1e-200, 1e200),
        (first, second, unit) => {
          const [a, b] = [first, second].map((part) => part.map((v) => v * unit)) as [number[], number[]];
          const joined = meanAndScale(joinMoments(momentsOf(a), momentsOf(b)));
          const whole = meanAndScale(momentsOf([...a, ...b]));
          expect(joined === undefined).toBe(whole === undefined);
          if (!joined || !whole) return;
          // Rounding of a few hundred numbers of the largest size.
          const rounding = 1e-11 * Math.max(...[...a, ...b].map(Math.abs)) + 4 * Number.MIN_VALUE;
          expect(Math.abs(joined.mean - whole.mean)).toBeLessThanOrEqual(rounding);
          expect(Math.abs(joined.scale - whole.scale)).toBeLessThanOrEqual(rounding);
        },
      ),
    );
  });

  test("count values as often as they occur", () => {
    const repeated = momentsOf([1, 5, NaN], [3, 1, 7]);
    const { count, mean, squares } = momentsOf([1, 1, 1, 5]);
    expect(repeated).toMatchObject({ count, mean, squares });
  });
});

describe("distinct values", () => {
  test("are counted exactly up to the limit", () => {
    const values = new DistinctValues<number>(10);
    for (let i = 0; i < 100; i++) values.add(i % 10);
    expect({ size: values.size, complete: values.complete, of3: values.counts.get(3) }).toEqual({
      size: 10,
      complete: true,
      of3: 10,
    });
  });

  for (const [what, value] of [
    ["numbers", (i: number) => i / 3],
    ["whole numbers", (i: number) => i],
    ["texts", (i: number) => `user ${i}`],
  ] as const)
    test(`beyond the limit ${what} are estimated within 5 %, three standard deviations of 4,096 hashes`, () => {
      const values = new DistinctValues<number | string>(100);
      for (let pass = 0; pass < 2; pass++) for (let i = 0; i < 50_000; i++) values.add(value(i));
      expect(values.complete).toBe(false);
      expect(values.size / 50_000).toBeGreaterThan(0.95);
      expect(values.size / 50_000).toBeLessThan(1.05);
    });

  test("just beyond the limit are still counted nearly exactly", () => {
    const values = new DistinctValues<number>(100);
    for (let i = 0; i < 1000; i++) values.add(i);
    expect(values.size).toBe(1000);
  });
});
