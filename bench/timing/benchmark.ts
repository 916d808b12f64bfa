import type { Engine, Precision } from "lineament";

/** What a problem is as large as: rows n, columns d, and what else there is to say. */
export type Size = Readonly<Record<string, number>>;

/** Sizes along one of their numbers, the others held: one plot of time and one of memory. */
export interface Sweep {
  readonly along: string;
  readonly values: readonly number[];
  readonly at: Size;
}

/** Other libraries, by their names in peers.py. */
export type Peer = "numpy" | "torch" | "scikit-learn" | "xgboost" | "xrfm" | "falkon";

/** One way in which Lineament does the work. */
export interface Contestant {
  readonly label: string;
  readonly engine: "native" | "wasm";
  /** Default: all processors. */
  readonly threads?: number;
  /** Passed to `prepare`, where there are several algorithms for one problem. */
  readonly variant?: string;
}

/** What a run may say of itself. */
export interface Judged {
  /** Where not all of the run counts. */
  readonly seconds?: number;
  /** R² on rows that the fit has not seen. */
  readonly score?: number;
  /** Rows that the fit predicts a second. */
  readonly predictionsPerSecond?: number;
}

export type Run = () => Promise<Judged | void>;

/** A problem that is timed at several sizes, by us and by others. */
export interface Benchmark {
  readonly id: string;
  readonly title: string;
  /** What one run is, as a sentence. */
  readonly what: string;
  readonly precision: Precision;
  readonly sweeps: readonly Sweep[];
  /** The sweeps of --quick. */
  readonly quick: readonly Sweep[];
  /** Flops of one run, where the algorithm has a count: additions and multiplications of its matrix products and factorizations. */
  readonly flops?: (size: Size) => number;
  /** Contestants that do something else, for which that count means nothing. */
  readonly uncounted?: readonly string[];
  /** Bytes that one run must at least read and write. */
  readonly traffic?: (size: Size) => number;
  /** Bytes of its data and its result, which it cannot do without. */
  readonly storage?: (size: Size) => number;
  /** What is counted a second, such as rows; its number in one run. */
  readonly count?: { readonly of: string; readonly in: (size: Size) => number };
  readonly ours: readonly Contestant[];
  readonly peers: readonly Peer[];
  /** Times of others that were published, by `sizeName`. */
  readonly published?: { readonly label: string; readonly seconds: Readonly<Record<string, number>> };
  /** Makes the data; the function returned does the work once. */
  readonly prepare: (engine: Engine, size: Size, variant: string | undefined) => Promise<Run>;
}

export const native: Contestant = { label: "native", engine: "native" };
export const wasm: Contestant = { label: "wasm", engine: "wasm" };

/** "n=4000 d=100" */
export function sizeName(size: Size): string {
  return Object.entries(size)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

/** The sizes of sweeps, each once, in the order in which they come. */
export function sizesOf(sweeps: readonly Sweep[]): Size[] {
  const sizes = sweeps.flatMap(({ along, values, at }) => values.map((value) => sized(at, along, value)));
  return [...new Map(sizes.map((size) => [sizeName(size), size])).values()];
}

/** The size at one place of a sweep; rows first. */
export function sized(at: Size, along: string, value: number): Size {
  const { n, ...rest } = { ...at, [along]: value };
  return n === undefined ? rest : { n, ...rest };
}
