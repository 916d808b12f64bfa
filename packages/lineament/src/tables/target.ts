import type { Table } from "./table.ts";

export type Task = "regression" | "classification";

/** What is predicted, as a plain JSON value: part of the model. */
export type TargetSpec =
  | { readonly column: string; readonly task: "regression" }
  | { readonly column: string; readonly task: "classification"; readonly type: "text" | "number" | "boolean"; readonly classes: readonly string[] };

export interface TargetValues {
  /** Regression: the target of each kept row. Classification: class numbers as floats. */
  readonly values: Float64Array;
  /** Classification only: class number of each kept row. */
  readonly codes: Int32Array | undefined;
  /** Rows of the table that are kept: those with a target. */
  readonly rows: Int32Array;
  /** Rows without a target. */
  readonly missing: number;
  /** Rows of classes that training did not have; not kept. */
  readonly unknownClasses: readonly { readonly label: string; readonly count: number }[];
}

/** Decides the task and reads the target of training rows. @throws InputError when it cannot be learned */
export declare function readTarget(table: Table, column: string, options?: { readonly task?: "auto" | Task | undefined }): { readonly spec: TargetSpec; readonly reason: string; readonly target: TargetValues };

/** Reads the target of other rows (test, evaluate) as training read it. @throws InputError when the column is missing or retyped */
export declare function targetValues(spec: TargetSpec, table: Table): TargetValues;
