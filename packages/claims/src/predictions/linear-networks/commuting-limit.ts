import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { checkDepth } from "./check-depth.ts";
import { matrixOf, type Rows } from "./rows.ts";

/** Sensing with commuting symmetric measurements, in their common eigenbasis, by n layers that start as α^{1/n} I. */
export interface CommutingSensing {
  /** A, m × d, m ≤ d: the eigenvalues of each measurement. */
  readonly measurements: Rows;
  /** b. */
  readonly results: readonly number[];
  /** n ≥ 2. */
  readonly depth: number;
  /** α > 0. */
  readonly alpha: number;
}

/**
 * Eigenvalues of the end-to-end matrix where gradient flow on ½ ‖A w − b‖² ends: argmin {Σ_i Q(w_i): A w = b}, Q as in
 * `bregmanPotential`. As α → 0 the one of least sum, for every depth.
 *
 * By Newton's method on the dual, w_i = α e^{2z_i} (n = 2) or (α^{−k} − (n − 2) z_i)^{−1/k}, k = 1 − 2/n, with z = Aᵀν.
 *
 * @throws RangeError when it does not come to A w = b: rows of A are dependent, or no w > 0 solves it
 * @see Gunasekar et al., arXiv:1705.09280; Arora, Cohen, Hu & Luo, arXiv:1905.13655; claim LN-21
 */
export function commutingLimit({ measurements, results, depth, alpha }: CommutingSensing): number[] {
  checkDepth("commutingLimit", depth, 2);
  if (!(alpha > 0) || measurements.length !== results.length)
    throw new RangeError(
      `commutingLimit: scale ${alpha}, ${measurements.length} measurements, ${results.length} results; give α > 0 and a result for each`,
    );
  const a = matrixOf(measurements);
  const b = Matrix.columnVector([...results]);
  // The dual: ½ Σ w^{2/n} − ⟨ν, b⟩ is convex in ν with gradient A w − b and Hessian A diag(n w^{2−2/n}) Aᵀ.
  const at = (nu: Matrix): DualPoint => {
    const w = a
      .transpose()
      .mmul(nu)
      .to1DArray()
      .map((z) => primal(z, depth, alpha));
    return { nu, w, objective: w.reduce((sum, value) => sum + value ** (2 / depth) / 2, 0) - nu.dot(b) };
  };
  let point = at(Matrix.zeros(a.rows, 1));
  for (let iteration = 0; iteration < 200; iteration++) {
    const { nu, w, objective } = point;
    const residual = a.mmul(Matrix.columnVector(w)).sub(b);
    // Rounding α^{−k} − (n − 2) z changes w by the relative (w/α)^k.
    const weights = w.map((value) => value * Math.max(1, (value / alpha) ** (1 - 2 / depth)));
    if (residual.norm("frobenius") <= 1e-14 * a.norm("frobenius") * Math.hypot(...weights)) return w;
    const root = a.clone().mulRowVector(w.map((value) => Math.sqrt(depth) * value ** (1 - 1 / depth)));
    const factor = new CholeskyDecomposition(root.mmul(root.transpose()));
    if (!factor.isPositiveDefinite()) break;
    const direction = factor.solve(residual).neg();
    const slope = residual.dot(direction);
    let length = 2;
    do {
      length /= 2;
      point = at(Matrix.add(nu, Matrix.mul(direction, length)));
      // A smaller decrease than its last digits cannot be seen in the objective.
    } while (
      length > 1e-16 &&
      !(point.objective <= objective + 1e-4 * length * slope + 1e-15 * Math.abs(objective))
    );
  }
  throw new RangeError(
    "commutingLimit: found no w > 0 with A w = b; give independent measurements and results that a positive w has",
  );
}

/**
 * Q(w) with Q″ = 1/(n w^{2−2/n}) and Q′(α) = 0: ½ (w ln(w/α) − w) for n = 2, (α^{−(1−2/n)} w − (n/2) w^{2/n})/(n − 2) for n ≥ 3.
 */
export function bregmanPotential(w: number, depth: number, alpha: number): number {
  checkDepth("bregmanPotential", depth, 2);
  if (depth === 2) return ((w === 0 ? 0 : w * Math.log(w / alpha)) - w) / 2;
  return (alpha ** -(1 - 2 / depth) * w - (depth / 2) * w ** (2 / depth)) / (depth - 2);
}

interface DualPoint {
  readonly nu: Matrix;
  readonly w: number[];
  readonly objective: number;
}

/** The inverse of Q′; Infinity beyond its range. */
function primal(z: number, depth: number, alpha: number): number {
  if (depth === 2) return alpha * Math.exp(2 * z);
  const k = 1 - 2 / depth;
  const left = alpha ** -k - (depth - 2) * z;
  return left > 0 ? left ** (-1 / k) : Infinity;
}
