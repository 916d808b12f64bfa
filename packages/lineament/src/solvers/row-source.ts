import { type Matrix, type Points, precisionOf, rowRange, zeros } from "../linalg/index.ts";

/** Some consecutive rows of a table. They stay valid until the next ones are asked for. */
export interface RowChunk {
  readonly x: Points;
  /** Targets, rows × c. */
  readonly y: Matrix;
  /** One weight ≥ 0 a row. */
  readonly weights?: Float64Array | undefined;
}

/**
 * Rows that solvers pass over several times, such as those of a table larger than memory: every pass gives the same rows in the same order, in
 * chunks of any size.
 */
export interface RowSource {
  readonly rows: number;
  /** c, the target columns. */
  readonly outputs: number;
  chunks(signal?: AbortSignal): AsyncIterable<RowChunk> | Iterable<RowChunk>;
}

/** Rows in memory as a source of one chunk. Nothing is copied. */
export function rowsInMemory(x: Points, y: Matrix, weights?: Float64Array): RowSource {
  const { rows } = x.coordinates;
  if (y.rows !== rows) throw new RangeError(`rowsInMemory: y has ${y.rows} rows, x has ${rows}`);
  if (weights && weights.length !== rows)
    throw new RangeError(`rowsInMemory: ${weights.length} weights for ${rows} rows`);
  return { rows, outputs: y.cols, chunks: () => [{ x, y, weights }] };
}

/** Each chunk passed through a function, for what is done to rows on their way: standardizing, a metric. */
export function mapRows(
  source: RowSource,
  change: (chunk: RowChunk) => RowChunk | Promise<RowChunk>,
): RowSource {
  return {
    ...source,
    async *chunks(signal) {
      for await (const chunk of source.chunks(signal)) yield await change(chunk);
    },
  };
}

/** Rows `start` to `end` of a chunk, as views. */
export function chunkRange({ x, y, weights }: RowChunk, start: number, end: number): RowChunk {
  const coordinates = rowRange(x.coordinates, start, end);
  const blocks = x.levels ? x.levels.length / x.coordinates.rows : 0;
  return {
    x: x.levels ? { coordinates, levels: x.levels.subarray(start * blocks, end * blocks) } : { coordinates },
    y: rowRange(y, start, end),
    weights: weights?.subarray(start, end),
  };
}

/**
 * Copies of the rows with these numbers, in one pass.
 *
 * @param rows - ascending row numbers
 * @throws RangeError when the source ends before the last of them
 */
export async function takeSourceRows(
  source: RowSource,
  rows: ArrayLike<number>,
  signal?: AbortSignal,
): Promise<RowChunk> {
  const count = rows.length;
  let taken:
    | { x: Matrix; levels: Int32Array | undefined; y: Matrix; weights: Float64Array | undefined }
    | undefined;
  let first = 0;
  let at = 0;
  for await (const { x, y, weights } of source.chunks(signal)) {
    signal?.throwIfAborted();
    const { coordinates, levels } = x;
    const blocks = levels ? levels.length / Math.max(1, coordinates.rows) : 0;
    taken ??= {
      x: zeros(count, coordinates.cols, precisionOf(coordinates)),
      levels: levels && new Int32Array(count * blocks),
      y: zeros(count, y.cols, precisionOf(y)),
      weights: weights && new Float64Array(count),
    };
    const end = first + coordinates.rows;
    for (; at < count && rows[at]! < end; at++) {
      const i = rows[at]! - first;
      taken.x.data.set(rowRange(coordinates, i, i + 1).data, at * coordinates.cols);
      taken.y.data.set(rowRange(y, i, i + 1).data, at * y.cols);
      if (levels) taken.levels?.set(levels.subarray(i * blocks, (i + 1) * blocks), at * blocks);
      if (weights && taken.weights) taken.weights[at] = weights[i]!;
    }
    first = end;
    if (at === count) break;
  }
  if (!taken || at < count) throw new RangeError(`takeSourceRows: the source ended after ${first} rows`);
  const { x, levels, y, weights } = taken;
  return { x: levels ? { coordinates: x, levels } : { coordinates: x }, y, weights };
}
