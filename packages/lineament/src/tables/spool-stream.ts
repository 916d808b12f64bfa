import type { RowChunk, RowSource } from "../solvers/index.ts";
import { encode, type Encoder } from "./encoder.ts";
import { bytesOfRow, type Spool, spoolRows, type SpooledShape } from "./row-spool.ts";
import { type Table, takeTableRows } from "./table.ts";
import { pointsOf } from "./table-model.ts";
import { changed, type SampledStream, trainingRows } from "./table-stream.ts";
import { type TargetSpec, targetValues } from "./target.ts";

/** How training rows of a stream become numbers. */
export interface StreamEncoding {
  readonly encoder: Encoder;
  readonly spec: TargetSpec;
  /** Weights of some rows; absent without weights. */
  readonly weights: ((rows: Table) => Float64Array) | undefined;
}

/** Numbers that are encoded at once: categories may become many coordinates. */
const MOST_NUMBERS = 2 ** 21;

/** Bytes that a row of the stream takes in the spool. */
export function spooledRowBytes(encoding: Pick<StreamEncoding, "encoder" | "weights">): number {
  return bytesOfRow(shapeOf(encoding));
}

/**
 * Encodes all training rows of a stream and keeps them in a spool, targets as they are (class numbers for classification).
 *
 * @throws InputError when the stream gives other rows than in the pass that was sampled, or cells that cannot be read
 */
export async function spoolStream(
  sampled: SampledStream,
  spool: Spool,
  encoding: StreamEncoding,
  {
    signal,
    onRows,
  }: {
    readonly signal?: AbortSignal | undefined;
    /** Told how many rows are spooled. */
    readonly onRows?: ((rows: number) => void) | undefined;
  } = {},
): Promise<RowSource> {
  const { encoder, spec, weights } = encoding;
  async function* encoded(): AsyncGenerator<RowChunk, void> {
    let rows = 0;
    const most = Math.max(1, Math.floor(MOST_NUMBERS / (encoder.coordinates.length + 1)));
    for await (const part of inPieces(trainingRows(sampled, signal), most)) {
      const { x, levels, notes } = encode(encoder, part);
      const { values } = targetValues(spec, part);
      // The first pass saw every level, class and empty cell.
      if (notes.unknownLevels.length + notes.imputed.length > 0 || values.length !== part.rows)
        throw changed(sampled.stream);
      rows += part.rows;
      onRows?.(rows);
      yield {
        x: pointsOf({ x, levels, notes }),
        y: { data: values, rows: part.rows, cols: 1 },
        weights: weights?.(part),
      };
    }
    if (rows !== sampled.rows.train) throw changed(sampled.stream);
  }
  return await spoolRows(spool, shapeOf(encoding), encoded());
}

/** Tables of no more than so many rows. */
async function* inPieces(tables: AsyncIterable<Table>, most: number): AsyncGenerator<Table, void> {
  for await (const table of tables) {
    if (table.rows <= most) yield table;
    else
      for (let start = 0; start < table.rows; start += most) {
        const length = Math.min(most, table.rows - start);
        yield takeTableRows(
          table,
          Int32Array.from({ length }, (_, i) => start + i),
        );
      }
  }
}

function shapeOf({ encoder, weights }: Pick<StreamEncoding, "encoder" | "weights">): SpooledShape {
  return {
    coordinates: encoder.coordinates.length,
    blocks: encoder.blocks.length,
    outputs: 1,
    weighted: weights !== undefined,
  };
}
