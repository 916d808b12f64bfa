import { breather, type Engine, type Matrix, type MatrixLike, zeros } from "../linalg/index.ts";
import { checkMatrix, checkPositive, type Doubles } from "./checks.ts";
import { type Measurements, measurementsOf } from "./measurements.ts";
import { norm } from "./norm.ts";
import { entriesOf, type ObservedEntries } from "./observed-entries.ts";
import { multiply, product } from "./product.ts";

export interface MinimumNuclearNormOptions {
  /** Stop when both halves of an iteration agree and rest within this part of ‖X‖_F. Default 1e-6. */
  readonly tolerance?: number;
  /** And the relative duality gap is at most this. Default 1e-6. */
  readonly gap?: number;
  /** Default 20,000. */
  readonly maxIterations?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface MinimumNuclearNorm {
  /** X; it agrees with what was observed up to rounding. */
  readonly matrix: Matrix<Float64Array>;
  /** ‖X‖_*. */
  readonly nuclearNorm: number;
  /** No matrix that agrees with what was observed has a smaller nuclear norm: ⟨Λ, X⟩ / max(1, ‖Λ‖₂). */
  readonly lowerBound: number;
  /** (‖X‖_* − lower bound) / ‖X‖_*: 0 up to rounding for the exact minimum, whatever `outcome` says. */
  readonly relativeGap: number;
  /** Λ/max(1, ‖Λ‖₂): of spectral norm at most 1, a combination of the measurements. The certificate. */
  readonly certificate: Matrix<Float64Array>;
  readonly iterations: number;
  readonly outcome: "converged" | "out-of-iterations";
}

/** Of the mean singular value, in τ: where recovery is hard, a few times fewer iterations than with 1; where easy, twice as many. */
const SHARE = 0.25;
/** Over-relaxation: a third fewer iterations. */
const RELAXATION = 1.6;

/**
 * min ‖X‖_* (the sum of singular values) subject to what was observed: entries, or linear measurements. By the alternating
 * direction method of multipliers: X ← SVT_τ(Z − U), Y ← 1.6 X − 0.6 Z, Z ← Π(Y + U), U ← U + Y − Z, with singular-value
 * thresholding SVT and the projection Π on the matrices that agree; τ is a quarter of the mean singular value of Π(0). The dual
 * variable Λ = −U/τ certifies the result. Each iteration is one singular value decomposition. Where the minimum is no good
 * recovery, a thousand of them may be needed.
 *
 * @throws RangeError when what was observed is empty, not finite, or contradicts itself; the signal's reason when aborted
 * @see Recht, Fazel and Parrilo, arXiv:0706.4138 (duality); Boyd et al. 2011, "Distributed optimization and statistical learning
 * via the alternating direction method of multipliers"
 */
export async function minimumNuclearNorm(
  engine: Engine,
  observed: ObservedEntries | Measurements,
  { tolerance = 1e-6, gap = 1e-6, maxIterations = 20_000, signal }: MinimumNuclearNormOptions = {},
): Promise<MinimumNuclearNorm> {
  checkPositive("minimumNuclearNorm", "tolerance", tolerance);
  checkPositive("minimumNuclearNorm", "gap", gap);
  if (!(Number.isInteger(maxIterations) && maxIterations >= 1))
    throw new RangeError(
      `minimumNuclearNorm: maxIterations is ${maxIterations}, expected a whole number ≥ 1`,
    );
  const { rows, cols } = observed;
  const project = "matrices" in observed ? await ontoMeasurements(engine, observed) : ontoEntries(observed);
  let z = zeros(rows, cols);
  await project(z);
  const { values } = await engine.singularValues(z);
  const tau = (SHARE * values.reduce((sum, sigma) => sum + sigma, 0)) / values.length;
  const u = zeros(rows, cols);
  if (tau === 0) return { ...(await certified(engine, z, u, tau)), iterations: 0, outcome: "converged" };
  const pause = breather(signal);
  let nextCheck = 1;
  for (let iteration = 1; ; iteration++) {
    signal?.throwIfAborted();
    const x = await thresholded(engine, difference(z, u), tau);
    const before = z;
    for (let at = 0; at < u.data.length; at++)
      u.data[at]! += RELAXATION * x.data[at]! + (1 - RELAXATION) * before.data[at]!;
    z = { ...u, data: u.data.slice() };
    await project(z);
    for (let at = 0; at < u.data.length; at++) u.data[at]! -= z.data[at]!;
    const moved = Math.max(norm(difference(x, z).data), norm(difference(z, before).data));
    const rests = moved <= tolerance * norm(z.data);
    const last = iteration >= maxIterations;
    if (last || (rests && iteration >= nextCheck)) {
      const result = await certified(engine, z, u, tau);
      const converged = rests && result.relativeGap <= gap;
      if (last || converged)
        return { ...result, iterations: iteration, outcome: converged ? "converged" : "out-of-iterations" };
      nextCheck = 1.1 * iteration; // a certificate costs as much as two iterations
    }
    await pause();
  }
}

/**
 * Soft-thresholded singular values: U max(Σ − τ, 0) Vᵀ, the minimizer of τ ‖X‖_* + ½ ‖X − Y‖_F².
 * @throws RangeError unless τ > 0, or when Y is empty or not finite
 */
export async function singularValueThreshold(
  engine: Engine,
  y: MatrixLike,
  tau: number,
): Promise<Matrix<Float64Array>> {
  checkPositive("singularValueThreshold", "tau", tau);
  return thresholded(engine, checkMatrix("singularValueThreshold", "y", y), tau);
}

async function thresholded(engine: Engine, y: Doubles, tau: number): Promise<Doubles> {
  const { u, values, vt } = await engine.singularValues(y);
  const kept = values.filter((sigma) => sigma > tau).length;
  const left = zeros(y.rows, kept);
  for (let i = 0; i < y.rows; i++)
    for (let r = 0; r < kept; r++)
      left.data[i * kept + r] = (values[r]! - tau) * u.data[i * values.length + r]!;
  if (kept === 0) return zeros(y.rows, y.cols);
  return product(engine, left, {
    data: (vt as Doubles).data.subarray(0, kept * y.cols),
    rows: kept,
    cols: y.cols,
  });
}

/** Moves a matrix to the nearest one that agrees with what was observed, in place. */
type Projection = (y: Doubles) => Promise<void> | void;

function ontoEntries(observed: ObservedEntries): Projection {
  const { at, values } = entriesOf("minimumNuclearNorm", observed);
  return ({ data }) => {
    for (let k = 0; k < at.length; k++) data[at[k]!] = values[k]!;
  };
}

/** Y + Q (Σ⁻¹ Pᵀ b − Qᵀ vec Y) with the thin decomposition A = P Σ Qᵀ: measurements may repeat each other. */
async function ontoMeasurements(engine: Engine, measurements: Measurements): Promise<Projection> {
  const { a, b } = measurementsOf("minimumNuclearNorm", measurements);
  const { u: p, values, vt } = await engine.singularValues(a);
  const rounding = Math.max(a.rows, a.cols) * Number.EPSILON * values[0]!;
  const rank = values.filter((sigma) => sigma > rounding).length;
  const coordinates = new Float64Array(rank);
  const explained = new Float64Array(b.length);
  for (let r = 0; r < rank; r++) {
    let along = 0;
    for (let i = 0; i < b.length; i++) along += p.data[i * values.length + r]! * b[i]!;
    coordinates[r] = along / values[r]!;
    for (let i = 0; i < b.length; i++) explained[i]! += along * p.data[i * values.length + r]!;
  }
  const contradiction = norm(b.map((value, i) => value - explained[i]!));
  if (contradiction > 1e-9 * norm(b))
    throw new RangeError(
      `minimumNuclearNorm: no matrix has these measurements, the nearest misses them by ${contradiction.toPrecision(3)}: remove those that contradict others`,
    );
  const q = { data: (vt as Doubles).data.subarray(0, rank * a.cols), rows: rank, cols: a.cols };
  const missing = zeros(rank, 1);
  return async ({ data }) => {
    const y = { data, rows: data.length, cols: 1 };
    missing.data.set(coordinates);
    await multiply(engine, { a: q, b: y, c: missing, alpha: -1, beta: 1 });
    await multiply(engine, { a: q, b: missing, c: y, transposeA: true, beta: 1 });
  };
}

async function certified(
  engine: Engine,
  z: Doubles,
  u: Doubles,
  tau: number,
): Promise<Omit<MinimumNuclearNorm, "iterations" | "outcome">> {
  const size = (await engine.singularValues(z)).values.reduce((sum, sigma) => sum + sigma, 0);
  const scale = tau === 0 ? 1 : Math.max(tau, (await engine.singularValues(u)).values[0]!);
  const certificate = { ...u, data: u.data.map((value) => (value === 0 ? 0 : -value / scale)) };
  // U is a combination of the measurements, Λ = A*ν, so that ⟨Λ, X⟩ = ⟨ν, b⟩ for every X that agrees.
  const lowerBound = certificate.data.reduce((total, value, at) => total + value * z.data[at]!, 0);
  const relativeGap = size === 0 ? 0 : (size - lowerBound) / size;
  return { matrix: z, nuclearNorm: size, lowerBound, relativeGap, certificate };
}

function difference(a: Doubles, b: Doubles): Doubles {
  return { ...a, data: a.data.map((value, at) => value - b.data[at]!) };
}
