import type { Matrix } from "lineament";

/** h(ρ) of every entry, with ρ held in [−1, 1]: the kernel matrix of a zonal kernel from inner products over d. */
export function zonalGram(rho: Matrix, h: (rho: number) => number): Matrix<Float64Array> {
  const data = Float64Array.from(rho.data, (value) => h(Math.min(1, Math.max(-1, value))));
  return { data, rows: rho.rows, cols: rho.cols };
}
