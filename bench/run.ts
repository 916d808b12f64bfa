// Times Lineament beside its peers: one JSON and one page with time and memory against the sizes, on logarithmic axes.
//
//   npm run build:wasm && node --conditions=@lineament/source bench/run.ts [--quick] [--only gemm,rfm] [--out out/bench]
//
// See README.md for what is measured and how peers are found.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { lineamentVersion } from "lineament";
import { type Benchmark, type Peer, type Size, sizeName, sizesOf } from "./timing/benchmark.ts";
import { benchmarks } from "./timing/benchmarks.ts";
import { contest, type Failure, noTime } from "./timing/contest.ts";
import { withPrefix } from "./timing/drawing.ts";
import { measureLimits } from "./timing/limits.ts";
import { renderPage } from "./timing/page.ts";
import { asResult, type Report, type Result } from "./timing/report.ts";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    by: { type: "string", multiple: true },
    minutes: { type: "string" },
    out: { type: "string", default: join("out", "bench") },
    draw: { type: "string" },
    list: { type: "boolean", default: false },
  },
});

const numbersFile = join(flags.out, "bench.json");
const pageFile = join(flags.out, "bench.html");

if (flags.list) {
  for (const { id, title, what } of benchmarks) console.log(`${id.padEnd(20)} ${title}: ${what}`);
} else {
  mkdirSync(flags.out, { recursive: true });
  const report =
    flags.draw === undefined ? await measure() : (JSON.parse(readFileSync(flags.draw, "utf8")) as Report);
  writeFileSync(pageFile, await renderPage(report));
  console.log(`Wrote ${flags.draw === undefined ? `${numbersFile} and ` : ""}${pageFile}`);
}

async function measure(): Promise<Report> {
  const chosen = chosenBenchmarks();
  const load = loadavg()[0]!;
  const python = process.env["PYTHON"] ?? ownPython();
  const { versions, missing } = peersThere(python);
  const { description, ...limits } = await measureLimits(flags.quick);
  console.log(
    `Limits: matrix product ${withPrefix(limits.gemm.float32, "flop/s")} in float32, ${withPrefix(limits.gemm.float64, "flop/s")} in float64; memory ${withPrefix(limits.bandwidth, "B/s")}`,
  );
  const results: Result[] = [];
  const failures: Failure[] = [];
  const report: Report = {
    about:
      "Written by bench/run.ts: medians of seconds, peaks of processes in bytes, and the limits of the machine",
    date: new Date().toISOString(),
    quick: flags.quick,
    lineament: lineamentVersion,
    node: process.versions.node,
    versions,
    missing,
    processor: cpus()[0]?.model.trim() ?? "unknown processor",
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    load,
    engine: description,
    limits,
    results,
    failures,
  };
  const deadline = performance.now() + 60_000 * Number(flags.minutes ?? (flags.quick ? 2.5 : Infinity));
  const patience = flags.quick
    ? { rounds: 3, seconds: 1, until: deadline }
    : { rounds: 7, seconds: 30, until: deadline };
  const longest = flags.quick ? 10 : 300;
  for (const benchmark of chosen) {
    const slow = new Set<string>();
    const wanted = (name: string): boolean =>
      (flags.by === undefined || flags.by.includes(name)) && !slow.has(name);
    for (const size of sizesOf(flags.quick ? benchmark.quick : benchmark.sweeps)) {
      if (performance.now() > deadline) {
        failures.push({
          benchmark: benchmark.id,
          contestant: "all",
          size,
          why: noTime,
        });
        break;
      }
      const contestants = {
        ours: benchmark.ours.map(({ label }) => label).filter(wanted),
        peers: benchmark.peers.filter((peer) => peer in versions && wanted(peer)),
      };
      const outcome = await contest(benchmark, size, contestants, python, patience);
      for (const measurement of outcome.measurements) {
        const result = asResult(benchmark, measurement, limits);
        results.push(result);
        print(benchmark, size, result);
        if (measurement.seconds > longest) slow.add(measurement.contestant);
      }
      for (const failure of outcome.failures) {
        failures.push(failure);
        slow.add(failure.contestant);
        console.log(`${benchmark.id}, ${failure.contestant}, ${sizeName(size)}: ${failure.why}`);
      }
    }
    // After each of them, so that an interrupted run of hours has not been for nothing: --draw makes the page.
    writeFileSync(numbersFile, `${JSON.stringify(report, undefined, 1)}\n`);
  }
  return report;
}

function chosenBenchmarks(): readonly Benchmark[] {
  if (flags.only === undefined) return benchmarks;
  return flags.only.split(",").map((id) => {
    const found = benchmarks.find((one) => one.id === id);
    if (!found)
      throw new RangeError(
        `--only: there is no benchmark ${id}; there are ${benchmarks.map((one) => one.id).join(", ")}`,
      );
    return found;
  });
}

/** The Python of bench/.venv, else that of the path. */
function ownPython(): string {
  const own = join(import.meta.dirname, ".venv", "bin", "python");
  return existsSync(own) ? own : "python3";
}

function peersThere(python: string): {
  versions: Readonly<Record<string, string>>;
  missing: readonly string[];
} {
  const asked = [...new Set(benchmarks.flatMap(({ peers }) => peers))];
  const { stdout } = spawnSync(python, [join(import.meta.dirname, "peers.py")], { encoding: "utf8" });
  const found = stdout
    ? (JSON.parse(stdout.trim().split("\n").at(-1)!) as Partial<Record<Peer, string | null>>)
    : {};
  const there = asked.filter((peer) => typeof found[peer] === "string");
  const missing = asked.filter((peer) => !there.includes(peer));
  if (missing.length > 0)
    console.log(
      `Left out, because ${python} does not have them: ${missing.join(", ")} (see bench/README.md)`,
    );
  return { versions: Object.fromEntries(there.map((peer) => [peer, found[peer]!])), missing };
}

function print({ id }: Benchmark, size: Size, result: Result): void {
  const { contestant, seconds, gemmShare, peakBytes, score } = result;
  const cells = [
    id.padEnd(20),
    sizeName(size).padEnd(28),
    contestant.padEnd(26),
    withPrefix(seconds, "s").padStart(9),
    (gemmShare === undefined ? "" : `${(100 * gemmShare).toFixed(0)} % of gemm`).padStart(14),
    withPrefix(peakBytes, "B").padStart(9),
    score === undefined ? "" : `R² ${score.toFixed(4)}`,
  ];
  console.log(cells.join("  ").trimEnd());
}
