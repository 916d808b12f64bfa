// Vector arithmetic that the kernels share, generic in T = f32 (4 lanes) or f64 (2 lanes).

/** a b + c; fused where the module is compiled with relaxed SIMD. */
// @ts-ignore: decorator
@inline
export function fma<T>(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<T>(a, b, c);
  return v128.add<T>(v128.mul<T>(a, b), c);
}

/** c − a b */
// @ts-ignore: decorator
@inline
export function fnma<T>(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_nmadd<T>(a, b, c);
  return v128.sub<T>(c, v128.mul<T>(a, b));
}

// @ts-ignore: decorator
@inline
export function splat<T>(x: f64): v128 {
  return v128.splat<T>(<T>x);
}

// @ts-ignore: decorator
@inline
export function horizontalSum<T>(v: v128): T {
  if (sizeof<T>() == 4)
    return <T>(
      (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3)))
    );
  return <T>(f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1));
}

/**
 * 2^(hi + lo), lo small beside hi. Adding 1.5 · 2^23 (2^52) rounds to a whole number n and leaves it in the low bits,
 * from where it moves to the exponent; 2^r on |r| ≤ ½ is a Taylor polynomial (relative error 2e-8, 1e-15).
 */
// @ts-ignore: decorator
@inline
function exp2<T>(hi: v128, lo: v128): v128 {
  if (sizeof<T>() == 4) {
    const low = f32x4.splat(-126);
    const alive = f32x4.ge(hi, low);
    const x = f32x4.min(f32x4.max(hi, low), f32x4.splat(127));
    const shifted = f32x4.add(x, f32x4.splat(12582912));
    const r = f32x4.add(f32x4.sub(x, f32x4.sub(shifted, f32x4.splat(12582912))), lo);
    let p = f32x4.splat(0.00015403530393381609);
    p = fma<f32>(p, r, f32x4.splat(0.0013333558146428443));
    p = fma<f32>(p, r, f32x4.splat(0.009618129107628477));
    p = fma<f32>(p, r, f32x4.splat(0.05550410866482158));
    p = fma<f32>(p, r, f32x4.splat(0.2402265069591007));
    p = fma<f32>(p, r, f32x4.splat(0.6931471805599453));
    p = fma<f32>(p, r, f32x4.splat(1));
    return v128.and(i32x4.add(p, i32x4.shl(shifted, 23)), alive);
  }
  const low = f64x2.splat(-1022);
  const alive = f64x2.ge(hi, low);
  const x = f64x2.min(f64x2.max(hi, low), f64x2.splat(1023));
  const shifted = f64x2.add(x, f64x2.splat(6755399441055744));
  const r = f64x2.add(f64x2.sub(x, f64x2.sub(shifted, f64x2.splat(6755399441055744))), lo);
  let p = f64x2.splat(2.5678435993488202e-11);
  p = fma<f64>(p, r, f64x2.splat(4.4455382718708116e-10));
  p = fma<f64>(p, r, f64x2.splat(7.054911620801123e-9));
  p = fma<f64>(p, r, f64x2.splat(1.0178086009239699e-7));
  p = fma<f64>(p, r, f64x2.splat(1.3215486790144309e-6));
  p = fma<f64>(p, r, f64x2.splat(1.525273380405984e-5));
  p = fma<f64>(p, r, f64x2.splat(0.00015403530393381609));
  p = fma<f64>(p, r, f64x2.splat(0.0013333558146428443));
  p = fma<f64>(p, r, f64x2.splat(0.009618129107628477));
  p = fma<f64>(p, r, f64x2.splat(0.05550410866482158));
  p = fma<f64>(p, r, f64x2.splat(0.2402265069591007));
  p = fma<f64>(p, r, f64x2.splat(0.6931471805599453));
  p = fma<f64>(p, r, f64x2.splat(1));
  return v128.and(i64x2.add(p, i64x2.shl(shifted, 52)), alive);
}

/** exp(x); 0 where the result would be subnormal. */
// @ts-ignore: decorator
@inline
export function exp<T>(x: v128): v128 {
  // x log2(e) as a rounded product and what the rounding lost.
  if (sizeof<T>() == 4) {
    const hi = f32x4.mul(x, f32x4.splat(1.4426950408889634));
    if (ASC_FEATURE_RELAXED_SIMD) {
      const lo = fma<f32>(x, f32x4.splat(1.925963033500941e-8), f32x4.relaxed_madd(x, f32x4.splat(1.4426950408889634), f32x4.neg(hi)));
      return exp2<f32>(hi, v128.and(lo, f32x4.ge(hi, f32x4.splat(-127))));
    }
    // log2(e) = 1.4426951 (float32) + 1.9259629e-8; the product error is recovered by splitting x.
    const head = v128.and(x, i32x4.splat(0xfffff000));
    const tail = f32x4.sub(x, head);
    const a = f32x4.splat(1.44140625);
    const b = f32x4.splat(0.0012887908);
    const lo = f32x4.add(f32x4.sub(f32x4.mul(head, a), hi), f32x4.add(f32x4.mul(head, b), f32x4.mul(tail, f32x4.splat(1.4426950408889634))));
    return exp2<f32>(hi, v128.and(lo, f32x4.ge(hi, f32x4.splat(-127))));
  }
  const hi = f64x2.mul(x, f64x2.splat(1.4426950408889634));
  let lo = f64x2.mul(x, f64x2.splat(2.0355273740931033e-17));
  if (ASC_FEATURE_RELAXED_SIMD) lo = f64x2.add(lo, f64x2.relaxed_madd(x, f64x2.splat(1.4426950408889634), f64x2.neg(hi)));
  return exp2<f64>(hi, v128.and(lo, f64x2.ge(hi, f64x2.splat(-1023))));
}

/** x^e for x ≥ 0; 0 at x = 0 for every e. x^e = 2^(e k + e log2 m) with x = 2^k m, m in [√½, √2). */
// @ts-ignore: decorator
@inline
export function pow<T>(x: v128, e: v128): v128 {
  if (sizeof<T>() == 4) {
    const bits = i32x4.sub(x, i32x4.splat(0x3f3504f3));
    const exponent = i32x4.shr_s(bits, 23);
    const m = i32x4.sub(x, i32x4.shl(exponent, 23));
    const k = f32x4.convert_i32x4_s(exponent);
    const t = f32x4.div(f32x4.sub(m, f32x4.splat(1)), f32x4.add(m, f32x4.splat(1)));
    const t2 = f32x4.mul(t, t);
    let p = f32x4.splat(0.3205989);
    p = fma<f32>(p, t2, f32x4.splat(0.41219858));
    p = fma<f32>(p, t2, f32x4.splat(0.57707802));
    p = fma<f32>(p, t2, f32x4.splat(0.96179669));
    p = fma<f32>(f32x4.mul(p, t2), t, f32x4.mul(t, f32x4.splat(2.88539008)));
    // e k without rounding: k has 8 bits, so the head of e may keep 16.
    const head = v128.and(e, i32x4.splat(0xffffff00));
    const y = f32x4.mul(head, k);
    return v128.and(exp2Sum<f32>(y, fma<f32>(f32x4.sub(e, head), k, f32x4.mul(e, p))), f32x4.gt(x, f32x4.splat(0)));
  }
  const bits = i64x2.sub(x, i64x2.splat(0x3fe6a09e667f3bcd));
  const exponent = i64x2.shr_s(bits, 52);
  const m = i64x2.sub(x, i64x2.shl(exponent, 52));
  // Whole numbers below 2^51 become doubles by the same trick as in exp2.
  const k = f64x2.sub(i64x2.add(exponent, i64x2.splat(0x4338000000000000)), f64x2.splat(6755399441055744));
  const t = f64x2.div(f64x2.sub(m, f64x2.splat(1)), f64x2.add(m, f64x2.splat(1)));
  const t2 = f64x2.mul(t, t);
  let p = f64x2.splat(0.13739952769868046);
  p = fma<f64>(p, t2, f64x2.splat(0.15186263588302577));
  p = fma<f64>(p, t2, f64x2.splat(0.16972882833987585));
  p = fma<f64>(p, t2, f64x2.splat(0.19235933878519263));
  p = fma<f64>(p, t2, f64x2.splat(0.22195308321368380));
  p = fma<f64>(p, t2, f64x2.splat(0.26230818925253540));
  p = fma<f64>(p, t2, f64x2.splat(0.32059889797532104));
  p = fma<f64>(p, t2, f64x2.splat(0.41219858311112708));
  p = fma<f64>(p, t2, f64x2.splat(0.57707801635557789));
  p = fma<f64>(p, t2, f64x2.splat(0.96179669392597556));
  p = fma<f64>(f64x2.mul(p, t2), t, f64x2.mul(t, f64x2.splat(2.8853900817779268)));
  const head = v128.and(e, i64x2.splat(0xfffffffffffff000));
  const y = f64x2.mul(head, k);
  return v128.and(exp2Sum<f64>(y, fma<f64>(f64x2.sub(e, head), k, f64x2.mul(e, p))), f64x2.gt(x, f64x2.splat(0)));
}

/** 2^(a + b), both exact. */
// @ts-ignore: decorator
@inline
function exp2Sum<T>(a: v128, b: v128): v128 {
  const hi = v128.add<T>(a, b);
  const part = v128.sub<T>(hi, a);
  const lo = v128.add<T>(v128.sub<T>(a, v128.sub<T>(hi, part)), v128.sub<T>(b, part));
  return exp2<T>(hi, lo);
}
