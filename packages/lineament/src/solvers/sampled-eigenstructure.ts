import type { Engine } from "../linalg/index.ts";
import type { Eigenstructure, ResolvedEigenstructure } from "./eigenframework.ts";
import { leaveOneOut, type RidgeSpectrum } from "./leave-one-out.ts";

/** The eigenstructure of a kernel and a target as N rows of them show it. */
export interface SampledEigenstructure extends Eigenstructure {
  /** The smallest κ that N rows resolve, that of no ridge: everything below it is extrapolated. */
  readonly resolution: number;
  /** The power laws by which it is extrapolated, fitted to the last decade of κ above `resolution`. */
  readonly laws: PowerLaws;
}

export interface PowerLaws {
  /** α ≥ 1 of eigenvalues λ_i ∝ i^−α: the dimension grows like κ^(−1/α). `Infinity` when it does not grow. */
  readonly decay: number;
  /** C of λ_i ≈ C i^−α. 0 where eigenvalues follow no such law: α is infinite, or rises by half from the decade of κ above to this one. */
  readonly amplitude: number;
  /** σ² in remainder = σ² + c κ^β: what no number of rows would remove. */
  readonly noise: number;
  /** β > 0.1, or 0 when the remainder does not fall. */
  readonly learning: number;
}

interface Node extends ResolvedEigenstructure {
  readonly kappa: number;
}

/** Steps of the path of ridges in a decade, and how many decades it goes down from ten times the largest eigenvalue. */
const STEPS = 5;
const DECADES = 13;

/**
 * The three functions of the eigenframework read off N rows. Leave-one-out at ridge λ is a test at N rows, for which the
 * framework says: with C = (K + λI)⁻¹,
 *
 *     N κ = mean 1/C_ii,    N/(N − D₂) = mean (C²)_ii/C_ii²,    D₁ + λ/κ = N,    remainder · N/(N − D₂) = leave-one-out error,
 *
 * D₁ and D₂ being `dimension` and `squaredDimension`. Every λ thus resolves one κ, and what κ resolves is the same for any
 * number of rows and any ridge: fits to n ≠ N rows are predicted from fits to N rows under other ridges. Nothing is taken
 * from the eigenvalues of K themselves, whose tail is not that of the kernel. Below the κ of λ → 0 power laws go on.
 *
 * Means over rows, instead of traces as in generalized cross-validation, keep this right for rows of unequal density and for
 * near-duplicates, where no single C_ii stands for all.
 *
 * @see Wei, Hu and Steinhardt, arXiv:2203.06176, §4 (cross-validation as the empirical form of the eigenframework)
 */
export async function sampledEigenstructure(
  engine: Engine,
  spectrum: RidgeSpectrum,
): Promise<SampledEigenstructure> {
  const { eigenvalues } = spectrum;
  const n = eigenvalues.length;
  const largest = eigenvalues.at(-1) ?? 0;
  if (n < 2 || !(largest > 0))
    throw new RangeError(
      `sampledEigenstructure: ${n} rows with a largest eigenvalue of ${largest}; give two rows at least, and a kernel that is not 0`,
    );
  const ridges = Array.from({ length: STEPS * DECADES + 1 }, (_, t) => largest * 10 ** (1 - t / STEPS));
  const nodes: Node[] = [];
  for (const one of await leaveOneOut(engine, spectrum, ridges)) {
    const kappa = one.leftOutVariance / n;
    // Once the ridge is negligible, κ stands still and rounding is all that is left to see.
    if (nodes.length > 0 && !(kappa < 0.999 * nodes[0]!.kappa)) break;
    const dimension = Math.max(Number.MIN_VALUE, n - one.ridge / kappa);
    const squaredDimension = Math.min(dimension, n * (1 - 1 / one.noiseFactor));
    nodes.unshift({
      kappa,
      dimension,
      squaredDimension: Math.max(Number.MIN_VALUE, squaredDimension),
      remainder: Math.max(Number.MIN_VALUE, one.leaveOneOutError / one.noiseFactor),
    });
  }
  const interpolated = interpolate(nodes);
  const [first] = nodes as [Node];
  const laws = fitPowerLaws(interpolated, first.kappa);
  return {
    resolution: first.kappa,
    laws,
    at: (kappa) => (kappa < first.kappa ? extrapolate(first, laws, kappa) : interpolated(kappa)),
  };
}

/** Piecewise power laws through the nodes. Above the last one everything is as if no eigenvalue were larger than κ. */
function interpolate(nodes: readonly Node[]): (kappa: number) => ResolvedEigenstructure {
  const last = nodes.at(-1)!;
  return (kappa) => {
    if (kappa >= last.kappa) {
      const ratio = last.kappa / kappa;
      return {
        dimension: last.dimension * ratio,
        squaredDimension: last.squaredDimension * ratio ** 2,
        remainder: last.remainder,
      };
    }
    const next = nodes.findIndex((node) => node.kappa > kappa);
    const [a, b] = [nodes[Math.max(0, next - 1)]!, nodes[Math.max(1, next)]!];
    const t = Math.log(kappa / a.kappa) / Math.log(b.kappa / a.kappa);
    const between = (from: number, to: number): number => from * (to / from) ** t;
    return {
      dimension: between(a.dimension, b.dimension),
      squaredDimension: between(a.squaredDimension, b.squaredDimension),
      remainder: between(a.remainder, b.remainder),
    };
  };
}

/** D₂ = D₁ + κ D₁′ makes D₂/D₁ = 1 − 1/α where D₁ is a power of κ; the last ratio that was seen goes over into it. */
function extrapolate(
  { kappa: resolution, dimension, squaredDimension, remainder }: Node,
  { decay, noise, learning }: PowerLaws,
  kappa: number,
): ResolvedEigenstructure {
  const ratio = Math.max(Number.MIN_VALUE, kappa / resolution);
  const grown = dimension * ratio ** (-1 / decay);
  return {
    dimension: grown,
    squaredDimension: grown * (squaredDimension / dimension),
    remainder: noise + (remainder - noise) * ratio ** learning,
  };
}

/** Points of a decade that power laws are fitted to. */
const FITTED = 13;
/** From one decade of κ to the next, the exponent of a power law does not rise so much. */
const STEADY = 1.5;

function fitPowerLaws(at: (kappa: number) => ResolvedEigenstructure, resolution: number): PowerLaws {
  const decade = (from: number): number[] =>
    Array.from({ length: FITTED }, (_, i) => from * 10 ** (i / (FITTED - 1)));
  const decayOver = (kappas: readonly number[]): number => {
    const growth = -line(
      kappas.map(Math.log),
      kappas.map((kappa) => Math.log(at(kappa).dimension)),
    ).slope;
    return growth < 0.01 ? Infinity : Math.max(1, 1 / growth);
  };
  const kappas = decade(resolution);
  const logarithms = kappas.map(Math.log);
  const resolved = kappas.map(at);
  const decay = decayOver(kappas);
  const steady = decay < STEADY * decayOver(decade(10 * resolution));
  const { dimension } = resolved[0]!;
  // ∫ di / (1 + κ i^α / C) = (C/κ)^(1/α) (π/α) / sin(π/α).
  const whole = Math.PI / decay / Math.sin(Math.PI / decay);
  const amplitude =
    steady && decay > 1.001 && decay < Infinity ? resolution * (dimension / whole) ** decay : 0;
  const remainders = resolved.map(({ remainder }) => remainder);
  return { decay, amplitude, ...fitRemainder(logarithms, remainders) };
}

/** What falls more slowly than κ^0.1 looks the same as noise over a decade, and is taken to be noise. */
const LEAST_LEARNING = 0.1;

/** σ² + c κ^β by least squares in logarithms, σ² on a grid below the smallest remainder. */
function fitRemainder(
  logarithms: readonly number[],
  remainders: readonly number[],
): { readonly noise: number; readonly learning: number } {
  const least = Math.min(...remainders);
  let best = { noise: least, learning: 0, misfit: Infinity };
  for (let step = 0; step < 50; step++) {
    const noise = (step / 50) * least;
    const { slope, intercept } = line(
      logarithms,
      remainders.map((remainder) => Math.log(remainder - noise)),
    );
    if (!(slope > LEAST_LEARNING)) continue;
    let misfit = 0;
    logarithms.forEach((at, i) => {
      misfit += Math.log((noise + Math.exp(intercept + slope * at)) / remainders[i]!) ** 2;
    });
    if (misfit < best.misfit) best = { noise, learning: slope, misfit };
  }
  return { noise: best.noise, learning: best.learning };
}

/** Least squares. */
function line(x: readonly number[], y: readonly number[]): { slope: number; intercept: number } {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value / values.length, 0);
  const [centerX, centerY] = [mean(x), mean(y)];
  let [cross, square] = [0, 0];
  x.forEach((value, i) => {
    cross += (value - centerX) * (y[i]! - centerY);
    square += (value - centerX) ** 2;
  });
  const slope = cross / square;
  return { slope, intercept: centerY - slope * centerX };
}
