// Vector arithmetic that the kernels share, generic in T = f32 (4 lanes) or f64 (2 lanes).

/** a b + c; fused where the module is compiled with relaxed SIMD. */
@inline
export function fma<T>(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<T>(a, b, c);
  return v128.add<T>(v128.mul<T>(a, b), c);
}

/** c − a b */
@inline
export function fnma<T>(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_nmadd<T>(a, b, c);
  return v128.sub<T>(c, v128.mul<T>(a, b));
}

/** Lanes of a where the mask is set, else of b; every lane of the mask is all ones or all zeros. */
@inline
export function select(a: v128, b: v128, mask: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i64x2.relaxed_laneselect(a, b, mask);
  return v128.bitselect(a, b, mask);
}

@inline
export function splat<T>(x: f64): v128 {
  return v128.splat<T>(<T>x);
}

@inline
export function horizontalSum<T>(v: v128): T {
  if (sizeof<T>() == 4)
    return <T>(
      (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3)))
    );
  return <T>(f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1));
}

/** Larger of a and b by one instruction; a when it is NaN, so that NaN is not hidden. */
@inline
export function larger<T>(a: v128, b: v128): v128 {
  return v128.pmax<T>(a, b);
}

/** Adding 1.5 · 2^23 (2^52) rounds to a whole number and leaves it in the low bits. */
@inline
function magic<T>(): v128 {
  return sizeof<T>() == 4 ? f32x4.splat(12582912) : f64x2.splat(6755399441055744);
}

/** 2^(n + r) with `shifted` = magic + n, |r| ≤ ½ and a little: a Taylor polynomial (relative error 2e-8, 1e-15). */
@inline
function exp2<T>(shifted: v128, r: v128): v128 {
  if (sizeof<T>() == 4) {
    let p = f32x4.splat(0.00015403530393381609);
    p = fma<f32>(p, r, f32x4.splat(0.0013333558146428443));
    p = fma<f32>(p, r, f32x4.splat(0.009618129107628477));
    p = fma<f32>(p, r, f32x4.splat(0.05550410866482158));
    p = fma<f32>(p, r, f32x4.splat(0.2402265069591007));
    p = fma<f32>(p, r, f32x4.splat(0.6931471805599453));
    p = fma<f32>(p, r, f32x4.splat(1));
    return i32x4.add(p, i32x4.shl(shifted, 23));
  }
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
  return i64x2.add(p, i64x2.shl(shifted, 52));
}

/** exp(x) for x ≤ 0; 0 where the result would be subnormal. x = n ln 2 + r ln 2, ln 2 in two parts. */
@inline
export function exp<T>(x: v128): v128 {
  const log2e = splat<T>(1.4426950408889634);
  // The head of ln 2 has so few bits that n times it is exact without fused multiply-add, too.
  const head = splat<T>(sizeof<T>() == 4 ? 0.693359375 : 0.693147180369123816490);
  const tail = splat<T>(sizeof<T>() == 4 ? -2.12194440054690583e-4 : 1.90821492927058770002e-10);
  const low = splat<T>(sizeof<T>() == 4 ? -87 : -708);
  const clamped = larger<T>(x, low);
  const shifted = fma<T>(clamped, log2e, magic<T>());
  const n = v128.sub<T>(shifted, magic<T>());
  const r = fnma<T>(n, tail, fnma<T>(n, head, clamped));
  return v128.andnot(exp2<T>(shifted, v128.mul<T>(r, log2e)), v128.lt<T>(x, low)); // NaN stays NaN
}

/** x^e for x ≥ 0; 0 at x = 0 for every e. x = 2^k m with m in [√½, √2), x^e = 2^(e k + e log2 m). */
@inline
export function pow<T>(x: v128, e: v128): v128 {
  let k: v128, m: v128;
  if (sizeof<T>() == 4) {
    const exponent = i32x4.shr_s(i32x4.sub(x, i32x4.splat(0x3f3504f3)), 23);
    m = i32x4.sub(x, i32x4.shl(exponent, 23));
    k = f32x4.convert_i32x4_s(exponent);
  } else {
    const exponent = i64x2.shr_s(i64x2.sub(x, i64x2.splat(0x3fe6a09e667f3bcd)), 52);
    m = i64x2.sub(x, i64x2.shl(exponent, 52));
    // Whole numbers below 2^51 become doubles by the trick of `magic`.
    k = f64x2.sub(i64x2.add(exponent, i64x2.splat(0x4338000000000000)), magic<f64>());
  }
  const one = splat<T>(1);
  const t = v128.div<T>(v128.sub<T>(m, one), v128.add<T>(m, one));
  const t2 = v128.mul<T>(t, t);
  let p = splat<T>(0.32059889797532104);
  if (sizeof<T>() == 8) {
    p = f64x2.splat(0.13739952769868046);
    p = fma<f64>(p, t2, f64x2.splat(0.15186263588302577));
    p = fma<f64>(p, t2, f64x2.splat(0.16972882833987585));
    p = fma<f64>(p, t2, f64x2.splat(0.19235933878519263));
    p = fma<f64>(p, t2, f64x2.splat(0.2219530832136838));
    p = fma<f64>(p, t2, f64x2.splat(0.2623081892525354));
    p = fma<f64>(p, t2, f64x2.splat(0.32059889797532104));
  }
  p = fma<T>(p, t2, splat<T>(0.41219858311112708));
  p = fma<T>(p, t2, splat<T>(0.57707801635557789));
  p = fma<T>(p, t2, splat<T>(0.96179669392597556));
  p = fma<T>(v128.mul<T>(p, t2), t, v128.mul<T>(t, splat<T>(2.8853900817779268)));
  const fraction = v128.mul<T>(e, p);
  const most = splat<T>(sizeof<T>() == 4 ? 126 : 1022);
  const exponent = fma<T>(e, k, fraction);
  const inside = v128.and(v128.gt<T>(x, splat<T>(0)), v128.gt<T>(exponent, v128.neg<T>(most)));
  const shifted = v128.add<T>(v128.pmin<T>(exponent, most), magic<T>());
  const n = v128.sub<T>(shifted, magic<T>());
  let r: v128;
  if (ASC_FEATURE_RELAXED_SIMD) {
    r = v128.add<T>(v128.relaxed_madd<T>(e, k, v128.neg<T>(n)), fraction);
  } else {
    // e k without rounding: the head of e leaves room for the 8 (11) bits of k.
    const head = v128.and(e, sizeof<T>() == 4 ? i32x4.splat(0xffffff00) : i64x2.splat(0xfffffffffffff000));
    r = v128.add<T>(v128.sub<T>(v128.mul<T>(head, k), n), v128.add<T>(v128.mul<T>(v128.sub<T>(e, head), k), fraction));
  }
  // Beyond 2^126 (2^1022) the result is only large; r must not run away there.
  return v128.and(exp2<T>(shifted, v128.pmin<T>(r, one)), inside);
}
