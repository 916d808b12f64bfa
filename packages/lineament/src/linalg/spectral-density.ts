import { checkCount } from "./checks.ts";
import { lanczos, ritzPairs, type SymmetricProduct } from "./lanczos.ts";
import { random, randomSigns } from "./random.ts";

/** A spectrum as masses on the line, and the same smoothed for a picture. */
export interface SpectralDensity {
  /** Nodes of the quadrature, ascending: about where eigenvalues are. */
  readonly values: Float64Array;
  /** The part of the spectrum each node stands for: positive, sum 1. tr g(A) / n ≈ Σ weights g(values). */
  readonly weights: Float64Array;
  /** Evenly spaced over the spectrum and four widths beyond both ends. */
  readonly grid: Float64Array;
  /** Σ weights N(grid; values, width²): integrates to 1. */
  readonly density: Float64Array;
  /** Standard deviation of the smoothing, in units of the eigenvalues. */
  readonly width: number;
}

export interface SpectralDensityOptions {
  /** Lanczos steps a probe. Default: the dimension, at most 80. */
  readonly steps?: number;
  /** Random probes. Default 10; the error of a mean falls like 1 / √(probes · dimension). */
  readonly probes?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Default: a hundredth of the range of the spectrum. */
  readonly width?: number;
  /** Grid points. Default 401. */
  readonly points?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The density of a symmetric matrix's eigenvalues by stochastic Lanczos quadrature: Lanczos from random signs v gives the Gauss
 * rule of vᵀ δ(A − x) v / n, whose nodes are the Ritz values and whose weights are the squared first components of the Ritz vectors.
 *
 * @param product - v ↦ A v, A symmetric
 * @param dimension - n, length of v
 * @see Golub and Meurant 1994; Ghorbani, Krishnan and Xiao, arXiv:1901.10159
 */
export async function spectralDensity(
  product: SymmetricProduct,
  dimension: number,
  {
    steps = Math.min(dimension, 80),
    probes = 10,
    seed = 0,
    width,
    points = 401,
    signal,
  }: SpectralDensityOptions = {},
): Promise<SpectralDensity> {
  checkCount("spectralDensity", "dimension", dimension);
  checkCount("spectralDensity", "probes", probes);
  checkCount("spectralDensity", "points", points, 2);
  if (width !== undefined && !(width > 0 && width < Infinity))
    throw new RangeError(`spectralDensity: width is ${width}, expected a finite number above 0`);
  const nodes: { readonly value: number; readonly weight: number }[] = [];
  const generator = random(seed);
  for (let probe = 0; probe < probes; probe++) {
    const start = randomSigns(dimension, generator);
    const { values, vectors } = ritzPairs(await lanczos(product, dimension, { steps, start, signal }));
    values.forEach((value, i) => nodes.push({ value, weight: vectors.data[i]! ** 2 / probes }));
  }
  nodes.sort((a, b) => a.value - b.value);
  const values = Float64Array.from(nodes, ({ value }) => value);
  const weights = Float64Array.from(nodes, ({ weight }) => weight);
  const [smallest, largest] = [values[0]!, values.at(-1)!];
  const range = largest - smallest;
  const sigma = width ?? (range || Math.abs(largest) || 1) / 100;
  const step = (range + 8 * sigma) / (points - 1);
  const grid = Float64Array.from({ length: points }, (_, i) => smallest - 4 * sigma + i * step);
  const density = grid.map((x) => smoothed(x, values, weights, sigma));
  return { values, weights, grid, density, width: sigma };
}

/** Σ_i weights_i N(x; values_i, width²). */
function smoothed(x: number, values: Float64Array, weights: Float64Array, width: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++)
    sum += weights[i]! * Math.exp(-(((x - values[i]!) / width) ** 2) / 2);
  return sum / (width * Math.sqrt(2 * Math.PI));
}
