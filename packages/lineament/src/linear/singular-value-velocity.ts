import type { Engine, MatrixLike } from "../linalg/index.ts";
import { checkCount, checkMatrix, checkNumbers, checkShape } from "./checks.ts";
import { norm } from "./norm.ts";
import { product } from "./product.ts";
import { singularParts } from "./singular-parts.ts";

export interface SingularValueVelocity {
  /** Descending. */
  readonly singularValues: Float64Array;
  /** Their derivatives by time. */
  readonly velocities: Float64Array;
}

/**
 * How fast the singular values of the end-to-end matrix move along gradient flow on N balanced layers:
 * σ̇_r = −N (σ_r²)^{1−1/N} ⟨∇ℓ(W), u_r v_rᵀ⟩. Where singular values coincide, neither singular vectors nor this are unique.
 *
 * @param depth - N ≥ 1
 * @throws RangeError for an impossible depth or matrix, or a gradient of another shape
 * @see Arora et al., arXiv:1905.13655, Theorem 3
 */
export async function singularValueVelocity(
  engine: Engine,
  w: MatrixLike,
  gradient: MatrixLike,
  depth: number,
): Promise<SingularValueVelocity> {
  const point = checkMatrix("singularValueVelocity", "w", w);
  checkCount("singularValueVelocity", "depth", depth);
  const g = checkShape("singularValueVelocity", "gradient", gradient, point);
  const { u, values, vt } = await singularParts(engine, point);
  const gv = await product(engine, g, vt, { transposeB: true });
  const r = values.length;
  const velocities = values.map((sigma, k) => {
    let slope = 0;
    for (let i = 0; i < point.rows; i++) slope += u.data[i * r + k]! * gv.data[i * r + k]!;
    return -depth * sigma ** (2 - 2 / depth) * slope;
  });
  return { singularValues: values, velocities };
}

/**
 * The velocity of a single-output network of N balanced layers in terms of w = W_N ⋯ W_1 ∈ ℝ^d:
 * ẇ = −‖w‖^{2−2/N} (g + (N − 1) ⟨w, g⟩ w / ‖w‖²). Zero at w = 0 for N ≥ 2.
 *
 * @param gradient - g = ∇ℓ(w)
 * @throws RangeError for an impossible depth, no or infinite numbers, or a gradient of another length
 * @see Arora, Cohen and Hazan, arXiv:1802.06509, Claim 2
 */
export function singleOutputVelocity(
  w: ArrayLike<number>,
  gradient: ArrayLike<number>,
  depth: number,
): Float64Array {
  checkCount("singleOutputVelocity", "depth", depth);
  const point = checkNumbers("singleOutputVelocity", "w", w);
  const g = checkNumbers("singleOutputVelocity", "gradient", gradient);
  if (point.length === 0 || g.length !== point.length)
    throw new RangeError(
      `singleOutputVelocity: w has ${point.length} numbers and gradient ${g.length}, expected as many, at least one`,
    );
  const length = norm(point);
  const speed = length ** (2 - 2 / depth);
  const along = length === 0 ? 0 : point.reduce((sum, wi, i) => sum + (wi / length) * g[i]!, 0);
  return point.map((wi, i) => -speed * (g[i]! + (length === 0 ? 0 : ((depth - 1) * along * wi) / length)));
}
