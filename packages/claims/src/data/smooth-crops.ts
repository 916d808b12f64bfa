import type { Matrix, Random } from "lineament";
import { zeros } from "lineament";
import { gaussianMatrix } from "./gaussian-matrix.ts";

export interface LabeledImages {
  /** One image a row, pixel after pixel; every pixel has mean 0 and variance 1 over the images. */
  readonly x: Matrix<Float64Array>;
  /** From 0. */
  readonly labels: Int32Array;
}

/**
 * Images of `classes` kinds: random crops of one smooth random template each, with noise.
 *
 * @param side - pixels in a row and in a column; templates have half as many again
 */
export function smoothCrops(
  count: number,
  { classes, side, noise }: { readonly classes: number; readonly side: number; readonly noise: number },
  generator: Random,
): LabeledImages {
  const large = Math.ceil(1.5 * side);
  const templates = Array.from({ length: classes }, () => smoothTemplate(large, generator));
  const x = zeros(count, side * side);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = generator.integer(classes);
    const [top, left] = [generator.integer(large - side + 1), generator.integer(large - side + 1)];
    for (let r = 0; r < side; r++)
      for (let c = 0; c < side; c++)
        x.data[(i * side + r) * side + c] =
          templates[labels[i]!]![(top + r) * large + left + c]! + noise * generator.normal();
  }
  standardizeColumns(x);
  return { x, labels };
}

/** White noise under a Gaussian filter with periodic borders, of mean square 1. */
function smoothTemplate(side: number, generator: Random): Float64Array {
  const blur = 1.2;
  const { data: noise } = gaussianMatrix(side, side, generator);
  const weight = (a: number, b: number): number => {
    const apart = Math.min(Math.abs(a - b), side - Math.abs(a - b));
    return Math.exp(-(apart ** 2) / (2 * blur ** 2));
  };
  const template = new Float64Array(side * side);
  for (let r = 0; r < side; r++)
    for (let c = 0; c < side; c++)
      for (let k = 0; k < side * side; k++)
        template[r * side + c]! += weight(r, Math.floor(k / side)) * weight(c, k % side) * noise[k]!;
  const size = Math.hypot(...template) / side;
  return template.map((value) => value / size);
}

function standardizeColumns({ data, rows, cols }: Matrix<Float64Array>): void {
  for (let k = 0; k < cols; k++) {
    let [mean, square] = [0, 0];
    for (let i = 0; i < rows; i++) mean += data[i * cols + k]! / rows;
    for (let i = 0; i < rows; i++) square += (data[i * cols + k]! - mean) ** 2 / rows;
    for (let i = 0; i < rows; i++) data[i * cols + k] = (data[i * cols + k]! - mean) / Math.sqrt(square);
  }
}
