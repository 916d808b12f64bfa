// Times a recursive feature machine with five metric updates: y = x₀x₁ + sin 3x₂ + 0.1 ε, x ~ N(0, I), n/5 validation rows,
// Laplace kernel, L = 10, λ = 10⁻³, full metric, float32. xRFM 0.4.4's times for the same data are in `reference`.
//
//   node --conditions=@lineament/source bench/rfm.ts [--engine native|wasm] [--sizes 2000x20,5000x50,10000x100] [--runs 3] [--json out.json]

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import {
  type LearningProblem,
  matrix,
  openEngine,
  parseFitOptions,
  random,
  fitFeatureMachine,
} from "lineament";

/** Seconds of xRFM 0.4.4 on two threads of a 2.7 GHz AVX-512 server processor (one run each). */
const reference: Readonly<Record<string, number>> = { "2000x20": 2.14, "5000x50": 8.95, "10000x100": 29.6 };

const { values } = parseArgs({
  options: {
    engine: { type: "string", default: "auto" },
    sizes: { type: "string", default: "2000x20,5000x50,10000x100" },
    runs: { type: "string", default: "3" },
    json: { type: "string" },
  },
});
const engine = await openEngine({ engine: values.engine as "auto" });
console.log(`engine: ${engine.name}, ${engine.description}`);

/** n training and n/5 further rows; the machine's own holdout takes the fifth for validation. */
function problem(n: number, d: number): LearningProblem {
  const generator = random(0);
  const rows = n + n / 5;
  const x = matrix(
    Float32Array.from({ length: rows * d }, () => generator.normal()),
    rows,
    d,
  );
  const y = Float64Array.from(
    { length: rows },
    (_, i) =>
      x.data[i * d]! * x.data[i * d + 1]! + Math.sin(3 * x.data[i * d + 2]!) + 0.1 * generator.normal(),
  );
  return {
    x: { coordinates: x },
    blockSizes: [],
    groups: [],
    target: { task: "regression", y: matrix(y, rows, 1) },
  };
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
const results = [];
for (const size of values.sizes.split(",")) {
  const [n, d] = size.split("x").map(Number) as [number, number];
  const given = problem(n, d);
  const options = parseFitOptions({
    machine: {
      kernel: { family: "laplace", bandwidth: 10 },
      ridge: 1e-3,
      iterations: 5,
      refit: false,
      stopFactor: 1e9,
    },
  });
  const seconds: number[] = [];
  let r2 = 0;
  let bytes = 0;
  for (let run = 0; run < Number(values.runs); run++) {
    const before = process.memoryUsage();
    let peak = 0;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
    const started = performance.now();
    const machine = await fitFeatureMachine(engine, given, options);
    seconds.push((performance.now() - started) / 1000);
    clearInterval(watch);
    bytes = Math.max(bytes, peak - before.rss);
    r2 = 1 - machine.state.summary.loss;
  }
  const result = {
    size,
    seconds: median(seconds),
    reference: reference[size],
    r2,
    peakOverBase: bytes,
    squareFloats: bytes / (4 * n * n),
  };
  results.push(result);
  console.log(
    `n=${n} d=${d}: ${result.seconds.toFixed(2)} s (xRFM ${reference[size] ?? "?"} s), validation R² ${r2.toFixed(3)}, peak over base ${(bytes / 2 ** 20).toFixed(0)} MB = ${result.squareFloats.toFixed(2)} n² floats`,
  );
}
await engine.close();
if (values.json)
  writeFileSync(values.json, JSON.stringify({ engine: engine.description, results }, undefined, 1));
