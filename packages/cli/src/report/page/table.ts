import { shorten } from "../labels.ts";
import { type Content, markup, type Markup } from "../markup.ts";

export interface TableColumn<Row> {
  readonly title: string;
  readonly numeric?: boolean | undefined;
  /** CSS class of the cells. */
  readonly kind?: "name" | "words" | undefined;
  /** What the column means, for the pointer. */
  readonly meaning?: string | undefined;
  readonly cell: (row: Row, index: number) => Content;
  /** Number to sort by, for numeric columns. */
  readonly value?: ((row: Row) => number | undefined) | undefined;
  readonly mark?: ((row: Row) => string | undefined) | undefined;
}

/** A table; the first column names its rows. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly TableColumn<Row>[],
  {
    caption,
    sortable = false,
    kind,
  }: {
    readonly caption?: string;
    readonly sortable?: boolean;
    readonly kind?: (row: Row) => string | undefined;
  } = {},
): Markup {
  const classes = (column: TableColumn<Row>, row?: Row): string =>
    [column.numeric ? "numeric" : "", column.kind ?? "", row === undefined ? "" : (column.mark?.(row) ?? "")]
      .filter(Boolean)
      .join(" ");
  const cell = (column: TableColumn<Row>, row: Row, at: number, i: number): Markup => {
    const content = column.cell(row, at);
    const shown = column.kind === "name" && typeof content === "string" ? shorten(content, 120) : content;
    const value = column.value?.(row);
    const sort =
      column.value && sortable
        ? markup` data-value="${value !== undefined && Number.isFinite(value) ? String(value) : ""}"`
        : "";
    return i === 0
      ? markup`<th scope="row" class="${classes(column, row)}" ${sort}>${shown}</th>`
      : markup`<td class="${classes(column, row)}" ${sort}>${shown}</td>`;
  };
  return markup`<div class="scroll"><table${sortable && rows.length > 2 ? markup` data-sortable` : ""}>${
    caption === undefined
      ? ""
      : markup`<caption>
          ${caption}
        </caption>`
  }
<thead><tr>${columns.map((column) => markup`<th scope="col" class="${classes(column)}" ${column.meaning === undefined ? "" : markup` title="${column.meaning}"`}>${column.title}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row, at) =>
      markup`<tr class="${kind?.(row) ?? ""}">
        ${columns.map((column, i) => cell(column, row, at, i))}
      </tr> `,
  )}</tbody></table></div>`;
}
