import { threads as platform } from "#threads";
import type { Engine } from "../../linalg/index.ts";
import type { Thread } from "../../linalg/wasm/thread.ts";
import { fitLeaf, type FittedLeaf, type LeafJob, type LeafProblem } from "./fit-leaf.ts";
import type { FromLeafWorker, ToLeafWorker } from "./leaf-worker-node.ts";

/** A thread that fits leaves. */
export type LeafThread = Thread<ToLeafWorker, FromLeafWorker>;

/** Who fits the leaves. */
export interface LeafCrewOptions {
  /** Threads that each fit a leaf at a time on one processor; 0 fits them here, one after the other. Default 0. */
  readonly workers?: number | undefined;
  /** Starts a thread. Default a worker thread of Node.js; where there are none, leaves are fitted here. */
  readonly start?: (() => LeafThread) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** When it is aborted, leaves that are not begun yet are as quick as `fitLeaf` can be. */
  readonly enough?: AbortSignal | undefined;
  readonly onLeaf?: ((done: number, of: number) => void) | undefined;
}

/** A leaf whose thread dies is fitted again so many times, by other threads. */
const RETRIES = 2;

/**
 * Fits all leaves: one after the other, or over threads by the same function. Which thread fits which leaf and when has no
 * influence on the result. A thread that dies is replaced and its leaf is done again.
 *
 * @returns one leaf a job, in the order of the jobs
 * @throws RangeError of a leaf that cannot be solved
 * @throws Error when a leaf's thread died three times
 */
export async function fitLeaves(
  engine: Engine,
  problem: LeafProblem,
  jobs: readonly LeafJob[],
  { workers = 0, start = leafThreads(problem), signal, enough, onLeaf }: LeafCrewOptions = {},
): Promise<FittedLeaf[]> {
  const largest = jobs.reduce((most, { rows }) => Math.max(most, rows.length), 0);
  const leaves: FittedLeaf[] = [];
  let done = 0;
  const keep = (at: number, leaf: FittedLeaf): void => {
    leaves[at] = leaf;
    onLeaf?.(++done, jobs.length);
  };
  const crew = start ? Math.min(workers, jobs.length) : 0;
  if (crew === 0) {
    const memory = engine.allocate(largest, largest, problem.settings.precision);
    for (const [at, job] of jobs.entries())
      keep(at, await fitLeaf(engine, problem, job, { memory, signal, enough }));
    return leaves;
  }

  // The largest first: the last ones to finish are then short.
  const waiting = jobs.map((_, at) => at).sort((a, b) => jobs[b]!.rows.length - jobs[a]!.rows.length);
  const deaths = new Int32Array(jobs.length);
  const running = new Set<LeafThread>();
  let stopped = false;
  const work = async (): Promise<void> => {
    let thread: LeafThread | undefined;
    for (;;) {
      signal?.throwIfAborted();
      const at = waiting.shift();
      if (at === undefined) break;
      let reply: FromLeafWorker;
      try {
        if (!thread) {
          thread = start!();
          running.add(thread);
          const ready = await thread.ask({ kind: "open", problem, engine: engine.name, largest });
          if (ready.kind === "error") throw new Error(ready.message);
        }
        reply = await thread.ask({ kind: "leaf", job: jobs[at]!, quick: enough?.aborted ?? false });
      } catch (error) {
        signal?.throwIfAborted();
        if (stopped) return;
        if (thread) running.delete(thread);
        thread?.terminate();
        thread = undefined;
        if (++deaths[at]! > RETRIES)
          throw new Error(`leaf ${jobs[at]!.address}: its thread died ${deaths[at]} times`, { cause: error });
        waiting.unshift(at);
        continue;
      }
      if (reply.kind === "error") throw new RangeError(reply.message);
      if (reply.kind === "leaf") keep(at, reply.leaf);
    }
  };
  const stop = (): void => running.forEach((thread) => thread.terminate());
  signal?.addEventListener("abort", stop);
  try {
    await Promise.all(Array.from({ length: crew }, work));
    return leaves;
  } finally {
    signal?.removeEventListener("abort", stop);
    stopped = true;
    stop();
  }
}

/** Functions cannot be sent to a thread: kernels of networks may hold some. */
function leafThreads({ settings }: LeafProblem): (() => LeafThread) | undefined {
  const { startScript } = platform;
  if (!startScript || settings.kernel.family === "network") return undefined;
  // Named in a variable, so that bundlers for browsers leave the file alone.
  const script = `./leaf-worker-node.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`;
  return () => startScript<ToLeafWorker, FromLeafWorker>(new URL(script, import.meta.url));
}
