import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError } from "../../src/tables/errors.ts";
import { type Cell, columnOf } from "../../src/tables/table.ts";
import { type Task, readTarget, targetSpecSchema, targetValues } from "../../src/tables/target.ts";
import { nastyTable } from "./nasty-tables.ts";

const tableOf = (cells: readonly Cell[]) => ({ rows: cells.length, columns: [columnOf("y", cells)] });
const read = (cells: readonly Cell[], task: "auto" | Task = "auto") =>
  readTarget(tableOf(cells), "y", { task });
const many = (n: number, cell: (i: number) => Cell) => Array.from({ length: n }, (_, i) => cell(i));

describe("the task", () => {
  test.each<[string, Task, readonly Cell[]]>([
    ["numbers with fractions are regression", "regression", many(50, (i) => i / 3)],
    ["many whole numbers are regression", "regression", many(50, (i) => i)],
    ["21 whole numbers are regression", "regression", many(210, (i) => i % 21)],
    ["a few whole numbers that repeat are classes", "classification", many(50, (i) => i % 10)],
    ["a few whole numbers that do not repeat are regression", "regression", many(12, (i) => i)],
    ["two numbers are classes", "classification", [0, 1, 1, 0]],
    ["text is classes", "classification", ["a", "b", "a", "b"]],
    ["true and false are classes", "classification", [true, false, true, false]],
    ["text that spells numbers is numbers", "regression", many(50, (i) => String(i / 3))],
  ])("%s", (_, task, cells) => expect(read(cells).spec.task).toBe(task));

  test("can be asked for", () => {
    expect(read([1, 2, 1, 2], "regression").spec.task).toBe("regression");
    expect([...read([1.5, 2.5, 1.5, 2.5], "classification").codes!]).toEqual([0, 1, 0, 1]);
  });
});

test("classes are sorted by value, or as text", () => {
  expect(read(many(40, (i) => (i % 4) * 5)).spec).toMatchObject({ classes: ["0", "5", "10", "15"] });
  expect(read(["b", "a", "b", "a"]).spec).toMatchObject({ classes: ["a", "b"] });
  expect(read([true, false, true, false]).spec).toMatchObject({ classes: ["false", "true"] });
});

test("rows without a target are dropped and counted", () => {
  const target = read([1.5, null, 3, NaN, 4]);
  expect([...target.rows]).toEqual([0, 2, 4]);
  expect([...target.values]).toEqual([1.5, 3, 4]);
  expect(target.missing).toBe(2);
});

describe("a target that cannot be learned is refused", () => {
  test.each<[string, readonly Cell[], "auto" | Task, string]>([
    ["when it is constant", [3, 3, 3], "auto", "is the same in every row"],
    ["when it is missing everywhere", [null, null], "auto", "has no values"],
    ["when one row has it", [1, null], "auto", "one row only"],
    [
      "when it is text and regression was asked",
      ["1", "2", "x"],
      "regression",
      'row 3: "x" is not a number, and regression needs numbers',
    ],
    ["when it is infinite", [1.5, -Infinity, 2], "auto", "row 2: the value is infinite"],
    ["when a class has one row", ["a", "a", "b", "b", "c"], "auto", 'class "c" has fewer than two rows'],
    [
      "when nearly every row is a class of its own",
      many(50, (i) => `k${i}`),
      "auto",
      "50 classes in 50 rows; is it an identifier?",
    ],
    ["when it is a date", [new Date(0), new Date(1)], "auto", "holds dates"],
  ])("%s", (_, cells, task, message) => {
    expect(() => read(cells, task)).toThrow(InputError);
    expect(() => read(cells, task)).toThrow(message);
  });

  test("when there is no such column, with the nearest name", () => {
    expect(() => readTarget({ rows: 1, columns: [columnOf("Price", [1])] }, "prise")).toThrow(
      'did you mean "Price"?',
    );
  });
});

describe("the target of other rows", () => {
  test("is read with the classes of training; new ones are counted", () => {
    const { spec } = read(["a", "b", "a", "b"]);
    expect(targetValues(spec, tableOf(["b", "z", null, "a"]))).toMatchObject({
      rows: Int32Array.of(0, 3),
      codes: Int32Array.of(1, 0),
      missing: 1,
      unknownClasses: [{ label: "z", count: 1 }],
    });
  });

  test("may spell a class otherwise", () => {
    const numbers = read([0, 1, 1, 0]).spec;
    expect([...targetValues(numbers, tableOf(["1.0", "0"])).codes!]).toEqual([1, 0]);
    expect([...targetValues(numbers, tableOf([1])).codes!]).toEqual([1]);
    const text = read(["TRUE", "maybe", "TRUE", "maybe"]).spec;
    expect([...targetValues(text, tableOf([true])).codes!]).toEqual([0]);
  });
});

test("any column is a target of finite numbers, or refused in one line", () => {
  fc.assert(
    fc.property(nastyTable, fc.constantFrom("auto", "regression", "classification"), (table, task) => {
      for (const { name } of table.columns)
        try {
          const target = readTarget(table, name, { task });
          expect(target.values.every(Number.isFinite)).toBe(true);
          expect(target.values).toHaveLength(target.rows.length);
          const { rows, values } = targetValues(
            targetSpecSchema.parse(JSON.parse(JSON.stringify(target.spec))),
            table,
          );
          expect({ rows, values }).toEqual({ rows: target.rows, values: target.values });
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
          expect(error.message).not.toMatch(/[\n\r]/u);
        }
    }),
    { numRuns: 300 },
  );
});
