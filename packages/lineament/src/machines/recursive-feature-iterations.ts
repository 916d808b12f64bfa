import { type Engine, type Matrix, type Points, random } from "../linalg/index.ts";
import type { Metric } from "../kernels/index.ts";
import {
  type FeatureProblem,
  type FeatureSettings,
  firstMetric,
  nextMetric,
  type Round,
  type RoundSolution,
  roundPredictions,
  solveRound,
} from "./feature-round.ts";

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
  /** Of the rows that gradients are averaged over and distances are measured between. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The recursive feature machine, round by round: solve kernel ridge regression under the metric, take the normalized average
 * gradient outer product of the solution as the next metric. One n × n matrix serves all rounds. Ends early when no
 * ridge can be solved or the gradients carry no information; when to stop and which iterate to keep is the caller's choice.
 *
 * @see Radhakrishnan et al., arXiv:2212.13881, Algorithm 1; Beaglehole et al., arXiv:2508.10053
 */
export async function* recursiveFeatureIterations(
  engine: Engine,
  problem: FeatureProblem,
  settings: FeatureSettings,
  { iterations, ridges, judge, seed, signal }: IterationOptions,
): AsyncGenerator<Iterate, void> {
  const generator = random(seed);
  const n = problem.y.rows;
  const scratch = engine.allocate(n, n, settings.precision);
  let metric: Metric = firstMetric(problem);
  for (let iteration = 0; iteration <= iterations; iteration++) {
    const started = performance.now();
    const round = await solveRound(engine, problem, settings, metric, ridges, scratch, generator, { signal });
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
