import { type Matrix, zeros } from "../linalg/index.ts";

/**
 * K A in float64 for a symmetric K with unit diagonal, of which only the strict upper triangle is read: the product
 * that is still there when the lower triangle holds a factor (see `RidgeSystem`). n² c multiplications, one thread.
 *
 * @param k - n × n
 * @param a - n × c
 */
export function unitKernelProduct(
  { data: k, rows: n }: Matrix,
  a: Matrix<Float64Array>,
): Matrix<Float64Array> {
  const { cols: c } = a;
  const result = zeros(n, c);
  const out = result.data;
  for (let i = 0; i < n; i++) {
    const row = i * n;
    if (c === 1) {
      const own = a.data[i]!;
      let sum = own;
      for (let j = i + 1; j < n; j++) {
        const value = k[row + j]!;
        sum += value * a.data[j]!;
        out[j]! += value * own;
      }
      out[i]! += sum;
      continue;
    }
    for (let l = 0; l < c; l++) out[i * c + l]! += a.data[i * c + l]!;
    for (let j = i + 1; j < n; j++) {
      const value = k[row + j]!;
      for (let l = 0; l < c; l++) {
        out[i * c + l]! += value * a.data[j * c + l]!;
        out[j * c + l]! += value * a.data[i * c + l]!;
      }
    }
  }
  return result;
}
