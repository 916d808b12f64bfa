// Steps of deep matrix factorization against the engine's own matrix product.
//
//   npm run build:wasm && node --conditions=@lineament/source bench/linear.ts [--engine native|wasm]
//
// Products and steps take turns, so that a busy machine slows both alike. Figures are medians.

import { parseArgs } from "node:util";
import { openEngine } from "../packages/lineament/src/linalg/open-engine.ts";
import {
  balancedFactors,
  completionLoss,
  endToEndFlow,
  type EndToEndLoss,
  factorizationLoss,
  factorSteps,
  gaussianFactors,
  groupRmsProp,
  minimumNuclearNorm,
  observedEntries,
  regressionLoss,
} from "../packages/lineament/src/linear/index.ts";

const { values: flags } = parseArgs({ options: { engine: { type: "string", default: "native" } } });
const engine = await openEngine({ engine: flags.engine as "native" | "wasm" });
console.log(engine.description);

const size = 1000;
const target = normals(size, size, 1);
const everyThird = observedEntries({ ...target, data: target.data.map((x, at) => (at % 3 === 0 ? x : NaN)) });
await step("factorization, gradient descent", factorizationLoss(target), {});
await step("factorization, momentum", factorizationLoss(target), { momentum: 0.9 });
await step("completion of a third, group RMSprop", completionLoss(everyThird), {
  learningRate: groupRmsProp({ rate: 1e-6 }),
});
await smallSteps();
await smallFlow();
await nuclearNorm(100);
await engine.close();

/** Depth 3: six products of 2 n³ flops. */
async function step(
  name: string,
  loss: EndToEndLoss,
  options: Partial<Parameters<typeof factorSteps>[3]>,
): Promise<void> {
  const start = gaussianFactors([size, size, size, size], { scale: 0.1 });
  const steps = factorSteps(engine, start, loss, { learningRate: 1e-6, steps: 1000, ...options });
  const [a, b] = [engine.allocate(size, size, "float64"), engine.allocate(size, size, "float64")];
  a.data.set(target.data);
  b.data.set(target.data);
  const c = engine.allocate(size, size, "float64");
  const [whole, product] = await medians(7, [() => steps.next(), () => engine.gemm({ a, b, c })]);
  const share = (6 * product!) / whole!;
  console.log(
    `${name}: ${(1e3 * whole!).toFixed(0)} ms a step of ${size} × ${size}, depth 3, one product ${(1e3 * product!).toFixed(1)} ms (${((2e-9 * size ** 3) / product!).toFixed(0)} GFlop/s): ${(100 * share).toFixed(0)} % of its rate`,
  );
}

/** One output, one neuron a hidden layer: what a step costs beside its arithmetic. */
async function smallSteps(): Promise<void> {
  const loss = regressionLoss(engine, normals(400, 20, 1), normals(400, 1, 2), { p: 4 });
  const start = await balancedFactors(engine, normals(1, 20, 3), { depth: 3 });
  const count = 2000;
  const [seconds] = await medians(3, [
    async () => {
      for await (const { outcome } of factorSteps(engine, start, loss, { learningRate: 1e-5, steps: count }))
        if (outcome === "diverged") throw new Error("diverged");
    },
  ]);
  console.log(`ℓ_4 regression, n=400 d=20, depth 3: ${((1e6 * seconds!) / count).toFixed(0)} µs a step`);
}

async function smallFlow(): Promise<void> {
  const loss = factorizationLoss(normals(10, 10, 1));
  let evaluations = 0;
  const [seconds] = await medians(3, [
    async () => {
      const flow = await endToEndFlow(engine, normals(10, 10, 2), loss, { depth: 3, times: [1] });
      evaluations = flow.evaluations;
    },
  ]);
  console.log(`end-to-end flow of 10 × 10: ${((1e6 * seconds!) / evaluations).toFixed(0)} µs a velocity`);
}

async function nuclearNorm(d: number): Promise<void> {
  const [u, v] = [normals(d, 3, 1).data, normals(d, 3, 2).data];
  const blanks = normals(d, d, 3);
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) {
      const entry = [0, 1, 2].reduce((sum, r) => sum + u[3 * i + r]! * v[3 * j + r]!, 0);
      blanks.data[i * d + j] = blanks.data[i * d + j]! < 0 ? NaN : entry;
    }
  let iterations = 0;
  const [seconds] = await medians(1, [
    async () => {
      const result = await minimumNuclearNorm(engine, observedEntries(blanks));
      iterations = result.iterations;
    },
  ]);
  console.log(
    `minimum nuclear norm, ${d} × ${d}, half observed: ${seconds!.toFixed(2)} s, ${iterations} iterations`,
  );
}

function normals(rows: number, cols: number, seed: number) {
  return gaussianFactors([cols, rows], { std: 1, seed })[0]!;
}

async function medians(rounds: number, calls: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  const seconds = calls.map((): number[] => []);
  for (let round = 0; round <= rounds; round++)
    for (const [i, call] of calls.entries()) {
      const started = performance.now();
      await call();
      if (round > 0) seconds[i]!.push((performance.now() - started) / 1e3); // the first one warms up
    }
  return seconds.map((times) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!);
}
