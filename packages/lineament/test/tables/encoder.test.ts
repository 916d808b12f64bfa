import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Encoder, encode, fitEncoder, parseEncoder, rawCoordinate } from "../../src/tables/encoder.ts";
import { InputError } from "../../src/tables/errors.ts";
import { type Cell, type Table, fromRecords, takeTableRows } from "../../src/tables/table.ts";
import { nastyPair, nastyTable } from "./nasty-tables.ts";

function table(columns: Readonly<Record<string, readonly Cell[]>>): Table {
  const length = Math.max(...Object.values(columns).map((cells) => cells.length));
  return fromRecords(
    Array.from({ length }, (_, i) =>
      Object.fromEntries(Object.entries(columns).map(([name, cells]) => [name, cells[i]])),
    ),
  );
}

/** Column j of x. */
function coordinate(encoder: Encoder, rows: Table, j: number): number[] {
  const { x } = encode(encoder, rows);
  return Array.from({ length: x.rows }, (_, i) => x.data[i * x.cols + j]!);
}

const parts = (encoder: Encoder) =>
  encoder.coordinates.map(({ column, part, level }) =>
    [column, part, ...(level === undefined ? [] : [level])].join(" "),
  );

describe("numbers", () => {
  test("lose their mean and are divided by √(mean of squares + 10⁻⁸)", () => {
    const values = [1, 2, 4, 9];
    const encoder = fitEncoder(table({ a: values }));
    const scale = Math.sqrt((9 + 4 + 0 + 25) / 4 + 1e-8);
    expect(coordinate(encoder, table({ a: values }), 0)).toEqual(values.map((v) => (v - 4) / scale));
  });

  test("are scaled alike in any unit", () => {
    const values = [1, 2, 4, 9];
    const [meters, parsecs] = [1, 3.24e-17].map((unit) =>
      coordinate(
        fitEncoder(table({ a: values.map((v) => v * unit) })),
        table({ a: values.map((v) => v * unit) }),
        0,
      ),
    );
    meters!.forEach((v, i) => expect(parsecs![i]).toBeCloseTo(v, 7));
  });

  test("that are missing get the mean and an indicator, itself standardized", () => {
    const data = table({ a: [1, null, 3, 5] });
    const encoder = fitEncoder(data);
    expect(parts(encoder)).toEqual(["a value", "a missing"]);
    expect(coordinate(encoder, data, 0)[1]).toBe(0);
    expect(coordinate(encoder, data, 1)).toEqual(
      [0, 1, 0, 0].map((v) => expect.closeTo((v - 0.25) / Math.sqrt(0.1875), 7)),
    );
  });

  test("that are missing only later get the mean and a note", () => {
    const { x, notes } = encode(fitEncoder(table({ a: [1, 2, 3] })), table({ a: [null, 2] }));
    expect([...x.data]).toEqual([0, 0]);
    expect(notes.imputed).toEqual([{ column: "a", count: 1 }]);
  });

  test("that are infinite are refused, naming column and row of the source", () => {
    const data = table({ a: [1, 2, Infinity, 4] });
    expect(() => fitEncoder(data)).toThrow(
      new InputError(
        'the table: column "a", row 3: the value is infinite; remove the row or leave the cell empty',
      ),
    );
    expect(() => fitEncoder(takeTableRows(data, [0, 2]))).toThrow('column "a", row 3');
    expect(() => encode(fitEncoder(table({ a: [1, 2] })), data)).toThrow('column "a", row 3');
  });

  test("far outside the training range are cut, with a note", () => {
    const { x, notes } = encode(fitEncoder(table({ a: [1, 2, 3] })), table({ a: [1e300, -1e300, 2] }));
    expect([...x.data]).toEqual([1e6, -1e6, 0]);
    expect(notes.clipped).toEqual([{ column: "a", count: 2 }]);
  });

  test("near the ends of float64 are standardized all the same", () => {
    for (const values of [
      [-1.7e308, 1.7e308],
      [0, 5e-324],
      [1e-310, 2e-310],
      [1e15, 1e15 + 1],
    ])
      for (const value of coordinate(fitEncoder(table({ a: values })), table({ a: values }), 0))
        expect(Math.abs(value)).toBeLessThanOrEqual(1.001);
  });

  test("can be read back raw", () => {
    const data = table({ a: [1, 10, 100, 5] });
    const encoder = fitEncoder(data);
    expect([...rawCoordinate(encoder, encode(encoder, data).x, 0)]).toEqual(
      [1, 10, 100, 5].map((v) => expect.closeTo(v, 12)),
    );
  });
});

describe("booleans and categories", () => {
  test("of two values are one coordinate ±1, and 0 when missing", () => {
    const data = table({ t: [true, false, null], c: ["b", "a", null] });
    const encoder = fitEncoder(data);
    expect(parts(encoder)).toEqual(["t sign true", "c sign b"]);
    expect(coordinate(encoder, data, 0)).toEqual([1, -1, 0]);
    expect(coordinate(encoder, data, 1)).toEqual([1, -1, 0]);
  });

  test("of more levels are 0 and 1, not rescaled; missing and unseen levels are all zeros, the latter counted", () => {
    const encoder = fitEncoder(table({ c: ["x", "y", "z", "x", "y", "z"] }));
    const { x, notes } = encode(encoder, table({ c: ["y", null, "new", "newer", "new"] }));
    expect([...x.data]).toEqual([0, 1, 0, ...Array<number>(12).fill(0)]);
    expect(notes.unknownLevels).toEqual([{ column: "c", count: 3, examples: ["new", "newer"] }]);
  });

  test("come after numbers", () => {
    expect(parts(fitEncoder(table({ c: ["x", "y", "z"], a: [1, 2, null] })))).toEqual([
      "a value",
      "a missing",
      "c level x",
      "c level y",
      "c level z",
    ]);
  });

  test("of more than 100 levels are a block with a row of its own for the unknown", () => {
    const cells = Array.from({ length: 400 }, (_, i) => `level ${i % 101}`);
    const encoder = fitEncoder(table({ c: cells, a: cells.map((_, i) => Math.sin(i)) }));
    expect(encoder.blocks.map(({ column, levels }) => [column, levels.length])).toEqual([["c", 101]]);
    expect(encoder.coordinates).toHaveLength(1);
    const { levels } = encode(encoder, table({ c: ["level 7", "new", null], a: [0, 0, 0] }));
    expect(encoder.blocks[0]!.levels[levels![0]!]).toBe("level 7");
    expect([...levels!].slice(1)).toEqual([101, 101]);
  });

  test("know only levels that occur in training rows", () => {
    const data = table({ c: ["x", "y", "z", "x", "y"], a: [1, 2, 3, 4, 5] });
    expect(
      fitEncoder(takeTableRows(data, [0, 1, 3, 4])).sources.find((s) => s.column === "c")?.levels,
    ).toEqual(["x", "y"]);
  });
});

describe("dates", () => {
  test("become calendar parts and age, as numbers", () => {
    const days = Array.from({ length: 800 }, (_, i) => new Date(Date.UTC(2020, 0, 1) + i * 86_400_000));
    const encoder = fitEncoder(table({ d: days }));
    expect(parts(encoder)).toEqual(
      ["age", "year", "month-sin", "month-cos", "day", "weekday-sin", "weekday-cos"].map(
        (part) => `d ${part}`,
      ),
    );
    const { x } = encode(encoder, table({ d: [new Date(Date.UTC(2021, 6, 31))] }));
    expect(rawCoordinate(encoder, x, 1)[0]).toBeCloseTo(2021, 9);
    expect(rawCoordinate(encoder, x, 4)[0]).toBeCloseTo(31, 9);
  });

  test("have hours when one of them has, and no year when all have the same", () => {
    const encoder = fitEncoder(
      table({
        d: ["2020-01-01T05:00", "2020-03-02T07:30", "2020-08-09T23:00"].map((d) => new Date(`${d}Z`)),
      }),
    );
    expect(parts(encoder)).toContain("d hour-sin");
    expect(parts(encoder)).not.toContain("d year");
  });
});

describe("columns at prediction", () => {
  const encoder = fitEncoder(table({ a: [1, 2, 3, 4], b: [4, 3, 2, 2], c: ["x", "y", "x", "y"] }));

  test("may come in another order", () => {
    expect(encode(encoder, table({ c: ["x"], b: [1], a: [2] })).x).toEqual(
      encode(encoder, table({ a: [2], b: [1], c: ["x"] })).x,
    );
  });

  test("that are new are ignored with a note", () => {
    expect(encode(encoder, table({ a: [2], b: [1], c: ["x"], d: [1] })).notes.addedColumns).toEqual(["d"]);
  });

  test("that are missing are named, all of them", () => {
    expect(() => encode(encoder, table({ b: [1] }))).toThrow(
      'the table lacks 2 columns that the model uses: "a", "c"',
    );
    expect(() => encode(encoder, table({ A: [1], b: [1], c: ["x"] }))).toThrow(
      'lacks a column that the model uses: "a"; did you mean "A"?',
    );
  });

  test("of numbers may arrive as text, if every cell is a number", () => {
    expect(encode(encoder, table({ a: ["2.0"], b: [1], c: ["x"] })).x).toEqual(
      encode(encoder, table({ a: [2], b: [1], c: ["x"] })).x,
    );
    expect(() => encode(encoder, table({ a: ["2", "two"], b: [1, 1], c: ["x", "x"] }))).toThrow(
      'column "a", row 2: "two" is not a number',
    );
  });

  test("of numbers may not arrive as dates", () => {
    expect(() => encode(encoder, table({ a: [new Date(0)], b: [1], c: ["x"] }))).toThrow(
      'column "a", row 1: a number was expected, not a date',
    );
  });

  test("of categories may arrive as numbers or truth values, and match by what they say", () => {
    const codes = fitEncoder(table({ c: ["01", "02", "TRUE", "x", "x"], a: [1, 2, 3, 4, 5] }));
    const levels = (cells: Cell[]) => {
      const { x } = encode(codes, table({ c: cells, a: cells.map(() => 0) }));
      return cells.map((_, i) => [...x.data.subarray(i * x.cols + 1, (i + 1) * x.cols)].indexOf(1));
    };
    expect(levels([1, 2])).toEqual(levels(["01", "02"]));
    expect(levels([true])).toEqual(levels(["TRUE"]));
    const numeric = fitEncoder(table({ c: [1, 2, 3], a: [1, 5, 2] }), { kinds: { c: "category" } });
    expect(encode(numeric, table({ c: ["2.0"], a: [0] })).x).toEqual(
      encode(numeric, table({ c: [2], a: [0] })).x,
    );
  });

  test("of numbers with odd cells in training may have odd cells again, counted", () => {
    const lenient = fitEncoder(
      table({ a: Array.from({ length: 60 }, (_, i) => (i === 7 ? "?" : String(i / 3))) }),
    );
    expect(encode(lenient, table({ a: ["1", "-", "?"] })).notes.unreadable).toEqual([
      { column: "a", count: 2, examples: ["-", "?"] },
    ]);
  });
});

describe("what is left out", () => {
  test("is said, with the reason", () => {
    const encoder = fitEncoder(
      table({ a: [1, 2, 3], one: [5, 5, 5], none: [null, null, null], b: [2, 3, 9] }),
      { exclude: ["b"] },
    );
    expect(encoder.columns.map(({ name, used, notice }) => [name, used, notice])).toEqual([
      ["a", true, undefined],
      ["one", false, 'column "one" is constant and is left out'],
      ["none", false, 'column "none" is empty and is left out'],
      ["b", false, undefined],
    ]);
    expect(encoder.columns.map((c) => c.reason)[3]).toBe("excluded by the user");
  });

  test("cannot be everything", () => {
    expect(() => fitEncoder(table({ one: [5, 5, 5] }))).toThrow(
      'no column to learn from: all are constant or left out: "one" (constant: is 5 in every row)',
    );
    expect(() => fitEncoder(table({ a: [1, 2] }), { features: [] })).toThrow("no column to learn from");
  });

  test("must exist", () => {
    expect(() => fitEncoder(table({ height: [1, 2] }), { exclude: ["heigth"] })).toThrow(
      'exclude: the table has no feature column "heigth"; did you mean "height"?',
    );
    expect(() => fitEncoder(table({ height: [1, 2] }), { features: ["width"] })).toThrow(
      "features: the table has no feature column",
    );
  });
});

describe("a stored encoder", () => {
  test("is refused when it is something else", () => {
    expect(() => parseEncoder({ version: 2 })).toThrow(InputError);
    const encoder = fitEncoder(table({ a: [1, 2], b: [2, 1] }));
    expect(() => parseEncoder({ ...encoder, coordinates: encoder.coordinates.slice(1) })).toThrow(
      "must belong to one column",
    );
  });
});

/** The result, or undefined when the input was refused; any other error is a failure. */
function orRefused<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).not.toMatch(/[\n\r]/u);
    return undefined;
  }
}

describe("any table at all", () => {
  test("is encoded to finite numbers, or refused in one line", () => {
    fc.assert(
      fc.property(nastyPair, ([train, other]) => {
        const encoder = orRefused(() => fitEncoder(train));
        if (!encoder) return;
        for (const rows of [train, other]) {
          const encoded = orRefused(() => encode(encoder, rows));
          if (!encoded) continue;
          expect(encoded.x.data.every(Number.isFinite)).toBe(true);
          expect(encoded.x).toMatchObject({ rows: rows.rows, cols: encoder.coordinates.length });
          encoded.levels?.forEach((level, k) =>
            expect(level).toBeLessThanOrEqual(encoder.blocks[k % encoder.blocks.length]!.levels.length),
          );
        }
        expect(orRefused(() => encode(encoder, train))).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });

  test("is encoded bit by bit the same after storing the encoder as JSON", () => {
    fc.assert(
      fc.property(nastyTable, (train) => {
        const encoder = orRefused(() => fitEncoder(train));
        if (!encoder) return;
        const stored = parseEncoder(JSON.parse(JSON.stringify(encoder)));
        const [before, after] = [encode(encoder, train), encode(stored, train)];
        expect(bytes(after.x.data)).toEqual(bytes(before.x.data));
        expect(after.levels).toEqual(before.levels);
      }),
      { numRuns: 300 },
    );
  });

  test("is not changed by fitting and encoding", () => {
    fc.assert(
      fc.property(nastyTable, (train) => {
        const before = structuredClone(train);
        orRefused(() => encode(fitEncoder(train), train));
        expect(train).toEqual(before);
      }),
      { numRuns: 100 },
    );
  });
});

function bytes(values: Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
