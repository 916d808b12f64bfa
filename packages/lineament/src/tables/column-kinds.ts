/** What a column means to a machine. The last four are left out. */
export type ColumnKind = "number" | "category" | "boolean" | "date" | "identifier" | "text" | "constant" | "empty";

/** What was found about a column, and what is done with it. */
export interface ColumnSummary {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Whether the machine sees the column. */
  readonly used: boolean;
  /** One line: why this kind. */
  readonly reason: string;
  /** Something the user should know: left out, cells that do not fit, an override. */
  readonly notice?: string | undefined;
  readonly missing: number;
  readonly distinct: number;
}
