import type { Engine } from "../linalg/index.ts";
import type { EngineRates, FitOptions, FitProgress } from "../machines/index.ts";
import type { ColumnKind } from "./column-kinds.ts";
import type { Encoder } from "./encoder.ts";
import type { FitPlan } from "./fit-plan.ts";
import type { FitRecord } from "./fit-record.ts";
import type { Spool } from "./row-spool.ts";
import type { Table } from "./table.ts";
import type { SampledStream } from "./table-stream.ts";
import type { TargetSpec, Task } from "./target.ts";

/** How a table is fitted: which columns mean what, and the options of every fit. */
export interface TableFitOptions extends Omit<FitOptions, "task"> {
  /** The column to predict. */
  readonly target: string;
  /** Default "auto": text, truth values and few whole numbers are classes. */
  readonly task?: "auto" | Task | undefined;
  /** Use only these columns. */
  readonly features?: readonly string[] | undefined;
  /** Leave these columns out. */
  readonly exclude?: readonly string[] | undefined;
  /** Kinds that overrule what is inferred. */
  readonly kinds?: Readonly<Record<string, ColumnKind>> | undefined;
  /** A column of positive weights. */
  readonly weights?: string | undefined;
  /** A column whose equal values mark rows that belong together: they are never divided between training and validation. */
  readonly groups?: string | undefined;
  /** A column that holds `train` and `test`. Test rows are scored at the end and never looked at before. */
  readonly split?: string | undefined;
  /** A table of test rows, instead of `split`. */
  readonly test?: Table | undefined;
  /**
   * The table is a sample of these rows, which do not fit into memory (`sampleStream`): the last solve passes over them all. Machine,
   * metric, validation, intervals, baselines and importances come from the sample.
   */
  readonly stream?: SampledStream | undefined;
  /** Where encoded rows of the stream are kept. */
  readonly spool?: Spool | undefined;
  /** Also fit simple learners to compare with. Default true. */
  readonly baselines?: boolean | undefined;
  /** Also measure how much each column matters, with bands and a noise floor. Default true. */
  readonly importances?: boolean | undefined;
  /** Bytes that the fit may take; without it, memory is not planned. */
  readonly memory?: number | undefined;
  /** How fast the engine is (`measureRates`): the plan then tells seconds, and `seconds` may choose a faster method. */
  readonly rates?: EngineRates | undefined;
  /** Where the table came from, kept in the model as it is: a plain JSON value. */
  readonly data?: FitRecord["data"];
  /** Does the linear algebra; one is opened when absent. */
  readonly engine?: Engine | undefined;
  /** Threads that each fit a part of the machine on one processor; see `FitControl`. Default 0. */
  readonly workers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * When it is aborted, the best machine so far becomes the model, soon: `cutShort` of the record says what ended early. The same
   * happens when `seconds` are over.
   */
  readonly enough?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TableFitProgress) => void) | undefined;
  /** Told what will be done, before it is. */
  readonly onPlan?: ((plan: TableFitPlan) => void) | undefined;
}

/** Where a fit is. `fraction` runs from 0 to 1, roughly in proportion to time. */
export interface TableFitProgress {
  readonly stage: "reading" | FitProgress["stage"] | "baselines" | "explaining";
  readonly fraction: number;
  readonly message: string;
}

/** What was read from the table, and what will be done with it. */
export interface TableFitPlan extends FitPlan {
  readonly target: TargetSpec;
  readonly taskReason: string;
  readonly columns: Encoder["columns"];
  readonly trainRows: number;
  readonly testRows: number;
  /** Rows left out because their target is missing. */
  readonly withoutTarget: number;
}
