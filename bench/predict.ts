// Rows per second that a fitted machine predicts: 5,000 centers, 50 coordinates, one output, Laplace kernel, float32.
//
//   node --conditions=@lineament/source bench/predict.ts [--engine native|wasm] [--runs 5]

import { parseArgs } from "node:util";
import { fitFeatureMachine, matrix, openEngine, parseFitOptions, random } from "lineament";

const { values } = parseArgs({
  options: { engine: { type: "string", default: "auto" }, runs: { type: "string", default: "5" } },
});
const [centers, d, rows] = [5000, 50, 100_000];
const engine = await openEngine({ engine: values.engine as "auto" });
const generator = random(0);
const normals = (n: number): Float32Array => Float32Array.from({ length: n }, () => generator.normal());
const x = matrix(normals(centers * d), centers, d);
const y = Float64Array.from(
  { length: centers },
  (_, i) => x.data[i * d]! * x.data[i * d + 1]! + Math.sin(3 * x.data[i * d + 2]!),
);
const machine = await fitFeatureMachine(
  engine,
  {
    x: { coordinates: x },
    blockSizes: [],
    groups: [],
    target: { task: "regression", y: matrix(y, centers, 1) },
  },
  parseFitOptions({
    machine: { kernel: { family: "laplace", bandwidth: 10 }, ridge: 1e-3, iterations: 1, refit: true },
  }),
);
const points = { coordinates: matrix(normals(rows * d), rows, d) };
await machine.predict({ coordinates: matrix(normals(100 * d), 100, d) });
const seconds: number[] = [];
for (let run = 0; run < Number(values.runs); run++) {
  const started = performance.now();
  await machine.predict(points);
  seconds.push((performance.now() - started) / 1000);
}
const median = seconds.toSorted((a, b) => a - b)[seconds.length >> 1]!;
console.log(
  `${engine.name}, ${engine.description}: ${Math.round(rows / median).toLocaleString("en")} rows/s (median of ${seconds.length})`,
);
await engine.close();
