import type { Engine, Matrix } from "../linalg/index.ts";

/**
 * Matrices that are handed out again, in the same order, after `rewind`: a loop that takes the same ones every time allocates
 * them once. Whoever makes a workspace owns it and rewinds it; those it is passed to only take.
 */
export interface Workspace {
  /** A matrix with arbitrary contents. */
  take(rows: number, cols: number): Matrix<Float64Array>;
  /** How many were taken: what `rewind` can go back to. */
  mark(): number;
  /** Everything taken after `mark` (default: everything) may be handed out again. */
  rewind(mark?: number): void;
}

/** An empty workspace in the memory that the engine likes best. */
export function workspace(engine: Engine): Workspace {
  const whole: Float64Array[] = [];
  const handed: Matrix<Float64Array>[] = [];
  let next = 0;
  return {
    take(rows, cols) {
      const at = next++;
      const last = handed[at];
      if (last?.rows === rows && last.cols === cols) return last;
      const size = rows * cols;
      if (!(whole[at] && whole[at].length >= size))
        whole[at] = engine.allocate(1, size, "float64").data as Float64Array;
      return (handed[at] = { data: whole[at].subarray(0, size), rows, cols });
    },
    mark: () => next,
    rewind(mark = 0) {
      next = mark;
    },
  };
}
