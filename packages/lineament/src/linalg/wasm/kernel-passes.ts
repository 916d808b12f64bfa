import { block } from "../block.ts";
import type { CategoricalTable, FusedKernel } from "../engine.ts";
import { dimensionsOf, negligible } from "../formulas.ts";
import type { Matrix, Numbers } from "../matrix.ts";
import { precisionOf } from "../matrix.ts";
import type { Task } from "./job.ts";
import type { Kit, Operand, Tile } from "./kit.ts";
import { mirror } from "./products.ts";
import { coordinateShape, shapeOf } from "./shapes.ts";
import { lowerTriangle, piece, pieces, pieceSize, triangleSize } from "./tiling.ts";

/** Rows as the passes need them. */
export interface Side {
  readonly coordinates: Matrix;
  readonly levels: Int32Array | undefined;
  /** Filled by the first phase: rows minus the center (rotation-invariant kernels only), and their squared norms. */
  readonly centered: Matrix;
  readonly norms: Matrix;
}

interface KernelJob {
  readonly kernel: FusedKernel;
  readonly x: Side;
  /** Undefined: z is x. */
  readonly z: Side | undefined;
  readonly tables: readonly CategoricalTable[];
  /** 1 × d, in the precision of the coordinates. */
  readonly center: Matrix;
  readonly out: Matrix;
}

export interface MatrixJob extends KernelJob {
  readonly kind: "kernel-matrix";
}

export interface ProductJob extends KernelJob {
  readonly kind: "kernel-product";
  readonly v: Matrix;
  readonly part: "value" | "slope";
  readonly selfPairs: Int32Array | undefined;
}

export interface GradientJob extends KernelJob {
  readonly kind: "kernel-gradient";
  readonly coefficients: Matrix;
  readonly selfPairs: Int32Array | undefined;
}

const CENTERING_ROWS = 1024;
/** A tile stays in the second-level cache. */
const TILE_ROWS = 256;
const TILE_COLS = 256;

/** The first phase of every pass: centers rows and takes norms. Then `tiles` and `run` of the second one. */
function withCentering(
  job: KernelJob,
  kit: Kit,
  tiles: number,
  run: (tile: number) => Generator<void, void>,
): Task {
  const sides = job.z ? [job.x, job.z] : [job.x];
  const chunks = sides.map((side) => pieces(CENTERING_ROWS, side.coordinates.rows));
  return {
    phases: 2,
    tiles: (phase) => (phase === 0 ? chunks.reduce((sum, count) => sum + count, 0) : tiles),
    *run(phase, tile) {
      kit.reset();
      if (phase === 1) return yield* run(tile);
      const side = tile < chunks[0]! ? sides[0]! : sides[1]!;
      center(side, tile < chunks[0]! ? tile : tile - chunks[0]!, job, kit);
      yield;
    },
  };
}

function center({ coordinates, centered, norms }: Side, chunk: number, job: KernelJob, kit: Kit): void {
  const { start, end } = piece(chunk, CENTERING_ROWS, coordinates.rows);
  const kernels = kit.kernels(precisionOf(coordinates));
  const origin = kit.load(block(job.center, 0, 1));
  const tile = kit.load(block(coordinates, start, end));
  const squares = kit.take(end - start, 1, tile.precision);
  kernels.stage(tile.pointer, tile.rows, tile.cols, origin.pointer, tile.pointer, tile.cols, squares.pointer);
  if (centered !== coordinates) kit.copyOut(tile, block(centered, start, end));
  kit.copyOut(squares, block(norms, start, end));
}

/** Makes tiles of kernel values or slopes. Rows of x are loaded once and met with many blocks of z. */
interface Tiler {
  rows(start: number, end: number): RowTile;
}

interface RowTile {
  /** Values or slopes of the rows against rows `start` to `end` of z. Overwrites the tile of the call before. */
  against(start: number, end: number): { readonly tile: Tile; readonly z: () => Tile };
  /** The rows themselves: centered, or padded with zeros for coordinate-wise kernels. */
  readonly x: () => Tile;
}

function tiler(job: KernelJob, kit: Kit, part: "value" | "slope", selfPairs?: Int32Array): Tiler {
  const { kernel, x, z = x, tables } = job;
  const precision = precisionOf(x.coordinates);
  const kernels = kit.kernels(precision);
  const d = x.coordinates.cols;
  const shape = shapeOf(kernel, dimensionsOf(x.coordinates, tables));
  const coordinates = coordinateShape(kernel);
  const slope = part === "slope";
  const tolerance = negligible(precision);
  const panel = precision === "float32" ? 8 : 4;
  const padded = (count: number): number => Math.ceil(count / panel) * panel;

  return {
    rows(top, bottom) {
      const height = bottom - top;
      const tile = kit.take(height, TILE_COLS, precision, padded(TILE_COLS));
      const normsX = kit.load(block(x.norms, top, bottom));
      const normsZ = kit.take(TILE_COLS, 1, precision);
      const zRows = kit.take(TILE_COLS, d, precision, coordinates ? padded(d) : d);
      const packed = coordinates ? kit.take(padded(TILE_COLS), Math.max(1, d), precision) : undefined;
      const raw = kit.take(1, Math.max(TILE_COLS, height) * Math.max(1, d), precision);
      const unused = kit.take(Math.max(TILE_COLS, height), 1, precision);
      const origin = kit.take(1, Math.max(1, d), precision);
      kit.view(origin).fill(0);

      /** Rows `start` to `end` into `to`, whose rows are padded with zeros. */
      const loadPadded = (side: Side, start: number, end: number, to: Tile): Tile => {
        const plain: Tile = { ...raw, rows: end - start, cols: d, stride: d };
        kit.copyIn(block(side.coordinates, start, end), plain);
        kernels.stage(plain.pointer, plain.rows, d, origin.pointer, to.pointer, to.stride, unused.pointer);
        return { ...to, rows: end - start };
      };
      let own: Tile | undefined;
      const xTile = (): Tile => {
        if (own) return own;
        own = coordinates
          ? loadPadded(x, top, bottom, kit.take(height, d, precision, padded(d)))
          : kit.load(block(x.centered, top, bottom));
        return own;
      };
      const xOperand: Operand = coordinates ? xTile() : kit.operand(block(x.centered, top, bottom));
      if (!coordinates && !("data" in xOperand)) own = xOperand;

      return {
        x: xTile,
        against(left, right) {
          const width = right - left;
          const stride = padded(width);
          const now: Tile = { ...tile, cols: width, stride };
          kit.copyIn(block(z.norms, left, right), { ...normsZ, rows: width });
          let zTile: Tile | undefined;
          if (coordinates) {
            zTile = loadPadded(z, left, right, zRows);
            kernels.pack(zTile.pointer, zTile.stride, width, d, packed!.pointer, panel, true);
            kernels.coordinateSums(
              coordinates.kind, xTile().pointer, xTile().stride, height, packed!.pointer, width, d, coordinates.p, coordinates.a, now.pointer, stride,
            ); // prettier-ignore
          } else {
            const part = block(z.centered, left, right);
            const zOperand = kit.operandIn(part, zRows);
            if (!("data" in zOperand)) zTile = zOperand;
            kit.gemm(xOperand, zOperand, now, { transposeB: true });
          }
          const fused = !coordinates && tables.length === 0;
          if (tables.length > 0) {
            if (!coordinates) kernels.distances(now.pointer, height, stride, normsX.pointer, normsZ.pointer);
            addTables(kit.view(now), stride, tables, x.levels!, top, height, z.levels!, left, width);
          }
          const threshold = coordinates ? 0 : tolerance;
          if (slope && kernel.family === "lpq" && coordinates)
            kernels.markNegligible(
              now.pointer,
              height,
              width,
              stride,
              normsX.pointer,
              normsZ.pointer,
              kernel.p,
              tolerance,
            );
          if (slope && kernel.family === "sum-power") {
            const { constant, power, exponent, bandwidth } = kernel;
            kernels.profile(
              5,
              false,
              false,
              now.pointer,
              height,
              stride,
              normsX.pointer,
              normsZ.pointer,
              shape.a,
              power - 1,
              constant,
              0,
            );
            kernels.blend(
              now.pointer,
              now.pointer,
              height * stride,
              -power * shape.a * exponent * bandwidth ** -exponent,
              0,
            );
          } else {
            kernels.profile(
              shape.kind, slope, fused, now.pointer, height, stride, normsX.pointer, normsZ.pointer, shape.a, shape.b, shape.c, threshold,
            ); // prettier-ignore
          }
          if (selfPairs) {
            const data = kit.view(now);
            for (let j = 0; j < height; j++) {
              const i = selfPairs[top + j]!;
              if (i >= left && i < right) data[j * stride + i - left] = 0;
            }
          }
          return {
            tile: now,
            z() {
              if (!zTile) {
                zTile = { ...zRows, rows: width };
                kit.copyIn(block(z.centered, left, right), zTile);
              }
              return zTile;
            },
          };
        },
      };
    },
  };
}

/** Adds what the categorical blocks of each pair contribute to its sum. */
function addTables(
  tile: Numbers,
  stride: number,
  tables: readonly CategoricalTable[],
  levelsX: Int32Array,
  top: number,
  height: number,
  levelsZ: Int32Array,
  left: number,
  width: number,
): void {
  const count = tables.length;
  for (let g = 0; g < count; g++) {
    const { size, values } = tables[g]!;
    for (let j = 0; j < height; j++) {
      const from = levelsX[(top + j) * count + g]! * size;
      const to = j * stride;
      for (let i = 0, at = left * count + g; i < width; i++, at += count)
        tile[to + i] = tile[to + i]! + values[from + levelsZ[at]!]!;
    }
  }
}

export function matrixTask(job: MatrixJob, kit: Kit): Task {
  const { out, z } = job;
  const precision = precisionOf(out);
  const kernels = kit.kernels(precision);
  const symmetric = z === undefined;
  const height = pieceSize(out.rows, symmetric ? 4 : 8, TILE_ROWS);
  const width = symmetric ? height : TILE_COLS;
  const [down, across] = [pieces(height, out.rows), pieces(width, out.cols)];
  const tiles = tiler(job, kit, "value");
  return withCentering(job, kit, symmetric ? triangleSize(down) : down * across, function* (index) {
    const { row, column } = symmetric
      ? lowerTriangle(index)
      : { row: Math.floor(index / across), column: index % across };
    const rows = piece(row, height, out.rows);
    const columns = piece(column, width, out.cols);
    const { tile } = tiles.rows(rows.start, rows.end).against(columns.start, columns.end);
    if (symmetric && row === column) {
      const data = kit.view(tile);
      mirror(data, tile.rows, tile.stride);
      for (let i = 0; i < tile.rows; i++) data[i * tile.stride + i] = 1;
    }
    kit.copyOut(tile, block(out, rows.start, rows.end, columns.start, columns.end));
    if (symmetric && row !== column) {
      const turned = kit.take(tile.cols, tile.rows, precision);
      kernels.transpose(tile.pointer, tile.stride, tile.rows, tile.cols, turned.pointer, turned.stride);
      kit.copyOut(turned, block(out, columns.start, columns.end, rows.start, rows.end));
    }
    yield;
  });
}

export function productTask(job: ProductJob, kit: Kit): Task {
  const { out, v, x, z = x, part, selfPairs } = job;
  const precision = precisionOf(out);
  const height = pieceSize(out.rows, 8, TILE_ROWS);
  const n = z.coordinates.rows;
  const tiles = tiler(job, kit, part, selfPairs);
  return withCentering(job, kit, pieces(height, out.rows), function* (index) {
    const { start, end } = piece(index, height, out.rows);
    const rows = tiles.rows(start, end);
    const sums = kit.take(end - start, out.cols, precision);
    kit.view(sums).fill(0);
    const values = kit.take(TILE_COLS, out.cols, precision);
    for (let left = 0; left < n; left += TILE_COLS) {
      const right = Math.min(n, left + TILE_COLS);
      const { tile } = rows.against(left, right);
      kit.gemm(tile, kit.operandIn(block(v, left, right), values), sums, { mode: "add" });
      yield;
    }
    kit.copyOut(sums, block(out, start, end));
  });
}

/** Bytes that the gradients of one tile of rows may take, and those of the weighted copy of a block of z. */
const GRADIENT_BYTES = 16 << 20;
const WEIGHTED_BYTES = 4 << 20;

/**
 * Rotation-invariant: G[j, (l, k)] = (W A)_jl u_jk − (W P)_j(l,k) with P[i, (l, k)] = A_il z_ik and W the slopes, so all
 * outputs and coordinates come from one product (in column chunks of P). Coordinate-wise: a triple loop.
 */
export function gradientTask(job: GradientJob, kit: Kit): Task {
  const { out, coefficients, x, selfPairs, kernel } = job;
  const precision = precisionOf(out);
  const kernels = kit.kernels(precision);
  const size = precision === "float32" ? 4 : 8;
  const [n, c, d] = [coefficients.rows, coefficients.cols, x.coordinates.cols];
  const columns = c * d;
  const shape = coordinateShape(kernel);
  const panel = precision === "float32" ? 8 : 4;
  const ld = shape ? Math.ceil(d / panel) * panel : d;
  const height = Math.min(
    pieceSize(out.rows, 8, TILE_ROWS),
    Math.max(16, Math.floor(GRADIENT_BYTES / (size * Math.max(1, c * ld)))),
  );
  const chunk = Math.max(1, Math.min(columns, Math.floor(WEIGHTED_BYTES / (size * TILE_COLS))));
  const tiles = tiler(job, kit, "slope", selfPairs);
  return withCentering(job, kit, columns === 0 ? 0 : pieces(height, out.rows), function* (index) {
    const { start, end } = piece(index, height, out.rows);
    const count = end - start;
    const rows = tiles.rows(start, end);
    const own = rows.x();
    const gradients = kit.take(count * c, d, precision, ld);
    const sums = kit.take(count, c, precision);
    const weights = kit.take(TILE_COLS, Math.max(c, shape ? 0 : chunk), precision);
    const ones = kit.take(TILE_COLS, c, precision);
    kit.view({ ...gradients, cols: ld }).fill(0);
    kit.view(sums).fill(0);
    for (let left = 0; left < n; left += TILE_COLS) {
      const right = Math.min(n, left + TILE_COLS);
      const { tile, z: zTile } = rows.against(left, right);
      const a: Tile = { ...ones, rows: right - left };
      kit.copyIn(block(coefficients, left, right), a);
      if (shape) {
        const other = zTile();
        for (let j = 0; j < count; j++) {
          kernels.scaleRows(
            tile.pointer + j * tile.stride * size,
            a.pointer,
            right - left,
            c,
            weights.pointer,
          );
          kernels.coordinateGradients(
            shape.kind, shape.diverges ? negligible(precision) : 0, own.pointer + j * own.stride * size, other.pointer, ld, right - left,
            weights.pointer, c, shape.p, shape.a, gradients.pointer + j * c * ld * size, ld,
          ); // prettier-ignore
          if (j % 16 === 15) yield;
        }
        continue;
      }
      kit.gemm(tile, a, sums, { mode: "add" });
      for (let from = 0; from < columns; from += chunk) {
        const to = Math.min(columns, from + chunk);
        const p: Tile = { ...weights, rows: right - left, cols: to - from, stride: to - from };
        kernels.weighted(a.pointer, c, zTile().pointer, d, d, right - left, from, to, p.pointer);
        const target: Tile = {
          precision,
          pointer: gradients.pointer + from * size,
          rows: count,
          cols: to - from,
          stride: columns,
        };
        kit.gemm(tile, p, target, { mode: "subtract" });
        yield;
      }
    }
    if (!shape) kernels.addOwn(sums.pointer, c, own.pointer, d, d, count, gradients.pointer);
    kit.copyOut(gradients, { data: out.data, offset: start * columns, stride: d, rows: count * c, cols: d });
  });
}
