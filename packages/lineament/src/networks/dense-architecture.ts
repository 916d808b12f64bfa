import { checkedActivation } from "../layers/index.ts";
import type { Activation, ActivationChoice } from "../layers/index.ts";
import { checkChoice } from "../linalg/checks.ts";

/** One number for all layers, or one for each, first layer first, readout last. */
export type PerLayer = number | readonly number[];

/**
 * How weights enter, and how they start. n is the in-width of a layer, h its input, W its weights (one row a neuron).
 *
 * - ntk: z = (σ_w/√n) W h + σ_b β, all entries N(0, 1) (Jacot et al., arXiv:1806.07572). Biases where σ_b > 0.
 * - standard: z = W h + β, W ~ N(0, σ_w²/n), β ~ N(0, σ_b²). Biases where σ_b > 0, or everywhere with `biases`.
 * - scaled: f = γ Σ_i a_i φ(⟨w_i, x⟩), one hidden layer, no biases: w_i ~ N(0, σ_w² I/d), a_i = ±1 (or what `readout` says).
 *
 * Defaults: weightStd σ_w = 1, biasStd σ_b = 0.
 */
export type Parameterization =
  | { readonly kind: "ntk"; readonly weightStd?: PerLayer; readonly biasStd?: PerLayer }
  | {
      readonly kind: "standard";
      readonly weightStd?: PerLayer;
      readonly biasStd?: PerLayer;
      readonly biases?: boolean;
    }
  | { readonly kind: "scaled"; readonly gamma: number; readonly weightStd?: number };

export interface DenseNetworkOptions {
  /** d. */
  readonly inputs: number;
  /** Neurons of the hidden layers; none for a linear model, small ones for bottlenecks. */
  readonly widths: readonly number[];
  /** O. Default 1. */
  readonly outputs?: number;
  /** Of all hidden layers, or one for each. Default relu. */
  readonly activation?: ActivationChoice | readonly ActivationChoice[];
  /** Default identity. */
  readonly outputActivation?: ActivationChoice;
  /** Default { kind: "ntk" }. */
  readonly parameterization?: Parameterization;
  /**
   * The weights of the readout at the start: normal, ± their standard deviation at random, or all + it. Default normal; for
   * `scaled` signs ±1 (ones: +1, normal: N(0, 1/N)).
   */
  readonly readout?: "normal" | "signs" | "ones";
  /**
   * The second half of the last hidden layer starts as a copy of the first, with negated readout weights, and readout biases
   * start at 0: f = 0 at the start. Default false.
   */
  readonly symmetrized?: boolean;
  /** ρ of the weights, the multiplier of their learning rate; 0 freezes a layer. Default 1. */
  readonly weightRates?: PerLayer;
  /** ρ of the biases. Default 1. */
  readonly biasRates?: PerLayer;
}

/** z = weightScale W h + biasScale β, then the activation. */
export interface DenseNetworkLayer {
  /** In-width n. */
  readonly inputs: number;
  /** Out-width. */
  readonly outputs: number;
  readonly activation: Activation;
  readonly weightScale: number;
  readonly biasScale: number;
  /** Standard deviation of W at the start. */
  readonly weightStd: number;
  /** Standard deviation of β at the start. */
  readonly biasStd: number;
  /** W at the start: normal, ± weightStd, or weightStd. */
  readonly start: "normal" | "signs" | "ones";
  readonly weightRate: number;
  readonly biasRate: number;
  /** Where W (outputs × inputs, row-major) begins in θ. */
  readonly weightsAt: number;
  /** Where β (outputs) begins in θ, right behind W; undefined without biases. */
  readonly biasesAt: number | undefined;
}

/** The layers of a dense network, readout last, and the length of θ: W¹, β¹, W², β², … one after the other. */
export interface DenseArchitecture {
  readonly layers: readonly DenseNetworkLayer[];
  readonly parameters: number;
  readonly symmetrized: boolean;
}

/**
 * Spells options out.
 * @throws RangeError when sizes, deviations, rates or their number are impossible, and for unknown names
 */
export function denseArchitecture(options: DenseNetworkOptions): DenseArchitecture {
  const {
    inputs,
    widths,
    outputs = 1,
    activation = "relu",
    outputActivation = "identity",
    parameterization = { kind: "ntk" },
    readout = parameterization.kind === "scaled" ? "signs" : "normal",
    symmetrized = false,
    weightRates = 1,
    biasRates = 1,
  } = options;
  if (!Array.isArray(widths))
    throw new TypeError(
      `denseNetwork: widths is ${JSON.stringify(widths)}, expected a list, one a hidden layer`,
    );
  checkChoice("denseNetwork", "parameterization.kind", parameterization.kind, ["ntk", "standard", "scaled"]);
  checkChoice("denseNetwork", "readout", readout, ["normal", "signs", "ones"]);
  [inputs, ...widths, outputs].forEach((size, at, { length }) => {
    const name = at === 0 ? "inputs" : at === length - 1 ? "outputs" : `widths[${at - 1}]`;
    if (!(Number.isInteger(size) && size > 0))
      throw new RangeError(`denseNetwork: ${name} is ${size}, expected a whole number ≥ 1`);
  });
  const count = widths.length + 1;
  if (parameterization.kind === "scaled" && count !== 2)
    throw new RangeError(
      `denseNetwork: the scaled parameterization has one hidden layer, but widths has ${widths.length}`,
    );
  if (symmetrized && (count === 1 || widths.at(-1)! % 2 !== 0))
    throw new RangeError(
      `denseNetwork: a symmetrized start needs an even last hidden layer, but widths is [${widths.join(", ")}]`,
    );

  const activations = activationsOf(activation, outputActivation, widths.length);
  const perLayer = (name: string, values: PerLayer): readonly number[] => spread(name, values, count);
  const { weightStd = 1 } = parameterization;
  const sigmaW = perLayer("weightStd", weightStd);
  const sigmaB = perLayer(
    "biasStd",
    parameterization.kind === "scaled" ? 0 : (parameterization.biasStd ?? 0),
  );
  const rates = { weights: perLayer("weightRates", weightRates), biases: perLayer("biasRates", biasRates) };

  let parameters = 0;
  const layers = Array.from({ length: count }, (_, l): DenseNetworkLayer => {
    const last = l === count - 1;
    const [n, m] = [l === 0 ? inputs : widths[l - 1]!, last ? outputs : widths[l]!];
    const start = last ? readout : "normal";
    const scales = scalesOf(parameterization, { n, sigmaW: sigmaW[l]!, sigmaB: sigmaB[l]!, last, start });
    const { hasBiases, ...numbers } = scales;
    const weightsAt = parameters;
    const biasesAt = hasBiases ? weightsAt + n * m : undefined;
    parameters += n * m + (hasBiases ? m : 0);
    return {
      inputs: n,
      outputs: m,
      activation: activations[l]!,
      ...numbers,
      start,
      weightRate: rates.weights[l]!,
      biasRate: rates.biases[l]!,
      weightsAt,
      biasesAt,
    };
  });
  return { layers, parameters, symmetrized };
}

function scalesOf(
  parameterization: Parameterization,
  layer: { n: number; sigmaW: number; sigmaB: number; last: boolean; start: DenseNetworkLayer["start"] },
): Pick<DenseNetworkLayer, "weightScale" | "biasScale" | "weightStd" | "biasStd"> & { hasBiases: boolean } {
  const { n, sigmaW, sigmaB, last, start } = layer;
  const root = Math.sqrt(n);
  switch (parameterization.kind) {
    case "ntk":
      return {
        weightScale: sigmaW / root,
        biasScale: sigmaB,
        weightStd: 1,
        biasStd: 1,
        hasBiases: sigmaB > 0,
      };
    case "standard": {
      const hasBiases = parameterization.biases ?? sigmaB > 0;
      return { weightScale: 1, biasScale: 1, weightStd: sigmaW / root, biasStd: sigmaB, hasBiases };
    }
    case "scaled": {
      const { gamma } = parameterization;
      if (!Number.isFinite(gamma)) throw new RangeError(`denseNetwork: gamma is ${gamma}, expected a number`);
      const readoutStd = start === "normal" ? 1 / root : 1;
      return {
        weightScale: last ? gamma : 1,
        biasScale: 0,
        weightStd: last ? readoutStd : sigmaW / root,
        biasStd: 0,
        hasBiases: false,
      };
    }
  }
}

function activationsOf(
  hidden: ActivationChoice | readonly ActivationChoice[],
  output: ActivationChoice,
  depth: number,
): readonly Activation[] {
  const list = isList(hidden) ? hidden : Array<ActivationChoice>(depth).fill(hidden);
  if (list.length !== depth)
    throw new RangeError(`denseNetwork: ${list.length} activations for ${depth} hidden layers`);
  return [...list, output].map((choice) => checkedActivation("denseNetwork", choice));
}

function isList(
  choice: ActivationChoice | readonly ActivationChoice[],
): choice is readonly ActivationChoice[] {
  return Array.isArray(choice);
}

function spread(name: string, values: PerLayer, count: number): readonly number[] {
  const list = typeof values === "number" ? Array<number>(count).fill(values) : values;
  if (list.length !== count)
    throw new RangeError(
      `denseNetwork: ${name} has ${list.length} numbers, expected one for each of the ${count} layers (readout included)`,
    );
  const wrong = list.find((value) => !(Number.isFinite(value) && value >= 0));
  if (wrong !== undefined) throw new RangeError(`denseNetwork: ${name} has ${wrong}, expected numbers ≥ 0`);
  return list;
}
