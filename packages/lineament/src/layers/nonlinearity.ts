import type { ActivationChoice, Dual, Pointwise } from "./activation.ts";
import { custom } from "./activations/custom.ts";
import { customKernel } from "./activations/custom-kernel.ts";
import { elu, selu } from "./activations/elu.ts";
import { errorFunction } from "./activations/error-function.ts";
import { expNormalized } from "./activations/exp-normalized.ts";
import { exponential } from "./activations/exponential.ts";
import { gabor } from "./activations/gabor.ts";
import { gaussian } from "./activations/gaussian.ts";
import { gelu } from "./activations/gelu.ts";
import { hermite } from "./activations/hermite.ts";
import { mish } from "./activations/mish.ts";
import { piecewiseLinear } from "./activations/piecewise-linear.ts";
import { monomialCoefficients, polynomial } from "./activations/polynomial.ts";
import { rbf } from "./activations/rbf.ts";
import { rectifiedMonomial } from "./activations/rectified-monomial.ts";
import { sigmoid } from "./activations/sigmoid.ts";
import { sign } from "./activations/sign.ts";
import { cosine, sine } from "./activations/sinusoid.ts";
import { softplus } from "./activations/softplus.ts";
import { swish } from "./activations/swish.ts";
import { tanh } from "./activations/tanh.ts";
import { checkedActivation } from "./checked-activation.ts";
import type { FiniteExpansion } from "./polynomial-dual.ts";

/** A nonlinearity beside its infinite-width limit. */
export interface Nonlinearity {
  /** Undefined for what only a kernel has. */
  readonly functions: Pointwise | undefined;
  readonly dual: Dual;
  /** B when |φ| grows like e^(B|x|); 0 when absent. */
  readonly growth?: number;
  /** Of piecewise linear ones: left and right of 0. */
  readonly slopes?: readonly [number, number];
  /** Of polynomials. */
  readonly expansion?: FiniteExpansion | undefined;
}

/**
 * From the name of an activation to what it does.
 * @throws RangeError for unknown names and parameters
 */
export function nonlinearity(chosen: ActivationChoice): Nonlinearity {
  const activation = checkedActivation("activation", chosen);
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
    case "sin":
      return sine(activation.amplitude, activation.frequency, activation.phase);
    case "cos":
      return cosine(activation.amplitude, activation.frequency, activation.phase);
    case "rbf":
      return rbf(activation.gamma);
    case "exp":
      return exponential(activation.amplitude, activation.rate);
    case "gaussian":
      return gaussian(activation.amplitude, activation.rate);
    case "gabor":
      return gabor(activation.amplitude, activation.rate, activation.frequency, activation.phase);
    case "polynomial":
      return polynomial(activation.coefficients);
    case "monomial":
      return polynomial(monomialCoefficients(activation.degree));
    case "hermite":
      return hermite(activation.degree);
    case "rectified-monomial":
      return rectifiedMonomial(activation.degree);
    case "sign":
      return sign;
    case "tanh":
      return tanh;
    case "sigmoid":
      return sigmoid;
    case "softplus":
      return softplus;
    case "swish":
      return swish;
    case "mish":
      return mish;
    case "elu":
      return elu(activation.alpha);
    case "selu":
      return selu;
    case "exp-normalized":
      return expNormalized(activation.gamma, activation.delta);
    case "custom":
      return custom(activation);
    case "custom-kernel":
      return customKernel(activation);
  }
}
