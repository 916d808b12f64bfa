import { type Engine, type Matrix, type Points, random, zeros } from "../linalg/index.ts";
import {
  crossValidationFolds,
  type Effort,
  type FitControl,
  FitOptions,
  fitFeatureMachine,
  labelsOf,
  type LearningProblem,
  softmax,
  subsample,
  takeProblem,
  takeTarget,
  type Target,
} from "../machines/index.ts";
import { unlessEnough } from "../machines/unless-enough.ts";

/** What a simple learner predicts for rows: targets in their units or class probabilities, rows × outputs. */
type Predictor = (x: Points) => Promise<Matrix<Float64Array>>;

export interface BaselineResult {
  readonly name: "mean" | "majority" | "linear" | "kernelRidge";
  /** Predictions of the judged rows, and what was true. */
  readonly predictions: Matrix<Float64Array>;
  readonly target: Target;
  /** Training rows it was fitted on. */
  readonly rows: number;
}

export interface BaselineOptions extends Pick<FitControl, "signal" | "enough" | "onProgress"> {
  readonly seed: number;
  readonly effort: Effort;
  /** Rows that baselines are judged on; without them they are judged by cross-validation. */
  readonly test?: { readonly x: Points; readonly target: Target } | undefined;
}

/** Kernel ridge regression costs n³: at most so many rows. */
export const KERNEL_ROWS: Readonly<Record<Effort, number>> = { quick: 2000, default: 4000, thorough: 8000 };
export const LINEAR_ROWS = 50_000;
/** Kernel ridge regression without feature learning. */
export const KERNEL_BASELINE: FitOptions["machine"] = {
  kernel: { family: "laplace", bandwidth: 2, exponent: 1 },
  bandwidth: "adaptive",
  iterations: 0,
};

/**
 * What simple learners reach on the same columns: the mean or the class frequencies, a ridge or logistic regression, and
 * kernel ridge regression without feature learning (Laplace kernel, ridge by validation). Big tables are subsampled. Those that
 * are not done when it is enough are left out.
 */
export async function fitBaselines(
  engine: Engine,
  problem: LearningProblem,
  { seed, effort, test, onProgress, ...ends }: BaselineOptions,
): Promise<BaselineResult[]> {
  const n = problem.x.coordinates.rows;
  const labels = labelsOf(problem.target);
  const most = (size: number): LearningProblem =>
    n <= size
      ? problem
      : takeProblem(
          problem,
          subsample(
            Int32Array.from({ length: n }, (_, i) => i),
            size,
            random(seed),
            labels,
          ),
        );
  const results: BaselineResult[] = [];
  const simple = [
    { name: labels ? "majority" : "mean", fit: fitConstant, rows: n },
    { name: "linear", fit: labels ? fitLogistic : fitRidge, rows: LINEAR_ROWS },
  ] as const;
  for (const { name, fit, rows } of simple) {
    onProgress?.({ stage: "fitting", fraction: results.length / 3, message: `fitting baselines: ${name}` });
    const part = most(rows);
    const judged = await unlessEnough(async (signal) => {
      signal?.throwIfAborted();
      return test
        ? { target: test.target, predictions: await (await fit(engine, part, signal))(test.x) }
        : await crossValidated(engine, part, fit, seed, signal);
    }, ends);
    if (!judged) return results;
    results.push({ name, rows: part.x.coordinates.rows, ...judged });
  }
  onProgress?.({
    stage: "fitting",
    fraction: 2 / 3,
    message: "fitting baselines: kernel ridge without feature learning",
  });
  const part = most(KERNEL_ROWS[effort]);
  const judged = await unlessEnough(async (signal) => {
    const options = FitOptions.parse({ seed, machine: KERNEL_BASELINE });
    const machine = await fitFeatureMachine(engine, part, options, { signal });
    return test
      ? { predictions: await machine.predict(test.x, signal), target: test.target }
      : machine.state.validation;
  }, ends);
  if (judged) results.push({ name: "kernelRidge", rows: part.x.coordinates.rows, ...judged });
  return results;
}

/** Predictions of every row by a learner fitted on the other folds. */
async function crossValidated(
  engine: Engine,
  problem: LearningProblem,
  fit: (engine: Engine, problem: LearningProblem, signal?: AbortSignal) => Promise<Predictor>,
  seed: number,
  signal: AbortSignal | undefined,
): Promise<{ predictions: Matrix<Float64Array>; target: Target }> {
  const { x, target, rowGroups } = problem;
  const n = x.coordinates.rows;
  const labels = labelsOf(target);
  const folds = crossValidationFolds(n, Math.min(5, n), random(seed), { labels, groups: rowGroups });
  const order = Int32Array.from(folds.flatMap(({ validation }) => [...validation]));
  const parts: Matrix<Float64Array>[] = [];
  for (const { train, validation } of folds) {
    signal?.throwIfAborted();
    const predictor = await fit(engine, takeProblem(problem, train), signal);
    parts.push(await predictor(takeProblem(problem, validation).x));
  }
  const cols = parts[0]?.cols ?? 0;
  const predictions = zeros(order.length, cols);
  let at = 0;
  for (const part of parts) {
    predictions.data.set(part.data, at);
    at += part.data.length;
  }
  return { predictions, target: takeTarget(target, order) };
}

/** The weighted mean of every target column, or the class frequencies (one row added, spread over all classes). */
async function fitConstant(_: Engine, { target, weights, x }: LearningProblem): Promise<Predictor> {
  const n = x.coordinates.rows;
  const outputs = target.task === "regression" ? target.y.cols : target.classes;
  const values = new Float64Array(outputs);
  let total = 0;
  for (let i = 0; i < n; i++) {
    const weight = weights?.[i] ?? 1;
    total += weight;
    if (target.task === "classification") values[target.labels[i]!]! += weight;
    else for (let l = 0; l < outputs; l++) values[l]! += weight * target.y.data[i * outputs + l]!;
  }
  const constant = values.map((value) =>
    target.task === "regression" ? value / total : (value + 1 / outputs) / (total + 1),
  );
  return async ({ coordinates: { rows } }) => {
    const out = zeros(rows, outputs);
    for (let i = 0; i < rows; i++) out.data.set(constant, i * outputs);
    return out;
  };
}

/** Categorical blocks are spelled out as one-hots as long as there are at most so many columns. */
const MOST_COLUMNS = 1500;

/** Rows as a linear learner sees them: coordinates, and one-hots of the blocks. */
function designOf({
  x,
  blockSizes,
}: Pick<LearningProblem, "x" | "blockSizes">): (points: Points) => Matrix<Float64Array> {
  const d = x.coordinates.cols;
  const spelled = blockSizes.reduce((sum, size) => sum + size, d) <= MOST_COLUMNS;
  const starts = blockSizes.map((_, g) => blockSizes.slice(0, g).reduce((sum, size) => sum + size, d));
  const cols = spelled ? blockSizes.reduce((sum, size) => sum + size, d) : d;
  return ({ coordinates: { data, rows }, levels }) => {
    const out = zeros(rows, cols);
    for (let i = 0; i < rows; i++) {
      out.data.set(data.subarray(i * d, (i + 1) * d), i * cols);
      if (spelled)
        blockSizes.forEach((size, g) => {
          const level = levels![i * blockSizes.length + g]!;
          if (level < size) out.data[i * cols + starts[g]! + level] = 1;
        });
    }
    return out;
  };
}

/** Ridge regression with an intercept; λ by generalized cross-validation (Golub, Heath and Wahba 1979). */
async function fitRidge(engine: Engine, problem: LearningProblem): Promise<Predictor> {
  const { target, weights } = problem;
  if (target.task !== "regression") throw new TypeError("fitRidge: classes");
  const design = designOf(problem);
  const a = design(problem.x);
  const { rows: n, cols: d } = a;
  const c = target.y.cols;
  const y = { data: Float64Array.from(target.y.data), rows: n, cols: c };
  const [meanX, meanY] = [a, y].map((m) => columnMeans(m, weights)) as [Float64Array, Float64Array];
  for (let i = 0; i < n; i++) {
    const root = Math.sqrt(weights?.[i] ?? 1);
    for (let k = 0; k < d; k++) a.data[i * d + k] = (a.data[i * d + k]! - meanX[k]!) * root;
    for (let l = 0; l < c; l++) y.data[i * c + l] = (y.data[i * c + l]! - meanY[l]!) * root;
  }
  const gram = zeros(d, d);
  const cross = zeros(d, c);
  await engine.syrk({ a, c: gram, transpose: true });
  await engine.gemm({ a, transposeA: true, b: y, c: cross });
  const { values, vectors } = await engine.eigenSymmetric(gram);
  const q = { data: Float64Array.from(vectors.data), rows: d, cols: d };
  const rotated = zeros(d, c);
  await engine.gemm({ a: q, transposeA: true, b: cross, c: rotated });
  const total = y.data.reduce((sum, value) => sum + value * value, 0);
  let best = { score: Infinity, lambda: 1 };
  for (let power = -3; power <= 5; power += 0.5) {
    const lambda = 10 ** power;
    let freedom = 1;
    let residual = total;
    for (let j = 0; j < d; j++) {
      const e = Math.max(0, values[j]!);
      freedom += e / (e + lambda);
      for (let l = 0; l < c; l++)
        residual -= (rotated.data[j * c + l]! ** 2 / (e + lambda)) * (2 - e / (e + lambda));
    }
    const score = freedom < n ? Math.max(0, residual) / (n - freedom) ** 2 : Infinity;
    if (score < best.score) best = { score, lambda };
  }
  for (let j = 0; j < d; j++)
    for (let l = 0; l < c; l++) rotated.data[j * c + l]! /= Math.max(0, values[j]!) + best.lambda;
  const slopes = zeros(d, c);
  await engine.gemm({ a: q, b: rotated, c: slopes });
  return async (x) => {
    const rows = design(x);
    for (let i = 0; i < rows.rows; i++) for (let k = 0; k < d; k++) rows.data[i * d + k]! -= meanX[k]!;
    const out = zeros(rows.rows, c);
    for (let i = 0; i < rows.rows; i++) out.data.set(meanY, i * c);
    await engine.gemm({ a: rows, b: slopes, c: out, beta: 1 });
    return out;
  };
}

/** Multinomial logistic regression, Σ log loss + ½‖W‖² (scikit-learn's C = 1), by L-BFGS. */
async function fitLogistic(
  engine: Engine,
  problem: LearningProblem,
  signal?: AbortSignal,
): Promise<Predictor> {
  const { target, weights } = problem;
  if (target.task !== "classification") throw new TypeError("fitLogistic: numbers");
  const design = designOf(problem);
  const a = design(problem.x);
  const { rows: n, cols: d } = a;
  const k = target.classes;
  const scores = async (rows: Matrix, parameters: Float64Array): Promise<Matrix<Float64Array>> => {
    const out = zeros(rows.rows, k);
    for (let i = 0; i < rows.rows; i++) out.data.set(parameters.subarray(d * k), i * k);
    await engine.gemm({
      a: rows,
      b: { data: parameters.subarray(0, d * k), rows: d, cols: k },
      c: out,
      beta: 1,
    });
    return out;
  };
  const objective = async (parameters: Float64Array): Promise<{ value: number; gradient: Float64Array }> => {
    signal?.throwIfAborted();
    const errors = await scores(a, parameters);
    const gradient = new Float64Array(parameters.length);
    let value = 0;
    for (let i = 0; i < n; i++) {
      const weight = weights?.[i] ?? 1;
      const row = errors.data.subarray(i * k, (i + 1) * k);
      softmax(row);
      value -= weight * Math.log(Math.max(1e-300, row[target.labels[i]!]!));
      row[target.labels[i]!]! -= 1;
      for (let b = 0; b < k; b++) {
        row[b]! *= weight;
        gradient[d * k + b]! += row[b]!;
      }
    }
    await engine.gemm({
      a,
      transposeA: true,
      b: errors,
      c: { data: gradient.subarray(0, d * k), rows: d, cols: k },
    });
    for (let at = 0; at < d * k; at++) {
      value += parameters[at]! ** 2 / 2;
      gradient[at]! += parameters[at]!;
    }
    return { value, gradient };
  };
  const parameters = await minimize(objective, new Float64Array((d + 1) * k), 100);
  return async (x) => {
    const out = await scores(design(x), parameters);
    for (let i = 0; i < out.rows; i++) softmax(out.data.subarray(i * k, (i + 1) * k));
    return out;
  };
}

/**
 * L-BFGS with ten pairs and backtracking, until a step gains less than 10⁻⁶ of the value.
 * @see Nocedal and Wright, Numerical Optimization, algorithm 7.5
 */
async function minimize(
  objective: (x: Float64Array) => Promise<{ value: number; gradient: Float64Array }>,
  start: Float64Array,
  steps: number,
): Promise<Float64Array> {
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  let x = start;
  let { value, gradient } = await objective(x);
  for (let step = 0; step < steps; step++) {
    const direction = gradient.map((g) => -g);
    const alphas: number[] = [];
    for (const { s, y, rho } of pairs.toReversed()) {
      const alpha = rho * dot(s, direction);
      alphas.unshift(alpha);
      for (let i = 0; i < direction.length; i++) direction[i]! -= alpha * y[i]!;
    }
    const last = pairs.at(-1);
    const scale = last
      ? 1 / (last.rho * dot(last.y, last.y))
      : 1 / Math.max(1e-12, Math.sqrt(dot(gradient, gradient)));
    for (let i = 0; i < direction.length; i++) direction[i]! *= scale;
    pairs.forEach(({ s, y, rho }, j) => {
      const beta = rho * dot(y, direction);
      for (let i = 0; i < direction.length; i++) direction[i]! += (alphas[j]! - beta) * s[i]!;
    });
    const slope = dot(gradient, direction);
    if (!(slope < 0)) break;
    let size = 1;
    let next = await objective(x.map((value_, i) => value_ + size * direction[i]!));
    while (next.value > value + 1e-4 * size * slope && size > 1e-6) {
      size /= 2;
      next = await objective(x.map((value_, i) => value_ + size * direction[i]!));
    }
    if (!(next.value < value)) break;
    const s = direction.map((entry) => size * entry);
    const y = next.gradient.map((entry, i) => entry - gradient[i]!);
    const curvature = dot(s, y);
    if (curvature > 1e-12) pairs.push({ s, y, rho: 1 / curvature });
    if (pairs.length > 10) pairs.shift();
    const gain = value - next.value;
    x = x.map((entry, i) => entry + s[i]!);
    ({ value, gradient } = next);
    if (gain < 1e-6 * Math.abs(value)) break;
  }
  return x;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function columnMeans({ data, rows, cols }: Matrix, weights: ArrayLike<number> | undefined): Float64Array {
  const means = new Float64Array(cols);
  let total = 0;
  for (let i = 0; i < rows; i++) {
    const weight = weights?.[i] ?? 1;
    total += weight;
    for (let k = 0; k < cols; k++) means[k]! += weight * data[i * cols + k]!;
  }
  return means.map((sum) => sum / total);
}
