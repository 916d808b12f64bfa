import { fma, fnma, halvings, larger, LOG2E, pow, splat, two } from "./simd";

// A tile of pair sums s becomes kernel values or slopes, in place. Shapes of k(s):
//   0  exp(−a s)                      slope c k
//   1  exp(−a √s)                     slope c k / √s
//   2  exp(−a s^b)                    slope c k s^(b−1)
//   3  (1 + t) e^−t, t = a √s         slope c e^−t
//   4  (1 + t + t²/3) e^−t, t = a √s  slope c (1 + t) e^−t
//   5  (c + a s)^b                    (no slope)

/** All of these but the values of 2, which are `values2`. @param steps - a log2 e */
@inline
function shape<T>(kind: i32, slope: bool, s: v128, a: v128, steps: v128, b: v128, c: v128): v128 {
  if (kind == 0) {
    const k = halvings<T>(v128.mul<T>(steps, s));
    return slope ? v128.mul<T>(c, k) : k;
  }
  if (kind == 1) {
    const r = v128.sqrt<T>(s);
    const k = halvings<T>(v128.mul<T>(steps, r));
    return slope ? v128.div<T>(v128.mul<T>(c, k), r) : k;
  }
  if (kind == 2) {
    const power = pow<T>(s, b);
    return v128.div<T>(v128.mul<T>(v128.mul<T>(c, halvings<T>(v128.mul<T>(steps, power))), power), s);
  }
  if (kind == 3) {
    const r = v128.sqrt<T>(s);
    const e = halvings<T>(v128.mul<T>(steps, r));
    return slope ? v128.mul<T>(c, e) : fma<T>(v128.mul<T>(a, r), e, e);
  }
  if (kind == 4) {
    const r = v128.sqrt<T>(s);
    const e = halvings<T>(v128.mul<T>(steps, r));
    const t = v128.mul<T>(a, r);
    if (slope) return v128.mul<T>(c, fma<T>(t, e, e));
    return fma<T>(fma<T>(v128.mul<T>(t, t), splat<T>(1 / 3.0), t), e, e);
  }
  return pow<T>(fma<T>(a, s, c), b);
}

/** One vector of `pass`. */
@inline
function entries<T>(
  kind: i32, slope: bool, products: bool, s: v128, norms: v128, a: v128, steps: v128, b: v128, c: v128, bound: v128,
): v128 {
  if (products) s = fnma<T>(two<T>(), s, norms);
  const near = v128.le<T>(s, v128.mul<T>(bound, norms));
  // What cancellation leaves of a zero distance is noise: equal rows have k = 1 exactly. NaN stays NaN.
  if (products) s = v128.andnot(s, near);
  const result = shape<T>(kind, slope, s, a, steps, b, c);
  return slope ? v128.andnot(result, near) : result;
}

@inline
function pass<T>(
  kind: i32, slope: bool, products: bool, tile: usize, rows: i32, stride: i32, normsX: usize, normsZ: usize,
  a: f64, b: f64, c: f64, tolerance: f64,
): void {
  const va = splat<T>(a);
  const steps = splat<T>(a * LOG2E);
  const vb = splat<T>(b);
  const vc = splat<T>(c);
  const bound = splat<T>(tolerance);
  const bytes = stride * <i32>sizeof<T>();
  for (let i = 0; i < rows; i++) {
    const norm = v128.load_splat<T>(normsX + i * sizeof<T>());
    // Two vectors at a time share the constants.
    for (let at = 0; at < bytes; at += 32) {
      const norms0 = v128.add<T>(norm, v128.load(normsZ + at));
      const norms1 = v128.add<T>(norm, v128.load(normsZ + at, 16));
      const k0 = entries<T>(kind, slope, products, v128.load(tile + at), norms0, va, steps, vb, vc, bound);
      const k1 = entries<T>(kind, slope, products, v128.load(tile + at, 16), norms1, va, steps, vb, vc, bound);
      v128.store(tile + at, k0);
      v128.store(tile + at, k1, 16);
    }
    tile += bytes;
  }
}

/** exp(−a s^b), row by row in two steps: in one, the chain would be longer than processors look ahead. */
@inline
function values2<T>(
  products: bool, tile: usize, rows: i32, stride: i32, normsX: usize, normsZ: usize, a: f64, b: f64, tolerance: f64,
): void {
  for (let i = 0; i < rows; i++) {
    pass<T>(5, false, products, tile, 1, stride, normsX, normsZ, 1, b, 0, tolerance);
    pass<T>(0, false, false, tile, 1, stride, normsX, normsZ, a, 0, 0, tolerance);
    tile += stride * sizeof<T>();
    normsX += sizeof<T>();
  }
}

@inline
function choose<T>(
  slope: bool, products: bool, kind: i32, tile: usize, rows: i32, stride: i32, normsX: usize, normsZ: usize, a: f64, b: f64, c: f64, tolerance: f64,
): void {
  if (kind == 0) pass<T>(0, slope, products, tile, rows, stride, normsX, normsZ, a, b, c, tolerance);
  else if (kind == 1) pass<T>(1, slope, products, tile, rows, stride, normsX, normsZ, a, b, c, tolerance);
  else if (kind == 2 && !slope) values2<T>(products, tile, rows, stride, normsX, normsZ, a, b, tolerance);
  else if (kind == 2) pass<T>(2, true, products, tile, rows, stride, normsX, normsZ, a, b, c, tolerance);
  else if (kind == 3) pass<T>(3, slope, products, tile, rows, stride, normsX, normsZ, a, b, c, tolerance);
  else if (kind == 4) pass<T>(4, slope, products, tile, rows, stride, normsX, normsZ, a, b, c, tolerance);
  else pass<T>(5, slope, products, tile, rows, stride, normsX, normsZ, a, b, c, tolerance);
}

/**
 * @param products - the tile holds inner products, s = max(0, ‖x_i‖² + ‖z_j‖² − 2 x_i·z_j); else it holds s
 * @param stride - numbers in a row of the tile, a multiple of two vectors; the norms of z are readable as far
 * @param tolerance - slopes are 0 where s ≤ tolerance (‖x_i‖² + ‖z_j‖²)
 */
export function profile<T>(
  kind: i32, slope: bool, products: bool, tile: usize, rows: i32, stride: i32, normsX: usize, normsZ: usize,
  a: f64, b: f64, c: f64, tolerance: f64,
): void {
  if (slope) choose<T>(true, products, kind, tile, rows, stride, normsX, normsZ, a, b, c, tolerance);
  else if (products) choose<T>(false, true, kind, tile, rows, stride, normsX, normsZ, a, b, c, tolerance);
  else choose<T>(false, false, kind, tile, rows, stride, normsX, normsZ, a, b, c, tolerance);
}

/** Inner products to s = max(0, ‖x_i‖² + ‖z_j‖² − 2 x_i·z_j), for callers that add to s before `profile`. */
export function distances<T>(tile: usize, rows: i32, stride: i32, normsX: usize, normsZ: usize): void {
  const zero = splat<T>(0);
  const bytes = stride * <i32>sizeof<T>();
  for (let i = 0; i < rows; i++) {
    const norm = v128.load_splat<T>(normsX + i * sizeof<T>());
    for (let at = 0; at < bytes; at += 16) {
      const s = v128.load(tile + at);
      v128.store(tile + at, larger<T>(v128.sub<T>(v128.add<T>(norm, v128.load(normsZ + at)), v128.add<T>(s, s)), zero));
    }
    tile += bytes;
  }
}

/** −1 where s^(2/p) ≤ tolerance (‖x_i‖² + ‖z_j‖²), so that a slope pass with tolerance 0 skips the pair. */
export function markNegligible<T>(tile: usize, rows: i32, cols: i32, stride: i32, normsX: usize, normsZ: usize, p: f64, tolerance: f64): void {
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++) {
      const at = tile + (i * stride + j) * sizeof<T>();
      const bound = <f64>load<T>(normsX + i * sizeof<T>()) + <f64>load<T>(normsZ + j * sizeof<T>());
      const s = <f64>load<T>(at);
      // r² ≤ bound tolerance; only small s need the power
      if (s < 1 && Math.pow(s, 2 / p) <= tolerance * bound) store<T>(at, <T>-1);
      else if (s >= 1 && tolerance * bound >= 1 && Math.pow(s, 2 / p) <= tolerance * bound) store<T>(at, <T>-1);
    }
}
