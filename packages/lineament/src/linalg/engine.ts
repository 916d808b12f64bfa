import type { Matrix, Precision } from "./matrix.ts";

/**
 * An engine does the heavy linear algebra: a small BLAS and LAPACK, and three fused kernel passes in which
 * a cache-sized tile of inner products (or distances) becomes kernel values or derivative weights without
 * ever being stored as a whole. It knows no machine, no solver, no table.
 *
 * All matrices are row-major. Matrices of one call share one precision. Calls are asynchronous and leave the
 * event loop free; one engine runs one call at a time (calls queue). Results on different engines agree up to rounding.
 */
export interface Engine {
  readonly name: "native" | "wasm" | "plain";
  /** Threads that heavy calls use. */
  readonly threads: number;
  /** For people: library, version, instruction sets. */
  readonly description: string;

  /** A zero matrix in the memory this engine likes best (shared between its threads). Any typed array works. */
  allocate(rows: number, cols: number, precision: Precision): Matrix;

  /** C ← alpha op(A) op(B) + beta C. */
  gemm(call: Gemm): Promise<void>;
  /** C ← alpha op(A) op(A)ᵀ + beta C, both triangles written (C must be symmetric when beta ≠ 0). */
  syrk(call: Syrk): Promise<void>;
  /**
   * A = L Lᵀ in place: L in the lower triangle; the strict upper triangle keeps its old values.
   * Only the lower triangle is read.
   */
  cholesky(a: Matrix): Promise<CholeskyOutcome>;
  /** B ← L⁻¹ B, or L⁻ᵀ B with `transposed`. L is the lower triangle of `l`. */
  solveTriangular(call: SolveTriangular): Promise<void>;
  /** A = Q diag(values) Qᵀ, values ascending, eigenvectors in the columns of `vectors`. `a` (symmetric) is not changed. */
  eigenSymmetric(a: Matrix): Promise<EigenSymmetric>;
  /** Thin singular value decomposition A = U diag(values) Vᵀ, values descending; u: m × r, vt: r × n, r = min(m, n). */
  singularValues(a: Matrix): Promise<SingularValues>;

  /** out[i, j] = k(x_i, z_j). With `z` absent: z = x, computed once per pair, diagonal exactly k(0) = 1. */
  kernelMatrix(call: KernelMatrixCall): Promise<void>;
  /** out = k(X, Z) V (or slope(X, Z) V) without storing the n × m factor; accumulated tile by tile. */
  kernelProduct(call: KernelProductCall): Promise<void>;
  /**
   * Gradients of f_l = Σ_i coefficients[i, l] k(·, z_i) at every row of x, with respect to the (transformed) coordinates:
   * out[j, l d + k] = ∂f_l/∂u_k (x_j). out: m × (c d). Pairs at distance r² ≤ 16 ε (‖x_j‖² + ‖z_i‖²) (ε of the
   * storage precision) and coinciding coordinates where the derivative diverges contribute nothing. Norms are measured
   * from the middle of z for rotation-invariant kernels (`centerOf`), from 0 for the others; sum-power has no r, so only
   * its coinciding coordinates (at an exponent below 1) are left out.
   * With `selfPairs`, row j of x is row selfPairs[j] of z and that pair is skipped exactly.
   */
  kernelGradient(call: KernelGradientCall): Promise<void>;

  /**
   * Kernels of an infinitely wide dense network between the rows of x and z, and their derivatives: all layers are
   * evaluated on a tile in cache, and only what is asked for is written. Arithmetic is float64 whatever the storage.
   */
  denseKernels(call: DenseKernelsCall): Promise<void>;

  /** Stops threads. Calls after it reject. */
  close(): Promise<void>;
}

/** C: m × n, op(A): m × k, op(B): k × n. */
export interface Gemm {
  readonly a: Matrix;
  readonly b: Matrix;
  readonly c: Matrix;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** A promise that A is symmetric: an engine may then read its lower triangle alone. */
  readonly symmetricA?: boolean;
  /** Default 1. */
  readonly alpha?: number;
  /** Default 0; then C is written without being read. */
  readonly beta?: number;
}

/** C: n × n, op(A): n × k; with `transpose`, op(A) = Aᵀ. */
export interface Syrk {
  readonly a: Matrix;
  readonly c: Matrix;
  readonly transpose?: boolean;
  readonly alpha?: number;
  readonly beta?: number;
}

export interface SolveTriangular {
  readonly l: Matrix;
  readonly b: Matrix;
  readonly transposed?: boolean;
}

/** `failedAt`: 1-based order of the first leading minor that is not positive definite (A is then partly overwritten). */
export type CholeskyOutcome =
  | { readonly outcome: "factored" }
  | { readonly outcome: "not-positive-definite"; readonly failedAt: number };

export interface EigenSymmetric {
  readonly values: Float64Array;
  readonly vectors: Matrix;
}

export interface SingularValues {
  readonly values: Float64Array;
  readonly u: Matrix;
  readonly vt: Matrix;
}

/**
 * A kernel as the fused passes see it: a function of Δ = u − u′ in transformed coordinates, with k(0) = 1.
 * r = ‖Δ‖₂ for the rotation-invariant ones, r = ‖Δ‖_p for `lpq`. L is the bandwidth.
 *
 * - laplace: exp(−(r/L)^exponent)
 * - gaussian: exp(−r²/(2L²))
 * - matern32: (1 + √3ρ) exp(−√3ρ), matern52: (1 + √5ρ + 5ρ²/3) exp(−√5ρ), ρ = r/L
 * - lpq: exp(−(‖Δ‖_p / L)^exponent); exponent = p is the product kernel
 * - sum-power: b^power, b = constant + (1 − constant)/d Σ_j exp(−(|Δ_j|/L)^exponent)
 */
export type FusedKernel =
  | { readonly family: "laplace"; readonly bandwidth: number; readonly exponent: number }
  | { readonly family: "gaussian"; readonly bandwidth: number }
  | { readonly family: "matern32"; readonly bandwidth: number }
  | { readonly family: "matern52"; readonly bandwidth: number }
  | { readonly family: "lpq"; readonly bandwidth: number; readonly exponent: number; readonly p: number }
  | {
      readonly family: "sum-power";
      readonly bandwidth: number;
      readonly exponent: number;
      readonly constant: number;
      readonly power: number;
    };

/**
 * Rows in transformed coordinates, and optionally the level of each categorical block that is not spelled out in
 * coordinates: `levels[i * blocks + g]` is a row number of table g.
 */
export interface Points {
  readonly coordinates: Matrix;
  readonly levels?: Int32Array;
}

/**
 * What categorical block g adds to the separable quantity of a pair: for distance kernels ‖Δ‖_p^p += table[a * size + b];
 * for sum-power Σ_j exp(…) += table[a * size + b]. `dimensions` is the number of one-hot coordinates it stands for
 * (counted in the d of sum-power).
 */
export interface CategoricalTable {
  readonly size: number;
  readonly dimensions: number;
  readonly values: Float64Array;
}

interface KernelCall {
  readonly kernel: FusedKernel;
  readonly x: Points;
  readonly tables?: readonly CategoricalTable[];
  readonly out: Matrix;
  /** Stops between tiles; the call rejects with the signal's reason and `out` is unspecified. */
  readonly signal?: AbortSignal | undefined;
}

export interface KernelMatrixCall extends KernelCall {
  readonly z?: Points;
}

export interface KernelProductCall extends KernelCall {
  readonly z: Points;
  readonly v: Matrix;
  /**
   * "value" (default), or "slope": the factor φ with ∇_u k = φ Δ (rotation-invariant kernels) or φ |Δ|^(p−1) sgn Δ (lpq),
   * 0 for pairs at negligible distance as in `kernelGradient`. Sum-power has no such factor: RangeError.
   */
  readonly part?: "value" | "slope";
  /** With "slope": row j of x is row selfPairs[j] of z, and that pair is skipped exactly. */
  readonly selfPairs?: Int32Array;
}

export interface KernelGradientCall extends KernelCall {
  readonly z: Points;
  /** A: rows of z × c outputs. */
  readonly coefficients: Matrix;
  readonly selfPairs?: Int32Array;
}

/**
 * A dense layer, then optionally a nonlinearity, of infinite width, in NTK parameterization. In terms of the
 * NNGP kernel K and the NTK Θ of a pair with variances a = K(x, x), b = K(z, z) and covariance c = K(x, z):
 *
 * - dense: K ← σw² K + σb², Θ ← ρw σw² K + ρb σb² + σw² Θ (K before the layer)
 * - nonlinearity φ: K ← κ(a, b, c) = E φ(u) φ(v), Θ ← κ̇(a, b, c) Θ with κ̇ = E φ′(u) φ′(v), (u, v) ~ N(0, [[a, c], [c, b]])
 *
 * @see Jacot et al., arXiv:1806.07572; Lee et al., arXiv:1902.06720
 */
export interface DenseLayer {
  /** σw² ≥ 0. */
  readonly weightVariance: number;
  /** σb² ≥ 0. */
  readonly biasVariance: number;
  /** ρw ≥ 0: the learning rate of the weights relative to the others; 0 freezes them. */
  readonly weightRate: number;
  /** ρb ≥ 0: that of the biases. */
  readonly biasRate: number;
  readonly activation?: DenseActivation | undefined;
}

/** αx for x < 0 and βx for x > 0 (`negative` α, `positive` β), or A erf(Bx) + C (`amplitude`, `frequency`, `offset`). */
export type DenseActivation =
  | { readonly form: "piecewise-linear"; readonly negative: number; readonly positive: number }
  | { readonly form: "erf"; readonly amplitude: number; readonly frequency: number; readonly offset: number };

/** x and z share one precision, the outputs share one; the two may differ. At least one output is asked for. */
export interface DenseKernelsCall {
  /** n × d */
  readonly x: Matrix;
  /**
   * m × d. Absent: z = x; values are computed once per pair and exactly symmetric, the diagonal comes from its own
   * recursion (angle 0), derivatives are computed for all ordered pairs.
   */
  readonly z?: Matrix | undefined;
  /** From the input to the output; none: K = scale ⟨x, z⟩, Θ = 0. */
  readonly layers: readonly DenseLayer[];
  /** K⁰(x, z) = scale ⟨x, z⟩, usually 1/d. */
  readonly scale: number;
  /** n × m */
  readonly nngp?: Matrix | undefined;
  /** n × m */
  readonly ntk?: Matrix | undefined;
  readonly derivatives?: DenseDerivatives | undefined;
  /** Stops between tiles; the call rejects with the signal's reason and the outputs are unspecified. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Derivatives of k, the NNGP kernel or the NTK, by the input covariance c₀ = scale ⟨x, z⟩ and by the input variance
 * a₀ = scale ‖x‖² of the row of x, the other and b₀ held: ∇ₓ k(x, z) = scale (2 byVariance x + byCovariance z).
 *
 * Where k has no derivative, one-sided parts are left out: the kink of Θ between rows of one or of opposite directions
 * (sines up to 2⁻⁴⁴), and that of κ at rows with a = 0.
 */
export interface DenseDerivatives {
  readonly of: "nngp" | "ntk";
  /** n × m */
  readonly byCovariance: Matrix;
  /** n × m */
  readonly byVariance: Matrix;
}
