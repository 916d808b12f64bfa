import {
  checkAny,
  checkGemm,
  checkKernelGradient,
  checkKernelMatrix,
  checkKernelProduct,
  checkSolveTriangular,
  checkSquare,
  checkSyrk,
} from "../checks.ts";
import type { CategoricalTable, CholeskyOutcome, Engine, FusedKernel, Points } from "../engine.ts";
import { centerOf, dimensionsOf, formulas, negligible } from "../formulas.ts";
import type { KernelFormulas } from "../formulas.ts";
import type { Matrix } from "../matrix.ts";
import { precisionOf, zeros } from "../matrix.ts";
import { breather, queue } from "../queue.ts";
import { denseKernels } from "./dense-kernels.ts";
import { eigenSymmetric, singularValues } from "./decompositions.ts";

/**
 * The engine in plain TypeScript: slow, obvious, every sum in float64. It is the oracle that the fast engines are
 * held against.
 */
export function plainEngine(): Engine {
  const calls = queue("plain");
  return {
    name: "plain",
    threads: 1,
    description: "plain TypeScript, float64 arithmetic",
    allocate: zeros,

    gemm: (call) =>
      calls.run(async () => {
        const { m, n, k } = checkGemm(call);
        const { a, b, c, transposeA, transposeB, alpha = 1, beta = 0 } = call;
        const pause = breather();
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            let sum = 0;
            for (let t = 0; t < k; t++)
              sum +=
                a.data[transposeA ? t * m + i : i * k + t]! * b.data[transposeB ? j * k + t : t * n + j]!;
            c.data[i * n + j] = alpha * sum + (beta === 0 ? 0 : beta * c.data[i * n + j]!);
          }
          await pause();
        }
      }),

    syrk: (call) =>
      calls.run(async () => {
        const { n, k } = checkSyrk(call);
        const { a, c, transpose, alpha = 1, beta = 0 } = call;
        const pause = breather();
        for (let i = 0; i < n; i++) {
          for (let j = 0; j <= i; j++) {
            let sum = 0;
            for (let t = 0; t < k; t++)
              sum += transpose
                ? a.data[t * n + i]! * a.data[t * n + j]!
                : a.data[i * k + t]! * a.data[j * k + t]!;
            const value = alpha * sum + (beta === 0 ? 0 : beta * c.data[i * n + j]!);
            c.data[i * n + j] = value;
            c.data[j * n + i] = value;
          }
          await pause();
        }
      }),

    cholesky: (a) =>
      calls.run(async (): Promise<CholeskyOutcome> => {
        const n = checkSquare("cholesky", a);
        const { data } = a;
        const pause = breather();
        for (let j = 0; j < n; j++) {
          let pivot = data[j * n + j]!;
          for (let t = 0; t < j; t++) pivot -= data[j * n + t]! ** 2;
          if (!(pivot > 0)) return { outcome: "not-positive-definite", failedAt: j + 1 };
          pivot = Math.sqrt(pivot);
          data[j * n + j] = pivot;
          for (let i = j + 1; i < n; i++) {
            let sum = data[i * n + j]!;
            for (let t = 0; t < j; t++) sum -= data[i * n + t]! * data[j * n + t]!;
            data[i * n + j] = sum / pivot;
          }
          await pause();
        }
        return { outcome: "factored" };
      }),

    solveTriangular: (call) =>
      calls.run(async () => {
        checkSolveTriangular(call);
        const { l, b, transposed = false } = call;
        const [n, columns] = [l.rows, b.cols];
        const pause = breather();
        for (let column = 0; column < columns; column++) {
          for (let step = 0; step < n; step++) {
            const i = transposed ? n - 1 - step : step;
            let sum = b.data[i * columns + column]!;
            for (let t = transposed ? i + 1 : 0; t < (transposed ? n : i); t++)
              sum -= (transposed ? l.data[t * n + i]! : l.data[i * n + t]!) * b.data[t * columns + column]!;
            b.data[i * columns + column] = sum / l.data[i * n + i]!;
          }
          await pause();
        }
      }),

    eigenSymmetric: (a) =>
      calls.run(async () => {
        checkSquare("eigenSymmetric", a);
        return eigenSymmetric(a);
      }),

    singularValues: (a) =>
      calls.run(async () => {
        checkAny("singularValues", a);
        return singularValues(a);
      }),

    kernelMatrix: (call) =>
      calls.run(async () => {
        checkKernelMatrix(call);
        const { kernel, x, z = x, tables, out, signal } = call;
        const pairs = pairsOf(kernel, x, z, tables);
        const pause = breather(signal);
        for (let j = 0; j < out.rows; j++) {
          for (let i = 0; i < out.cols; i++)
            out.data[j * out.cols + i] =
              call.z === undefined && i === j ? 1 : pairs.formulas.value(pairs.sum(j, i));
          await pause();
        }
      }, call.signal),

    kernelProduct: (call) =>
      calls.run(async () => {
        checkKernelProduct(call);
        const { kernel, x, z, tables, v, out, part = "value", selfPairs, signal } = call;
        const pairs = pairsOf(kernel, x, z, tables);
        const pause = breather(signal);
        for (let j = 0; j < out.rows; j++) {
          const sums = new Float64Array(v.cols);
          for (let i = 0; i < v.rows; i++) {
            const factor =
              part === "value"
                ? pairs.formulas.value(pairs.sum(j, i))
                : selfPairs?.[j] === i
                  ? 0
                  : pairs.slope(j, i);
            for (let l = 0; l < v.cols; l++) sums[l]! += factor * v.data[i * v.cols + l]!;
          }
          out.data.set(sums, j * v.cols);
          await pause();
        }
      }, call.signal),

    kernelGradient: (call) =>
      calls.run(async () => {
        checkKernelGradient(call);
        const { kernel, x, z, tables, coefficients, out, selfPairs, signal } = call;
        const pairs = pairsOf(kernel, x, z, tables);
        const [c, d] = [coefficients.cols, x.coordinates.cols];
        const pause = breather(signal);
        for (let j = 0; j < out.rows; j++) {
          const gradient = new Float64Array(c * d);
          for (let i = 0; i < z.coordinates.rows; i++) {
            if (selfPairs?.[j] === i) continue;
            const slope = pairs.slope(j, i);
            if (slope === 0) continue;
            for (let k = 0; k < d; k++) {
              const weight = slope * pairs.direction(j, i, k);
              for (let l = 0; l < c; l++) gradient[l * d + k]! += coefficients.data[i * c + l]! * weight;
            }
          }
          out.data.set(gradient, j * c * d);
          await pause();
        }
      }, call.signal),

    denseKernels: (call) => calls.run(() => denseKernels(call), call.signal),

    close: () => calls.close(),
  };
}

interface Pairs {
  readonly formulas: KernelFormulas;
  sum(j: number, i: number): number;
  /** 0 for pairs at negligible distance. */
  slope(j: number, i: number): number;
  /** 0 for coinciding coordinates where the derivative diverges. */
  direction(j: number, i: number, k: number): number;
}

function pairsOf(kernel: FusedKernel, x: Points, z: Points, tables: readonly CategoricalTable[] = []): Pairs {
  const [u, w] = [x.coordinates, z.coordinates];
  const d = u.cols;
  const f = formulas(kernel, dimensionsOf(u, tables));
  const center = centerOf(kernel, w);
  const tolerance = negligible(precisionOf(u));
  const squaredNorm = (a: Matrix, row: number): number => {
    let sum = 0;
    for (let k = 0; k < d; k++) sum += (a.data[row * d + k]! - center[k]!) ** 2;
    return sum;
  };
  const [normsU, normsW] = [u, w].map((a) =>
    Float64Array.from({ length: a.rows }, (_, i) => squaredNorm(a, i)),
  );
  const sum = (j: number, i: number): number => {
    let total = 0;
    for (let k = 0; k < d; k++) total += f.term(u.data[j * d + k]! - w.data[i * d + k]!);
    tables.forEach((table, g) => {
      const [a, b] = [x.levels![j * tables.length + g]!, z.levels![i * tables.length + g]!];
      total += table.values[a * table.size + b]!;
    });
    return total;
  };
  return {
    formulas: f,
    sum,
    slope(j, i) {
      const s = sum(j, i);
      return f.squaredDistance(s) <= tolerance * (normsU![j]! + normsW![i]!) ? 0 : f.slope(s);
    },
    direction(j, i, k) {
      const [a, b] = [u.data[j * d + k]!, w.data[i * d + k]!];
      if (f.diverges && (a - b) ** 2 <= tolerance * (a * a + b * b)) return 0;
      return f.direction(a - b);
    },
  };
}
