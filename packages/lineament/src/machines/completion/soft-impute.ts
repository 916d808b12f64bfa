import { type Engine, type Matrix, random, zeros } from "../../linalg/index.ts";
import { biasResiduals, fitBiases, meanOnly } from "./biases.ts";
import { biasPoint, type CompletionPath, type Factorization } from "./completion-path.ts";
import { scaledColumns } from "./factors.ts";
import type { KnownEntries } from "./known-entries.ts";
import { largestSingularValue } from "./largest-singular-value.ts";

type Doubles = Matrix<Float64Array>;

/** Thresholds: the first, each next one as a part of the one before, and the last, as parts of the largest singular value. */
const FIRST = 0.8;
const DECAY = 0.85;
const LAST = 1e-4;
/** Iterations at a threshold at most; fewer when the singular values rest within this part of the largest. */
const ITERATIONS = 15;
const REST = 1e-3;

/**
 * Soft-impute: biases, then min ½ Σ (residual − Z_ij)² + λ ‖Z‖_* over matrices Z, along falling λ. Each iteration fills unknown
 * entries with those of Z and soft-thresholds the singular values; the decomposition is of rank `rank`, by one step of
 * subspace iteration from the one before, and the filled matrix is never formed.
 *
 * @see Mazumder, Hastie and Tibshirani, "Spectral regularization algorithms for learning large incomplete matrices", 2010;
 * Hastie, Mazumder, Lee and Zadeh, arXiv:1410.2596
 */
export function softImputePath({ rank, ridges }: Factorization): CompletionPath {
  return async function* softImpute(entries, { engine, seed, signal }) {
    const { rows, cols } = entries;
    const biases = fitBiases(entries, ridges, meanOnly(entries));
    yield biasPoint(biases);
    const targets = biasResiduals(entries, biases);
    const generator = random(seed);
    const unit = largestSingularValue(entries, targets, generator);
    const width = Math.min(rank, rows, cols);
    let z: Decomposition = {
      u: zeros(rows, width),
      values: new Float64Array(width),
      v: await orthonormal(
        engine,
        filled(zeros(cols, width), () => generator.normal()),
      ),
    };
    let step = 0;
    let position = 0;
    for (let penalty = FIRST; penalty >= LAST && unit > 0; penalty *= DECAY) {
      for (let iteration = 0; iteration < ITERATIONS; iteration++) {
        signal?.throwIfAborted();
        const before = z;
        z = await thresholded(engine, entries, targets, z, penalty * unit);
        step++;
        const moved = Math.max(...z.values.map((value, r) => Math.abs(value - before.values[r]!)));
        if (moved <= REST * unit) break;
      }
      const { u, v, values: singularValues } = z;
      yield {
        position: ++position,
        step,
        penalty,
        singularValues,
        completion: () => ({ ...biases, left: scaledColumns(u, singularValues), right: v }),
      };
    }
  };
}

/** Z = U diag(values) Vᵀ. */
interface Decomposition {
  readonly u: Doubles;
  readonly values: Float64Array;
  readonly v: Doubles;
}

/** Soft-thresholded singular values of the filled matrix S + Z, S the residuals at known entries. */
async function thresholded(
  engine: Engine,
  entries: KnownEntries,
  targets: Float64Array,
  z: Decomposition,
  threshold: number,
): Promise<Decomposition> {
  const { rows, cols } = entries;
  const width = z.v.cols;
  const left = scaledColumns(z.u, z.values);
  const sparse = residuals(entries, targets, left, z.v);
  // (S + Z) V = S V + U diag(values), since V is orthonormal.
  const image = { ...left, data: left.data.slice() };
  addProduct(entries, sparse, z.v, image, false);
  const q = await orthonormal(engine, image);
  // (S + Z)ᵀ Q = Sᵀ Q + V (diag(values) Uᵀ Q).
  const inner = zeros(width, width);
  await engine.gemm({ a: left, b: q, c: inner, transposeA: true });
  const back = zeros(cols, width);
  await engine.gemm({ a: z.v, b: inner, c: back });
  addProduct(entries, sparse, q, back, true);
  const { u: v, values, vt: turn } = await engine.singularValues(back);
  const u = zeros(rows, width);
  await engine.gemm({ a: q, b: turn, c: u, transposeB: true });
  return { u, values: values.map((value) => Math.max(0, value - threshold)), v: v as Doubles };
}

function residuals(
  { row, column }: KnownEntries,
  targets: Float64Array,
  left: Doubles,
  right: Doubles,
): Float64Array {
  const width = left.cols;
  const [l, r] = [left.data, right.data];
  const result = targets.slice();
  for (let k = 0; k < result.length; k++) {
    const from = row[k]! * width;
    const at = column[k]! * width;
    let inner = 0;
    for (let f = 0; f < width; f++) inner += l[from + f]! * r[at + f]!;
    result[k]! -= inner;
  }
  return result;
}

/** out += S b, or Sᵀ b. */
function addProduct(
  { row, column }: KnownEntries,
  sparse: Float64Array,
  { data: b, cols: width }: Doubles,
  { data: out }: Doubles,
  transposed: boolean,
): void {
  const [to, of] = transposed ? [column, row] : [row, column];
  for (let k = 0; k < sparse.length; k++) {
    const at = to[k]! * width;
    const from = of[k]! * width;
    const value = sparse[k]!;
    for (let r = 0; r < width; r++) out[at + r]! += value * b[from + r]!;
  }
}

async function orthonormal(engine: Engine, a: Doubles): Promise<Doubles> {
  return (await engine.singularValues(a)).u as Doubles;
}

function filled(a: Doubles, entry: () => number): Doubles {
  for (let at = 0; at < a.data.length; at++) a.data[at] = entry();
  return a;
}
