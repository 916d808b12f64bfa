import { checkAny, checkGemm, checkKernelGradient, checkKernelMatrix, checkKernelProduct, checkSolveTriangular, checkSquare, checkSyrk } from "../checks.ts";
import type { CategoricalTable, CholeskyOutcome, Engine, FusedKernel, Points } from "../engine.ts";
import { centerOf, dimensionsOf, formulas, isRotationInvariant, negligible } from "../formulas.ts";
import type { Matrix } from "../matrix.ts";
import { matrix, precisionOf, zeros } from "../matrix.ts";
import { plainEngine } from "../plain/index.ts";
import { breather, queue } from "../queue.ts";
import { openBlas, threadCount, whole } from "./blas.ts";

/**
 * The engine over a BLAS and LAPACK of the machine.
 * @throws when no BLAS is found
 */
export async function openNativeEngine({ threads }: { readonly threads?: number | undefined } = {}): Promise<Engine> {
  const blas = openBlas();
  const count = threadCount(threads);
  blas.setThreads(count);
  const calls = queue("native");
  const plain = plainEngine();
  const allocate = (rows: number, cols: number, precision: "float32" | "float64"): Matrix => {
    const bytes = precision === "float32" ? 4 : 8;
    const memory = new SharedArrayBuffer(rows * cols * bytes);
    return matrix(precision === "float32" ? new Float32Array(memory) : new Float64Array(memory), rows, cols);
  };

  const rows = async (
    kernel: FusedKernel, x: Points, z: Points, tables: readonly CategoricalTable[] | undefined, part: "value" | "slope", selfPairs: Int32Array | undefined,
    signal: AbortSignal | undefined, use: (start: number, tile: Matrix) => Promise<void>,
  ): Promise<void> => {
    const precision = precisionOf(x.coordinates);
    const f = formulas(kernel, dimensionsOf(x.coordinates, tables));
    const center = centerOf(kernel, z.coordinates);
    const shift = (a: Matrix): Matrix => {
      const data = a.data.slice();
      for (let i = 0; i < data.length; i++) data[i]! -= center[i % a.cols]!;
      return { ...a, data };
    };
    const norms = (a: Matrix): Float64Array => Float64Array.from({ length: a.rows }, (_, i) => {
      let s = 0;
      for (let k = 0; k < a.cols; k++) s += a.data[i * a.cols + k]! ** 2;
      return s;
    });
    const [u, w] = [shift(x.coordinates), shift(z.coordinates)];
    const [nu, nw] = [norms(u), norms(w)];
    const n = w.rows;
    const step = Math.max(1, Math.min(256, Math.floor(4e6 / Math.max(1, n))));
    const tolerance = negligible(precision);
    const pause = breather(signal);
    for (let start = 0; start < u.rows; start += step) {
      const b = Math.min(step, u.rows - start);
      const tile = zeros(b, n, precision);
      const block = { data: u.data, offset: start * u.cols, stride: Math.max(1, u.cols), rows: b, cols: u.cols };
      if (n > 0 && u.cols > 0) await blas.later.gemm(block, whole(w), whole(tile), { transposeB: true });
      for (let j = 0; j < b; j++)
        for (let i = 0; i < n; i++) {
          let s = Math.max(0, nu[start + j]! + nw[i]! - 2 * tile.data[j * n + i]!);
          tables?.forEach((table, g) => {
            s += table.values[x.levels![(start + j) * tables.length + g]! * table.size + z.levels![i * tables.length + g]!]!;
          });
          const zero = part === "slope" && (selfPairs?.[start + j] === i || s <= tolerance * (nu[start + j]! + nw[i]!));
          tile.data[j * n + i] = part === "value" ? f.value(s) : zero ? 0 : f.slope(s);
        }
      await use(start, tile);
      await pause();
    }
  };

  return {
    name: "native",
    threads: count,
    description: `${blas.description}, ${count} threads`,
    allocate,
    gemm: (call) =>
      calls.run(async () => {
        const { m, n, k } = checkGemm(call);
        const { a, b, c, transposeA = false, transposeB = false, alpha = 1, beta = 0 } = call;
        if (m === 0 || n === 0) return;
        if (k === 0) {
          for (let i = 0; i < c.data.length; i++) c.data[i] = beta === 0 ? 0 : beta * c.data[i]!;
          return;
        }
        await blas.later.gemm(whole(a), whole(b), whole(c), { transposeA, transposeB, alpha, beta });
      }),
    syrk: (call) =>
      calls.run(async () => {
        const { n, k } = checkSyrk(call);
        const { a, c, transpose = false, alpha = 1, beta = 0 } = call;
        if (n === 0) return;
        if (k === 0) {
          for (let i = 0; i < c.data.length; i++) c.data[i] = beta === 0 ? 0 : beta * c.data[i]!;
          return;
        }
        await blas.later.syrk(whole(a), whole(c), { transpose, alpha, beta });
        for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) c.data[j * n + i] = c.data[i * n + j]!;
      }),
    cholesky: (a) =>
      calls.run(async (): Promise<CholeskyOutcome> => {
        if (checkSquare("cholesky", a) === 0) return { outcome: "factored" };
        const failedAt = await blas.potrf(whole(a));
        return failedAt === 0 ? { outcome: "factored" } : { outcome: "not-positive-definite", failedAt };
      }),
    solveTriangular: (call) =>
      calls.run(async () => {
        checkSolveTriangular(call);
        if (call.b.data.length > 0) await blas.later.trsm(whole(call.l), whole(call.b), { transposed: call.transposed ?? false });
      }),
    eigenSymmetric: (a) =>
      calls.run(async () => {
        const n = checkSquare("eigenSymmetric", a);
        const rowsOf = { ...a, data: a.data.slice() } as Matrix;
        const values = n === 0 ? a.data : await blas.syevd(whole(rowsOf));
        const vectors = allocate(n, n, precisionOf(a));
        for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) vectors.data[i * n + j] = rowsOf.data[j * n + i]!;
        return { values: Float64Array.from(values), vectors };
      }),
    singularValues: (a) =>
      calls.run(async () => {
        checkAny("singularValues", a);
        const r = Math.min(a.rows, a.cols);
        const { values, u, vt } = r === 0
          ? { values: zeros(0, 0).data, u: zeros(a.rows, r, precisionOf(a)).data, vt: zeros(r, a.cols, precisionOf(a)).data }
          : await blas.gesdd(whole({ ...a, data: a.data.slice() } as Matrix));
        return { values: Float64Array.from(values), u: matrix(u, a.rows, r), vt: matrix(vt, r, a.cols) };
      }),
    kernelMatrix: (call) => {
      if (!isRotationInvariant(call.kernel)) return plain.kernelMatrix(call);
      return calls.run(async () => {
        checkKernelMatrix(call);
        const { kernel, x, z = x, tables, out, signal } = call;
        await rows(kernel, x, z, tables, "value", undefined, signal, async (start, tile) => {
          out.data.set(tile.data, start * out.cols);
          if (call.z === undefined) for (let j = 0; j < tile.rows; j++) out.data[(start + j) * (out.cols + 1)] = 1;
        });
      }, call.signal);
    },
    kernelProduct: (call) => {
      if (!isRotationInvariant(call.kernel)) return plain.kernelProduct(call);
      return calls.run(async () => {
        checkKernelProduct(call);
        const { kernel, x, z, tables, v, out, part = "value", selfPairs, signal } = call;
        out.data.fill(0);
        if (v.data.length === 0) return;
        await rows(kernel, x, z, tables, part, selfPairs, signal, async (start, tile) =>
          blas.later.gemm(whole(tile), whole(v), { data: out.data, offset: start * out.cols, stride: out.cols, rows: tile.rows, cols: out.cols }));
      }, call.signal);
    },
    kernelGradient: (call) => {
      if (!isRotationInvariant(call.kernel)) return plain.kernelGradient(call);
      return calls.run(async () => {
        checkKernelGradient(call);
        const { kernel, x, z, tables, coefficients, out, selfPairs, signal } = call;
        const [n, c, d] = [coefficients.rows, coefficients.cols, x.coordinates.cols];
        out.data.fill(0);
        if (n === 0 || c * d === 0) return;
        const weighted = zeros(n, c * d, precisionOf(out));
        for (let i = 0; i < n; i++)
          for (let l = 0; l < c; l++)
            for (let k = 0; k < d; k++) weighted.data[i * c * d + l * d + k] = coefficients.data[i * c + l]! * z.coordinates.data[i * d + k]!;
        await rows(kernel, x, z, tables, "slope", selfPairs, signal, async (start, tile) => {
          const sums = zeros(tile.rows, c, precisionOf(out));
          await blas.later.gemm(whole(tile), whole(coefficients), whole(sums));
          for (let j = 0; j < tile.rows; j++)
            for (let l = 0; l < c; l++)
              for (let k = 0; k < d; k++) out.data[(start + j) * c * d + l * d + k] = sums.data[j * c + l]! * x.coordinates.data[(start + j) * d + k]!;
          await blas.later.gemm(whole(tile), whole(weighted), { data: out.data, offset: start * c * d, stride: c * d, rows: tile.rows, cols: c * d }, { alpha: -1, beta: 1 });
        });
      }, call.signal);
    },
    close: () => calls.close(),
  };
}
