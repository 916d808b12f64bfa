// Kernels of an infinitely wide network with three hidden relu layers: NNGP and NTK matrices, n = 4,000, d = 100, float64,
// beside one syrk of X Xᵀ in the same engine; and one NTK matrix of n = 20,000 rows in float32 with the memory it takes.
//
//   npm run build:wasm && node --conditions=@lineament/source bench/infinite.ts [--quick] [--runs 7] [--engine native|wasm]
//
// The runs of one row take turns, so that a busy machine slows all of them alike; times are medians.

import { spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import type { DenseLayer, Engine } from "../packages/lineament/src/linalg/engine.ts";
import type { Matrix, Precision } from "../packages/lineament/src/linalg/matrix.ts";
import { openEngine } from "../packages/lineament/src/linalg/open-engine.ts";
import { random } from "../packages/lineament/src/linalg/random.ts";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    runs: { type: "string", default: "7" },
    engine: { type: "string", multiple: true, default: ["native", "wasm"] },
    large: { type: "string" }, // used by this script: the large matrix on this engine and nothing else
  },
});
const [n, large, d] = flags.quick ? [1500, 5000, 100] : [4000, 20_000, 100];
const hiddenLayers = 3;
/** Nanoseconds an entry and layer that are allowed on top of syrk on one thread; half of it on two. */
const allowed = 20;

const dense: DenseLayer = { weightVariance: 2, biasVariance: 0, weightRate: 1, biasRate: 1 };
const relu = { form: "piecewise-linear", negative: 0, positive: 1 } as const;
const hidden: DenseLayer = { ...dense, activation: relu };
const network = [...Array.from({ length: hiddenLayers }, () => hidden), dense];

if (flags.large !== undefined) {
  await largeMatrix(flags.large);
} else {
  for (const name of flags.engine) {
    // Each in a process of its own, whose peak it is.
    const own = ["--large", name, ...(flags.quick ? ["--quick"] : [])];
    spawnSync(process.execPath, [...process.execArgv, import.meta.filename, ...own], { stdio: "inherit" });
  }
  for (const name of flags.engine) for (const threads of [1, 2]) await besideSyrk(name, threads);
  console.log(`Node ${process.version}, load ${loadavg()[0]!.toFixed(2)}`);
}

async function largeMatrix(name: string): Promise<void> {
  const engine = await openEngine({ engine: name as "native" });
  const x = normal(engine, large, "float32");
  const ntk = engine.allocate(large, large, "float32");
  const [seconds] = await medians(1, () => engine.denseKernels({ x, layers: network, scale: 1 / d, ntk }));
  const gibibytes = (bytes: number): string => (bytes / 1024 ** 3).toFixed(2);
  console.log(`${engine.name}: ${engine.description}`);
  console.log(
    `  NTK, n = ${large}, float32: ${seconds!.toFixed(2)} s, peak of the process ` +
      `${gibibytes(process.resourceUsage().maxRSS * 1024)} GiB, of which the matrix ${gibibytes(4 * large ** 2)}`,
  );
  await engine.close();
}

async function besideSyrk(name: string, threads: number): Promise<void> {
  const engine = await openEngine({ engine: name as "native", threads });
  const x = normal(engine, n, "float64");
  const [c, nngp, ntk] = [0, 1, 2].map(() => engine.allocate(n, n, "float64")) as [Matrix, Matrix, Matrix];
  const [syrk, kernels, derivatives] = (await medians(
    Number(flags.runs),
    () => engine.syrk({ a: x, c }),
    () => engine.denseKernels({ x, layers: network, scale: 1 / d, nngp, ntk }),
    () =>
      engine.denseKernels({
        x,
        layers: network,
        scale: 1 / d,
        derivatives: { of: "ntk", byCovariance: nngp, byVariance: ntk },
      }),
  )) as [number, number, number];
  const perEntry = (time: number): string =>
    `${(((time - syrk) / (n * n * hiddenLayers)) * 1e9).toFixed(1).padStart(5)} ns an entry and layer above syrk`;
  console.log(`${engine.name}, ${threads} ${threads === 1 ? "thread" : "threads"}, n = ${n}, float64`);
  console.log(`  syrk               ${syrk.toFixed(3)} s`);
  console.log(
    `  NNGP and NTK       ${kernels.toFixed(3)} s  ${perEntry(kernels)} (at most ${allowed / threads})`,
  );
  console.log(`  derivatives of NTK ${derivatives.toFixed(3)} s  ${perEntry(derivatives)}`);
  await engine.close();
}

function normal(engine: Engine, rows: number, precision: Precision): Matrix {
  const generator = random(1);
  const a = engine.allocate(rows, d, precision);
  for (let i = 0; i < a.data.length; i++) a.data[i] = generator.normal();
  return a;
}

/** Median seconds of works that take turns, after one round that does not count (unless there is but one). */
async function medians(rounds: number, ...works: (() => Promise<unknown>)[]): Promise<number[]> {
  const times = works.map((): number[] => []);
  for (let round = rounds === 1 ? 1 : 0; round <= rounds; round++)
    for (const [i, work] of works.entries()) {
      const start = performance.now();
      await work();
      if (round > 0) times[i]!.push((performance.now() - start) / 1000);
    }
  return times.map((list) => list.toSorted((p, q) => p - q)[list.length >> 1]!);
}
