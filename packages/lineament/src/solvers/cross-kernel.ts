import {
  type Engine,
  type KernelMatrixCall,
  type Matrix,
  type Points,
  type Precision,
  precisionOf,
  rowRange,
  zeros,
} from "../linalg/index.ts";
import { chunkRange, type RowChunk, type RowSource } from "./row-source.ts";
import { type SolverWorkspace, solverWorkspace } from "./solver-workspace.ts";

/** out[i, j] = k(x_i, z_j), in the precision of `out`; z = x when absent, with both triangles filled. */
export type KernelFunction = (call: Pick<KernelMatrixCall, "x" | "z" | "out" | "signal">) => Promise<void>;

/** What one pass does with a block: fills `out` (rows × width) from `products` = k(x, Z) V (rows × the columns of V). */
export type BlockStep = (products: Matrix, block: RowChunk, out: Matrix) => void;

/** Where the kernel blocks of a pass come from. */
export interface CrossKernelOptions {
  /** Of the kernel blocks. Default float32. */
  readonly precision?: Precision | undefined;
  /** Bytes of kernel blocks that may be kept for the next pass; the others are computed again in every pass. Default 1 GiB. */
  readonly memory?: number | undefined;
  /** Where blocks are kept. Default one of its own. */
  readonly workspace?: SolverWorkspace | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told how much of the current pass is done, 0 to 1. */
  readonly onBlock?: ((fraction: number) => void) | undefined;
}

/** Passes over the n × M kernel matrix K between the rows of a source and M centers, block of rows by block of rows. */
export interface CrossKernel {
  readonly rows: number;
  readonly centers: number;
  readonly outputs: number;
  /** Passes made so far. */
  readonly passes: number;
  /**
   * Σ_b K_bᵀ step(K_b V), M × width: summed in the precision of the blocks within a block and in float64 over blocks.
   *
   * @param v - M × any number of columns; none where the step needs no products
   */
  pass(v: Matrix<Float64Array> | undefined, width: number, step: BlockStep): Promise<Matrix<Float64Array>>;
}

/** Entries of a block: 16 MiB in float32, so that the products read it from cache where it was just written. */
const BLOCK_ENTRIES = 2 ** 22;
const MOST_ROWS = 8192;

/**
 * Passes over kernel blocks that are stored as far as memory allows and never otherwise. Stored or not, the blocks are the same
 * and so are the results.
 *
 * @throws RangeError in a pass when the source gives another number of rows than it announced
 */
export function crossKernel(
  engine: Engine,
  source: RowSource,
  centers: Points,
  kernel: KernelFunction,
  {
    precision = "float32",
    memory = 2 ** 30,
    workspace = solverWorkspace(engine),
    signal,
    onBlock,
  }: CrossKernelOptions = {},
): CrossKernel {
  const m = centers.coordinates.rows;
  const z = inPrecision(engine, centers, precision);
  const blockRows = Math.max(16, Math.min(MOST_ROWS, Math.floor(BLOCK_ENTRIES / Math.max(1, m))));
  const bytes = precision === "float32" ? 4 : 8;
  const kept: Matrix[] = [];
  let free = memory;
  let passes = 0;

  const blockAt = async (index: number, x: Points): Promise<Matrix> => {
    const stored = kept[index];
    if (stored) return stored;
    const { rows } = x.coordinates;
    const keep = index === kept.length && rows * m * bytes <= free;
    const out = keep
      ? workspace.matrix(`block ${index}`, rows, m, precision)
      : rowRange(workspace.matrix("block", blockRows, m, precision), 0, rows);
    await kernel({ x: inPrecision(engine, x, precision), z, out, signal });
    if (keep) {
      kept.push(out);
      free -= rows * m * bytes;
    }
    return out;
  };

  return {
    rows: source.rows,
    centers: m,
    outputs: source.outputs,
    get passes() {
      return passes;
    },
    async pass(v, width, step) {
      const result = zeros(m, width);
      const partial = engine.allocate(m, width, precision);
      const weighted = engine.allocate(blockRows, width, precision);
      const products = engine.allocate(blockRows, v?.cols ?? 0, precision);
      const right = v && engine.allocate(m, v.cols, precision);
      right?.data.set(v!.data);
      let index = 0;
      let seen = 0;
      for await (const chunk of source.chunks(signal)) {
        const { rows } = chunk.x.coordinates;
        for (let start = 0; start < rows; start += blockRows) {
          signal?.throwIfAborted();
          const block = chunkRange(chunk, start, Math.min(rows, start + blockRows));
          const count = block.x.coordinates.rows;
          const a = await blockAt(index++, block.x);
          const [product, out] = [rowRange(products, 0, count), rowRange(weighted, 0, count)];
          if (right) await engine.gemm({ a, b: right, c: product });
          step(product, block, out);
          await engine.gemm({ a, b: out, c: partial, transposeA: true });
          for (let at = 0; at < result.data.length; at++) result.data[at]! += partial.data[at]!;
          seen += count;
          onBlock?.(seen / source.rows);
        }
      }
      if (seen !== source.rows)
        throw new RangeError(`crossKernel: the source gave ${seen} rows, it announced ${source.rows}`);
      passes++;
      return result;
    },
  };
}

/** Points with their coordinates in a precision; the same ones where they already are. */
export function inPrecision(engine: Engine, points: Points, precision: Precision): Points {
  const { coordinates } = points;
  if (precisionOf(coordinates) === precision) return points;
  const copy = engine.allocate(coordinates.rows, coordinates.cols, precision);
  copy.data.set(coordinates.data);
  return { ...points, coordinates: copy };
}
