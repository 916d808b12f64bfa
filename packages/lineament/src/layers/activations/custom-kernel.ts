import type { Activation } from "../activation.ts";
import { clip, geometricMean } from "../correlation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";
import { checkFunction } from "./check-function.ts";
import { kernelAlone } from "./kernel-alone.ts";

type CustomKernel = Extract<Activation, { name: "custom-kernel" }>;
type DualFunction = CustomKernel["value"];

/** κ of the user's own; ∂κ/∂c is differenced when it is not given. */
export function customKernel({ label, value, slope }: CustomKernel): Nonlinearity {
  const points = [-1, -0.5, 0, 0.5, 1].map((c): [number, number, number] => [1, 1, c]);
  checkFunction(`kernel "${label}"`, "value", value, points);
  if (slope) checkFunction(`kernel "${label}"`, "slope", slope, points);
  const within =
    (f: DualFunction): DualFunction =>
    (a, b, c) =>
      f(a, b, clip(c, geometricMean(a, b)));
  const kappa = within(value);
  const derivative = within(slope ?? differences(value, 1e-3));
  return kernelAlone(label, {
    value: kappa,
    slope: derivative,
    ...(slope ? {} : { slopeError: differenceError(value) }),
    variance: (a) => kappa(a, a, a),
    slopeVariance: (a) => derivative(a, a, a),
  });
}

/** ∂κ/∂c by differences of fourth order that stay within |c| ≤ √(ab), and closer together near its ends; 0 for ab = 0. */
function differences(value: DualFunction, size: number): DualFunction {
  return (a, b, c) => {
    const r = geometricMean(a, b);
    if (r === 0) return 0;
    const room = r - Math.abs(c);
    const h = size * (room > 0 ? Math.min(r, 50 * room) : r);
    const at = (k: number): number => value(a, b, c + k * h);
    if (room > 0) return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h);
    const inward = c > 0 ? -1 : 1;
    const differenceTo = (k: number): number => at(inward * k) - at(0);
    return (
      (inward * (48 * differenceTo(1) - 36 * differenceTo(2) + 16 * differenceTo(3) - 3 * differenceTo(4))) /
      (12 * h)
    );
  };
}

/** What steps of twice the size change at variance 1, relative to the slope. */
function differenceError(value: DualFunction): number {
  const [fine, coarse] = [differences(value, 1e-3), differences(value, 2e-3)];
  const errors = [-1, -0.9, 0, 0.9, 1].map((c) => Math.abs(fine(1, 1, c) - coarse(1, 1, c)));
  const size = Math.max(...[0, 0.9, 1].map((c) => Math.abs(fine(1, 1, c))));
  return size === 0 ? 0 : Math.max(...errors) / size;
}
