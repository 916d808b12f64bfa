import { type Engine, type Matrix, permutation, type Points, random, takeRows } from "../linalg/index.ts";
import type { Metric } from "../kernels/index.ts";
import {
  type FeatureProblem,
  type FeatureSettings,
  firstMetric,
  nextMetric,
  type Round,
  roundExpansion,
  type RoundSolution,
  roundPredictions,
  solveRound,
} from "./feature-round.ts";
import type { TransformedExpansion } from "./average-gradient-outer-product.ts";
import { takePoints } from "./learning-problem.ts";

/** Held-out rows and how predictions there are judged. */
export interface IterateJudge {
  readonly x: Points;
  /** Smaller is better. Not-finite losses count as infinite. */
  readonly loss: (values: Matrix<Float64Array>) => number;
}

/** The machine after t metric updates. */
export interface Iterate {
  readonly iteration: number;
  /** Training rows that were solved for; undefined: all of them. */
  readonly rows: Int32Array | undefined;
  readonly round: Round;
  /** The solution of the ridge with the least loss; the first one without a judge. */
  readonly solution: RoundSolution & { readonly coefficients: Matrix<Float64Array> };
  /** That solution as a function: for `evaluate`, `gradients` and `averageGradientOuterProduct`. */
  readonly expansion: TransformedExpansion;
  /** Values at the judge's rows. */
  readonly values: Matrix<Float64Array> | undefined;
  readonly loss: number | undefined;
  readonly seconds: number;
}

/** How many rounds, with which ridges, judged on what. */
export interface IterationOptions {
  /** Metric updates T; T + 1 solves. */
  readonly iterations: number;
  /** Ridges of every round, among which the judge chooses. */
  readonly ridges: readonly number[];
  readonly judge?: IterateJudge | undefined;
  /**
   * Sizes of the nested random samples that metrics are learned on, one an iterate, the last one for all further iterates. Then
   * one more iterate, the result, is solved on all rows: under the metric and with the ridge of the least loss, or without a
   * judge under the last metric with the first ridge. Losses are comparable where sizes are equal: growth favors later
   * metrics. Default: every iterate is solved on all rows. No effect when all sizes are n or more.
   */
  readonly schedule?: readonly number[] | undefined;
  /** Rows of the problem that are judged: samples leave them out, and the solve on all rows takes them back. Default none. */
  readonly judgedRows?: Int32Array | undefined;
  /** With a judge: learning ends at a loss above this multiple of the least one. Default Infinity. */
  readonly stopFactor?: number;
  /** The metric of iterate 0. Default the identity. */
  readonly start?: Metric | undefined;
  /** Of the rows that gradients are averaged over and distances are measured between. Default 0. */
  readonly seed?: number;
  /** See `RoundOptions`. Default 0: every solve is a factorization. */
  readonly tolerance?: number;
  /** See `RoundOptions`. Samples of a schedule are never refined. */
  readonly refinements?: number | undefined;
  /** Memory for kernel matrices: at least n² numbers in the precision of the machine. Allocated when absent. */
  readonly memory?: Matrix | undefined;
  readonly signal?: AbortSignal | undefined;
  /** When it is aborted no further iterate is solved; with a schedule and a judge not even the one on all rows. */
  readonly enough?: AbortSignal | undefined;
}

/** What the loop learns with; all but the kernel has a default. */
export type IterationSettings = Pick<FeatureSettings, "kernel"> & Partial<FeatureSettings>;

/** The metric is the AGOP of all rows, at the bandwidth that the kernel has. */
const defaults = {
  bandwidth: "constant",
  form: "full",
  power: 0.5,
  shrinkage: 0,
  agopRows: Infinity,
  precision: "float64",
} as const;

/**
 * The recursive feature machine, round by round: solve kernel ridge regression under the metric, take the normalized average
 * gradient outer product (AGOP) of the solution as the next metric. One n × n matrix serves all rounds. Ends early when no
 * ridge can be solved or the gradients carry no information; when to stop and which iterate to keep is the caller's choice.
 *
 * (K + λI) A = Y is solved with λ and Y as they are. Iterate 0 is the plain kernel machine; the metric of a round, a d × d matrix, is
 * `metricMatrix(engine, round.metric)`. Papers on RFM write the power of the AGOP for the metric itself, M = AGOP^p: that is
 * `power` p/2 here, since S² = M.
 *
 * @param given - by default a full metric, M = AGOP (`power` ½) over all rows with largest entry 1, constant bandwidth, float64
 * @example
 * const settings = { kernel: { family: "laplace", bandwidth: 10, exponent: 1 } } as const;
 * const rounds = recursiveFeatureIterations(engine, { x: { coordinates: x }, y }, settings, { iterations: 5, ridges: [1e-3] });
 * for await (const { round, expansion } of rounds) {
 *   const values = await evaluate(engine, expansion, { coordinates: unseen });
 *   const m = await metricMatrix(engine, round.metric);
 * }
 * @see Radhakrishnan et al., arXiv:2212.13881, Algorithm 1; Beaglehole et al., arXiv:2508.10053
 */
export async function* recursiveFeatureIterations(
  engine: Engine,
  problem: FeatureProblem,
  given: IterationSettings,
  {
    iterations,
    ridges,
    judge,
    schedule,
    judgedRows,
    stopFactor = Infinity,
    start,
    seed = 0,
    tolerance = 0,
    refinements,
    memory,
    signal,
    enough,
  }: IterationOptions,
): AsyncGenerator<Iterate, void> {
  const settings: FeatureSettings = { ...defaults, ...given };
  const generator = random(seed);
  const n = problem.y.rows;
  const free = freeRows(n, judgedRows);
  const sizes = schedule?.map((size) => Math.min(size, free.length)) ?? [free.length];
  const sampled = sizes.some((size) => size < n);
  const order = sampled ? permutation(free.length, generator).map((at) => free[at]!) : free;
  const scratch = memory ?? engine.allocate(n, n, settings.precision);

  const solve = async (
    iteration: number,
    metric: Metric,
    rows: Int32Array | undefined,
    among: readonly number[],
    judged: IterateJudge | undefined,
  ): Promise<{ readonly iterate: Iterate; readonly part: FeatureProblem } | undefined> => {
    const started = performance.now();
    const part = rows ? takeRowsOf(problem, rows) : problem;
    const m = part.y.rows;
    const square = { data: scratch.data.subarray(0, m * m), rows: m, cols: m };
    const options = { signal, tolerance, refinements: rows ? 0 : refinements };
    const round = await solveRound(engine, part, settings, metric, among, square, generator, options);
    const values = judged
      ? await roundPredictions(engine, round, judged.x, settings.precision, signal)
      : undefined;
    const losses = round.solutions.map(({ coefficients }, at) => {
      if (!coefficients) return Infinity;
      const loss = judged ? judged.loss(values![at]!) : at;
      return Number.isFinite(loss) ? loss : Infinity;
    });
    const best = losses.indexOf(Math.min(...losses));
    const solution = round.solutions[best]!;
    const { coefficients } = solution;
    if (!coefficients) return undefined;
    const iterate = {
      iteration,
      rows,
      round,
      solution: { ...solution, coefficients },
      expansion: roundExpansion(engine, round, coefficients),
      values: values?.[best],
      loss: judged ? losses[best] : undefined,
      seconds: (performance.now() - started) / 1000,
    };
    return { iterate, part };
  };

  let metric: Metric = start ?? firstMetric(problem);
  let chosen = { iteration: 0, metric, ridges, loss: Infinity };
  for (let iteration = 0; iteration <= iterations; iteration++) {
    if (sampled && !judge) chosen = { ...chosen, iteration, metric };
    // Without a judge, the metric that comes last is not looked at before it is used.
    if (sampled && !judge && iteration === iterations) break;
    const size = sizes[Math.min(iteration, sizes.length - 1)]!;
    const rows = size < n ? order.slice(0, size).sort() : undefined;
    const solved = await solve(iteration, metric, rows, ridges, judge);
    if (!solved) break;
    const { iterate, part } = solved;
    yield iterate;
    const { round, solution, loss = Infinity } = iterate;
    if (loss < chosen.loss) chosen = { iteration, metric, ridges: [solution.ridge], loss };
    if (iteration === iterations || loss > stopFactor * chosen.loss || enough?.aborted) break;
    const next = await nextMetric(engine, part, settings, round, solution.coefficients, generator, signal);
    if (!next) break;
    metric = next;
  }
  if (!sampled || (judge && chosen.loss < Infinity && enough?.aborted)) return;
  const last = judgedRows?.length ? undefined : judge;
  const solved = await solve(chosen.iteration, chosen.metric, undefined, chosen.ridges.slice(0, 1), last);
  if (solved) yield { ...solved.iterate, loss: solved.iterate.loss ?? (judge && chosen.loss) };
}

function freeRows(n: number, judgedRows: Int32Array = new Int32Array(0)): Int32Array {
  const judged = new Set(judgedRows);
  return Int32Array.from({ length: n }, (_, i) => i).filter((i) => !judged.has(i));
}

/** The problem of some of the rows. */
function takeRowsOf({ x, blockSizes, y, weights }: FeatureProblem, rows: Int32Array): FeatureProblem {
  return {
    x: takePoints(x, rows, blockSizes?.length ?? 0),
    blockSizes,
    y: takeRows(y, rows),
    weights: weights && Float64Array.from(rows, (i) => weights[i]!),
  };
}

/** What a loop of judged iterates ended with. */
export interface ChosenIterate extends Iterate {
  readonly loss: number;
  /** The ridges of the rounds up to this one. */
  readonly ridges: readonly number[];
}

/**
 * The iterate of the least loss, the earliest where several have it; after a schedule the one on all rows.
 * `undefined` when nothing could be solved.
 *
 * @param onIterate - told every iterate, and the least loss so far
 */
export async function chooseIterate(
  iterates: AsyncIterable<Iterate>,
  onIterate: (iterate: Iterate & { readonly loss: number }, least: number) => void = () => undefined,
): Promise<ChosenIterate | undefined> {
  const ridges: number[] = [];
  let best: ChosenIterate | undefined;
  let sampled = false;
  for await (const iterate of iterates) {
    const loss = iterate.loss ?? Infinity;
    const final = sampled && !iterate.rows;
    sampled = iterate.rows !== undefined;
    if (final) best = { ...iterate, loss, ridges: best?.ridges ?? [iterate.solution.ridge] };
    else {
      ridges.push(iterate.solution.ridge);
      if (!best || loss < best.loss) best = { ...iterate, loss, ridges: [...ridges] };
    }
    onIterate({ ...iterate, loss }, best.loss);
  }
  return best;
}
