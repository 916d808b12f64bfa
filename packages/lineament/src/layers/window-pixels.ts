import type { ImageShape } from "./layer.ts";

/** The filter of a convolution. */
export interface Window {
  readonly rows: number;
  readonly cols: number;
  readonly padding: "zero" | "circular";
}

/** For every pixel of an image those in the window around it, row by row; −1 where there is none. pixels × (rows · columns). */
export function windowPixels(
  { height, width }: Pick<ImageShape, "height" | "width">,
  { rows, cols, padding }: Window,
): Int32Array {
  const place = (at: number, size: number): number =>
    padding === "circular" ? ((at % size) + size) % size : at >= 0 && at < size ? at : -1;
  const table = new Int32Array(height * width * rows * cols);
  let at = 0;
  for (let row = 0; row < height; row++)
    for (let col = 0; col < width; col++)
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < cols; j++) {
          const [r, c] = [place(row + i - (rows - 1) / 2, height), place(col + j - (cols - 1) / 2, width)];
          table[at++] = r < 0 || c < 0 ? -1 : r * width + c;
        }
  return table;
}
