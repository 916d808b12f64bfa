import type { Pointwise } from "../../layers/index.ts";

/** A function given by its Taylor coefficients alone. */
function fromTaylor(taylor: Pointwise["taylor"]): Pointwise {
  const coefficient = (k: number): ((x: number) => number) => {
    const out = new Float64Array(k + 1);
    return (x) => {
      taylor(x, k, out);
      return out[k]!;
    };
  };
  const [value, slope, half] = [coefficient(0), coefficient(1), coefficient(2)];
  return { value, slope, curvature: (x) => 2 * half(x), taylor };
}

/** e^x. */
export const exponential: Pointwise = fromTaylor((x, degree, out) => {
  out[0] = Math.exp(x);
  for (let k = 1; k <= degree; k++) out[k] = out[k - 1]! / k;
});

/** ln x. */
export const logarithm: Pointwise = fromTaylor((x, degree, out) => {
  out[0] = Math.log(x);
  for (let k = 1, power = -1; k <= degree; k++) {
    power /= -x;
    out[k] = power / k;
  }
});

/** (x + offset)^exponent, by the binomial series; 0 where x + offset = 0, so that a row of zeros normalizes to itself. */
export function shiftedPower(exponent: number, offset = 0): Pointwise {
  return fromTaylor((x, degree, out) => {
    const base = x + offset;
    if (base === 0) {
      out.fill(0, 0, degree + 1);
      return;
    }
    out[0] = base ** exponent;
    for (let k = 1; k <= degree; k++) out[k] = (out[k - 1]! * (exponent - k + 1)) / (k * base);
  });
}
