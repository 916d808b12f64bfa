import { type Matrix, type Points, random, sample } from "../linalg/index.ts";
import { type FeatureMachine, type FeatureMachineState, takePoints } from "../machines/index.ts";
import { copyPoints, type ExplainedColumn } from "./columns.ts";
import type { SampleOptions } from "./predictor-gradients.ts";
import { quantile } from "./quantile.ts";

/** Writes a value of a column into every row of `points`, a copy that may be changed. */
export type ColumnSetter<Value> = (points: Points, value: Value) => void;

export interface PartialDependenceOptions extends SampleOptions {
  /** Curves of single rows that are returned for drawing; default 0. */
  readonly curves?: number | undefined;
}

/** Predictions of one output as a column is set to each value of the grid. */
export interface PartialDependenceCurve {
  readonly output: number;
  /** Mean over rows at each grid value. */
  readonly mean: readonly number[];
  /** 10 % and 90 % quantiles over rows. */
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** Single rows, if asked for: curves[r][grid value]. */
  readonly curves: readonly (readonly number[])[];
}

export interface PartialDependence<Value> {
  readonly grid: readonly Value[];
  readonly outputs: readonly PartialDependenceCurve[];
  /** Rows averaged over. */
  readonly rows: number;
}

/**
 * How predictions depend on a column when it alone is changed: the mean and the 10–90 % band of the predictions of a seeded
 * sample of training rows, with the column set to each value of a grid in turn. Where columns hang together, some of these rows never occur.
 */
export async function partialDependence<Value>(
  machine: FeatureMachine,
  set: ColumnSetter<Value>,
  grid: readonly Value[],
  { rows = 500, seed = 0, outputs, curves = 0, signal }: PartialDependenceOptions = {},
): Promise<PartialDependence<Value>> {
  const { state } = machine;
  const chosen = sample(state.x.coordinates.rows, rows, random(seed));
  const points = takePoints(state.x, chosen, state.blockSizes.length);
  const predictions: Matrix<Float64Array>[] = [];
  for (const value of grid) {
    signal?.throwIfAborted();
    const changed = copyPoints(points);
    set(changed, value);
    predictions.push(await machine.predict(changed, signal));
  }
  const shown = outputs ?? Array.from({ length: state.outputs }, (_, o) => o);
  return {
    grid,
    rows: chosen.length,
    outputs: shown.map((output) => {
      const columns = predictions.map((prediction) =>
        Float64Array.from({ length: chosen.length }, (_, i) => prediction.data[i * state.outputs + output]!),
      );
      const sorted = columns.map((column) => column.toSorted());
      return {
        output,
        mean: columns.map((column) => column.reduce((sum, value) => sum + value, 0) / column.length),
        low: sorted.map((column) => quantile(column, 0.1)),
        high: sorted.map((column) => quantile(column, 0.9)),
        curves: Array.from({ length: Math.min(curves, chosen.length) }, (_, r) =>
          columns.map((column) => column[r]!),
        ),
      };
    }),
  };
}

/** Sets a coordinate to a number. */
export function setCoordinate(k: number): ColumnSetter<number> {
  return ({ coordinates: { data, rows, cols } }, value) => {
    for (let i = 0; i < rows; i++) data[i * cols + k] = value;
  };
}

/** Sets a categorical column to a level: one of its one-hot coordinates (by position) to 1 and the others to 0, or its block. −1 is no level. */
export function setLevel(
  { coordinates: own, block }: Pick<ExplainedColumn, "coordinates" | "block">,
  state: Pick<FeatureMachineState, "blockSizes">,
): ColumnSetter<number> {
  const blocks = state.blockSizes.length;
  return ({ coordinates: { data, rows, cols }, levels }, level) => {
    for (let i = 0; i < rows; i++) {
      own.forEach((k, at) => (data[i * cols + k] = at === level ? 1 : 0));
      if (block !== undefined) levels![i * blocks + block] = level < 0 ? state.blockSizes[block]! : level;
    }
  };
}

/**
 * Up to `count` different values of a coordinate: all that occur in the training rows if they are so few, else evenly spaced
 * quantiles from the 1 % to the 99 % one.
 */
export function coordinateGrid(
  { x: { coordinates } }: Pick<FeatureMachineState, "x">,
  k: number,
  count = 20,
): number[] {
  const { data, rows, cols } = coordinates;
  const sorted = Float64Array.from({ length: rows }, (_, i) => data[i * cols + k]!).sort();
  const different = new Set(sorted);
  if (different.size <= count) return [...different];
  return [
    ...new Set(
      Array.from({ length: count }, (_, at) => quantile(sorted, 0.01 + (0.98 * at) / Math.max(1, count - 1))),
    ),
  ];
}
