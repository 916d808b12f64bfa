import { breather, type Engine, type Matrix, type Random, random, zeros } from "../../linalg/index.ts";
import { layerProduct } from "../../linear/index.ts";
import { biasResiduals, fitBiases, meanOnly } from "./biases.ts";
import type { BiasRidges, Completion } from "./completion.ts";
import { biasPoint, type CompletionPath, type Factorization } from "./completion-path.ts";
import type { KnownEntries } from "./known-entries.ts";
import { largestSingularValue } from "./largest-singular-value.ts";
import { diagonal, factorDecomposition, factorSingularValues, scaledColumns, scaledRows } from "./factors.ts";

type Doubles = Matrix<Float64Array>;

/** A deep factorization; its biases are trained together with the factors. */
export interface DeepFactorization extends Factorization {
  /** N ≥ 2 factors. */
  readonly depth: number;
}

/** Where descent goes on instead of starting near zero. */
export interface WarmStart {
  readonly completion: Completion;
  /** λ of all further steps, as in points of the path. */
  readonly penalty: number;
}

/** Exponent of the counts in the weights of rows and columns: 0 treats all alike, 1 decays those with many entries most. */
const EXPONENT = 0.4;
/** Weight decay of the first stage, of stage k times FALL^k, and of the last, as parts of the largest singular value at 0. */
const FIRST = 0.7;
const FALL = 0.85;
const LAST = 1e-4;
const STAGE_STEPS = 30;
const POINT_STEPS = 10;
/** Of three layers and more, which train without decay. */
const STEPS = 2000;
/** Singular values of the product of all layers at the start, and the largest one that is worth a point of the path, in units. */
const START = 1e-5;
const EMERGED = 1e-2;
const MOMENTUM = 0.9;

/**
 * Completion by a deep linear network: W̃ = W_N ⋯ W_1 in the coordinates W̃_ij = u_i v_j W_ij with weights u² ∝ count^0.4 of mean 1
 * for rows and v² for columns, trained from near zero by heavy-ball descent, together with the biases, on
 *
 * ½ Σ (mean + a_i + b_j + W_ij − value)² + λ/2 Σ_j ‖W_j‖² + ridges of the biases.
 *
 * Two layers train under a weight decay λ that falls in stages: it charges the weighted nuclear norm, and singular values enter
 * one after another as λ falls below them. Deeper networks train without decay: singular values of a product of N layers grow
 * the faster the larger they are, so that a small start alone keeps the rank low until descent is stopped. Little noise favors
 * depth, much noise decay. The learning rate grows while the objective falls; a step that raises it is undone.
 *
 * @see Arora, Cohen, Hu and Luo, arXiv:1905.13655; Srebro and Salakhutdinov, arXiv:1002.2780 (weights)
 */
export function deepFactorizationPath(
  { depth, rank, ridges }: DeepFactorization,
  warm?: WarmStart,
): CompletionPath {
  return async function* deepFactorization(entries, { engine, seed, signal }) {
    const { rows, cols } = entries;
    const start = warm?.completion ?? fitBiases(entries, ridges, meanOnly(entries));
    yield biasPoint(start);
    const generator = random(seed);
    const coordinates = weighted(entries, start, generator);
    // The biases may explain every entry: there is nothing to factorize.
    if (coordinates.unit === 0) return;
    const factors = warm
      ? await balancedFactors(engine, start, coordinates, depth)
      : smallFactors(rows, cols, { depth, rank: Math.min(rank, rows, cols), generator });
    const state = {
      ...coordinates,
      ...factors,
      mean: start.mean,
      rowBiases: start.rowBiases.slice(),
      columnBiases: start.columnBiases.slice(),
    };
    const descent = descentOn(engine, entries, state, ridges);
    const pause = breather(signal);
    let step = 0;
    for (const { decay, steps } of stages(depth, warm?.penalty)) {
      descent.restart();
      for (let of = 1; of <= steps; of++) {
        await descent.step(decay);
        step++;
        await pause();
        signal?.throwIfAborted();
        if (of % POINT_STEPS > 0) continue;
        const [left, right] = [await leftFactor(engine, state), copied(state.right)];
        const singularValues = await factorSingularValues(engine, left, right);
        if (singularValues[0]! < EMERGED) continue;
        yield {
          position: step,
          step,
          penalty: decay,
          singularValues: singularValues.map((value) => value * state.unit),
          completion: () => completionOf(state, left, right),
        };
      }
    }
  };
}

function* stages(
  depth: number,
  penalty?: number,
): Generator<{ readonly decay: number; readonly steps: number }> {
  if (penalty !== undefined) yield { decay: penalty, steps: 2 * STAGE_STEPS };
  else if (depth > 2) yield { decay: 0, steps: STEPS };
  else for (let decay = FIRST; decay >= LAST; decay *= FALL) yield { decay, steps: STAGE_STEPS };
}

/** The coordinates in which singular values are charged. */
interface Coordinates {
  /** 1/u and 1/v. */
  readonly rowScale: Float64Array;
  readonly columnScale: Float64Array;
  /** The largest singular value of the weighted residuals of the biases alone: the gradient at zero has spectral norm 1. */
  readonly unit: number;
}

/** W_1ᵀ, and W_2 … W_N. */
interface Factors {
  readonly right: Doubles;
  readonly layers: readonly Doubles[];
}

/** What is trained; factors count in units of `unit`. */
interface State extends Coordinates, Factors {
  readonly mean: number;
  readonly rowBiases: Float64Array;
  readonly columnBiases: Float64Array;
}

function weighted(entries: KnownEntries, start: Completion, generator: Random): Coordinates {
  const { row, column } = entries;
  const rowScale = inverseWeights(entries.rowCounts);
  const columnScale = inverseWeights(entries.columnCounts);
  const residuals = biasResiduals(entries, start).map(
    (residual, k) => residual * rowScale[row[k]!]! * columnScale[column[k]!]!,
  );
  return { rowScale, columnScale, unit: largestSingularValue(entries, residuals, generator) };
}

function smallFactors(
  rows: number,
  cols: number,
  { depth, rank, generator }: { readonly depth: number; readonly rank: number; readonly generator: Random },
): Factors {
  const size = START ** (1 / depth);
  const normal = (n: number): Doubles => {
    const factor = zeros(n, rank);
    for (let at = 0; at < factor.data.length; at++)
      factor.data[at] = (size / Math.sqrt(n)) * generator.normal();
    return factor;
  };
  const inner = Array.from({ length: depth - 2 }, () => diagonal(new Float64Array(rank).fill(size)));
  return { right: normal(cols), layers: [...inner, normal(rows)] };
}

/** The factors of W̃ with the smallest Σ ‖W_j‖²: U σ^{1/N}, σ^{1/N}, …, V σ^{1/N}. */
async function balancedFactors(
  engine: Engine,
  { left, right }: Completion,
  { rowScale, columnScale, unit }: Coordinates,
  depth: number,
): Promise<Factors> {
  const { u, values, v } = await factorDecomposition(
    engine,
    scaledRows(left, (i) => 1 / (rowScale[i]! * unit)),
    scaledRows(right, (j) => 1 / columnScale[j]!),
  );
  const roots = values.map((value) => value ** (1 / depth));
  return {
    right: scaledColumns(v, roots),
    layers: [...Array.from({ length: depth - 2 }, () => diagonal(roots)), scaledColumns(u, roots)],
  };
}

function inverseWeights(counts: Int32Array): Float64Array {
  const squares = Float64Array.from(counts, (count) => Math.max(1, count) ** EXPONENT);
  const mean = squares.reduce((sum, square) => sum + square, 0) / squares.length;
  return squares.map((square) => Math.sqrt(mean / square));
}

interface Descent {
  /** Forgets momentum's objective: the next step is judged anew. */
  restart(): void;
  /** One update under this weight decay. */
  step(decay: number): Promise<void>;
}

function descentOn(engine: Engine, entries: KnownEntries, state: State, ridges: BiasRidges): Descent {
  const { right, layers, rowBiases, columnBiases, unit } = state;
  const factors = [right, ...layers].map(({ data }) => data);
  const trained = [...factors, rowBiases, columnBiases];
  const kept = trained.map((data) => data.slice());
  const velocities = factors.map((data) => new Float64Array(data.length));
  const gradients = { left: zeros(entries.rows, right.cols), right: zeros(entries.cols, right.cols) };
  const product = layerProduct(engine);
  let rate = 0.05;
  let last = Infinity;
  let biasOfRows = true;
  return {
    restart() {
      last = Infinity;
    },
    async step(decay) {
      const { value: left, pull } = await product(layers, fresh);
      const { squares, rowSums, columnSums } = residualPass(entries, state, left, gradients);
      const objective =
        squares +
        decay * factors.reduce((sum, data) => sum + squaredNorm(data), 0) +
        (ridges.rows * squaredNorm(rowBiases) + ridges.columns * squaredNorm(columnBiases)) / unit ** 2;
      if (!(objective <= last * (1 + 1e-6))) {
        trained.forEach((data, at) => data.set(kept[at]!));
        velocities.forEach((velocity) => velocity.fill(0));
        rate /= 2;
        last = Infinity;
        return;
      }
      last = objective;
      trained.forEach((data, at) => kept[at]!.set(data));
      const [bias, sums, counts, ridge] = biasOfRows
        ? [rowBiases, rowSums, entries.rowCounts, ridges.rows]
        : [columnBiases, columnSums, entries.columnCounts, ridges.columns];
      for (let i = 0; i < bias.length; i++)
        if (counts[i]! > 0) bias[i]! -= (unit * sums[i]! + ridge * bias[i]!) / (counts[i]! + ridge);
      biasOfRows = !biasOfRows;
      const slopes = [gradients.right, ...(await pull(gradients.left))];
      slopes.forEach(({ data: slope }, f) => {
        const [w, velocity] = [factors[f]!, velocities[f]!];
        for (let at = 0; at < w.length; at++) {
          velocity[at] = MOMENTUM * velocity[at]! - rate * (slope[at]! + decay * w[at]!);
          w[at]! += velocity[at]!;
        }
      });
      rate *= 1.05;
    },
  };
}

const fresh = {
  take: (rows: number, cols: number): Doubles => zeros(rows, cols),
  mark: () => 0,
  rewind: () => undefined,
};

/** Residuals e in units of `unit`: Σ e², their sums by row and column, and the gradients of ½ Σ e² to both ends of W̃ = left rightᵀ. */
function residualPass(
  { rows, first, column, values }: KnownEntries,
  { mean, rowBiases, columnBiases, rowScale, columnScale, unit, right }: State,
  left: Doubles,
  gradients: { readonly left: Doubles; readonly right: Doubles },
): { readonly squares: number; readonly rowSums: Float64Array; readonly columnSums: Float64Array } {
  const rank = right.cols;
  const [l, r, dl, dr] = [left.data, right.data, gradients.left.data, gradients.right.data];
  dl.fill(0);
  dr.fill(0);
  const rowSums = new Float64Array(rows);
  const columnSums = new Float64Array(columnBiases.length);
  let squares = 0;
  for (let i = 0; i < rows; i++) {
    const from = i * rank;
    for (let k = first[i]!; k < first[i + 1]!; k++) {
      const j = column[k]!;
      const at = j * rank;
      let inner = 0;
      for (let f = 0; f < rank; f++) inner += l[from + f]! * r[at + f]!;
      const scale = rowScale[i]! * columnScale[j]!;
      const residual = scale * inner - (values[k]! - mean - rowBiases[i]! - columnBiases[j]!) / unit;
      squares += residual * residual;
      rowSums[i]! += residual;
      columnSums[j]! += residual;
      const slope = scale * residual;
      for (let f = 0; f < rank; f++) {
        dl[from + f]! += slope * r[at + f]!;
        dr[at + f]! += slope * l[from + f]!;
      }
    }
  }
  return { squares, rowSums, columnSums };
}

async function leftFactor(engine: Engine, { layers }: Factors): Promise<Doubles> {
  return copied((await layerProduct(engine)(layers, fresh)).value);
}

function completionOf(state: State, left: Doubles, right: Doubles): Completion {
  const { mean, rowBiases, columnBiases, rowScale, columnScale, unit } = state;
  return {
    mean,
    rowBiases: rowBiases.slice(),
    columnBiases: columnBiases.slice(),
    left: scaledRows(left, (i) => rowScale[i]! * unit),
    right: scaledRows(right, (j) => columnScale[j]!),
  };
}

function squaredNorm(data: Float64Array): number {
  let sum = 0;
  for (const entry of data) sum += entry * entry;
  return sum;
}

function copied(a: Doubles): Doubles {
  return { ...a, data: a.data.slice() };
}
