import { type Completion, completedEntries } from "./completion.ts";
import type { CompletionPath, PathContext, PathPoint } from "./completion-path.ts";
import type { KnownEntries } from "./known-entries.ts";
import { clippedTo, type ValueRange } from "./value-range.ts";

/** One point of the way to the fit. */
export interface CompletionTrace {
  readonly step: number;
  /** Weight decay, ridge or threshold, as a part of the largest singular value at the start; 0 for none. */
  readonly penalty: number;
  /** Of the interactions, in the coordinates in which they are learned, descending. */
  readonly singularValues: readonly number[];
  /** Root mean squared error on the validation entries; only of the walk that the choice was made on. */
  readonly validation?: number | undefined;
}

/** A walk along a path, and its best point. */
export interface Walk {
  readonly completion: Completion;
  /** Root mean squared error of the best point on held-out entries; NaN without any. */
  readonly rmse: number;
  /** Position of the best point, and its step; the last one without held-out entries. */
  readonly best: number;
  readonly bestStep: number;
  readonly rank: number;
  readonly trace: readonly (CompletionTrace & { readonly position: number })[];
}

/** What is judged on the way, and when to stop. */
export interface WalkOptions {
  readonly held?: KnownEntries;
  readonly range?: ValueRange | undefined;
  /** Give up after so many points in a row that are no better on held-out entries. */
  readonly patience?: number;
  /** The position to stop at. */
  readonly until?: number;
  /** When it is aborted, the walk ends where it is. */
  readonly enough?: AbortSignal | undefined;
  readonly onPoint?: (points: number) => void;
}

/** Walks along a path until patience, the position to stop at or the path ends. */
export async function walk(
  path: CompletionPath,
  entries: KnownEntries,
  context: PathContext,
  { held, range, patience = Infinity, until = Infinity, enough, onPoint }: WalkOptions,
): Promise<Walk> {
  const trace: Walk["trace"][number][] = [];
  let best: { point: PathPoint; completion: Completion; at: number; rmse: number } | undefined;
  for await (const point of path(entries, context)) {
    const completion = point.completion();
    const rmse = held
      ? rootMeanSquare(clippedTo(range, completedEntries(completion, held.row, held.column)), held.values)
      : NaN;
    const { position, step, penalty, singularValues } = point;
    trace.push({
      position,
      step,
      penalty,
      singularValues: [...singularValues],
      ...(held ? { validation: rmse } : {}),
    });
    if (!best || !held || rmse < best.rmse) best = { point, completion, at: trace.length - 1, rmse };
    onPoint?.(trace.length);
    if (position >= until || trace.length - 1 - best.at >= patience || enough?.aborted) break;
  }
  const { point, completion, rmse } = best!;
  const largest = point.singularValues[0] ?? 0;
  return {
    completion,
    rmse,
    best: point.position,
    bestStep: point.step,
    rank: point.singularValues.filter((value) => value > 0.01 * largest).length,
    trace,
  };
}

/** The position at which walks are best on average, among those that all of them reached, and the first walk with these averages. */
export function averagedSearch(walks: readonly Walk[]): {
  readonly until: number;
  readonly search: readonly CompletionTrace[];
} {
  const errors = walks.map(
    ({ trace }) => new Map(trace.map(({ position, validation }) => [position, validation!])),
  );
  const search = walks[0]!.trace
    .filter(({ position }) => errors.every((of) => of.has(position)))
    .map((point) => ({
      ...point,
      validation: errors.reduce((sum, of) => sum + of.get(point.position)! / walks.length, 0),
    }));
  const best = search.reduce((least, point) => (point.validation < least.validation ? point : least));
  return { until: best.position, search: search.map(withoutPosition) };
}

/** A point as it is reported. */
export function withoutPosition({
  step,
  penalty,
  singularValues,
  validation,
}: Walk["trace"][number]): CompletionTrace {
  return { step, penalty, singularValues, ...(validation === undefined ? {} : { validation }) };
}

function rootMeanSquare(prediction: Float64Array, values: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += (prediction[k]! - values[k]!) ** 2;
  return Math.sqrt(sum / values.length);
}
