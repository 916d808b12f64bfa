import type { Block } from "../block.ts";
import type { Numbers, Precision } from "../matrix.ts";
import { precisionOf } from "../matrix.ts";
import type { Level3 } from "../native/blas.ts";

// What one thread computes with: an instance of the wasm module, whose small memory holds the tiles of the moment, and
// optionally a BLAS for the products.

/** The kernels of `assembly/` in one precision. Pointers are bytes; sizes and strides are numbers. */
export interface Kernels {
  gemm(
    m: number, n: number, k: number, a: number, lda: number, ta: boolean, b: number, ldb: number, tb: boolean, c: number, ldc: number, mode: number, scratch: number,
  ): void; // prettier-ignore
  pack(
    source: number,
    stride: number,
    count: number,
    depth: number,
    out: number,
    width: number,
    along: boolean,
  ): void;
  transpose(a: number, lda: number, rows: number, cols: number, out: number, ldout: number): void;
  profile(
    kind: number, slope: boolean, products: boolean, tile: number, rows: number, stride: number, normsX: number, normsZ: number,
    a: number, b: number, c: number, tolerance: number,
  ): void; // prettier-ignore
  distances(tile: number, rows: number, stride: number, normsX: number, normsZ: number): void;
  markNegligible(
    tile: number,
    rows: number,
    cols: number,
    stride: number,
    normsX: number,
    normsZ: number,
    p: number,
    tolerance: number,
  ): void;
  coordinateSums(
    kind: number, x: number, ldx: number, rows: number, packed: number, cols: number, d: number, p: number, a: number, tile: number, stride: number,
  ): void; // prettier-ignore
  coordinateGradients(
    kind: number, tolerance: number, x: number, z: number, ld: number, count: number, weights: number, outputs: number, p: number, a: number, out: number, ldout: number,
  ): void; // prettier-ignore
  stage(
    source: number,
    rows: number,
    d: number,
    center: number,
    out: number,
    ld: number,
    norms: number,
  ): void;
  normalize(source: number, rows: number, d: number, out: number, squares: number): void;
  weighted(
    a: number,
    c: number,
    z: number,
    ldz: number,
    d: number,
    rows: number,
    start: number,
    end: number,
    out: number,
  ): void;
  addOwn(sums: number, c: number, u: number, ldu: number, d: number, rows: number, g: number): void;
  scaleRows(factor: number, a: number, rows: number, c: number, out: number): void;
  blend(c: number, old: number, count: number, alpha: number, beta: number): void;
  cholesky(a: number, n: number, ld: number, scratch: number): number;
  solveRight(l: number, ldl: number, n: number, b: number, ldb: number, rows: number, scratch: number): void;
  solveLeft(
    l: number,
    ldl: number,
    n: number,
    b: number,
    ldb: number,
    cols: number,
    transposed: boolean,
  ): void;
}

/** The kernels of `assembly/dense.ts`, in float64. */
export interface DenseTileKernels {
  denseLayer(
    form: number, mode: number, state: number, rows: number, stride: number, termsX: number, countX: number, termsZ: number, countZ: number,
    weightVariance: number, weightRate: number, bias: number, p0: number, p1: number, p2: number, p3: number,
  ): void; // prettier-ignore
  gaps(tile: number, rows: number, stride: number, bound: number): number;
  gapsFromDistances(
    tile: number, rows: number, cols: number, stride: number, bound: number, x: number, z: number, d: number,
  ): void; // prettier-ignore
  covariances(tile: number, rows: number, stride: number, rootsX: number, rootsZ: number, out: number): void;
  narrow(from: number, count: number, to: number): void;
}

/** A rectangle in the memory of a kit. */
export interface Tile {
  readonly precision: Precision;
  /** Byte address. */
  readonly pointer: number;
  readonly rows: number;
  readonly cols: number;
  readonly stride: number;
}

export interface Kit {
  kernels(precision: Precision): Kernels;
  readonly dense: DenseTileKernels;
  /** Forgets all tiles. */
  reset(): void;
  /** A tile with arbitrary contents. */
  take(rows: number, cols: number, precision: Precision, stride?: number): Tile;
  /** The numbers of a tile, valid until the next `take`. */
  view(tile: Tile): Numbers;
  copyIn(from: Block, to: Tile): void;
  copyOut(from: Tile, to: Block): void;
  /** A copy of the block as a tile. */
  load(from: Block): Tile;
  /** The block as an operand of `gemm`: itself where a BLAS reads it in place, else a tile. */
  operand(from: Block): Operand;
  /** The same, in the memory of a tile that is large enough. */
  operandIn(from: Block, room: Tile): Operand;
  /** C = op(A) op(B), C += … or C −= … */
  gemm(
    a: Operand,
    b: Operand,
    c: Tile,
    options?: { transposeA?: boolean; transposeB?: boolean; mode?: "set" | "add" | "subtract" },
  ): void;
  /** Address of the scratch memory that some kernels ask for. */
  readonly scratch: number;
}

export type Operand = Tile | Block;

const PAGE = 65536;
/** Numbers that are copied faster than a BLAS is called; from shared memory it copies more of them three times as fast. */
const SHORT_COPY = 1024;
const modes = { set: 0, add: 1, subtract: 2 } as const;

export async function openKit(module: WebAssembly.Module, blas?: Level3<void>): Promise<Kit> {
  const instance = await WebAssembly.instantiate(module, {});
  const exported = instance.exports as Record<string, unknown>;
  const { memory, heapBase, gemmScratch } = exported as {
    memory: WebAssembly.Memory;
    heapBase: () => number;
    gemmScratch: () => number;
  };
  const pick = (suffix: string): Kernels =>
    Object.fromEntries(
      Object.entries(exported).flatMap(([name, f]) =>
        name.endsWith(suffix) ? [[name.slice(0, -suffix.length), f]] : [],
      ),
    ) as unknown as Kernels;
  const both = { float32: pick("32"), float64: pick("64") };

  const align = (pointer: number): number => (pointer + 63) & ~63;
  const scratch = align(heapBase());
  const start = align(scratch + gemmScratch());
  let next = start;
  const reserve = (end: number): void => {
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  };
  reserve(start);

  const bytes = (precision: Precision): number => (precision === "float32" ? 4 : 8);
  const view = ({ precision, pointer, rows, cols, stride }: Tile): Numbers => {
    const count = rows === 0 ? 0 : (rows - 1) * stride + cols;
    return precision === "float32"
      ? new Float32Array(memory.buffer, pointer, count)
      : new Float64Array(memory.buffer, pointer, count);
  };
  const asBlock = (tile: Operand): Block =>
    "data" in tile
      ? tile
      : { data: view(tile), offset: 0, stride: tile.stride, rows: tile.rows, cols: tile.cols };
  const copy = (from: Block, to: Block): void => {
    if (from.rows === 0 || from.cols === 0) return;
    const { rows, cols } = from;
    const contiguous = from.stride === cols && to.stride === cols;
    if (contiguous && (!blas || rows * cols <= SHORT_COPY)) {
      to.data.set(from.data.subarray(from.offset, from.offset + rows * cols), to.offset);
      return;
    }
    if (blas) return blas.copy(from, to);
    for (let i = 0; i < rows; i++) {
      const at = from.offset + i * from.stride;
      to.data.set(from.data.subarray(at, at + cols), to.offset + i * to.stride);
    }
  };

  const kit: Kit = {
    scratch,
    kernels: (precision) => both[precision],
    dense: exported as unknown as DenseTileKernels,
    reset() {
      next = start;
    },
    take(rows, cols, precision, stride = cols) {
      const pointer = next;
      // Some room behind: kernels may read one vector beyond the last number.
      next = align(pointer + rows * stride * bytes(precision) + 64);
      reserve(next);
      return { precision, pointer, rows, cols, stride };
    },
    view,
    copyIn: (from, to) => copy(from, asBlock(to)),
    copyOut: (from, to) => copy(asBlock(from), to),
    load(from) {
      const tile = kit.take(from.rows, from.cols, precisionOf(from));
      kit.copyIn(from, tile);
      return tile;
    },
    operand: (from) => (blas ? from : kit.load(from)),
    operandIn(from, room) {
      if (blas) return from;
      const tile: Tile = { ...room, rows: from.rows, cols: from.cols, stride: from.cols };
      kit.copyIn(from, tile);
      return tile;
    },
    gemm(a, b, c, { transposeA = false, transposeB = false, mode = "set" } = {}) {
      const k = transposeA ? a.rows : a.cols;
      if (c.rows === 0 || c.cols === 0) return;
      if (blas && k > 0) {
        blas.gemm(asBlock(a), asBlock(b), asBlock(c), {
          transposeA,
          transposeB,
          alpha: mode === "subtract" ? -1 : 1,
          beta: mode === "set" ? 0 : 1,
        });
        return;
      }
      if ("data" in a || "data" in b) {
        if (k > 0) throw new TypeError("gemm: operands lie outside of the kit");
        if (mode === "set") view(c).fill(0);
        return;
      }
      both[c.precision].gemm(
        c.rows, c.cols, k, a.pointer, a.stride, transposeA, b.pointer, b.stride, transposeB, c.pointer, c.stride, modes[mode], scratch,
      ); // prettier-ignore
    },
  };
  return kit;
}
