import {
  chebyshevCoefficients,
  chebyshevExpansion,
  chebyshevPoints,
  chebyshevPolynomials,
  chebyshevValue,
} from "./chebyshev.ts";
import { crowding, normalExpectation } from "./half-line-rule.ts";
import { barelyPositive } from "./polar-dual.ts";
import { quadrantRule, type QuadrantRule } from "./quadrant-rule.ts";

type RealFunction = (x: number) => number;

/** E[f(p ξ) g(q η)] for ξ, η at the angle θ, as (1 + p)^r (1 + q)^s times a polynomial in p/(1 + p), q/(1 + q) and `fromAngle`(θ). */
export interface VarianceTable {
  /** Smallest and largest p/(1 + p). */
  readonly range: readonly [number, number];
  /** r and s. */
  readonly powers: readonly [number, number];
  /** λ of the angles. */
  readonly lambda: number;
  /** Degree in p and q. */
  readonly degree: number;
  /** Degree in the angle. */
  readonly angleDegree: number;
  /** Of T_k(p) T_l(q) T_m(θ), θ-degree by row: [m][k][l]. */
  readonly coefficients: Float64Array;
  /** Size of the last coefficients, or of the error of the quadrature, relative to the largest. */
  readonly error: number;
}

const largestDegree = 64;
const largestAngleDegree = 96;
/** Degrees beyond the last that counts. */
const margin = 2;
/** Coefficients below this part of the largest are left out where they save work. */
const negligible = 1e-14;

/**
 * Chebyshev interpolation of a Gaussian expectation in both standard deviations and the angle, for all variances of a matrix at
 * once: smooth also for kinked f and g, because a kink at 0 stays at 0 for every variance, and θ keeps it on the same rays.
 *
 * As functions of p/(1 + p) expectations are analytic up to p = ∞, when what grows as a power is divided by it; so the degree
 * is 15 to 30 for any range of variances. In θ they bend at a distance of 1/p from 0 and π: nodes crowd there. The degrees are
 * those where coefficients fall below 1e-11 of the largest, or below the error of the quadrature: in θ at the largest variances,
 * in p and q at three angles and their opposites.
 *
 * @param range - smallest and largest standard deviation
 * @param growth - B when |f|, |g| grow like e^(B|x|)
 */
export function varianceTable(
  f: RealFunction,
  g: RealFunction,
  range: readonly [number, number],
  growth = 0,
): VarianceTable {
  const rule = quadrantRule(f, g, growth);
  const largest = range[1];
  const quadrature = rule.error(largest);
  const tolerance = Math.max(1e-11, quadrature);
  const interval = [mapped(Math.max(range[0], Math.sqrt(barelyPositive))), mapped(largest)] as const;
  const powers = [powerOf(f, largest, growth), powerOf(g, largest, growth)] as const;
  const lambda = (3 / 8) * crowding(largest);
  const end = Float64Array.of(largest);
  const inAngle = chebyshevExpansion((t) => atAngle(rule, end, toAngle(t, lambda))[0]!, [-1, 1], {
    tolerance,
    largestDegree: largestAngleDegree,
  });
  const angleDegree = inAngle.degree + margin;

  /** At one angle and its opposite. */
  const coefficientsAt = (degree: number, theta: number): { near: Float64Array; far: Float64Array } => {
    const deviations = chebyshevPoints(interval, degree).map((t) => t / (1 - t));
    const { near, far } = rule.expectations(deviations, deviations, theta);
    const shrink = (values: Float64Array): Float64Array =>
      transformed(
        values.map(
          (value, at) =>
            value /
            (1 + deviations[Math.floor(at / (degree + 1))]!) ** powers[0] /
            (1 + deviations[at % (degree + 1)]!) ** powers[1],
        ),
        degree + 1,
      );
    return { near: shrink(near), far: shrink(far) };
  };
  let probe = 8;
  let degree = probe;
  for (;;) {
    const last = [0, 0.4, 1.2].flatMap((theta) => {
      const { near, far } = coefficientsAt(probe, theta);
      return [near, far].map((coefficients) => lastDegree(coefficients, probe + 1, tolerance));
    });
    degree = Math.min(Math.max(...last) + margin, probe);
    if (degree < probe || probe >= largestDegree) break;
    probe *= 2;
  }
  const samples: Float64Array[] = [];
  for (let k = 0; 2 * k <= angleDegree; k++) {
    const { near, far } = coefficientsAt(degree, toAngle(-Math.cos((Math.PI * k) / angleDegree), lambda));
    samples[angleDegree - k] = far;
    samples[k] = near;
  }
  const layers = chebyshevCoefficients(samples);
  const size = (degree + 1) ** 2;
  const coefficients = new Float64Array(layers.length * size);
  layers.forEach((layer, m) => coefficients.set(layer, m * size));
  const error = Math.max(quadrature, tail(layers, degree + 1));
  return { range: interval, powers, lambda, degree, angleDegree, coefficients, error };
}

/** The standard deviation p as p/(1 + p). */
function mapped(p: number): number {
  return p / (1 + p);
}

/** The whole number r that comes nearest to √E[f(p ξ)²] ~ p^r. */
function powerOf(f: RealFunction, p: number, growth: number): number {
  const square = (at: number): number => normalExpectation((x) => f(x) ** 2, at * at, 2 * growth);
  const power = Math.round(Math.log2(square(2 * p) / square(p)) / 2);
  return Number.isFinite(power) ? Math.max(0, Math.min(8, power)) : 0;
}

/** θ = π/2 (1 + tanh(λt)/tanh(λ)) for t ∈ [−1, 1], without cancellation near 0. */
function toAngle(t: number, lambda: number): number {
  return ((Math.PI / 2) * Math.sinh(lambda * (1 + t))) / (Math.cosh(lambda * t) * Math.sinh(lambda));
}

function atAngle(rule: QuadrantRule, p: Float64Array, theta: number): Float64Array {
  return theta <= Math.PI / 2
    ? rule.expectations(p, p, theta).near
    : rule.expectations(p, p, Math.max(0, Math.PI - theta)).far;
}

/**
 * An evaluator of the table at row i, column j and an angle: about 10 µs when the row changes, so walk along rows.
 */
export function varianceTableEvaluator(
  { range: [low, high], powers, lambda, degree, angleDegree, coefficients }: VarianceTable,
  rows: Float64Array,
  columns: Float64Array,
): (i: number, j: number, theta: number) => number {
  const size = degree + 1;
  const middle = 1 / (high - low);
  const basis = (deviation: number, power: number, out: Float64Array, at: number): void => {
    chebyshevPolynomials((2 * mapped(deviation) - low - high) * middle, degree, out, at);
    const scale = (1 + deviation) ** power;
    for (let l = at; l < at + size; l++) out[l]! *= scale;
  };
  const columnBasis = new Float64Array(columns.length * size);
  columns.forEach((q, j) => basis(q, powers[1], columnBasis, j * size));
  const used = usedColumns(coefficients, size);
  const rowBasis = new Float64Array(size);
  const row = new Float64Array((angleDegree + 1) * size);
  const angular = new Float64Array(angleDegree + 1);
  let current = -1;
  const enter = (i: number): void => {
    basis(rows[i]!, powers[0], rowBasis, 0);
    row.fill(0);
    for (let m = 0; m <= angleDegree; m++)
      for (let k = 0; k < size; k++) {
        const from = (m * size + k) * size;
        for (let l = 0; l < used[m]!; l++) row[m * size + l]! += rowBasis[k]! * coefficients[from + l]!;
      }
    current = i;
  };
  const edge = (2 / Math.PI) * Math.tanh(lambda);
  const opening = 1 / lambda;
  return (i, j, theta) => {
    if (i !== current) enter(i);
    const at = j * size;
    for (let m = 0; m <= angleDegree; m++) {
      let sum = 0;
      for (let l = 0, from = m * size; l < used[m]!; l++) sum += row[from + l]! * columnBasis[at + l]!;
      angular[m] = sum;
    }
    const t = Math.atanh(edge * (theta - Math.PI / 2)) * opening;
    return chebyshevValue(angular, Math.max(-1, Math.min(1, t)));
  };
}

/** For each degree in θ the number of columns with coefficients that count. */
function usedColumns(coefficients: Float64Array, size: number): Int32Array {
  const least = negligible * largestOf(coefficients);
  const used = new Int32Array(coefficients.length / size ** 2);
  coefficients.forEach((c, at) => {
    const m = Math.floor(at / size ** 2);
    if (Math.abs(c) > least) used[m] = Math.max(used[m]!, (at % size) + 1);
  });
  return used;
}

/** Chebyshev coefficients in both variables of a square of samples. */
function transformed(samples: Float64Array, size: number): Float64Array {
  const rows = Array.from({ length: size }, (_, k) => samples.subarray(k * size, (k + 1) * size));
  const inFirst = chebyshevCoefficients(rows);
  const columns = Array.from({ length: size }, (_, l) => Float64Array.from(inFirst, (row) => row[l]!));
  const out = new Float64Array(size * size);
  chebyshevCoefficients(columns).forEach((column, l) => column.forEach((c, k) => (out[k * size + l] = c)));
  return out;
}

/** The last degree in either variable with a coefficient above the tolerance. */
function lastDegree(coefficients: Float64Array, size: number, tolerance: number): number {
  const least = tolerance * largestOf(coefficients);
  let last = 0;
  coefficients.forEach((c, at) => {
    if (Math.abs(c) > least) last = Math.max(last, Math.floor(at / size), at % size);
  });
  return last;
}

/** The largest coefficient of the last degree in any variable, relative to the largest of all. */
function tail(layers: readonly Float64Array[], size: number): number {
  const largest = Math.max(...layers.map(largestOf));
  let last = 0;
  layers.forEach((layer, m) =>
    layer.forEach((c, at) => {
      if (m === layers.length - 1 || Math.floor(at / size) === size - 1 || at % size === size - 1)
        last = Math.max(last, Math.abs(c));
    }),
  );
  return largest === 0 ? 0 : last / largest;
}

function largestOf(values: Float64Array): number {
  return values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}
