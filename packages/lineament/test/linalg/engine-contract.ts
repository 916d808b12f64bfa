import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CategoricalTable, Engine, FusedKernel, Points } from "../../src/linalg/engine.ts";
import type { Matrix, Precision } from "../../src/linalg/matrix.ts";
import { matrix, zeros } from "../../src/linalg/matrix.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import { random } from "../../src/linalg/random.ts";
import { describeDenseKernels } from "./dense-kernels-contract.ts";
import { normal } from "./normal.ts";

export const kernels: readonly FusedKernel[] = [
  { family: "laplace", bandwidth: 2.5, exponent: 1 },
  { family: "laplace", bandwidth: 2.5, exponent: 0.7 },
  { family: "laplace", bandwidth: 2.5, exponent: 1.4 },
  { family: "laplace", bandwidth: 2.5, exponent: 2 },
  { family: "gaussian", bandwidth: 3 },
  { family: "matern32", bandwidth: 3 },
  { family: "matern52", bandwidth: 3 },
  { family: "lpq", bandwidth: 4, exponent: 1, p: 1 },
  { family: "lpq", bandwidth: 4, exponent: 0.6, p: 1 },
  { family: "lpq", bandwidth: 4, exponent: 1, p: 1.5 },
  { family: "lpq", bandwidth: 4, exponent: 1.2, p: 2 },
  { family: "lpq", bandwidth: 4, exponent: 0.7, p: 0.7 },
  { family: "sum-power", bandwidth: 2, exponent: 1, constant: 0.2, power: 2 },
  { family: "sum-power", bandwidth: 2, exponent: 0.8, constant: 0, power: 1 },
  { family: "sum-power", bandwidth: 2, exponent: 1.5, constant: 0.1, power: 3 },
];

const nameOf = (kernel: FusedKernel): string =>
  Object.entries(kernel)
    .map(([key, value]) => (key === "family" ? String(value) : `${key} ${value}`))
    .join(" ");

/** What the plain engine says, computed once for all engines of a test file. */
const oracle = plainEngine();
const answers = new Map<string, Promise<Matrix>>();
function remember(
  key: string,
  rows: number,
  cols: number,
  precision: Precision,
  compute: (out: Matrix) => Promise<void>,
): Promise<Matrix> {
  let answer = answers.get(`${precision} ${key}`);
  if (!answer) {
    const out = zeros(rows, cols, precision);
    answer = compute(out).then(() => out);
    answers.set(`${precision} ${key}`, answer);
  }
  return answer;
}

/** What every engine must satisfy. A new engine joins the list; it does not write these again. */
export function describeEngine(name: string, open: () => Promise<Engine>): void {
  describe(name, () => {
    let engine: Engine;
    const plain = oracle;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(async () => engine?.close());

    for (const precision of ["float32", "float64"] as const) {
      // Rounding of one operation; sums of n terms are allowed a modest multiple of it.
      const epsilon = precision === "float32" ? 2 ** -23 : 2 ** -52;
      const at = (multiple: number) => multiple * epsilon;

      describe(precision, () => {
        describe("gemm", () => {
          for (const [m, n, k] of [
            [37, 29, 23],
            [1, 1, 1],
            [67, 71, 617],
            [0, 3, 2],
            [3, 2, 0],
          ] as const)
            for (const transposeA of [false, true])
              for (const transposeB of [false, true])
                test(`${m} × ${k} times ${k} × ${n}, transposed ${transposeA} ${transposeB}, is the sum of products`, async () => {
                  const a = normal(transposeA ? k : m, transposeA ? m : k, precision, 1);
                  const b = normal(transposeB ? n : k, transposeB ? k : n, precision, 2);
                  const c = normal(m, n, precision, 3);
                  const expected = copy(c);
                  const options = { a, b, transposeA, transposeB, alpha: -1.5, beta: 0.5 };
                  await engine.gemm({ ...options, c });
                  await plain.gemm({ ...options, c: expected });
                  close(c, expected, at(8 * Math.sqrt(k + 1)) * 4);
                });

          test("without beta never reads C", async () => {
            const [a, b, c] = [
              normal(20, 9, precision, 1),
              normal(9, 11, precision, 2),
              zeros(20, 11, precision),
            ];
            c.data.fill(NaN);
            await engine.gemm({ a, b, c });
            const expected = zeros(20, 11, precision);
            await plain.gemm({ a, b, c: expected });
            close(c, expected, at(64));
          });

          for (const columns of [1, 3, 9])
            test(`${columns} columns: a plain product, a transposed one and one with a symmetric matrix`, async () => {
              const a = normal(150, 150, precision, 1);
              for (let i = 0; i < 150; i++)
                for (let j = 0; j < i; j++) a.data[j * 150 + i] = a.data[i * 150 + j]!;
              const skew = normal(150, 150, precision, 2);
              const b = normal(150, columns, precision, 3);
              for (const options of [{ a: skew }, { a: skew, transposeA: true }, { a, symmetricA: true }]) {
                const c = zeros(150, columns, precision);
                c.data.fill(NaN);
                await engine.gemm({ ...options, b, c });
                const expected = zeros(150, columns, precision);
                await plain.gemm({ ...options, b, c: expected });
                close(c, expected, at(600));
              }
            });

          test("three columns and a matrix that no near cache holds", async () => {
            const a = normal(600, 500, precision, 1);
            for (const transposeA of [false, true]) {
              const [rows, inner] = transposeA ? [500, 600] : [600, 500];
              const b = normal(inner, 3, precision, 2);
              const c = zeros(rows, 3, precision);
              c.data.fill(NaN);
              await engine.gemm({ a, b, c, transposeA });
              const expected = zeros(rows, 3, precision);
              await plain.gemm({ a, b, c: expected, transposeA });
              close(c, expected, at(2000));
            }
          });

          test("works on memory that the engine allocated", async () => {
            const a = engine.allocate(130, 140, precision);
            a.data.set(normal(130, 140, precision, 1).data);
            const c = engine.allocate(130, 130, precision);
            await engine.gemm({ a, b: a, c, transposeB: true });
            const expected = zeros(130, 130, precision);
            await plain.gemm({ a, b: a, c: expected, transposeB: true });
            close(c, expected, at(1000));
          });

          test("refuses sizes that do not fit, and mixed precisions", async () => {
            await expect(
              engine.gemm({
                a: zeros(2, 3, precision),
                b: zeros(2, 3, precision),
                c: zeros(2, 3, precision),
              }),
            ).rejects.toThrow(RangeError);
            const other = precision === "float32" ? "float64" : "float32";
            await expect(
              engine.gemm({ a: zeros(2, 2, precision), b: zeros(2, 2, other), c: zeros(2, 2, precision) }),
            ).rejects.toThrow(TypeError);
          });
        });

        for (const transpose of [false, true])
          test(`syrk, transposed ${transpose}, is symmetric and equals A Aᵀ`, async () => {
            for (const n of [1, 5, 131, 300]) {
              const a = transpose ? normal(41, n, precision, 1) : normal(n, 41, precision, 1);
              const c = symmetric(n, precision);
              const expected = copy(c);
              await engine.syrk({ a, c, transpose, alpha: 2, beta: 0.5 });
              await plain.syrk({ a, c: expected, transpose, alpha: 2, beta: 0.5 });
              close(c, expected, at(600));
              expectSymmetric(c);
            }
          });

        test("cholesky gives L Lᵀ = A, reads the lower triangle and keeps the upper one", async () => {
          for (const n of [0, 1, 2, 63, 64, 65, 200, 515]) {
            const a = positive(n, precision);
            const factor = copy(a);
            for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) factor.data[i * n + j] = 7;
            expect(await engine.cholesky(factor)).toEqual({ outcome: "factored" });
            for (let i = 0; i < n; i++)
              for (let j = i + 1; j < n; j++) {
                if (factor.data[i * n + j] !== 7)
                  throw new Error(`upper triangle changed at ${i}, ${j} of ${n}`);
                factor.data[i * n + j] = 0;
              }
            // L (Lᵀ v) = A v for a few v: the whole product would take the oracle a second.
            const v = normal(n, 3, precision, 9);
            const [half, left, right] = [
              zeros(n, 3, precision),
              zeros(n, 3, precision),
              zeros(n, 3, precision),
            ];
            await plain.gemm({ a: factor, b: v, c: half, transposeA: true });
            await plain.gemm({ a: factor, b: half, c: left });
            await plain.gemm({ a, b: v, c: right });
            close(left, right, at(200));
          }
        });

        test("cholesky names the first minor that is not positive definite", async () => {
          for (const [n, bad] of [
            [1, 0],
            [5, 2],
            [300, 0],
            [300, 170],
            [300, 299],
          ] as const) {
            const a = positive(n, precision);
            a.data[bad * n + bad] = -1;
            expect(await engine.cholesky(a)).toEqual({ outcome: "not-positive-definite", failedAt: bad + 1 });
          }
        });

        test("solveTriangular undoes the product with L and with Lᵀ", async () => {
          for (const [n, columns] of [
            [1, 1],
            [70, 1],
            [131, 3],
            [300, 130],
            [5, 0],
          ] as const) {
            const l = lower(n, precision);
            for (const transposed of [false, true]) {
              const x = normal(n, columns, precision, 4);
              const b = zeros(n, columns, precision);
              await plain.gemm({ a: clearUpper(l), b: x, c: b, transposeA: transposed });
              await engine.solveTriangular({ l, b, transposed });
              close(b, x, at(200));
            }
          }
        });

        test("eigenSymmetric gives A Q = Q Λ with Qᵀ Q = I, values ascending, A unchanged", async () => {
          for (const n of [0, 1, 2, 40]) {
            const a = symmetric(n, precision);
            const before = copy(a);
            const { values, vectors } = await engine.eigenSymmetric(a);
            expect(a.data).toEqual(before.data);
            expect([...values]).toEqual([...values].toSorted((x, y) => x - y));
            const [left, right, gram] = [zeros(n, n, precision), copy(vectors), zeros(n, n, precision)];
            for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) right.data[i * n + j]! *= values[j]!;
            await plain.gemm({ a, b: vectors, c: left });
            close(left, right, at(40) * Math.sqrt(n + 1) * 4);
            await plain.gemm({ a: vectors, b: vectors, c: gram, transposeA: true });
            close(gram, identity(n, precision), at(200));
          }
        });

        test("singularValues gives A = U diag(values) Vᵀ, thin, values descending, A unchanged", async () => {
          for (const [m, n] of [
            [0, 3],
            [1, 1],
            [17, 9],
            [9, 17],
            [30, 30],
          ] as const) {
            const a = normal(m, n, precision, 5);
            const before = copy(a);
            const { values, u, vt } = await engine.singularValues(a);
            expect(a.data).toEqual(before.data);
            const r = Math.min(m, n);
            expect([u.rows, u.cols, vt.rows, vt.cols, values.length]).toEqual([m, r, r, n, r]);
            expect([...values]).toEqual([...values].toSorted((x, y) => y - x));
            const scaled = copy(u);
            for (let i = 0; i < m; i++) for (let t = 0; t < r; t++) scaled.data[i * r + t]! *= values[t]!;
            const product = zeros(m, n, precision);
            await plain.gemm({ a: scaled, b: vt, c: product });
            close(product, a, at(400));
          }
        });

        for (const kernel of kernels)
          describe(nameOf(kernel), () => {
            const sum = kernel.family === "sum-power";
            for (const [label, points] of Object.entries(settings(precision))) {
              const { x, z, tables } = points;
              // r² = ‖x‖² + ‖z‖² − 2 x·z carries the rounding of its parts, and k turns √ of it into a distance.
              const slack = at(400);

              test(`kernelMatrix, ${label}`, async () => {
                const shape = [x.coordinates.rows, z.coordinates.rows, precision] as const;
                const out = zeros(...shape);
                await engine.kernelMatrix({ kernel, x, z, tables, out });
                const expected = await remember(`matrix ${nameOf(kernel)} ${label}`, ...shape, (to) =>
                  plain.kernelMatrix({ kernel, x, z, tables, out: to }),
                );
                close(out, expected, slack);
              });

              test(`kernelProduct, values and slopes, ${label}`, async () => {
                const v = normal(z.coordinates.rows, 3, precision, 8);
                const selfPairs = Int32Array.from(
                  { length: x.coordinates.rows },
                  (_, j) => j % Math.max(1, z.coordinates.rows),
                );
                for (const part of ["value", "slope"] as const) {
                  const shape = [x.coordinates.rows, 3, precision] as const;
                  const out = zeros(...shape);
                  out.data.fill(NaN);
                  const options = {
                    kernel,
                    x,
                    z,
                    tables,
                    v,
                    part,
                    ...(part === "slope" && z.coordinates.rows > 0 ? { selfPairs } : {}),
                  };
                  if (part === "slope" && sum) {
                    await expect(engine.kernelProduct({ ...options, out })).rejects.toThrow(RangeError);
                    continue;
                  }
                  await engine.kernelProduct({ ...options, out });
                  const expected = await remember(
                    `product ${part} ${nameOf(kernel)} ${label}`,
                    ...shape,
                    (to) => plain.kernelProduct({ ...options, out: to }),
                  );
                  close(out, expected, slack * 4);
                }
              });

              test(`kernelGradient, ${label}`, async () => {
                const coefficients = normal(z.coordinates.rows, 3, precision, 8);
                const shape = [x.coordinates.rows, 3 * x.coordinates.cols, precision] as const;
                const out = zeros(...shape);
                out.data.fill(NaN);
                await engine.kernelGradient({ kernel, x, z, tables, coefficients, out });
                const expected = await remember(`gradient ${nameOf(kernel)} ${label}`, ...shape, (to) =>
                  plain.kernelGradient({ kernel, x, z, tables, coefficients, out: to }),
                );
                close(out, expected, slack * 10);
              });
            }

            test("kernelMatrix of x with itself is exactly symmetric with a diagonal of ones", async () => {
              for (const n of [1, 90]) {
                const x = { coordinates: normal(n, 7, precision, 6) };
                const out = zeros(n, n, precision);
                await engine.kernelMatrix({ kernel, x, out });
                const expected = await remember(`symmetric ${nameOf(kernel)} ${n}`, n, n, precision, (to) =>
                  plain.kernelMatrix({ kernel, x, out: to }),
                );
                close(out, expected, at(400));
                for (let i = 0; i < n; i++) expect(out.data[i * n + i]).toBe(1);
                expectSymmetric(out);
              }
            });

            test("a copy of a row, far from the origin, has k = 1 exactly", async () => {
              const x = normal(40, 9, precision, 12);
              for (let at = 0; at < x.data.length; at++) x.data[at]! += 5;
              const out = zeros(40, 40, precision);
              await engine.kernelMatrix({ kernel, x: { coordinates: x }, z: { coordinates: copy(x) }, out });
              for (let i = 0; i < 40; i++) expect(out.data[i * 40 + i]).toBe(1);
            });

            if (precision === "float64")
              test("kernelGradient is the derivative of kernelProduct, self pairs skipped", async () => {
                const [x, z] = [normal(9, 4, precision, 1), normal(40, 4, precision, 2)];
                const coefficients = normal(40, 2, precision, 3);
                const gradient = zeros(9, 8, precision);
                const call = { kernel, z: { coordinates: z } };
                await engine.kernelGradient({ ...call, x: { coordinates: x }, coefficients, out: gradient });
                const step = 1e-5;
                for (let k = 0; k < 4; k++) {
                  const values = [];
                  for (const sign of [1, -1]) {
                    const moved = copy(x);
                    for (let j = 0; j < 9; j++) moved.data[j * 4 + k]! += sign * step;
                    const out = zeros(9, 2, precision);
                    await engine.kernelProduct({ ...call, x: { coordinates: moved }, v: coefficients, out });
                    values.push(out.data);
                  }
                  for (let j = 0; j < 9; j++)
                    for (let l = 0; l < 2; l++)
                      expect(gradient.data[j * 8 + l * 4 + k]).toBeCloseTo(
                        (values[0]![j * 2 + l]! - values[1]![j * 2 + l]!) / (2 * step),
                        5,
                      );
                }
              });

            test("kernelGradient at the rows of z: selfPairs changes nothing, since a row is at distance 0 from itself", async () => {
              const z = { coordinates: normal(60, 5, precision, 2) };
              const coefficients = normal(60, 2, precision, 3);
              const [out, paired] = [zeros(60, 10, precision), zeros(60, 10, precision)];
              await engine.kernelGradient({ kernel, x: z, z, coefficients, out });
              await engine.kernelGradient({
                kernel,
                x: z,
                z,
                coefficients,
                out: paired,
                selfPairs: Int32Array.from({ length: 60 }, (_, i) => i),
              });
              close(paired, out, at(400));
            });
          });
      });
    }

    describeDenseKernels(() => engine);

    test("calls queue: a product sees what the call before it wrote", async () => {
      const a = normal(200, 200, "float32", 1);
      const [c, e] = [zeros(200, 200, "float32"), zeros(200, 200, "float32")];
      const first = engine.gemm({ a, b: a, c });
      const second = engine.gemm({ a: c, b: a, c: e });
      await Promise.all([first, second]);
      const [p, q] = [zeros(200, 200, "float32"), zeros(200, 200, "float32")];
      await plain.gemm({ a, b: a, c: p });
      await plain.gemm({ a: p, b: a, c: q });
      close(e, q, 1e-4);
    });

    test("an aborted call rejects with the reason, before and within the work; the engine lives on", async () => {
      const reason = new Error("enough");
      const x = { coordinates: normal(1500, 40, "float32", 1) };
      const out = engine.allocate(1500, 1500, "float32");
      const kernel: FusedKernel = { family: "lpq", bandwidth: 3, exponent: 1, p: 1.3 };
      await expect(engine.kernelMatrix({ kernel, x, out, signal: AbortSignal.abort(reason) })).rejects.toBe(
        reason,
      );
      const controller = new AbortController();
      const running = engine.kernelMatrix({ kernel, x, out, signal: controller.signal });
      setTimeout(() => controller.abort(reason), 30);
      const start = performance.now();
      await expect(running).rejects.toBe(reason);
      expect(performance.now() - start).toBeLessThan(500);
      const small = zeros(3, 3, "float32");
      await engine.gemm({ a: identity(3, "float32"), b: identity(3, "float32"), c: small });
      expect(small.data).toEqual(identity(3, "float32").data);
    });

    test("bad kernel parameters, levels and shapes are refused with the numbers", async () => {
      const x = { coordinates: zeros(4, 2, "float32") };
      const out = zeros(4, 4, "float32");
      await expect(
        engine.kernelMatrix({ kernel: { family: "gaussian", bandwidth: 0 }, x, out }),
      ).rejects.toThrow("bandwidth");
      await expect(
        engine.kernelMatrix({ kernel: kernels[0]!, x, out: zeros(4, 3, "float32") }),
      ).rejects.toThrow("4 × 3, expected 4 × 4");
      const tables = [{ size: 2, dimensions: 2, values: new Float64Array(4) }];
      await expect(engine.kernelMatrix({ kernel: kernels[0]!, x, tables, out })).rejects.toThrow("levels");
      await expect(
        engine.kernelMatrix({
          kernel: kernels[0]!,
          x: { ...x, levels: Int32Array.of(0, 1, 2, 0) },
          tables,
          out,
        }),
      ).rejects.toThrow("level 2 of row 2");
    });

    test("a closed engine refuses calls, and closing waits for those under way", async () => {
      const own = await open();
      const c = zeros(2, 2);
      const running = own.gemm({ a: identity(2, "float64"), b: identity(2, "float64"), c });
      await own.close();
      await running;
      expect([...c.data]).toEqual([1, 0, 0, 1]);
      await expect(own.gemm({ a: c, b: c, c: zeros(2, 2) })).rejects.toThrow("closed");
      await expect(
        own.kernelMatrix({ kernel: kernels[0]!, x: { coordinates: c }, out: zeros(2, 2) }),
      ).rejects.toThrow("closed");
    });
  });
}

interface Setting {
  readonly x: Points;
  readonly z: Points;
  readonly tables?: readonly CategoricalTable[] | undefined;
}

function settings(precision: Precision): Record<string, Setting & { tables: readonly CategoricalTable[] }> {
  const points = (rows: number, d: number, seed: number): Points => ({
    coordinates: normal(rows, d, precision, seed),
  });
  const shifted = ({ coordinates }: Points, by: number): Points => ({
    coordinates: { ...coordinates, data: coordinates.data.map((value) => value + by) },
  });
  const withLevels = (p: Points, seed: number): Points => {
    const generator = random(seed);
    return {
      ...p,
      levels: Int32Array.from({ length: p.coordinates.rows * 2 }, (_, t) =>
        generator.integer(t % 2 === 0 ? 3 : 5),
      ),
    };
  };
  const table = (size: number): CategoricalTable => ({
    size,
    dimensions: size,
    values: Float64Array.from({ length: size * size }, (_, t) =>
      Math.floor(t / size) === t % size ? 0 : 0.25 + ((t * 7) % 5) / 4,
    ),
  });
  const x = points(83, 5, 1);
  const repeated: Points = {
    coordinates: matrix(
      new (x.coordinates.data.constructor as Float32ArrayConstructor)([
        ...x.coordinates.data,
        ...x.coordinates.data,
      ]),
      166,
      5,
    ),
  };
  return {
    rectangular: { x: points(61, 5, 1), z: points(259, 5, 2), tables: [] },
    duplicates: { x, z: repeated, tables: [] },
    "far from the origin": { x: shifted(points(40, 6, 1), 64), z: shifted(points(70, 6, 2), 64), tables: [] },
    "categorical tables": {
      x: withLevels(points(53, 4, 1), 3),
      z: withLevels(points(77, 4, 2), 4),
      tables: [table(3), table(5)],
    },
    "one row": { x: points(1, 1, 1), z: points(1, 1, 2), tables: [] },
    "no rows": { x: points(0, 3, 1), z: points(4, 3, 2), tables: [] },
    "nothing to sum": { x: points(3, 2, 1), z: points(0, 2, 2), tables: [] },
  };
}

function identity(n: number, precision: Precision): Matrix {
  const a = zeros(n, n, precision);
  for (let i = 0; i < n; i++) a.data[i * n + i] = 1;
  return a;
}

function symmetric(n: number, precision: Precision): Matrix {
  const a = normal(n, n, precision, 11);
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a.data[j * n + i] = a.data[i * n + j]!;
  return a;
}

/** Positive definite with eigenvalues of order 1: a Laplace kernel matrix on a line, plus a ridge. */
function positive(n: number, precision: Precision): Matrix {
  const a = zeros(n, n, precision);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) a.data[i * n + j] = Math.exp(-Math.abs(i - j)) + (i === j ? 0.5 : 0);
  return a;
}

/** Well conditioned lower triangle; the upper one holds numbers that nobody should read. */
function lower(n: number, precision: Precision): Matrix {
  const a = zeros(n, n, precision);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      a.data[i * n + j] = j > i ? NaN : i === j ? 2 : Math.sin(i * 3 + j) / Math.max(4, n);
  return a;
}

function clearUpper(a: Matrix): Matrix {
  const result = copy(a);
  for (let i = 0; i < a.rows; i++) for (let j = i + 1; j < a.cols; j++) result.data[i * a.cols + j] = 0;
  return result;
}

function expectSymmetric(a: Matrix): void {
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < i; j++)
      if (a.data[i * a.cols + j] !== a.data[j * a.cols + i]) throw new Error(`not symmetric at ${i}, ${j}`);
}

function copy(a: Matrix): Matrix {
  return { ...a, data: a.data.slice() };
}

/** Every entry within `tolerance` times the largest expected one (at least 1). */
export function close(actual: Matrix, expected: Matrix, tolerance: number): void {
  let scale = 1;
  for (const value of expected.data) scale = Math.max(scale, Math.abs(value));
  for (let i = 0; i < expected.data.length; i++) {
    const [got, want] = [actual.data[i]!, expected.data[i]!];
    if (!(Math.abs(got - want) <= tolerance * scale))
      throw new Error(
        `entry (${Math.floor(i / actual.cols)}, ${i % actual.cols}): ${got}, expected ${want} within ${tolerance * scale}`,
      );
  }
}
