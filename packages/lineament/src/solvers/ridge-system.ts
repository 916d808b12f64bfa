import { type Engine, type Matrix, type Numbers, precisionOf, zeros } from "../linalg/index.ts";
import { iteratedRidge, type IteratedRidgeOptions, type IteratedRidgeSolution } from "./iterated-ridge.ts";

/** How a factorization went. `jitter` was added to the diagonal because the matrix was not numerically positive definite. */
export interface FactorReport {
  readonly outcome: "factored" | "jittered" | "not-positive-definite";
  readonly jitter: number;
}

/** Coefficients A with (K + Λ) A = Y, and the relative residual ‖Y − (K + Λ) A‖ / ‖Y‖ where it was measured. */
export interface RidgeSolution {
  readonly coefficients: Matrix<Float64Array>;
  readonly residual: number | undefined;
}

/** Jitters tried in turn, in units of the mean diagonal of K. Not of K + Λ: rows of little weight have a large λ / w. */
const JITTERS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4];

/** Above this many multiplications a float64 residual costs more than it is worth without being asked for. */
const CHEAP_REFINEMENT = 1e9;

/**
 * The system (K + Λ) A = Y for a kernel matrix K, Λ = λ I, or λ W⁻¹ with weights (no factor n).
 *
 * One n × n array holds both K (strict upper triangle; its diagonal is kept aside) and its Cholesky factor (lower triangle): a
 * second λ, a retry with jitter and the refinement residual all find K unharmed and need no other n² memory.
 */
export class RidgeSystem {
  readonly #engine: Engine;
  readonly #k: Matrix;
  readonly #diagonal: Float64Array;
  /** The mean of the diagonal: the unit of jitters. */
  readonly #scale: number;
  #shift: Float64Array | undefined;
  #lowerIsKernel = true;

  /** @param k - symmetric kernel matrix, both triangles filled. It is taken over: do not use it afterwards. */
  constructor(engine: Engine, k: Matrix) {
    this.#engine = engine;
    this.#k = k;
    this.#diagonal = Float64Array.from({ length: k.rows }, (_, i) => k.data[i * k.rows + i]!);
    this.#scale = this.#diagonal.reduce((sum, value) => sum + value, 0) / Math.max(1, k.rows);
  }

  /**
   * Cholesky factorization of K + Λ. On a non-positive pivot the factorization is tried again from the intact K with
   * growing jitter, which is reported; after the last one the outcome is `not-positive-definite`.
   *
   * @param ridge - λ, or one λ / w_i a row
   */
  async factor(ridge: number | Float64Array): Promise<FactorReport> {
    const { rows: n } = this.#k;
    const base = typeof ridge === "number" ? new Float64Array(n).fill(ridge) : ridge;
    for (const relative of [0, ...JITTERS]) {
      const jitter = relative * this.#scale;
      this.#restoreKernel();
      this.#shift = base.map((value) => value + jitter);
      for (let i = 0; i < n; i++) this.#k.data[i * n + i] = this.#diagonal[i]! + this.#shift[i]!;
      this.#lowerIsKernel = false;
      const { outcome } = await this.#engine.cholesky(this.#k);
      if (outcome === "factored") return { outcome: jitter === 0 ? "factored" : "jittered", jitter };
    }
    return { outcome: "not-positive-definite", jitter: 0 };
  }

  /**
   * Solves for all columns of Y with the last factor.
   *
   * @param refinements - steps of iterative refinement with a float64 residual; default 1 where that is cheap, else 0.
   * With an explicit 0 the residual is not measured either.
   */
  async solve(y: Matrix, refinements?: number): Promise<RidgeSolution> {
    const { rows: n } = this.#k;
    const cheap = n * n * y.cols <= CHEAP_REFINEMENT;
    const steps = refinements ?? (cheap ? 1 : 0);
    const coefficients = zeros(n, y.cols);
    const scale = norm(y.data);
    let remaining: Matrix = y;
    for (let step = 0; ; step++) {
      const correction = this.#engine.allocate(n, y.cols, precisionOf(this.#k));
      correction.data.set(remaining.data);
      await this.applyInverse(correction);
      for (let i = 0; i < coefficients.data.length; i++) coefficients.data[i]! += correction.data[i]!;
      if (step === steps && (!cheap || refinements === 0)) return { coefficients, residual: undefined };
      remaining = this.#residual(y, coefficients);
      const residual = scale === 0 ? 0 : norm(remaining.data) / scale;
      if (step === steps || residual < 1e-12) return { coefficients, residual };
    }
  }

  /** `iteratedRidge` on the intact K, without a factor. */
  iterate(
    ridges: readonly number[],
    y: Matrix,
    options: IteratedRidgeOptions = {},
  ): Promise<(IteratedRidgeSolution | undefined)[]> {
    this.#restoreKernel();
    return iteratedRidge(this.#engine, this.#k, ridges, y, options);
  }

  /** B ← (K + Λ)⁻¹ B with the last factor, in the precision of the system. */
  async applyInverse(b: Matrix): Promise<void> {
    await this.#engine.solveTriangular({ l: this.#k, b });
    await this.#engine.solveTriangular({ l: this.#k, b, transposed: true });
  }

  /** B ← L⁻¹ B: the columns' squared norms are bᵀ (K + Λ)⁻¹ b. */
  async whiten(b: Matrix): Promise<void> {
    await this.#engine.solveTriangular({ l: this.#k, b });
  }

  /** The diagonal of (K + Λ)⁻¹, from L⁻¹ in column blocks: C_ii = Σ_j (L⁻¹)_ji². n³ flops. */
  async inverseDiagonal(): Promise<Float64Array> {
    const { rows: n } = this.#k;
    const diagonal = new Float64Array(n);
    const width = Math.min(n, 1024);
    for (let start = 0; start < n; start += width) {
      const size = Math.min(width, n - start);
      const b = this.#engine.allocate(n, size, precisionOf(this.#k));
      for (let j = 0; j < size; j++) b.data[(start + j) * size + j] = 1;
      await this.whiten(b);
      for (let i = start; i < n; i++)
        for (let j = 0; j < size; j++) diagonal[start + j]! += b.data[i * size + j]! ** 2;
    }
    return diagonal;
  }

  /**
   * What the last `count` rows would miss by if they were left out together: Y_c − f⁽⁻ᶜ⁾(X_c) = (C_cc)⁻¹ A_c with
   * C = (K + Λ)⁻¹. For the last rows C_cc⁻¹ = L_cc L_ccᵀ, a corner of the factor, so this costs count² a column.
   *
   * @param coefficients - A, the solution with the last factor
   * @returns count × c
   */
  heldOutResiduals(coefficients: Matrix, count: number): Matrix<Float64Array> {
    const { data: l, rows: n } = this.#k;
    const { cols: c } = coefficients;
    const first = n - count;
    const half = zeros(count, c);
    const result = zeros(count, c);
    for (let i = 0; i < count; i++)
      for (let j = 0; j <= i; j++) {
        const entry = l[(first + i) * n + first + j]!;
        for (let k = 0; k < c; k++) half.data[j * c + k]! += entry * coefficients.data[(first + i) * c + k]!;
      }
    for (let i = 0; i < count; i++)
      for (let j = 0; j <= i; j++) {
        const entry = l[(first + i) * n + first + j]!;
        for (let k = 0; k < c; k++) result.data[i * c + k]! += entry * half.data[j * c + k]!;
      }
    return result;
  }

  /** Undoes a factorization: K in both triangles and its own diagonal. */
  #restoreKernel(): void {
    if (this.#lowerIsKernel) return;
    mirrorUpper(this.#k);
    const { data, rows: n } = this.#k;
    for (let i = 0; i < n; i++) data[i * n + i] = this.#diagonal[i]!;
    this.#lowerIsKernel = true;
  }

  /**
   * K A in float64, whatever the lower triangle holds: n² c multiplications on one thread, K read from its strict upper triangle.
   *
   * @param a - n × c
   */
  product(a: Matrix<Float64Array>): Matrix<Float64Array> {
    const { data: k, rows: n } = this.#k;
    const { cols: c } = a;
    const result = zeros(n, c);
    const out = result.data;
    for (let i = 0; i < n; i++) {
      const row = i * n;
      const diagonal = this.#diagonal[i]!;
      if (c === 1) {
        const own = a.data[i]!;
        let sum = diagonal * own;
        for (let j = i + 1; j < n; j++) {
          const value = k[row + j]!;
          sum += value * a.data[j]!;
          out[j]! += value * own;
        }
        out[i]! += sum;
        continue;
      }
      for (let l = 0; l < c; l++) out[i * c + l]! += diagonal * a.data[i * c + l]!;
      for (let j = i + 1; j < n; j++) {
        const value = k[row + j]!;
        for (let l = 0; l < c; l++) {
          out[i * c + l]! += value * a.data[j * c + l]!;
          out[j * c + l]! += value * a.data[i * c + l]!;
        }
      }
    }
    return result;
  }

  /** Y − (K + Λ) A in float64. */
  #residual(y: Matrix, a: Matrix<Float64Array>): Matrix<Float64Array> {
    const result = this.product(a);
    for (let at = 0; at < a.data.length; at++)
      result.data[at] = y.data[at]! - result.data[at]! - this.#shift![Math.floor(at / y.cols)]! * a.data[at]!;
    return result;
  }
}

/** Copies the strict upper triangle into the lower one, in tiles that stay in cache. */
function mirrorUpper({ data, rows: n }: Matrix): void {
  const tile = 64;
  for (let bi = 0; bi < n; bi += tile)
    for (let bj = 0; bj <= bi; bj += tile)
      for (let i = bi; i < Math.min(n, bi + tile); i++) {
        const end = Math.min(i, bj + tile);
        for (let j = bj; j < end; j++) data[i * n + j] = data[j * n + i]!;
      }
}

function norm(values: Numbers): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}
