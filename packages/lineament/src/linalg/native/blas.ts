import { availableParallelism } from "node:os";
import koffi from "koffi";
import type { KoffiFunc, LibraryHandle } from "koffi";
import type { Block } from "../block.ts";
import type { Numbers, Precision } from "../matrix.ts";
import { precisionOf } from "../matrix.ts";

/** A function of the library, called at once or (`async`) on the thread pool of Node.js. */
type Foreign = KoffiFunc<(...values: readonly unknown[]) => unknown>;

// The only file that calls machine code. koffi checks neither type nor length, so every call goes through `block`.
//
// Only the Fortran names are used (sgemm_, spotrf_, …): every BLAS and LAPACK has them, while cblas_ and LAPACKE_ names
// are missing from some. Fortran is column-major, so a row-major matrix is seen as its transpose.

/** Level 3 BLAS on row-major blocks; R is void, or a promise when the call runs off the main thread. */
export interface Level3<R> {
  /** C ← alpha op(A) op(B) + beta C */
  gemm(
    a: Block,
    b: Block,
    c: Block,
    options?: { transposeA?: boolean; transposeB?: boolean; alpha?: number; beta?: number },
  ): R;
  /** y ← op(A) x for one column x and y: reads A once, where gemm would first copy it into panels. */
  gemv(a: Block, x: Block, y: Block, options?: { transposed?: boolean }): R;
  /** y ← A x for symmetric A, of which the lower triangle is read; x and y are columns, of any stride. */
  symv(a: Block, x: Block, y: Block): R;
  /** Lower triangle of C ← alpha op(A) op(A)ᵀ + beta C */
  syrk(a: Block, c: Block, options?: { transpose?: boolean; alpha?: number; beta?: number }): R;
  /** B ← L⁻¹ B or L⁻ᵀ B (left), B L⁻¹ or B L⁻ᵀ (right); L lower triangular */
  trsm(l: Block, b: Block, options?: { transposed?: boolean; side?: "left" | "right" }): R;
  /** Copies `a` over `b`, which must not overlap it. */
  copy(a: Block, b: Block): R;
}

export interface Blas {
  readonly path: string;
  /** For people: library, version, processor kernel. */
  readonly description: string;
  /** False when the library offers no way to set its threads: they are then what its own environment variables say. */
  readonly settableThreads: boolean;
  setThreads(threads: number): void;
  /** Calls that block this thread. */
  readonly now: Level3<void>;
  /** Calls that run on the thread pool of Node.js. */
  readonly later: Level3<Promise<void>>;
  /**
   * A = L Lᵀ in place, L in the lower triangle. 0, or the 1-based order of the first minor that is not positive definite.
   * `blocking` runs it on this thread.
   */
  potrf(a: Block, blocking?: boolean): Promise<number>;
  /** B ← (L Lᵀ)⁻¹ B from the L of `potrf`. */
  potrs(l: Block, b: Block): Promise<void>;
  /** Symmetric A = Vᵀ diag(values) V in place: eigenvectors in the ROWS of `a`, values ascending in the precision of `a`. */
  syevd(a: Block): Promise<Numbers>;
  /** Thin A = U diag(values) Vᵀ; `a` is overwritten. */
  gesdd(a: Block): Promise<{ values: Numbers; u: Numbers; vt: Numbers }>;
}

/** Names tried in this order on each platform; `LINEAMENT_BLAS` (a path or a name) comes before all of them. */
const candidates: Readonly<Record<string, readonly (readonly string[])[]>> = {
  linux: [
    ["libopenblas.so.0"],
    ["libopenblas.so"],
    ["libmkl_rt.so.2"],
    ["libmkl_rt.so"],
    ["libflexiblas.so.3"],
    ["libblas.so.3", "liblapack.so.3"],
  ],
  darwin: [
    ["/System/Library/Frameworks/Accelerate.framework/Accelerate"],
    ["/opt/homebrew/opt/openblas/lib/libopenblas.dylib"],
    ["/usr/local/opt/openblas/lib/libopenblas.dylib"],
    ["libopenblas.dylib"],
  ],
  win32: [["libopenblas.dll"], ["openblas.dll"], ["mkl_rt.2.dll"], ["mkl_rt.dll"]],
};

/**
 * Opens the BLAS of `LINEAMENT_BLAS`, or the first one found.
 * @throws when none can be loaded, with every name that was tried
 */
export function openBlas(path = process.env["LINEAMENT_BLAS"]): Blas {
  const sets = path ? [[path]] : (candidates[process.platform] ?? candidates["linux"]!);
  const failures: string[] = [];
  for (const names of sets) {
    try {
      return bind(
        names.map((name) => koffi.load(name)),
        names[0]!,
      );
    } catch (error) {
      failures.push(`${names.join(" + ")}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(
    `no BLAS could be loaded. Install OpenBLAS (Debian: libopenblas0) or set LINEAMENT_BLAS to its path. Tried:\n  ${failures.join("\n  ")}`,
  );
}

/** Threads asked for by option or environment, else the processors this process may use. */
export function threadCount(asked?: number): number {
  for (const value of [asked, process.env["LINEAMENT_THREADS"], process.env["OPENBLAS_NUM_THREADS"]]) {
    if (value === undefined || value === "") continue;
    const count = Number(value);
    if (Number.isInteger(count) && count >= 1) return count;
    throw new RangeError(`threads: ${value} is not a positive whole number`);
  }
  return availableParallelism();
}

const routines = {
  // name: number of pointer arguments, number of character arguments (each has a hidden length at the end)
  gemm: [13, 2],
  gemv: [11, 1],
  symv: [10, 1],
  syrk: [10, 2],
  trsm: [11, 4],
  lacpy: [7, 1],
  potrf: [5, 1],
  syevd: [11, 2],
  gesdd: [14, 1],
} as const;

type Routine = keyof typeof routines;

function bind(libraries: readonly LibraryHandle[], path: string): Blas {
  const functions = new Map<string, Foreign>();
  for (const routine of Object.keys(routines) as Routine[]) {
    const [pointers, characters] = routines[routine];
    const parameters = [
      ...Array<string>(pointers).fill("void *"),
      ...Array<string>(characters).fill("size_t"),
    ];
    for (const prefix of ["s", "d"]) {
      const name = prefix + routine;
      functions.set(name, firstOf(libraries, [`${name}_`, name, name.toUpperCase()], "void", parameters));
    }
  }

  const pick = (routine: Routine, data: Numbers): Foreign =>
    functions.get((data instanceof Float32Array ? "s" : "d") + routine)!;
  const now = (f: Foreign, values: readonly unknown[]): void => void f(...values);
  const later = (f: Foreign, values: readonly unknown[]): Promise<void> =>
    new Promise<void>((resolve, reject) =>
      f.async(...values, (error: Error | null) => {
        void values; // keeps the memory alive until the call returns
        if (error) reject(error);
        else resolve();
      }),
    );

  const { description, setThreads } = control(libraries, path);
  return {
    path,
    description,
    settableThreads: setThreads !== undefined,
    setThreads: setThreads ?? (() => undefined),
    now: level3(pick, now),
    later: level3(pick, later),

    async potrf(a, blocking = false) {
      const n = square("potrf", a);
      const info = new Int32Array(1);
      const values = [U, int(n), view(a), int(a.stride), info, 1];
      if (n > 0 && blocking) now(pick("potrf", a.data), values);
      else if (n > 0) await later(pick("potrf", a.data), values);
      return lapack("potrf", info);
    },
    async potrs(l, b) {
      const n = square("potrs", l);
      if (b.rows !== n) throw new RangeError(`potrs: b has ${b.rows} rows, expected ${n}`);
      sameType("potrs", l, b);
      // LAPACK's own wants column-major right-hand sides; two triangular solves take ours as they are.
      const solver = level3(pick, later);
      await solver.trsm(l, b);
      await solver.trsm(l, b, { transposed: true });
    },
    async syevd(a) {
      const n = square("syevd", a);
      const values = like(a.data, n);
      if (n === 0) return values;
      const info = new Int32Array(1);
      const run = async (work: Numbers, iwork: Int32Array): Promise<void> => {
        const query = work.length === 1;
        await later(pick("syevd", a.data), [
          V, U, int(n), view(a), int(a.stride), values,
          work, int(query ? -1 : work.length), iwork, int(query ? -1 : iwork.length), info, 1, 1,
        ]); // prettier-ignore
      };
      const [size, isize] = [like(a.data, 1), new Int32Array(1)];
      await run(size, isize);
      await run(like(a.data, Math.max(2, roundUp(size[0]!))), new Int32Array(Math.max(2, isize[0]!)));
      if (lapack("syevd", info) > 0) throw new Error("syevd: the eigenvalues did not converge");
      return values;
    },
    async gesdd(a) {
      check("gesdd", a);
      const r = Math.min(a.rows, a.cols);
      const [values, u, vt] = [like(a.data, r), like(a.data, a.rows * r), like(a.data, r * a.cols)];
      if (r === 0) return { values, u, vt };
      const info = new Int32Array(1);
      const iwork = new Int32Array(8 * r);
      // Column-major, `a` is Aᵀ = V diag(values) Uᵀ: the roles of U and V are exchanged.
      const run = (work: Numbers): Promise<void> =>
        later(pick("gesdd", a.data), [
          S, int(a.cols), int(a.rows), view(a), int(a.stride), values, vt, int(a.cols), u, int(r),
          work, int(work.length === 1 ? -1 : work.length), iwork, info, 1,
        ]); // prettier-ignore
      const size = like(a.data, 1);
      await run(size);
      await run(like(a.data, Math.max(2, roundUp(size[0]!))));
      if (lapack("gesdd", info) > 0) throw new Error("gesdd: the singular values did not converge");
      return { values, u, vt };
    },
  };
}

function level3<R>(
  pick: (routine: Routine, data: Numbers) => Foreign,
  run: (f: Foreign, values: readonly unknown[]) => R,
): Level3<R> {
  return {
    gemm(a, b, c, { transposeA = false, transposeB = false, alpha = 1, beta = 0 } = {}) {
      const [m, k] = transposeA ? [a.cols, a.rows] : [a.rows, a.cols];
      const [kb, n] = transposeB ? [b.cols, b.rows] : [b.rows, b.cols];
      if (kb !== k || c.rows !== m || c.cols !== n)
        throw new RangeError(`gemm: ${m} × ${k} times ${kb} × ${n} into ${c.rows} × ${c.cols}`);
      sameType("gemm", a, b, c);
      // Cᵀ = op(B)ᵀ op(A)ᵀ in column-major order.
      return run(pick("gemm", c.data), [
        transposeB ? T : N, transposeA ? T : N, int(n), int(m), int(k), real(c, alpha),
        view(b), int(b.stride), view(a), int(a.stride), real(c, beta), view(c), int(c.stride), 1, 1,
      ]); // prettier-ignore
    },
    gemv(a, x, y, { transposed = false } = {}) {
      const [m, k] = transposed ? [a.cols, a.rows] : [a.rows, a.cols];
      if (x.rows !== k || y.rows !== m || x.cols !== 1 || y.cols !== 1)
        throw new RangeError(`gemv: ${m} × ${k} times ${x.rows} × ${x.cols} into ${y.rows} × ${y.cols}`);
      sameType("gemv", a, x, y);
      // Column-major, `a` is Aᵀ.
      return run(pick("gemv", a.data), [
        transposed ? N : T, int(a.cols), int(a.rows), real(y, 1), view(a), int(a.stride), view(x), int(x.stride), real(y, 0), view(y), int(y.stride), 1,
      ]); // prettier-ignore
    },
    symv(a, x, y) {
      const n = square("symv", a);
      if (x.rows !== n || y.rows !== n || x.cols !== 1 || y.cols !== 1)
        throw new RangeError(`symv: ${n} × ${n} times ${x.rows} × ${x.cols} into ${y.rows} × ${y.cols}`);
      sameType("symv", a, x, y);
      return run(pick("symv", a.data), [
        U, int(n), real(y, 1), view(a), int(a.stride), view(x), int(x.stride), real(y, 0), view(y), int(y.stride), 1,
      ]); // prettier-ignore
    },
    syrk(a, c, { transpose = false, alpha = 1, beta = 0 } = {}) {
      const [n, k] = transpose ? [a.cols, a.rows] : [a.rows, a.cols];
      if (c.rows !== n || c.cols !== n) throw new RangeError(`syrk: ${n} × ${k} into ${c.rows} × ${c.cols}`);
      sameType("syrk", a, c);
      return run(pick("syrk", c.data), [
        U, transpose ? N : T, int(n), int(k), real(c, alpha), view(a), int(a.stride), real(c, beta), view(c), int(c.stride), 1, 1,
      ]); // prettier-ignore
    },
    copy(a, b) {
      if (a.rows !== b.rows || a.cols !== b.cols)
        throw new RangeError(`copy: ${a.rows} × ${a.cols} into ${b.rows} × ${b.cols}`);
      sameType("copy", a, b);
      return run(pick("lacpy", a.data), [
        ALL,
        int(a.cols),
        int(a.rows),
        view(a),
        int(a.stride),
        view(b),
        int(b.stride),
        1,
      ]);
    },
    trsm(l, b, { transposed = false, side = "left" } = {}) {
      const n = square("trsm", l);
      if ((side === "left" ? b.rows : b.cols) !== n)
        throw new RangeError(`trsm: L is ${n} × ${n}, B is ${b.rows} × ${b.cols} (${side})`);
      sameType("trsm", l, b);
      // Column-major, L is the upper triangle Lᵀ and B is Bᵀ, so left and right change places.
      return run(pick("trsm", b.data), [
        side === "left" ? R : L, U, transposed ? T : N, N, int(b.cols), int(b.rows), real(b, 1), view(l), int(l.stride), view(b), int(b.stride), 1, 1, 1, 1,
      ]); // prettier-ignore
    },
  };
}

/** Version and thread count through whatever the library offers. */
function control(
  libraries: readonly LibraryHandle[],
  path: string,
): { description: string; setThreads?: (threads: number) => void } {
  const attempt = (
    names: readonly string[],
    result: string,
    parameters: readonly string[],
  ): Foreign | undefined => {
    try {
      return firstOf(libraries, names, result, parameters);
    } catch {
      return undefined; // this BLAS does not offer the function, which is an answer
    }
  };
  const openblas = attempt(["openblas_set_num_threads"], "void", ["int"]);
  if (openblas) {
    const config = attempt(["openblas_get_config"], "str", []);
    const core = attempt(["openblas_get_corename"], "str", []);
    const version = /OpenBLAS\s+\S+/.exec(config ? (config() as string) : "")?.[0] ?? "OpenBLAS";
    return {
      description: `${version}${core ? ` ${core() as string}` : ""} (${path})`,
      setThreads: (threads) => void openblas(threads),
    };
  }
  const mkl = attempt(["MKL_Set_Num_Threads"], "void", ["int"]);
  if (mkl) return { description: `MKL (${path})`, setThreads: (threads) => void mkl(threads) };
  const flexiblas = attempt(["flexiblas_set_num_threads"], "void", ["int"]);
  if (flexiblas)
    return { description: `FlexiBLAS (${path})`, setThreads: (threads) => void flexiblas(threads) };
  return { description: path.includes("Accelerate") ? "Accelerate" : `BLAS (${path})` };
}

function firstOf(
  libraries: readonly LibraryHandle[],
  names: readonly string[],
  result: string,
  parameters: readonly string[],
): Foreign {
  let failure: unknown;
  for (const library of libraries)
    for (const name of names) {
      try {
        return library.func(name, result, [...parameters]);
      } catch (error) {
        failure = error;
      }
    }
  throw failure;
}

const letter = (value: string): Uint8Array => Uint8Array.of(value.charCodeAt(0), 0);
const ALL = letter("A");
const [L, N, R, S, T, U, V] = ["L", "N", "R", "S", "T", "U", "V"].map(letter) as [
  Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array,
]; // prettier-ignore

const int = (value: number): Int32Array => Int32Array.of(value);
const like = (data: Numbers, length: number): Numbers =>
  data instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
const real = (c: Block, value: number): Numbers => like(c.data, 1).fill(value);
const view = (a: Block): Numbers => (a.offset === 0 ? a.data : a.data.subarray(a.offset));
/** LAPACK reports sizes in the working precision, where large whole numbers may have been rounded down. */
const roundUp = (size: number): number => Math.ceil(size * (1 + 2 ** -22));

/** The rectangle lies inside its array, and LAPACK can count it in 32 bits. */
function check(call: string, a: Block): void {
  const { data, offset, stride, rows, cols } = a;
  const last = rows === 0 || cols === 0 ? offset : offset + (rows - 1) * stride + cols;
  const whole = [offset, stride, rows, cols].every((value) => Number.isInteger(value) && value >= 0);
  if (!(data instanceof Float32Array || data instanceof Float64Array))
    throw new TypeError(`${call}: not a Float32Array or Float64Array`);
  if (!whole || stride < Math.max(1, cols) || last > data.length || Math.max(stride, rows) > 0x7fffffff)
    throw new RangeError(
      `${call}: ${rows} × ${cols} at ${offset} with stride ${stride} does not fit ${data.length} numbers`,
    );
}

function sameType(call: string, ...blocks: readonly Block[]): void {
  for (const block of blocks) {
    check(call, block);
    const [own, first]: Precision[] = [precisionOf(block), precisionOf(blocks[0]!)];
    if (own !== first) throw new TypeError(`${call}: ${own} beside ${first}`);
  }
}

function square(call: string, a: Block): number {
  check(call, a);
  if (a.rows !== a.cols) throw new RangeError(`${call}: ${a.rows} × ${a.cols} is not square`);
  return a.rows;
}

/** Positive info is a numerical fate; negative info is a wrong argument, which is our mistake. */
function lapack(call: string, info: Int32Array): number {
  if (info[0]! < 0) throw new Error(`${call}: argument ${-info[0]!} was refused`);
  return info[0]!;
}
