import { polarDual } from "../polar-dual.ts";
import type { Activation, Pointwise } from "../activation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";
import { checkFunction } from "./check-function.ts";

type RealFunction = (x: number) => number;
type Custom = Extract<Activation, { name: "custom" }>;

/** Functions of the user's own; what is not given is differenced. */
export function custom(activation: Custom): Nonlinearity {
  const { label, value, slope, curvature } = activation;
  for (const [name, f] of Object.entries({ value, slope, curvature }))
    if (f) checkFunction(`custom activation "${label}"`, name, f, [[-3], [-1], [-0.1], [0], [0.1], [1], [3]]);
  const functions = pointwise(activation);
  const growth = growthRate(functions.value);
  return { functions, dual: polarDual(functions, growth), growth };
}

function pointwise({ label, value, slope, curvature }: Custom): Pointwise {
  const first = slope ?? derivative(value);
  const given = [value, slope, slope && curvature];
  return {
    value,
    slope: first,
    curvature: curvature ?? derivative(first),
    taylor(x, degree, out) {
      for (let k = 0; k <= degree; k++) {
        const known = given[k];
        if (!known)
          throw new RangeError(
            `taylor: degree ${degree} needs derivatives that the custom activation "${label}" does not give; at most slope and curvature (degree 2) can be given`,
          );
        out[k] = k === 2 ? known(x) / 2 : known(x);
      }
    },
  };
}

/**
 * f′ by differences of fourth order that stay on one side of 0, where f may have a kink: there the derivative is 0 when
 * those of both sides differ.
 */
function derivative(f: RealFunction): RealFunction {
  const central = (x: number, h: number): number =>
    (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h);
  const oneSided = (x: number, h: number): number =>
    (48 * (f(x + h) - f(x)) -
      36 * (f(x + 2 * h) - f(x)) +
      16 * (f(x + 3 * h) - f(x)) -
      3 * (f(x + 4 * h) - f(x))) /
    (12 * h);
  return (x) => {
    const h = 1e-3 + 1e-6 * Math.abs(x);
    if (Math.abs(x) > 2 * h) return central(x, h);
    if (x !== 0) return oneSided(x, x > 0 ? h : -h);
    // Not from f(0), which may be off the curve when 0 is a jump.
    const right = oneSided(Number.MIN_VALUE, h);
    const left = oneSided(-Number.MIN_VALUE, -h);
    return Math.abs(right - left) < 1e-6 * (1 + Math.abs(right)) ? (right + left) / 2 : 0;
  };
}

/** B when |f(x)| grows like e^(B|x|), 0 when it grows like a power. */
function growthRate(f: RealFunction): number {
  const between = (near: number, far: number): number =>
    Math.log(Math.abs(f(far) / f(near))) / Math.abs(far - near);
  const rates = [between(10, 20), between(-10, -20)].filter((rate) => Number.isFinite(rate) && rate > 0.5);
  return Math.max(0, ...rates);
}
