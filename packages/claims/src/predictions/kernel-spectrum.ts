import { gegenbauer } from "./gegenbauer.ts";
import { type Quadrature, sphereQuadrature } from "./gauss-quadrature.ts";
import { checkDimension, harmonicMultiplicities } from "./harmonic-multiplicity.ts";

/**
 * The eigenvalues of a kernel under the distribution of its inputs. For a zonal kernel h(ρ) = Σ_k λ_k B(d, k) P_k(ρ) on the sphere
 * in d dimensions they go by degree.
 */
export interface KernelSpectrum {
  /** λ_0 … λ_K. */
  readonly eigenvalues: readonly number[];
  /** How often each occurs: B(d, 0) … B(d, K) on the sphere. */
  readonly multiplicities: readonly number[];
  /** The trace beyond: h(1) − Σ_{k ≤ K} λ_k B(d, k). To a learner it acts like ridge. */
  readonly tail: number;
}

/**
 * λ_k = E[h(t) P_k(t)] by quadrature (Funk–Hecke). The absolute error of λ_k is about 10⁻¹⁷ h(1), which B(d, k) multiplies: stop
 * at a small degree, the rest of the trace is in `tail`. Converges fast when h is smooth on [−1, 1]; one that is smooth in the
 * angle only wants the midpoints of `angleQuadrature`.
 *
 * @param h - of ρ in [−1, 1]
 * @param options - nodes of the Gauss rule, by default 200; or another rule
 * @see claim LZ-08
 */
export function zonalSpectrum(
  h: (rho: number) => number,
  d: number,
  degree: number,
  {
    nodes = 200,
    rule = sphereQuadrature(d, nodes),
  }: { readonly nodes?: number; readonly rule?: Quadrature } = {},
): KernelSpectrum {
  const eigenvalues = Array.from({ length: degree + 1 }, () => 0);
  rule.nodes.forEach((t, i) => {
    const mass = rule.weights[i]! * h(t);
    gegenbauer(d, degree, t).forEach((value, k) => {
      eigenvalues[k]! += mass * value;
    });
  });
  return spectrumOf(eigenvalues, d, h(1));
}

/**
 * The spectrum of h(ρ) = Σ_j coefficients_j ρ^j. Every E[t^j P_k] is positive, hence small eigenvalues are exact to rounding at
 * any d: from E[t^k P_k] = Π_{i<k} (i + 1)/(d + 2i) by E[t^{j+2} P_k] = E[t^j P_k] (j + 1)(j + 2) / ((j − k + 2)(j + k + d)),
 * the quotients of the Gamma functions in LZ-08.
 *
 * @param coefficients - of ρ^0, ρ^1, …, as many as matter
 */
export function powerSeriesSpectrum(
  coefficients: readonly number[],
  d: number,
  degree: number,
): KernelSpectrum {
  checkDimension("powerSeriesSpectrum", d);
  const eigenvalues: number[] = [];
  let leading = 1;
  for (let k = 0; k <= degree; k++) {
    let eigenvalue = 0;
    let moment = leading;
    for (let j = k; j < coefficients.length; j += 2) {
      eigenvalue += coefficients[j]! * moment;
      moment *= ((j + 1) * (j + 2)) / ((j - k + 2) * (j + k + d));
    }
    eigenvalues.push(eigenvalue);
    leading *= (k + 1) / (d + 2 * k);
  }
  return spectrumOf(
    eigenvalues,
    d,
    coefficients.reduce((sum, value) => sum + value, 0),
  );
}

/** The spectrum of a kernel whose masses λ_k B(d, k) are known. `trace` is h(1). */
export function spectrumOfMasses(masses: readonly number[], d: number, trace: number): KernelSpectrum {
  const multiplicities = harmonicMultiplicities(d, masses.length - 1);
  return spectrumOf(
    masses.map((mass, k) => mass / multiplicities[k]!),
    d,
    trace,
  );
}

/** 1/j!, the power series of e^ρ. */
export function exponentialSeries(terms = 60): number[] {
  const series = [1];
  for (let j = 1; j < terms; j++) series.push(series[j - 1]! / j);
  return series;
}

function spectrumOf(eigenvalues: readonly number[], d: number, trace: number): KernelSpectrum {
  const multiplicities = harmonicMultiplicities(d, eigenvalues.length - 1);
  const resolved = eigenvalues.reduce((sum, value, k) => sum + value * multiplicities[k]!, 0);
  return { eigenvalues, multiplicities, tail: Math.max(0, trace - resolved) };
}
