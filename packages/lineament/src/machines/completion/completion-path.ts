import type { Engine } from "../../linalg/index.ts";
import type { BiasRidges, Completion } from "./completion.ts";
import type { KnownEntries } from "./known-entries.ts";

/** A point of a path. What it holds may be overwritten by the next one, except for the completion, which is made when asked for. */
export interface PathPoint {
  /** Where on the path it is: equal positions of walks over different entries can be compared. Ascending. */
  readonly position: number;
  /** Work done so far: descent steps, sweeps. */
  readonly step: number;
  /** What holds the completion back now: a ridge, a weight decay, as parts of the largest that matters. */
  readonly penalty: number;
  /** Singular values of the interactions in the coordinates in which they are learned, descending. */
  readonly singularValues: Float64Array;
  readonly completion: () => Completion;
}

/** What a path is given beside the entries. */
export interface PathContext {
  readonly engine: Engine;
  /** Of random starts. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A way to complete a matrix, from the simplest completion to ever richer ones; each point starts from the one before.
 * Validation says where to stop, and the same walk on all entries is the fit.
 */
export type CompletionPath = (entries: KnownEntries, context: PathContext) => AsyncGenerator<PathPoint, void>;

/** A factorization of what biases leave: its largest rank, and the ridges of the biases. */
export interface Factorization {
  /** At most min(rows, cols) is used. */
  readonly rank: number;
  readonly ridges: BiasRidges;
}

/** A point of biases alone. */
export function biasPoint(completion: Completion, step = 0, penalty = 1): PathPoint {
  return { position: step, step, penalty, singularValues: new Float64Array(0), completion: () => completion };
}
