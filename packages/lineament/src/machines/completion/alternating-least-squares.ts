import { breather, type Matrix, random, zeros } from "../../linalg/index.ts";
import { biasResiduals, fitBiases, meanOnly } from "./biases.ts";
import { biasPoint, type CompletionPath, type Factorization } from "./completion-path.ts";
import { factorSingularValues } from "./factors.ts";
import type { KnownEntries } from "./known-entries.ts";
import { largestSingularValue } from "./largest-singular-value.ts";

type Doubles = Matrix<Float64Array>;

/** Ridges: the first, each next one as a part of the one before, and the last, as parts of the largest singular value. */
const FIRST = 0.8;
const DECAY = 0.8;
const LAST = 1e-4;
const SWEEPS = 4;

/**
 * Alternating least squares: biases, then min Σ (residual − l_i · r_j)² + λ (‖L‖² + ‖R‖²), exact in every row of L, then in every
 * row of R, by turns, along falling λ.
 *
 * @see Koren, Bell and Volinsky, "Matrix factorization techniques for recommender systems", 2009
 */
export function alternatingLeastSquaresPath({ rank, ridges }: Factorization): CompletionPath {
  return async function* alternatingLeastSquares(entries, { engine, seed, signal }) {
    const { rows, cols, column } = entries;
    const biases = fitBiases(entries, ridges, meanOnly(entries));
    yield biasPoint(biases);
    const targets = biasResiduals(entries, biases);
    const generator = random(seed);
    const unit = largestSingularValue(entries, targets, generator);
    const width = Math.min(rank, rows, cols);
    const left = zeros(rows, width);
    const right = zeros(cols, width);
    for (let at = 0; at < right.data.length; at++)
      right.data[at] = Math.sqrt(unit / cols) * generator.normal();
    const byRow: Groups = { first: entries.first, other: column, targets };
    const byColumn = columnGroups(entries, targets);
    const pause = breather(signal);
    let step = 0;
    let position = 0;
    for (let penalty = FIRST; penalty >= LAST && unit > 0; penalty *= DECAY) {
      for (let sweep = 0; sweep < SWEEPS; sweep++, step++) {
        await pause();
        signal?.throwIfAborted();
        solveRows(left, right, byRow, penalty * unit);
        solveRows(right, left, byColumn, penalty * unit);
      }
      const [l, r] = [left, right].map((factor) => ({ ...factor, data: factor.data.slice() }));
      yield {
        position: ++position,
        step,
        penalty,
        singularValues: await factorSingularValues(engine, left, right),
        completion: () => ({ ...biases, left: l!, right: r! }),
      };
    }
  };
}

/** Targets in groups: those of group g are first[g] … first[g + 1] − 1, each with the row of the other factor that it meets. */
interface Groups {
  readonly first: Int32Array;
  readonly other: Int32Array;
  readonly targets: Float64Array;
}

function columnGroups({ cols, row, column, columnCounts }: KnownEntries, targets: Float64Array): Groups {
  const first = new Int32Array(cols + 1);
  for (let j = 0; j < cols; j++) first[j + 1] = first[j]! + columnCounts[j]!;
  const next = first.slice();
  const other = new Int32Array(targets.length);
  const sorted = new Float64Array(targets.length);
  for (let k = 0; k < targets.length; k++) {
    const at = next[column[k]!]!++;
    other[at] = row[k]!;
    sorted[at] = targets[k]!;
  }
  return { first, other, targets: sorted };
}

/** Every row of `factor` anew: (Σ z zᵀ + ridge I)⁻¹ Σ target z over the rows z of `other` that it meets. */
function solveRows(
  factor: Doubles,
  other: Doubles,
  { first, other: met, targets }: Groups,
  ridge: number,
): void {
  const width = factor.cols;
  const rows = other.data;
  const a = new Float64Array(width * width);
  const b = new Float64Array(width);
  for (let i = 0; i < factor.rows; i++) {
    a.fill(0);
    b.fill(0);
    for (let r = 0; r < width; r++) a[r * width + r] = ridge;
    for (let k = first[i]!; k < first[i + 1]!; k++) {
      const z = met[k]! * width;
      const target = targets[k]!;
      for (let r = 0; r < width; r++) {
        const entry = rows[z + r]!;
        b[r]! += target * entry;
        for (let s = 0; s <= r; s++) a[r * width + s]! += entry * rows[z + s]!;
      }
    }
    solvePositiveDefinite(a, b);
    factor.data.set(b, i * width);
  }
}

/** b ← A⁻¹ b by Cholesky in place; the lower triangle of A is read. One a row: an engine's call would cost more than the work. */
function solvePositiveDefinite(a: Float64Array, b: Float64Array): void {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= a[i * n + k]! * a[j * n + k]!;
      a[i * n + j] = i === j ? Math.sqrt(sum) : sum / a[j * n + j]!;
    }
    let sum = b[i]!;
    for (let k = 0; k < i; k++) sum -= a[i * n + k]! * b[k]!;
    b[i] = sum / a[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i]!;
    for (let k = i + 1; k < n; k++) sum -= a[k * n + i]! * b[k]!;
    b[i] = sum / a[i * n + i]!;
  }
}
