import { type Matrix, zeros } from "../linalg/index.ts";

/** Solutions of several systems with one matrix, column by column. */
export interface ConjugateGradientSolution {
  readonly x: Matrix<Float64Array>;
  /** `stalled`: a column stopped improving, as rounding in the products allows no better. `interrupted`: by `enough`. */
  readonly outcome: "converged" | "out-of-steps" | "stalled" | "interrupted";
  readonly steps: number;
  /** ‖b − A x‖ / ‖b‖ (or `scale`) of every column at the end, as the recurrence knows it. */
  readonly residuals: Float64Array;
}

/** When conjugate gradients end. */
export interface ConjugateGradientOptions {
  /** Stop when every column's residual is below this part of its right-hand side. Default 1e-6. */
  readonly tolerance?: number;
  /** Default: the number of rows. */
  readonly maxSteps?: number;
  /** What the norms of the residuals are parts of. Default: the norms of the columns of b. */
  readonly scale?: Float64Array | undefined;
  readonly signal?: AbortSignal | undefined;
  /** When it is aborted no further step is made, and the solution so far is the answer. */
  readonly enough?: AbortSignal | undefined;
  /** Steps that are made even when it is enough. Default 0. */
  readonly leastSteps?: number;
  /** Told the residuals after every step. */
  readonly onStep?: ((step: number, residuals: Float64Array) => void) | undefined;
}

/**
 * Preconditioned conjugate gradients for A_l x_l = b_l, many columns at a time. The products see all columns together, so one
 * pass over a stored matrix serves them all; the A_l may differ by a multiple of the identity. Vectors are float64
 * whatever the precision of the products.
 *
 * @param multiply - V ↦ [A_1 v_1, A_2 v_2, …], A_l symmetric positive definite
 * @param precondition - R ↦ [P_1⁻¹ r_1, …] with P_l ≈ A_l
 * @see Hestenes and Stiefel 1952; Saad, "Iterative Methods for Sparse Linear Systems", Algorithm 9.1
 */
export async function conjugateGradients(
  multiply: (v: Matrix<Float64Array>) => Promise<Matrix>,
  precondition: (r: Matrix<Float64Array>) => Promise<Matrix>,
  b: Matrix,
  {
    tolerance = 1e-6,
    maxSteps = b.rows,
    scale: given,
    signal,
    enough,
    leastSteps = 0,
    onStep,
  }: ConjugateGradientOptions = {},
): Promise<ConjugateGradientSolution> {
  const { rows: n, cols: w } = b;
  const x = zeros(n, w);
  const r: Matrix<Float64Array> = { data: Float64Array.from(b.data), rows: n, cols: w };
  const norms = dots(r, r).map(Math.sqrt);
  const scale = given ?? norms;
  const residuals = norms.map((norm, l) => (norm === 0 ? 0 : norm / scale[l]!));
  const active = (): boolean => residuals.some((residual) => residual > tolerance);
  if (!active()) return { x, outcome: "converged", steps: 0, residuals };
  let z = await precondition(r);
  const p: Matrix<Float64Array> = { data: Float64Array.from(z.data), rows: n, cols: w };
  let rz = dots(r, z);
  for (let step = 1; step <= maxSteps; step++) {
    signal?.throwIfAborted();
    if (enough?.aborted && step > leastSteps)
      return { x, outcome: "interrupted", steps: step - 1, residuals };
    const product = await multiply(p);
    const curvature = dots(p, product);
    // A column that is done, or whose direction has lost its curvature to rounding, no longer moves.
    const alpha = curvature.map((value, l) => (residuals[l]! > tolerance && value > 0 ? rz[l]! / value : 0));
    if (alpha.every((value) => value === 0)) return { x, outcome: "stalled", steps: step, residuals };
    for (let i = 0; i < n; i++)
      for (let l = 0; l < w; l++) {
        const at = i * w + l;
        x.data[at]! += alpha[l]! * p.data[at]!;
        r.data[at]! -= alpha[l]! * product.data[at]!;
      }
    dots(r, r).forEach((square, l) => (residuals[l] = scale[l] === 0 ? 0 : Math.sqrt(square) / scale[l]!));
    onStep?.(step, residuals);
    if (!active()) return { x, outcome: "converged", steps: step, residuals };
    z = await precondition(r);
    const next = dots(r, z);
    for (let i = 0; i < n; i++)
      for (let l = 0; l < w; l++) {
        const at = i * w + l;
        p.data[at] = z.data[at]! + (rz[l] === 0 ? 0 : next[l]! / rz[l]!) * p.data[at]!;
      }
    rz = next;
  }
  return { x, outcome: "out-of-steps", steps: maxSteps, residuals };
}

/** Inner products of the columns of two matrices. */
function dots(a: Matrix, b: Matrix): Float64Array {
  const sums = new Float64Array(a.cols);
  for (let i = 0; i < a.rows; i++)
    for (let l = 0; l < a.cols; l++) sums[l]! += a.data[i * a.cols + l]! * b.data[i * a.cols + l]!;
  return sums;
}
