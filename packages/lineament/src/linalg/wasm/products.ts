import { block } from "../block.ts";
import type { Block } from "../block.ts";
import type { Matrix } from "../matrix.ts";
import { precisionOf } from "../matrix.ts";
import type { Task } from "./job.ts";
import type { Kit } from "./kit.ts";
import { lowerTriangle, piece, pieces, pieceSize, triangleSize } from "./tiling.ts";

export interface GemmJob {
  readonly kind: "gemm";
  readonly a: Matrix;
  readonly b: Matrix;
  readonly c: Matrix;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly alpha: number;
  readonly beta: number;
  /** C is symmetric: lower tiles are computed and mirrored. */
  readonly symmetric: boolean;
  readonly threads: number;
}

const DEPTH = 512;

/** Tiles of C; each walks along the inner dimension. */
export function gemmTask(job: GemmJob, kit: Kit): Task {
  const { a, b, c, transposeA, transposeB, alpha, beta, symmetric } = job;
  const precision = precisionOf(c);
  const kernels = kit.kernels(precision);
  const inner = transposeA ? a.rows : a.cols;
  const largest = precision === "float32" ? 512 : 384;
  // Large tiles copy least; two to a thread are enough to share the work evenly.
  const wanted = job.threads === 1 ? 1 : Math.ceil(Math.sqrt(2 * job.threads));
  const height = pieceSize(c.rows, wanted, largest);
  const width = symmetric ? height : pieceSize(c.cols, wanted, largest);
  const [down, across] = [pieces(height, c.rows), pieces(width, c.cols)];
  return {
    phases: 1,
    tiles: () => (symmetric ? triangleSize(down) : down * across),
    *run(_phase, index) {
      const { row, column } = symmetric
        ? lowerTriangle(index)
        : { row: Math.floor(index / across), column: index % across };
      const { start: top, end: bottom } = piece(row, height, c.rows);
      const { start: left, end: right } = piece(column, width, c.cols);
      kit.reset();
      const tile = kit.take(bottom - top, right - left, precision);
      const old = kit.take(bottom - top, right - left, precision);
      const operand = (
        m: Matrix,
        transposed: boolean,
        from: number,
        to: number,
        start: number,
        end: number,
      ) => (transposed ? block(m, start, end, from, to) : block(m, from, to, start, end));
      const first = operand(a, transposeA, top, bottom, 0, Math.min(DEPTH, inner));
      const second = operand(b, !transposeB, left, right, 0, Math.min(DEPTH, inner));
      const [tileA, tileB] = [
        kit.take(first.rows, first.cols, precision),
        kit.take(second.rows, second.cols, precision),
      ];
      if (inner === 0) kit.view(tile).fill(0);
      for (let start = 0; start < inner; start += DEPTH) {
        const end = Math.min(inner, start + DEPTH);
        const [partA, partB] = [
          operand(a, transposeA, top, bottom, start, end),
          operand(b, !transposeB, left, right, start, end),
        ];
        const [x, y] = [resized(tileA, partA), resized(tileB, partB)];
        kit.copyIn(partA, x);
        kit.copyIn(partB, y);
        kit.gemm(x, y, tile, { transposeA, transposeB, mode: start === 0 ? "set" : "add" });
        yield;
      }
      const target = block(c, top, bottom, left, right);
      if (beta !== 0) kit.copyIn(target, old);
      if (alpha !== 1 || beta !== 0)
        kernels.blend(tile.pointer, old.pointer, tile.rows * tile.cols, alpha, beta);
      if (symmetric && row === column) mirror(kit.view(tile), tile.rows);
      kit.copyOut(tile, target);
      if (symmetric && row !== column) {
        const turned = kit.take(tile.cols, tile.rows, precision);
        kernels.transpose(tile.pointer, tile.stride, tile.rows, tile.cols, turned.pointer, turned.stride);
        kit.copyOut(turned, block(c, left, right, top, bottom));
      }
    },
  };
}

/** The same memory for a smaller rectangle. */
function resized<T extends { rows: number; cols: number; stride: number }>(
  tile: T,
  { rows, cols }: Block,
): T {
  return { ...tile, rows, cols, stride: cols };
}

/** Copies the lower triangle of a square tile over the upper one. */
export function mirror(data: { [index: number]: number }, n: number, stride = n): void {
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) data[j * stride + i] = data[i * stride + j]!;
}

export interface TriangularJob {
  readonly kind: "triangular";
  readonly l: Matrix;
  readonly b: Matrix;
  readonly transposed: boolean;
}

const STEP = 64;
const STRIP = 512;

/** Columns of B are independent; each strip of them is solved block row by block row. */
export function triangularTask({ l, b, transposed }: TriangularJob, kit: Kit): Task {
  const precision = precisionOf(b);
  const kernels = kit.kernels(precision);
  const n = l.rows;
  const width = pieceSize(b.cols, 4, 256);
  const steps = pieces(STEP, n);
  return {
    phases: 1,
    tiles: () => pieces(width, b.cols),
    *run(_phase, index) {
      const { start: left, end: right } = piece(index, width, b.cols);
      kit.reset();
      const x = kit.load(block(b, 0, n, left, right));
      const rowsOf = (start: number, end: number) => ({
        ...x,
        pointer: x.pointer + start * x.stride * (precision === "float32" ? 4 : 8),
        rows: end - start,
      });
      const diagonal = kit.take(STEP, STEP, precision);
      const strip = kit.take(STEP, STRIP, precision);
      for (let step = 0; step < steps; step++) {
        const { start, end } = piece(transposed ? steps - 1 - step : step, STEP, n);
        const own = rowsOf(start, end);
        const [from, to] = transposed ? [end, n] : [0, start];
        for (let s = from; s < to; s += STRIP) {
          const stop = Math.min(to, s + STRIP);
          const part = transposed ? block(l, s, stop, start, end) : block(l, start, end, s, stop);
          const tile = resized(strip, part);
          kit.copyIn(part, tile);
          kit.gemm(tile, rowsOf(s, stop), own, { transposeA: transposed, mode: "subtract" });
        }
        const triangle = block(l, start, end, start, end);
        const small = resized(diagonal, triangle);
        kit.copyIn(triangle, small);
        kernels.solveLeft(
          small.pointer,
          small.stride,
          end - start,
          own.pointer,
          own.stride,
          right - left,
          transposed,
        );
        yield;
      }
      kit.copyOut(x, block(b, 0, n, left, right));
    },
  };
}

export interface TransposeJob {
  readonly kind: "transpose";
  /** target = sourceᵀ. When both are one square matrix its lower triangle is copied over the upper one. */
  readonly source: Matrix;
  readonly target: Matrix;
}

export function transposeTask({ source, target }: TransposeJob, kit: Kit): Task {
  const precision = precisionOf(source);
  const kernels = kit.kernels(precision);
  const size = 256;
  const mirroring =
    source.data.buffer === target.data.buffer && source.data.byteOffset === target.data.byteOffset;
  const [down, across] = [pieces(size, source.rows), pieces(size, source.cols)];
  return {
    phases: 1,
    tiles: () => (mirroring ? triangleSize(down) : down * across),
    *run(_phase, index) {
      const { row, column } = mirroring
        ? lowerTriangle(index)
        : { row: Math.floor(index / across), column: index % across };
      const { start: top, end: bottom } = piece(row, size, source.rows);
      const { start: left, end: right } = piece(column, size, source.cols);
      kit.reset();
      const tile = kit.load(block(source, top, bottom, left, right));
      if (mirroring && row === column) {
        mirror(kit.view(tile), tile.rows);
        kit.copyOut(tile, block(source, top, bottom, left, right));
      } else {
        const turned = kit.take(tile.cols, tile.rows, precision);
        kernels.transpose(tile.pointer, tile.stride, tile.rows, tile.cols, turned.pointer, turned.stride);
        kit.copyOut(turned, block(target, left, right, top, bottom));
      }
      yield;
    },
  };
}
