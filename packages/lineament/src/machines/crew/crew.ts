import { threads as platform } from "#threads";
import type { Engine } from "../../linalg/index.ts";
import type { Thread } from "../../linalg/wasm/thread.ts";
import type { EarlyEnd } from "../unless-enough.ts";
import type { FromCrewWorker, ToCrewWorker } from "./crew-worker-node.ts";
import { share } from "./share.ts";
import { type Job, jobCost, openWork, type Result, type Work, type Worker } from "./work.ts";

/** A thread that does jobs. */
export type CrewThread = Thread<ToCrewWorker, FromCrewWorker>;

export interface CrewOptions {
  /** Threads that each do a job at a time on one processor; 0 does them here, one after the other. Default 0. */
  readonly workers?: number | undefined;
  /** Starts a thread. Default a worker thread of Node.js; where there are none, jobs are done here. */
  readonly start?: (() => CrewThread) | undefined;
}

/** How the jobs of a work are done. `enough` makes jobs that are not begun yet quick, where their kind can be. */
export interface RunOptions extends EarlyEnd {
  /** Do them on the calling thread, because the work cannot be sent. Default false. */
  readonly here?: boolean | undefined;
}

/** Who does the jobs of a fit: the calling thread, or threads that are started when there is something to do. */
export interface Crew {
  readonly engine: Engine;
  /**
   * Does the jobs of a work and hands over each result with the number of its job, as soon as it is there. Which thread does
   * which job and when has no influence on a result. A thread that dies is replaced and its job is done again. When the
   * signal is aborted, all threads end at once.
   *
   * @throws what a job throws
   * @throws Error when the threads of a job died three times
   */
  run<W extends Work>(
    work: W,
    jobs: readonly Job<W>[],
    onDone: (result: Result<W>, job: number) => void,
    options?: RunOptions,
  ): Promise<void>;
  /** Ends all threads and gives back their memory. Later work starts new ones. */
  close(): void;
}

/** A job whose thread dies is done again so many times, by other threads. */
const RETRIES = 2;

/** A crew without threads yet. Close it when done. */
export function openCrew(
  engine: Engine,
  { workers = 0, start = platform.startScript && startThread }: CrewOptions = {},
): Crew {
  const here = new WeakMap<Work, Worker>();
  const shared = new WeakMap<Work, Work>();
  const threads = new Set<CrewThread>();
  const idle: CrewThread[] = [];
  /** The work of each thread's last job. */
  const told = new WeakMap<CrewThread, Work>();

  const end = (thread: CrewThread): void => {
    threads.delete(thread);
    thread.terminate();
  };
  const close = (): void => {
    idle.length = 0;
    threads.forEach(end);
  };
  const hire = (): CrewThread => {
    const thread = idle.pop() ?? start!();
    threads.add(thread);
    return thread;
  };
  const ask = (thread: CrewThread, work: Work, job: Job, quick: boolean): Promise<FromCrewWorker> => {
    const lent = shared.get(work) ?? share(work);
    shared.set(work, lent);
    const known = told.get(thread) === work;
    told.set(thread, work);
    return thread.ask({ engine: engine.name, work: known ? undefined : lent, job, quick });
  };

  const runHere: Crew["run"] = async (work, jobs, onDone, { signal, enough } = {}) => {
    const worker = here.get(work) ?? openWork(engine, work);
    here.set(work, worker);
    for (const [at, job] of jobs.entries()) {
      signal?.throwIfAborted();
      onDone((await worker(job as never, { signal, enough })) as never, at);
    }
  };

  const runOnThreads: Crew["run"] = async (work, jobs, onDone, { signal, enough } = {}) => {
    // The longest first: the last ones to finish are then short.
    const waiting = [...jobs.keys()].sort((a, b) => jobCost(jobs[b]!) - jobCost(jobs[a]!));
    const deaths = new Int32Array(jobs.length);
    let failed = false;
    const doJobs = async (): Promise<void> => {
      for (let at = waiting.shift(); at !== undefined && !failed; at = waiting.shift()) {
        signal?.throwIfAborted();
        const job = jobs[at]!;
        const thread = hire();
        let reply: FromCrewWorker;
        try {
          reply = await ask(thread, work, job, enough?.aborted ?? false);
        } catch (error) {
          signal?.throwIfAborted();
          if (failed) return;
          end(thread);
          if (++deaths[at]! > RETRIES)
            throw new Error(`${work.kind} ${job.address}: its thread died ${deaths[at]} times`, {
              cause: error,
            });
          waiting.unshift(at);
          continue;
        }
        if ("error" in reply) throw reply.error;
        if (threads.has(thread)) idle.push(thread);
        onDone(reply.result as never, at);
      }
    };
    signal?.addEventListener("abort", close);
    try {
      await Promise.all(Array.from({ length: Math.min(workers, jobs.length) }, doJobs));
    } catch (error) {
      failed = true;
      close();
      throw error;
    } finally {
      signal?.removeEventListener("abort", close);
    }
  };

  return {
    engine,
    run: (work, jobs, onDone, options) =>
      (start && workers > 0 && !options?.here ? runOnThreads : runHere)(work, jobs, onDone, options),
    close,
  };
}

function startThread(): CrewThread {
  // Named in a variable, so that bundlers for browsers leave the file alone.
  const script = `./crew-worker-node.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`;
  return platform.startScript!<ToCrewWorker, FromCrewWorker>(new URL(script, import.meta.url));
}
