import { type Engine, permutation, random, takeRows, zeros } from "../../linalg/index.ts";
import { type Metric, metricRoot } from "../../kernels/index.ts";
import { gradients } from "../kernel-expansion.ts";
import { takePoints } from "../learning-problem.ts";
import { chooseIterate, recursiveFeatureIterations } from "../recursive-feature-iterations.ts";
import { type LeafProblem, squaredError } from "./fit-leaf.ts";

/** Machines on disjoint samples, … */
const MACHINES = 8;
/** … of at most so many rows each. */
const ROWS = 2000;
/** Points that gradients and losses are taken at. */
const POINTS = 1000;
const UPDATES = 10;
/** Updates end when the last two together did not lower the loss by this part of it. */
const PROGRESS = 0.01;
/** s of S = M^s. Weak directions grow from update to update with ¼; with ½ the strongest one suppresses them. */
const POWER = 0.25;

/**
 * A metric for the whole of a problem, learned from many small machines instead of a large one. Each update fits B machines to
 * disjoint samples and takes gradient products between *different* machines only, at points that none has seen:
 *
 * M = 1 / (m B (B − 1)) Σ_j Σ_{a ≠ b} ∇f_a(x_j) ∇f_b(x_j)ᵀ
 *
 * Gradients that a sample's noise leaves in f_a are independent of f_b, so that M has the mean of the outer product of the
 * expected gradient: directions without influence get no metric, where the AGOP of one machine has a floor that hides weak
 * directions. Negative eigenvalues count as 0. The update whose machines have the least loss is kept.
 *
 * @param train - rows to sample from
 * @param validation - rows for gradients and losses
 * @returns undefined when there is nothing to learn, or with categorical blocks, which have no gradients by coordinates
 */
export async function crossFittedMetric(
  engine: Engine,
  { x, blockSizes, y, weights, settings, ridges }: LeafProblem,
  train: Int32Array,
  validation: Int32Array,
  seed: number,
  signal?: AbortSignal,
): Promise<Metric | undefined> {
  const d = x.coordinates.cols;
  const c = y.cols;
  const size = Math.min(ROWS, Math.floor(train.length / MACHINES));
  if (blockSizes.length > 0 || d === 0 || size < 2 || validation.length < 2) return undefined;
  const order = permutation(train.length, random(seed));
  const samples = Array.from({ length: MACHINES }, (_, b) => {
    const rows = order.slice(b * size, (b + 1) * size).map((at) => train[at]!);
    return {
      x: takePoints(x, rows, 0),
      y: takeRows(y, rows),
      weights: weights && Float64Array.from(rows, (i) => weights[i]!),
    };
  });
  const drawn = permutation(validation.length, random(seed + 1));
  const points = drawn.slice(0, POINTS).map((at) => validation[at]!);
  const seen = takePoints(x, points, 0);
  const truth = takeRows(y, points);
  const pointWeights = weights && Float64Array.from(points, (i) => weights[i]!);
  const judge = { x: seen, loss: (values: typeof truth) => squaredError(values, truth, pointWeights) };
  const memory = engine.allocate(size, size, settings.precision);

  let metric: Metric | undefined;
  let best: { readonly metric: Metric | undefined; readonly loss: number } | undefined;
  const losses: number[] = [];
  for (let update = 0; ; update++) {
    const sum = zeros(points.length * c, d);
    const same = zeros(d, d);
    let loss = 0;
    for (const sample of samples) {
      const options = {
        iterations: 0,
        ridges,
        start: metric,
        judge,
        refinements: 0,
        memory,
        seed,
        signal,
      };
      const fitted = await chooseIterate(recursiveFeatureIterations(engine, sample, settings, options));
      if (!fitted) return best?.metric;
      loss += fitted.loss / MACHINES;
      const { data } = await gradients(engine, fitted.expansion, seen, signal);
      for (let at = 0; at < data.length; at++) sum.data[at]! += data[at]!;
      await engine.syrk({ a: { ...sum, data }, c: same, transpose: true, beta: 1 });
    }
    losses.push(loss);
    if (!best || loss < best.loss) best = { metric, loss };
    const slow = update >= 2 && loss > (1 - PROGRESS) * losses[update - 2]!;
    if (slow || update === UPDATES) return best.metric;

    const between = zeros(d, d);
    await engine.syrk({ a: sum, c: between, transpose: true });
    const m = between.data.map((all, at) => all - same.data[at]!);
    metric = await metricRoot(
      engine,
      settings.form === "full"
        ? { form: "full", values: { data: m, rows: d, cols: d }, blocks: [] }
        : { form: "diagonal", values: m.filter((_, at) => at % (d + 1) === 0), blocks: [] },
      POWER,
    );
    if (!metric) return best.metric;
  }
}
