import type { Matrix, Random } from "lineament";
import { gaussianMatrix } from "./gaussian-matrix.ts";

/** W_1, …, W_n with independent normal entries, for the widths d_0, …, d_n: a start of a linear network with no balance at all. */
export function gaussianLayers(
  widths: readonly number[],
  generator: Random,
  { std }: { readonly std: number },
): Matrix<Float64Array>[] {
  return widths.slice(1).map((rows, j) => gaussianMatrix(rows, widths[j]!, generator, { std }));
}
