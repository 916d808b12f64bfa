import { Activation, type ActivationInput, type Dual, type Pointwise } from "./activation.ts";
import { errorFunction } from "./activations/error-function.ts";
import { gelu } from "./activations/gelu.ts";
import { piecewiseLinear } from "./activations/piecewise-linear.ts";
import { tanh } from "./activations/tanh.ts";

/** A nonlinearity beside its infinite-width limit. */
export interface Nonlinearity {
  /** Undefined for what only a kernel has. */
  readonly functions: Pointwise | undefined;
  readonly dual: Dual;
}

/** From the name of an activation to what it does. */
export function nonlinearity(input: ActivationInput): Nonlinearity {
  const activation = Activation.parse(input);
  switch (activation.name) {
    case "identity":
      return piecewiseLinear(1, 1);
    case "relu":
      return piecewiseLinear(0, 1);
    case "leaky-relu":
      return piecewiseLinear(activation.slope, 1);
    case "absolute":
      return piecewiseLinear(-1, 1);
    case "piecewise-linear":
      return piecewiseLinear(activation.negative, activation.positive);
    case "erf":
      return errorFunction(activation.amplitude, activation.frequency, activation.offset);
    case "normal-cdf":
      return errorFunction(0.5, Math.SQRT1_2, 0.5);
    case "sigmoid-like":
      return errorFunction(0.5, 1 / activation.scale, 0.5);
    case "gelu":
      return gelu;
    case "tanh":
      return tanh;
    default:
      throw new RangeError(`nonlinearity: ${activation.name} is not here yet`);
  }
}
