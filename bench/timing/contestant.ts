// One contestant of bench/run.ts in a process of its own, so that its peak of memory is its own. Like peers.py, it prepares a
// problem, answers each line "run" with the seconds of one run, and the end of its input with its peak.
//
//   node contestant.ts BENCHMARK LABEL '{"n":4000,"d":100}'

import { createInterface } from "node:readline";
import { openEngine } from "lineament";
import type { Judged, Size } from "./benchmark.ts";
import { benchmarks } from "./benchmarks.ts";
import { secondsOf } from "./data.ts";
import { processMemory } from "./memory.ts";

const [id, label, size] = process.argv.slice(2);
const benchmark = benchmarks.find((one) => one.id === id)!;
const contestant = benchmark.ours.find((one) => one.label === label)!;
const engine = await openEngine({ engine: contestant.engine, threads: contestant.threads });
const baseBytes = processMemory("VmRSS");
const run = await benchmark.prepare(engine, JSON.parse(size!) as Size, contestant.variant);
say({ ready: true, baseBytes });
for await (const line of createInterface(process.stdin)) {
  if (line !== "run") throw new Error(`contestant.ts: no request ${line}; expected run`);
  let judged: Judged = {};
  const seconds = await secondsOf(async () => (judged = (await run()) ?? {}));
  say({ seconds, ...judged });
}
say({ peakBytes: processMemory("VmHWM") });
await engine.close();

function say(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
