import { type Engine, type Matrix, transpose, zeros } from "lineament";
import { product } from "./products.ts";

/** What a linear method makes of an eigenvalue w ≥ 0 of K: its weights are Q filter(w) Qᵀ y. */
export type SpectralFilter = (w: number) => number;

/** 1/(w + δ): kernel ridge regression; at δ = 0 the interpolant. */
export function ridgeFilter(ridge: number): SpectralFilter {
  return (w) => 1 / (w + ridge);
}

/** (1 − e^(−tw))/w: kernel gradient flow from 0, stopped at time t. */
export function flowFilter(time: number): SpectralFilter {
  return (w) => (w * time < 1e-12 ? time : -Math.expm1(-w * time) / w);
}

/**
 * K(x, ·)ᵀ filter(K) y at m new points for several filters, from one eigendecomposition: m × filters.
 *
 * @param call - kernel: K, n × n; cross: m × n; targets: y
 */
export async function filteredFits(
  engine: Engine,
  {
    kernel,
    cross,
    targets,
    filters,
  }: {
    readonly kernel: Matrix;
    readonly cross: Matrix;
    readonly targets: Matrix;
    readonly filters: readonly SpectralFilter[];
  },
): Promise<Matrix<Float64Array>> {
  const { values, vectors } = await engine.eigenSymmetric(kernel);
  const coordinates = await product(engine, transpose(vectors), targets);
  const weights = zeros(values.length, filters.length);
  // Rounding may make the least eigenvalues negative.
  for (const [j, filter] of filters.entries())
    for (let i = 0; i < values.length; i++)
      weights.data[i * filters.length + j] = filter(Math.max(0, values[i]!)) * coordinates.data[i]!;
  return product(engine, await product(engine, cross, vectors), weights);
}
