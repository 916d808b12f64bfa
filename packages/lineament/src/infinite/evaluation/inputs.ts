import { convert } from "../../linalg/index.ts";
import type { Matrix } from "../../linalg/index.ts";
import type { Geometry, Pairs } from "./geometry.ts";

/** Rows of x in float64, divided by 2^exponent. */
export interface Inputs {
  readonly data: Float64Array;
  readonly rows: number;
  readonly cols: number;
}

/** Inputs of this size are stored as they are: their squares stay in range. */
const comfortable = [1e-50, 1e50] as const;

/** The exponent that brings the largest entry near 1, 0 for ordinary sizes. */
export function inputExponent(...matrices: readonly Matrix[]): number {
  let largest = 0;
  for (const { data } of matrices)
    for (let i = 0; i < data.length; i++) {
      const size = Math.abs(data[i]!);
      if (!(size < Infinity))
        throw new RangeError(`infinite network: the inputs contain ${data[i]}; expected finite numbers only`);
      if (size > largest) largest = size;
    }
  return largest === 0 || (largest >= comfortable[0] && largest <= comfortable[1])
    ? 0
    : Math.round(Math.log2(largest));
}

export function scaledInputs(x: Matrix, exponent: number): Inputs {
  const { data, rows, cols } = convert(x, "float64");
  // In two steps: 2^1074 is out of range.
  const half = 2 ** -Math.trunc(exponent / 2);
  const rest = 2 ** -(exponent - Math.trunc(exponent / 2));
  if (exponent !== 0) for (let i = 0; i < data.length; i++) data[i] = data[i]! * half * rest;
  return { data, rows, cols };
}

/** The row of largest norm, zeros if there is none. */
export function longestRow(inputs: readonly Inputs[]): Float64Array {
  let [longest, most] = [new Float64Array(inputs[0]!.cols), 0];
  for (const { data, rows, cols } of inputs)
    for (let i = 0; i < rows; i++) {
      let square = 0;
      for (let k = i * cols; k < (i + 1) * cols; k++) square += data[k]! * data[k]!;
      if (square > most) [longest, most] = [data.slice(i * cols, (i + 1) * cols), square];
    }
  return longest;
}

/** K⁰ of pixels, for every pair; `offset` is the first pixel of either side. */
export function inputCovariances(
  left: Inputs,
  leftOffset: number,
  right: Inputs,
  rightOffset: number,
  { channels }: Geometry,
  pairs: Pairs,
  out: Float64Array,
): void {
  for (let e = 0; e < out.length; e++) {
    const [p, q] = [(leftOffset + pairs.left[e]!) * channels, (rightOffset + pairs.right[e]!) * channels];
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += left.data[p + c]! * right.data[q + c]!;
    out[e] = sum / channels;
  }
}

/** Beyond this |cos θ| an inner product has lost digits of the angle. */
const nearlyParallel = 0.999;

/**
 * 1 − cos θ between row i of x and row j of z, from their covariance c; nearly parallel rows are measured by the distances of
 * their directions, 1 − cos θ = 2 sin²(θ/2) with tan(θ/2) = ‖x̂ − ẑ‖/‖x̂ + ẑ‖. A zero row is orthogonal to all.
 */
export function inputGap(
  x: Inputs,
  i: number,
  xDeviation: number,
  z: Inputs,
  j: number,
  zDeviation: number,
  c: number,
): number {
  const product = xDeviation * zDeviation;
  if (product === 0) return 1;
  const cos = c / product;
  if (Math.abs(cos) <= nearlyParallel) return 1 - cos;
  const [u, v] = [1 / xDeviation, 1 / zDeviation];
  const [p, q] = [i * x.cols, j * z.cols];
  let [apart, together] = [0, 0];
  for (let k = 0; k < x.cols; k++) {
    const [a, b] = [x.data[p + k]! * u, z.data[q + k]! * v];
    apart += (a - b) ** 2;
    together += (a + b) ** 2;
  }
  return (2 * apart) / (apart + together);
}
