import { block } from "../block.ts";
import type { Matrix } from "../matrix.ts";
import { precisionOf } from "../matrix.ts";
import type { Task } from "./job.ts";
import type { Kit } from "./kit.ts";
import { lowerTriangle, piece, pieces, pieceSize, triangleSize } from "./tiling.ts";

export interface CholeskyJob {
  readonly kind: "cholesky";
  readonly a: Matrix;
  /** One shared number: 0, or the 1-based order of the first minor that is not positive definite. */
  readonly failed: Int32Array;
}

/**
 * Right-looking, three phases a block column: factor the diagonal block, solve the panel below it, update the lower
 * triangle behind it.
 */
export function choleskyTask({ a, failed }: CholeskyJob, kit: Kit): Task {
  const n = a.rows;
  const precision = precisionOf(a);
  const kernels = kit.kernels(precision);
  const step = n >= 2048 ? 256 : n >= 512 ? 128 : 64;
  const place = (phase: number) => {
    const { start, end } = piece(Math.floor(phase / 3), step, n);
    const below = n - end;
    const height = phase % 3 === 1 ? pieceSize(below, 8, 256) : pieceSize(below, 8, 384);
    return { start, end, below, height };
  };
  return {
    phases: pieces(step, n) * 3,
    tiles(phase) {
      const { below, height } = place(phase);
      if (phase % 3 === 0) return 1;
      return phase % 3 === 1 ? pieces(height, below) : triangleSize(pieces(height, below));
    },
    *run(phase, index) {
      if (Atomics.load(failed, 0) !== 0) return;
      const { start, end, height } = place(phase);
      kit.reset();
      const diagonal = block(a, start, end, start, end);
      if (phase % 3 === 0) {
        const tile = kit.load(diagonal);
        const upper = kit.view(tile).slice();
        const minor = kernels.cholesky(tile.pointer, tile.rows, tile.stride, kit.scratch);
        if (minor > 0) Atomics.store(failed, 0, start + minor);
        keepUpper(kit.view(tile), upper, tile.rows);
        kit.copyOut(tile, diagonal);
      } else if (phase % 3 === 1) {
        const { start: top, end: bottom } = piece(index, height, n - end);
        const panel = block(a, end + top, end + bottom, start, end);
        const l = kit.load(diagonal);
        const tile = kit.load(panel);
        kernels.solveRight(l.pointer, l.stride, l.rows, tile.pointer, tile.stride, tile.rows, kit.scratch);
        kit.copyOut(tile, panel);
      } else {
        const { row, column } = lowerTriangle(index);
        const rows = piece(row, height, n - end);
        const columns = piece(column, height, n - end);
        const target = block(a, end + rows.start, end + rows.end, end + columns.start, end + columns.end);
        const left = kit.load(block(a, end + rows.start, end + rows.end, start, end));
        const right =
          row === column ? left : kit.load(block(a, end + columns.start, end + columns.end, start, end));
        const tile = kit.load(target);
        const upper = row === column ? kit.view(tile).slice() : undefined;
        kit.gemm(left, right, tile, { transposeB: true, mode: "subtract" });
        if (upper) keepUpper(kit.view(tile), upper, tile.rows);
        kit.copyOut(tile, target);
      }
      yield;
    },
  };
}

/** The strict upper triangle gets its old values back. */
function keepUpper(
  data: { [index: number]: number },
  old: { readonly [index: number]: number },
  n: number,
): void {
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) data[i * n + j] = old[i * n + j]!;
}
