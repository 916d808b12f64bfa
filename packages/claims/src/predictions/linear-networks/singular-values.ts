import { Matrix } from "ml-matrix";
import { dot } from "../dot.ts";
import { matrixOf, type Rows } from "./rows.ts";

/** W = u diag(values) vᵀ for a d_n × d_0 matrix W, k = min(d_n, d_0). */
export interface SingularTriplets {
  /** d_n × k. On the shorter side of W, and for values above 0, columns are orthonormal; others may be 0. */
  readonly u: Matrix;
  /** k numbers, descending. Those at rounding error of the largest are exactly 0. */
  readonly values: readonly number[];
  /** d_0 × k. */
  readonly v: Matrix;
}

/**
 * The thin singular value decomposition, by rotating pairs of columns until all are orthogonal: slow for large matrices, but exact
 * to rounding, and it comes to an end for tiny entries, where ml-matrix does not.
 *
 * Values that are 0 up to rounding are set to 0, because fractional powers would blow them up: 10⁻¹⁶ is 10⁻⁴ under the power 1/4.
 *
 * @throws RangeError for a matrix without entries, or with entries that are not finite
 * @see Hestenes 1958; Demmel & Veselić 1992
 */
export function singularTriplets(w: Rows): SingularTriplets {
  const shorter = Math.min(w.length, w[0]?.length ?? 0);
  if (shorter === 0 || !w.every((row) => row.every(Number.isFinite)))
    throw new RangeError("singularTriplets: no entries, or some not finite; give a matrix of finite numbers");
  const wide = shorter < w[0]!.length;
  const scale = Math.max(...w.flat().map(Math.abs)) || 1;
  const lines = (wide ? matrixOf(w) : matrixOf(w).transpose()).div(scale).to2DArray();
  const turns = Matrix.eye(shorter).to2DArray();
  orthogonalize(lines, turns);
  const triplets = lines
    .map((line, i) => ({ line, turn: turns[i]!, value: Math.hypot(...line) }))
    .sort((a, b) => b.value - a.value);
  const rounding = Number.EPSILON * Math.max(w.length, w[0]!.length) * triplets[0]!.value;
  const directions = triplets.map(({ line, value }) => line.map((x) => (value > 0 ? x / value : 0)));
  const longSide = new Matrix(directions).transpose();
  const shortSide = new Matrix(triplets.map(({ turn }) => turn)).transpose();
  return {
    u: wide ? shortSide : longSide,
    values: triplets.map(({ value }) => (value > rounding ? value * scale : 0)),
    v: wide ? longSide : shortSide,
  };
}

/** σ_1 ≥ … ≥ σ_k of a d_n × d_0 matrix, k = min(d_n, d_0). */
export function singularValues(w: Rows): readonly number[] {
  return singularTriplets(w).values;
}

/** Turns pairs of lines by Jacobi rotations until all are orthogonal, and others along with them. */
function orthogonalize(lines: number[][], others: number[][]): void {
  for (let sweep = 0, turned = true; turned && sweep < 60; sweep++) {
    turned = false;
    for (let p = 0; p < lines.length; p++)
      for (let q = p + 1; q < lines.length; q++) {
        const first = dot(lines[p]!, lines[p]!);
        const second = dot(lines[q]!, lines[q]!);
        const overlap = dot(lines[p]!, lines[q]!);
        if (Math.abs(overlap) <= Number.EPSILON * Math.sqrt(first * second)) continue;
        turned = true;
        const cotangent = (second - first) / (2 * overlap);
        const tangent = (cotangent < 0 ? -1 : 1) / (Math.abs(cotangent) + Math.hypot(1, cotangent));
        rotate(lines[p]!, lines[q]!, tangent);
        rotate(others[p]!, others[q]!, tangent);
      }
  }
}

function rotate(p: number[], q: number[], tangent: number): void {
  const cosine = 1 / Math.hypot(1, tangent);
  const sine = cosine * tangent;
  for (let i = 0; i < p.length; i++) {
    const value = p[i]!;
    p[i] = cosine * value - sine * q[i]!;
    q[i] = sine * value + cosine * q[i]!;
  }
}
