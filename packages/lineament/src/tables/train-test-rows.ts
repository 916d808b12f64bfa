import { InputError } from "./errors.ts";
import { columnNamed, quote, rowNumber, sourceOf, type Table } from "./table.ts";

/**
 * Rows of a column that holds `train` and `test`.
 * @throws InputError for other cells, and when one of the two has no rows
 */
export function trainTestRows(table: Table, name: string): TrainTestRows {
  const division = trainTestRowsOfPart(table, name);
  requireBoth(table, name, division.train.length, division.test.length);
  return division;
}

export interface TrainTestRows {
  readonly train: Int32Array;
  readonly test: Int32Array;
}

/** `trainTestRows` of a part of a table, which may have rows of one kind alone. */
export function trainTestRowsOfPart(table: Table, name: string): TrainTestRows {
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
  return { train: Int32Array.from(train), test: Int32Array.from(test) };
}

/** @throws InputError when there are no rows of one kind */
export function requireBoth(table: Pick<Table, "source">, name: string, train: number, test: number): void {
  const word = train === 0 ? "train" : test === 0 ? "test" : undefined;
  if (word !== undefined)
    throw new InputError(`${sourceOf(table)}: split column ${quote(name)} has no ${word} rows`);
}
