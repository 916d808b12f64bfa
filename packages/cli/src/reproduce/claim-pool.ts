import process from "node:process";
import { fileURLToPath } from "node:url";
import { MessageChannel } from "node:worker_threads";
import {
  type Claim,
  type ClaimProgress,
  type ClaimResult,
  errorResult,
  type Settings,
} from "@lineament/claims";
import { Piscina } from "piscina";
import type { ClaimTask } from "./claim-worker.ts";

/** A claim and how it is to be run. */
export interface Assignment {
  readonly claim: Claim;
  readonly settings: Settings;
  readonly full: boolean;
  /** Absent where the claim has no chance in it, or is to have its default seed. */
  readonly seeds: readonly number[] | undefined;
}

export interface PoolOptions {
  /** URL of a module whose `claims` the assignments are from; the real ones when absent. */
  readonly registry: string | undefined;
  readonly engine: string | undefined;
  readonly workers: number;
  readonly signal: AbortSignal;
  readonly onProgress: (claim: Claim, progress: ClaimProgress) => void;
  /** Awaited before the pool is done. */
  readonly onResult: (claim: Claim, result: ClaimResult) => Promise<void> | void;
}

/**
 * Runs claims over worker threads, the longest first. What a claim throws and what a dying worker leaves behind are results of
 * outcome "error"; the others go on. When `signal` is aborted, running claims are stopped at once and have no result.
 */
export async function runClaims(
  assignments: readonly Assignment[],
  { registry, engine, workers, signal, onProgress, onResult }: PoolOptions,
): Promise<void> {
  // Workers load the sources when this is one of them.
  const sources = import.meta.url.endsWith(".ts");
  const pool = new Piscina({
    filename: fileURLToPath(new URL(sources ? "./claim-worker.ts" : "./claim-worker.js", import.meta.url)),
    minThreads: 1,
    maxThreads: Math.min(workers, assignments.length),
    execArgv: sources ? ["--conditions=@lineament/source"] : [],
    env: { ...process.env, ...(engine === undefined ? {} : { LINEAMENT_ENGINE: engine }) },
  });
  const run = async ({ claim, settings, full, seeds }: Assignment): Promise<void> => {
    const started = performance.now();
    const { port1: listener, port2: port } = new MessageChannel();
    listener.on("message", (progress: ClaimProgress) => onProgress(claim, progress));
    const task: ClaimTask = { registry, code: claim.code, settings, full, seeds, port };
    let result: ClaimResult;
    try {
      // A signal of its own: one that dozens of tasks listen to brings a warning.
      const own = AbortSignal.any([signal]);
      result = (await pool.run(task, { signal: own, transferList: [port] })) as ClaimResult;
    } catch (error) {
      if (signal.aborted) return;
      const seconds = (performance.now() - started) / 1000;
      result = errorResult(claim, error, { settings, seconds, runs: [] });
    } finally {
      listener.close();
    }
    await onResult(claim, result);
  };
  try {
    await Promise.all([...assignments].sort((a, b) => cost(b) - cost(a)).map(run));
  } finally {
    await pool.destroy();
  }
}

/** Seconds that an assignment is expected to take, at quick settings. */
export function cost({ claim, seeds }: Assignment): number {
  return claim.seconds * (seeds?.length ?? 1);
}
