import {
  activation,
  type ActivationInput,
  dense,
  erf,
  identity,
  type Layer,
  parallel,
  relu,
  serial,
} from "../../src/layers/index.ts";

// What the reference vectors of infinite networks describe in words and letters of their own.

export type ReferenceParameters = Readonly<Record<string, never>>;

/** The reference's names and letters in ours. */
export function referenceActivation(name: string, p: ReferenceParameters): ActivationInput {
  switch (name) {
    case "leakyRelu":
      return { name: "leaky-relu", slope: p["alpha"] };
    case "abs":
      return { name: "absolute" };
    case "abRelu":
      return { name: "piecewise-linear", negative: p["negSlope"]!, positive: p["posSlope"]! };
    case "erf":
      return { name, amplitude: p["a"], frequency: p["b"], offset: p["c"] };
    case "normalCdf":
      return { name: "normal-cdf" };
    case "sigmoidLike":
      return { name: "sigmoid-like", scale: p["scale"] };
    case "sin":
    case "cos":
      return { name, amplitude: p["a"], frequency: p["b"], phase: p["c"] };
    case "exp":
    case "gaussian":
      return { name, amplitude: p["a"], rate: p["b"] };
    case "gabor":
      return { name, amplitude: p["a"], rate: p["b"], frequency: p["k"], phase: p["c"] };
    case "polynomial":
      return { name, coefficients: p["coef"]! };
    case "rectifiedMonomial":
      return { name: "rectified-monomial", degree: p["degree"]! };
    default:
      return { name, ...p } as unknown as ActivationInput;
  }
}

/** A dense layer by its variances. */
export const affine = (weightVariance: number, biasVariance = 0): Layer =>
  dense({ weightStd: Math.sqrt(weightVariance), biasStd: Math.sqrt(biasVariance) });

/** Networks of `graphs` in the reference; names and variances are theirs. */
export const referenceNetworks: Readonly<Record<string, Layer>> = {
  residual: serial(
    affine(2, 0.01),
    parallel([identity(), serial(relu(), affine(1, 0.04))]),
    relu(),
    affine(1),
  ),
  layerNorm: serial(affine(2, 0.01), { layer: "layer-norm", epsilon: 0 }, erf(), affine(1.5, 0.0625)),
  fanInProd: serial(
    parallel([serial(affine(2, 0.01), relu(), affine(2)), affine(1, 0.5)], "product"),
    affine(1),
  ),
  fanInConcat: serial(
    parallel([serial(affine(2, 0.01), relu()), serial(affine(1, 0.5), erf())], "concatenation", [
      3 / 4,
      1 / 4,
    ]),
    affine(2, 0.01),
  ),
  meanTrackedSum: serial(
    parallel([serial(affine(2, 0.01), relu()), serial(affine(1, 0.5), activation("normal-cdf"))]),
    affine(1, 0.01),
  ),
  skipOverActivation: serial(affine(2, 0.01), parallel([identity(), activation("gelu")]), affine(1, 0.01)),
  standardParameterisation: serial(
    dense({ parameterization: "standard", weightStd: Math.SQRT2, biasStd: 0.1, width: 100 }),
    relu(),
    dense({ parameterization: "standard", weightStd: Math.SQRT2, biasStd: 0.1 }),
  ),
  onlyLastLayerTrained: serial(dense({ weightRate: 0 }), relu(), dense()),
  onlyFirstLayerTrained: serial(dense(), relu(), dense({ weightRate: 0 })),
  correlatedBranches: {
    layer: "graph",
    nodes: [
      { name: "A", inputs: ["input"], combine: "sum", layer: affine(2, 0.01) },
      { name: "relu A", inputs: ["A"], combine: "sum", layer: relu() },
      { name: "B", inputs: ["relu A"], combine: "sum", layer: affine(1, 0.04) },
      { name: "erf(A + B)", inputs: ["A", "B"], combine: "sum", layer: erf() },
      { name: "output", inputs: ["relu A", "erf(A + B)"], combine: "sum", layer: affine(1.5, 0.01) },
    ],
    output: "output",
  },
  layerNormAfterRelu: serial(affine(2, 0.01), relu(), { layer: "layer-norm", epsilon: 0 }, affine(1.5, 0.04)),
};
