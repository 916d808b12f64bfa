import type { DenseLayer } from "./engine.ts";

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

/** Rows in front of the first layer, from their K⁰(x, x). */
export function inputRows(variances: Float64Array): Rows {
  const count = variances.length;
  return {
    variances: variances.slice(),
    tangents: new Float64Array(count),
    slopes: new Float64Array(count).fill(1),
  };
}

/** Inner products of directions beyond ± this lose digits of the angle: such pairs are measured by their distance. */
export const NEARLY_PARALLEL = 0.999;
/**
 * Sines up to this are rounding, near angle 0 and near π (where the gap, close to 2, knows less): derivatives that
 * diverge between parallel rows are 0 there.
 */
const PARALLEL = 2 ** -44;
const OPPOSITE = 2 ** -21;
/** What the difference 1 − c/√(ab) leaves of a gap 0. */
const GAP_NOISE = 2 ** -49;

/** What rows bring to one layer, whose dense part turns a into a′ and whose activation turns a′ into a″. */
export interface RowTerms {
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
  /** Erf: the cosine √(2B²a′/(1 + 2B²a′)) and the sine 1/√(1 + 2B²a′) of one angle. */
  readonly cosine: Float64Array;
  readonly sine: Float64Array;
  /** Erf: 1/√a″, 0 for a″ = 0. */
  readonly inverseAfter: Float64Array;
}

export const ROW_TERMS = 9;

/** The terms of `count` rows in ROW_TERMS × count numbers, one after the other in the order of `RowTerms`. */
export function rowTerms(numbers: Float64Array, count: number): RowTerms {
  const part = (index: number): Float64Array => numbers.subarray(index * count, (index + 1) * count);
  return {
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
}

/** Takes rows through one layer: overwrites them with what is behind it, and `terms` with what they bring to it. */
export function takeRowsThroughLayer(layer: DenseLayer, rows: Rows, terms: RowTerms): void {
  const { weightVariance, biasVariance, weightRate, biasRate, activation } = layer;
  const { variances, tangents, slopes } = rows;
  for (let i = 0; i < variances.length; i++) {
    const old = variances[i]!;
    const a = weightVariance * old + biasVariance;
    const root = Math.sqrt(a);
    variances[i] = a;
    tangents[i] = weightVariance * (weightRate * old + tangents[i]!) + biasRate * biasVariance;
    slopes[i] = weightVariance * slopes[i]!;
    terms.before[i] = Math.sqrt(old);
    terms.weightShare[i] = biasVariance === 0 ? 1 : Math.sqrt((weightVariance * old) / a);
    terms.biasShare[i] = biasVariance === 0 ? 0 : Math.sqrt(biasVariance / a);
    terms.root[i] = root;
    terms.inverse[i] = root === 0 ? 0 : 1 / root;
    terms.slope[i] = slopes[i]!;
  }
  if (activation?.form === "piecewise-linear") rowsThroughKink(scalesOf(layer), rows);
  else if (activation?.form === "erf") rowsThroughErf(scalesOf(layer), rows, terms);
}

function rowsThroughKink({ meanSquareSlope }: LayerScales, { variances, tangents, slopes }: Rows): void {
  for (let i = 0; i < variances.length; i++) {
    variances[i]! *= meanSquareSlope;
    tangents[i]! *= meanSquareSlope;
    slopes[i]! *= meanSquareSlope;
  }
}

function rowsThroughErf(scales: LayerScales, { variances, tangents, slopes }: Rows, terms: RowTerms): void {
  const { arc, offset2, slope, frequency2 } = scales;
  for (let i = 0; i < variances.length; i++) {
    const steepness = 2 * frequency2 * variances[i]!;
    const root = Math.sqrt(1 + 2 * steepness);
    const a = arc * Math.atan2(steepness, root) + offset2;
    variances[i] = a;
    tangents[i]! *= slope / root;
    slopes[i]! *= slope / (root * (1 + steepness));
    terms.cosine[i] = Math.sqrt(steepness / (1 + steepness));
    terms.sine[i] = 1 / Math.sqrt(1 + steepness);
    terms.inverseAfter[i] = a === 0 ? 0 : 1 / Math.sqrt(a);
  }
}

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

/** A pair of inputs from the inner product of the directions, or from their distance (or that to −ẑ) where it loses digits. */
export function firstPair(x: Float64Array, i: number, z: Float64Array, j: number, d: number): Pair {
  let [product, square] = [0, 0];
  for (let k = 0; k < d; k++) product += x[i * d + k]! * z[j * d + k]!;
  const near = Math.abs(product) > NEARLY_PARALLEL;
  const side = Math.sign(product);
  if (near) for (let k = 0; k < d; k++) square += (x[i * d + k]! - side * z[j * d + k]!) ** 2;
  return {
    gap: near ? 1 - side + (side * square) / 2 : 1 - product,
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
  const inverseSin = sin <= (cos < 0 ? OPPOSITE : PARALLEL) ? 0 : 1 / sin;
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
export function sineMinusArc(theta: number, sin: number, cos: number): number {
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
 * 1 − w is half the squared distance of two unit vectors, 1 + w that from one to the other's opposite. κ̇ = (4A²B²/π) v_x v_z/√(1 − w²) for the sines v.
 */
function throughErf(scales: LayerScales, x: RowTerms, i: number, z: RowTerms, j: number, pair: Pair): Pair {
  const { arc, offset2, slope: steepness, frequency2 } = scales;
  const [u, v] = [x.cosine[i]! * z.cosine[j]!, x.sine[i]! * z.sine[j]!];
  const difference = x.cosine[i]! - z.cosine[j]!;
  const ends = (difference ** 2 + (x.sine[i]! ** 2 + z.sine[j]! ** 2)) / 2;
  const cos2 = (ends + u * pair.gap) * (ends + u * (2 - pair.gap));
  const value = arc * Math.atan2(u * (1 - pair.gap), Math.sqrt(cos2)) + offset2;
  const slope = (steepness * v) / Math.sqrt(cos2);
  const gap = 1 - value * (x.inverseAfter[i]! * z.inverseAfter[j]!);
  const covariance = x.root[i]! * z.root[j]! * (1 - pair.gap);
  const share = frequency2 * x.sine[i]! ** 2;
  return {
    gap: gap > GAP_NOISE ? gap : 0,
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
