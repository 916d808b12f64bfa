// Finite networks against the engine's own matrix product: training steps, tangent kernels, Hessian products.
//
//   npm run build:wasm && node --conditions=@lineament/source bench/networks.ts [--engine native|wasm]
//
// Products of the shapes of a training step and the steps themselves take turns, so that a busy machine slows both alike.
// Figures are medians.

import { parseArgs } from "node:util";
import { type Engine, type Matrix, random } from "../packages/lineament/src/linalg/index.ts";
import { openEngine } from "../packages/lineament/src/linalg/open-engine.ts";
import {
  denseNetwork,
  lossHessianProduct,
  tangentKernel,
  type TangentKernelOptions,
  trainingSteps,
} from "../packages/lineament/src/networks/index.ts";

const { values: flags } = parseArgs({ options: { engine: { type: "string", default: "native" } } });
const engine = await openEngine({ engine: flags.engine as "native" | "wasm" });
console.log(engine.description);

await wideStep(256, 784, 4096);
await wideStep(256, 10, 4096);
await smallSteps(64, "tanh");
await smallSteps(64, "relu");
await smallSteps(1024, "tanh");
await manySteps(10_000);
await kernels(128);
await hessians();
await engine.close();

/** One step of gradient descent of a two-layer relu network: 2 n m d flops forward, as many for the gradient of W¹. */
async function wideStep(n: number, d: number, m: number): Promise<void> {
  const network = denseNetwork(engine, { inputs: d, widths: [m] });
  const [x, y] = [normals(engine, n, d, 1), normals(engine, n, 1, 2)];
  const steps = trainingSteps(network, network.initialize(0), { x, y, learningRate: 1e-6, steps: 1000 });
  const weights = normals(engine, m, d, 3);
  const [z, gradient] = [normals(engine, n, m, 4), normals(engine, m, d, 5)];
  const [step, forward, back] = await medians(25, [
    () => steps.next(),
    () => engine.gemm({ a: x, b: weights, c: z, transposeB: true }),
    () => engine.gemm({ a: z, b: x, c: gradient, transposeA: true }),
  ]);
  const flops = 4 * n * m * d + 4 * n * m;
  const rate = (4 * n * m * d) / (forward! + back!);
  console.log(
    `training step n=${n} d=${d} width ${m}: ${ms(step!)} (${gigaflops(flops / step!)}), products alone ${ms(forward! + back!)} (${gigaflops(rate)}): ${percent(flops / step! / rate)}`,
  );
}

async function smallSteps(width: number, activation: "relu" | "tanh"): Promise<void> {
  const network = denseNetwork(engine, { inputs: 10, widths: [width], activation });
  const [x, y] = [normals(engine, 20, network.inputs, 1), normals(engine, 20, 1, 2)];
  const count = 2000;
  const seconds: number[] = [];
  for (let round = 0; round < 5; round++) {
    const started = performance.now();
    const steps = trainingSteps(network, network.initialize(0), { x, y, learningRate: 1e-3, steps: count });
    for await (const step of steps) if (step.outcome === "diverged") throw new Error("diverged");
    seconds.push((performance.now() - started) / 1000 / count);
  }
  console.log(
    `training step n=20 d=10 width ${width} ${activation}: ${(median(seconds) * 1e6).toFixed(1)} µs`,
  );
}

async function manySteps(count: number): Promise<void> {
  const network = denseNetwork(engine, { inputs: 10, widths: [256, 256], activation: "tanh" });
  const [x, y] = [normals(engine, 64, 10, 1), normals(engine, 64, 1, 2)];
  const memory: number[] = [];
  const started = performance.now();
  const steps = trainingSteps(network, network.initialize(0), { x, y, learningRate: 1e-4, steps: count });
  for await (const { step } of steps) if (step % 2000 === 0) memory.push(process.memoryUsage().rss / 2 ** 20);
  console.log(
    `${count} steps of 10-256-256-1, n=64: ${((performance.now() - started) / 1000).toFixed(1)} s, resident MB every 2000: ${memory.map((value) => value.toFixed(0)).join(" ")}`,
  );
}

async function kernels(n: number): Promise<void> {
  const network = denseNetwork(engine, { inputs: 10, widths: [300, 300] });
  const [theta, x] = [network.initialize(0), normals(engine, n, 10, 1)];
  const kernel = (method: TangentKernelOptions["method"]) => () =>
    tangentKernel(network, theta, x, undefined, method ? { method } : {});
  const [structured] = await medians(25, [kernel("structured")]);
  const [jacobian] = await medians(3, [kernel("jacobian")]);
  const [products] = await medians(3, [kernel("products")]);
  console.log(
    `tangent kernel of 10-300-300-1 on ${n} points: structured ${ms(structured!)}, Jacobian ${ms(jacobian!)}, products ${ms(products!)}`,
  );
}

async function hessians(): Promise<void> {
  const network = denseNetwork(engine, { inputs: 10, widths: [1024], activation: "tanh" });
  const [x, y] = [normals(engine, 256, 10, 1), normals(engine, 256, 1, 2)];
  const product = await lossHessianProduct(network, network.initialize(0), x, y);
  const v = network.initialize(1);
  const [seconds] = await medians(25, [() => product(v)]);
  console.log(`Hessian product of the loss of 10-1024-1, n=256: ${ms(seconds!)}`);
}

function normals(on: Engine, rows: number, cols: number, seed: number): Matrix<Float64Array> {
  const result = on.allocate(rows, cols, "float64") as Matrix<Float64Array>;
  const generator = random(seed);
  for (let at = 0; at < result.data.length; at++) result.data[at] = generator.normal();
  return result;
}

/** Seconds of each call, taking turns. */
async function medians(
  rounds: number,
  calls: readonly (() => Promise<unknown>)[],
): Promise<readonly number[]> {
  const seconds = calls.map((): number[] => []);
  for (let round = 0; round < rounds + 2; round++)
    for (const [at, call] of calls.entries()) {
      const started = performance.now();
      await call();
      if (round >= 2) seconds[at]!.push((performance.now() - started) / 1000);
    }
  return seconds.map(median);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function ms(seconds: number): string {
  return `${(seconds * 1000).toFixed(2)} ms`;
}

function gigaflops(rate: number): string {
  return `${(rate / 1e9).toFixed(1)} GFLOP/s`;
}

function percent(part: number): string {
  return `${(100 * part).toFixed(0)} %`;
}
