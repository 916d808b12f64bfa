/** The half-open range of tile `index` when 0 … total − 1 is cut into pieces of `size`. */
export function piece(index: number, size: number, total: number): { start: number; end: number } {
  const start = index * size;
  return { start, end: Math.min(total, start + size) };
}

/** Tiles of `size` that cover `total`. */
export function pieces(size: number, total: number): number {
  return Math.ceil(total / size);
}

/** (row, column) of entry `index` in the lower triangle counted row by row. */
export function lowerTriangle(index: number): { row: number; column: number } {
  let row = Math.floor((Math.sqrt(8 * index + 1) - 1) / 2);
  while ((row * (row + 1)) / 2 > index) row--;
  while (((row + 1) * (row + 2)) / 2 <= index) row++;
  return { row, column: index - (row * (row + 1)) / 2 };
}

/** Entries of the lower triangle of a `count` × `count` grid. */
export function triangleSize(count: number): number {
  return (count * (count + 1)) / 2;
}

/** A multiple of 16 that cuts `total` into at least `wanted` pieces, between 16 and `largest`. */
export function pieceSize(total: number, wanted: number, largest: number): number {
  return Math.max(16, Math.min(largest, Math.ceil(total / wanted / 16) * 16));
}
