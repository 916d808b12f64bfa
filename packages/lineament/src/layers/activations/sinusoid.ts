import type { Dual, Pointwise } from "../activation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

type Wave = (x: number) => number;

const minusSin: Wave = (x) => -Math.sin(x);

/** A sin(Bx + C). */
export function sine(amplitude: number, frequency: number, phase: number): Nonlinearity {
  return sinusoid(amplitude, frequency, phase, Math.sin, Math.cos);
}

/** A cos(Bx + C). */
export function cosine(amplitude: number, frequency: number, phase: number): Nonlinearity {
  return sinusoid(amplitude, frequency, phase, Math.cos, minusSin);
}

function sinusoid(
  amplitude: number,
  frequency: number,
  phase: number,
  wave: Wave,
  derivative: Wave,
): Nonlinearity {
  return {
    functions: pointwise(amplitude, frequency, phase, wave, derivative),
    dual: dual(amplitude, frequency, wave(phase), derivative(phase)),
  };
}

function pointwise(
  amplitude: number,
  frequency: number,
  phase: number,
  wave: Wave,
  derivative: Wave,
): Pointwise {
  const steepest = amplitude * frequency;
  const sharpest = -steepest * frequency;
  return {
    value: (x) => amplitude * wave(frequency * x + phase),
    slope: (x) => steepest * derivative(frequency * x + phase),
    curvature: (x) => sharpest * wave(frequency * x + phase),
    taylor(x, degree, out) {
      let even = amplitude * wave(frequency * x + phase);
      let odd = amplitude * derivative(frequency * x + phase);
      for (let k = 0; k <= degree; k++) {
        out[k] = even;
        const next = frequency / (k + 1);
        [even, odd] = [odd * next, -even * next];
      }
    },
  };
}

/**
 * κ = A² e^(−B²(a+b)/2) (sin²C cosh B²c + cos²C sinh B²c), κ̇ with sin and cos exchanged and a factor B².
 * This form keeps its relative accuracy for small c, and neither factor is ever multiplied out.
 */
function dual(amplitude: number, frequency: number, sin: number, cos: number): Dual {
  const square = frequency * frequency;
  const height = (amplitude * amplitude) / 2;
  const sin2 = sin * sin;
  const cos2 = cos * cos;
  /** e^(−B²(a+b)/2) (even cosh B²c + odd sinh B²c), times 2. */
  const twice = (even: number, odd: number, a: number, b: number, c: number): number => {
    const size = Math.abs(c);
    const envelope = Math.exp((-square * Math.max(a + b - 2 * size, 0)) / 2);
    const difference = -Math.expm1(-2 * square * size);
    return envelope * (even * (2 - difference) + (c < 0 ? -odd : odd) * difference);
  };
  return {
    form: "closed",
    value: (a, b, c) => height * twice(sin2, cos2, a, b, c),
    slope: (a, b, c) => height * square * twice(cos2, sin2, a, b, c),
    variance: (a) => height * twice(sin2, cos2, a, a, a),
    slopeVariance: (a) => height * square * twice(cos2, sin2, a, a, a),
    mean: (a) => amplitude * sin * Math.exp((-square * a) / 2),
    meanSlope: (a) => amplitude * frequency * cos * Math.exp((-square * a) / 2),
  };
}
