import { type Matrix, zeros } from "lineament";

/**
 * The block of a 2p × 2p feature matrix that ties the first p coordinates to the last p, B_ij = M_{p+i, j}, minus the mean of its
 * entries.
 */
export function couplingBlock({ data, rows }: Matrix): Matrix<Float64Array> {
  const p = rows / 2;
  const block = zeros(p, p);
  let sum = 0;
  for (let i = 0; i < p; i++)
    for (let j = 0; j < p; j++) sum += block.data[i * p + j] = data[(p + i) * rows + j]!;
  for (let at = 0; at < p * p; at++) block.data[at]! -= sum / (p * p);
  return block;
}

/**
 * How much of a p × p matrix depends on i − j alone, or on i + j alone (modulo p), whichever is more: the part of ‖B‖² in the averages
 * over those classes. 0 for the zero matrix.
 */
export function circulantEnergy({ data, rows: p }: Matrix<Float64Array>): number {
  const total = data.reduce((sum, value) => sum + value * value, 0);
  if (total === 0) return 0;
  const explained = [1, -1].map((sign) => {
    const sums = new Float64Array(p);
    for (let i = 0; i < p; i++) for (let j = 0; j < p; j++) sums[(i + sign * j + p) % p]! += data[i * p + j]!;
    return sums.reduce((sum, value) => sum + (value * value) / p, 0);
  });
  return Math.max(...explained) / total;
}
