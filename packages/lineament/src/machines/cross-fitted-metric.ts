import { type Engine, permutation, random, takeRows, zeros } from "../linalg/index.ts";
import { type Metric, metricRoot } from "../kernels/index.ts";
import type { FeatureProblem, FeatureSettings } from "./feature-round.ts";
import { gradients } from "./kernel-expansion.ts";
import { takePoints } from "./learning-problem.ts";
import { chooseIterate, recursiveFeatureIterations } from "./recursive-feature-iterations.ts";
import { squaredError } from "./squared-error.ts";

/** Machines on disjoint samples, … */
const MACHINES = 8;
/** … each of this part of the rows, … */
const SHARE = 0.1;
/** … and of at most so many. */
const ROWS = 2000;
/** Points that gradients and losses are taken at. */
const POINTS = 500;
const UPDATES = 10;
/** Updates end when the last two together did not lower the loss by this part of it. */
const PROGRESS = 0.03;
/** s of S = M^s. Weak directions grow from update to update with ¼; with ½ the strongest one suppresses them. */
const POWER = 0.25;

/** Rows and the settings of the machines that a metric is learned with. */
export interface CrossFitting {
  readonly problem: FeatureProblem & {
    readonly settings: FeatureSettings;
    readonly ridges: readonly number[];
  };
  /** Rows to sample from. */
  readonly train: Int32Array;
  /** Rows for gradients and losses. */
  readonly validation: Int32Array;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** When it is aborted, the best metric so far is the answer. */
  readonly enough?: AbortSignal | undefined;
}

/**
 * A metric for the whole of a problem, learned from many small machines instead of a large one. Each update fits B machines to
 * disjoint samples and takes gradient products between *different* machines only, at points that none has seen:
 *
 * M = 1 / (m B (B − 1)) Σ_j Σ_{a ≠ b} ∇f_a(x_j) ∇f_b(x_j)ᵀ
 *
 * Gradients that a sample's noise leaves in f_a are independent of f_b, so that M has the mean of the outer product of the
 * expected gradient: directions without influence get no metric, where the AGOP of one machine has a floor that hides weak
 * directions. Negative eigenvalues count as 0. The update whose machines have the least loss is kept, of a diagonal metric and,
 * for machines with full ones, of a full one: where the function follows the columns, a full metric learned from few rows is
 * slightly tilted against them, which a function that oscillates does not forgive.
 *
 * @returns undefined when there is nothing to learn, or with categorical blocks, which have no gradients by coordinates
 */
export async function crossFittedMetric(engine: Engine, given: CrossFitting): Promise<Metric | undefined> {
  const { blockSizes = [], settings } = given.problem;
  if (blockSizes.length > 0 || given.enough?.aborted) return undefined;
  const diagonal = await learnMetric(engine, given, "diagonal");
  const full =
    settings.form === "full" && !given.enough?.aborted ? await learnMetric(engine, given, "full") : undefined;
  return full && full.loss < diagonal.loss ? full.metric : diagonal.metric;
}

/** A metric, and the losses before and after every update. */
interface Learned {
  readonly metric: Metric | undefined;
  readonly loss: number;
  readonly losses: readonly number[];
}

/** @param rival - losses of another form: learning ends where it falls behind them */
async function learnMetric(
  engine: Engine,
  { problem, train, validation, seed, signal, enough }: CrossFitting,
  form: "full" | "diagonal",
  rival: readonly number[] = [],
): Promise<Learned> {
  const { x, y, weights, settings, ridges } = problem;
  const d = x.coordinates.cols;
  const c = y.cols;
  const size = Math.min(ROWS, Math.floor(SHARE * train.length));
  const losses: number[] = [];
  let best: Learned = { metric: undefined, loss: Infinity, losses };
  if (d === 0 || size < 2 || validation.length < 2) return best;
  const order = permutation(train.length, random(seed));
  let taken = 0;
  /** The next sample: rows are seen again only after all others. */
  const nextSample = (): FeatureProblem => {
    const rows = Int32Array.from({ length: size }, () => train[order[taken++ % train.length]!]!);
    return {
      x: takePoints(x, rows, 0),
      y: takeRows(y, rows),
      weights: weights && Float64Array.from(rows, (i) => weights[i]!),
    };
  };
  const drawn = permutation(validation.length, random(seed + 1));
  const points = drawn.slice(0, POINTS).map((at) => validation[at]!);
  const seen = takePoints(x, points, 0);
  const truth = takeRows(y, points);
  const pointWeights = weights && Float64Array.from(points, (i) => weights[i]!);
  const judge = { x: seen, loss: (values: typeof truth) => squaredError(values, truth, pointWeights) };
  const memory = engine.allocate(size, size, settings.precision);

  let metric: Metric | undefined;
  for (let update = 0; ; update++) {
    const sum = zeros(points.length * c, d);
    const same = zeros(d, d);
    let loss = 0;
    // The first machine of an update chooses the ridge for the others.
    let among = ridges;
    for (let machine = 0; machine < MACHINES; machine++) {
      const options = {
        iterations: 0,
        ridges: among,
        start: metric,
        judge,
        refinements: 0,
        memory,
        seed,
        signal,
      };
      const rounds = recursiveFeatureIterations(engine, nextSample(), { ...settings, form }, options);
      const fitted = await chooseIterate(rounds);
      if (!fitted) return best;
      among = fitted.ridges;
      loss += fitted.loss / MACHINES;
      const { data } = await gradients(engine, fitted.expansion, seen, signal);
      for (let at = 0; at < data.length; at++) sum.data[at]! += data[at]!;
      await engine.syrk({ a: { data, rows: sum.rows, cols: d }, c: same, transpose: true, beta: 1 });
    }
    losses.push(loss);
    if (loss < best.loss) best = { metric, loss, losses };
    const slow = update >= 2 && loss > (1 - PROGRESS) * losses[update - 2]!;
    const behind = update >= 1 && loss > (rival[update] ?? Infinity);
    if (slow || behind || update === UPDATES || enough?.aborted) return best;

    const between = zeros(d, d);
    await engine.syrk({ a: sum, c: between, transpose: true });
    const m = between.data.map((all, at) => all - same.data[at]!);
    metric = await metricRoot(
      engine,
      form === "full"
        ? { form, values: { data: m, rows: d, cols: d }, blocks: [] }
        : { form, values: m.filter((_, at) => at % (d + 1) === 0), blocks: [] },
      POWER,
    );
    if (!metric) return best;
  }
}
