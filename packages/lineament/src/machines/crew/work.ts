import type { Engine } from "../../linalg/index.ts";
import { createArena, type Evaluated, type MachineSetup, type RidgeRule } from "../automatic/evaluation.ts";
import type { LearningProblem } from "../learning-problem.ts";
import { fitLeaf, type FittedLeaf, type LeafJob, type LeafProblem } from "../tree/fit-leaf.ts";
import type { EarlyEnd } from "../unless-enough.ts";
import type { Split } from "../validation.ts";

/** Leaves to fit. */
export interface LeafWork {
  readonly kind: "leaf";
  readonly problem: LeafProblem;
  /** Rows of the largest leaf. */
  readonly largest: number;
}

/** Candidates to judge on the same rows. */
export interface CandidateWork {
  readonly kind: "candidate";
  readonly problem: LearningProblem;
  readonly folds: readonly Split[];
  readonly seed: number;
}

/** What is asked of `Arena.evaluate`. */
export interface CandidateJob {
  /** For messages. */
  readonly address: string;
  readonly setup: MachineSetup;
  readonly rounds: number;
  readonly ridges?: RidgeRule | undefined;
}

/** What the jobs of a crew have in common. Works, jobs and results are plain values, which threads can be sent. */
export type Work = LeafWork | CandidateWork;
/** One job of a work. Equal jobs of equal works have equal results, wherever they are done. */
export type Job<W extends Work = Work> = W extends LeafWork ? LeafJob : CandidateJob;
export type Result<W extends Work = Work> = W extends LeafWork ? FittedLeaf : Evaluated[];

/** How jobs of the same work compare in time, roughly. */
export function jobCost(job: Job): number {
  if ("rows" in job) return job.rows.length;
  // Distances of coordinate-wise kernels are no matrix product.
  return job.setup.settings.kernel.family === "lpq" ? 2 : 1;
}

/** Who does the jobs of a work one after the other, in the same memory. */
export type Worker = (job: never, ends?: EarlyEnd) => Promise<Result>;

/** Prepares what the jobs of a work have in common. */
export function openWork(engine: Engine, work: Work): Worker {
  switch (work.kind) {
    case "leaf": {
      const { problem, largest } = work;
      const memory = engine.allocate(largest, largest, problem.settings.precision);
      return (job: LeafJob, ends) => fitLeaf(engine, problem, job, { memory, ...ends });
    }
    case "candidate": {
      const { problem, folds, seed } = work;
      const arena = createArena(engine, problem, folds, { seed });
      return ({ setup, rounds, ridges }: CandidateJob, ends) => arena.evaluate(setup, rounds, ridges, ends);
    }
  }
}
