import { type Engine, type Matrix, type Points, random } from "../linalg/index.ts";
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

/** Held-out rows and how predictions there are judged. */
export interface IterateJudge {
  readonly x: Points;
  /** Smaller is better. Not-finite losses count as infinite. */
  readonly loss: (values: Matrix<Float64Array>) => number;
}

/** The machine after t metric updates. */
export interface Iterate {
  readonly iteration: number;
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
  /** Of the rows that gradients are averaged over and distances are measured between. Default 0. */
  readonly seed?: number;
  /** See `RoundOptions`. Default 0: every solve is a factorization. */
  readonly tolerance?: number;
  readonly signal?: AbortSignal | undefined;
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
  { iterations, ridges, judge, seed = 0, tolerance = 0, signal }: IterationOptions,
): AsyncGenerator<Iterate, void> {
  const settings: FeatureSettings = { ...defaults, ...given };
  const generator = random(seed);
  const n = problem.y.rows;
  const scratch = engine.allocate(n, n, settings.precision);
  let metric: Metric = firstMetric(problem);
  for (let iteration = 0; iteration <= iterations; iteration++) {
    const started = performance.now();
    const options = { signal, tolerance };
    const round = await solveRound(engine, problem, settings, metric, ridges, scratch, generator, options);
    const values = judge
      ? await roundPredictions(engine, round, judge.x, settings.precision, signal)
      : undefined;
    const losses = round.solutions.map(({ coefficients }, at) => {
      if (!coefficients) return Infinity;
      const loss = judge ? judge.loss(values![at]!) : at;
      return Number.isFinite(loss) ? loss : Infinity;
    });
    const best = losses.indexOf(Math.min(...losses));
    const solution = round.solutions[best]!;
    const { coefficients } = solution;
    if (!coefficients) return;
    yield {
      iteration,
      round,
      solution: { ...solution, coefficients },
      expansion: roundExpansion(engine, round, coefficients),
      values: values?.[best],
      loss: judge ? losses[best] : undefined,
      seconds: (performance.now() - started) / 1000,
    };
    if (iteration === iterations) return;
    const next = await nextMetric(engine, problem, settings, round, coefficients, generator, signal);
    if (!next) return;
    metric = next;
  }
}
