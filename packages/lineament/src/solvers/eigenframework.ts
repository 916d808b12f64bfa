/**
 * Kernel and target as the eigenframework sees them: three functions of κ > 0, in terms of the eigenvalues λ_i of the kernel,
 * the energies v_i² of the target along its eigenfunctions, and the variance σ² of the label noise.
 */
export interface Eigenstructure {
  readonly at: (kappa: number) => ResolvedEigenstructure;
}

export interface ResolvedEigenstructure {
  /** Σ_i λ_i / (λ_i + κ): how many directions are learned. */
  readonly dimension: number;
  /** Σ_i (λ_i / (λ_i + κ))². */
  readonly squaredDimension: number;
  /** Σ_i (κ / (λ_i + κ))² v_i² + σ²: the part of the target that is not learned, and the noise. */
  readonly remainder: number;
}

/** A kernel whose eigenvalues are known. */
export interface KnownSpectrum {
  /** λ_i ≥ 0. */
  readonly eigenvalues: ArrayLike<number>;
  /** How often each of them occurs. Default 1. */
  readonly multiplicities?: ArrayLike<number> | undefined;
  /** Σ λ over the eigenvalues that are left out: they act as a further ridge. Default 0. */
  readonly tail?: number | undefined;
  /** v_i², the whole energy of the target in each eigenspace; eigenspaces beyond the end have none. Default none. */
  readonly energies?: ArrayLike<number> | undefined;
  /** σ². Default 0. */
  readonly noise?: number | undefined;
}

/** Kernel ridge regression on n rows as the eigenframework predicts it. */
export interface EigenframeworkPrediction {
  /** κ with Σ_i λ_i/(λ_i + κ) + ridge/κ = n: directions of larger eigenvalues are learned. */
  readonly kappa: number;
  /** Σ_i λ_i/(λ_i + κ): rows that learned directions take up; the ridge takes up the others. */
  readonly dimension: number;
  /** E₀ = n/(n − Σ_i (λ_i/(λ_i + κ))²) ≥ 1: what overfitting multiplies noise (and the unlearned part) by. */
  readonly noiseFactor: number;
  /** Mean squared error on new noisy labels. */
  readonly testError: number;
  /** Mean squared error on the training labels. */
  readonly trainError: number;
}

/** The eigenstructure of a kernel whose eigenvalues are known. @throws RangeError when one of them is negative, or lists disagree */
export function knownEigenstructure({
  eigenvalues,
  multiplicities,
  tail = 0,
  energies = [],
  noise = 0,
}: KnownSpectrum): Eigenstructure {
  const bad = Array.from(eigenvalues).findIndex((value) => !(value >= 0 && value < Infinity));
  if (bad >= 0)
    throw new RangeError(
      `knownEigenstructure: eigenvalue ${bad} is ${eigenvalues[bad]}; eigenvalues of a kernel are 0 or more`,
    );
  if (multiplicities && multiplicities.length !== eigenvalues.length)
    throw new RangeError(
      `knownEigenstructure: ${multiplicities.length} multiplicities for ${eigenvalues.length} eigenvalues; give one for each`,
    );
  if (energies.length > eigenvalues.length)
    throw new RangeError(
      `knownEigenstructure: ${energies.length} energies for ${eigenvalues.length} eigenvalues; give an eigenvalue for each`,
    );
  if (!(tail >= 0 && noise >= 0))
    throw new RangeError(`knownEigenstructure: tail = ${tail}, noise = ${noise}; both are 0 or more`);
  return {
    at(kappa) {
      let dimension = tail === 0 ? 0 : tail / kappa;
      let squaredDimension = 0;
      let remainder = noise;
      for (let i = 0; i < eigenvalues.length; i++) {
        const value = eigenvalues[i]!;
        const learned = value > 0 ? value / (value + kappa) : 0;
        const times = multiplicities?.[i] ?? 1;
        dimension += times * learned;
        squaredDimension += times * learned ** 2;
        remainder += (1 - learned) ** 2 * (energies[i] ?? 0);
      }
      return { dimension, squaredDimension, remainder };
    },
  };
}

/**
 * What kernel ridge regression (K + ridge · I) A = Y on n random rows will do, by its deterministic equivalent:
 *
 *     Σ_i λ_i/(λ_i + κ) + ridge/κ = n,     test = E₀ (Σ_i (κ/(λ_i + κ))² v_i² + σ²),     train = (ridge/(n κ))² test.
 *
 * The formulas suppose eigenfunctions that look like independent Gaussians at the sampled rows, as those of kernels of many
 * variables do; in one dimension they are off (noise of the Laplace interpolant: 2 predicted, 5/3 true).
 *
 * @param n - rows, n > 0 (need not be whole)
 * @param ridge - added to the diagonal of the kernel matrix as is, ≥ 0
 * @see Canatar, Bordelon and Pehlevan, arXiv:2006.13198; Simon et al., arXiv:2110.03922; Mallinar et al., arXiv:2207.06569
 */
export function eigenframework(
  structure: Eigenstructure,
  n: number,
  ridge: number = 0,
): EigenframeworkPrediction {
  if (!(n > 0 && n < Infinity && ridge >= 0 && ridge < Infinity))
    throw new RangeError(`eigenframework: n = ${n}, ridge = ${ridge}; give n > 0 and a ridge of 0 or more`);
  const kappa = effectiveRidge(structure, n, ridge);
  const { dimension, squaredDimension, remainder } = structure.at(kappa);
  const noiseFactor = squaredDimension < n ? n / (n - squaredDimension) : Infinity;
  const testError = remainder === 0 ? 0 : noiseFactor * remainder;
  const kept = ridge === 0 ? 0 : ridge / (n * kappa);
  return { kappa, dimension, noiseFactor, testError, trainError: kept === 0 ? 0 : kept ** 2 * testError };
}

/** κ ≥ 0 by bisection of ln κ: the left-hand side falls as κ rises. 0 when fewer directions than rows can be learned, and no ridge. */
function effectiveRidge({ at }: Eigenstructure, n: number, ridge: number): number {
  let [low, high] = [-690, 690];
  const tooSmall = (logarithm: number): boolean => {
    const kappa = Math.exp(logarithm);
    return at(kappa).dimension + ridge / kappa > n;
  };
  if (!tooSmall(low)) return 0;
  while (high - low > 4 * Number.EPSILON * Math.max(1, Math.abs(low))) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (tooSmall(middle)) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

/** How a machine's overfitting weighs as rows are added. */
export type Overfitting = "benign" | "tempered" | "catastrophic";

/** A noise factor of 1.05 costs 5 % of the error: less is called benign. */
const NEGLIGIBLE = 1.05;
/** A factor of 10 leaves nothing of a fit to noisy labels, whether it grows or not. */
const RUINOUS = 10;
/** A factor that grows, or whose excess over 1 falls, at least like n^¼ is taken to go on doing so. */
const EXPONENT = 1 / 4;

/**
 * Benign, tempered or catastrophic, from the noise factors E₀ at a quarter of the rows and at all of them. Catastrophic: the
 * factor is 10 or more, or grows at least like n^¼. Benign: it is 1.05 or less, or its excess over 1 falls at least like
 * n^−¼. Tempered: neither. In theory the words are about n → ∞ (E₀ → ∞, → 1, or → a number between); on a table they are
 * about its rows.
 *
 * @see Mallinar et al., arXiv:2207.06569: without ridge, eigenvalues i^−α make E₀ → α, and faster decay makes E₀ → ∞
 */
export function overfittingOf(atQuarter: number, atAll: number): Overfitting {
  if (!(atQuarter >= 1 && atAll >= 1))
    throw new RangeError(`overfittingOf: noise factors ${atQuarter} and ${atAll}; they are 1 or more`);
  const fourfold = 4 ** EXPONENT;
  if (atAll <= NEGLIGIBLE) return "benign";
  if (atAll >= RUINOUS || atAll >= fourfold * atQuarter) return "catastrophic";
  return atAll - 1 <= (atQuarter - 1) / fourfold ? "benign" : "tempered";
}
