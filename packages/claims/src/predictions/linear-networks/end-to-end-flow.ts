import { Matrix } from "ml-matrix";
import { checkDepth } from "./check-depth.ts";
import { integrate, type IntegrateOptions } from "./integrate.ts";
import { matrixOf, type Rows } from "./rows.ts";
import { singularTriplets } from "./singular-values.ts";

/**
 * Ẇ = −Σ_{j=1}^n (WWᵀ)^{(n−j)/n} G (WᵀW)^{(j−1)/n}: how the end-to-end matrix of n balanced layers moves along gradient flow,
 * with no reference to the layers. The power 0 is the identity on the whole space; powers are taken of singular values.
 *
 * @param w - W, d_n × d_0
 * @param gradient - G = ∇ℓ(W)
 * @param depth - n
 * @see Arora, Cohen & Hazan, arXiv:1802.06509, Theorem 1; claim LN-06
 */
export function endToEndVelocity(w: Rows, gradient: Rows, depth: number): number[][] {
  checkDepth("endToEndVelocity", depth);
  const { u, values, v } = singularTriplets(w);
  const slope = matrixOf(gradient);
  const velocity = Matrix.zeros(slope.rows, slope.columns);
  for (let j = 1; j <= depth; j++) {
    const left = gramPower(u, values, (depth - j) / depth);
    const right = gramPower(v, values, (j - 1) / depth);
    velocity.sub(left.mmul(slope).mmul(right));
  }
  return velocity.to2DArray();
}

/**
 * W(t) at the given times from W(0) = start: the solution of the end-to-end dynamics. It never changes its rank, or the sign of its
 * determinant; where it comes so close to lower rank that rounding does (for two layers exponentially fast), the flow continues from
 * the other side.
 *
 * @param gradientOf - ∇ℓ(W)
 * @param times - ascending, 0 or later
 * @throws RangeError as `integrate` does
 */
export function endToEndFlow(
  flow: {
    readonly start: Rows;
    readonly depth: number;
    gradientOf(w: Rows): Rows;
  },
  times: readonly number[],
  options: IntegrateOptions = {},
): number[][][] {
  const columns = flow.start[0]!.length;
  const rowsOf = (state: readonly number[]): number[][] =>
    flow.start.map((_, i) => state.slice(i * columns, (i + 1) * columns));
  const velocity = (state: readonly number[]): number[] => {
    const w = rowsOf(state);
    return endToEndVelocity(w, flow.gradientOf(w), flow.depth).flat();
  };
  return integrate(velocity, flow.start.flat(), times, options).map(rowsOf);
}

/** W − Φ: the gradient of ½ ‖W − Φ‖_F². */
export function factorizationGradient(target: Rows): (w: Rows) => number[][] {
  return (w) => w.map((row, i) => row.map((value, j) => value - target[i]![j]!));
}

/** (WWᵀ)^power from the left singular vectors of W, (WᵀW)^power from the right ones. */
function gramPower(basis: Matrix, values: readonly number[], power: number): Matrix {
  if (power === 0) return Matrix.eye(basis.rows);
  const scaled = basis.clone().mulRowVector(values.map((value) => value ** (2 * power)));
  return scaled.mmul(basis.transpose());
}
