import type { Engine, Matrix } from "lineament";
import { rowProducts } from "./products.ts";

/** How n labels and p features of n examples see each other: Z Zᵀ/n = U diag(values) Uᵀ. */
export interface SampleModes {
  /** s_i ≥ 0, ascending; those of rounding are 0 exactly. */
  readonly values: Float64Array;
  /** U, n × n, eigenvectors in columns. */
  readonly vectors: Matrix;
}

/** The modes of features Z, n × p. */
export async function sampleModes(engine: Engine, z: Matrix): Promise<SampleModes> {
  const gram = await rowProducts(engine, z);
  for (let at = 0; at < gram.data.length; at++) gram.data[at]! /= z.rows;
  const { values, vectors } = await engine.eigenSymmetric(gram);
  const rounding = 2 ** -52 * z.rows * values.at(-1)!;
  return { values: values.map((value) => (value > rounding ? value : 0)), vectors };
}

/** The squares of the coordinates Uᵀ labels. */
export function modeEnergies({ vectors }: SampleModes, labels: Float64Array): Float64Array {
  const { data, rows: n, cols } = vectors;
  const coordinates = new Float64Array(cols);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < cols; k++) coordinates[k]! += data[i * cols + k]! * labels[i]!;
  return coordinates.map((value) => value ** 2);
}

/** Errors of a fit to nothing but noise, in units of its variance. */
export interface FitToNoise {
  /** Mean square of the residuals. */
  readonly training: number;
  /** ‖ŵ‖²: what the fit adds to the test error. */
  readonly excess: number;
}

/**
 * Ridge regression ŵ = Zᵀ(Z Zᵀ + n λ I)⁻¹ ε with whitened features: in mode i it keeps λ/(s_i + λ) of the noise as residual and has a
 * weight of squared length s_i/(s_i + λ)² ε_i²/n. At λ = 0 the fit of least norm.
 *
 * @param energies - squares of the noise's coordinates, in units of its variance; 1 each gives the mean over noise
 */
export function ridgeOnNoise(
  { values }: Pick<SampleModes, "values">,
  energies: ArrayLike<number>,
  ridge: number,
): FitToNoise {
  const n = values.length;
  let [training, excess] = [0, 0];
  for (let i = 0; i < n; i++) {
    const s = values[i]!;
    training += (s > 0 ? (ridge / (s + ridge)) ** 2 : 1) * energies[i]!;
    excess += s > 0 ? (s / (s + ridge) ** 2) * energies[i]! : 0;
  }
  return { training: training / n, excess: excess / n };
}
