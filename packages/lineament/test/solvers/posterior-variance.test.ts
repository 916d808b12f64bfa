import { afterAll, beforeAll, expect, test } from "vitest";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { type Engine, type Matrix, zeros } from "../../src/linalg/index.ts";
import { posteriorVariance, RidgeSystem, signalVariance } from "../../src/solvers/index.ts";
import { gram, normals, points } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const kernel = { family: "gaussian", bandwidth: 1.5 } as const;

async function cross(x: Matrix, z: Matrix): Promise<Matrix> {
  const out = engine.allocate(x.rows, z.rows, "float64");
  await engine.kernelMatrix({ kernel, x: points(x), z: points(z), out });
  return out;
}

test("posterior variance is 1 − kᵀ(K + λI)⁻¹k: what is left of the last pivot of the extended system", async () => {
  const x = normals(20, 2, 1);
  const z = normals(3, 2, 2);
  const lambda = 0.1;
  const system = new RidgeSystem(engine, await gram(engine, kernel, x));
  await system.factor(lambda);
  const variance = await posteriorVariance(system, await cross(x, z));
  for (let j = 0; j < 3; j++) {
    const all = zeros(21, 2);
    all.data.set(x.data);
    all.data.set(z.data.subarray(2 * j, 2 * j + 2), 40);
    const k = await gram(engine, kernel, all);
    for (let i = 0; i < 20; i++) k.data[i * 22]! += lambda;
    expect((await engine.cholesky(k)).outcome).toBe("factored");
    expect(variance[j]).toBeCloseTo(k.data[20 * 22]! ** 2, 10);
  }
});

test("posterior variance is about λ at a training row, 1 far from all", async () => {
  const x = normals(20, 2, 1);
  const system = new RidgeSystem(engine, await gram(engine, kernel, x));
  await system.factor(1e-3);
  const far = { data: Float64Array.of(100, 100, x.data[0]!, x.data[1]!), rows: 2, cols: 2 };
  const variance = await posteriorVariance(system, await cross(x, far));
  expect(variance[0]).toBeCloseTo(1, 12);
  expect(variance[1]).toBeLessThan(1e-3);
});

test("the signal variance scales with the square of the targets", async () => {
  const x = normals(30, 2, 1);
  const y = normals(30, 1, 2);
  const system = new RidgeSystem(engine, await gram(engine, kernel, x));
  await system.factor(0.5);
  const { coefficients } = await system.solve(y);
  const [variance] = signalVariance(y, coefficients);
  const doubled = { ...y, data: y.data.map((value) => 2 * value) };
  expect(signalVariance(doubled, (await system.solve(doubled)).coefficients)[0]).toBeCloseTo(
    4 * variance!,
    9,
  );
});
