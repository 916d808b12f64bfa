import { numberMoments, type TableCensus } from "./column-census.ts";
import { InputError } from "./errors.ts";
import { columnNamed, quote, rowNumber, sourceOf, type Table } from "./table.ts";

/** How weights are read from some rows. Only their proportions matter: the mean of all is 1. */
export function weightsOf(
  rows: Table,
  name: string,
  census: TableCensus | undefined,
): (part: Table) => Float64Array {
  const all = census && numberMoments(census, name);
  const mean = all
    ? all.mean * all.unit
    : readWeights(rows, name).reduce((sum, value) => sum + value / rows.rows, 0);
  return (part) => readWeights(part, name).map((value) => value / mean);
}

function readWeights(table: Table, name: string): Float64Array {
  const column = columnNamed(table, name);
  const where = `${sourceOf(table)}: weights ${quote(name)}`;
  if (column.type !== "number")
    throw new InputError(`${where} are ${column.type}s; weights are positive numbers`);
  const bad = column.values.findIndex((value) => !(value > 0 && value < Infinity));
  if (bad >= 0)
    throw new InputError(
      `${where}, row ${rowNumber(table, bad)}: ${Number.isNaN(column.values[bad]!) ? "the cell is empty" : column.values[bad]}; weights are positive numbers`,
    );
  return column.values;
}
