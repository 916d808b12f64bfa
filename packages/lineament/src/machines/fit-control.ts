import type { RowSource } from "../solvers/index.ts";

/** Where a fit is. `fraction` runs from 0 to 1 over the whole fit, roughly in proportion to time. */
export interface FitProgress {
  readonly stage: "screening" | "comparing" | "fitting";
  readonly fraction: number;
  readonly message: string;
}

/** Rows of which the problem is a sample. */
export interface RowStream {
  /** In the coordinates of the problem, targets as they are (class numbers for classification). */
  readonly rows: RowSource;
  /** Where the rows of the problem are among them. */
  readonly positions: Int32Array;
  /** Bytes of kernel values that may be kept between passes. */
  readonly memory: number;
}

/** How a running fit is watched and stopped. */
export interface FitControl {
  /**
   * Threads that compare candidates and fit the leaves of trees, each on one processor with a kernel matrix of its own; 0 (the default)
   * does one after the other with all threads of the engine. In browsers always 0.
   */
  readonly workers?: number | undefined;
  /**
   * All rows, where the problem is a sample of them because they do not fit into memory: the last solve of a Nyström machine passes
   * over them.
   */
  readonly stream?: RowStream | undefined;
  /** Rejects with its reason, soon after it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /**
   * When it is aborted, no more is tried and the best machine so far is the answer, soon; before there is one, the first candidate
   * on few rows. The summary of the machine says what was cut short.
   */
  readonly enough?: AbortSignal | undefined;
  /** When it is aborted, no further candidates are compared: the best ones so far are fitted to all rows. */
  readonly enoughSearch?: AbortSignal | undefined;
  /** Told where the fit is, between pieces of work. */
  readonly onProgress?: ((progress: FitProgress) => void) | undefined;
}

/** How a running fit is watched and stopped once its threads are there. */
export type CrewControl = Omit<FitControl, "workers">;
