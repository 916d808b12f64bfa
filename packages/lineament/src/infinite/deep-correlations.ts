import { asMatrix, type MatrixLike } from "../linalg/index.ts";
import { checkCount } from "../linalg/checks.ts";
import type { CorrelationMap } from "./correlation-map.ts";

/** Kernels of pairs of inputs of variance 1 behind many equal layers, which neither underflow nor lose the digits of small angles. */
export interface DeepCorrelations {
  /** 1 − ξ_L. */
  readonly gap: Float64Array;
  /** ln ξ_L, the NNGP kernel; −∞ for 0. */
  readonly logNngp: Float64Array;
  /** ln T_L, the NTK; −∞ for 0. */
  readonly logNtk: Float64Array;
}

/**
 * NNGP kernel ξ_{l+1} = φ̌(ξ_l) and NTK T_{l+1} = ξ_{l+1} + T_l φ̌′(ξ_l), T₀ = ξ₀, behind L hidden layers φ of variance 1: what
 * `infiniteKernel` gives for `fullyConnected(L, φ)` and inputs of unit mean square, with φ divided by √E[φ²] and variances held
 * at exactly 1 (they drift in deep networks of smooth activations). NTK and NNGP kernel are followed by their ratio,
 * R_{l+1} = 1 + R_l ξ_l φ̌′(ξ_l)/φ̌(ξ_l).
 *
 * Where φ̌ has become linear in floating point (for φ̌(0) = 0 < φ̌′(0) soon, and for equal inputs at once) the other layers cost
 * nothing.
 *
 * @param gaps - 1 − ξ₀ in [0, 1] for each pair, as of `correlationGaps`; 0 for an input and itself
 * @param depth - L ≥ 1
 * @throws RangeError for gaps outside of [0, 1]: inputs must lie in one orthant
 */
export function deepCorrelations(
  map: CorrelationMap,
  gaps: ArrayLike<number>,
  depth: number,
): DeepCorrelations {
  checkCount("deepCorrelations", "depth", depth);
  const gap = Float64Array.from(gaps);
  const logNngp = new Float64Array(gap.length);
  const logNtk = new Float64Array(gap.length);
  for (let i = 0; i < gap.length; i++) {
    if (!(gap[i]! >= 0 && gap[i]! <= 1 + rounding))
      throw new RangeError(
        `deepCorrelations: gap ${i} is ${gap[i]}, expected a number in [0, 1]: correlations are not negative`,
      );
    const pair = follow(map, Math.min(1, gap[i]!), depth);
    gap[i] = pair.gap;
    logNngp[i] = pair.log;
    logNtk[i] = pair.log === -Infinity ? -Infinity : pair.log + pair.logRatio;
  }
  return { gap, logNngp, logNtk };
}

/** By which orthogonal inputs may seem to be farther apart. */
const rounding = 1e-13;

/** Beyond this R is carried by its logarithm, and below its inverse ξ. */
const most = 1e150;

/** 1 − ξ_L, ln ξ_L and ln R_L. */
function follow(
  map: CorrelationMap,
  start: number,
  depth: number,
): { readonly gap: number; readonly log: number; readonly logRatio: number } {
  const { order } = map;
  if (start === 0) return { gap: 0, log: 0, logRatio: logGeometricSum(map.slopeAtOne, depth) };
  let [gap, correlation] = [start, 1 - start];
  // Of a ξ too small for floating point; ratio · e^shift is R.
  let log: number | undefined;
  let [ratio, shift] = [1, 0];
  for (let layer = 0; layer < depth; layer++) {
    const next = map.gap(gap);
    const slope = map.slope(correlation, gap);
    const factor = order === 0 && next < 0.5 ? 1 - next : map.ratio(correlation);
    if (order === 1 && factor === slope && factor === map.slopeAtZero) {
      const left = depth - layer;
      log = (log ?? Math.log(correlation)) + left * Math.log(factor);
      ratio += shift === 0 ? left : left * Math.exp(-shift);
      return { gap: 1 - Math.exp(log), log, logRatio: Math.log(ratio) + shift };
    }
    if (next < 0.5) [gap, correlation] = [next, 1 - next];
    else {
      if (order === 0) correlation = factor;
      else if (log === undefined && correlation >= 1 / most)
        correlation = factor * (order === 1 ? correlation : correlation ** order);
      else {
        log = order * (log ?? Math.log(correlation)) + Math.log(factor);
        correlation = Math.exp(log);
      }
      gap = 1 - correlation;
    }
    ratio = (shift === 0 ? 1 : Math.exp(-shift)) + (slope / factor) * ratio;
    if (ratio > most) [ratio, shift] = [1, shift + Math.log(ratio)];
  }
  return { gap, log: log ?? logOf(gap, correlation), logRatio: Math.log(ratio) + shift };
}

/** ln Σ_{l≤L} b^l. */
function logGeometricSum(b: number, depth: number): number {
  const power = (depth + 1) * Math.log(b);
  if (power === 0) return Math.log(depth + 1);
  if (power > 40) return power - Math.log(b - 1);
  return Math.log(Math.expm1(power) / (b - 1));
}

function logOf(gap: number, correlation: number): number {
  return gap < 0.5 ? Math.log1p(-gap) : Math.log(correlation);
}

/**
 * 1 − cos θ between all rows of x and of z as ½‖x̂ − ẑ‖² of their directions: accurate for small angles, where 1 − ⟨x̂, ẑ⟩ is not.
 *
 * @param x - n × d
 * @param z - m × d; x itself when absent
 * @returns n × m, row by row
 * @throws RangeError for rows of zeros
 */
export function correlationGaps(x: MatrixLike, z: MatrixLike = x): Float64Array {
  const [left, right] = [directions(x, "x"), directions(z, "z")];
  if (left.cols !== right.cols)
    throw new RangeError(`correlationGaps: x has ${left.cols} columns, z has ${right.cols}`);
  const { cols } = left;
  const gaps = new Float64Array(left.rows * right.rows);
  for (let i = 0, at = 0; i < left.rows; i++)
    for (let j = 0; j < right.rows; j++, at++) {
      let sum = 0;
      for (let k = 0; k < cols; k++) sum += (left.data[i * cols + k]! - right.data[j * cols + k]!) ** 2;
      gaps[at] = sum / 2;
    }
  return gaps;
}

function directions(x: MatrixLike, name: string) {
  const { data, rows, cols } = asMatrix(x, `correlationGaps: ${name}`);
  const unit = Float64Array.from(data);
  for (let i = 0; i < rows; i++) {
    const row = unit.subarray(i * cols, (i + 1) * cols);
    const length = Math.hypot(...row);
    if (!(length > 0 && length < Infinity))
      throw new RangeError(
        `correlationGaps: row ${i} of ${name} has length ${length}; give rows with a direction`,
      );
    row.forEach((value, k) => (row[k] = value / length));
  }
  return { data: unit, rows, cols };
}
