import { InputError } from "./errors.ts";
import { columnNamed, quote, rowNumber, sourceOf, type Table } from "./table.ts";

/** The number of the group of every row. @throws InputError where a row has none, or all rows are of one */
export function readGroups(table: Table, name: string): Int32Array {
  const column = columnNamed(table, name);
  const values = column.type === "text" ? column.codes : column.values;
  const seen = new Map<number, number>();
  const groups = Int32Array.from({ length: table.rows }, (_, i) => {
    const value = values[i]!;
    if (Number.isNaN(value) || (column.type === "text" && value < 0))
      throw new InputError(
        `${sourceOf(table)}: groups ${quote(name)}, row ${rowNumber(table, i)}: the cell is empty; every row needs a group`,
      );
    if (!seen.has(value)) seen.set(value, seen.size);
    return seen.get(value)!;
  });
  if (seen.size < 2)
    throw new InputError(
      `${sourceOf(table)}: groups ${quote(name)}: all rows are of one group; validation needs two`,
    );
  return groups;
}
