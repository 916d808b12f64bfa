import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convert, type Engine, type Matrix, takeRows } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import { RidgeSystem } from "../../src/solvers/index.ts";
import { eliminate, expectClose, filled, gram, normals, product } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const laplace = { family: "laplace", bandwidth: 3, exponent: 1 } as const;

/** (K + Λ) A. */
function apply(k: Matrix, shift: number | Float64Array, a: Matrix): Matrix<Float64Array> {
  const n = k.rows;
  const shifted = filled(n, n, (i, j) =>
    i === j ? 1 + (typeof shift === "number" ? shift : shift[i]!) : k.data[i * n + j]!,
  );
  return product(shifted, a);
}

const norm = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, value) => sum + value ** 2, 0));

describe.each(["float32", "float64"] as const)("in %s", (precision) => {
  const n = 150;
  const x = normals(n, 5, 1);
  const y = normals(n, 3, 2);

  test.each([1e-4, 1e-2, 1, 100])(
    "(K + λI) A = Y with residual below 1e-6, as reported, λ = %d",
    async (ridge) => {
      const k = await gram(engine, laplace, x, precision);
      const original = convert(k, "float64");
      const system = new RidgeSystem(engine, k);
      expect(await system.factor(ridge)).toEqual({ outcome: "factored", jitter: 0 });
      const { coefficients, residual } = await system.solve(y);
      const missing = apply(original, ridge, coefficients).data.map((value, at) => y.data[at]! - value);
      expect(residual!).toBeLessThan(1e-6);
      expect(residual!).toBeCloseTo(norm(missing) / norm(y.data), 12);
    },
  );

  test("every refinement brings the residual down, until float64 has nothing more to give", async () => {
    const residuals: number[] = [];
    for (const refinements of [0, 1, 2, 3]) {
      const k = await gram(engine, laplace, x, precision);
      const original = convert(k, "float64");
      const system = new RidgeSystem(engine, k);
      await system.factor(1e-3);
      const { coefficients } = await system.solve(y, refinements);
      const fitted = apply(original, 1e-3, coefficients);
      residuals.push(norm(fitted.data.map((value, at) => y.data[at]! - value)) / norm(y.data));
    }
    if (precision === "float32") expect(residuals[1]!).toBeLessThan(0.1 * residuals[0]!);
    expect(residuals[3]!).toBeLessThan(1e-10);
  });

  test("a second λ finds K unharmed", async () => {
    const system = new RidgeSystem(engine, await gram(engine, laplace, x, precision));
    await system.factor(1e-3);
    await system.solve(y);
    await system.factor(0.5);
    const again = new RidgeSystem(engine, await gram(engine, laplace, x, precision));
    await again.factor(0.5);
    expect((await system.solve(y)).coefficients.data).toEqual((await again.solve(y)).coefficients.data);
  });

  test("weights solve (K + λ W⁻¹) A = Y", async () => {
    const k = await gram(engine, laplace, x, precision);
    const original = convert(k, "float64");
    const shift = Float64Array.from({ length: n }, (_, i) => 0.1 / (0.5 + (i % 4)));
    const system = new RidgeSystem(engine, k);
    await system.factor(shift);
    const { coefficients } = await system.solve(y);
    expectClose(apply(original, shift, coefficients).data, y.data, 1e-6);
  });

  test("the diagonal of the inverse is that of the explicit inverse", async () => {
    const k = await gram(engine, laplace, x, precision);
    const shifted = filled(n, n, (i, j) => k.data[i * n + j]! + (i === j ? 0.05 : 0));
    const inverse = eliminate(
      shifted,
      filled(n, n, (i, j) => (i === j ? 1 : 0)),
    );
    const system = new RidgeSystem(engine, k);
    await system.factor(0.05);
    expectClose(
      await system.inverseDiagonal(),
      inverse.data.filter((_, at) => at % (n + 1) === 0),
      precision === "float32" ? 1e-5 : 1e-12,
    );
  });

  test("whitened columns have squared norms bᵀ (K + Λ)⁻¹ b", async () => {
    const k = await gram(engine, laplace, x, precision);
    const shifted = filled(n, n, (i, j) => k.data[i * n + j]! + (i === j ? 0.05 : 0));
    const expected = eliminate(shifted, y);
    const system = new RidgeSystem(engine, k);
    await system.factor(0.05);
    const b = convert(y, precision);
    await system.whiten(b);
    for (let l = 0; l < 3; l++) {
      let squared = 0;
      let exact = 0;
      for (let i = 0; i < n; i++) {
        squared += b.data[i * 3 + l]! ** 2;
        exact += y.data[i * 3 + l]! * expected.data[i * 3 + l]!;
      }
      expect(squared / exact).toBeCloseTo(1, precision === "float32" ? 4 : 10);
    }
  });

  test("the last rows' residuals, when they are left out together, are those of a refit", async () => {
    const count = 20;
    const ridge = 0.02;
    const k = await gram(engine, laplace, x, precision);
    const original = convert(k, "float64");
    const kept = n - count;
    const first = Array.from({ length: kept }, (_, i) => i);
    const a = eliminate(
      filled(kept, kept, (i, j) => original.data[i * n + j]! + (i === j ? ridge : 0)),
      takeRows(y, first),
    );
    const predicted = product(
      filled(count, kept, (i, j) => original.data[(kept + i) * n + j]!),
      a,
    );
    const system = new RidgeSystem(engine, k);
    await system.factor(ridge);
    const { coefficients } = await system.solve(y);
    const residuals = system.heldOutResiduals(coefficients, count);
    const expected = predicted.data.map((value, at) => y.data[kept * 3 + at]! - value);
    expectClose(residuals.data, expected, precision === "float32" ? 1e-5 : 1e-12);
  });
});

test("integer weights equal replication", async () => {
  const n = 30;
  const x = normals(n, 4, 3);
  const y = normals(n, 1, 4);
  const counts = Array.from({ length: n }, (_, i) => 1 + (i % 3));
  const rows = counts.flatMap((count, i) => Array.from({ length: count }, () => i));
  const weighted = new RidgeSystem(engine, await gram(engine, laplace, x));
  await weighted.factor(Float64Array.from(counts, (count) => 0.3 / count));
  const once = (await weighted.solve(y)).coefficients;
  const replicated = new RidgeSystem(engine, await gram(engine, laplace, takeRows(x, rows)));
  await replicated.factor(0.3);
  const many = (await replicated.solve(takeRows(y, rows))).coefficients;
  const sums = new Float64Array(n);
  rows.forEach((i, at) => (sums[i]! += many.data[at]!));
  expectClose(sums, once.data, 1e-7); // equal rows may come out √ε apart: ‖u‖² + ‖v‖² − 2u·v cancels
});

test("with K and λ scaled alike, f stays the same", async () => {
  // K ↦ aK with unit diagonal kept: the same statement for weights, w ↦ a w with λ ↦ a λ.
  const n = 40;
  const x = normals(n, 3, 5);
  const y = normals(n, 1, 6);
  const solutions = [];
  for (const a of [1, 1000]) {
    const system = new RidgeSystem(engine, await gram(engine, laplace, x));
    await system.factor(Float64Array.from({ length: n }, (_, i) => (a * 0.1) / (a * (1 + (i % 3)))));
    solutions.push((await system.solve(y)).coefficients.data);
  }
  expectClose(solutions[1]!, solutions[0]!, 1e-12);
  const k = await gram(engine, laplace, x);
  const f = (a: number): Float64Array => {
    const scaled = filled(n, n, (i, j) => a * k.data[i * n + j]!);
    return product(
      scaled,
      eliminate(
        filled(n, n, (i, j) => scaled.data[i * n + j]! + (i === j ? a * 0.1 : 0)),
        y,
      ),
    ).data;
  };
  const system = new RidgeSystem(engine, await gram(engine, laplace, x));
  await system.factor(0.1);
  expectClose(product(k, (await system.solve(y)).coefficients).data, f(50), 1e-11);
});

describe("a singular K, λ = 0", () => {
  const n = 60;
  const once = normals(n / 2, 3, 7);
  const doubled = filled(n, 3, (i, j) => once.data[(i % (n / 2)) * 3 + j]!);
  /** Makes equal rows more similar than equal: the least eigenvalue is then at most −excess. */
  const overstate = (k: Matrix, excess: number): void => {
    for (let i = 0; i < n; i++) k.data[i * n + ((i + n / 2) % n)]! += excess;
  };

  test.each(["float32", "float64"] as const)(
    "is solved with a reported jitter, from the intact K (%s)",
    async (precision) => {
      const k = await gram(engine, { family: "gaussian", bandwidth: 2 }, doubled, precision);
      const slightly = 3e-6;
      overstate(k, slightly);
      const upper = convert(k, "float64");
      const y = normals(n, 1, 8);
      const system = new RidgeSystem(engine, k);
      const report = await system.factor(0);
      expect(report.outcome).toBe("jittered");
      expect(report.jitter).toBeGreaterThan(slightly / 2);
      expect(report.jitter).toBeLessThan(1e-4 * 1.01);
      for (let i = 0; i < n; i++)
        for (let j = i + 1; j < n; j++) expect(k.data[i * n + j]!).toBe(upper.data[i * n + j]!);
      const { coefficients, residual } = await system.solve(y, 8);
      expect(residual!).toBeLessThan(1e-4);
      expectClose(apply(upper, report.jitter, coefficients).data, y.data, 1e-3);
    },
  );

  test("a later, larger λ is not touched by the jitter before", async () => {
    const k = await gram(engine, { family: "gaussian", bandwidth: 2 }, doubled, "float64");
    overstate(k, 1e-6);
    const system = new RidgeSystem(engine, k);
    expect((await system.factor(0)).outcome).toBe("jittered");
    expect(await system.factor(1)).toEqual({ outcome: "factored", jitter: 0 });
  });

  test("one that jitter cannot help is an outcome", async () => {
    const k = filled(3, 3, (i, j) => (i === j ? 1 : i + j === 1 ? 2 : 0));
    expect((await new RidgeSystem(engine, k).factor(1e-6)).outcome).toBe("not-positive-definite");
  });

  test("the jitter is in units of the kernel, however light some rows are", async () => {
    const k = await gram(engine, { family: "gaussian", bandwidth: 2 }, doubled, "float64");
    overstate(k, 1e-6);
    const shift = new Float64Array(n).fill(1e-9);
    shift[n - 1] = 1e9; // a row of nearly no weight
    const { jitter } = await new RidgeSystem(engine, k).factor(shift);
    expect(jitter).toBeGreaterThan(0);
    expect(jitter).toBeLessThanOrEqual(1e-4);
  });
});

test("one row, and targets that are all 0", async () => {
  const one = new RidgeSystem(
    engine,
    filled(1, 1, () => 1),
  );
  await one.factor(1);
  expectClose((await one.solve(filled(1, 2, (_, l) => l + 1))).coefficients.data, [0.5, 1], 1e-15);
  expect(await one.solve(filled(1, 1, () => 0))).toMatchObject({ residual: 0 });
});

describe("a kernel whose diagonal is not 1", () => {
  const n = 40;
  const x = normals(n, 4, 11);
  const scales = Float64Array.from({ length: n }, (_, i) => 2 + Math.sin(i));
  const scaledGram = async (): Promise<Matrix<Float64Array>> => {
    const k = await gram(engine, laplace, x);
    return filled(n, n, (i, j) => scales[i]! * k.data[i * n + j]! * scales[j]!);
  };

  test("is solved with its own diagonal, for one ridge after the other", async () => {
    const original = await scaledGram();
    const system = new RidgeSystem(engine, await scaledGram());
    const y = normals(n, 2, 12);
    for (const ridge of [0.5, 1e-3]) {
      await system.factor(ridge);
      const { coefficients } = await system.solve(y, 2);
      const shifted = filled(n, n, (i, j) => original.data[i * n + j]! + (i === j ? ridge : 0));
      expectClose(product(shifted, coefficients).data, y.data, 1e-10);
    }
  });

  test("gives the same by conjugate gradients", async () => {
    const y = normals(n, 1, 13);
    const system = new RidgeSystem(engine, await scaledGram());
    const [iterated] = await system.iterate([0.1], y, { tolerance: 1e-12 });
    await system.factor(0.1);
    expectClose(iterated!.coefficients.data, (await system.solve(y, 2)).coefficients.data, 1e-9);
  });

  test("is multiplied from the upper triangle and the diagonal alone", async () => {
    const original = await scaledGram();
    const system = new RidgeSystem(engine, await scaledGram());
    await system.factor(1);
    for (const columns of [1, 3]) {
      const a = normals(n, columns, 14);
      expectClose(system.product(a).data, product(original, a).data, 1e-12);
    }
  });
});

test("the engines agree", async () => {
  const x = normals(50, 3, 9);
  const y = normals(50, 2, 10);
  const solutions = [];
  for (const one of [engine, plainEngine()]) {
    const system = new RidgeSystem(one, await gram(one, laplace, x));
    await system.factor(1e-3);
    solutions.push((await system.solve(y)).coefficients.data);
  }
  expectClose(solutions[0]!, solutions[1]!, 1e-10);
});
