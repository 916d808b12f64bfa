import type { Engine, Matrix, Precision } from "../linalg/index.ts";

/**
 * Large matrices that one solve after the other uses again: M × M factors and kernel blocks would else wait for the garbage
 * collector while the next ones are allocated. Only one solve at a time may use a workspace.
 */
export interface SolverWorkspace {
  /** A matrix with arbitrary contents: that of the last call with this name, where it is large enough. */
  matrix(name: string, rows: number, cols: number, precision: Precision): Matrix;
}

/** An empty workspace in the memory that the engine likes best. */
export function solverWorkspace(engine: Engine): SolverWorkspace {
  const known = new Map<string, Matrix["data"]>();
  return {
    matrix(name, rows, cols, precision) {
      const size = rows * cols;
      const key = `${name} ${precision}`;
      let data = known.get(key);
      if (!data || data.length < size) {
        data = engine.allocate(rows, cols, precision).data;
        known.set(key, data);
      }
      return { data: data.length === size ? data : data.subarray(0, size), rows, cols };
    },
  };
}
