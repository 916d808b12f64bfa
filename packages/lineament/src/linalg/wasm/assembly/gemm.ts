import { fma, horizontalSum, splat } from "./simd";

// C = A B on packed panels: A in panels of 4 rows, B in panels of two vectors. The 4 × 2 accumulators, two vectors of B
// and one of A stay in the 16 registers that 128-bit SIMD has.

@inline
const ROWS: i32 = 4;
@inline
const DEPTH: i32 = 256;
@inline
const HEIGHT: i32 = 128;
@inline
const WIDTH: i32 = 512;

/** Numbers in one panel row of B. */
@inline
function lanes2<T>(): i32 {
  return 32 / sizeof<T>();
}

/** The first free byte of memory. */
export function heapBase(): usize {
  return __heap_base;
}

/** Bytes of scratch memory that `gemm` needs. */
export function gemmScratch(): i32 {
  return (HEIGHT * DEPTH + DEPTH * WIDTH) * 8 + 256;
}

/**
 * mode 0: C = op(A) op(B); 1: C += …; 2: C −= …. Strides in numbers. op(A): m × k, op(B): k × n.
 */
export function gemm<T>(
  m: i32, n: i32, k: i32, a: usize, lda: i32, ta: bool, b: usize, ldb: i32, tb: bool, c: usize, ldc: i32, mode: i32, scratch: usize,
): void {
  const size = <i32>sizeof<T>();
  const packedA = scratch;
  const packedB = scratch + HEIGHT * DEPTH * 8;
  const edge = packedB + DEPTH * WIDTH * 8;
  if (k == 0 && mode == 0) {
    for (let i = 0; i < m; i++) memory.fill(c + i * ldc * size, 0, n * size);
    return;
  }
  if (n == 1 && !ta && (tb || ldb == 1)) return timesColumn<T>(m, k, a, lda, b, c, ldc, mode);
  for (let j = 0; j < n; j += WIDTH) {
    const width = min(WIDTH, n - j);
    for (let p = 0; p < k; p += DEPTH) {
      const depth = min(DEPTH, k - p);
      const now = p == 0 ? mode : mode == 2 ? 2 : 1;
      pack<T>(b + (tb ? j * ldb + p : p * ldb + j) * size, ldb, width, depth, packedB, lanes2<T>(), tb);
      for (let i = 0; i < m; i += HEIGHT) {
        const height = min(HEIGHT, m - i);
        pack<T>(a + (ta ? p * lda + i : i * lda + p) * size, lda, height, depth, packedA, ROWS, !ta);
        for (let jj = 0; jj < width; jj += lanes2<T>()) {
          const panelB = packedB + jj * depth * size;
          for (let ii = 0; ii < height; ii += ROWS) {
            const panelA = packedA + ii * depth * size;
            const target = c + ((i + ii) * ldc + j + jj) * size;
            if (height - ii >= ROWS && width - jj >= lanes2<T>()) {
              micro<T>(panelA, panelB, depth, target, ldc * size, now);
            } else {
              micro<T>(panelA, panelB, depth, edge, 32, 0);
              const rows = min(ROWS, height - ii);
              const cols = min(lanes2<T>(), width - jj);
              for (let r = 0; r < rows; r++)
                for (let s = 0; s < cols; s++) {
                  const at = target + (r * ldc + s) * size;
                  const x = load<T>(edge + r * 32 + s * size);
                  store<T>(at, now == 0 ? x : now == 1 ? <T>(load<T>(at) + x) : <T>(load<T>(at) - x));
                }
            }
          }
        }
      }
    }
  }
}

/** `gemm` for one column, its numbers side by side: every number of A is used once, so nothing is worth packing. */
function timesColumn<T>(m: i32, k: i32, a: usize, lda: i32, b: usize, c: usize, ldc: i32, mode: i32): void {
  const size = <i32>sizeof<T>();
  const bytes = k * size;
  const pairs = bytes & ~31;
  for (let i = 0; i < m; i++) {
    let s0 = splat<T>(0);
    let s1 = s0;
    let at = 0;
    for (; at < pairs; at += 32) {
      s0 = fma<T>(v128.load(a + at), v128.load(b + at), s0);
      s1 = fma<T>(v128.load(a + at, 16), v128.load(b + at, 16), s1);
    }
    let x = horizontalSum<T>(v128.add<T>(s0, s1));
    for (; at < bytes; at += size) x = <T>(x + load<T>(a + at) * load<T>(b + at));
    store<T>(c, mode == 0 ? x : mode == 1 ? <T>(load<T>(c) + x) : <T>(load<T>(c) - x));
    a += lda * size;
    c += ldc * size;
  }
}

/** One row of accumulators to memory. */
@inline
function finish<T>(c: usize, x: v128, y: v128, mode: i32): void {
  if (mode == 1) {
    x = v128.add<T>(v128.load(c), x);
    y = v128.add<T>(v128.load(c, 16), y);
  } else if (mode == 2) {
    x = v128.sub<T>(v128.load(c), x);
    y = v128.sub<T>(v128.load(c, 16), y);
  }
  v128.store(c, x);
  v128.store(c, y, 16);
}

function micro<T>(a: usize, b: usize, k: i32, c: usize, stride: usize, mode: i32): void {
  let c00 = v128.splat<T>(<T>0);
  let c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (; k >= 2; k -= 2) {
    let b0 = v128.load(b);
    let b1 = v128.load(b, 16);
    let x = v128.load_splat<T>(a);
    c00 = fma<T>(x, b0, c00);
    c01 = fma<T>(x, b1, c01);
    x = v128.load_splat<T>(a, sizeof<T>());
    c10 = fma<T>(x, b0, c10);
    c11 = fma<T>(x, b1, c11);
    x = v128.load_splat<T>(a, 2 * sizeof<T>());
    c20 = fma<T>(x, b0, c20);
    c21 = fma<T>(x, b1, c21);
    x = v128.load_splat<T>(a, 3 * sizeof<T>());
    c30 = fma<T>(x, b0, c30);
    c31 = fma<T>(x, b1, c31);
    b0 = v128.load(b, 32);
    b1 = v128.load(b, 48);
    x = v128.load_splat<T>(a, 4 * sizeof<T>());
    c00 = fma<T>(x, b0, c00);
    c01 = fma<T>(x, b1, c01);
    x = v128.load_splat<T>(a, 5 * sizeof<T>());
    c10 = fma<T>(x, b0, c10);
    c11 = fma<T>(x, b1, c11);
    x = v128.load_splat<T>(a, 6 * sizeof<T>());
    c20 = fma<T>(x, b0, c20);
    c21 = fma<T>(x, b1, c21);
    x = v128.load_splat<T>(a, 7 * sizeof<T>());
    c30 = fma<T>(x, b0, c30);
    c31 = fma<T>(x, b1, c31);
    a += 8 * sizeof<T>();
    b += 64;
  }
  if (k > 0) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load_splat<T>(a);
    c00 = fma<T>(x, b0, c00);
    c01 = fma<T>(x, b1, c01);
    x = v128.load_splat<T>(a, sizeof<T>());
    c10 = fma<T>(x, b0, c10);
    c11 = fma<T>(x, b1, c11);
    x = v128.load_splat<T>(a, 2 * sizeof<T>());
    c20 = fma<T>(x, b0, c20);
    c21 = fma<T>(x, b1, c21);
    x = v128.load_splat<T>(a, 3 * sizeof<T>());
    c30 = fma<T>(x, b0, c30);
    c31 = fma<T>(x, b1, c31);
  }
  finish<T>(c, c00, c01, mode);
  finish<T>(c + stride, c10, c11, mode);
  finish<T>(c + 2 * stride, c20, c21, mode);
  finish<T>(c + 3 * stride, c30, c31, mode);
}

/**
 * Panels of `width` entries, depth after depth: out[panel][t][w]. The source is count × depth, or depth × count when not
 * `along` (along: the depth runs along rows of memory). The last panel is filled up with zeros.
 */
export function pack<T>(source: usize, stride: i32, count: i32, depth: i32, out: usize, width: i32, along: bool): void {
  const size = <i32>sizeof<T>();
  const panelRow = width * size;
  for (let i = 0; i < count; i += width) {
    const filled = min(width, count - i);
    if (!along) {
      const from = source + i * size;
      if (filled == width) {
        for (let t = 0; t < depth; t++) {
          for (let w = 0; w < panelRow; w += 16) v128.store(out + t * panelRow + w, v128.load(from + t * stride * size + w));
        }
      } else {
        for (let t = 0; t < depth; t++)
          for (let w = 0; w < width; w++)
            store<T>(out + t * panelRow + w * size, w < filled ? load<T>(from + (t * stride + w) * size) : <T>0);
      }
    } else {
      const step = 16 / size;
      let w = 0;
      for (; w + step <= filled; w += step) transposePart<T>(source + (i + w) * stride * size, stride * size, depth, out + w * size, panelRow);
      for (; w < width; w++) {
        const from = source + (i + w) * stride * size;
        for (let t = 0; t < depth; t++) store<T>(out + t * panelRow + w * size, w < filled ? load<T>(from + t * size) : <T>0);
      }
    }
    out += depth * panelRow;
  }
}

/** One vector's width of rows (4 or 2), each `depth` long, to columns `outStride` bytes apart. */
function transposePart<T>(from: usize, stride: i32, depth: i32, out: usize, outStride: i32): void {
  let t = 0;
  if (sizeof<T>() == 4) {
    for (; t + 4 <= depth; t += 4) {
      const at = from + t * 4;
      const r0 = v128.load(at);
      const r1 = v128.load(at + stride);
      const r2 = v128.load(at + 2 * stride);
      const r3 = v128.load(at + 3 * stride);
      const s0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
      const s1 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
      const s2 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const s3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      const to = out + t * outStride;
      v128.store(to, v128.shuffle<f64>(s0, s1, 0, 2));
      v128.store(to + outStride, v128.shuffle<f64>(s0, s1, 1, 3));
      v128.store(to + 2 * outStride, v128.shuffle<f64>(s2, s3, 0, 2));
      v128.store(to + 3 * outStride, v128.shuffle<f64>(s2, s3, 1, 3));
    }
    for (; t < depth; t++)
      for (let r = 0; r < 4; r++) store<f32>(out + t * outStride + r * 4, load<f32>(from + r * stride + t * 4));
  } else {
    for (; t + 2 <= depth; t += 2) {
      const at = from + t * 8;
      const r0 = v128.load(at);
      const r1 = v128.load(at + stride);
      const to = out + t * outStride;
      v128.store(to, v128.shuffle<f64>(r0, r1, 0, 2));
      v128.store(to + outStride, v128.shuffle<f64>(r0, r1, 1, 3));
    }
    for (; t < depth; t++)
      for (let r = 0; r < 2; r++) store<f64>(out + t * outStride + r * 8, load<f64>(from + r * stride + t * 8));
  }
}

/** out = Aᵀ for A: rows × cols, both with their own strides in numbers. */
export function transpose<T>(a: usize, lda: i32, rows: i32, cols: i32, out: usize, ldout: i32): void {
  const size = <i32>sizeof<T>();
  const step = 16 / size;
  let i = 0;
  for (; i + step <= rows; i += step) transposePart<T>(a + i * lda * size, lda * size, cols, out + i * size, ldout * size);
  for (; i < rows; i++) for (let j = 0; j < cols; j++) store<T>(out + (j * ldout + i) * size, load<T>(a + (i * lda + j) * size));
}
