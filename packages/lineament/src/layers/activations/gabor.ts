import { clip, complement, geometricMean } from "../correlation.ts";
import type { Dual, Pointwise } from "../activation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

/** A e^(Bx²) sin(kx + C), B < 0. */
export function gabor(amplitude: number, rate: number, frequency: number, phase: number): Nonlinearity {
  return {
    functions: pointwise(amplitude, rate, frequency, phase),
    dual: dual(amplitude, rate, frequency, phase),
  };
}

function pointwise(amplitude: number, rate: number, frequency: number, phase: number): Pointwise {
  const envelope = (x: number): number => amplitude * Math.exp(rate * x * x);
  return {
    value: (x) => envelope(x) * Math.sin(frequency * x + phase),
    slope(x) {
      const wave = frequency * x + phase;
      return envelope(x) * (2 * rate * x * Math.sin(wave) + frequency * Math.cos(wave));
    },
    curvature(x) {
      const height = envelope(x);
      if (height === 0) return 0;
      const wave = frequency * x + phase;
      const even = 2 * rate + 4 * rate * rate * x * x - frequency * frequency;
      return height * (even * Math.sin(wave) + 4 * rate * x * frequency * Math.cos(wave));
    },
    // The imaginary part of z = A e^(Bx² + i(kx + C)), with z′ = (2Bx + ik) z.
    taylor(x, degree, out) {
      let real = envelope(x) * Math.cos(frequency * x + phase);
      let imaginary = envelope(x) * Math.sin(frequency * x + phase);
      let realBefore = 0;
      let imaginaryBefore = 0;
      for (let k = 0; k <= degree; k++) {
        out[k] = imaginary;
        const nextReal = 2 * rate * (x * real + realBefore) - frequency * imaginary;
        const nextImaginary = 2 * rate * (x * imaginary + imaginaryBefore) + frequency * real;
        realBefore = real;
        imaginaryBefore = imaginary;
        real = nextReal / (k + 1);
        imaginary = nextImaginary / (k + 1);
      }
    },
  };
}

/**
 * With D = (1 − 2Ba)(1 − 2Bb) − 4B²c², S = (a + b − 4Bs²)/D and M = 2c/D:
 * κ = A²/(2√D) (e^(−k²(S − M)/2) − cos 2C e^(−k²(S + M)/2)), κ̇ its derivative in c.
 */
function dual(amplitude: number, rate: number, frequency: number, phase: number): Dual {
  const height = (amplitude * amplitude) / 2;
  const half = (frequency * frequency) / 2;
  const sin = Math.sin(phase);
  const cos = Math.cos(phase);
  const sin2 = sin * sin;
  const cos2 = cos * cos;

  const evaluate = (a: number, b: number, c: number, wantSlope: boolean): number => {
    const r = geometricMean(a, b);
    const inside = clip(c, r);
    const s = complement(r, inside);
    const d = 1 - 2 * rate * (a + b) + 4 * rate * rate * s * s;
    const sum = (a + b - 4 * rate * s * s) / d;
    const mixed = (2 * inside) / d;
    // The two exponentials as one envelope and 1 ∓ the rest, which keeps E₁ − E₂ accurate for small c.
    const size = Math.abs(mixed);
    const envelope = Math.exp(-half * Math.max(sum - size, 0));
    const gap = -Math.expm1(-2 * half * size);
    const even = envelope * (2 - gap);
    const odd = inside < 0 ? -envelope * gap : envelope * gap;
    const difference = sin2 * even + cos2 * odd;
    if (!wantSlope) return (height * difference) / Math.sqrt(d);
    const total = cos2 * even + sin2 * odd;
    const dSlope = -8 * rate * rate * inside;
    const sumSlope = (8 * rate * inside - sum * dSlope) / d;
    const mixedSlope = (2 - mixed * dSlope) / d;
    return (
      (height / Math.sqrt(d)) *
      ((-dSlope / (2 * d)) * difference - half * (sumSlope * difference - mixedSlope * total))
    );
  };
  const damping = (a: number): number => 1 - 2 * rate * a;
  const decay = (a: number): number => Math.exp((-half * a) / damping(a));
  return {
    form: "closed",
    value: (a, b, c) => evaluate(a, b, c, false),
    slope: (a, b, c) => evaluate(a, b, c, true),
    variance: (a) => evaluate(a, a, a, false),
    slopeVariance: (a) => evaluate(a, a, a, true),
    mean: (a) => ((amplitude * sin) / Math.sqrt(damping(a))) * decay(a),
    meanSlope: (a) => ((amplitude * frequency * cos) / (damping(a) * Math.sqrt(damping(a)))) * decay(a),
  };
}
