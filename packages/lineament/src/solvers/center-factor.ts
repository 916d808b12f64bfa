import { type Engine, type Matrix, type Points, type Precision, zeros } from "../linalg/index.ts";
import { inPrecision, type KernelFunction } from "./cross-kernel.ts";
import type { FactorReport } from "./ridge-system.ts";
import { type SolverWorkspace, solverWorkspace } from "./solver-workspace.ts";

/** Right-hand sides in columns, M × w, overwritten by what the call computes. All in float64. */
type Columns = Matrix<Float64Array>;

/** K_MM + εI = L Lᵀ, the kernel matrix of the centers: turns coefficients α into v = Lᵀα, whose norm is that of the function. */
export interface CenterFactor {
  readonly centers: number;
  readonly report: FactorReport;
  /** B ← L⁻ᵀ B: from v to α. */
  toCoefficients(b: Columns): Promise<void>;
  /** B ← L⁻¹ B: from gradients by α to gradients by v. */
  toWhitened(b: Columns): Promise<void>;
  /** Lᵀ B: from α to v. */
  fromCoefficients(b: Columns): Promise<Columns>;
  /** L B: from v to values at the centers. */
  valuesAtCenters(b: Columns): Promise<Columns>;
  /**
   * G Gᵀ = Lᵀ D L + λ_l I for every λ, D diagonal: with D = (n/M) W_Z it is what Lᵀ-whitening makes of K_nMᵀ W K_nM + λ K_MM if the
   * centers stand for the rows.
   *
   * @param weights - D, one number ≥ 0 a center
   * @returns good until the next call
   */
  preconditioners(weights: Float64Array, ridges: readonly number[]): Promise<readonly CenterPreconditioner[]>;
}

/** G of one λ. */
export interface CenterPreconditioner {
  /** B ← G⁻¹ B. */
  forward(b: Columns): Promise<void>;
  /** B ← G⁻ᵀ B. */
  backward(b: Columns): Promise<void>;
}

/** ε in units of the mean diagonal and of M: below it, L⁻¹ would amplify the rounding of kernel blocks. */
const FIRST_JITTER: Readonly<Record<Precision, number>> = { float32: 1e-8, float64: 1e-13 };
const LARGEST_JITTER = 1e-4;

/**
 * Factors the kernel matrix of the centers in float64, with M ε of its mean diagonal added, ε = 10⁻¹³ (10⁻⁸ for float32 blocks), and
 * ten times more where that does not suffice, up to 10⁻⁴. The factors take 8 M² bytes, and 8 M² for every preconditioner.
 *
 * @param blocks - the precision of the kernel blocks that the factor is used with
 * @see Meanti, Carratino, Rosasco and Rudi, arXiv:2006.10350, §3 (T and 𝒜 there are Lᵀ and Gᵀ here)
 */
export async function factorCenters(
  engine: Engine,
  centers: Points,
  kernel: KernelFunction,
  {
    blocks,
    workspace = solverWorkspace(engine),
    signal,
  }: {
    readonly blocks: Precision;
    readonly workspace?: SolverWorkspace | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<CenterFactor | undefined> {
  const m = centers.coordinates.rows;
  const x = inPrecision(engine, centers, "float64");
  const square = (name: string): Columns => workspace.matrix(name, m, m, "float64") as Columns;
  const l = square("factor");
  const report = await factorWithJitter(engine, l, FIRST_JITTER[blocks] * m, () =>
    kernel({ x, out: l, signal }),
  );
  if (!report) return undefined;
  const solve = (lower: Columns, b: Columns, transposed: boolean): Promise<void> =>
    engine.solveTriangular({ l: lower, b, transposed });
  const multiply = async (b: Columns, transposeA: boolean): Promise<Columns> => {
    const c = zeros(m, b.cols);
    await engine.gemm({ a: l, b, c, transposeA });
    return c;
  };
  return {
    centers: m,
    report,
    toCoefficients: (b) => solve(l, b, true),
    toWhitened: (b) => solve(l, b, false),
    fromCoefficients: (b) => multiply(b, true),
    valuesAtCenters: (b) => multiply(b, false),
    async preconditioners(weights, ridges) {
      const first = square("preconditioner 0");
      await weightedGram(engine, l, weights, first, () => square("weighted factor"));
      const factors = ridges.map((_, at) => {
        if (at === 0) return first;
        const copy = square(`preconditioner ${at}`);
        copy.data.set(first.data);
        return copy;
      });
      for (const [at, g] of factors.entries()) {
        const diagonal = Float64Array.from({ length: m }, (_, i) => g.data[i * m + i]! + ridges[at]!);
        await factorGram(engine, g, diagonal);
      }
      return factors.map((g) => ({
        forward: (b: Columns) => solve(g, b, false),
        backward: (b: Columns) => solve(g, b, true),
      }));
    },
  };
}

/** A = L Lᵀ in place with zeros above the diagonal. `fill` writes A anew for every try. */
async function factorWithJitter(
  engine: Engine,
  a: Columns,
  first: number,
  fill: () => Promise<void>,
): Promise<FactorReport | undefined> {
  const { data, rows: m } = a;
  for (let relative = first; relative <= Math.max(first, LARGEST_JITTER); relative *= 10) {
    await fill();
    let scale = 0;
    for (let i = 0; i < m; i++) scale += data[i * m + i]! / m;
    for (let i = 0; i < m; i++) data[i * m + i]! += relative * scale;
    if ((await engine.cholesky(a)).outcome !== "factored") continue;
    for (let i = 0; i < m; i++) data.fill(0, i * m + i + 1, (i + 1) * m);
    return { outcome: relative === first ? "factored" : "jittered", jitter: relative * scale };
  }
  return undefined;
}

/** out ← Lᵀ D L. */
async function weightedGram(
  engine: Engine,
  l: Columns,
  weights: Float64Array,
  out: Columns,
  scratch: () => Columns,
): Promise<void> {
  const m = l.rows;
  const [first] = weights;
  if (weights.every((weight) => weight === first)) {
    await engine.syrk({ a: l, c: out, transpose: true, alpha: first ?? 1 });
    return;
  }
  const scaled = scratch();
  for (let i = 0; i < m; i++) {
    const root = Math.sqrt(weights[i]!);
    for (let j = 0; j <= i; j++) scaled.data[i * m + j] = root * l.data[i * m + j]!;
    scaled.data.fill(0, i * m + i + 1, (i + 1) * m);
  }
  await engine.syrk({ a: scaled, c: out, transpose: true });
}

/** Factors in place; where rounding makes the matrix indefinite, with growing jitter: a worse preconditioner of the same problem. */
async function factorGram(engine: Engine, g: Columns, diagonal: Float64Array): Promise<void> {
  const { data, rows: m } = g;
  const scale = diagonal.reduce((sum, value) => sum + value, 0) / Math.max(1, m);
  for (let jitter = 0; ; jitter = jitter === 0 ? 1e-14 : 10 * jitter) {
    for (let i = 0; i < m; i++) {
      // The strict upper triangle still holds the matrix.
      if (jitter > 0) for (let j = 0; j < i; j++) data[i * m + j] = data[j * m + i]!;
      data[i * m + i] = diagonal[i]! + jitter * scale;
    }
    if ((await engine.cholesky(g)).outcome === "factored") return;
    if (!(jitter < 1)) throw new RangeError("factorCenters: the kernel of the centers is not finite");
  }
}
