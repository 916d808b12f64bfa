import {
  chebyshevCoefficients,
  chebyshevExpansion,
  chebyshevPoints,
  chebyshevPolynomials,
  chebyshevValue,
} from "./chebyshev.ts";
import { barelyPositive } from "./polar-dual.ts";
import type { PolarRule } from "./polar-rule.ts";

/** E[f(p ξ) g(q η)] as a polynomial in the standard deviations p, q and the angle θ between ξ and η. */
export interface VarianceTable {
  /** Smallest and largest standard deviation. */
  readonly range: readonly [number, number];
  /** Degree in p and q. */
  readonly degree: number;
  /** Degree in θ. */
  readonly angleDegree: number;
  /** Of T_k(p) T_l(q) T_m(θ), θ-degree by row: [m][k][l]. */
  readonly coefficients: Float64Array;
  /** Size of the last coefficients relative to the largest. */
  readonly tail: number;
}

const largestDegree = 64;
/** Degrees beyond the last that counts. */
const margin = 2;

/**
 * Chebyshev interpolation of a Gaussian expectation in √a, √b and θ, for all variances of a matrix at once: smooth also for
 * kinked f and g, because a kink at 0 stays at 0 for every variance, and θ keeps it on the same rays. The degrees are those
 * where coefficients fall below 1e-11 of the largest, or below the error of the rule: in θ at the largest variances, in √a and
 * √b at three angles.
 */
export function varianceTable(rule: PolarRule, range: readonly [number, number]): VarianceTable {
  const interval = [Math.max(range[0], Math.sqrt(barelyPositive)), range[1]] as const;
  const tolerance = Math.max(1e-11, rule.error(interval[1] ** 2));
  const coefficientsAt = (degree: number, theta: number): Float64Array => {
    const deviations = chebyshevPoints(interval, degree);
    return transformed(rule.expectations(deviations, deviations, theta), degree + 1);
  };
  const end = Float64Array.of(interval[1]);
  const inAngle = chebyshevExpansion((theta) => rule.expectations(end, end, theta)[0]!, [0, Math.PI], {
    tolerance,
  });
  const angleDegree = inAngle.degree + margin;
  let probe = 8;
  let degree = probe;
  for (;;) {
    const last = [0.4, 1.6, 2.7].map((theta) =>
      lastDegree(coefficientsAt(probe, theta), probe + 1, tolerance),
    );
    degree = Math.min(Math.max(...last) + margin, probe);
    if (degree < probe || probe >= largestDegree) break;
    probe *= 2;
  }
  const samples = Array.from(chebyshevPoints([0, Math.PI], angleDegree), (theta) =>
    coefficientsAt(degree, theta),
  );
  const layers = chebyshevCoefficients(samples);
  const size = (degree + 1) ** 2;
  const coefficients = new Float64Array(layers.length * size);
  layers.forEach((layer, m) => coefficients.set(layer, m * size));
  return { range: interval, degree, angleDegree, coefficients, tail: tail(layers, degree + 1) };
}

/**
 * An evaluator of the table at row i, column j and an angle: `size` multiplications and 10 µs when the row changes, so walk
 * along rows.
 */
export function varianceTableEvaluator(
  { range: [low, high], degree, angleDegree, coefficients }: VarianceTable,
  rows: Float64Array,
  columns: Float64Array,
): (i: number, j: number, theta: number) => number {
  const size = degree + 1;
  const scaled = (deviation: number): number => (2 * deviation - low - high) / (high - low);
  const columnBasis = new Float64Array(columns.length * size);
  columns.forEach((q, j) => chebyshevPolynomials(scaled(q), degree, columnBasis, j * size));
  const rowBasis = new Float64Array(size);
  const row = new Float64Array((angleDegree + 1) * size);
  const angular = new Float64Array(angleDegree + 1);
  let current = -1;
  const enter = (i: number): void => {
    chebyshevPolynomials(scaled(rows[i]!), degree, rowBasis);
    row.fill(0);
    for (let m = 0; m <= angleDegree; m++)
      for (let k = 0; k < size; k++) {
        const from = (m * size + k) * size;
        for (let l = 0; l < size; l++)
          row[m * size + l] = row[m * size + l]! + rowBasis[k]! * coefficients[from + l]!;
      }
    current = i;
  };
  return (i, j, theta) => {
    if (i !== current) enter(i);
    const at = j * size;
    for (let m = 0; m <= angleDegree; m++) {
      let sum = 0;
      for (let l = 0; l < size; l++) sum += row[m * size + l]! * columnBasis[at + l]!;
      angular[m] = sum;
    }
    return chebyshevValue(angular, (2 / Math.PI) * theta - 1);
  };
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
  const largest = coefficients.reduce((max, c) => Math.max(max, Math.abs(c)), 0);
  let last = 0;
  coefficients.forEach((c, at) => {
    if (Math.abs(c) > tolerance * largest) last = Math.max(last, Math.floor(at / size), at % size);
  });
  return last;
}

/** The largest coefficient of the last degree in any variable, relative to the largest of all. */
function tail(layers: readonly Float64Array[], size: number): number {
  let last = 0;
  let largest = 0;
  layers.forEach((layer, m) =>
    layer.forEach((c, at) => {
      largest = Math.max(largest, Math.abs(c));
      if (m === layers.length - 1 || Math.floor(at / size) === size - 1 || at % size === size - 1)
        last = Math.max(last, Math.abs(c));
    }),
  );
  return largest === 0 ? 0 : last / largest;
}
