import { describe, expect, test } from "vitest";
import { type ColumnKind, inferKinds } from "../../src/tables/column-kinds.ts";
import { type Cell, type Table, columnOf } from "../../src/tables/table.ts";

const rows = 200;

/** A table of one column under test beside an ordinary one. */
function tableOf(cell: (row: number) => Cell, name = "column", n = rows): Table {
  const cells = Array.from({ length: n }, (_, i) => cell(i));
  return {
    rows: n,
    columns: [
      columnOf(name, cells),
      columnOf(
        "other",
        cells.map((_, i) => Math.sin(i)),
      ),
    ],
  };
}

function kindOf(cell: (row: number) => Cell, name?: string, n?: number): ColumnKind {
  return inferKinds(tableOf(cell, name, n))[0]!.kind;
}

describe("the kind of a column", () => {
  test.each<[string, ColumnKind, (row: number) => Cell]>([
    ["numbers are numbers", "number", (i) => Math.cos(i)],
    ["whole numbers of few values stay numbers", "number", (i) => i % 3],
    ["whole numbers that are all different stay numbers", "number", (i) => 7 * i + 100],
    ["counting down is not numbering rows", "number", (i) => rows - i],
    ["true and false are boolean", "boolean", (i) => i % 2 === 0],
    ["dates are dates", "date", (i) => new Date(i * 1e9)],
    ["ISO dates as text are dates", "date", (i) => `2020-01-${String((i % 28) + 1).padStart(2, "0")}`],
    ["text of few levels is a category", "category", (i) => ["red", "green", "blue"][i % 3]],
    ["ordered-looking levels are a category", "category", (i) => ["low", "mid", "high"][i % 3]],
    ["text of which all cells are numbers is a number", "number", (i) => String(i / 7)],
    ["zero-padded numbers in text are codes", "category", (i) => `0${10 + (i % 5)}`],
    ["short texts that are all different identify rows", "identifier", (i) => `K-${i}`],
    [
      "long texts that are mostly different are free text",
      "text",
      (i) => `the customer of row ${i} was rather pleased`,
    ],
    ["rows counted from 1 identify rows", "identifier", (i) => i + 1],
    ["one value everywhere is constant", "constant", () => "same"],
    ["no values at all is empty", "empty", () => null],
  ])("%s", (_, kind, cell) => expect(kindOf(cell)).toBe(kind));

  test("whole numbers, nearly all different, identify rows when the name says so", () => {
    for (const name of ["id", "ID", "customer_id", "customerId", "index"])
      expect(kindOf((i) => 17 * i + 3, name)).toBe("identifier");
    for (const name of ["width", "paid", "humid", "grid"])
      expect(kindOf((i) => 17 * i + 3, name)).toBe("number");
    expect(kindOf((i) => i % 50, "customer_id")).toBe("number");
    expect(kindOf((i) => i * 0.37, "id")).toBe("number");
  });

  test("a count of rows stays a number when it is named like a time, or nothing else is there", () => {
    expect(kindOf((i) => i, "day")).toBe("number");
    expect(
      inferKinds({
        rows: 50,
        columns: [
          columnOf(
            "x",
            Array.from({ length: 50 }, (_, i) => i),
          ),
        ],
      })[0],
    ).toMatchObject({ kind: "number", used: true });
  });

  test("one value and missing cells is not constant: being there may matter", () => {
    expect(kindOf((i) => (i % 2 ? "present" : null))).toBe("category");
    expect(kindOf((i) => (i % 2 ? 5 : null))).toBe("number");
  });

  test("10,000 levels are left out with a notice", () => {
    const [summary] = inferKinds(tableOf((i) => `level ${i % 10_000}`, "code", 30_000));
    expect(summary).toMatchObject({
      used: false,
      kind: "identifier",
      notice: 'column "code" looks like an identifier (10000 different texts in 30000 rows) and is left out',
    });
  });
});

describe("a column that mixes numbers and text", () => {
  test("is a number when at least 95 % of its cells are, and says what is taken for missing", () => {
    const [summary] = inferKinds(tableOf((i) => (i === 41 ? "unknown" : i % 90)));
    expect(summary).toMatchObject({
      kind: "number",
      notice:
        'column "column" is read as numbers; 1 cell that is not, such as "unknown" in row 42, counts as missing',
    });
  });

  test("is a category otherwise, and says so", () => {
    const [summary] = inferKinds(tableOf((i) => (i % 10 === 3 ? "?" : i % 5)));
    expect(summary?.kind).toBe("category");
    expect(summary?.notice).toMatch(/mixes numbers and text .*"\?" in row 4/u);
  });
});

describe("a kind set by the user", () => {
  const set = (kind: ColumnKind, cell: (row: number) => Cell) =>
    inferKinds(tableOf(cell), { kinds: { column: kind } })[0]!;

  test("is obeyed where cells allow it", () => {
    expect(set("category", (i) => i % 4)).toMatchObject({ kind: "category", used: true });
    expect(set("number", (i) => (i % 2 ? "?" : i))).toMatchObject({ kind: "number", used: true });
    expect(set("boolean", (i) => (i % 2 ? "yes" : "no"))).toMatchObject({ kind: "boolean" });
    expect(set("identifier", (i) => Math.sin(i))).toMatchObject({ used: false });
  });

  test("is refused where they do not, naming a cell", () => {
    expect(() => set("boolean", (i) => (i % 2 ? "yes" : "perhaps"))).toThrow(
      'cannot be read as boolean: "perhaps" in row 1',
    );
    expect(() => set("date", (i) => i)).toThrow("cannot be read as date: its cells are numbers");
    expect(() =>
      inferKinds(
        tableOf((i) => i),
        { kinds: { colum: "number" } },
      ),
    ).toThrow('no feature column "colum"; did you mean "column"?');
    expect(() => set("numeric" as ColumnKind, (i) => i)).toThrow('"numeric" is not a kind of column');
  });
});
