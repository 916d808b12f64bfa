import { convert, type Matrix, type Points, precisionOf, zeros } from "../linalg/index.ts";
import { transform } from "../kernels/index.ts";
import { applyView, expansionShares, FeatureMachine, type FeatureMachineState } from "../machines/index.ts";
import { outputJacobians, predictionGradients } from "../machines/prediction-gradients.ts";
import { checkColumns, coordinateColumns, copyPoints, type ExplainedColumn } from "./columns.ts";
import { kernelMatrix } from "../machines/kernel-passes.ts";

export interface ExplainPredictionOptions {
  /** Default one column a coordinate or block. */
  readonly columns?: readonly ExplainedColumn[] | undefined;
  /** Target column or class that is explained; default the first target column, the most probable class. */
  readonly output?: number | undefined;
  /** One row to compare with; default `averageRow`. */
  readonly reference?: Points | undefined;
  /** Training rows listed as evidence; default 10. */
  readonly evidence?: number | undefined;
  /** The path integral is refined until what it misses is below this part of Σ|attribution|; default 1e-3. */
  readonly tolerance?: number | undefined;
  /** Most gradients and predictions along the path; default 4096. */
  readonly mostEvaluations?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Why one prediction is what it is. */
export interface PredictionExplanation {
  readonly output: number;
  readonly prediction: number;
  readonly reference: { readonly prediction: number; readonly point: Points };
  /** One a column, in the order given; they sum to prediction − reference prediction up to rounding. */
  readonly attributions: readonly ColumnAttribution[];
  /** Attributions of coordinates, and of blocks, before they are added up by column. */
  readonly coordinates: readonly number[];
  readonly blocks: readonly number[];
  readonly path: {
    /** Gradients and predictions taken along it. */
    readonly evaluations: number;
    /** What the quadrature missed before it was distributed: |Σ attributions − difference| / Σ|attributions|. */
    readonly residue: number;
    readonly converged: boolean;
  };
  /** Training rows that the prediction rests on, heaviest first. */
  readonly evidence: readonly Evidence[];
}

export interface ColumnAttribution {
  readonly name: string;
  /** How much of prediction − reference prediction is this column's. */
  readonly attribution: number;
  /** ∂ prediction / ∂ coordinate at the row, one a coordinate of the column. */
  readonly gradient: readonly number[];
}

export interface Evidence {
  /** Row of the training table of the machine. */
  readonly row: number;
  /**
   * The term of this row in the kernel expansion, Σ_m (∂F/∂v_m) A_i k_m(x, x_i) over the members: in target units (to first order
   * for logarithmic targets), or in units of the class score before calibration.
   */
  readonly contribution: number;
  /** |contribution| as a part of the sum over all training rows. */
  readonly share: number;
  /** Mean kernel value k(x, x_i) over the members: 1 is the same point. */
  readonly similarity: number;
}

/** Four-point Gauss–Legendre nodes and weights on [0, 1]. */
const [INNER, OUTER] = [-1, 1].map((sign) => Math.sqrt(3 / 7 + (sign * 2 * Math.sqrt(6 / 5)) / 7) / 2) as [
  number,
  number,
];
const NODES = [0.5 - OUTER, 0.5 - INNER, 0.5 + INNER, 0.5 + OUTER] as const;
const WEIGHTS = [-1, 1, 1, -1].map((sign) => (18 + sign * Math.sqrt(30)) / 72);
const FIRST_PANELS = 8;
/** A path that so many evaluations have not settled has kinks. */
const SMOOTH_EVALUATIONS = 160;
/** Single steps cost two predictions a moving coordinate; beyond this many, gradients are cheaper. */
const MOST_STEPS = 64;

/** The mean of the training rows (one-hot coordinates: the level frequencies) with the most frequent level of each block. */
export function averageRow({ x, blockSizes }: Pick<FeatureMachineState, "x" | "blockSizes">): Points {
  const { data, rows, cols } = x.coordinates;
  const mean = zeros(1, cols);
  for (let i = 0; i < rows; i++) for (let k = 0; k < cols; k++) mean.data[k]! += data[i * cols + k]! / rows;
  if (!x.levels) return { coordinates: mean };
  const levels = Int32Array.from(blockSizes, (size, block) => {
    const counts = new Float64Array(size + 1);
    for (let i = 0; i < rows; i++) counts[x.levels![i * blockSizes.length + block]!]!++;
    return counts.indexOf(counts.reduce((a, b) => Math.max(a, b)));
  });
  return { coordinates: mean, levels };
}

/**
 * Explains the prediction of one row: path-integrated gradients from a reference, that sum exactly to the difference from the
 * reference's prediction; the local gradient; and the training rows with the largest terms in the kernel expansion.
 *
 * Attribution of coordinate k: (x_k − r_k) ∫₀¹ ∂_kF(r + t (x − r)) dt, by four-point Gauss–Legendre panels. A panel must account
 * for the change of F between its ends, which is known; panels that fall short are halved until the whole is accurate to
 * `tolerance`, and what each panel still misses is shared among its coordinates in proportion to their sizes. Coordinate-wise
 * kernels and ranks give F a kink wherever a coordinate passes a training value, which no quadrature of gradients likes; there the
 * path is walked in small steps of one coordinate at a time, which integrate along it exactly. Levels of blocks
 * switch at once: the path is walked with the row's levels and with the reference's, and averaged with the jumps at both its ends
 * (blocks taken in both orders).
 *
 * @param x - one row in input coordinates
 * @see Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks", ICML 2017
 */
export async function explainPrediction(
  machine: FeatureMachine,
  x: Points,
  options: ExplainPredictionOptions = {},
): Promise<PredictionExplanation> {
  const { state } = machine;
  const { evidence = 10, tolerance = 1e-3, mostEvaluations = 4096, signal } = options;
  const columns = options.columns ?? coordinateColumns(state);
  checkColumns("explainPrediction", columns, state);
  const reference = options.reference ?? averageRow(state);
  for (const [name, { coordinates }] of [
    ["x", x],
    ["reference", reference],
  ] as const)
    if (coordinates.rows !== 1)
      throw new RangeError(`explainPrediction: ${name} has ${coordinates.rows} rows, expected 1`);
  const predictions = await machine.predict(x, signal);
  const output = options.output ?? mostProbable(state, predictions);
  if (!(output >= 0 && output < state.outputs))
    throw new RangeError(`explainPrediction: there is no output ${output}; the machine has ${state.outputs}`);
  const value = async (points: Points): Promise<Float64Array> => {
    const all = await machine.predict(points, signal);
    return Float64Array.from(
      { length: points.coordinates.rows },
      (_, i) => all.data[i * state.outputs + output]!,
    );
  };

  const walks = sameLevels(x, reference) ? [x.levels] : [x.levels, reference.levels];
  const coordinates = new Float64Array(x.coordinates.cols);
  let evaluations = 0;
  let missed = 0;
  let size = 0;
  let converged = true;
  for (const levels of walks) {
    const walk = await integrate(
      machine,
      reference.coordinates,
      x.coordinates,
      levels,
      output,
      value,
      tolerance,
      Math.floor(mostEvaluations / walks.length),
      signal,
    );
    walk.attributions.forEach((attribution, k) => (coordinates[k]! += attribution / walks.length));
    evaluations += walk.evaluations;
    missed += walk.missed / walks.length;
    size += walk.size / walks.length;
    converged &&= walk.converged;
  }
  const blocks =
    walks.length === 1
      ? new Float64Array(state.blockSizes.length)
      : await blockAttributions(x, reference, state.blockSizes.length, value);
  const gradient = await predictionGradients(machine, x, { outputs: [output], signal });
  const [referencePrediction] = await value(reference);
  return {
    output,
    prediction: predictions.data[output]!,
    reference: { prediction: referencePrediction!, point: reference },
    attributions: columns.map(({ name, coordinates: own, block }) => ({
      name,
      attribution: own.reduce((sum, k) => sum + coordinates[k]!, block === undefined ? 0 : blocks[block]!),
      gradient: own.map((k) => gradient.data[k]!),
    })),
    coordinates: Array.from(coordinates),
    blocks: Array.from(blocks),
    path: { evaluations, residue: size > 0 ? Math.abs(missed) / size : 0, converged },
    evidence: await supportingRows(machine, x, output, evidence, signal),
  };
}

/** A stretch of the path. */
interface Panel {
  readonly start: number;
  readonly end: number;
  /** The integral of each coordinate's term over the panel. */
  readonly terms: Float64Array;
  /** F(end) − F(start) − Σ terms. */
  readonly missed: number;
}

interface Walk {
  readonly attributions: Float64Array;
  readonly evaluations: number;
  /** Difference − Σ terms before correction, and Σ|terms|. */
  readonly missed: number;
  readonly size: number;
  readonly converged: boolean;
}

type Interval = readonly [start: number, end: number];

/** Path-integrated gradients along the segment from a to b with fixed levels. */
async function integrate(
  machine: FeatureMachine,
  a: Matrix,
  b: Matrix,
  levels: Int32Array | undefined,
  output: number,
  value: (points: Points) => Promise<Float64Array>,
  tolerance: number,
  mostEvaluations: number,
  signal: AbortSignal | undefined,
): Promise<Walk> {
  const d = a.cols;
  const delta = Float64Array.from({ length: d }, (_, k) => b.data[k]! - a.data[k]!);
  const moving = Array.from(delta.keys()).filter((k) => delta[k] !== 0);
  const place = (t: number, k: number): number =>
    t === 1 ? b.data[k]! : t === 0 ? a.data[k]! : a.data[k]! + t * delta[k]!;
  const at = (times: readonly number[]): Points => {
    const rows = zeros(times.length, d);
    times.forEach((t, j) => {
      for (let k = 0; k < d; k++) rows.data[j * d + k] = place(t, k);
    });
    if (!levels) return { coordinates: rows };
    const blocks = machine.state.blockSizes.length;
    const repeated = new Int32Array(times.length * blocks);
    for (let j = 0; j < times.length; j++) repeated.set(levels.subarray(0, blocks), j * blocks);
    return { coordinates: rows, levels: repeated };
  };
  // Ends as the caller predicts them, so that the sum is exact; everything between in float64, where short steps have digits.
  const known = new Map<number, number>();
  for (const t of [0, 1]) known.set(t, (await value(at([t])))[0]!);
  const twin = inDoublePrecision(machine);
  let evaluations = 0;
  const evaluate = async (points: Points): Promise<Float64Array> => {
    evaluations += points.coordinates.rows;
    const { data, cols } = await twin.predict(points, signal);
    return Float64Array.from({ length: points.coordinates.rows }, (_, i) => data[i * cols + output]!);
  };
  const evaluateEnds = async (intervals: readonly Interval[]): Promise<void> => {
    const ends = [...new Set(intervals.flat())].filter((t) => !known.has(t));
    if (ends.length > 0) (await evaluate(at(ends))).forEach((f, i) => known.set(ends[i]!, f));
  };
  const panel = ([start, end]: Interval, terms: Float64Array): Panel => ({
    start,
    end,
    terms,
    missed: known.get(end)! - known.get(start)! - sum(terms),
  });

  /** ∫ ∂_kF dx_k by quadrature of gradients: exact where F is smooth. */
  const byGradients = async (intervals: readonly Interval[]): Promise<Panel[]> => {
    await evaluateEnds(intervals);
    const points = at(intervals.flatMap(([start, end]) => NODES.map((node) => start + node * (end - start))));
    evaluations += points.coordinates.rows;
    const slopes = await predictionGradients(twin, points, { outputs: [output], signal });
    return intervals.map((interval, i) => {
      const terms = new Float64Array(d);
      for (let node = 0; node < NODES.length; node++)
        for (const k of moving)
          terms[k]! +=
            WEIGHTS[node]! *
            (interval[1] - interval[0]) *
            delta[k]! *
            slopes.data[(i * NODES.length + node) * d + k]!;
      return panel(interval, terms);
    });
  };
  /** ∫ ∂_kF dx_k along coordinate k alone, at the start and at the end of the panel, averaged: exact for kinks along coordinates. */
  const bySteps = async (intervals: readonly Interval[]): Promise<Panel[]> => {
    await evaluateEnds(intervals);
    const points = at(intervals.flatMap(([start, end]) => moving.flatMap(() => [start, end])));
    intervals.forEach(([start, end], i) =>
      moving.forEach((k, m) => {
        const row = 2 * (i * moving.length + m);
        points.coordinates.data[row * d + k] = place(end, k);
        points.coordinates.data[(row + 1) * d + k] = place(start, k);
      }),
    );
    const values = await evaluate(points);
    return intervals.map((interval, i) => {
      const terms = new Float64Array(d);
      const change = known.get(interval[1])! - known.get(interval[0])!;
      moving.forEach((k, m) => {
        const row = 2 * (i * moving.length + m);
        terms[k] = (values[row]! - values[row + 1]! + change) / 2;
      });
      return panel(interval, terms);
    });
  };

  let panels = await byGradients(
    Array.from({ length: FIRST_PANELS }, (_, i) => [i / FIRST_PANELS, (i + 1) / FIRST_PANELS] as const),
  );
  const rounding = 2 ** -20 * Math.max(...Array.from(known.values(), Math.abs));
  for (;;) {
    const total = new Float64Array(d);
    for (const { terms } of panels) for (let k = 0; k < d; k++) total[k]! += terms[k]!;
    const size = total.reduce((s, term) => s + Math.abs(term), 0);
    const wrong = panels.reduce((s, { missed }) => s + Math.abs(missed), 0);
    const missed = sum(panels.map((part) => part.missed));
    // Single panels may err in opposite directions, so their errors are bounded too, more loosely.
    const converged =
      Math.abs(missed) <= tolerance * size + rounding && wrong <= 10 * (tolerance * size + rounding);
    const stepping = evaluations > SMOOTH_EVALUATIONS && moving.length <= MOST_STEPS;
    const room = Math.floor(
      (mostEvaluations - evaluations) / (2 * (1 + (stepping ? 2 * moving.length : NODES.length))),
    );
    if (converged || room < 1)
      return { attributions: corrected(panels, delta), evaluations, missed, size, converged };
    // Halve the worst panels that together hold nine tenths of the error.
    const worst = panels.toSorted((p, q) => Math.abs(q.missed) - Math.abs(p.missed));
    let halved = 0;
    for (let rest = wrong; halved < Math.min(room, worst.length) && rest > 0.1 * wrong; halved++)
      rest -= Math.abs(worst[halved]!.missed);
    halved = Math.max(1, halved);
    const halves = worst.slice(0, halved).flatMap(({ start, end }): Interval[] => [
      [start, (start + end) / 2],
      [(start + end) / 2, end],
    ]);
    panels = [...worst.slice(halved), ...(await (stepping ? bySteps : byGradients)(halves))];
  }
}

/** Sums of the panels' terms after each panel's shortfall has been shared among its terms in proportion to their sizes (to the steps where all are 0). */
function corrected(panels: readonly Panel[], delta: Float64Array): Float64Array {
  const d = delta.length;
  const total = new Float64Array(d);
  for (const { terms, missed } of panels) {
    const weights = terms.some((term) => term !== 0) ? terms.map(Math.abs) : delta.map(Math.abs);
    const size = sum(weights);
    for (let k = 0; k < d; k++) total[k]! += terms[k]! + (size > 0 ? (missed * weights[k]!) / size : 0);
  }
  return total;
}

/** What switching each block from the reference's level to the row's adds: mean over both ends of the path and both orders. */
async function blockAttributions(
  x: Points,
  reference: Points,
  blocks: number,
  value: (points: Points) => Promise<Float64Array>,
): Promise<Float64Array> {
  const result = new Float64Array(blocks);
  const order = Array.from({ length: blocks }, (_, g) => g);
  for (const base of [x, reference])
    for (const sequence of [order, order.toReversed()]) {
      const point = copyPoints({ coordinates: base.coordinates, levels: reference.levels! });
      let [before] = await value(point);
      for (const g of sequence) {
        if (point.levels![g] === x.levels![g]) continue;
        point.levels![g] = x.levels![g]!;
        const [after] = await value(point);
        result[g]! += (after! - before!) / 4;
        before = after;
      }
    }
  return result;
}

const precise = new WeakMap<FeatureMachine, FeatureMachine>();

/** The same machine with float64 coefficients and centers: differences over short steps lose no digits. Kept as long as the machine is. */
function inDoublePrecision(machine: FeatureMachine): FeatureMachine {
  let twin = precise.get(machine);
  if (!twin) {
    const members = machine.state.members.map((member) => ({
      ...member,
      expansions: member.expansions.map((expansion) => ({
        ...expansion,
        coefficients: convert(expansion.coefficients, "float64"),
      })),
    }));
    twin = new FeatureMachine(machine.engine, { ...machine.state, members });
    precise.set(machine, twin);
  }
  return twin;
}

/** The training rows with the largest terms in the members' kernel expansions at x. */
async function supportingRows(
  machine: FeatureMachine,
  x: Points,
  output: number,
  count: number,
  signal: AbortSignal | undefined,
): Promise<Evidence[]> {
  const { state, engine } = machine;
  if (count <= 0) return [];
  const n = state.x.coordinates.rows;
  const contribution = new Float64Array(n);
  const similarity = new Float64Array(n);
  const values: Matrix<Float64Array>[] = [];
  for (const member of state.members) values.push(await machine.memberValues(member, x, signal));
  const jacobians = outputJacobians(state, values, "score", [output]);
  for (const [m, member] of state.members.entries()) {
    const seen = applyView(member.view, x, state.blockSizes.length);
    const expansions = await machine.memberExpansions(member);
    const shares = expansionShares(member, seen);
    for (const [e, { kernel, metric, tables, centers, coefficients }] of expansions.entries()) {
      const [share] = shares[e]!.weights;
      if (share === undefined) continue;
      const precision = precisionOf(coefficients);
      const out = engine.allocate(1, centers.coordinates.rows, precision);
      await kernelMatrix(engine, {
        kernel,
        tables,
        x: await transform(engine, seen, metric, precision),
        z: centers,
        out,
        signal,
      });
      member.expansions[e]!.rows.forEach((row, i) => {
        let weight = 0;
        for (let l = 0; l < coefficients.cols; l++)
          weight += jacobians[m]![l]! * coefficients.data[i * coefficients.cols + l]!;
        contribution[row]! += share * weight * out.data[i]!;
        similarity[row]! += member.recipe.weight * (member.partition ? share : 1) * out.data[i]!;
      });
    }
  }
  const size = contribution.reduce((s, term) => s + Math.abs(term), 0);
  return Array.from({ length: n }, (_, row) => row)
    .sort((p, q) => Math.abs(contribution[q]!) - Math.abs(contribution[p]!) || p - q)
    .slice(0, count)
    .map((row) => ({
      row,
      contribution: contribution[row]!,
      share: size > 0 ? Math.abs(contribution[row]!) / size : 0,
      similarity: similarity[row]!,
    }));
}

function mostProbable(state: FeatureMachineState, predictions: Matrix): number {
  if (state.task === "regression") return 0;
  let best = 0;
  for (let k = 1; k < predictions.cols; k++) if (predictions.data[k]! > predictions.data[best]!) best = k;
  return best;
}

function sameLevels(a: Points, b: Points): boolean {
  return !a.levels || a.levels.every((level, g) => level === b.levels![g]);
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
