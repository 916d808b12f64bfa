import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  convert,
  type Engine,
  type FusedKernel,
  type Matrix,
  type Precision,
  random,
  rowRange,
  sample,
  takeRows,
  zeros,
} from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import {
  type KernelFunction,
  nystromRidge,
  type NystromRidge,
  type NystromRidgeOptions,
  type RowSource,
  rowsInMemory,
} from "../../src/solvers/index.ts";
import {
  eliminate,
  expectClose,
  filled,
  gram,
  largestDifference,
  normals,
  points,
  product,
} from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const laplace = { family: "laplace", bandwidth: 3, exponent: 1 } as const;
const gaussian = { family: "gaussian", bandwidth: 2 } as const;
const kernelOf =
  (kernel: FusedKernel): KernelFunction =>
  (call) =>
    engine.kernelMatrix({ kernel, ...call });

const n = 300;
const x = normals(n, 4, 1);
const y = filled(n, 2, (i, l) => Math.sin(2 * x.data[i * 4 + l]!) + 0.3 * normals(n, 2, 2).data[i * 2 + l]!);
const weights = Float64Array.from({ length: n }, (_, i) => [0, 1, 2, 3][i % 4]!);

/** Double precision, solved to the end, unless asked otherwise. */
const fit = (
  rows: Int32Array,
  options: Omit<NystromRidgeOptions, "ridges"> & { ridges?: readonly number[] } = {},
  {
    kernel = laplace,
    w,
    source,
  }: { kernel?: FusedKernel; w?: Float64Array | undefined; source?: RowSource } = {},
): Promise<NystromRidge> =>
  nystromRidge(
    engine,
    {
      source: source ?? rowsInMemory(points(x), y, w),
      centers: points(takeRows(x, rows)),
      centerWeights: w && Float64Array.from(rows, (i) => w[i]!),
      kernel: kernelOf(kernel),
    },
    { ridges: [0.1], precision: "float64", tolerance: 1e-11, maxSteps: 100, ...options },
  );

/** (K_nMᵀ W K_nM + λ K_MM)⁻¹ K_nMᵀ W Y by elimination. */
async function dense(rows: Int32Array, ridge: number, w?: Float64Array): Promise<Matrix<Float64Array>> {
  const k = await gram(engine, laplace, x);
  const m = rows.length;
  const part = filled(n, m, (i, j) => k.data[i * n + rows[j]!]!);
  const weighted = filled(m, n, (j, i) => (w?.[i] ?? 1) * part.data[i * m + j]!);
  const left = product(weighted, part);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < m; j++) left.data[i * m + j]! += ridge * k.data[rows[i]! * n + rows[j]!]!;
  return eliminate(left, product(weighted, y));
}

const all = Int32Array.from({ length: n }, (_, i) => i);
const some = sample(n, 60, random(5));

describe("the solution", () => {
  test("with every row a center is that of kernel ridge regression", async () => {
    const k = await gram(engine, laplace, x);
    for (const ridge of [1e-3, 0.1, 10]) {
      for (let i = 0; i < n; i++) k.data[i * n + i] = 1 + ridge;
      const { solutions, outcome } = await fit(all, { ridges: [ridge] });
      expect(outcome).toBe("converged");
      expectClose(solutions[0]!.coefficients.data, eliminate(k, y).data, 1e-6);
    }
  });

  test("with every row a center predicts what kernel ridge regression predicts, whatever the problem", async () => {
    const problem = fc.record({
      rows: fc.integer({ min: 1, max: 40 }),
      cols: fc.integer({ min: 1, max: 6 }),
      outputs: fc.integer({ min: 1, max: 3 }),
      seed: fc.nat(1000),
      logRidge: fc.double({ min: -3, max: 2, noNaN: true }),
      kernel: fc.constantFrom<FusedKernel>(
        laplace,
        gaussian,
        { family: "matern32", bandwidth: 2 },
        { family: "lpq", bandwidth: 3, exponent: 0.8, p: 1.2 },
      ),
    });
    await fc.assert(
      fc.asyncProperty(problem, async ({ rows, cols, outputs, seed, logRidge, kernel }) => {
        const u = normals(rows, cols, seed);
        const targets = normals(rows, outputs, seed + 1);
        const k = await gram(engine, kernel, u);
        const ridge = 10 ** logRidge;
        const shifted = filled(rows, rows, (i, j) => k.data[i * rows + j]! + (i === j ? ridge : 0));
        const { solutions } = await nystromRidge(
          engine,
          {
            source: rowsInMemory(points(u), targets),
            centers: points(u),
            kernel: kernelOf(kernel),
          },
          { ridges: [ridge], precision: "float64", tolerance: 1e-10, maxSteps: 200 },
        );
        expectClose(
          product(k, solutions[0]!.coefficients).data,
          product(k, eliminate(shifted, targets)).data,
          1e-6,
        );
      }),
      { numRuns: 60, seed: 6 },
    );
  });

  test("with fewer centers is that of the normal equations, with weights and without", async () => {
    for (const w of [undefined, weights]) {
      const { solutions } = await fit(some, {}, { w });
      expectClose(solutions[0]!.coefficients.data, (await dense(some, 0.1, w)).data, 1e-6);
    }
  });

  test("for several ridges at once is the one for each alone", async () => {
    const ridges = [1e-2, 0.1, 3];
    const { solutions, passes, steps } = await fit(some, { ridges });
    expect(passes).toBe(steps + 1);
    for (const [at, ridge] of ridges.entries()) {
      const alone = await fit(some, { ridges: [ridge] });
      expect(solutions[at]!.ridge).toBe(ridge);
      expectClose(solutions[at]!.coefficients.data, alone.solutions[0]!.coefficients.data, 1e-7);
    }
  });

  test("of whole weights is that of repeated rows", async () => {
    const rows = Int32Array.from([...all].flatMap((i) => Array<number>(weights[i]!).fill(i)));
    const source = rowsInMemory(points(takeRows(x, rows)), takeRows(y, rows));
    const [one, other] = [await fit(some, {}, { w: weights }), await fit(some, {}, { source })];
    expectClose(one.solutions[0]!.coefficients.data, other.solutions[0]!.coefficients.data, 1e-7);
  });

  test("in float32 predicts what that in float64 predicts", async () => {
    const values = async (precision: Precision): Promise<Matrix> => {
      const { solutions } = await fit(some, { precision, tolerance: 1e-5 });
      const k = await gram(engine, laplace, x);
      return product(
        filled(n, some.length, (i, j) => k.data[i * n + some[j]!]!),
        solutions[0]!.coefficients,
      );
    };
    // 2⁻²⁴ of the kernel values, a few digits lost to the condition of K.
    expectClose((await values("float32")).data, (await values("float64")).data, 1e-4);
  });
});

describe("conjugate gradients", () => {
  test("need no more than some ten steps when the centers are a good sample", async () => {
    const { steps, outcome } = await fit(sample(n, 150, random(2)), { ridges: [1], tolerance: 1e-6 });
    expect(outcome).toBe("converged");
    expect(steps).toBeLessThanOrEqual(12);
  });

  test("start from given coefficients: from the solution they need no step", async () => {
    const { solutions } = await fit(some);
    const again = await fit(some, { start: solutions[0]!.coefficients, tolerance: 1e-8 });
    expect(again).toMatchObject({ outcome: "converged", steps: 0, passes: 1 });
    expect(largestDifference(again.solutions[0]!.coefficients.data, solutions[0]!.coefficients.data)).toBe(0);
    const cold = await fit(some, { ridges: [0.12], tolerance: 1e-6 });
    const warm = await fit(some, { ridges: [0.12], tolerance: 1e-6, start: [solutions[0]!.coefficients] });
    expect(warm.steps).toBeLessThan(cold.steps);
    expectClose(warm.solutions[0]!.coefficients.data, cold.solutions[0]!.coefficients.data, 1e-4);
  });

  test("return what they have when that is enough, and stop at once when aborted", async () => {
    const enough = new AbortController();
    const early = await fit(some, {
      enough: enough.signal,
      onProgress: ({ passes }) => passes === 3 && enough.abort(),
    });
    expect(early).toMatchObject({ outcome: "interrupted", steps: 3 });
    expect(early.solutions[0]!.residual).toBeLessThan(1);
    const now = AbortSignal.abort();
    expect(await fit(some, { enough: now })).toMatchObject({ outcome: "interrupted", steps: 1 });
    const start = early.solutions[0]!.coefficients;
    const kept = await fit(some, { enough: now, start: [start] });
    expect(kept).toMatchObject({ outcome: "interrupted", steps: 0 });
    expect(kept.solutions[0]!.coefficients).toEqual(start);
    const stop = new AbortController();
    const stopped = fit(some, {
      signal: stop.signal,
      onProgress: ({ passes }) => passes === 2 && stop.abort(new Error("stopped")),
    });
    await expect(stopped).rejects.toThrow("stopped");
  });

  test("report their progress within a pass", async () => {
    const seen: number[] = [];
    await fit(some, { onProgress: ({ passes, fraction }) => void seen.push(passes + fraction) });
    expect(seen.every((value, at) => at === 0 || value >= seen[at - 1]!)).toBe(true);
    expect(seen[0]).toBeGreaterThan(0);
  });
});

describe("blocks", () => {
  /** The rows in chunks of uneven size, each in an array of its own. */
  const chunked: RowSource = {
    rows: n,
    outputs: 2,
    async *chunks() {
      for (let start = 0; start < n;) {
        const end = Math.min(n, start + 37 + (start % 50));
        await Promise.resolve();
        yield {
          x: points(convert(rowRange(x, start, end), "float64")),
          y: convert(rowRange(y, start, end), "float64"),
        };
        start = end;
      }
    },
  };

  test("that are streamed, stored, or stored in part give the same numbers bit for bit", async () => {
    const fits = [0, 100_000, 2 ** 30].map((memory) => fit(some, { memory }, { source: chunked }));
    const [streamed, partly, stored] = await Promise.all(fits);
    expect(partly!.solutions[0]!.coefficients).toEqual(streamed!.solutions[0]!.coefficients);
    expect(stored!.solutions[0]!.coefficients).toEqual(streamed!.solutions[0]!.coefficients);
  });

  test("that are stored are computed once", async () => {
    let calls = 0;
    const counting: KernelFunction = (call) => {
      calls++;
      return kernelOf(laplace)(call);
    };
    const problem = { source: chunked, centers: points(takeRows(x, some)), kernel: counting };
    const options = { ridges: [0.1], precision: "float64", maxSteps: 5 } as const;
    await nystromRidge(engine, problem, options);
    const stored = calls;
    calls = 0;
    const { passes } = await nystromRidge(engine, problem, { ...options, memory: 0 });
    expect(calls - 1).toBe(passes * (stored - 1));
  });

  test("from a source of chunks are those of the rows in memory", async () => {
    const [one, other] = [await fit(some), await fit(some, {}, { source: chunked })];
    expectClose(one.solutions[0]!.coefficients.data, other.solutions[0]!.coefficients.data, 1e-8);
  });

  test("of a source with another number of rows than announced are refused", async () => {
    await expect(fit(some, {}, { source: { ...chunked, rows: n + 1 } })).rejects.toThrow(
      "the source gave 300 rows, it announced 301",
    );
  });
});

describe("centers whose kernel matrix is singular", () => {
  test("twice the same give the function of once", async () => {
    const twice = Int32Array.from([...some, ...some]);
    const { solutions, factor } = await fit(twice, { tolerance: 1e-9 });
    expect(factor.jitter).toBeGreaterThan(0);
    const both = filled(some.length, 2, (i, l) => {
      const { data } = solutions[0]!.coefficients;
      return data[i * 2 + l]! + data[(i + some.length) * 2 + l]!;
    });
    expectClose(both.data, (await fit(some)).solutions[0]!.coefficients.data, 1e-4);
  });

  test("a wide Gaussian kernel gives the values of kernel ridge regression all the same", async () => {
    const kernel = { ...gaussian, bandwidth: 8 };
    const k = await gram(engine, kernel, x);
    const shifted = filled(n, n, (i, j) => k.data[i * n + j]! + (i === j ? 1e-3 : 0));
    const exact = product(k, eliminate(shifted, y));
    // In float32 the kernel values move by 2⁻²⁴ and the jitter is 300 · 10⁻⁸, a part of λ.
    for (const [precision, tolerance] of [
      ["float64", 1e-5],
      ["float32", 1e-2],
    ] as const) {
      const { solutions, factor } = await fit(
        all,
        { precision, ridges: [1e-3], tolerance: 1e-7 },
        { kernel },
      );
      expect(factor.jitter).toBeLessThan(precision === "float64" ? 1e-9 : 1e-4);
      expectClose(product(k, solutions[0]!.coefficients).data, exact.data, tolerance);
    }
  });

  test("a kernel that is none ends as an outcome", async () => {
    const source = rowsInMemory(points(x), y);
    const indefinite: KernelFunction = ({ out }) => {
      for (let i = 0; i < out.rows; i++)
        for (let j = 0; j < out.cols; j++) out.data[i * out.cols + j] = i === j ? 1 : 2;
      return Promise.resolve();
    };
    const problem = { source, centers: points(takeRows(x, some)), kernel: indefinite };
    expect(await nystromRidge(engine, problem, { ridges: [1] })).toMatchObject({
      outcome: "not-positive-definite",
      solutions: [],
    });
  });
});

test("what makes no sense is refused before any work", async () => {
  await expect(fit(some, { ridges: [0] })).rejects.toThrow("λ = 0, expected λ > 0");
  await expect(fit(some, { ridges: [] })).rejects.toThrow("no λ");
  await expect(fit(new Int32Array(0))).rejects.toThrow("0 centers");
  await expect(fit(some, { start: zeros(3, 2) })).rejects.toThrow("start is 3 × 2, expected 60 × 2");
});
