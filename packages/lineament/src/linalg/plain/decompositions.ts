import { EigenvalueDecomposition, Matrix as MlMatrix, SingularValueDecomposition } from "ml-matrix";
import type { EigenSymmetric, SingularValues } from "../engine.ts";
import type { Matrix } from "../matrix.ts";
import { precisionOf, zeros } from "../matrix.ts";

/** A = Q diag(values) Qᵀ in float64, values ascending. Only the lower triangle of `a` is trusted. */
export function eigenSymmetric(a: Matrix): EigenSymmetric {
  const n = a.rows;
  if (n === 0) return { values: new Float64Array(0), vectors: zeros(0, 0, precisionOf(a)) };
  const unit = unitOf(a);
  const full = new MlMatrix(n, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      full.set(i, j, a.data[i * n + j]! / unit);
      full.set(j, i, a.data[i * n + j]! / unit);
    }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(full, { assumeSymmetric: true });
  const order = realEigenvalues.map((_, i) => i).sort((i, j) => realEigenvalues[i]! - realEigenvalues[j]!);
  const vectors = zeros(n, n, precisionOf(a));
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) vectors.data[i * n + j] = eigenvectorMatrix.get(i, order[j]!);
  return { values: Float64Array.from(order, (i) => unit * realEigenvalues[i]!), vectors };
}

/** The thin A = U diag(values) Vᵀ in float64, values descending. */
export function singularValues(a: Matrix): SingularValues {
  const { rows, cols } = a;
  const r = Math.min(rows, cols);
  const u = zeros(rows, r, precisionOf(a));
  const vt = zeros(r, cols, precisionOf(a));
  if (r === 0) return { values: new Float64Array(0), u, vt };
  const full = new MlMatrix(rows, cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) full.set(i, j, a.data[i * cols + j]!);
  const result = new SingularValueDecomposition(full, { autoTranspose: true });
  for (let t = 0; t < r; t++) {
    for (let i = 0; i < rows; i++) u.data[i * r + t] = result.leftSingularVectors.get(i, t);
    for (let j = 0; j < cols; j++) vt.data[t * cols + j] = result.rightSingularVectors.get(j, t);
  }
  return { values: Float64Array.from({ length: r }, (_, t) => result.diagonal[t]!), u, vt };
}

/** The power of two at the size of the entries: without it the squares of very large or small ones leave float64. */
function unitOf({ data }: Matrix): number {
  let largest = 0;
  for (const value of data) largest = Math.max(largest, Math.abs(value));
  return largest > 0 && largest < Infinity ? 2 ** Math.max(-1000, Math.floor(Math.log2(largest))) : 1;
}
