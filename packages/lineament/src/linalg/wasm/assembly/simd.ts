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

// V8 makes a constant vector anew wherever it is used, which takes longer than the arithmetic around it: in inner loops
// constants are loaded.

/** −1; 1; 2; the largest exponent of a result and the smallest; √½; and 1.5 · 2^23 (2^52): adding it rounds to a whole number and leaves it in the low bits. */
const numbers32 = memory.data<f32>([-1, 1, 2, 126, -126, 0.7071067811865476, 12582912]);
const numbers64 = memory.data<f64>([-1, 1, 2, 1022, -1022, 0.7071067811865476, 6755399441055744]);

/** (−ln 2)^k / k!: a Taylor polynomial of 2^−q for |q| ≤ ½ and a little (relative error 2e-8, 1e-15). */
const exp2Terms32 = memory.data<f32>([
  1.0, -0.6931471805599453, 0.2402265069591007, -0.055504108664821576, 0.009618129107628477,
  -0.0013333558146428441, 0.00015403530393381606,
]);
const exp2Terms64 = memory.data<f64>([
  1.0, -0.6931471805599453, 0.2402265069591007, -0.055504108664821576, 0.009618129107628477,
  -0.0013333558146428441, 0.00015403530393381606, -1.5252733804059838e-05, 1.3215486790144305e-06, -1.0178086009239696e-07,
  7.054911620801121e-09, -4.44553827187081e-10, 2.5678435993488196e-11,
]);

/** Of log2 m, an odd polynomial in (m − 1) / (m + 1), from the first power on. */
const log2Terms32 = memory.data<f32>([
  2.8853900817779268, 0.9617966939259757, 0.5770780163555853, 0.41219858311113244, 0.3205988979753252,
]);
const log2Terms64 = memory.data<f64>([
  2.8853900817779268, 0.9617966939259757, 0.5770780163555853, 0.41219858311113244, 0.3205988979753252,
  0.2623081892525388, 0.2219530832136867, 0.19235933878519512, 0.16972882833987804, 0.15186263588304877,
  0.1373995277037108,
]);

@inline
function entry<T>(single: usize, double: usize, i: i32): v128 {
  return v128.load_splat<T>((sizeof<T>() == 4 ? single : double) + i * sizeof<T>());
}

@inline
export function minusOne<T>(): v128 {
  return entry<T>(numbers32, numbers64, 0);
}

@inline
export function one<T>(): v128 {
  return entry<T>(numbers32, numbers64, 1);
}

@inline
export function two<T>(): v128 {
  return entry<T>(numbers32, numbers64, 2);
}

@inline
function most<T>(): v128 {
  return entry<T>(numbers32, numbers64, 3);
}

@inline
function least<T>(): v128 {
  return entry<T>(numbers32, numbers64, 4);
}

@inline
function rootOfHalf<T>(): v128 {
  return entry<T>(numbers32, numbers64, 5);
}

@inline
function magic<T>(): v128 {
  return entry<T>(numbers32, numbers64, 6);
}

@inline
function exp2Term<T>(k: i32): v128 {
  return entry<T>(exp2Terms32, exp2Terms64, k);
}

@inline
function log2Term<T>(k: i32): v128 {
  return entry<T>(log2Terms32, log2Terms64, k);
}

const signless32 = memory.data<u32>([0x7fffffff]);
const signless64 = memory.data<u64>([0x7fffffffffffffff]);

/** |x|, by a mask that is loaded. */
@inline
export function magnitude<T>(x: v128): v128 {
  return v128.and(x, entry<T>(signless32, signless64, 0));
}

/** 2^(n − q) with `shifted` = magic + n. */
@inline
function assemble<T>(shifted: v128, q: v128): v128 {
  const q2 = v128.mul<T>(q, q);
  let high: v128;
  if (sizeof<T>() == 4) {
    high = exp2Term<T>(6);
  } else {
    high = exp2Term<T>(12);
    high = fma<T>(high, q, exp2Term<T>(11));
    high = fma<T>(high, q, exp2Term<T>(10));
    high = fma<T>(high, q, exp2Term<T>(9));
    high = fma<T>(high, q, exp2Term<T>(8));
    high = fma<T>(high, q, exp2Term<T>(7));
    high = fma<T>(high, q, exp2Term<T>(6));
  }
  // Pairs of terms do not wait for each other.
  high = fma<T>(high, q2, fma<T>(exp2Term<T>(5), q, exp2Term<T>(4)));
  const middle = fma<T>(exp2Term<T>(3), q, exp2Term<T>(2));
  const low = fma<T>(exp2Term<T>(1), q, exp2Term<T>(0));
  const p = fma<T>(fma<T>(high, q2, middle), q2, low);
  return sizeof<T>() == 4 ? i32x4.add(p, i32x4.shl(shifted, 23)) : i64x2.add(p, i64x2.shl(shifted, 52));
}

/** e^−t = 2^(−t log2 e). */
export const LOG2E = 1.4426950408889634;

/** 2^−t for t ≥ 0; 0 where the result would be subnormal. */
@inline
export function halvings<T>(t: v128): v128 {
  const clamped = v128.pmin<T>(t, most<T>());
  const shifted = v128.sub<T>(magic<T>(), clamped);
  const q = v128.add<T>(v128.sub<T>(shifted, magic<T>()), clamped);
  return v128.andnot(assemble<T>(shifted, q), v128.gt<T>(t, most<T>())); // NaN stays NaN
}

/** x^e for x ≥ 0; 0 at x = 0 for every e. x = 2^k m with m in [√½, √2), x^e = 2^(e k + e log2 m). */
@inline
export function pow<T>(x: v128, e: v128): v128 {
  let k: v128, m: v128;
  if (sizeof<T>() == 4) {
    const exponent = i32x4.shr_s(i32x4.sub(x, rootOfHalf<T>()), 23);
    m = i32x4.sub(x, i32x4.shl(exponent, 23));
    k = f32x4.convert_i32x4_s(exponent);
  } else {
    const exponent = i64x2.shr_s(i64x2.sub(x, rootOfHalf<T>()), 52);
    m = i64x2.sub(x, i64x2.shl(exponent, 52));
    // Whole numbers below 2^51 become doubles by the trick of `magic`.
    k = f64x2.sub(i64x2.add(exponent, magic<T>()), magic<T>());
  }
  const t = v128.div<T>(v128.add<T>(m, minusOne<T>()), v128.sub<T>(m, minusOne<T>()));
  const t2 = v128.mul<T>(t, t);
  let p: v128;
  if (sizeof<T>() == 4) {
    p = log2Term<T>(4);
  } else {
    p = log2Term<T>(10);
    p = fma<T>(p, t2, log2Term<T>(9));
    p = fma<T>(p, t2, log2Term<T>(8));
    p = fma<T>(p, t2, log2Term<T>(7));
    p = fma<T>(p, t2, log2Term<T>(6));
    p = fma<T>(p, t2, log2Term<T>(5));
    p = fma<T>(p, t2, log2Term<T>(4));
  }
  p = fma<T>(p, t2, log2Term<T>(3));
  p = fma<T>(p, v128.mul<T>(t2, t2), fma<T>(log2Term<T>(2), t2, log2Term<T>(1)));
  p = fma<T>(v128.mul<T>(p, t2), t, v128.mul<T>(t, log2Term<T>(0)));
  const fraction = v128.mul<T>(e, p);
  const exponent = fma<T>(e, k, fraction);
  const inside = v128.and(v128.gt<T>(x, splat<T>(0)), v128.gt<T>(exponent, least<T>()));
  const shifted = v128.add<T>(v128.pmin<T>(exponent, most<T>()), magic<T>());
  const n = v128.sub<T>(shifted, magic<T>());
  let q: v128;
  if (ASC_FEATURE_RELAXED_SIMD) {
    q = v128.sub<T>(v128.relaxed_nmadd<T>(e, k, n), fraction);
  } else {
    // e k without rounding: the head of e leaves room for the 8 (11) bits of k.
    const head = v128.and(e, sizeof<T>() == 4 ? i32x4.splat(0xffffff00) : i64x2.splat(0xfffffffffffff000));
    q = v128.sub<T>(v128.sub<T>(n, v128.mul<T>(head, k)), v128.add<T>(v128.mul<T>(v128.sub<T>(e, head), k), fraction));
  }
  // Beyond 2^126 (2^1022) the result is only large; q must not run away there.
  return v128.and(assemble<T>(shifted, larger<T>(q, minusOne<T>())), inside);
}
