import { type Matrix, type Points, precisionOf, rowRange, takeRows, zeros } from "../linalg/index.ts";

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

/** All rows but those with these numbers. @param left - ascending row numbers */
export function withoutRows(source: RowSource, left: ArrayLike<number>): RowSource {
  return {
    ...source,
    rows: source.rows - left.length,
    async *chunks(signal) {
      let [first, at] = [0, 0];
      for await (const chunk of source.chunks(signal)) {
        const end = first + chunk.y.rows;
        const kept: number[] = [];
        for (let row = first; row < end; row++) {
          if (left[at] === row) at++;
          else kept.push(row - first);
        }
        first = end;
        if (kept.length === chunk.y.rows) yield chunk;
        else if (kept.length > 0) yield takeChunkRows(chunk, kept);
      }
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

/** Copies of the rows with these numbers, in that order. */
export function takeChunkRows({ x, y, weights }: RowChunk, rows: ArrayLike<number>): RowChunk {
  const coordinates = takeRows(x.coordinates, rows);
  const targets = takeRows(y, rows);
  const blocks = x.levels ? x.levels.length / x.coordinates.rows : 0;
  const levels = x.levels && new Int32Array(rows.length * blocks);
  if (x.levels)
    for (let at = 0; at < rows.length; at++)
      levels!.set(x.levels.subarray(rows[at]! * blocks, (rows[at]! + 1) * blocks), at * blocks);
  return {
    x: levels ? { coordinates, levels } : { coordinates },
    y: targets,
    weights: weights && Float64Array.from({ length: rows.length }, (_, at) => weights[rows[at]!]!),
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
  const parts: RowChunk[] = [];
  let first = 0;
  let at = 0;
  for await (const chunk of source.chunks(signal)) {
    signal?.throwIfAborted();
    const end = first + chunk.x.coordinates.rows;
    const own: number[] = [];
    for (; at < rows.length && rows[at]! < end; at++) own.push(rows[at]! - first);
    if (own.length > 0) parts.push(takeChunkRows(chunk, own));
    first = end;
    if (at === rows.length) break;
  }
  if (at < rows.length || parts.length === 0)
    throw new RangeError(`takeSourceRows: the source ended after ${first} rows`);
  return parts.length === 1 ? parts[0]! : joinChunks(parts);
}

function joinChunks(parts: readonly RowChunk[]): RowChunk {
  const [{ x, y, weights }] = parts as [RowChunk];
  const count = parts.reduce((sum, part) => sum + part.y.rows, 0);
  const blocks = x.levels ? x.levels.length / x.coordinates.rows : 0;
  const coordinates = zeros(count, x.coordinates.cols, precisionOf(x.coordinates));
  const levels = x.levels && new Int32Array(count * blocks);
  const targets = zeros(count, y.cols, precisionOf(y));
  const joined = weights && new Float64Array(count);
  let row = 0;
  for (const part of parts) {
    coordinates.data.set(part.x.coordinates.data, row * coordinates.cols);
    targets.data.set(part.y.data, row * targets.cols);
    if (part.x.levels) levels?.set(part.x.levels, row * blocks);
    if (part.weights) joined?.set(part.weights, row);
    row += part.y.rows;
  }
  return { x: levels ? { coordinates, levels } : { coordinates }, y: targets, weights: joined };
}
