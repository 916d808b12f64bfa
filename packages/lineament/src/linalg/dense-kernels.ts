import type { DenseLayer } from "./engine.ts";
import type { Matrix } from "./matrix.ts";

// The arithmetic of infinitely wide dense networks, once for all engines (the wasm kernels repeat `pairThroughLayer`
// for tiles). Closed forms: Cho & Saul, NIPS 2009 (piecewise linear); Williams, NIPS 1996 (erf).
//
// A pair of rows is known by its variances a, b and by the gap γ = 1 − c/√(ab) = 1 − cos θ, half the squared distance
// between the two directions. The covariance c says nothing about an angle below 1e-8, and its noise grows to that in
// every layer; the gap keeps all digits of small angles, and biases and kinks change it without cancellation.

/** Rows between two layers, one entry a row. */
export interface Rows {
  /** a = K(x, x). */
  readonly variances: Float64Array;
  /** Θ(x, x). */
  readonly tangents: Float64Array;
  /** ∂a/∂a₀. */
  readonly slopes: Float64Array;
}

/** The rows of x as inputs: directions x̂ = x/‖x‖ (0 for a zero row), and K⁰(x, x) = scale ‖x‖². */
export function inputRows(
  { data, rows, cols }: Matrix,
  scale: number,
  start = 0,
  end = rows,
): { directions: Float64Array; variances: Float64Array } {
  const directions = new Float64Array((end - start) * cols);
  const variances = new Float64Array(end - start);
  for (let i = start; i < end; i++) {
    let square = 0;
    for (let k = 0; k < cols; k++) square += data[i * cols + k]! * data[i * cols + k]!;
    const norm = Math.sqrt(square);
    variances[i - start] = scale * square;
    if (norm > 0)
      for (let k = 0; k < cols; k++) directions[(i - start) * cols + k] = data[i * cols + k]! / norm;
  }
  return { directions, variances };
}

export function firstRows(variances: Float64Array): Rows {
  return {
    variances,
    tangents: new Float64Array(variances.length),
    slopes: new Float64Array(variances.length).fill(1),
  };
}

/** Inner products of directions above this lose digits of the angle: such pairs are measured by their distance. */
export const NEARLY_PARALLEL = 0.999;
/** Sines up to this are rounding: derivatives that diverge between parallel rows are 0 there. */
export const PARALLEL = 2 ** -44;

/** What rows bring to one layer, whose dense part turns a into a′ and whose activation turns a′ into a″. */
export interface RowTerms {
  /** All terms, one after the other in the order of this interface. */
  readonly buffer: Float64Array;
  /** √a. */
  readonly before: Float64Array;
  /** σ_w √(a/a′) and σ_b/√a′: the direction after the dense layer is (weightShare x̂, biasShare), a unit vector. */
  readonly weightShare: Float64Array;
  readonly biasShare: Float64Array;
  /** √a′. */
  readonly root: Float64Array;
  /** 1/√a′, 0 for a′ = 0. */
  readonly inverse: Float64Array;
  /** ∂a′/∂a₀. */
  readonly slope: Float64Array;
  /** erf: the cosine √(2B²a′/(1 + 2B²a′)) and the sine 1/√(1 + 2B²a′) of one angle. */
  readonly cosine: Float64Array;
  readonly sine: Float64Array;
  /** erf: 1/√a″, 0 for a″ = 0. */
  readonly inverseAfter: Float64Array;
}

export const ROW_TERMS = 9;

/** Takes rows through one layer: their terms, and the rows behind it. */
export function rowsThroughLayer(layer: DenseLayer, rows: Rows): { terms: RowTerms; rows: Rows } {
  const count = rows.variances.length;
  const buffer = new Float64Array(ROW_TERMS * count);
  const part = (index: number): Float64Array => buffer.subarray(index * count, (index + 1) * count);
  const terms: RowTerms = {
    buffer,
    before: part(0),
    weightShare: part(1),
    biasShare: part(2),
    root: part(3),
    inverse: part(4),
    slope: part(5),
    cosine: part(6),
    sine: part(7),
    inverseAfter: part(8),
  };
  const after: Rows = {
    variances: new Float64Array(count),
    tangents: new Float64Array(count),
    slopes: new Float64Array(count),
  };
  const { weightVariance, biasVariance, weightRate, biasRate, activation } = layer;
  const scales = scalesOf(layer);
  for (let i = 0; i < count; i++) {
    const old = rows.variances[i]!;
    const a = weightVariance * old + biasVariance;
    const root = Math.sqrt(a);
    terms.before[i] = Math.sqrt(old);
    terms.weightShare[i] = biasVariance === 0 ? 1 : Math.sqrt((weightVariance * old) / a);
    terms.biasShare[i] = biasVariance === 0 ? 0 : Math.sqrt(biasVariance / a);
    terms.root[i] = root;
    terms.inverse[i] = inverseOf(root);
    terms.slope[i] = weightVariance * rows.slopes[i]!;
    // κ(a, a, a), κ̇(a, a, a) and dκ(a, a, a)/da; without an activation a, 1 and 1.
    let [variance, meanSquareSlope, derivative] = [a, 1, 1];
    if (activation?.form === "piecewise-linear") {
      variance = scales.meanSquareSlope * a;
      derivative = meanSquareSlope = scales.meanSquareSlope;
    } else if (activation?.form === "erf") {
      const b2a = 2 * scales.frequency2 * a;
      terms.cosine[i] = Math.sqrt(b2a / (1 + b2a));
      terms.sine[i] = 1 / Math.sqrt(1 + b2a);
      variance = scales.arc * Math.atan2(b2a, Math.sqrt(1 + 2 * b2a)) + scales.offset2;
      meanSquareSlope = scales.slope / Math.sqrt(1 + 2 * b2a);
      derivative = meanSquareSlope / (1 + b2a);
      terms.inverseAfter[i] = inverseOf(Math.sqrt(variance));
    }
    after.variances[i] = variance;
    after.tangents[i] =
      meanSquareSlope * (weightVariance * (weightRate * old + rows.tangents[i]!) + biasRate * biasVariance);
    after.slopes[i] = derivative * terms.slope[i]!;
  }
  return { terms, rows: after };
}

const inverseOf = (root: number): number => (root === 0 ? 0 : 1 / root);

/** The constants of a layer; those of other forms are 0. */
export interface LayerScales {
  /** Piecewise linear: (α² + β²)/2, D = (α − β)²/2π, and D over the former. */
  readonly meanSquareSlope: number;
  readonly kink: number;
  readonly relativeKink: number;
  /** Erf: 2A²/π, C², 4A²B²/π, B². */
  readonly arc: number;
  readonly offset2: number;
  readonly slope: number;
  readonly frequency2: number;
}

export function scalesOf({ activation }: DenseLayer): LayerScales {
  const none = { meanSquareSlope: 0, kink: 0, relativeKink: 0, arc: 0, offset2: 0, slope: 0, frequency2: 0 };
  switch (activation?.form) {
    case undefined:
      return none;
    case "piecewise-linear": {
      const { negative, positive } = activation;
      const meanSquareSlope = (negative ** 2 + positive ** 2) / 2;
      const kink = (negative - positive) ** 2 / (2 * Math.PI);
      return { ...none, meanSquareSlope, kink, relativeKink: kink === 0 ? 0 : kink / meanSquareSlope };
    }
    case "erf": {
      const [amplitude2, frequency2] = [activation.amplitude ** 2, activation.frequency ** 2];
      return {
        ...none,
        arc: (2 * amplitude2) / Math.PI,
        offset2: activation.offset ** 2,
        slope: (4 * amplitude2 * frequency2) / Math.PI,
        frequency2,
      };
    }
  }
}

/** A pair of rows between two layers. Derivatives are with respect to the input covariance c₀ and the variance a₀ of x. */
export interface Pair {
  /** γ = 1 − c/√(ab). */
  readonly gap: number;
  /** Θ. */
  readonly tangent: number;
  /** ∂c/∂c₀ and ∂c/∂a₀. */
  readonly byCovariance: number;
  readonly byVariance: number;
  /** ∂Θ/∂c₀ and ∂Θ/∂a₀. */
  readonly tangentByCovariance: number;
  readonly tangentByVariance: number;
}

/** A pair of inputs from the inner product of the directions, or from their distance where it loses digits. */
export function firstPair(x: Float64Array, i: number, z: Float64Array, j: number, d: number): Pair {
  let [product, square] = [0, 0];
  for (let k = 0; k < d; k++) product += x[i * d + k]! * z[j * d + k]!;
  if (product > NEARLY_PARALLEL) for (let k = 0; k < d; k++) square += (x[i * d + k]! - z[j * d + k]!) ** 2;
  return {
    gap: product > NEARLY_PARALLEL ? square / 2 : 1 - product,
    tangent: 0,
    byCovariance: 1,
    byVariance: 0,
    tangentByCovariance: 0,
    tangentByVariance: 0,
  };
}

/** Takes row i of x and row j of z through one layer. */
export function pairThroughLayer(
  layer: DenseLayer,
  x: RowTerms,
  i: number,
  z: RowTerms,
  j: number,
  old: Pair,
): Pair {
  const { weightVariance, biasVariance, weightRate, biasRate, activation } = layer;
  const covariance = x.before[i]! * z.before[j]! * (1 - old.gap);
  const weights = x.weightShare[i]! - z.weightShare[j]!;
  const biases = x.biasShare[i]! - z.biasShare[j]!;
  const pair: Pair = {
    gap: x.weightShare[i]! * z.weightShare[j]! * old.gap + (weights * weights + biases * biases) / 2,
    tangent: weightVariance * (weightRate * covariance + old.tangent) + biasRate * biasVariance,
    byCovariance: weightVariance * old.byCovariance,
    byVariance: weightVariance * old.byVariance,
    tangentByCovariance: weightVariance * (weightRate * old.byCovariance + old.tangentByCovariance),
    tangentByVariance: weightVariance * (weightRate * old.byVariance + old.tangentByVariance),
  };
  switch (activation?.form) {
    case undefined:
      return pair;
    case "piecewise-linear":
      return throughKink(scalesOf(layer), x, i, z, j, pair);
    case "erf":
      return throughErf(scalesOf(layer), x, i, z, j, pair);
  }
}

/**
 * κ = D s + κ̇ c, κ̇ = (α² + β²)/2 − D θ with s = √(ab) sin θ, so that γ″ = γ′ − D/((α² + β²)/2) (sin θ − θ cos θ).
 * ∂κ/∂a = D s/2a; ∂κ̇/∂c = D/s, ∂κ̇/∂a = −D c/2as.
 */
function throughKink(scales: LayerScales, x: RowTerms, i: number, z: RowTerms, j: number, pair: Pair): Pair {
  const { meanSquareSlope, kink, relativeKink } = scales;
  const { gap } = pair;
  const cos = 1 - gap;
  const sin = Math.sqrt(Math.max(0, gap * (2 - gap)));
  const theta = Math.atan2(sin, cos);
  const slope = meanSquareSlope - kink * theta;
  const inverseSin = sin <= PARALLEL ? 0 : 1 / sin;
  const half = (x.slope[i]! * x.inverse[i]!) / 2;
  const valueByVariance = kink * sin * z.root[j]! * half;
  const slopeByCovariance = kink * inverseSin * x.inverse[i]! * z.inverse[j]!;
  const slopeByVariance = -kink * inverseSin * cos * x.inverse[i]! * half;
  return {
    gap: gap - relativeKink * sineMinusArc(theta, sin, cos),
    tangent: slope * pair.tangent,
    ...derivatives(pair, slope, valueByVariance, slopeByCovariance, slopeByVariance),
  };
}

/** sin θ − θ cos θ, by its series (remainder below 1e-15 θ²) where the difference would cancel. */
function sineMinusArc(theta: number, sin: number, cos: number): number {
  if (theta >= 0.25) return sin - theta * cos;
  const t = theta * theta;
  return (
    theta *
    t *
    (1 / 3 - t * (1 / 30 - t * (1 / 840 - t * (1 / 45360 - t * (1 / 3991680 - t * (1 / 518918400))))))
  );
}

/**
 * κ = (2A²/π) asin w + C² with w = 2B²c/√((1 + 2B²a)(1 + 2B²b)) = u_x u_z (1 − γ′) for the cosines u of the rows;
 * 1 − w is half the squared distance of two unit vectors. κ̇ = (4A²B²/π) v_x v_z/√(1 − w²) for the sines v.
 */
function throughErf(scales: LayerScales, x: RowTerms, i: number, z: RowTerms, j: number, pair: Pair): Pair {
  const { arc, offset2, slope: steepness, frequency2 } = scales;
  const [u, v] = [x.cosine[i]! * z.cosine[j]!, x.sine[i]! * z.sine[j]!];
  const difference = x.cosine[i]! - z.cosine[j]!;
  const distance = (difference ** 2 + x.sine[i]! ** 2 + z.sine[j]! ** 2) / 2 + u * pair.gap;
  const cos2 = distance * (2 - distance);
  const value = arc * Math.atan2(u * (1 - pair.gap), Math.sqrt(cos2)) + offset2;
  const slope = (steepness * v) / Math.sqrt(cos2);
  const covariance = x.root[i]! * z.root[j]! * (1 - pair.gap);
  const share = frequency2 * x.sine[i]! ** 2;
  return {
    gap: Math.max(0, 1 - value * x.inverseAfter[i]! * z.inverseAfter[j]!),
    tangent: slope * pair.tangent,
    ...derivatives(
      pair,
      slope,
      -slope * share * covariance * x.slope[i]!,
      (slope * share * 4 * frequency2 * z.sine[j]! ** 2 * covariance) / cos2,
      (-slope * share * x.slope[i]!) / cos2,
    ),
  };
}

/** The chain rule of an activation; `…ByVariance` already hold ∂a′/∂a₀. */
function derivatives(
  pair: Pair,
  slope: number,
  valueByVariance: number,
  slopeByCovariance: number,
  slopeByVariance: number,
): Pick<Pair, "byCovariance" | "byVariance" | "tangentByCovariance" | "tangentByVariance"> {
  const change = slopeByCovariance * pair.byVariance + slopeByVariance;
  return {
    byCovariance: slope * pair.byCovariance,
    byVariance: slope * pair.byVariance + valueByVariance,
    tangentByCovariance:
      slope * pair.tangentByCovariance + slopeByCovariance * pair.byCovariance * pair.tangent,
    tangentByVariance: slope * pair.tangentByVariance + change * pair.tangent,
  };
}
