// The engines against their peers on this machine: numpy on the same BLAS, PyTorch, and each other.
//
//   npm run build:wasm && node --conditions=@lineament/source bench/engine.ts [--quick] [--json file]
//
// Competitors take turns, so that a busy machine slows all of them alike; figures are medians. PYTHON names a Python with
// numpy and torch (default /usr/bin/python3); without it those columns are empty.

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { Engine, FusedKernel } from "../packages/lineament/src/linalg/engine.ts";
import type { Matrix } from "../packages/lineament/src/linalg/matrix.ts";
import { openBlas, threadCount } from "../packages/lineament/src/linalg/native/blas.ts";
import { openNativeEngine } from "../packages/lineament/src/linalg/native/index.ts";
import { random } from "../packages/lineament/src/linalg/random.ts";
import { openKit } from "../packages/lineament/src/linalg/wasm/kit.ts";
import { openWasmEngine } from "../packages/lineament/src/linalg/wasm/index.ts";
import { compiledModule } from "../packages/lineament/src/linalg/wasm/module.ts";

const { values: flags } = parseArgs({ options: { quick: { type: "boolean" }, json: { type: "string" } } });
const rounds = flags.quick ? 3 : 7;
const [n, grams] = flags.quick ? [2000, 4000] : [4000, 10_000];
const d = 100;

interface Row {
  readonly what: string;
  readonly ours: string;
  readonly peer: string;
  /** Ours over the peer's, in the sense in which more is better. */
  readonly ratio: number;
  readonly required: number;
}

type Run = () => Promise<number>; // seconds
type Peer = (command: string) => Promise<number>;

const rows: Row[] = [];
const peer = await python();
const native = await openNativeEngine();
const nativeOne = await openNativeEngine({ threads: 1 });
const wasmOne = await openWasmEngine({ threads: 1 });
const wasmTwo = await openWasmEngine({ threads: 2 });
const blas = openBlas();

const gemm = product(native, n);
if (peer) {
  const [ours, theirs] = await duel(gemm.native(native.threads), () => peer(`gemm ${n}`));
  row(
    `gemm float32 n=${n}: native against numpy`,
    rate(2 * n ** 3, ours),
    rate(2 * n ** 3, theirs),
    theirs / ours,
    0.9,
  );
}
{
  const small = flags.quick ? 1000 : 2000;
  const one = product(wasmOne, small);
  const two = product(wasmTwo, small);
  const reference = product(nativeOne, small);
  const [single, double, machine] = await duel(one.run, two.run, reference.native(1));
  const flops = 2 * small ** 3;
  row(
    `gemm float32 n=${small}, one thread: wasm against native`,
    rate(flops, single),
    rate(flops, machine),
    machine / single,
    0.25,
  );
  row(
    `gemm float32 n=${small}, wasm: two threads against one`,
    rate(flops, double),
    rate(flops, single),
    single / double,
    1.7,
  );
}
{
  const x = normal(native.allocate(grams, d, "float32"));
  const out = native.allocate(grams, grams, "float32");
  const kernel: FusedKernel = { family: "laplace", bandwidth: 10, exponent: 1 };
  const run = (engine: Engine): Run =>
    timed(() => engine.kernelMatrix({ kernel, x: { coordinates: x }, out }));
  blas.setThreads(native.threads);
  if (peer) {
    const [ours, portable, theirs] = await duel(run(native), run(wasmTwo), () =>
      peer(`laplace ${grams} ${d}`),
    );
    row(
      `Laplace Gram matrix n=${grams} d=${d}: native against PyTorch`,
      seconds(ours),
      seconds(theirs),
      theirs / ours,
      2,
    );
    row(
      `Laplace Gram matrix n=${grams} d=${d}: wasm (2 threads) against PyTorch`,
      seconds(portable),
      seconds(theirs),
      theirs / portable,
      0,
    );
  }
  const factor = timed(async () => {
    const { outcome } = await native.cholesky(out);
    if (outcome !== "factored") throw new Error(outcome);
  });
  const prepared: Run = async () => {
    await native.kernelMatrix({ kernel, x: { coordinates: x }, out });
    for (let i = 0; i < grams; i++) out.data[i * grams + i] += 0.1;
    return factor();
  };
  const [cholesky, multiplied] = await duel(prepared, gemm.native(native.threads));
  const [flops, gemmFlops] = [grams ** 3 / 3 / cholesky, (2 * n ** 3) / multiplied];
  row(`Cholesky n=${grams}: native against gemm`, rate(flops, 1), rate(gemmFlops, 1), flops / gemmFlops, 0.8);
}
{
  const { module } = await compiledModule();
  const kit = await openKit(module);
  const [height, width, times] = [256, 256, 200];
  const tile = kit.take(height, width, "float32");
  const norms = kit.take(width, 1, "float32");
  kit.view(norms).fill(d);
  const kernels = kit.kernels("float32");
  // Processor time: what one thread would do if it had its core to itself.
  const [pass] = await duel(async () => {
    const start = process.cpuUsage();
    for (let t = 0; t < times; t++)
      kernels.profile(
        1,
        false,
        true,
        tile.pointer,
        height,
        width,
        norms.pointer,
        norms.pointer,
        0.1,
        0,
        0,
        0,
      );
    return process.cpuUsage(start).user / 1e6;
  });
  const values = (height * width * times) / pass / 1e6;
  row(
    "Laplace values in the profile pass, one thread, against 300 M/s",
    `${values.toFixed(0)} M/s`,
    "300 M/s",
    values / 300,
    1,
  );
}

print();
await Promise.all([native, nativeOne, wasmOne, wasmTwo].map((engine) => engine.close()));
if (peer) await peer("quit");

function row(what: string, ours: string, theirs: string, ratio: number, required: number): void {
  rows.push({ what, ours, peer: theirs, ratio, required });
  process.stderr.write(".");
}

function print(): void {
  process.stderr.write("\n");
  const report = {
    node: process.version,
    native: native.description,
    wasm: wasmTwo.description,
    threads: threadCount(),
    load: loadavg()[0],
    rounds,
    rows,
  };
  const table = rows.map(({ what, ours, peer: theirs, ratio, required }) => [
    what, ours, theirs, ratio.toFixed(2), required === 0 ? "" : `≥ ${required}`, required === 0 ? "" : ratio >= required ? "reached" : "MISSED",
  ]); // prettier-ignore
  const head = ["", "ours", "peer", "ratio", "required", ""];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...table.map((cells) => cells[column].length)),
  );
  for (const cells of [head, ...table])
    console.log(
      cells
        .map((cell, column) => cell.padEnd(widths[column]))
        .join("  ")
        .trimEnd(),
    );
  console.log(JSON.stringify(report));
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`);
}

function product(engine: Engine, size: number): { run: Run; native: (threads: number) => Run } {
  const [a, b] = [
    normal(engine.allocate(size, size, "float32")),
    normal(engine.allocate(size, size, "float32")),
  ];
  const c = engine.allocate(size, size, "float32");
  const run = timed(() => engine.gemm({ a, b, c }));
  return {
    run,
    native: (threads) => async () => {
      blas.setThreads(threads); // one library serves both native engines
      return run();
    },
  };
}

/** Medians of runs taken in turns, after one round that does not count. */
async function duel(...runs: Run[]): Promise<number[]> {
  const times = runs.map((): number[] => []);
  for (let round = 0; round <= rounds; round++)
    for (const [i, run] of runs.entries()) {
      const time = await run();
      if (round > 0) times[i].push(time);
    }
  return times.map((list) => list.toSorted((x, y) => x - y)[rounds >> 1]!);
}

function timed(work: () => Promise<unknown>): Run {
  return async () => {
    const start = performance.now();
    await work();
    return (performance.now() - start) / 1000;
  };
}

function rate(flops: number, time: number): string {
  return `${(flops / time / 1e9).toFixed(1)} GF/s`;
}

function seconds(time: number): string {
  return `${time.toFixed(3)} s`;
}

function normal(a: Matrix): Matrix {
  const generator = random(1);
  for (let i = 0; i < a.data.length; i++) a.data[i] = generator.normal();
  return a;
}

/** A Python that answers each line with the seconds the work took; undefined when numpy or torch is missing. */
async function python(): Promise<Peer | undefined> {
  const script = `
import sys, time
import numpy as np, torch
torch.set_grad_enabled(False)
data = {}
print("ready", flush=True)
for line in sys.stdin:
    words = line.split()
    if words[0] == "quit": break
    n = int(words[1])
    if words[0] == "gemm":
        a, b = data.setdefault(line, (np.random.randn(n, n).astype("f"), np.random.randn(n, n).astype("f")))
        start = time.perf_counter(); a @ b
    else:
        x = data.setdefault(line, torch.randn(n, int(words[2])))
        start = time.perf_counter(); torch.exp(-torch.cdist(x, x) / 10)
    print(time.perf_counter() - start, flush=True)
`;
  const child = spawn(process.env["PYTHON"] ?? "/usr/bin/python3", ["-c", script], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  child.on("error", () => undefined); // no Python: the first line never comes
  const first = await Promise.race([
    lines.next(),
    new Promise<undefined>((resolve) => child.on("close", () => resolve(undefined))),
  ]);
  if (first?.value !== "ready") {
    process.stderr.write("No Python with numpy and torch: comparisons with them are left out.\n");
    return undefined;
  }
  return async (command) => {
    child.stdin.write(`${command}\n`);
    return command === "quit" ? 0 : Number((await lines.next()).value);
  };
}
