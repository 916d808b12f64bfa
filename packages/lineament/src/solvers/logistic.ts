import { type Engine, type Matrix, precisionOf, zeros } from "../linalg/index.ts";
import { type FactorReport, RidgeSystem } from "./ridge-system.ts";

/** What `fitKernelLogistic` minimizes, how, and until when. */
export interface LogisticOptions {
  /** K, the number of classes. */
  readonly classes: number;
  /** λ > 0 in Σ w ℓ + λ tr(Aᵀ K A). */
  readonly ridge: number;
  /** One positive weight a row. */
  readonly weights?: Float64Array | undefined;
  /**
   * b, one fixed number a class that is added to the latent values: where the data is far, the probabilities are
   * softmax(b). Logarithms of class frequencies make that the prior. Default 0.
   */
  readonly offsets?: ArrayLike<number> | undefined;
  /**
   * "newton": one latent column, two classes only; a factorization a step, few steps.
   * "bound": a latent column a class; one factorization, many cheap steps.
   * Default: newton for two classes, else bound.
   */
  readonly method?: "newton" | "bound" | undefined;
  /** Default 7 for newton, 200 for bound. */
  readonly maxSteps?: number | undefined;
  /** Stop when ‖F_new − F‖ ≤ tolerance ‖F_new‖. Default 1e-6. */
  readonly tolerance?: number | undefined;
  /** Nesterov's momentum for "bound", restarted when it points uphill. Default true. */
  readonly accelerated?: boolean | undefined;
  /**
   * A positive loss on other rows, smaller is better, asked after every step: when it fails to improve by 0.05 %, the
   * steps end and the best coefficients so far are returned.
   */
  readonly validate?: ((coefficients: Matrix<Float64Array>) => number | Promise<number>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What `fitKernelLogistic` found, and how its steps ended. */
export interface LogisticSolution {
  /** A: n × 1 with "newton" (the log-odds of class 1), n × K with "bound" (rows sum to 0). */
  readonly coefficients: Matrix<Float64Array>;
  /** F = K A, without the offsets. */
  readonly latent: Matrix<Float64Array>;
  /**
   * - converged: the latent values stopped changing, or no step lowers the objective in this precision
   * - validated: the validation loss stopped improving
   * - out-of-steps: more steps would go on
   * - not-positive-definite: K could not be factored even with jitter; use a larger ridge or float64
   */
  readonly outcome: "converged" | "validated" | "out-of-steps" | "not-positive-definite";
  readonly steps: number;
  /** The objective before the first step and after each; it never rises by more than rounding. */
  readonly objective: readonly number[];
  /** ‖W(Π − Y) + 2λA‖ / ‖W(Π₀ − Y)‖ at the end, 0 at the minimum; Π₀ belongs to A = 0. */
  readonly stationarity: number;
  /** The last factorization. */
  readonly factor: FactorReport;
}

/** p(1 − p) below this counts as this, so that rows far on the right side do not divide by 0. */
const SMALLEST_CURVATURE = 1e-12;
/** The objective may rise by this much, relatively: the rounding of its sum. */
const ROUNDING = 1e-12;
/** A validation loss must fall below this multiple of the best to count as better. */
const IMPROVEMENT = 0.9995;

/**
 * Kernel logistic regression: minimizes Σ_i w_i ℓ(y_i, f_i + b) + λ tr(Aᵀ K A), F = K A, ℓ the log loss of the softmax (no
 * factor n, no ½ before λ).
 *
 * Two classes, by Newton's method in symmetric form (damped when a step would raise the objective). With p = σ(f + b),
 * s = √(w p (1 − p)),
 *
 *     (diag(s) K diag(s) + 2λ I) β = s ∘ f + w (y − p) / s,    α ← s ∘ β,
 *
 * solved as (K + 2λ diag(s)⁻²) α = f + w (y − p) / s², the same factorization up to a diagonal scaling, so that K needs no copy.
 *
 * More classes, by the bound diag(π) − ππᵀ ⪯ ½ (I − 11ᵀ/K) on the curvature: monotone steps with one factor for all of
 * them and all classes,
 *
 *     (½ K + 2λ W⁻¹) δ = −[(Π − Y) + 2λ W⁻¹ A],    A ← A + δ.
 *
 * The two penalties agree when "bound" on two classes is given twice the λ of "newton": f = F₁ − F₀ is shared by two columns.
 *
 * @param k - kernel matrix, n × n, both triangles filled; float64 for float64 arithmetic. It is taken
 *   over: do not use it afterwards
 * @param labels - class numbers 0 … K − 1
 * @throws RangeError for sizes, labels, weights or a ridge that make no sense
 * @see Jaakkola and Haussler 1999; Böhning, "Multinomial logistic regression algorithm", 1992 (the bound);
 *   O'Donoghue and Candès, arXiv:1204.3982 (restarts)
 */
export async function fitKernelLogistic(
  engine: Engine,
  k: Matrix,
  labels: ArrayLike<number>,
  options: LogisticOptions,
): Promise<LogisticSolution> {
  const { classes, ridge, weights, offsets, method = classes === 2 ? "newton" : "bound" } = options;
  const n = k.rows;
  const wrong = (what: string): RangeError => new RangeError(`fitKernelLogistic: ${what}`);
  if (k.cols !== n) throw wrong(`k is ${n} × ${k.cols}, expected a square one`);
  if (labels.length !== n) throw wrong(`${labels.length} labels for ${n} rows`);
  if (!(ridge > 0 && ridge < Infinity)) throw wrong(`λ = ${ridge}, expected λ > 0`);
  if (!(classes >= 2)) throw wrong(`${classes} classes, expected at least 2`);
  if (method === "newton" && classes !== 2) throw wrong(`newton is for 2 classes, not ${classes}; use bound`);
  if (offsets && offsets.length !== classes) throw wrong(`${offsets.length} offsets for ${classes} classes`);
  if (weights && weights.length !== n) throw wrong(`${weights.length} weights for ${n} rows`);
  weights?.forEach((weight, i) => {
    if (!(weight > 0 && weight < Infinity))
      throw wrong(`weight ${i} is ${weight}, expected a positive number`);
  });
  for (let i = 0; i < n; i++)
    if (!Number.isInteger(labels[i]) || labels[i]! < 0 || labels[i]! >= classes)
      throw wrong(`label ${i} is ${labels[i]}, expected 0 … ${classes - 1}`);
  const cols = method === "newton" ? 1 : classes;
  const task: Task = {
    labels,
    ridge,
    cols,
    weights: weights ?? new Float64Array(n).fill(1),
    offsets: Float64Array.from({ length: cols }, (_, a) =>
      method === "newton" ? (offsets?.[1] ?? 0) - (offsets?.[0] ?? 0) : (offsets?.[a] ?? 0),
    ),
  };
  return method === "newton" ? newtonSteps(engine, k, task, options) : boundSteps(engine, k, task, options);
}

/**
 * Class probabilities of latent values: σ(f + b₁ − b₀) as two columns for one latent column, else softmax(F + b), m × K.
 *
 * @param latent - K(x, X) A, m × 1 or m × K
 */
export function logisticProbabilities(latent: Matrix, offsets?: ArrayLike<number>): Matrix<Float64Array> {
  const { rows, cols } = latent;
  const classes = cols === 1 ? 2 : cols;
  const result = zeros(rows, classes);
  for (let i = 0; i < rows; i++) {
    const row = result.data.subarray(i * classes, (i + 1) * classes);
    for (let a = 0; a < classes; a++)
      row[a] = (cols === 1 ? a * latent.data[i]! : latent.data[i * cols + a]!) + (offsets?.[a] ?? 0);
    const largest = row.reduce((x, y) => Math.max(x, y));
    let total = 0;
    for (let a = 0; a < classes; a++) total += row[a] = Math.exp(row[a]! - largest);
    for (let a = 0; a < classes; a++) row[a]! /= total;
  }
  return result;
}

interface Task {
  readonly labels: ArrayLike<number>;
  readonly ridge: number;
  /** Latent columns: 1 for newton. */
  readonly cols: number;
  readonly weights: Float64Array;
  readonly offsets: Float64Array;
}

/** Coefficients, their latent values and the objective there. */
interface State {
  readonly a: Matrix<Float64Array>;
  readonly f: Matrix<Float64Array>;
  readonly objective: number;
}

async function newtonSteps(
  engine: Engine,
  k: Matrix,
  task: Task,
  { maxSteps = 7, tolerance = 1e-6, validate, signal }: LogisticOptions,
): Promise<LogisticSolution> {
  const { ridge, weights } = task;
  const n = k.rows;
  const system = new RidgeSystem(engine, k);
  const course = new Course(task, n, validate);
  const shift = new Float64Array(n);
  const right = zeros(n, 1);
  while (course.steps < maxSteps) {
    signal?.throwIfAborted();
    const { a, f } = course.state;
    const errors = errorsAt(task, f); // p − y
    for (let i = 0; i < n; i++) {
      const p = errors.data[i]! + task.labels[i]!;
      const curvature = weights[i]! * Math.max(SMALLEST_CURVATURE, p * (1 - p));
      shift[i] = (2 * ridge) / curvature;
      right.data[i] = f.data[i]! - (weights[i]! * errors.data[i]!) / curvature;
    }
    const factor = await system.factor(shift);
    course.factor = factor;
    if (factor.outcome === "not-positive-definite") return course.end("not-positive-definite");
    const { coefficients } = await system.solve(right);
    const latent = system.product(coefficients);
    let next = stateAt(task, coefficients, latent);
    for (let t = 0.5; next.objective > course.ceiling && t > 1e-4; t /= 2)
      next = stateAt(task, mix(a, coefficients, t), mix(f, latent, t));
    const outcome = await course.step(next, tolerance);
    if (outcome) return course.end(outcome);
  }
  return course.end("out-of-steps");
}

async function boundSteps(
  engine: Engine,
  k: Matrix,
  task: Task,
  { maxSteps = 200, tolerance = 1e-6, accelerated = true, validate, signal }: LogisticOptions,
): Promise<LogisticSolution> {
  const { ridge, weights, cols } = task;
  const n = k.rows;
  const system = new RidgeSystem(engine, k);
  const course = new Course(task, n, validate);
  course.factor = await system.factor(weights.map((weight) => (4 * ridge) / weight));
  if (course.factor.outcome === "not-positive-definite") return course.end("not-positive-definite");
  const correction = engine.allocate(n, cols, precisionOf(k));
  let previous = course.state;
  let momentum = 0;
  while (course.steps < maxSteps) {
    signal?.throwIfAborted();
    const current = course.state;
    const share = momentum / (momentum + 3);
    const a = mix(previous.a, current.a, 1 + share);
    const f = mix(previous.f, current.f, 1 + share);
    const errors = errorsAt(task, f);
    for (let at = 0; at < a.data.length; at++)
      correction.data[at] =
        -2 * (errors.data[at]! + (2 * ridge * a.data[at]!) / weights[Math.floor(at / cols)]!);
    await system.applyInverse(correction);
    for (let at = 0; at < a.data.length; at++) a.data[at]! += correction.data[at]!;
    const next = stateAt(task, a, system.product(a));
    if (momentum > 0 && !(next.objective <= current.objective)) {
      momentum = 0; // momentum overshot: the same step again without it
      continue;
    }
    let uphill = 0;
    for (let at = 0; at < a.data.length; at++) {
      const gradient =
        weights[Math.floor(at / cols)]! * errors.data[at]! + 2 * ridge * (a.data[at]! - correction.data[at]!);
      uphill += gradient * (next.f.data[at]! - current.f.data[at]!);
    }
    momentum = accelerated && uphill <= 0 ? momentum + 1 : 0;
    previous = current;
    const outcome = await course.step(next, tolerance);
    if (outcome) return course.end(outcome);
  }
  return course.end("out-of-steps");
}

/** Where a fit is, where it has been, and the best of it. */
class Course {
  state: State;
  steps = 0;
  factor: FactorReport = { outcome: "factored", jitter: 0 };
  readonly #task: Task;
  readonly #first: number;
  readonly #objective: number[];
  readonly #validate: LogisticOptions["validate"];
  #best: { readonly state: State; readonly loss: number } | undefined;

  constructor(task: Task, n: number, validate: LogisticOptions["validate"]) {
    this.#task = task;
    this.#validate = validate;
    this.state = stateAt(task, zeros(n, task.cols), zeros(n, task.cols));
    this.#objective = [this.state.objective];
    this.#first = gradientNorm(task, this.state);
  }

  /** The highest objective that the next step may have. */
  get ceiling(): number {
    return this.state.objective * (1 + ROUNDING);
  }

  /** Goes to `next` unless it is higher; says when to end. */
  async step(next: State, tolerance: number): Promise<"converged" | "validated" | undefined> {
    if (!(next.objective <= this.ceiling)) return "converged"; // no descent in this precision
    let change = 0;
    let size = 0;
    for (let at = 0; at < next.f.data.length; at++) {
      change += (next.f.data[at]! - this.state.f.data[at]!) ** 2;
      size += next.f.data[at]! ** 2;
    }
    this.state = next;
    this.steps++;
    this.#objective.push(next.objective);
    if (this.#validate) {
      const loss = await this.#validate(next.a);
      const better = loss < (this.#best?.loss ?? Infinity);
      const enough = loss < IMPROVEMENT * (this.#best?.loss ?? Infinity);
      if (better || !this.#best) this.#best = { state: next, loss };
      if (!enough) return "validated";
    }
    return Math.sqrt(change) <= tolerance * Math.sqrt(size) ? "converged" : undefined;
  }

  end(outcome: LogisticSolution["outcome"]): LogisticSolution {
    const state = this.#best?.state ?? this.state;
    return {
      coefficients: state.a,
      latent: state.f,
      outcome,
      steps: this.steps,
      objective: this.#objective,
      stationarity: this.#first === 0 ? 0 : gradientNorm(this.#task, state) / this.#first,
      factor: this.factor,
    };
  }
}

function stateAt(task: Task, a: Matrix<Float64Array>, f: Matrix<Float64Array>): State {
  const { labels, cols, ridge, weights, offsets } = task;
  let objective = 0;
  for (let i = 0; i < f.rows; i++) {
    let loss = 0;
    if (cols === 1) {
      const margin = (f.data[i]! + offsets[0]!) * (labels[i] === 1 ? 1 : -1);
      loss = Math.max(0, -margin) + Math.log1p(Math.exp(-Math.abs(margin)));
    } else {
      let largest = -Infinity;
      for (let c = 0; c < cols; c++) largest = Math.max(largest, f.data[i * cols + c]! + offsets[c]!);
      let total = 0;
      for (let c = 0; c < cols; c++) total += Math.exp(f.data[i * cols + c]! + offsets[c]! - largest);
      loss = largest + Math.log(total) - f.data[i * cols + labels[i]!]! - offsets[labels[i]!]!;
    }
    objective += weights[i]! * loss;
  }
  for (let at = 0; at < f.data.length; at++) objective += ridge * a.data[at]! * f.data[at]!;
  return { a, f, objective };
}

/** Π − Y: probabilities minus one-hot labels; for one column p − y. */
function errorsAt({ labels, cols, offsets }: Task, f: Matrix<Float64Array>): Matrix<Float64Array> {
  const result = zeros(f.rows, cols);
  if (cols === 1) {
    for (let i = 0; i < f.rows; i++)
      result.data[i] = 1 / (1 + Math.exp(-f.data[i]! - offsets[0]!)) - labels[i]!;
    return result;
  }
  const probabilities = logisticProbabilities(f, offsets);
  for (let i = 0; i < f.rows; i++) probabilities.data[i * cols + labels[i]!]! -= 1;
  return probabilities;
}

/** ‖W(Π − Y) + 2λA‖. */
function gradientNorm(task: Task, { a, f }: State): number {
  const errors = errorsAt(task, f);
  let sum = 0;
  for (let at = 0; at < a.data.length; at++)
    sum += (task.weights[Math.floor(at / task.cols)]! * errors.data[at]! + 2 * task.ridge * a.data[at]!) ** 2;
  return Math.sqrt(sum);
}

/** from + t (to − from). */
function mix(from: Matrix<Float64Array>, to: Matrix<Float64Array>, t: number): Matrix<Float64Array> {
  const data = from.data.map((value, at) => value + t * (to.data[at]! - value));
  return { data, rows: from.rows, cols: from.cols };
}
