import type { ActivationInput } from "../../src/layers/index.ts";

/** One of each name, some with parameters that no default hides. A new activation joins this list; the contracts do the rest. */
export const everyActivation: readonly ActivationInput[] = [
  { name: "identity" },
  { name: "relu" },
  { name: "leaky-relu", slope: 0.2 },
  { name: "absolute" },
  { name: "piecewise-linear", negative: -0.5, positive: 2 },
  { name: "erf" },
  { name: "erf", amplitude: 2, frequency: 0.5, offset: 0.3 },
  { name: "normal-cdf" },
  { name: "sigmoid-like" },
  { name: "gelu" },
  { name: "sin", amplitude: 2, frequency: 0.7, phase: 0.4 },
  { name: "cos" },
  { name: "rbf" },
  { name: "exp", amplitude: 1.5, rate: 0.5 },
  { name: "gaussian", amplitude: 2, rate: -1 },
  { name: "gabor", amplitude: 1, rate: -0.5, frequency: 2, phase: 0.3 },
  { name: "polynomial", coefficients: [0.3, -1, 0.5, 0.2] },
  { name: "monomial", degree: 3 },
  { name: "hermite", degree: 3 },
  { name: "rectified-monomial", degree: 0 },
  { name: "rectified-monomial", degree: 1 },
  { name: "rectified-monomial", degree: 2 },
  { name: "rectified-monomial", degree: 3 },
  { name: "sign" },
  { name: "tanh" },
  { name: "sigmoid" },
  { name: "softplus" },
  { name: "swish" },
  { name: "mish" },
  { name: "elu", alpha: 1 },
  { name: "elu", alpha: 0.5 },
  { name: "selu" },
  {
    name: "custom",
    label: "softsign",
    value: (x) => x / (1 + Math.abs(x)),
    slope: (x) => 1 / (1 + Math.abs(x)) ** 2,
    curvature: (x) => (-2 * Math.sign(x)) / (1 + Math.abs(x)) ** 3,
  },
  { name: "custom", label: "φ alone", value: (x) => (x > 0 ? x + Math.sin(x) : Math.expm1(x / 2)) },
];

/** `elu {"alpha":1}`. */
export function title({ name, ...parameters }: ActivationInput): string {
  return "label" in parameters ? parameters.label : `${name} ${JSON.stringify(parameters)}`;
}
