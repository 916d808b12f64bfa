import { type Matrix, permutation, type Points, type Random, random, zeros } from "../linalg/index.ts";
import {
  FeatureMachine,
  labelsOf,
  type LearningProblem,
  takePoints,
  takeProblem,
} from "../machines/index.ts";
import { outputValues } from "../machines/prediction-gradients.ts";
import { refitMember } from "../machines/automatic/refit.ts";
import { subsample } from "../machines/validation.ts";
import {
  checkColumns,
  coordinateColumns,
  type ColumnParts,
  columnParts,
  copyPoints,
  type ExplainedColumn,
  switchColumn,
} from "./columns.ts";
import { type GradientSample, sampleGradients, type SampleOptions } from "./predictor-gradients.ts";
import { quantile } from "./quantile.ts";

export interface ImportanceOptions extends SampleOptions {
  /** Default one column a coordinate or block. */
  readonly columns?: readonly ExplainedColumn[] | undefined;
  /** How effects are measured, see `importances`; default `auto`: redraw up to 100 columns. */
  readonly measure?: "auto" | "redraw" | "derivative" | undefined;
  /** Raw units in one unit of each coordinate: coordinate = (raw − mean) / scale. Default 1. */
  readonly scales?: ArrayLike<number> | undefined;
  /** Machines fitted again on halves of the rows, for the noise floor and the bands; default 4, 0 leaves them out. */
  readonly refits?: number | undefined;
  /** Random probe columns that take part in each of them; default 4. */
  readonly probes?: number | undefined;
  /** Most rows of such a fit; default 1000. */
  readonly refitRows?: number | undefined;
  readonly onProgress?: ((progress: { readonly done: number; readonly of: number }) => void) | undefined;
}

export interface ColumnImportance {
  readonly name: string;
  /** Part of the sum of all columns' effects. */
  readonly share: number;
  /** 5 % and 95 % of the share, see `Importances.bands`. */
  readonly low: number;
  readonly high: number;
  /** Mean squared change of the prediction (summed over outputs) for a typical change of the column: squared target units, or squared scores. */
  readonly effect: number;
  /** Σ over the column's coordinates of E Σ_o (∂F_o/∂x_k)², in units of the coordinates: slopes, steep where ranks jump. */
  readonly meanSquaredDerivative: number;
  /** Whether the lower end of the band exceeds the share of every random probe; undefined without a floor. */
  readonly aboveNoise: boolean | undefined;
}

/** One entry of the diagonal of the AGOP of the returned predictor, in three units. */
export interface CoordinateImportance {
  readonly coordinate: number;
  /** E Σ_o (∂F_o/∂x_k)². */
  readonly meanSquaredDerivative: number;
  /** The same by one spread of the coordinate as the machine sees it (one standard deviation for linear views). */
  readonly standardized: number;
  /** The same for one raw unit. */
  readonly raw: number;
}

/** What columns without information get from the same machinery. Shares are of the real columns' total. */
export interface NoiseFloor {
  readonly mean: number;
  readonly largest: number;
  /** All of them, one a probe and refit. */
  readonly shares: readonly number[];
  readonly refits: number;
  /** Rows of each refit; the machine itself saw more, so that noise has somewhat less of it. */
  readonly rows: number;
}

export interface Importances {
  readonly columns: readonly ColumnImportance[];
  readonly coordinates: readonly CoordinateImportance[];
  readonly floor: NoiseFloor | undefined;
  /** Rows at which gradients were taken. */
  readonly rows: number;
  /** Where the bands come from: only from which rows were looked at, or also from which rows the machine was fitted on. */
  readonly bands: "rows" | "rows and refits";
  readonly measure: "redraw" | "derivative";
}

const BOOTSTRAPS = 400;
/** More columns than this are measured by derivatives unless asked otherwise. */
const MOST_REDRAWN = 100;
/** Sampled rows whose switches are changed to those of another random row. */
const SWITCHED_ROWS = 250;

/**
 * How much the predictions F of the returned machine depend on each column; for classes F is the score before calibration, since
 * probabilities of separable classes saturate. Shares are effects normalized to sum 1.
 *
 * - `redraw`: the effect of a column is half the mean squared change when it alone is replaced by that of another random row
 *   (Jansen's estimator of a total effect), over up to 250 training rows: the variance of the prediction as the column alone varies.
 *   One prediction a row and column.
 * - `derivative`: the effect of a continuous coordinate is its diagonal entry of the AGOP over up to 500 training rows, by its spread as
 *   the machine sees it, E Σ_o (∂̂_kF_o)² (∂̂_k = s_k ∂_k where it sees the column standardized). The cost does not grow with the number
 *   of columns. Switches, coordinates of at most two values and categorical blocks, are redrawn. A column with both kinds (a number
 *   and its missing indicator) has the sum.
 *
 * For a function linear in the column both are the same number. Derivatives are local: they see the roughness that a kernel fits to
 * noise (on concrete mixtures their noise floor is six times as high), and nothing where the function differs between clusters of
 * rows but not within. So columns are redrawn unless there are more than 100. Plain slopes by coordinate are in `coordinates`; where the machine sees
 * ranks they are huge between close values and say little (a permuted column of those mixtures had 14 times all real columns'
 * squared slopes together).
 *
 * With the problem at hand, the members are fitted again, by the same recipes, on `refits` random halves of the rows (at most
 * `refitRows`) with random probe columns added: in turn a permuted copy of a random column and standard normals. The probes'
 * shares are the noise floor. Bands hold 5–95 % of: a Bayesian bootstrap of the rows looked at, and the spread of the shares over the
 * half-sample machines, scaled to the full sample by √(m/(n − m)) for m of n rows (the delete-d jackknife). Without the problem
 * (a model from a file) there is no floor, and the bands cover the rows alone.
 *
 * @see Jansen, "Analysis of variance designs for model output", 1999; Shao and Wu, Ann. Statist. 1989
 */
export async function importances(
  machine: FeatureMachine,
  problem: LearningProblem | undefined,
  options: ImportanceOptions = {},
): Promise<Importances> {
  const { scales, refits = 4, probes = 4, refitRows = 1000, seed = 0, signal, onProgress } = options;
  const { state } = machine;
  const columns = options.columns ?? coordinateColumns(state);
  checkColumns("importances", columns, state);
  if (problem && problem.x.coordinates.rows !== state.x.coordinates.rows)
    throw new RangeError(
      `importances: the problem has ${problem.x.coordinates.rows} rows, the machine was fitted on ${state.x.coordinates.rows}`,
    );
  const asked = options.measure ?? "auto";
  const measure = asked !== "auto" ? asked : columns.length <= MOST_REDRAWN ? "redraw" : "derivative";
  const d = state.x.coordinates.cols;
  if (scales && scales.length !== d)
    throw new RangeError(`importances: there are ${scales.length} scales for ${d} coordinates`);
  const n = state.x.coordinates.rows;
  const enough = problem !== undefined && refits > 0 && n >= 8;
  const steps = 1 + (enough ? refits : 0);
  const gradients = await sampleGradients(machine, options, true);
  const parts = measuredParts(columns, gradients, measure);
  const effects = await columnEffects(machine, gradients, parts, random(seed + 1), signal);
  const shares = normalized(means(effects));
  onProgress?.({ done: 1, of: steps });

  const again: { readonly shares: Float64Array; readonly probes: Float64Array }[] = [];
  const size = Math.min(refitRows, n >> 1);
  if (enough)
    for (let r = 0; r < refits; r++) {
      const probed = await probedShares(
        machine,
        problem,
        columns,
        { ...options, seed: seed + 100 + r },
        measure,
        size,
        probes,
      );
      if (probed) again.push(probed);
      onProgress?.({ done: 2 + r, of: steps });
    }
  const floorShares = again.flatMap((refit) => Array.from(refit.probes));
  const floor: NoiseFloor | undefined =
    floorShares.length === 0
      ? undefined
      : {
          mean: floorShares.reduce((sum, share) => sum + share, 0) / floorShares.length,
          largest: Math.max(...floorShares),
          shares: floorShares,
          refits: again.length,
          rows: size,
        };
  const deviations =
    again.length > 1
      ? spreadOver(again.map((refit) => refit.shares)).map((s) => s * Math.sqrt(size / (n - size)))
      : new Float64Array(columns.length);
  const bands = bootstrapBands(effects, deviations, random(seed + 2));

  const squares = meanSquares(gradients.slopes!, d);
  const standardized = meanSquares(gradients.gradients, d);
  const coordinates = Array.from(squares, (meanSquaredDerivative, coordinate): CoordinateImportance => ({
    coordinate,
    meanSquaredDerivative,
    standardized: standardized[coordinate]!,
    raw: meanSquaredDerivative / (scales?.[coordinate] ?? 1) ** 2,
  }));
  const totals = means(effects);
  return {
    columns: columns.map(({ name, coordinates: own }, g) => ({
      name,
      share: shares[g]!,
      low: Math.min(bands[g]!.low, shares[g]!),
      high: Math.max(bands[g]!.high, shares[g]!),
      effect: totals[g]!,
      meanSquaredDerivative: own.reduce((sum, k) => sum + squares[k]!, 0),
      aboveNoise: floor && bands[g]!.low > floor.largest,
    })),
    coordinates,
    floor,
    rows: gradients.rows.length,
    bands: again.length > 1 ? "rows and refits" : "rows",
    measure,
  };
}

function measuredParts(
  columns: readonly ExplainedColumn[],
  { spreads }: GradientSample,
  measure: Importances["measure"],
): ColumnParts[] {
  return columnParts(
    columns,
    measure === "derivative" ? spreads : spreads.map((spread) => ({ ...spread, continuous: false })),
  );
}

/** The effect of every column at every sampled row, rows × columns. */
async function columnEffects(
  machine: FeatureMachine,
  { points, gradients, outputs, spreads }: GradientSample,
  parts: readonly ColumnParts[],
  generator: Random,
  signal: AbortSignal | undefined,
): Promise<Matrix<Float64Array>> {
  const { state } = machine;
  const rows = gradients.rows;
  const d = spreads.length;
  const effects = zeros(rows, parts.length);
  parts.forEach(({ continuous }, g) => {
    for (let j = 0; j < rows; j++)
      for (let o = 0; o < outputs.length; o++)
        for (const k of continuous)
          effects.data[j * parts.length + g]! += gradients.data[(j * outputs.length + o) * d + k]! ** 2;
  });
  if (parts.every(({ switches, block }) => switches.length === 0 && block === undefined)) return effects;
  // Few rows are enough for the mean, and each stands for several in the sample, so that bands stay honest. The same donor
  // serves all columns: their order does not matter.
  const blocks = state.blockSizes.length;
  const stride = Math.ceil(rows / SWITCHED_ROWS);
  const chosen = Int32Array.from({ length: Math.ceil(rows / stride) }, (_, at) => at * stride);
  const donors = Int32Array.from(chosen, () => generator.integer(state.x.coordinates.rows));
  const base = takePoints(points, chosen, blocks);
  const predictions = await outputValues(machine, base, "score", signal);
  for (const [g, part] of parts.entries()) {
    const switched = copyPoints(base);
    const changed = Array.from(chosen.keys()).filter((at) =>
      switchColumn(part, switched, at, state.x, donors[at]!, blocks),
    );
    if (changed.length === 0) continue;
    const after = await outputValues(machine, takePoints(switched, changed, blocks), "score", signal);
    changed.forEach((at, row) => {
      for (const o of outputs) {
        const change = after.data[row * state.outputs + o]! - predictions.data[at * state.outputs + o]!;
        effects.data[chosen[at]! * parts.length + g]! += ((rows / chosen.length) * change ** 2) / 2;
      }
    });
  }
  return effects;
}

/** Shares of columns and of probes when the members are fitted on `size` random rows with probes added; undefined when such a fit fails. */
async function probedShares(
  machine: FeatureMachine,
  problem: LearningProblem,
  columns: readonly ExplainedColumn[],
  options: ImportanceOptions & { readonly seed: number },
  measure: Importances["measure"],
  size: number,
  probes: number,
): Promise<{ readonly shares: Float64Array; readonly probes: Float64Array } | undefined> {
  const { state, engine } = machine;
  const { seed, signal } = options;
  const generator = random(seed);
  const n = problem.x.coordinates.rows;
  const labels = labelsOf(problem.target);
  const rows = subsample(
    Int32Array.from({ length: n }, (_, i) => i),
    size,
    generator,
    labels,
  );
  const { extended, added } = withProbes(
    { ...takeProblem(problem, rows), rowGroups: undefined },
    columns,
    probes,
    generator,
  );
  const members = [];
  const plan = { metricRows: size, solveRows: size, heldOutAbove: Infinity };
  for (const { recipe } of state.members)
    members.push(
      (await refitMember(engine, extended, recipe, plan, new Int32Array(0), { seed, signal })).member,
    );
  const refitted = new FeatureMachine(engine, {
    ...state,
    x: extended.x,
    members,
    groups: extended.groups,
    blockSizes: extended.blockSizes,
  });
  const sample = await sampleGradients(refitted, { ...options, rows: Math.min(options.rows ?? 500, 200) });
  const all = means(
    await columnEffects(
      refitted,
      sample,
      measuredParts([...columns, ...added], sample, measure),
      generator,
      signal,
    ),
  );
  const real = all.subarray(0, columns.length);
  const total = real.reduce((sum, effect) => sum + effect, 0);
  if (!(total > 0 && Number.isFinite(total))) return undefined;
  return {
    shares: real.map((effect) => effect / total),
    probes: all.subarray(columns.length).map((effect) => effect / total),
  };
}

/** The problem with probe columns appended: permuted copies of random columns and standard normals, in turn. */
function withProbes(
  problem: LearningProblem,
  columns: readonly ExplainedColumn[],
  count: number,
  generator: Random,
): { readonly extended: LearningProblem; readonly added: ExplainedColumn[] } {
  const { coordinates, levels } = problem.x;
  const { rows, cols: d } = coordinates;
  const copied = columns.filter(({ coordinates: own }) => own.length > 0);
  const added: ExplainedColumn[] = [];
  const fills: ((i: number) => number)[] = [];
  const rawScale = Array.from({ length: d }, (_, k) => problem.rawScale?.[k] ?? 1);
  const groups = [...problem.groups];
  for (let probe = 0; probe < count; probe++) {
    const start = d + fills.length;
    const name = `probe ${probe + 1}`;
    if (probe % 2 === 0 && copied.length > 0) {
      const { coordinates: own } = copied[generator.integer(copied.length)]!;
      const order = permutation(rows, generator);
      for (const k of own) {
        fills.push((i) => coordinates.data[order[i]! * d + k]!);
        rawScale.push(rawScale[k]!);
      }
      for (const group of problem.groups) {
        const at = own.indexOf(group.start);
        if (at >= 0 && own.length >= at + group.end - group.start)
          groups.push({ start: start + at, end: start + at + group.end - group.start });
      }
      added.push({ name, coordinates: own.map((_, at) => start + at) });
    } else {
      const values = Float64Array.from({ length: rows }, () => generator.normal());
      fills.push((i) => values[i]!);
      rawScale.push(d > 0 ? rawScale[generator.integer(d)]! : 1);
      added.push({ name, coordinates: [start] });
    }
  }
  const width = d + fills.length;
  const data =
    coordinates.data instanceof Float32Array
      ? new Float32Array(rows * width)
      : new Float64Array(rows * width);
  for (let i = 0; i < rows; i++) {
    data.set(coordinates.data.subarray(i * d, (i + 1) * d), i * width);
    fills.forEach((fill, at) => (data[i * width + d + at] = fill(i)));
  }
  const x: Points = levels
    ? { coordinates: { data, rows, cols: width }, levels }
    : { coordinates: { data, rows, cols: width } };
  return { extended: { ...problem, x, groups, ...(problem.rawScale && { rawScale }) }, added };
}

/** 5 % and 95 % of the share of each column under random row weights (exponential, a Bayesian bootstrap) and normal deviations. */
function bootstrapBands(
  effects: Matrix<Float64Array>,
  deviations: Float64Array,
  generator: Random,
): { readonly low: number; readonly high: number }[] {
  const { rows, cols, data } = effects;
  const draws = Array.from({ length: cols }, () => new Float64Array(BOOTSTRAPS));
  for (let b = 0; b < BOOTSTRAPS; b++) {
    const sums = new Float64Array(cols);
    for (let j = 0; j < rows; j++) {
      const weight = -Math.log(1 - generator.uniform());
      for (let g = 0; g < cols; g++) sums[g]! += weight * data[j * cols + g]!;
    }
    normalized(sums).forEach(
      (share, g) => (draws[g]![b] = Math.min(1, Math.max(0, share + deviations[g]! * generator.normal()))),
    );
  }
  return draws.map((values) => {
    const sorted = values.sort();
    return { low: quantile(sorted, 0.05), high: quantile(sorted, 0.95) };
  });
}

/** The diagonal of the AGOP, mean over rows of the squares summed over outputs; gradients: rows × (outputs · d). */
function meanSquares({ data, rows }: Matrix<Float64Array>, d: number): Float64Array {
  const squares = new Float64Array(d);
  for (let at = 0; at < data.length; at++) squares[at % d]! += data[at]! ** 2 / rows;
  return squares;
}

function means({ data, rows, cols }: Matrix<Float64Array>): Float64Array {
  const result = new Float64Array(cols);
  for (let at = 0; at < data.length; at++) result[at % cols]! += data[at]! / rows;
  return result;
}

/** Divided by their sum; zeros stay zeros. */
function normalized(values: Float64Array): Float64Array {
  const total = values.reduce((sum, value) => sum + value, 0);
  return total > 0 ? values.map((value) => value / total) : values.slice();
}

/** Sample standard deviation of each entry over several vectors. */
function spreadOver(vectors: readonly Float64Array[]): Float64Array {
  return vectors[0]!.map((_, g) => {
    const mean = vectors.reduce((sum, vector) => sum + vector[g]!, 0) / vectors.length;
    return Math.sqrt(
      vectors.reduce((sum, vector) => sum + (vector[g]! - mean) ** 2, 0) / (vectors.length - 1),
    );
  });
}
