import type { MessagePort } from "node:worker_threads";
import { type Claim, type ClaimProgress, type ClaimResult, runClaim } from "@lineament/claims";
import { openEngine } from "lineament";
import { loadClaims } from "./load-claims.ts";

/** One claim to be run, as it is sent to a worker. */
export interface ClaimTask {
  /** URL of a module whose `claims` take the place of the real ones. */
  readonly registry: string | undefined;
  readonly code: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly full: boolean;
  readonly seeds: readonly number[] | undefined;
  /** Takes the progress. */
  readonly port: MessagePort;
}

// Claims run side by side: each has one thread.
const engine = await openEngine({ threads: 1 });

/** Runs one claim. */
export default async function runTask({ registry, code, port, ...options }: ClaimTask): Promise<ClaimResult> {
  let last = -Infinity;
  const onProgress = (progress: ClaimProgress): void => {
    const now = performance.now();
    if (now - last < 100) return;
    last = now;
    port.postMessage(progress);
  };
  const claim: Claim = (await loadClaims(registry)).find((one) => one.code === code)!;
  return runClaim(claim, { ...options, engine, onProgress });
}
