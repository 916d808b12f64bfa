// Times Nyström machines on many rows: y = x₀x₁ + sin 3x₂ + 0.5 |x₃| + 0.1 ε, x ~ N(0, I), product Laplace kernel with a diagonal metric
// (or Laplace with a full one), float32, metric updates on 20,000 rows, then one solve on all. Beside it, what the machine could do at
// best: its rates of kernel values and of matrix products.
//
//   node --conditions=@lineament/source bench/large.ts [--rows 100000] [--columns 30] [--centers 2000] [--iterations 5]
//     [--kernel product|laplace] [--memory 1073741824] [--engine native|wasm] [--json out.json]

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import {
  type Engine,
  fitNystromMachine,
  matrix,
  openEngine,
  parseNystromFitOptions,
  random,
  rowRange,
} from "lineament";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "100000" },
    columns: { type: "string", default: "30" },
    centers: { type: "string", default: "2000" },
    iterations: { type: "string", default: "5" },
    kernel: { type: "string", default: "product" },
    memory: { type: "string", default: String(2 ** 30) },
    engine: { type: "string", default: "auto" },
    json: { type: "string" },
  },
});
const [n, d, m] = [Number(values.rows), Number(values.columns), Number(values.centers)];
const test = 10_000;
const product = values.kernel === "product";
const kernel = product
  ? ({ family: "lpq", bandwidth: 2, exponent: 1, p: 1 } as const)
  : ({ family: "laplace", bandwidth: 2, exponent: 1 } as const);

/** Wall seconds, and processor seconds of all threads, which other work on the machine hardly changes. */
async function timed<T>(work: () => Promise<T>): Promise<{ result: T; seconds: number; processor: number }> {
  const [started, before] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { result, seconds: (performance.now() - started) / 1000, processor: (user + system) / 1e6 };
}

/**
 * GFLOP/s of a float32 product, and million kernel values a second in blocks as the solver takes them, by processor seconds: what
 * all threads of the engine do when nothing else runs.
 */
async function limits(engine: Engine): Promise<{ gemm: number; kernel: number }> {
  const normals = random(1);
  const filled = (rows: number, cols: number) => {
    const a = engine.allocate(rows, cols, "float32");
    for (let at = 0; at < a.data.length; at++) a.data[at] = normals.normal();
    return a;
  };
  const rate = async (work: () => Promise<void>, amount: number): Promise<number> => {
    await work();
    const { processor } = await timed(async () => {
      for (let run = 0; run < 10; run++) await work();
    });
    return (10 * amount * engine.threads) / processor;
  };
  const [a, b, c] = [filled(2000, 2000), filled(2000, 2000), filled(2000, 2000)];
  const rows = Math.max(16, Math.min(8192, Math.floor(2 ** 22 / m)));
  const [x, z, out] = [filled(rows, d), filled(m, d), engine.allocate(rows, m, "float32")];
  const points = { x: { coordinates: x }, z: { coordinates: z } };
  return {
    gemm: await rate(() => engine.gemm({ a, b, c }), (2 * 2000 ** 3) / 1e9),
    kernel: await rate(() => engine.kernelMatrix({ kernel, ...points, out }), (rows * m) / 1e6),
  };
}

const engine = await openEngine({ engine: values.engine as "auto" });
console.log(`engine: ${engine.name}, ${engine.description}`);
const best = await limits(engine);
console.log(`limits: ${best.gemm.toFixed(0)} GFLOP/s, ${best.kernel.toFixed(0)} million kernel values/s`);

const generator = random(0);
const rows = n + test;
const x = matrix(
  Float32Array.from({ length: rows * d }, () => generator.normal()),
  rows,
  d,
);
const y = matrix(
  Float64Array.from({ length: rows }, (_, i) => {
    const [a, b, c, e] = x.data.subarray(i * d, i * d + 4) as unknown as [number, number, number, number];
    return a * b + Math.sin(3 * c) + 0.5 * Math.abs(e) + 0.1 * generator.normal();
  }),
  rows,
  1,
);
const options = parseNystromFitOptions({
  centers: m,
  memory: Number(values.memory),
  machine: {
    kernel,
    bandwidth: "adaptive",
    metric: product ? "diagonal" : "full",
    iterations: Number(values.iterations),
  },
});
let metric = { seconds: 0, processor: 0 };
let passes = 0;
const fit = await timed(() => {
  const [started, before] = [performance.now(), process.cpuUsage()];
  return fitNystromMachine(
    engine,
    {
      x: { coordinates: rowRange(x, 0, n) },
      blockSizes: [],
      groups: [],
      target: { task: "regression", y: rowRange(y, 0, n) },
    },
    options,
    {
      onProgress: ({ stage, message }) => {
        if (stage === "comparing") {
          const { user, system } = process.cpuUsage(before);
          metric = { seconds: (performance.now() - started) / 1000, processor: (user + system) / 1e6 };
        }
        passes = Number(/^pass (\d+)/.exec(message)?.[1] ?? passes);
      },
    },
  );
});
const prediction = await timed(() => fit.result.predict({ coordinates: rowRange(x, n, rows) }));
let error = 0;
let variance = 0;
const mean = y.data.subarray(n).reduce((sum, value) => sum + value, 0) / test;
for (let i = 0; i < test; i++) {
  error += (prediction.result.data[i]! - y.data[n + i]!) ** 2;
  variance += (y.data[n + i]! - mean) ** 2;
}
const solve = { seconds: fit.seconds - metric.seconds, processor: fit.processor - metric.processor };
const trained = n - Math.min(10_000, Math.round(n / 5));
const result = {
  kernel: values.kernel,
  rows: n,
  columns: d,
  centers: m,
  seconds: fit.seconds,
  processorSeconds: fit.processor,
  metric,
  solve,
  passes,
  shareOfKernelRate: (passes * trained * m) / 1e6 / ((best.kernel / engine.threads) * solve.processor),
  r2: 1 - error / variance,
  predictionRowsPerSecond: test / prediction.seconds,
  peakMegabytes: process.resourceUsage().maxRSS / 1024,
};
console.log(
  `${values.kernel}, n=${n} d=${d} M=${m}: ${fit.seconds.toFixed(1)} s, ${fit.processor.toFixed(1)} s of processors, of which metric ${metric.processor.toFixed(1)} s; ` +
    `${passes} passes of ${(solve.processor / passes).toFixed(2)} s, ${(100 * result.shareOfKernelRate).toFixed(0)} % of the kernel rate; ` +
    `R² ${result.r2.toFixed(4)}, ${result.predictionRowsPerSecond.toFixed(0)} predictions/s, peak ${result.peakMegabytes.toFixed(0)} MB`,
);
await engine.close();
if (values.json)
  writeFileSync(
    values.json,
    JSON.stringify({ engine: engine.description, limits: best, ...result }, undefined, 1),
  );
