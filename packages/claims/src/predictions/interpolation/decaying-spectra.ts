import type { KernelSpectrum } from "../kernel-spectrum.ts";

/**
 * λ_i = i^−α, i = 1 … modes, each once. Its tail is the integral from modes + ½.
 *
 * @param alpha - above 1: else the trace diverges
 * @see claim IN-06
 */
export function powerLawSpectrum(alpha: number, modes: number): KernelSpectrum {
  if (!(alpha > 1))
    throw new RangeError(
      `powerLawSpectrum: exponent ${alpha}; give a number above 1, so that the trace is finite`,
    );
  return simpleSpectrum(modes, (i) => i ** -alpha, (modes + 0.5) ** (1 - alpha) / (alpha - 1));
}

/**
 * λ_i = 1/(i ln² i), i = 2 … modes + 1, each once: hardly a finite trace. Its tail is the integral from modes + 3/2.
 *
 * @see claim IN-06
 */
export function logarithmicSpectrum(modes: number): KernelSpectrum {
  return simpleSpectrum(modes, (i) => 1 / ((i + 1) * Math.log(i + 1) ** 2), 1 / Math.log(modes + 1.5));
}

/**
 * λ_i = e^(−rate i), i = 1 … modes, each once.
 *
 * @param rate - above 0
 * @see claim IN-06
 */
export function exponentialSpectrum(rate: number, modes: number): KernelSpectrum {
  if (!(rate > 0)) throw new RangeError(`exponentialSpectrum: rate ${rate}; give a number above 0`);
  return simpleSpectrum(modes, (i) => Math.exp(-rate * i), Math.exp(-rate * modes) / Math.expm1(rate));
}

/**
 * λ_i = i^(−ln i) = exp(−ln² i), i = 1 … modes, each once: faster than any power, slower than an exponential. The tail is the leading
 * term of its integral.
 *
 * @see claim IN-06
 */
export function superPolynomialSpectrum(modes: number): KernelSpectrum {
  const end = Math.log(modes + 0.5);
  return simpleSpectrum(
    modes,
    (i) => Math.exp(-(Math.log(i) ** 2)),
    end > 1 ? Math.exp(end - end ** 2) / (2 * end - 1) : 1,
  );
}

function simpleSpectrum(modes: number, lambda: (i: number) => number, tail: number): KernelSpectrum {
  if (!Number.isInteger(modes) || modes < 1)
    throw new RangeError(`spectrum: ${modes} modes; give a whole number, 1 or more`);
  return {
    eigenvalues: Array.from({ length: modes }, (_, i) => lambda(i + 1)),
    multiplicities: Array<number>(modes).fill(1),
    tail,
  };
}
