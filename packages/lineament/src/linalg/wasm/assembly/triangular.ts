import { gemm } from "./gemm";
import { fma, fnma, horizontalSum } from "./simd";

@inline
const BLOCK: i32 = 32;

@inline
function dot<T>(a: usize, b: usize, n: i32): T {
  const size = <i32>sizeof<T>();
  const lanes = 16 / size;
  let s0 = v128.splat<T>(<T>0);
  let s1 = s0;
  let k = 0;
  for (; k + 2 * lanes <= n; k += 2 * lanes) {
    s0 = fma<T>(v128.load(a + k * size), v128.load(b + k * size), s0);
    s1 = fma<T>(v128.load(a + k * size, 16), v128.load(b + k * size, 16), s1);
  }
  let sum = horizontalSum<T>(v128.add<T>(s0, s1));
  for (; k < n; k++) sum = <T>(sum + load<T>(a + k * size) * load<T>(b + k * size));
  return sum;
}

/** A = L Lᵀ in place on the lower triangle. 0, or the 1-based order of the first minor that is not positive definite. */
export function cholesky<T>(a: usize, n: i32, ld: i32, scratch: usize): i32 {
  const size = <i32>sizeof<T>();
  for (let j = 0; j < n; j += BLOCK) {
    const width = min(BLOCK, n - j);
    const diagonal = a + (j * ld + j) * size;
    for (let i = 0; i < width; i++) {
      const row = diagonal + i * ld * size;
      for (let t = 0; t < i; t++) {
        const other = diagonal + t * ld * size;
        store<T>(row + t * size, <T>((load<T>(row + t * size) - dot<T>(row, other, t)) / load<T>(other + t * size)));
      }
      const pivot = <T>(load<T>(row + i * size) - dot<T>(row, row, i));
      if (!(pivot > <T>0)) return j + i + 1;
      store<T>(row + i * size, sqrt<T>(pivot));
    }
    const below = n - j - width;
    if (below == 0) break;
    const panel = a + ((j + width) * ld + j) * size;
    solveRightSmall<T>(diagonal, ld, width, panel, ld, below);
    // Only the lower triangle counts, in strips.
    for (let i = 0; i < below; i += 64) {
      const rows = min(64, below - i);
      gemm<T>(rows, i + rows, width, panel + i * ld * size, ld, false, panel, ld, true, a + ((j + width + i) * ld + j + width) * size, ld, 2, scratch);
    }
  }
  return 0;
}

/** B ← B L⁻ᵀ row by row, L: n × n with n small. */
function solveRightSmall<T>(l: usize, ldl: i32, n: i32, b: usize, ldb: i32, rows: i32): void {
  const size = <i32>sizeof<T>();
  for (let i = 0; i < rows; i++) {
    const row = b + i * ldb * size;
    for (let t = 0; t < n; t++) {
      const other = l + t * ldl * size;
      store<T>(row + t * size, <T>((load<T>(row + t * size) - dot<T>(row, other, t)) / load<T>(other + t * size)));
    }
  }
}

/** B ← B L⁻ᵀ, B: rows × n. */
export function solveRight<T>(l: usize, ldl: i32, n: i32, b: usize, ldb: i32, rows: i32, scratch: usize): void {
  const size = <i32>sizeof<T>();
  for (let j = 0; j < n; j += BLOCK) {
    const width = min(BLOCK, n - j);
    if (j > 0) gemm<T>(rows, width, j, b, ldb, false, l + j * ldl * size, ldl, true, b + j * size, ldb, 2, scratch);
    solveRightSmall<T>(l + (j * ldl + j) * size, ldl, width, b + j * size, ldb, rows);
  }
}

/** B ← L⁻¹ B or L⁻ᵀ B, B: n × cols. */
export function solveLeft<T>(l: usize, ldl: i32, n: i32, b: usize, ldb: i32, cols: i32, transposed: bool): void {
  const size = <i32>sizeof<T>();
  const lanes = 16 / size;
  for (let step = 0; step < n; step++) {
    const i = transposed ? n - 1 - step : step;
    const row = b + i * ldb * size;
    const from = transposed ? i + 1 : 0;
    const to = transposed ? n : i;
    for (let t = from; t < to; t++) {
      const factor = load<T>(l + (transposed ? t * ldl + i : i * ldl + t) * size);
      const other = b + t * ldb * size;
      const v = v128.splat<T>(factor);
      let k = 0;
      for (; k + lanes <= cols; k += lanes)
        v128.store(row + k * size, fnma<T>(v, v128.load(other + k * size), v128.load(row + k * size)));
      for (; k < cols; k++) store<T>(row + k * size, <T>(load<T>(row + k * size) - factor * load<T>(other + k * size)));
    }
    const pivot = load<T>(l + (i * ldl + i) * size);
    for (let k = 0; k < cols; k++) store<T>(row + k * size, <T>(load<T>(row + k * size) / pivot));
  }
}
