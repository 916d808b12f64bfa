import type { Matrix, Numbers } from "./matrix.ts";

/** A row-major rectangle inside a typed array: entry (i, j) is `data[offset + i * stride + j]`. */
export interface Block {
  readonly data: Numbers;
  readonly offset: number;
  readonly stride: number;
  readonly rows: number;
  readonly cols: number;
}

/** The whole matrix as a block. */
export function whole(a: Matrix): Block {
  return { data: a.data, offset: 0, stride: Math.max(1, a.cols), rows: a.rows, cols: a.cols };
}

/** Rows `top` to `bottom` and columns `left` to `right` of a matrix. */
export function block(a: Matrix, top: number, bottom: number, left = 0, right = a.cols): Block {
  return {
    data: a.data,
    offset: top * a.cols + left,
    stride: Math.max(1, a.cols),
    rows: bottom - top,
    cols: right - left,
  };
}
