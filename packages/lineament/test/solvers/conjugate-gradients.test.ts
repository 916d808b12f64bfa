import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, type Matrix, random, zeros } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { conjugateGradients, nystromPreconditioner } from "../../src/solvers/index.ts";
import { eliminate, expectClose, filled, gram, normals, product } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const laplace = { family: "laplace", bandwidth: 3, exponent: 1 } as const;
const identity = (r: Matrix): Promise<Matrix> => Promise.resolve(r);

describe("conjugate gradients", () => {
  const n = 40;
  const root = normals(n, n, 3);
  const a = filled(n, n, (i, j) => {
    let sum = i === j ? 1 : 0;
    for (let k = 0; k < n; k++) sum += (root.data[i * n + k]! * root.data[j * n + k]!) / n;
    return sum;
  });
  const b = normals(n, 3, 4);
  const multiply = (v: Matrix): Promise<Matrix> => Promise.resolve(product(a, v));

  test("reach the solution of every column", async () => {
    const { x, outcome, residuals } = await conjugateGradients(multiply, identity, b, { tolerance: 1e-12 });
    expect(outcome).toBe("converged");
    expect(Math.max(...residuals)).toBeLessThan(1e-12);
    expectClose(x.data, eliminate(a, b).data, 1e-9);
  });

  test("end after as many steps as there are distinct eigenvalues", async () => {
    const diagonal = filled(n, n, (i, j) => (i === j ? 1 + (i % 3) : 0));
    const { steps, outcome } = await conjugateGradients(
      (v) => Promise.resolve(product(diagonal, v)),
      identity,
      b,
      { tolerance: 1e-10 },
    );
    expect(outcome).toBe("converged");
    expect(steps).toBeLessThanOrEqual(3);
  });

  test("say when the steps do not suffice", async () => {
    const { outcome, steps, residuals } = await conjugateGradients(multiply, identity, b, {
      tolerance: 1e-12,
      maxSteps: 2,
    });
    expect({ outcome, steps }).toEqual({ outcome: "out-of-steps", steps: 2 });
    expect(Math.max(...residuals)).toBeGreaterThan(1e-12);
  });

  test("end when told that it is enough, with what they have", async () => {
    const enough = new AbortController();
    const seen: number[] = [];
    const { outcome, steps, residuals } = await conjugateGradients(multiply, identity, b, {
      tolerance: 1e-12,
      enough: enough.signal,
      onStep: (step, now) => {
        seen.push(Math.max(...now));
        if (step === 3) enough.abort();
      },
    });
    expect({ outcome, steps }).toEqual({ outcome: "interrupted", steps: 3 });
    expect(seen).toHaveLength(3);
    expect(Math.max(...residuals)).toBe(seen[2]);
    const least = await conjugateGradients(multiply, identity, b, {
      tolerance: 1e-12,
      enough: enough.signal,
      leastSteps: 2,
    });
    expect(least).toMatchObject({ outcome: "interrupted", steps: 2 });
  });

  test("measure residuals in the given unit", async () => {
    const { steps } = await conjugateGradients(multiply, identity, b, {
      scale: new Float64Array(3).fill(1e9),
    });
    expect(steps).toBe(0);
  });

  test("answer zero with zero at once", async () => {
    const { x, steps } = await conjugateGradients(multiply, identity, zeros(n, 2));
    expect(steps).toBe(0);
    expect(x.data.every((value) => value === 0)).toBe(true);
  });

  test("stop on a signal", async () => {
    await expect(
      conjugateGradients(multiply, identity, b, { signal: AbortSignal.abort(new Error("enough")) }),
    ).rejects.toThrow("enough");
  });
});

describe("the Nyström preconditioner", () => {
  test("with all columns is the inverse of K + λ I", async () => {
    const n = 60;
    const k = await gram(engine, laplace, normals(n, 4, 5), "float64");
    const ridges = Float64Array.of(0.1, 2);
    const preconditioner = (await nystromPreconditioner(engine, k, n, random(0)))!;
    const r = normals(n, 2, 6);
    const inverse = await preconditioner.apply(r, ridges);
    for (const [l, ridge] of ridges.entries()) {
      const shifted = filled(n, n, (i, j) => k.data[i * n + j]! + (i === j ? ridge : 0));
      const column = (m: Matrix): Matrix<Float64Array> => filled(n, 1, (i) => m.data[i * 2 + l]!);
      expectClose(column(inverse).data, eliminate(shifted, column(r)).data, 1e-4);
    }
  });

  test("is symmetric positive definite at any rank", async () => {
    const n = 50;
    const k = await gram(engine, laplace, normals(n, 4, 7), "float64");
    const preconditioner = (await nystromPreconditioner(engine, k, 12, random(0)))!;
    const units = filled(n, n, (i, j) => (i === j ? 1 : 0));
    const inverse = await preconditioner.apply(units, new Float64Array(n).fill(0.01));
    for (let i = 0; i < n; i++)
      for (let j = 0; j < i; j++) expect(inverse.data[i * n + j]).toBeCloseTo(inverse.data[j * n + i]!, 9);
    const probe = normals(n, 1, 8);
    const image = await preconditioner.apply(probe, Float64Array.of(0.01));
    let energy = 0;
    for (let i = 0; i < n; i++) energy += probe.data[i]! * image.data[i]!;
    expect(energy).toBeGreaterThan(0);
  });
});
