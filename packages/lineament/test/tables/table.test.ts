import { describe, expect, test } from "vitest";
import { nearestName } from "../../src/layers/index.ts";
import { InputError } from "../../src/tables/errors.ts";
import {
  type Cell,
  checkTable,
  columnNamed,
  fromRecords,
  rowNumber,
  takeTableRows,
} from "../../src/tables/table.ts";

describe("a table of plain objects", () => {
  test("has typed columns, in order of first appearance", () => {
    const table = fromRecords([
      { a: 1, b: "x", c: true },
      { a: 2n, b: "y", d: new Date(0) },
    ]);
    expect(table.columns.map((c) => [c.name, c.type])).toEqual([
      ["a", "number"],
      ["b", "text"],
      ["c", "boolean"],
      ["d", "date"],
    ]);
  });

  test("takes null, undefined, NaN and the texts NA, N/A, NaN, null for missing", () => {
    const cells: Cell[] = [null, undefined, NaN, "NA", " n/a ", "NaN", "null", ""];
    expect(fromRecords(cells.map((a) => ({ a }))).columns[0]).toMatchObject({
      type: "number",
      values: new Float64Array(8).fill(NaN),
    });
    expect(fromRecords([{ a: "x" }, { a: "NA" }, { a: "None" }]).columns[0]).toMatchObject({
      levels: ["x", "None"],
      codes: Int32Array.of(0, -1, 1),
    });
  });

  test("reads a column of mixed cells as text", () => {
    expect(fromRecords([{ a: 1 }, { a: "x" }]).columns[0]).toMatchObject({
      type: "text",
      levels: ["1", "x"],
    });
  });

  test("refuses lists and objects in cells, naming column and row", () => {
    const records = [{ a: 1 }, { a: [2] as unknown as Cell }];
    expect(() => fromRecords(records)).toThrow(
      'column "a", row 2: a cell must be a number, text, boolean or date, not an array',
    );
  });

  test("may have a column named __proto__", () => {
    const record = JSON.parse('{"__proto__": 1, "constructor": 2}') as Record<string, Cell>;
    expect(fromRecords([record]).columns.map((c) => c.name)).toEqual(["__proto__", "constructor"]);
  });
});

describe("a wrong name", () => {
  const table = fromRecords([{ Sale_Price: 1, Lot_Area: 2 }], "ames.csv");

  test("is answered with the nearest one", () => {
    expect(() => columnNamed(table, "saleprice")).toThrow(
      new InputError('ames.csv has no column "saleprice"; did you mean "Sale_Price"?'),
    );
    expect(nearestName("Lot_Aera", ["Sale_Price", "Lot_Area"])).toBe("Lot_Area");
  });

  test("is answered with all of them when none is near", () => {
    expect(() => columnNamed(table, "zzzzzz")).toThrow('its columns are "Sale_Price", "Lot_Area"');
  });
});

test("taken rows remember their number in the source", () => {
  const table = fromRecords([{ a: 1 }, { a: 2 }, { a: 3 }, { a: 4 }]);
  const twice = takeTableRows(takeTableRows(table, [3, 1]), [1]);
  expect(twice.columns[0]).toMatchObject({ values: Float64Array.of(2) });
  expect(rowNumber(twice, 0)).toBe(2);
});

test("repeated and empty names, and columns of different length, are refused", () => {
  const a = { name: "a", type: "number", values: new Float64Array(1) } as const;
  expect(() => checkTable({ rows: 1, columns: [a, a] })).toThrow('two columns are named "a"');
  expect(() => checkTable({ rows: 1, columns: [{ ...a, name: " " }] })).toThrow("column 1 has no name");
  expect(() => checkTable({ rows: 2, columns: [a] })).toThrow('column "a" has 1 rows, the table 2');
});
