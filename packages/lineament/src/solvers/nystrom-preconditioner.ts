import {
  convert,
  type Engine,
  type Matrix,
  precisionOf,
  type Random,
  sample,
  zeros,
} from "../linalg/index.ts";

/**
 * A preconditioner for K + λ I from some columns of K: K ≈ B̂ᵀ Θ B̂ + σ I, with B̂ (rank × n, orthonormal rows) and Θ from the
 * Nyström approximation of the columns, and σ the mean of the diagonal that it misses. Its inverse
 * P⁻¹ v = v/(σ + λ) + B̂ᵀ [1/(Θ + σ + λ) − 1/(σ + λ)] B̂ v costs 4 · rank · n a column, for any λ.
 *
 * The flat part σ is what makes it good for kernels whose spectrum has a long even tail, as Laplace kernels in many
 * dimensions have.
 *
 * @see Frangella, Tropp and Udell, "Randomized Nyström preconditioning", SIAM J. Matrix Anal. Appl. 44 (2023)
 */
export interface NystromPreconditioner {
  readonly rank: number;
  /** [P_1⁻¹ r_1, P_2⁻¹ r_2, …] with λ_l of column l. */
  apply(r: Matrix, ridges: Float64Array): Promise<Matrix>;
}

/**
 * Prepares the preconditioner from `rank` random columns of K: about rank² n + rank³ operations and rank · n numbers.
 *
 * @param k - symmetric, both triangles filled; not changed
 * @param n - for the leading n × n block of K. Default all of it
 * @returns undefined when the block of the chosen columns is not positive definite even with 1e-6 of the mean diagonal on its own
 */
export async function nystromPreconditioner(
  engine: Engine,
  k: Matrix,
  rank: number,
  generator: Random,
  n: number = k.rows,
): Promise<NystromPreconditioner | undefined> {
  const rows = sample(n, rank, generator);
  const b = zeros(rank, n);
  rows.forEach((i, at) => b.data.set(k.data.subarray(i * k.rows, i * k.rows + n), at * n));
  let trace = 0;
  for (let i = 0; i < n; i++) trace += k.data[i * k.rows + i]!;
  const w = zeros(rank, rank);
  for (let i = 0; i < rank; i++) {
    for (let j = 0; j < rank; j++) w.data[i * rank + j] = b.data[i * n + rows[j]!]!;
    w.data[i * rank + i]! += (1e-6 * trace) / n;
  }
  if ((await engine.cholesky(w)).outcome !== "factored") return undefined;
  await engine.solveTriangular({ l: w, b });
  let captured = 0;
  for (const value of b.data) captured += value * value;
  const tail = Math.max(0, (trace - captured) / n);
  const gram = zeros(rank, rank);
  await engine.syrk({ a: b, c: gram });
  const { values, vectors } = await engine.eigenSymmetric(gram);
  const scaled = convert(vectors, "float64");
  const floor = 1e-10 * values.at(-1)!;
  for (let j = 0; j < rank; j++) {
    const factor = values[j]! > floor ? 1 / Math.sqrt(values[j]!) : 0;
    for (let i = 0; i < rank; i++) scaled.data[i * rank + j]! *= factor;
  }
  const basis64 = zeros(rank, n);
  await engine.gemm({ a: scaled, b, transposeA: true, c: basis64 });
  const precision = precisionOf(k);
  const basis = engine.allocate(rank, n, precision);
  basis.data.set(basis64.data);
  const workspace = (width: number): { width: number; stored: Matrix; inner: Matrix; out: Matrix } => ({
    width,
    stored: engine.allocate(n, width, precision),
    inner: engine.allocate(rank, width, precision),
    out: engine.allocate(n, width, precision),
  });
  let memory: ReturnType<typeof workspace> | undefined;
  return {
    rank,
    async apply(r, ridges) {
      const { width, stored, inner, out } = (memory = memory?.width === r.cols ? memory : workspace(r.cols));
      stored.data.set(r.data);
      await engine.gemm({ a: basis, b: stored, c: inner });
      for (let j = 0; j < rank; j++)
        for (let l = 0; l < width; l++) {
          const flat = tail + ridges[l]!;
          inner.data[j * width + l]! *= 1 / (values[j]! + flat) - 1 / flat;
        }
      await engine.gemm({ a: basis, b: inner, transposeA: true, c: out });
      const result = zeros(n, width);
      for (let at = 0; at < result.data.length; at++)
        result.data[at] = out.data[at]! + r.data[at]! / (tail + ridges[at % width]!);
      return result;
    },
  };
}
