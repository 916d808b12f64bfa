import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convert, type Engine, takeRows } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { RidgeSystem } from "../../src/solvers/index.ts";
import { eliminate, expectClose, filled, gram, normals, product } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const laplace = { family: "laplace", bandwidth: 3, exponent: 1 } as const;

describe.each([1, 1.7])("iterated ridge systems, Laplace exponent %d", (exponent) => {
  const n = 300;
  const x = normals(n, 6, 9);
  const y = normals(n, 2, 10);
  const ridges = [1e-3, 1e-1, 10];

  test("agree with Cholesky for all ridges at once, to the residual they report", async () => {
    const k = await gram(engine, { ...laplace, exponent }, x, "float32");
    const original = convert(k, "float64");
    const solutions = await new RidgeSystem(engine, k).iterate(ridges, y, {
      tolerance: 1e-5,
    });
    for (const [at, ridge] of ridges.entries()) {
      const { coefficients, residual } = solutions[at]!;
      expect(residual).toBeLessThanOrEqual(1e-5);
      const shifted = filled(n, n, (i, j) => original.data[i * n + j]! + (i === j ? ridge : 0));
      const image = product(shifted, coefficients);
      let error = 0;
      let scale = 0;
      image.data.forEach((value, i) => {
        error += (value - y.data[i]!) ** 2;
        scale += y.data[i]! ** 2;
      });
      // The recurrence's residual and the true one part by the rounding of float32 products.
      expect(Math.sqrt(error / scale)).toBeLessThan(5e-5);
    }
  });

  test("find K intact after a factorization, and leave it so", async () => {
    const system = new RidgeSystem(engine, await gram(engine, { ...laplace, exponent }, x, "float32"));
    await system.factor(1e-2);
    const direct = (await system.solve(y)).coefficients;
    const [iterated] = await system.iterate([1e-2], y, { tolerance: 1e-6 });
    await system.factor(1e-2);
    expectClose(iterated!.coefficients.data, direct.data, 1e-2);
    expectClose((await system.solve(y)).coefficients.data, direct.data, 1e-9);
  });

  test("come back undefined where the steps do not suffice", async () => {
    const system = new RidgeSystem(engine, await gram(engine, { ...laplace, exponent }, x, "float32"));
    expect(await system.iterate([1e-3], y, { tolerance: 1e-6, maxSteps: 1 })).toEqual([undefined]);
  });

  test("judge their last rows by the others alone, and then solve for all", async () => {
    const count = 60;
    const kept = n - count;
    const ridge = 0.1;
    const k = await gram(engine, { ...laplace, exponent }, x);
    const first = Array.from({ length: kept }, (_, i) => i);
    const shifted = (rows: number) =>
      filled(rows, rows, (i, j) => k.data[i * n + j]! + (i === j ? ridge : 0));
    const predicted = product(
      filled(count, kept, (i, j) => k.data[(kept + i) * n + j]!),
      eliminate(shifted(kept), takeRows(y, first)),
    );
    const all = eliminate(shifted(n), y);
    const [solution] = await new RidgeSystem(engine, k).iterate([ridge], y, {
      tolerance: 1e-10,
      maxSteps: 300,
      heldOut: count,
    });
    const expected = predicted.data.map((value, at) => y.data[kept * 2 + at]! - value);
    expectClose(solution!.heldOutResiduals!.data, expected, 1e-7);
    expectClose(solution!.coefficients.data, all.data, 1e-7);
  });
});

test("a system that converges too slowly is given up soon, the others go on", async () => {
  const x = normals(300, 6, 9);
  const y = normals(300, 2, 10);
  const k = await gram(engine, { ...laplace, exponent: 1.7 }, x);
  let products = 0;
  const counted: Engine = {
    ...engine,
    gemm: (call) => {
      if (call.symmetricA) products++;
      return engine.gemm(call);
    },
  };
  const [slow, fast] = await new RidgeSystem(counted, k).iterate([1e-7, 10], y, {
    tolerance: 1e-12,
    maxSteps: 60,
  });
  expect(slow).toBeUndefined();
  expect(fast!.residual).toBeLessThanOrEqual(1e-12);
  expect(products).toBeLessThan(60);
});
