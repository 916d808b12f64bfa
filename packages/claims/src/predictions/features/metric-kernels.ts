import { dot } from "../dot.ts";

type Rows = readonly (readonly number[])[];

/** k(x, z) and its gradient with respect to x. */
export interface ValueAndGradient {
  readonly value: number;
  readonly gradient: readonly number[];
}

/** A kernel under a metric, pair by pair. */
export type MetricKernel = (x: readonly number[], z: readonly number[]) => ValueAndGradient;

/**
 * Kernels under a metric M (d × d, positive semidefinite), with ‖u‖_M = √(uᵀ M u) and ∇ = ∇_x:
 *
 * - Laplace: k = exp(−‖x − z‖_M/L), ∇k = −k M (x − z)/(L ‖x − z‖_M), 0 by convention where the distance is 0
 * - Gauss: k = exp(−‖x − z‖_M²/(2 L²)), ∇k = −k M (x − z)/L²
 * - quadratic: k = (xᵀ M z)², ∇k = 2 (xᵀ M z) M z
 *
 * @see Radhakrishnan et al., arXiv:2212.13881
 */
export function laplaceKernel(m: Rows, bandwidth: number): MetricKernel {
  return (x, z) => {
    const { along, squared } = differenceUnder(m, x, z);
    const r = Math.sqrt(squared);
    const value = Math.exp(-r / bandwidth);
    return { value, gradient: along.map((entry) => (r === 0 ? 0 : (-value * entry) / (bandwidth * r))) };
  };
}

/** See `laplaceKernel`. */
export function gaussKernel(m: Rows, bandwidth: number): MetricKernel {
  return (x, z) => {
    const { along, squared } = differenceUnder(m, x, z);
    const value = Math.exp(-squared / (2 * bandwidth ** 2));
    return { value, gradient: along.map((entry) => (-value * entry) / bandwidth ** 2) };
  };
}

/** See `laplaceKernel`. */
export function quadraticKernel(m: Rows): MetricKernel {
  return (x, z) => {
    const image = times(m, z);
    const product = dot(x, image);
    return { value: product ** 2, gradient: image.map((entry) => 2 * product * entry) };
  };
}

/**
 * exp(−‖R(x − z)‖_p^q/L^q) with a symmetric root R of the metric, 0 < q ≤ p ≤ 2. With δ = R(x − z) its gradient is
 * −R g, g_k = (q/L^q) k ‖δ‖_p^{q−p} |δ_k|^{p−1} sgn δ_k; 0 by convention where δ = 0.
 *
 * @see Beaglehole et al., arXiv:2508.10053
 */
export function lpqKernel(
  root: Rows,
  { p, q, bandwidth }: Readonly<Record<"p" | "q" | "bandwidth", number>>,
): MetricKernel {
  return (x, z) => {
    const delta = times(root, minus(x, z));
    const r = delta.reduce((sum, entry) => sum + Math.abs(entry) ** p, 0) ** (1 / p);
    const value = Math.exp(-((r / bandwidth) ** q));
    const slopes = delta.map((entry) =>
      r === 0
        ? 0
        : (-q / bandwidth ** q) * value * r ** (q - p) * Math.sign(entry) * Math.abs(entry) ** (p - 1),
    );
    return { value, gradient: times(root, slopes) };
  };
}

/** f_k(x) = Σ_j k(x, x_j) α_jk and its gradients: one row of d entries an output. */
export function kernelMachine(
  kernel: MetricKernel,
  centers: Rows,
  coefficients: Rows,
  x: readonly number[],
): { readonly values: number[]; readonly gradients: number[][] } {
  const terms = centers.map((center) => kernel(x, center));
  return {
    values: coefficients[0]!.map((_, k) =>
      terms.reduce((sum, { value }, j) => sum + value * coefficients[j]![k]!, 0),
    ),
    gradients: coefficients[0]!.map((_, k) =>
      x.map((_, i) => terms.reduce((sum, { gradient }, j) => sum + gradient[i]! * coefficients[j]![k]!, 0)),
    ),
  };
}

/**
 * (1/N) Σ_i Σ_k ∇f_k(x_i) ∇f_k(x_i)ᵀ of gradients by point and output; `centered` takes the mean over points out of the gradients
 * of each output.
 */
export function gradientOuterProducts(
  gradients: readonly Rows[],
  { centered = false }: { readonly centered?: boolean } = {},
): number[][] {
  const [points, first] = [gradients.length, gradients[0]!];
  const means = first.map((row, k) =>
    row.map((_, i) => (centered ? gradients.reduce((sum, rows) => sum + rows[k]![i]! / points, 0) : 0)),
  );
  const rows = gradients.flatMap((point) => point.map((row, k) => minus(row, means[k]!)));
  return first[0]!.map((_, i) =>
    first[0]!.map((_, j) => rows.reduce((sum, row) => sum + (row[i]! * row[j]!) / points, 0)),
  );
}

/** M (x − z), and ‖x − z‖_M². */
function differenceUnder(
  m: Rows,
  x: readonly number[],
  z: readonly number[],
): { readonly along: number[]; readonly squared: number } {
  const difference = minus(x, z);
  const along = times(m, difference);
  return { along, squared: dot(difference, along) };
}

function times(a: Rows, x: readonly number[]): number[] {
  return a.map((row) => dot(row, x));
}

function minus(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value - b[i]!);
}
