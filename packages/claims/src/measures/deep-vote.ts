import { correlationGaps, type CorrelationMap, deepCorrelations, type Matrix } from "lineament";

/** ln k of a kernel that is a function of the gap u = 1 − ⟨x, z⟩. */
export type LogKernel = (gap: number) => number;

/**
 * Σ_i y_i k(x, x_i)/max_j k(x, x_j) at m points of the unit sphere: what the sign of a kernel machine is where the kernel matrix is
 * diagonal.
 *
 * @param train - n × d
 * @param test - m × d
 * @param labels - y, n of them
 */
export function kernelVote(
  kernel: LogKernel,
  { train, test, labels }: { readonly train: Matrix; readonly test: Matrix; readonly labels: Float64Array },
): Float64Array {
  const gaps = correlationGaps(test, train);
  const n = train.rows;
  return Float64Array.from({ length: test.rows }, (_, i) => {
    const logs = gaps.subarray(i * n, (i + 1) * n).map(kernel);
    const top = logs.reduce((most, value) => Math.max(most, value), -Infinity);
    return logs.reduce((sum, value, j) => sum + labels[j]! * Math.exp(value - top), 0);
  });
}

/** Ends of the table in ln(u/(1 − u)), and its nodes. */
const [least, most] = [-39, 36];
const nodes = 8192;

/**
 * ln of the NNGP kernel behind L equal hidden layers as a table in ln(u/(1 − u)), for many pairs: linear between nodes, to 10⁻⁵. Gaps
 * within 10⁻¹⁶ of 0 and 1 count as these.
 */
export function tabulatedDeepKernel(map: CorrelationMap, depth: number): LogKernel {
  const step = (most - least) / (nodes - 1);
  const gaps = Float64Array.from({ length: nodes }, (_, i) => 1 / (1 + Math.exp(-least - i * step)));
  const { logNngp } = deepCorrelations(map, gaps, depth);
  return (gap) => {
    const place = (Math.log(gap) - Math.log1p(-gap) - least) / step;
    const at = Math.min(nodes - 2, Math.max(0, Math.floor(place)));
    const part = Math.min(1, Math.max(0, place - at));
    return logNngp[at]! + part * (logNngp[at + 1]! - logNngp[at]!);
  };
}

/** ln ‖x − z‖^−α = −α/2 ln 2u. @see Devroye, Györfi & Krzyżak 1998 */
export function hilbertKernel(exponent: number): LogKernel {
  return (gap) => (-exponent / 2) * Math.log(2 * Math.max(gap, 1e-300));
}
