import type { Kit } from "./kit.ts";
import { choleskyTask } from "./cholesky.ts";
import type { CholeskyJob } from "./cholesky.ts";
import { denseTask } from "./dense-kernels.ts";
import type { DenseJob } from "./dense-kernels.ts";
import { gradientTask, matrixTask, productTask } from "./kernel-passes.ts";
import type { GradientJob, MatrixJob, ProductJob } from "./kernel-passes.ts";
import { gemmTask, transposeTask, triangularTask } from "./products.ts";
import type { GemmJob, TransposeJob, TriangularJob } from "./products.ts";

/** What is posted to the threads: plain data over shared memory. */
export type Job =
  | GemmJob
  | TransposeJob
  | TriangularJob
  | CholeskyJob
  | MatrixJob
  | ProductJob
  | GradientJob
  | DenseJob;

/**
 * Work cut into tiles. The tiles of one phase are independent of each other; a phase begins when the one before is done.
 * A tile is a generator that yields where it may be stopped.
 */
export interface Task {
  readonly phases: number;
  tiles(phase: number): number;
  run(phase: number, tile: number): Generator<void, void>;
}

export function prepare(job: Job, kit: Kit): Task {
  switch (job.kind) {
    case "gemm":
      return gemmTask(job, kit);
    case "transpose":
      return transposeTask(job, kit);
    case "triangular":
      return triangularTask(job, kit);
    case "cholesky":
      return choleskyTask(job, kit);
    case "kernel-matrix":
      return matrixTask(job, kit);
    case "kernel-product":
      return productTask(job, kit);
    case "kernel-gradient":
      return gradientTask(job, kit);
    case "dense-kernels":
      return denseTask(job, kit);
  }
}
