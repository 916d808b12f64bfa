import { type Matrix, type Random, zeros } from "lineament";

/** Distributions of features with E[z zᵀ] = I. */
export const featureKinds = ["gaussian", "student", "cosine"] as const;

export type FeatureKind = (typeof featureKinds)[number];

/** Their names in drawings. */
export const featureNames: Readonly<Record<FeatureKind, string>> = {
  gaussian: "Gaussian features",
  student: "Student's t features",
  cosine: "cosine features",
};

/**
 * n × p features with E[z zᵀ] = I, one example a row:
 *
 * - gaussian: independent standard normal numbers
 * - student: independent numbers with Student's t distribution of 6 degrees of freedom, scaled to variance 1
 * - cosine: √2 cos(π k x), k = 1 … p, of one uniform number x in [0, 1]: orthonormal, far from independent
 */
export function whitenedFeatures(
  kind: FeatureKind,
  n: number,
  p: number,
  generator: Random,
): Matrix<Float64Array> {
  const z = zeros(n, p);
  const { data } = z;
  if (kind === "cosine")
    for (let i = 0; i < n; i++) {
      const x = generator.uniform();
      for (let k = 0; k < p; k++) data[i * p + k] = Math.SQRT2 * Math.cos(Math.PI * (k + 1) * x);
    }
  else
    for (let at = 0; at < data.length; at++)
      data[at] = kind === "gaussian" ? generator.normal() : studentNumber(generator);
  return z;
}

/** √(2/3) t with t = normal / √(χ²/6), χ² of 6 degrees of freedom: minus twice the logarithm of three uniform numbers. */
function studentNumber(generator: Random): number {
  // 1 − u is never 0.
  const product = (1 - generator.uniform()) * (1 - generator.uniform()) * (1 - generator.uniform());
  return (2 * generator.normal()) / Math.sqrt(-2 * Math.log(product));
}
