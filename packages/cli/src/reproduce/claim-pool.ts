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
  /** Awaited before all is done; the next claim does not wait for it. */
  readonly onResult: (claim: Claim, result: ClaimResult) => Promise<void>;
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
  const threads = Math.min(workers, assignments.length);
  const pool = new Piscina({
    filename: fileURLToPath(new URL(sources ? "./claim-worker.ts" : "./claim-worker.js", import.meta.url)),
    minThreads: threads,
    maxThreads: threads,
    execArgv: sources ? ["--conditions=@lineament/source"] : [],
    env: { ...process.env, ...(engine === undefined ? {} : { LINEAMENT_ENGINE: engine }) },
  });
  const waiting = [...assignments].sort((a, b) => cost(b) - cost(a));
  const received: Promise<void>[] = [];
  const runNext = async (): Promise<void> => {
    for (let next; !signal.aborted && (next = waiting.shift()) !== undefined;) {
      const { claim, settings, full, seeds } = next;
      const started = performance.now();
      const { port1: listener, port2: port } = new MessageChannel();
      listener.on("message", (progress: ClaimProgress) => onProgress(claim, progress));
      const task: ClaimTask = { registry, code: claim.code, settings, full, seeds, port };
      // A signal of its own: one that many tasks listen to brings a warning.
      const options = { signal: AbortSignal.any([signal]), transferList: [port] };
      const result = await (pool.run(task, options) as Promise<ClaimResult>).catch((error: unknown) => {
        const seconds = (performance.now() - started) / 1000;
        return signal.aborted ? undefined : errorResult(claim, error, { settings, seconds, runs: [] });
      });
      listener.close();
      if (result === undefined) return;
      const receiving = onResult(claim, result);
      received.push(receiving);
      // What cannot be kept is not worth running.
      receiving.catch(() => waiting.splice(0));
    }
  };
  try {
    await Promise.all(Array.from({ length: threads }, runNext));
    await Promise.all(received);
  } finally {
    await pool.destroy();
  }
}

/** Seconds that an assignment is expected to take, at quick settings. */
export function cost({ claim, seeds }: Assignment): number {
  return claim.seconds * (seeds?.length ?? 1);
}
