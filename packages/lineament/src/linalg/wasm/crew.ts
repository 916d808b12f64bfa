import type { Task } from "./job.ts";

// How threads share a task. `control` is shared memory: a stop flag, the barrier between phases, and one tile counter a
// phase. Every thread takes tile numbers until there are none, then waits for the others.

const STOP = 0;
const ARRIVED = 1;
const ROUND = 2;
const COUNTERS = 3;

export function newControl(phases: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * (COUNTERS + phases)));
}

/** Tells all threads to stop at the next chance. */
export function stop(control: Int32Array): void {
  Atomics.store(control, STOP, 1);
  Atomics.notify(control, ROUND);
}

const stopped = (control: Int32Array): boolean => Atomics.load(control, STOP) === 1;

/** One thread's share of a task; blocks until the task is done or stopped. */
export function work(task: Task, control: Int32Array, threads: number): void {
  for (let phase = 0; phase < task.phases; phase++) {
    const tiles = task.tiles(phase);
    for (;;) {
      const tile = Atomics.add(control, COUNTERS + phase, 1);
      if (tile >= tiles) break;
      const steps = task.run(phase, tile);
      while (!steps.next().done) if (stopped(control)) return;
      if (stopped(control)) return;
    }
    if (phase + 1 < task.phases && !barrier(control, threads)) return;
  }
}

/** False when stopped while waiting. */
function barrier(control: Int32Array, threads: number): boolean {
  const round = Atomics.load(control, ROUND);
  if (Atomics.add(control, ARRIVED, 1) === threads - 1) {
    Atomics.store(control, ARRIVED, 0);
    Atomics.add(control, ROUND, 1);
    Atomics.notify(control, ROUND);
  } else {
    while (Atomics.load(control, ROUND) === round) {
      if (stopped(control)) return false;
      Atomics.wait(control, ROUND, round, 50);
    }
  }
  return !stopped(control);
}
