import { type Points, random, sample } from "../linalg/index.ts";
import { type FeatureMachine, takePoints } from "../machines/index.ts";
import { hasMixedDerivatives, mixedDerivatives } from "../machines/mixed-derivatives.ts";
import { outputGradients, outputValues } from "../machines/prediction-gradients.ts";
import {
  checkColumns,
  type ColumnParts,
  columnParts,
  coordinateColumns,
  coordinateSpreads,
  copyPoints,
  type ExplainedColumn,
  switchColumn,
} from "./columns.ts";
import { importances } from "./importances.ts";
import type { SampleOptions } from "./predictor-gradients.ts";

export interface InteractionOptions extends SampleOptions {
  /** Default one column a coordinate or block. */
  readonly columns?: readonly ExplainedColumn[] | undefined;
  /** Pairs are formed among this many columns, those with the largest effects; default 12. */
  readonly among?: number | undefined;
  /** Effects by which they are chosen, one a column (as `importances` returns); computed when absent. */
  readonly effects?: ArrayLike<number> | undefined;
  /**
   * Half the side, in spreads, of the boxes over which mixed derivatives are averaged; default 0, the derivatives themselves.
   * Larger boxes see less of the roughness that a kernel fits to noise, and flatten what varies faster than they are wide.
   */
  readonly smoothing?: number | undefined;
}

export interface Interaction {
  /** The two columns, as positions in the given columns and by name. */
  readonly columns: readonly [number, number];
  readonly names: readonly [string, string];
  /** E Σ_o (∂̂_j∂̂_kF_o)², summed over the pairs of their coordinates: squared output per typical change of both. */
  readonly strength: number;
  /** Part of the sum over all pairs. */
  readonly share: number;
  /** √strength in units of the standard deviation of the predictions (for several outputs: of their root sum of variances). */
  readonly relative: number;
}

export interface Interactions {
  /** Strongest first. */
  readonly pairs: readonly Interaction[];
  /** Columns that pairs were formed among, as positions. */
  readonly among: readonly number[];
  readonly rows: number;
}

/** Multiplications that the Hessians may take; fewer rows are looked at where they would take more. */
const MOST_WORK = 1e9;
const LEAST_ROWS = 30;

/**
 * True pairwise interactions: how much the effect of one column changes with another, the mean of (∂̂_j∂̂_kF)² over up to 200 training rows,
 * ∂̂ by the spread of a coordinate as the machine sees it (its standard deviation times ∂ for linear views). Zero for a sum of
 * functions of single columns, whatever their correlations. F is the prediction for regression and the class score before
 * calibration for classes (a softmax would make everything interact).
 *
 * Derivatives between continuous coordinates come from the kernels' Hessians in closed form; under a full metric coordinate-wise
 * kernels (p < 2) have none as functions, and their means over boxes of a quarter of a spread to each side are taken.
 * Switches (one-hots, signs, indicators, categorical blocks) are redrawn from other random rows: half the mean squared change of the
 * derivative, or a quarter of the mean squared second difference for two of them. For F = c x_j x_k all three are the same number.
 *
 * Rough kernels have rough second derivatives, some of it fitted noise: compare with the strongest pairs, not with zero, and
 * use `smoothing` where only the broad shape counts.
 */
export async function interactions(
  machine: FeatureMachine,
  options: InteractionOptions = {},
): Promise<Interactions> {
  const { state } = machine;
  const { rows = 200, seed = 0, among = 12, smoothing = 0, signal } = options;
  if (!(smoothing >= 0))
    throw new RangeError(
      `interactions: smoothing is ${smoothing}; it must be 0 or a positive number of spreads`,
    );
  const columns = options.columns ?? coordinateColumns(state);
  checkColumns("interactions", columns, state);
  const outputs = options.outputs ?? Array.from({ length: state.outputs }, (_, o) => o);
  const spreads = coordinateSpreads(state.x);
  const effects =
    columns.length <= among
      ? columns.map(() => 1)
      : (options.effects ??
        (await importances(machine, undefined, { columns, seed, outputs, signal, rows: 200 })).columns.map(
          ({ effect }) => effect,
        ));
  if (effects.length !== columns.length)
    throw new RangeError(`interactions: there are ${effects.length} effects for ${columns.length} columns`);
  const chosen = Array.from(columns, (_, at) => at)
    .sort((a, b) => effects[b]! - effects[a]! || a - b)
    .slice(0, among)
    .sort((a, b) => a - b);
  const parts = columnParts(
    chosen.map((at) => columns[at]!),
    spreads,
  );
  const coordinates = parts.flatMap(({ continuous }) => continuous);
  const taken = sample(
    state.x.coordinates.rows,
    Math.min(rows, affordableRows(machine, coordinates.length, smoothing > 0)),
    random(seed),
  );
  const points = takePoints(state.x, taken, state.blockSizes.length);
  const strengths = new Float64Array(parts.length ** 2);
  const add = (a: number, b: number, value: number): void => {
    strengths[Math.max(a, b) * parts.length + Math.min(a, b)]! += value;
  };
  await continuousPairs(machine, points, parts, coordinates, outputs, smoothing, add, signal);
  await switchPairs(machine, points, parts, outputs, seed, add, signal);

  const values = await outputValues(machine, points, "score", signal);
  const variance = outputs.reduce((sum, o) => {
    const own = Float64Array.from({ length: taken.length }, (_, i) => values.data[i * state.outputs + o]!);
    const mean = own.reduce((total, value) => total + value, 0) / own.length;
    return sum + own.reduce((total, value) => total + (value - mean) ** 2, 0) / own.length;
  }, 0);
  const total = strengths.reduce((sum, strength) => sum + strength, 0);
  const pairs: Interaction[] = [];
  for (let a = 1; a < parts.length; a++)
    for (let b = 0; b < a; b++) {
      const strength = strengths[a * parts.length + b]!;
      pairs.push({
        columns: [chosen[b]!, chosen[a]!],
        names: [parts[b]!.name, parts[a]!.name],
        strength,
        share: total > 0 ? strength / total : 0,
        relative: variance > 0 ? Math.sqrt(strength / variance) : 0,
      });
    }
  return { pairs: pairs.toSorted((p, q) => q.strength - p.strength), among: chosen, rows: taken.length };
}

type Add = (a: number, b: number, value: number) => void;

async function continuousPairs(
  machine: FeatureMachine,
  points: Points,
  parts: readonly ColumnParts[],
  coordinates: readonly number[],
  outputs: readonly number[],
  smoothing: number,
  add: Add,
  signal: AbortSignal | undefined,
): Promise<void> {
  const size = coordinates.length;
  if (size < 2) return;
  const rows = points.coordinates.rows;
  const owner = coordinates.map((k) => parts.findIndex(({ continuous }) => continuous.includes(k)));
  const mixed = await mixedDerivatives(machine, points, coordinates, {
    outputs,
    unit: "spread",
    smoothing,
    signal,
  });
  for (let row = 0; row < rows * outputs.length; row++)
    for (let a = 1; a < size; a++)
      for (let b = 0; b < a; b++)
        if (owner[a] !== owner[b])
          add(owner[a]!, owner[b]!, mixed[row * size * size + a * size + b]! ** 2 / rows);
}

/** Pairs with at least one switch, by redrawing switches from random training rows. */
async function switchPairs(
  machine: FeatureMachine,
  points: Points,
  parts: readonly ColumnParts[],
  outputs: readonly number[],
  seed: number,
  add: Add,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { state } = machine;
  const blocks = state.blockSizes.length;
  const rows = points.coordinates.rows;
  const d = points.coordinates.cols;
  const switched = parts.flatMap((part, at) =>
    part.switches.length > 0 || part.block !== undefined ? [at] : [],
  );
  if (switched.length === 0) return;
  const generator = random(seed + 1);
  const n = state.x.coordinates.rows;
  const donors = Int32Array.from({ length: rows }, () => generator.integer(n));
  const others = Int32Array.from({ length: rows }, () => generator.integer(n));
  const redraw = (part: ColumnParts, from: Points, by: Int32Array): Points => {
    const copy = copyPoints(from);
    for (let j = 0; j < rows; j++) switchColumn(part, copy, j, state.x, by[j]!, blocks);
    return copy;
  };
  const [gradients] = await outputGradients(machine, points, "score", outputs, ["spread"], signal);
  const values = await outputValues(machine, points, "score", signal);
  const single = new Map<number, Awaited<ReturnType<typeof outputValues>>>();
  for (const a of switched) {
    const changed = redraw(parts[a]!, points, donors);
    const [moved] = await outputGradients(machine, changed, "score", outputs, ["spread"], signal);
    parts.forEach(({ continuous }, b) => {
      if (b === a) return;
      for (let row = 0; row < rows * outputs.length; row++)
        for (const k of continuous)
          add(a, b, (moved!.data[row * d + k]! - gradients!.data[row * d + k]!) ** 2 / (2 * rows));
    });
    single.set(a, await outputValues(machine, changed, "score", signal));
  }
  for (const a of switched)
    for (const b of switched) {
      if (b >= a) continue;
      const second = await outputValues(machine, redraw(parts[b]!, points, others), "score", signal);
      const both = await outputValues(
        machine,
        redraw(parts[b]!, redraw(parts[a]!, points, donors), others),
        "score",
        signal,
      );
      for (let j = 0; j < rows; j++)
        for (const o of outputs) {
          const at = j * state.outputs + o;
          add(
            a,
            b,
            (both.data[at]! - second.data[at]! - single.get(a)!.data[at]! + values.data[at]!) ** 2 /
              (4 * rows),
          );
        }
    }
}

/** Rows whose Hessians stay within `MOST_WORK`: n (d + c s²/2) multiplications each, or 2 s² evaluations where boxes are averaged over. */
function affordableRows({ state }: FeatureMachine, size: number, smoothed: boolean): number {
  let work = 1;
  for (const { view, expansions } of state.members)
    for (const { rows, coefficients, kernel, metric } of expansions) {
      const d = view.coordinates.length;
      work +=
        rows.length *
        (smoothed || !hasMixedDerivatives(kernel, metric)
          ? 2 * size * size * d
          : d + (coefficients.cols * size * size) / 2);
    }
  return Math.max(LEAST_ROWS, Math.floor(MOST_WORK / work));
}
