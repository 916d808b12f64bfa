import { fma, fnma, larger, select } from "./simd";

// Infinitely wide dense networks on tiles of pairs of rows, always in float64. Formulas, names and the meaning of the
// terms are those of `linalg/dense-kernels.ts`: γ = 1 − cos θ and, where asked for, Θ and derivatives go through one
// layer at a time. Everything but the derivatives by the variance of x is symmetric in x and z, rounding included.

// Planes of the state, one tile each: γ, Θ, ∂c/∂c₀, ∂c/∂a₀, ∂Θ/∂c₀, ∂Θ/∂a₀.
// Modes, by the planes that are carried:
//   0  γ
//   1  γ, Θ
//   2  γ, ∂c/∂c₀, ∂c/∂a₀
//   3  all

@inline
const PARALLEL: f64 = 5.684341886080802e-14; // 2^-44
@inline
const OPPOSITE: f64 = 4.76837158203125e-7; // 2^-21
@inline
const GAP_NOISE: f64 = 1.7763568394002505e-15; // 2^-49

@inline
function constant(x: f64): v128 {
  return f64x2.splat(x);
}

// Minimax polynomials, in memory because it is faster to load a constant than to make one: (asin √w/√w − 1)/w for w ≤ ¼
// (relative error of the arcsine 2e-17), and (√(1 − w) − (1 − 2w) asin √w/√w)/w for w ≤ 1/64 (relative error 3e-17).
@inline
const ARCSINE: usize = memory.data<f64>([
  0.166666666666653828, 0.07500000000343055, 0.0446428568234748027, 0.0303819593314950897, 0.0223717535194373787,
  0.0173597711394640347, 0.0138845983422852357, 0.0121732792898284293, 0.00651085591816927484, 0.019573894384705837,
  -0.0162940498012044902, 0.0319589466313383532,
]);
@inline
const LIFT: usize = memory.data<f64>([
  1.3333333333333333, 0.133333333333494426, 0.0428571427376782893, 0.0198413022234703733, 0.011044017448526542,
  0.00710643545805321913,
]);

@inline
function coefficient(table: usize, index: usize): v128 {
  return v128.load64_splat(table + 8 * index);
}

/** c_i + c_{i+1} x */
@inline
function linear(table: usize, index: usize, x: v128): v128 {
  return fma<f64>(coefficient(table, index + 1), x, coefficient(table, index));
}

/** The twelve (six) terms by Estrin's scheme: a chain of multiplications as long as Horner's would be waited for. */
@inline
function arcsine(w: v128): v128 {
  const w2 = f64x2.mul(w, w);
  const w4 = f64x2.mul(w2, w2);
  const low = fma<f64>(linear(ARCSINE, 2, w), w2, linear(ARCSINE, 0, w));
  const middle = fma<f64>(linear(ARCSINE, 6, w), w2, linear(ARCSINE, 4, w));
  const high = fma<f64>(linear(ARCSINE, 10, w), w2, linear(ARCSINE, 8, w));
  return fma<f64>(fma<f64>(high, w4, middle), w4, low);
}

@inline
function lift(w: v128): v128 {
  const w2 = f64x2.mul(w, w);
  return fma<f64>(fma<f64>(linear(LIFT, 4, w), w2, linear(LIFT, 2, w)), w2, linear(LIFT, 0, w));
}

/**
 * arccos of `cos` in [0, 1], to the last digits also where it is small: 2 asin √(gap/2) of gap = 1 − cos ≤ ½, else
 * π/2 − asin cos; `chord` = √(2 gap). `sine` gives the arcsine of `cos` instead, to the last digits where that is small.
 */
@inline
function angle(gap: v128, cos: v128, chord: v128, sine: bool): v128 {
  const half = constant(0.5);
  const wide = f64x2.gt(gap, half);
  const w = select(f64x2.mul(cos, cos), f64x2.mul(gap, half), wide);
  const t = select(sine ? cos : f64x2.neg(cos), sine ? f64x2.neg(chord) : chord, wide);
  const quarter = constant(1.5707963267948966);
  const shift = sine ? v128.andnot(quarter, wide) : v128.and(quarter, wide);
  return fma<f64>(f64x2.mul(t, w), arcsine(w), f64x2.add(t, shift));
}

/** Term `index` of row i, in both lanes. */
@inline
function term(terms: usize, count: i32, index: i32, i: i32): v128 {
  return v128.load64_splat(terms + (index * count + i) * 8);
}

@inline
function pass(
  form: i32, mode: i32, state: usize, rows: i32, stride: i32, termsX: usize, countX: i32, termsZ: usize, countZ: i32,
  weightVariance: f64, weightRate: f64, bias: f64, p0: f64, p1: f64, p2: f64, p3: f64,
): void {
  const withTangent = mode == 1 || mode == 3;
  const withDerivatives = mode >= 2;
  const bytes = stride * 8;
  const plane = rows * bytes;
  const column = countZ * 8;
  const one = constant(1);
  const half = constant(0.5);
  const zero = constant(0);
  const weight = constant(weightVariance);
  const rate = constant(weightRate);
  const shift = constant(bias);
  for (let i = 0; i < rows; i++) {
    const before = term(termsX, countX, 0, i);
    const share = term(termsX, countX, 1, i);
    const biasShare = term(termsX, countX, 2, i);
    const root = term(termsX, countX, 3, i);
    const inverse = term(termsX, countX, 4, i);
    const own = term(termsX, countX, 5, i);
    const cosine = term(termsX, countX, 6, i);
    const sine = term(termsX, countX, 7, i);
    const inverseAfter = term(termsX, countX, 8, i);
    for (let at = 0; at < bytes; at += 16) {
      const to = state + at;
      const from = termsZ + at;
      let gap = v128.load(to);
      let tangent = zero;
      let byC = zero, byA = zero, tangentByC = zero, tangentByA = zero;

      if (withTangent) {
        const covariance = f64x2.mul(f64x2.mul(before, v128.load(from)), f64x2.sub(one, gap));
        tangent = fma<f64>(weight, fma<f64>(rate, covariance, v128.load(to + plane)), shift);
      }
      if (withDerivatives) {
        byC = v128.load(to + 2 * plane);
        byA = v128.load(to + 3 * plane);
        if (withTangent) {
          tangentByC = f64x2.mul(weight, fma<f64>(rate, byC, v128.load(to + 4 * plane)));
          tangentByA = f64x2.mul(weight, fma<f64>(rate, byA, v128.load(to + 5 * plane)));
        }
        byC = f64x2.mul(weight, byC);
        byA = f64x2.mul(weight, byA);
      }
      const otherShare = v128.load(from + column);
      const weights = f64x2.sub(share, otherShare);
      const biases = f64x2.sub(biasShare, v128.load(from + 2 * column));
      gap = fma<f64>(
        f64x2.mul(share, otherShare), gap, f64x2.mul(half, fma<f64>(weights, weights, f64x2.mul(biases, biases))),
      );

      if (form == 1) {
        // p0 = (α² + β²)/2, p1 = D, p2 = D/p0
        const kink = constant(p1);
        const opposite = f64x2.sub(constant(2), gap);
        const nearest = larger<f64>(f64x2.pmin(gap, opposite), zero);
        const cos = f64x2.sub(one, gap);
        const sin = f64x2.sqrt(f64x2.mul(nearest, f64x2.sub(constant(2), nearest)));
        const chord = f64x2.sqrt(f64x2.add(nearest, nearest));
        const acute = angle(nearest, f64x2.abs(cos), chord, false);
        const theta = select(f64x2.sub(constant(3.141592653589793), acute), acute, f64x2.lt(cos, zero));
        const slope = fnma<f64>(kink, theta, constant(p0));
        if (withDerivatives) {
          const halfway = f64x2.mul(f64x2.mul(own, inverse), half);
          const valueByA = f64x2.mul(f64x2.mul(f64x2.mul(kink, sin), v128.load(from + 3 * column)), halfway);
          if (withTangent) {
            const least = select(constant(OPPOSITE), constant(PARALLEL), f64x2.lt(cos, zero));
            const apart = f64x2.gt(sin, least);
            const kinkBySin = f64x2.mul(v128.and(f64x2.div(kink, sin), apart), inverse);
            const slopeByC = f64x2.mul(kinkBySin, v128.load(from + 4 * column));
            const slopeByA = f64x2.neg(f64x2.mul(f64x2.mul(kinkBySin, cos), halfway));
            tangentByC = fma<f64>(slope, tangentByC, f64x2.mul(f64x2.mul(slopeByC, byC), tangent));
            tangentByA = fma<f64>(slope, tangentByA, f64x2.mul(fma<f64>(slopeByC, byA, slopeByA), tangent));
          }
          byC = f64x2.mul(slope, byC);
          byA = fma<f64>(slope, byA, valueByA);
        }
        if (withTangent) tangent = f64x2.mul(slope, tangent);
        // sin θ − θ cos θ, as a series where the difference would cancel
        const w = f64x2.mul(nearest, half);
        const lifted = select(
          f64x2.mul(f64x2.mul(chord, w), lift(w)), fnma<f64>(theta, cos, sin), f64x2.lt(gap, constant(0.03125)),
        );
        gap = fnma<f64>(constant(p2), lifted, gap);
      } else if (form == 2) {
        // p0 = 2A²/π, p1 = C², p2 = 4A²B²/π, p3 = B²
        const otherCosine = v128.load(from + 6 * column);
        const otherSine = v128.load(from + 7 * column);
        const difference = f64x2.sub(cosine, otherCosine);
        const u = f64x2.mul(cosine, otherCosine);
        const cos = f64x2.sub(one, gap);
        const ends = f64x2.add(f64x2.mul(sine, sine), f64x2.mul(otherSine, otherSine));
        const least = f64x2.mul(half, fma<f64>(difference, difference, ends));
        const apart = fma<f64>(u, gap, least); // 1 − w
        const together = fma<f64>(u, f64x2.sub(constant(2), gap), least); // 1 + w
        const cos2 = f64x2.mul(apart, together);
        const w = f64x2.mul(u, cos);
        const y = f64x2.abs(w);
        const nearest = f64x2.pmin(apart, together);
        const chord = f64x2.sqrt(f64x2.add(nearest, nearest));
        const arc = v128.xor(angle(nearest, y, chord, true), v128.xor(w, y)); // with the sign of w
        const value = fma<f64>(constant(p0), arc, constant(p1));
        if (withTangent || withDerivatives) {
          const slope = f64x2.div(f64x2.mul(constant(p2), f64x2.mul(sine, otherSine)), f64x2.sqrt(cos2));
          if (withDerivatives) {
            const covariance = f64x2.mul(f64x2.mul(root, v128.load(from + 3 * column)), cos);
            const steep = f64x2.mul(slope, f64x2.mul(constant(p3), f64x2.mul(sine, sine)));
            const valueByA = f64x2.mul(f64x2.mul(steep, covariance), own);
            if (withTangent) {
              const steeper = f64x2.div(steep, cos2);
              const other = f64x2.mul(constant(4 * p3), f64x2.mul(otherSine, otherSine));
              const slopeByC = f64x2.mul(f64x2.mul(steeper, other), covariance);
              const slopeByA = f64x2.mul(steeper, own);
              tangentByC = fma<f64>(slope, tangentByC, f64x2.mul(f64x2.mul(slopeByC, byC), tangent));
              tangentByA = fma<f64>(
                slope, tangentByA, f64x2.mul(f64x2.sub(f64x2.mul(slopeByC, byA), slopeByA), tangent),
              );
            }
            byC = f64x2.mul(slope, byC);
            byA = f64x2.sub(f64x2.mul(slope, byA), valueByA);
          }
          if (withTangent) tangent = f64x2.mul(slope, tangent);
        }
        const inverses = f64x2.mul(inverseAfter, v128.load(from + 8 * column));
        gap = fnma<f64>(value, inverses, one);
        gap = v128.and(gap, f64x2.gt(gap, constant(GAP_NOISE)));
      }

      v128.store(to, gap);
      if (withTangent) v128.store(to + plane, tangent);
      if (withDerivatives) {
        v128.store(to + 2 * plane, byC);
        v128.store(to + 3 * plane, byA);
        if (withTangent) {
          v128.store(to + 4 * plane, tangentByC);
          v128.store(to + 5 * plane, tangentByA);
        }
      }
    }
    state += bytes;
  }
}

@inline
function choose(
  form: i32, mode: i32, state: usize, rows: i32, stride: i32, termsX: usize, countX: i32, termsZ: usize, countZ: i32,
  weightVariance: f64, weightRate: f64, bias: f64, p0: f64, p1: f64, p2: f64, p3: f64,
): void {
  if (mode == 0) pass(form, 0, state, rows, stride, termsX, countX, termsZ, countZ, weightVariance, weightRate, bias, p0, p1, p2, p3);
  else if (mode == 1) pass(form, 1, state, rows, stride, termsX, countX, termsZ, countZ, weightVariance, weightRate, bias, p0, p1, p2, p3);
  else if (mode == 2) pass(form, 2, state, rows, stride, termsX, countX, termsZ, countZ, weightVariance, weightRate, bias, p0, p1, p2, p3);
  else pass(form, 3, state, rows, stride, termsX, countX, termsZ, countZ, weightVariance, weightRate, bias, p0, p1, p2, p3);
}

/**
 * Takes a tile through one layer, in place.
 * @param form - of the activation: 0 none, 1 piecewise linear, 2 erf; p0 … p3 are its constants
 * @param state - the planes of the mode, rows × stride each, stride even
 * @param termsX - `countX` numbers a term; those of z are readable one number beyond the last
 * @param bias - ρb σb²
 */
export function denseLayer(
  form: i32, mode: i32, state: usize, rows: i32, stride: i32, termsX: usize, countX: i32, termsZ: usize, countZ: i32,
  weightVariance: f64, weightRate: f64, bias: f64, p0: f64, p1: f64, p2: f64, p3: f64,
): void {
  if (form == 0) choose(0, mode, state, rows, stride, termsX, countX, termsZ, countZ, weightVariance, weightRate, bias, p0, p1, p2, p3);
  else if (form == 1) choose(1, mode, state, rows, stride, termsX, countX, termsZ, countZ, weightVariance, weightRate, bias, p0, p1, p2, p3);
  else choose(2, mode, state, rows, stride, termsX, countX, termsZ, countZ, weightVariance, weightRate, bias, p0, p1, p2, p3);
}

/**
 * Inner products of directions to γ, in place; true when some pair is so nearly parallel (or opposite) that `gapsFromDistances`
 * is due.
 */
export function gaps(tile: usize, rows: i32, stride: i32, bound: f64): bool {
  const end = tile + rows * stride * 8;
  const one = constant(1);
  const most = constant(bound);
  let near = constant(0);
  for (; tile < end; tile += 16) {
    const product = v128.load(tile);
    near = v128.or(near, f64x2.gt(f64x2.abs(product), most));
    v128.store(tile, f64x2.sub(one, product));
  }
  return v128.any_true(near);
}

/** γ = ‖x̂ − ẑ‖²/2, or 2 − ‖x̂ + ẑ‖²/2, for the pairs with |1 − γ| > bound; directions x and z are d numbers apart. */
export function gapsFromDistances(tile: usize, rows: i32, cols: i32, stride: i32, bound: f64, x: usize, z: usize, d: i32): void {
  const one = constant(1);
  const most = constant(bound);
  for (let i = 0; i < rows; i++) {
    const row = tile + i * stride * 8;
    for (let j = 0; j < cols; j += 2) {
      const cosines = f64x2.sub(one, v128.load(row + j * 8));
      if (!v128.any_true(f64x2.gt(f64x2.abs(cosines), most))) continue;
      for (let k = j; k < min(j + 2, cols); k++) {
        const at = row + k * 8;
        const cos = 1 - load<f64>(at);
        if (abs(cos) <= bound) continue;
        const side: f64 = cos > 0 ? 1 : -1;
        store<f64>(at, 1 - side + side * squaredDistance(x + i * d * 8, z + k * d * 8, d, side) / 2);
      }
    }
  }
}

/** ‖x − side · z‖². */
function squaredDistance(x: usize, z: usize, d: i32, side: f64): f64 {
  const sides = constant(side);
  let s0 = constant(0);
  let s1 = s0;
  let k = 0;
  for (; k + 4 <= d; k += 4) {
    const d0 = f64x2.sub(v128.load(x + k * 8), f64x2.mul(sides, v128.load(z + k * 8)));
    const d1 = f64x2.sub(v128.load(x + k * 8, 16), f64x2.mul(sides, v128.load(z + k * 8, 16)));
    s0 = fma<f64>(d0, d0, s0);
    s1 = fma<f64>(d1, d1, s1);
  }
  s0 = f64x2.add(s0, s1);
  let sum = f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
  for (; k < d; k++) {
    const delta = load<f64>(x + k * 8) - side * load<f64>(z + k * 8);
    sum += delta * delta;
  }
  return sum;
}

/** out = √a √b (1 − γ); z has one root a column, readable one number beyond the last. */
export function covariances(tile: usize, rows: i32, stride: i32, rootsX: usize, rootsZ: usize, out: usize): void {
  const bytes = stride * 8;
  for (let i = 0; i < rows; i++) {
    const root = v128.load64_splat(rootsX + i * 8);
    for (let at = 0; at < bytes; at += 16)
      v128.store(out + at, f64x2.mul(f64x2.mul(root, v128.load(rootsZ + at)), f64x2.sub(constant(1), v128.load(tile + at))));
    tile += bytes;
    out += bytes;
  }
}

/** Rounds `count` numbers (even) to float32. */
export function narrow(from: usize, count: i32, to: usize): void {
  for (let t = 0; t < count; t += 2)
    v128.store64_lane(to + t * 4, f32x4.demote_f64x2_zero(v128.load(from + t * 8)), 0);
}
