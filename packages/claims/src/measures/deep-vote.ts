import { type CorrelationMap, deepCorrelations } from "lineament";

/** A kernel of the gap u = 1 − ⟨x, z⟩ of points of the unit sphere, up to a factor. */
export type GapKernel = (gap: number) => number;

/**
 * Σ_i y_i k(x, x_i) at m points: what a kernel machine says, up to a factor, where its kernel matrix is diagonal.
 *
 * @param gaps - of the m points to the n training points, m × n
 * @param labels - y, n of them
 */
export function kernelVote(kernel: GapKernel, gaps: Float64Array, labels: Float64Array): Float64Array {
  const n = labels.length;
  return Float64Array.from({ length: gaps.length / n }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += labels[j]! * kernel(gaps[i * n + j]!);
    return sum;
  });
}

/** Ends of the table in ln(u/(1 − u)), and its nodes. */
const [least, most] = [-39, 36];
const nodes = 8192;

/**
 * The NNGP kernel behind L equal hidden layers as a table in ln(u/(1 − u)), for many pairs: linear between nodes, with a relative
 * error near 10⁻⁵ α². It is 1 at the least gap; gaps within 10⁻¹⁶ of 0 and 1 count as these.
 */
export function tabulatedDeepKernel(map: CorrelationMap, depth: number): GapKernel {
  const step = (most - least) / (nodes - 1);
  const gaps = Float64Array.from({ length: nodes }, (_, i) => 1 / (1 + Math.exp(-least - i * step)));
  const { logNngp } = deepCorrelations(map, gaps, depth);
  const values = logNngp.map((log) => Math.exp(log - logNngp[0]!));
  return (gap) => {
    const place = (Math.log(gap / (1 - gap)) - least) / step;
    const at = Math.min(nodes - 2, Math.max(0, Math.floor(place)));
    const part = Math.min(1, Math.max(0, place - at));
    return values[at]! + part * (values[at + 1]! - values[at]!);
  };
}

/** ‖x − z‖^−α = (2u)^(−α/2). @see Devroye, Györfi & Krzyżak 1998 */
export function hilbertKernel(exponent: number): GapKernel {
  return (gap) => (2 * Math.max(gap, 1e-30)) ** (-exponent / 2);
}
