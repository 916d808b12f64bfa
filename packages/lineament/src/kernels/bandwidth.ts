import { type CategoricalTable, type Points, type Random, sample, takeRows } from "../linalg/index.ts";
import { type Kernel, normOrder } from "./kernel.ts";

/**
 * The lower median of the distances ‖u_i − u_j‖_p, i ≠ j, over a seeded random subset of rows: the unit in which
 * `adaptive` bandwidths are given. 0 when there are fewer than two rows.
 *
 * @param rows - how many rows to look at (all pairs among them)
 * @see xRFM, `bandwidth_mode = "adaptive"`
 */
export function medianDistance(
  u: Points,
  tables: readonly CategoricalTable[],
  kernel: Kernel,
  generator: Random,
  rows = 200,
): number {
  const { coordinates, levels } = u;
  const { cols } = coordinates;
  const p = normOrder(kernel);
  const chosen = sample(coordinates.rows, rows, generator);
  const data = Float64Array.from(takeRows(coordinates, chosen).data);
  const distances = new Float64Array((chosen.length * (chosen.length - 1)) / 2);
  let count = 0;
  for (let a = 0; a < chosen.length; a++)
    for (let b = 0; b < a; b++) {
      let sum = separableDistance(data, a * cols, b * cols, cols, p);
      tables.forEach((table, g) => {
        const [from, to] = [
          levels![chosen[a]! * tables.length + g]!,
          levels![chosen[b]! * tables.length + g]!,
        ];
        sum += table.values[from * table.size + to]!;
      });
      distances[count++] = p === 1 ? sum : sum ** (1 / p);
    }
  if (count === 0) return 0;
  distances.sort();
  return distances[(count - 1) >> 1]!;
}

/** Σ_k |a_k − b_k|^p of two rows. */
function separableDistance(data: Float64Array, a: number, b: number, cols: number, p: number): number {
  let sum = 0;
  if (p === 2)
    for (let k = 0; k < cols; k++) {
      const delta = data[a + k]! - data[b + k]!;
      sum += delta * delta;
    }
  else if (p === 1) for (let k = 0; k < cols; k++) sum += Math.abs(data[a + k]! - data[b + k]!);
  else for (let k = 0; k < cols; k++) sum += Math.abs(data[a + k]! - data[b + k]!) ** p;
  return sum;
}
