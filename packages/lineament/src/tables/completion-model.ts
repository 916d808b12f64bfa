import { z } from "zod";
import { FileFormatError, openCompletion, saveCompletion } from "../files/index.ts";
import { type MatrixCompletion, type RegressionScores, regressionScores } from "../machines/index.ts";
import { CompletionRecord } from "./completion-record.ts";
import { InputError } from "./errors.ts";
import { type Labels, labelNumbers, labelsOf } from "./labels.ts";
import { type Column, columnNamed, quote, rowNumber, sourceOf, type Table } from "./table.ts";

const labels = z.object({ column: z.string(), type: z.enum(["number", "text"]), names: z.array(z.string()) });
const tablePart = z.object({ rows: labels, columns: labels, record: CompletionRecord });

/** Predicted entries, and how many pairs had a row or a column that training did not have. */
export interface PairPrediction {
  readonly values: Float64Array;
  readonly unknownRows: number;
  readonly unknownColumns: number;
  /** For people, one line each. */
  readonly warnings: readonly string[];
}

/** A completed matrix whose rows and columns have names: users and movies. Never changed after the fit. */
export class CompletionModel {
  readonly completion: MatrixCompletion;
  readonly rows: Labels;
  readonly columns: Labels;
  readonly record: CompletionRecord;

  constructor(
    completion: MatrixCompletion,
    {
      rows,
      columns,
      record,
    }: { readonly rows: Labels; readonly columns: Labels; readonly record: CompletionRecord },
  ) {
    this.completion = completion;
    this.rows = rows;
    this.columns = columns;
    this.record = record;
  }

  /**
   * Predicts the pairs of a table. Names that training did not have are predicted by what is known of the other side.
   * @throws InputError when the table has not both columns, or a cell of them is empty
   */
  predict(table: Table): PairPrediction {
    const row = this.#numbers(table, this.rows);
    const column = this.#numbers(table, this.columns);
    const unknown = (numbers: Int32Array): number => numbers.filter((number) => number < 0).length;
    const [unknownRows, unknownColumns] = [unknown(row), unknown(column)];
    return {
      values: this.completion.predict(row, column),
      unknownRows,
      unknownColumns,
      warnings: [
        ...unknownNames(table, unknownRows, this.rows, this.columns),
        ...unknownNames(table, unknownColumns, this.columns, this.rows),
      ],
    };
  }

  /**
   * The best entries that training did not have, of every different row name of a table: a table with the columns of row names,
   * ranks, column names and predictions.
   *
   * @throws InputError when the table has no column of row names, or a cell of it is empty
   */
  top(table: Table, count: number): Table {
    const cells = [...new Set(filledLabels(table, this.rows.column))];
    const numbers = labelNumbers(this.rows, cells);
    const found = cells.map((_, k) => this.completion.top(numbers[k]!, count));
    const repeated = cells.flatMap((cell, k) => Array.from(found[k]!.columns, () => cell));
    const ranks = found.flatMap(({ columns }) => Array.from(columns, (_, rank) => rank + 1));
    const names = found.flatMap(({ columns }) => Array.from(columns, (j) => this.columns.names[j]!));
    const values = found.flatMap(({ values }) => [...values]);
    return {
      rows: values.length,
      columns: [
        labelColumn(this.rows, repeated),
        { name: "rank", type: "number", values: Float64Array.from(ranks) },
        labelColumn(this.columns, names),
        { name: "prediction", type: "number", values: Float64Array.from(values) },
      ],
    };
  }

  /**
   * Scores the model on pairs whose value is known; rows without one are left out.
   * @throws InputError as `predict`, for values that are no numbers, and when no row has one
   */
  evaluate(table: Table): { readonly scores: RegressionScores; readonly scored: number } & PairPrediction {
    const values = entryValues(table, this.record.value);
    const scored = Int32Array.from(values.keys()).filter((i) => !Number.isNaN(values[i]!));
    if (scored.length === 0)
      throw new InputError(`${sourceOf(table)}: no row has a ${quote(this.record.value)} that can be scored`);
    const prediction = this.predict(table);
    return {
      ...prediction,
      scored: scored.length,
      scores: regressionScores(
        Float64Array.from(scored, (i) => values[i]!),
        Float64Array.from(scored, (i) => prediction.values[i]!),
      ),
    };
  }

  #numbers(table: Table, of: Labels): Int32Array {
    return labelNumbers(of, filledLabels(table, of.column));
  }

  /** The bytes of the model file: one safetensors file with everything in it. */
  toBytes(): Uint8Array {
    const { rows, columns, record } = this;
    return saveCompletion(this.completion, { table: tablePart.parse({ rows, columns, record }) });
  }

  /**
   * Opens a model file. Nothing in it is run.
   * @param source - how messages name the file
   * @throws InputError in one line when it is damaged, cut off, or something else
   */
  static fromBytes(bytes: Uint8Array, source = "the model file"): CompletionModel {
    try {
      const { completion, parts } = openCompletion(bytes);
      const part = tablePart.safeParse(parts["table"]);
      if (!part.success) throw new FileFormatError("damaged model file: it does not name rows and columns");
      const { rows, columns, record } = part.data;
      if (rows.names.length !== completion.state.rows || columns.names.length !== completion.state.cols)
        throw new FileFormatError("damaged model file: names and matrix do not belong together");
      return new CompletionModel(completion, { rows, columns, record });
    } catch (error) {
      if (error instanceof FileFormatError) throw new InputError(`${source}: ${error.message}`);
      throw error;
    }
  }
}

function unknownNames(table: Table, count: number, of: Labels, other: Labels): string[] {
  if (count === 0) return [];
  return [
    `${sourceOf(table)}: ${count} row${count === 1 ? " has" : "s have"} a ${quote(of.column)} that training did not have; predicted by ${quote(other.column)} alone`,
  ];
}

/** The labels of a column without empty cells. @throws InputError naming the first empty one */
export function filledLabels(table: Table, name: string): string[] {
  return labelsOf(columnNamed(table, name)).map((cell, i) => {
    if (cell === undefined)
      throw new InputError(`${sourceOf(table)}, row ${rowNumber(table, i)}: column ${quote(name)} is empty`);
    return cell;
  });
}

/** The values of entries; NaN where there is none. @throws InputError when they are no numbers, or too large to be squared */
export function entryValues(table: Table, name: string): Float64Array {
  const column = columnNamed(table, name);
  const where = `${sourceOf(table)}: column ${quote(name)}`;
  if (column.type !== "number" && column.type !== "boolean")
    throw new InputError(
      `${where} holds ${column.type === "text" ? "text" : "dates"}; values of entries are numbers`,
    );
  const large = column.values.findIndex((value) => Math.abs(value) > 1e100);
  if (large >= 0)
    throw new InputError(
      `${where}, row ${rowNumber(table, large)}: ${column.values[large]} is too large to be completed from`,
    );
  return column.values;
}

function labelColumn({ column, type }: Labels, names: readonly string[]): Column {
  if (type === "number") return { name: column, type, values: Float64Array.from(names, Number) };
  const levels = [...new Set(names)];
  const codes = new Map(levels.map((level, k) => [level, k]));
  return { name: column, type, levels, codes: Int32Array.from(names, (name) => codes.get(name)!) };
}
