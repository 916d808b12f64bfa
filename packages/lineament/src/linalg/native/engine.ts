import { type Block, whole } from "../block.ts";
import { checkAny, checkGemm, checkSolveTriangular, checkSquare, checkSyrk } from "../checks.ts";
import type { CholeskyOutcome, Engine } from "../engine.ts";
import type { Matrix } from "../matrix.ts";
import { matrix, precisionOf } from "../matrix.ts";
import { queue } from "../queue.ts";
import { fusedPasses } from "../wasm/fused.ts";
import { loan } from "../wasm/memory.ts";
import { allocateShared, openPool } from "../wasm/pool.ts";
import { type Level3, openBlas, threadCount } from "./blas.ts";

export interface NativeOptions {
  /** Default: LINEAMENT_THREADS, OPENBLAS_NUM_THREADS, else all processors. */
  readonly threads?: number | undefined;
  /** Calls below this many flops run on the calling thread. Default 1e6 for kernel passes, 5e7 for those of the BLAS. */
  readonly inlineFlops?: number | undefined;
}

/** Calls below this many flops use one thread: waking and joining the others costs more than they give. */
const SMALL_FLOPS = 3e8;
/** Up to so many columns, reading a large matrix once a column (half of it where it is symmetric) is less than gemm's copies of it. */
const FEW_COLUMNS = 4;
/** Entries of a matrix that is large in this sense. */
const LARGE_MATRIX = 2 ** 18;
/** Products with few columns are bound by memory: from so many entries on, several threads read faster than one by more than their start. */
const MANY_ENTRIES = 2 ** 23;
/** Calls below this many flops, a millisecond or less, are made at once by default: a thread hop may cost more. */
const TINY_FLOPS = 5e7;

/**
 * The engine over a BLAS and LAPACK of the machine. Kernel passes run on worker threads, each with the BLAS on one
 * thread for the products and the wasm kernels for the profiles; everything else is one call with all threads.
 * @throws when no BLAS is found
 */
export async function openNativeEngine({ threads, inlineFlops }: NativeOptions = {}): Promise<Engine> {
  const blas = openBlas();
  const count = threadCount(threads);
  const pool = await openPool({ threads: count, blas, inlineFlops });
  /** Sets the threads for a call of this size, bound by arithmetic or by the entries that it reads; the routines to make it with. */
  const sized = (flops: number, entries = 0): Level3<void> | Level3<Promise<void>> => {
    blas.setThreads(flops < SMALL_FLOPS && entries < MANY_ENTRIES ? 1 : count);
    return flops < (inlineFlops ?? TINY_FLOPS) ? blas.now : blas.later;
  };
  const calls = queue("native");
  const onPool = (
    job: Parameters<typeof pool.run>[0],
    flops: number,
    signal?: AbortSignal,
  ): Promise<void> => {
    blas.setThreads(1);
    return pool.run(job, flops, signal);
  };

  return {
    name: "native",
    threads: count,
    description: `${blas.description}, ${count} ${count === 1 ? "thread" : "threads"}`,
    allocate: allocateShared,

    gemm: (call) =>
      calls.run(async () => {
        const { k } = checkGemm(call);
        const { a, b, c, transposeA = false, transposeB = false, alpha = 1, beta = 0 } = call;
        if (c.data.length === 0) return;
        if (k === 0) return scale(c, beta);
        const plain = alpha === 1 && beta === 0;
        const few = plain && !transposeB && c.cols <= (a.data.length < LARGE_MATRIX ? 1 : FEW_COLUMNS);
        const level3 = sized(2 * c.rows * c.cols * k, few ? a.data.length : 0);
        if (!few) {
          await level3.gemm(whole(a), whole(b), whole(c), { transposeA, transposeB, alpha, beta });
          return;
        }
        for (let l = 0; l < c.cols; l++) {
          const [x, y] = [column(b, l), column(c, l)];
          if (call.symmetricA) await level3.symv(whole(a), x, y);
          else await level3.gemv(whole(a), x, y, { transposed: transposeA });
          if (c.cols > 1) for (let i = 0; i < c.rows; i++) c.data[i * c.cols + l] = y.data[i]!;
        }
      }),

    syrk: (call) =>
      calls.run(async () => {
        const { n, k } = checkSyrk(call);
        const { a, c, transpose = false, alpha = 1, beta = 0 } = call;
        if (n === 0) return;
        if (k === 0) return scale(c, beta);
        await sized(n * n * k).syrk(whole(a), whole(c), { transpose, alpha, beta });
        const lent = loan();
        const full = lent.write(c);
        await onPool({ kind: "transpose", source: full, target: full }, n * n);
        lent.settle();
      }),

    cholesky: (a) =>
      calls.run(async (): Promise<CholeskyOutcome> => {
        const n = checkSquare("cholesky", a);
        const blocking = sized(n ** 3 / 3) === blas.now;
        const failedAt = await blas.potrf(whole(a), blocking);
        return failedAt === 0 ? { outcome: "factored" } : { outcome: "not-positive-definite", failedAt };
      }),

    solveTriangular: (call) =>
      calls.run(async () => {
        checkSolveTriangular(call);
        if (call.b.data.length === 0) return;
        await sized(call.b.rows ** 2 * call.b.cols).trsm(whole(call.l), whole(call.b), {
          transposed: call.transposed ?? false,
        });
      }),

    eigenSymmetric: (a) =>
      calls.run(async () => {
        const n = checkSquare("eigenSymmetric", a);
        sized(9 * n ** 3);
        const [source, vectors] = [copy(a), allocateShared(n, n, precisionOf(a))];
        const values = await blas.syevd(whole(source));
        await onPool({ kind: "transpose", source, target: vectors }, n * n);
        return { values: Float64Array.from(values), vectors };
      }),

    singularValues: (a) =>
      calls.run(async () => {
        checkAny("singularValues", a);
        const r = Math.min(a.rows, a.cols);
        sized(4 * a.rows * a.cols * r);
        const { values, u, vt } = await blas.gesdd(whole(copy(a)));
        return { values: Float64Array.from(values), u: matrix(u, a.rows, r), vt: matrix(vt, r, a.cols) };
      }),

    ...fusedPasses((job, flops, signal) => calls.run(() => onPool(job, flops, signal), signal)),

    async close() {
      await calls.close();
      pool.close();
    },
  };
}

function copy(a: Matrix): Matrix {
  const result = allocateShared(a.rows, a.cols, precisionOf(a));
  result.data.set(a.data);
  return result;
}

/** Column l as a matrix of its own: numbers that lie apart take a BLAS ten times as long to multiply by. */
function column(a: Matrix, l: number): Block {
  const { data, rows, cols } = a;
  if (cols === 1) return whole(a);
  // Shared memory takes long to get; shorter arrays than this may be moved while a BLAS reads them.
  const length = Math.max(32, rows);
  const own = precisionOf(a) === "float32" ? new Float32Array(length) : new Float64Array(length);
  for (let i = 0; i < rows; i++) own[i] = data[i * cols + l]!;
  return whole({ data: own, rows, cols: 1 });
}

/** C ← beta C, what is left of a product with nothing. */
function scale(c: Matrix, beta: number): void {
  if (beta === 0) c.data.fill(0);
  else for (let i = 0; i < c.data.length; i++) c.data[i]! *= beta;
}
