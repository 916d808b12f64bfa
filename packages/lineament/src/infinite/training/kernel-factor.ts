import { type Engine, extremeEigenvalues, type Matrix, symmetricProduct } from "../../linalg/index.ts";
import { float64, meanVariance } from "./kernel-blocks.ts";
import { type KernelReport, kernelReport } from "./prediction.ts";
import { ridgeOf, type RidgePenalty } from "./training-span.ts";

/** K + shift I = L Lᵀ, ready to solve with. */
export interface KernelFactor {
  /** Ridge and jitter. */
  readonly shift: number;
  readonly report: KernelReport;
  /** (K + shift I)⁻¹ B in a new matrix. */
  readonly solve: (b: Matrix) => Promise<Matrix<Float64Array>>;
  /** L⁻¹ B in a new matrix: the inner products of its columns are Bᵀ (K + shift I)⁻¹ B. */
  readonly whiten: (b: Matrix) => Promise<Matrix<Float64Array>>;
}

/**
 * Tried in turn, as parts of the trace. With the first, what rounding does to predictions is about 1e-5; the last is more than entries in
 * float32 can be short of positive semidefinite.
 */
const JITTERS = [0, 1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6];

/**
 * Cholesky factorization of K + λ I. Where a pivot is not positive, or too small to be told from rounding, it is tried again
 * with growing jitter, which is reported.
 *
 * @throws RangeError when no jitter up to 1e-6 tr K helps: then K is not positive semidefinite
 */
export async function factorKernel(
  call: string,
  engine: Engine,
  k: Matrix,
  ridge: RidgePenalty,
  name?: string,
): Promise<KernelFactor> {
  const lambda = ridgeOf(call, ridge, meanVariance(k), name);
  const { l, jitter } = await factorWithJitter(call, engine, k, lambda);
  const shift = lambda + jitter;
  const whiten = async (b: Matrix): Promise<Matrix<Float64Array>> => {
    const result = engine.allocate(b.rows, b.cols, "float64") as Matrix<Float64Array>;
    result.data.set(b.data);
    if (b.cols > 0) await engine.solveTriangular({ l, b: result });
    return result;
  };
  const solve = async (b: Matrix): Promise<Matrix<Float64Array>> => {
    const result = await whiten(b);
    if (b.cols > 0) await engine.solveTriangular({ l, b: result, transposed: true });
    return result;
  };
  const { smallest, largest } = await extent(engine, k, shift, solve);
  return { shift, solve, whiten, report: kernelReport({ smallest, largest, jitter }) };
}

async function factorWithJitter(
  call: string,
  engine: Engine,
  k: Matrix,
  lambda: number,
): Promise<{ readonly l: Matrix; readonly jitter: number }> {
  const n = k.rows;
  const unit = n * meanVariance(k) || 1; // the zero kernel has no unit of its own
  const l = engine.allocate(n, n, "float64");
  for (const part of JITTERS) {
    const jitter = part * unit;
    l.data.set(k.data);
    for (let i = 0; i < n; i++) l.data[i * (n + 1)]! += lambda + jitter;
    const { outcome } = await engine.cholesky(l);
    if (outcome === "factored" && smallestPivot(l) > 16 * Number.EPSILON * unit) return { l, jitter };
  }
  throw new RangeError(
    `${call}: the kernel is not positive semidefinite: it has no Cholesky factor even with ${JITTERS.at(-1)! * unit} added to its diagonal`,
  );
}

/** The ends of the spectrum of K + shift I to a few digits: the lower one as the upper one of the inverse. */
async function extent(
  engine: Engine,
  k: Matrix,
  shift: number,
  solve: (b: Matrix) => Promise<Matrix<Float64Array>>,
): Promise<{ readonly smallest: number; readonly largest: number }> {
  const n = k.rows;
  const rough = { end: "largest", tolerance: 1e-2 } as const;
  const product = symmetricProduct(engine, float64(k));
  const inverse = async (v: Float64Array) => (await solve({ data: v, rows: n, cols: 1 })).data;
  const { largest } = await extremeEigenvalues(product, n, rough);
  return { smallest: 1 / (await extremeEigenvalues(inverse, n, rough)).largest, largest: largest + shift };
}

/** min L_ii². */
function smallestPivot({ data, rows: n }: Matrix): number {
  let smallest = Infinity;
  for (let i = 0; i < n; i++) smallest = Math.min(smallest, data[i * (n + 1)]! ** 2);
  return smallest;
}
