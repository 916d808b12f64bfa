import { type Engine, type Matrix, type MatrixLike, zeros } from "../linalg/index.ts";
import { checkCount, checkMatrix, checkShape, type Doubles } from "./checks.ts";
import { multiply, product } from "./product.ts";
import { singularParts } from "./singular-parts.ts";

/** P_W, which turns the gradient of the loss by the end-to-end matrix into its velocity at a given depth. */
export interface Preconditioner {
  readonly depth: number;
  /** Of W, descending; those below rounding are 0. */
  readonly singularValues: Float64Array;
  /** Σ_{j=1}^N (W Wᵀ)^{(N−j)/N} G (Wᵀ W)^{(j−1)/N}, like W. Nothing larger than W is formed. */
  readonly apply: (gradient: MatrixLike) => Promise<Matrix<Float64Array>>;
  /**
   * All d_N d_0 eigenvalues, ascending: Σ_{j=1}^N σ_r^{2(N−j)/N} σ_s^{2(j−1)/N} for r ≤ d_N, s ≤ d_0, with σ = 0 beyond
   * min(d_N, d_0) and 0⁰ = 1.
   */
  readonly eigenvalues: () => Float64Array;
  /** The matrix of `apply` on column-stacked matrices, Σ_j (Wᵀ W)^{(j−1)/N} ⊗ (W Wᵀ)^{(N−j)/N}: d_N d_0 × d_N d_0. */
  readonly toMatrix: () => Promise<Matrix<Float64Array>>;
}

/**
 * Along gradient flow from a balanced start, the end-to-end matrix of N layers obeys vec(Ẇ) = −P_W vec(∇ℓ(W)): its layers have
 * no other effect.
 *
 * @param w - d_N × d_0
 * @param depth - N ≥ 1; P_W = I for 1
 * @throws RangeError for an impossible depth or matrix
 * @see Arora, Cohen and Hazan, arXiv:1802.06509, Theorem 1 and Claim 1
 */
export async function preconditioner(engine: Engine, w: MatrixLike, depth: number): Promise<Preconditioner> {
  const point = checkMatrix("preconditioner", "w", w);
  checkCount("preconditioner", "depth", depth);
  const { rows, cols } = point;
  const { u, values, vt } = await singularParts(engine, point);
  const r = values.length;

  /** Term j at singular values a (left) and b (right). */
  const term = (j: number, a: number, b: number): number =>
    a ** ((2 * (depth - j)) / depth) * b ** ((2 * (j - 1)) / depth);
  const sum = (from: number, to: number, a: number, b: number): number => {
    let total = 0;
    for (let j = from; j <= to; j++) total += term(j, a, b);
    return total;
  };

  /**
   * On a singular direction of the longer side that W lacks, one term is left: the first (W wide) or the last (W tall). It is
   * applied to the whole gradient, the other terms to its part between the singular vectors of W.
   */
  const wide = rows <= cols;
  const lone = values.map((sigma) => (wide ? term(1, sigma, 0) : term(depth, 0, sigma)));

  return {
    depth,
    singularValues: values,

    async apply(gradient) {
      const g = checkShape("preconditioner", "gradient", gradient, point);
      const part = wide
        ? await product(engine, u, g, { transposeA: true }) // r × cols
        : await product(engine, g, vt, { transposeB: true }); // rows × r
      const core = wide
        ? await product(engine, part, vt, { transposeB: true })
        : await product(engine, u, part, { transposeA: true });
      for (let i = 0; i < r; i++)
        for (let k = 0; k < r; k++)
          core.data[i * r + k]! *= sum(wide ? 2 : 1, wide ? depth : depth - 1, values[i]!, values[k]!);
      scaleSide(part, lone, wide);
      const [a, b] = wide ? [core, vt] : [u, core];
      await multiply(engine, { a, b, c: part, beta: 1 });
      return wide ? product(engine, u, part) : product(engine, part, vt);
    },

    eigenvalues() {
      const all = new Float64Array(rows * cols);
      for (let i = 0; i < rows; i++)
        for (let k = 0; k < cols; k++) all[i * cols + k] = sum(1, depth, values[i] ?? 0, values[k] ?? 0);
      return all.sort();
    },

    async toMatrix() {
      const whole = zeros(rows * cols, rows * cols);
      const v = vt;
      for (let j = 1; j <= depth; j++) {
        const left = await power(engine, u, values, (2 * (depth - j)) / depth, false);
        const right = await power(engine, v, values, (2 * (j - 1)) / depth, true);
        for (let k = 0; k < cols; k++)
          for (let i = 0; i < rows; i++) {
            const start = (k * rows + i) * rows * cols;
            for (let l = 0; l < cols; l++) {
              const factor = right.data[k * cols + l]!;
              for (let p = 0; p < rows; p++)
                whole.data[start + l * rows + p]! += factor * left.data[i * rows + p]!;
            }
          }
      }
      return whole;
    },
  };
}

/**
 * The velocity of the end-to-end matrix along gradient flow on N balanced layers, Ẇ = −P_W ∇ℓ(W): Theorem 1 of arXiv:1802.06509.
 * @throws RangeError as `preconditioner`, or when the gradient has another shape than w
 */
export async function endToEndVelocity(
  engine: Engine,
  w: MatrixLike,
  gradient: MatrixLike,
  depth: number,
): Promise<Matrix<Float64Array>> {
  const velocity = await (await preconditioner(engine, w, depth)).apply(gradient);
  for (let at = 0; at < velocity.data.length; at++) velocity.data[at] = -velocity.data[at]!;
  return velocity;
}

/** Rows (or columns) times factors. */
function scaleSide({ data, rows, cols }: Doubles, factors: Float64Array, byRow: boolean): void {
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < cols; k++) data[i * cols + k]! *= factors[byRow ? i : k]!;
}

/** Q diag(σ^exponent) Qᵀ on the whole space, the identity for exponent 0; q holds vectors in columns, or rows when `transposed`. */
async function power(
  engine: Engine,
  q: Doubles,
  values: Float64Array,
  exponent: number,
  transposed: boolean,
): Promise<Doubles> {
  const size = transposed ? q.cols : q.rows;
  const result = zeros(size, size);
  if (exponent === 0) for (let i = 0; i < size; i++) result.data[i * size + i] = 1;
  else {
    const scaled = { ...q, data: q.data.slice() };
    scaleSide(
      scaled,
      values.map((sigma) => sigma ** (exponent / 2)),
      transposed,
    );
    await engine.syrk({ a: scaled, c: result, transpose: transposed });
  }
  return result;
}
