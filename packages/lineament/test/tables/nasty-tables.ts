import * as fc from "fast-check";
import { type Column, type Table, textColumn } from "../../src/tables/table.ts";

/** Names people and programs give to columns. */
export const names = fc.oneof(
  fc.string({ minLength: 1, maxLength: 8 }),
  fc.string({ minLength: 1, maxLength: 8, unit: "binary" }),
  fc.constantFrom(
    "id",
    "ID",
    "__proto__",
    "constructor",
    "toString",
    "x",
    "X",
    "größe",
    "😀",
    'a"b',
    "a,b",
    "a;b",
    "line\nbreak",
    "select",
    " padded ",
    "0",
    "year",
  ),
);

const numbers = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -1e3, max: 1e3, noNaN: true }) },
  { weight: 3, arbitrary: fc.integer({ min: -3, max: 3 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      NaN,
      0,
      -0,
      1e308,
      -1.7e308,
      5e-324,
      1e-300,
      1e15,
      1e15 + 1,
      Infinity,
      -Infinity,
    ),
  },
);

const texts = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    "",
    "NA",
    "n/a",
    "null",
    "1",
    "1.0",
    "01",
    "1e3",
    "inf",
    "nan",
    "TRUE",
    "yes",
    "2020-02-30",
    "2020-02-29",
    "2020-01-01T10:00:00Z",
    "😀👍🏽",
    '"',
    "a\r\nb",
    "ü",
    "\u0000",
    "\ud800",
    " 3 ",
    "__proto__",
  ),
);

/** Cells of one column, all of one temper: ordinary, constant, missing, wild. */
function column(name: string, rows: number): fc.Arbitrary<Column> {
  const fill = <T>(cell: fc.Arbitrary<T>) =>
    fc.oneof(
      fc.array(cell, { minLength: rows, maxLength: rows }),
      cell.map((value) => Array.from({ length: rows }, () => value)),
      fc.tuple(cell, cell).map(([a, b]) => Array.from({ length: rows }, (_, i) => (i % 2 ? a : b))),
    );
  const values = (type: "number" | "boolean" | "date", cell: fc.Arbitrary<number>) =>
    fill(cell).map((cells): Column => ({ name, type, values: Float64Array.from(cells) }));
  return fc.oneof(
    { weight: 4, arbitrary: values("number", numbers) },
    { weight: 3, arbitrary: fill(fc.option(texts)).map((cells): Column => textColumn(name, cells)) },
    { weight: 1, arbitrary: values("boolean", fc.constantFrom(0, 1, NaN)) },
    {
      weight: 1,
      arbitrary: values(
        "date",
        fc.oneof(
          fc.integer({ min: -8.64e15, max: 8.64e15 }),
          fc.integer({ min: 0, max: 2e12 }),
          fc.constant(NaN),
        ),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.constant<Column>({ name, type: "number", values: new Float64Array(rows).fill(NaN) }),
    },
    {
      weight: 1,
      arbitrary: fc.constant<Column>(
        textColumn(
          name,
          Array.from({ length: rows }, (_, i) => `level ${i}`),
        ),
      ),
    },
  );
}

function withColumns(columnNames: readonly string[], rows: number): fc.Arbitrary<Table> {
  return fc.tuple(...columnNames.map((name) => column(name, rows))).map((columns) => ({ rows, columns }));
}

const shape = fc.record({
  columnNames: fc.uniqueArray(names, { minLength: 1, maxLength: 5 }),
  rows: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 60 })),
});

export const nastyTable = shape.chain(({ columnNames, rows }) => withColumns(columnNames, rows));

/** A table to fit on and another of the same column names, whose cells may be of other types. */
export const nastyPair = fc
  .tuple(shape, fc.integer({ min: 1, max: 20 }))
  .chain(([{ columnNames, rows }, other]) =>
    fc.tuple(withColumns(columnNames, rows), withColumns(columnNames, other)),
  );
