import type { RowChunk, RowSource } from "../solvers/index.ts";

/** Bytes that are written one after the other and then read many times: a temporary file, for rows that do not fit into memory. */
export interface Spool {
  /** Appends. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Fills `into` with the bytes from `offset` on.
   * @throws when they cannot be read, or there are fewer
   */
  read(into: Uint8Array, offset: number): Promise<void>;
}

/** What a row takes in a spool. */
export interface SpooledShape {
  readonly coordinates: number;
  readonly blocks: number;
  readonly outputs: number;
  readonly weighted: boolean;
}

/** Bytes of a spooled row: float64 targets and weight, float32 coordinates, int32 levels. */
export function bytesOfRow({ coordinates, blocks, outputs, weighted }: SpooledShape): number {
  return 8 * (outputs + (weighted ? 1 : 0)) + 4 * (coordinates + blocks);
}

/** Writes rows into a spool, chunk by chunk as they come, and reads them from there in every pass, with one chunk in memory. */
export async function spoolRows(
  spool: Spool,
  shape: SpooledShape,
  rows: AsyncIterable<RowChunk>,
): Promise<RowSource> {
  const counts: number[] = [];
  for await (const { x, y, weights } of rows) {
    if (y.rows === 0) continue;
    const parts = partsOf(shape, new Uint8Array(y.rows * bytesOfRow(shape)), y.rows);
    parts.y.set(y.data);
    if (weights) parts.weights?.set(weights);
    parts.x.set(x.coordinates.data);
    if (x.levels) parts.levels.set(x.levels);
    await spool.write(parts.bytes);
    counts.push(y.rows);
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  return {
    rows: total,
    outputs: shape.outputs,
    async *chunks(signal) {
      const buffer = new Uint8Array(Math.max(0, ...counts) * bytesOfRow(shape));
      let offset = 0;
      for (const count of counts) {
        signal?.throwIfAborted();
        const { bytes, x, levels, y, weights } = partsOf(shape, buffer, count);
        await spool.read(bytes, offset);
        offset += bytes.length;
        const coordinates = { data: x, rows: count, cols: shape.coordinates };
        yield {
          x: shape.blocks > 0 ? { coordinates, levels } : { coordinates },
          y: { data: y, rows: count, cols: shape.outputs },
          weights,
        };
      }
    },
  };
}

/** The parts of the bytes of a chunk; those of eight bytes a value come first, where they are aligned. */
function partsOf(
  { coordinates, blocks, outputs, weighted }: SpooledShape,
  { buffer }: Uint8Array,
  rows: number,
) {
  const y = new Float64Array(buffer, 0, rows * outputs);
  const weights = weighted ? new Float64Array(buffer, y.byteLength, rows) : undefined;
  const x = new Float32Array(buffer, y.byteLength + (weights?.byteLength ?? 0), rows * coordinates);
  const levels = new Int32Array(buffer, x.byteOffset + x.byteLength, rows * blocks);
  return { y, weights, x, levels, bytes: new Uint8Array(buffer, 0, levels.byteOffset + levels.byteLength) };
}
