import { z } from "zod";
import { unknownKind } from "./unknown-name.ts";

const realFunction = z.custom<(x: number) => number>(
  (value) => typeof value === "function",
  "a function of one number",
);

const dualFunction = z.custom<(a: number, b: number, c: number) => number>(
  (value) => typeof value === "function",
  "a function of two variances and a covariance",
);

const kinds = [
  z.strictObject({ name: z.literal("identity") }),
  z.strictObject({ name: z.literal("relu") }),
  z.strictObject({ name: z.literal("leaky-relu"), slope: z.number().default(0.01).describe("α, for x < 0") }),
  z.strictObject({ name: z.literal("absolute") }),
  z
    .strictObject({
      name: z.literal("piecewise-linear"),
      negative: z.number().describe("α, the slope for x < 0"),
      positive: z.number().describe("β, the slope for x > 0"),
    })
    .describe("αx for x < 0, βx for x > 0"),
  z
    .strictObject({
      name: z.literal("erf"),
      amplitude: z.number().default(1),
      frequency: z.number().default(1),
      offset: z.number().default(0),
    })
    .describe("A erf(Bx) + C"),
  z.strictObject({ name: z.literal("normal-cdf") }),
  z.strictObject({
    name: z.literal("sigmoid-like"),
    scale: z.number().positive().default(2.4020563531719796),
  }),
  z.strictObject({ name: z.literal("gelu") }),
  z
    .strictObject({
      name: z.literal("sin"),
      amplitude: z.number().default(1),
      frequency: z.number().default(1),
      phase: z.number().default(0),
    })
    .describe("A sin(Bx + C)"),
  z
    .strictObject({
      name: z.literal("cos"),
      amplitude: z.number().default(1),
      frequency: z.number().default(1),
      phase: z.number().default(0),
    })
    .describe("A cos(Bx + C)"),
  z
    .strictObject({ name: z.literal("rbf"), gamma: z.number().positive().default(0.5) })
    .describe("√2 sin(√(2γ) x + π/4)"),
  z
    .strictObject({
      name: z.literal("exp"),
      amplitude: z.number().default(1),
      rate: z.number().default(1),
    })
    .describe("A exp(Bx)"),
  z
    .strictObject({
      name: z.literal("gaussian"),
      amplitude: z.number().default(1),
      rate: z.number().negative().default(-0.5),
    })
    .describe("A exp(Bx²), B < 0"),
  z
    .strictObject({
      name: z.literal("gabor"),
      amplitude: z.number().default(1),
      rate: z.number().negative().default(-1),
      frequency: z.number().default(1),
      phase: z.number().default(0),
    })
    .describe("A exp(Bx²) sin(kx + C), B < 0"),
  z
    .strictObject({ name: z.literal("polynomial"), coefficients: z.array(z.number()).min(1) })
    .describe("Σ_k p_k x^k"),
  z.strictObject({ name: z.literal("monomial"), degree: z.int().min(0).max(60) }),
  z.strictObject({ name: z.literal("hermite"), degree: z.int().min(0).max(60) }).describe("He_k(x) / √k!"),
  z
    .strictObject({ name: z.literal("rectified-monomial"), degree: z.int().min(0).max(3) })
    .describe("x^k for x > 0, 0 elsewhere"),
  z.strictObject({ name: z.literal("sign") }),
  z.strictObject({ name: z.literal("tanh") }),
  z.strictObject({ name: z.literal("sigmoid") }),
  z.strictObject({ name: z.literal("softplus") }),
  z.strictObject({ name: z.literal("swish") }).describe("x / (1 + e^−x)"),
  z.strictObject({ name: z.literal("mish") }),
  z.strictObject({ name: z.literal("elu"), alpha: z.number().default(1) }),
  z.strictObject({ name: z.literal("selu") }),
  z
    .strictObject({
      name: z.literal("exp-normalized"),
      gamma: z.number().default(1),
      delta: z.number().default(-1),
    })
    .describe("a kernel alone, √(ab) exp(γ(ρ + δ)): no finite network has it"),
  z
    .strictObject({
      name: z.literal("custom"),
      label: z.string(),
      value: realFunction,
      slope: realFunction.optional(),
      curvature: realFunction.optional(),
    })
    .describe("functions of your own: smooth on each half-line; not for model files"),
  z
    .strictObject({
      name: z.literal("custom-kernel"),
      label: z.string(),
      value: dualFunction,
      slope: dualFunction.optional(),
    })
    .describe(
      "κ(a, b, c) of your own for variances a, b and covariance c, and ∂κ/∂c: no finite network has it; not for model files",
    ),
] as const;

/**
 * A nonlinearity φ as plain data: what a kernel, a model file or a worker thread can carry. `activationFunctions` turns it
 * into functions.
 */
export const Activation = z.discriminatedUnion("name", kinds, { error: unknownKind("activation", "name") });
/** A nonlinearity with every parameter spelled out. */
export type Activation = z.output<typeof Activation>;
/** What users write: parameters with defaults may be left out. */
export type ActivationInput = z.input<typeof Activation>;
/** A nonlinearity by name, "relu", or with parameters, { name: "erf", frequency: 2 }. */
export type ActivationChoice = ActivationInput | ActivationInput["name"];

/** φ and its derivatives, for finite networks. At a kink the derivative is the mean of the one-sided ones times 0: φ′(0) = 0 for relu. */
export interface Pointwise {
  readonly value: (x: number) => number;
  readonly slope: (x: number) => number;
  /** φ″ almost everywhere. */
  readonly curvature: (x: number) => number;
  /**
   * φ^(k)(x) / k! for k = 0 … degree into `out`.
   * @throws RangeError for a custom activation whose derivatives were not given
   */
  readonly taylor: (x: number, degree: number, out: Float64Array) => void;
}

/**
 * What an infinitely wide layer makes of Gaussian pre-activations (u, v) with variances a, b and covariance c.
 * Price: ∂κ/∂c = κ̇.
 */
export interface Dual {
  /** How κ is computed. `numeric` ones are slow for each entry: use tables for matrices. */
  readonly form: "closed" | "numeric";
  /** κ(a, b, c) = E[φ(u) φ(v)]. */
  readonly value: (a: number, b: number, c: number) => number;
  /** κ̇(a, b, c) = E[φ′(u) φ′(v)], derivatives almost everywhere. */
  readonly slope: (a: number, b: number, c: number) => number;
  /** Estimated error relative to the largest κ̇, where it is a difference quotient of κ. */
  readonly slopeError?: number;
  /** κ(a, a, a) = E[φ(u)²], by its own simple formula. */
  readonly variance: (a: number) => number;
  /** κ̇(a, a, a) = E[φ′(u)²]. */
  readonly slopeVariance: (a: number) => number;
  /** m(a) = E[φ(u)]. */
  readonly mean: (a: number) => number;
  /** t(a) = E[φ′(u)]. */
  readonly meanSlope: (a: number) => number;
}
