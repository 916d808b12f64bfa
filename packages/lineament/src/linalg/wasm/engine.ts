import { checkAny, checkGemm, checkSolveTriangular, checkSquare, checkSyrk } from "../checks.ts";
import type { CholeskyOutcome, Engine } from "../engine.ts";
import { eigenSymmetric, singularValues } from "../plain/decompositions.ts";
import { queue } from "../queue.ts";
import { fusedPasses } from "./fused.ts";
import { loan } from "./memory.ts";
import { allocateShared, openPool, sharing } from "./pool.ts";

export interface WasmOptions {
  /** Default: all processors. One where memory can't be shared. */
  readonly threads?: number | undefined;
  /** Calls below this many flops run on the calling thread. */
  readonly inlineFlops?: number | undefined;
}

/** The portable engine: SIMD kernels in WebAssembly on worker threads. */
export async function openWasmEngine({ threads, inlineFlops }: WasmOptions = {}): Promise<Engine> {
  const pool = await openPool({ threads, inlineFlops });
  const calls = queue("wasm");
  const fma = pool.relaxed ? "SIMD with fused multiply-add" : "SIMD";
  return {
    name: "wasm",
    threads: pool.threads,
    description: `WebAssembly ${fma}, ${pool.threads} ${pool.threads === 1 ? "thread" : "threads"}${sharing ? "" : " (memory is not shared)"}`,
    allocate: allocateShared,

    gemm: (call) =>
      calls.run(async () => {
        const { m, n, k } = checkGemm(call);
        const lent = loan();
        const { transposeA = false, transposeB = false, alpha = 1, beta = 0 } = call;
        const [a, b, c] = [lent.read(call.a), lent.read(call.b), lent.write(call.c)];
        const flops = 2 * m * n * k;
        await pool.run(
          {
            kind: "gemm",
            a,
            b,
            c,
            transposeA,
            transposeB,
            alpha,
            beta,
            symmetric: false,
            threads: pool.threadsFor(flops),
          },
          flops,
        );
        lent.settle();
      }),

    syrk: (call) =>
      calls.run(async () => {
        const { n, k } = checkSyrk(call);
        const lent = loan();
        const { transpose = false, alpha = 1, beta = 0 } = call;
        const [a, c] = [lent.read(call.a), lent.write(call.c)];
        const flops = n * n * k;
        await pool.run(
          {
            kind: "gemm",
            a,
            b: a,
            c,
            transposeA: transpose,
            transposeB: !transpose,
            alpha,
            beta,
            symmetric: true,
            threads: pool.threadsFor(flops),
          },
          flops,
        );
        lent.settle();
      }),

    cholesky: (matrix) =>
      calls.run(async (): Promise<CholeskyOutcome> => {
        const n = checkSquare("cholesky", matrix);
        const lent = loan();
        const a = lent.write(matrix);
        const failed = new Int32Array(sharing ? new SharedArrayBuffer(4) : new ArrayBuffer(4));
        await pool.run({ kind: "cholesky", a, failed }, n ** 3 / 3);
        lent.settle();
        return failed[0] === 0
          ? { outcome: "factored" }
          : { outcome: "not-positive-definite", failedAt: failed[0]! };
      }),

    solveTriangular: (call) =>
      calls.run(async () => {
        checkSolveTriangular(call);
        const lent = loan();
        const [l, b] = [lent.read(call.l), lent.write(call.b)];
        await pool.run(
          { kind: "triangular", l, b, transposed: call.transposed ?? false },
          l.rows * l.rows * b.cols,
        );
        lent.settle();
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

    ...fusedPasses((job, flops, signal) => calls.run(() => pool.run(job, flops, signal), signal)),

    async close() {
      await calls.close();
      pool.close();
    },
  };
}
