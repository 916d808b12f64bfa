import { InputError } from "./errors.ts";
import { columnNamed, quote, rowNumber, sourceOf, type Table } from "./table.ts";

/**
 * Rows of a column that holds `train` and `test`.
 * @throws InputError for other cells, and when one of the two has no rows
 */
export function trainTestRows(table: Table, name: string): { train: Int32Array; test: Int32Array } {
  const column = columnNamed(table, name);
  const where = `${sourceOf(table)}: split column ${quote(name)}`;
  if (column.type !== "text")
    throw new InputError(`${where} holds ${column.type}s; it must hold train and test`);
  const parts = column.levels.map((level) => ["train", "test"].indexOf(level.trim().toLowerCase()));
  const [train, test]: [number[], number[]] = [[], []];
  column.codes.forEach((code, i) => {
    const part = code < 0 ? -1 : parts[code]!;
    if (part < 0)
      throw new InputError(
        `${where}, row ${rowNumber(table, i)}: ${code < 0 ? "the cell is empty" : `${quote(column.levels[code]!)} is neither train nor test`}`,
      );
    (part === 0 ? train : test).push(i);
  });
  for (const [rows, word] of [
    [train, "train"],
    [test, "test"],
  ] as const)
    if (rows.length === 0) throw new InputError(`${where} has no ${word} rows`);
  return { train: Int32Array.from(train), test: Int32Array.from(test) };
}
