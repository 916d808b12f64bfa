import { formatDate } from "./cells.ts";
import type { Column } from "./table.ts";

/** What the rows (or columns) of a matrix are called in a table: users, movies. */
export interface Labels {
  /** The column of the table that names them. */
  readonly column: string;
  /** Numbers are written as numbers where they are read back. */
  readonly type: "number" | "text";
  /** In the order of the matrix. */
  readonly names: readonly string[];
}

/** The label of every cell of a column; undefined where the cell is empty. */
export function labelsOf(column: Column): (string | undefined)[] {
  if (column.type === "text") return Array.from(column.codes, (code) => column.levels[code]);
  return Array.from(column.values, (value) => {
    if (Number.isNaN(value)) return undefined;
    if (column.type === "boolean") return value === 1 ? "true" : "false";
    return column.type === "date" ? formatDate(value) : String(value);
  });
}

/** Different labels in the order of their first appearance. */
export function distinctLabels(column: Column, cells: readonly (string | undefined)[]): Labels {
  const names = new Set<string>();
  for (const cell of cells) if (cell !== undefined) names.add(cell);
  return { column: column.name, type: column.type === "number" ? "number" : "text", names: [...names] };
}

/** The number of each cell's label, −1 for one that is not among them. */
export function labelNumbers({ names }: Labels, cells: readonly (string | undefined)[]): Int32Array {
  const numbers = new Map(names.map((name, k) => [name, k]));
  return Int32Array.from(cells, (cell) => (cell === undefined ? -1 : (numbers.get(cell) ?? -1)));
}
