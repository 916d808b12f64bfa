import { fma, halvings, LOG2E, magnitude, minusOne, one, pow, splat } from "./simd";

// Coordinate-wise kernels: tiles of Σ_k term(x_ik − z_jk), and gradients Σ_i w_i direction(x_k − z_ik).
// Terms and directions:
//   0  |Δ|                 sgn Δ
//   1  |Δ|^p               |Δ|^(p−1) sgn Δ
//   2  exp(−a |Δ|)         exp(−a |Δ|) sgn Δ
//   3  exp(−a |Δ|^p)       exp(−a |Δ|^p) |Δ|^(p−1) sgn Δ

/** @param steps - a log2 e */
@inline
function term<T>(kind: i32, delta: v128, p: v128, steps: v128): v128 {
  const size = magnitude<T>(delta);
  if (kind == 0) return size;
  if (kind == 1) return pow<T>(size, p);
  if (kind == 2) return halvings<T>(v128.mul<T>(steps, size));
  return halvings<T>(v128.mul<T>(steps, pow<T>(size, p)));
}

/** The direction, 0 at Δ = 0. `less` = p − 1. */
@inline
function direction<T>(kind: i32, delta: v128, p: v128, less: v128, steps: v128): v128 {
  const zero = splat<T>(0);
  if (kind == 0)
    return v128.or(v128.and(v128.gt<T>(delta, zero), one<T>()), v128.and(v128.lt<T>(delta, zero), minusOne<T>()));
  const size = magnitude<T>(delta);
  const sign = v128.xor(delta, size);
  let result: v128;
  if (kind == 1) result = pow<T>(size, less);
  else if (kind == 2) result = halvings<T>(v128.mul<T>(steps, size));
  else result = v128.mul<T>(pow<T>(size, less), halvings<T>(v128.mul<T>(steps, pow<T>(size, p))));
  return v128.or(v128.and(result, v128.gt<T>(size, zero)), sign);
}

/** Rows x (4 at a time, `ldx` numbers apart) against panels of two vectors packed by `pack`. tile: rows × stride. */
@inline
function sums<T>(kind: i32, x: usize, ldx: i32, rows: i32, packed: usize, cols: i32, d: i32, p: f64, a: f64, tile: usize, stride: i32): void {
  const size = <i32>sizeof<T>();
  const panel = 32 / size;
  const vp = splat<T>(p);
  const steps = splat<T>(a * LOG2E);
  const step = ldx * size;
  for (let j = 0; j < cols; j += panel) {
    const from = packed + j * d * size;
    let i = 0;
    for (; i + 2 <= rows; i += 2) {
      let s00 = splat<T>(0);
      let s01 = s00, s10 = s00, s11 = s00;
      let at = x + i * step;
      let z = from;
      for (let k = 0; k < d; k++) {
        const z0 = v128.load(z);
        const z1 = v128.load(z, 16);
        let u = v128.load_splat<T>(at);
        s00 = v128.add<T>(s00, term<T>(kind, v128.sub<T>(u, z0), vp, steps));
        s01 = v128.add<T>(s01, term<T>(kind, v128.sub<T>(u, z1), vp, steps));
        u = v128.load_splat<T>(at + step);
        s10 = v128.add<T>(s10, term<T>(kind, v128.sub<T>(u, z0), vp, steps));
        s11 = v128.add<T>(s11, term<T>(kind, v128.sub<T>(u, z1), vp, steps));
        z += 32;
        at += size;
      }
      const to = tile + (i * stride + j) * size;
      v128.store(to, s00);
      v128.store(to, s01, 16);
      v128.store(to + stride * size, s10);
      v128.store(to + stride * size, s11, 16);
    }
    for (; i < rows; i++) {
      let s0 = splat<T>(0);
      let s1 = s0;
      for (let k = 0; k < d; k++) {
        const u = v128.load_splat<T>(x + i * step + k * size);
        s0 = v128.add<T>(s0, term<T>(kind, v128.sub<T>(u, v128.load(from + k * 32)), vp, steps));
        s1 = v128.add<T>(s1, term<T>(kind, v128.sub<T>(u, v128.load(from + k * 32, 16)), vp, steps));
      }
      const to = tile + (i * stride + j) * size;
      v128.store(to, s0);
      v128.store(to, s1, 16);
    }
  }
}

/** `sums` of kind 0 alone: V8 unrolls short loops only where they are not in a long function, and then takes a third of the time. */
function sums0<T>(x: usize, ldx: i32, rows: i32, packed: usize, cols: i32, d: i32, tile: usize, stride: i32): void {
  sums<T>(0, x, ldx, rows, packed, cols, d, 1, 0, tile, stride);
}

/** tile[i, j] = Σ_k term(x_ik − z_jk); z packed in panels of two vectors; stride a multiple of two vectors. */
export function coordinateSums<T>(kind: i32, x: usize, ldx: i32, rows: i32, packed: usize, cols: i32, d: i32, p: f64, a: f64, tile: usize, stride: i32): void {
  if (kind == 0) sums0<T>(x, ldx, rows, packed, cols, d, tile, stride);
  else if (kind == 1) sums<T>(1, x, ldx, rows, packed, cols, d, p, a, tile, stride);
  else if (kind == 2) sums<T>(2, x, ldx, rows, packed, cols, d, p, a, tile, stride);
  else sums<T>(3, x, ldx, rows, packed, cols, d, p, a, tile, stride);
}

@inline
function gradients<T>(
  kind: i32, tolerance: f64, x: usize, z: usize, ld: i32, count: i32, weights: usize, outputs: i32, p: f64, a: f64, out: usize, ldout: i32,
): void {
  const size = <i32>sizeof<T>();
  const bytes = ld * size;
  const vp = splat<T>(p);
  const less = splat<T>(p - 1);
  const steps = splat<T>(a * LOG2E);
  const bound = splat<T>(tolerance);
  for (let k = 0; k < bytes; k += 32) {
    const x0 = v128.load(x + k);
    const x1 = v128.load(x + k, 16);
    let l = 0;
    for (; l + 2 <= outputs; l += 2) {
      const first = out + l * ldout * size + k;
      const second = first + ldout * size;
      let g00 = v128.load(first);
      let g01 = v128.load(first, 16);
      let g10 = v128.load(second);
      let g11 = v128.load(second, 16);
      let from = z + k;
      let w = weights + l * size;
      for (let i = 0; i < count; i++) {
        const z0 = v128.load(from);
        const z1 = v128.load(from, 16);
        let d0 = direction<T>(kind, v128.sub<T>(x0, z0), vp, less, steps);
        let d1 = direction<T>(kind, v128.sub<T>(x1, z1), vp, less, steps);
        if (tolerance > 0) {
          d0 = v128.and(d0, apart<T>(x0, z0, bound));
          d1 = v128.and(d1, apart<T>(x1, z1, bound));
        }
        let v = v128.load_splat<T>(w);
        g00 = fma<T>(v, d0, g00);
        g01 = fma<T>(v, d1, g01);
        v = v128.load_splat<T>(w, sizeof<T>());
        g10 = fma<T>(v, d0, g10);
        g11 = fma<T>(v, d1, g11);
        from += bytes;
        w += outputs * size;
      }
      v128.store(first, g00);
      v128.store(first, g01, 16);
      v128.store(second, g10);
      v128.store(second, g11, 16);
    }
    if (l < outputs) {
      const first = out + l * ldout * size + k;
      let g0 = v128.load(first);
      let g1 = v128.load(first, 16);
      let from = z + k;
      let w = weights + l * size;
      for (let i = 0; i < count; i++) {
        const z0 = v128.load(from);
        const z1 = v128.load(from, 16);
        let d0 = direction<T>(kind, v128.sub<T>(x0, z0), vp, less, steps);
        let d1 = direction<T>(kind, v128.sub<T>(x1, z1), vp, less, steps);
        if (tolerance > 0) {
          d0 = v128.and(d0, apart<T>(x0, z0, bound));
          d1 = v128.and(d1, apart<T>(x1, z1, bound));
        }
        const v = v128.load_splat<T>(w);
        g0 = fma<T>(v, d0, g0);
        g1 = fma<T>(v, d1, g1);
        from += bytes;
        w += outputs * size;
      }
      v128.store(first, g0);
      v128.store(first, g1, 16);
    }
  }
}

/** `gradients` of kind 0 alone, as `sums0`. */
function gradients0<T>(x: usize, z: usize, ld: i32, count: i32, weights: usize, outputs: i32, out: usize, ldout: i32): void {
  gradients<T>(0, 0, x, z, ld, count, weights, outputs, 1, 0, out, ldout);
}

/** Coordinates further apart than rounding: Δ² > bound (x² + z²). */
@inline
function apart<T>(x: v128, z: v128, bound: v128): v128 {
  const delta = v128.sub<T>(x, z);
  return v128.gt<T>(v128.mul<T>(delta, delta), v128.mul<T>(bound, fma<T>(x, x, v128.mul<T>(z, z))));
}

/**
 * out[l, k] += Σ_i weights[i, l] direction(x_k − z_ik) for one row x. Rows of x, z and out are `ld` (`ldout`) numbers
 * apart, multiples of two vectors, filled up with zeros. A tolerance > 0 skips coordinates that coincide up to rounding.
 */
export function coordinateGradients<T>(
  kind: i32, tolerance: f64, x: usize, z: usize, ld: i32, count: i32, weights: usize, outputs: i32, p: f64, a: f64, out: usize, ldout: i32,
): void {
  if (kind == 0) gradients0<T>(x, z, ld, count, weights, outputs, out, ldout);
  else if (kind == 1) gradients<T>(1, tolerance, x, z, ld, count, weights, outputs, p, a, out, ldout);
  else if (kind == 2) gradients<T>(2, 0, x, z, ld, count, weights, outputs, p, a, out, ldout);
  else gradients<T>(3, tolerance, x, z, ld, count, weights, outputs, p, a, out, ldout);
}
