import type { ActivationChoice } from "../layers/index.ts";
import { type Engine, type Matrix, random, zeros } from "../linalg/index.ts";
import { denseNetwork, type DenseNetworkOptions, type Network, parametersOf } from "../networks/index.ts";
import { checkCount, checkMatrix } from "./checks.ts";
import { product } from "./product.ts";

export interface RankMinimizingAutoencoderOptions {
  /** d. */
  readonly inputs: number;
  /** Of the hidden layer of the encoder and that of the decoder. Default 32. */
  readonly hidden?: number;
  /** Width of the code. Default 10. */
  readonly latent?: number;
  /** l ≥ 0 linear layers without biases between encoder and decoder. Default 4. */
  readonly linearLayers?: number;
  /** Default relu. */
  readonly activation?: ActivationChoice;
}

/** x ↦ decoder(L_l ⋯ L_1 encoder(x)), as a `Network`: train it with targets y = x. */
export interface RankMinimizingAutoencoder extends Network {
  /** l. */
  readonly linearLayers: number;
  /** The code L_l ⋯ L_1 encoder(x): n × latent. */
  encode(theta: Float64Array, x: Matrix): Promise<Matrix<Float64Array>>;
  /** What a code stands for: n × d. */
  decode(theta: Float64Array, code: Matrix): Promise<Matrix<Float64Array>>;
  /** Eigenvalues of the covariance of the codes of the rows of x, descending: as many large ones as the code has dimensions. */
  latentSpectrum(theta: Float64Array, x: Matrix): Promise<Float64Array>;
  /** The same function without linear layers: multiplied into the encoder. */
  collapse(
    theta: Float64Array,
  ): Promise<{ readonly autoencoder: RankMinimizingAutoencoder; readonly theta: Float64Array }>;
}

/**
 * An autoencoder with l extra square linear layers between encoder (d – hidden – latent) and decoder (latent – hidden – d). They
 * add nothing to what it can compute, but descent makes the code low-rank: depth prefers large singular values. After training
 * `collapse` multiplies them away.
 *
 * Standard parameterization; weights and biases start uniform in ± 1/√fan-in. With `trainingSteps` and the loss mean-squares,
 * 1/n Σ ‖f − x‖², the learning rate is that of a mean over entries divided by d.
 *
 * @throws RangeError for impossible sizes and unknown activations
 * @see Jing, Zbontar and LeCun, arXiv:2010.00679
 */
export function rankMinimizingAutoencoder(
  engine: Engine,
  options: RankMinimizingAutoencoderOptions,
): RankMinimizingAutoencoder {
  const { inputs, hidden = 32, latent = 10, linearLayers = 4, activation = "relu" } = options;
  for (const [name, size] of Object.entries({ inputs, hidden, latent }))
    checkCount("rankMinimizingAutoencoder", name, size);
  if (!(Number.isInteger(linearLayers) && linearLayers >= 0))
    throw new RangeError(
      `rankMinimizingAutoencoder: linearLayers is ${linearLayers}, expected a whole number ≥ 0`,
    );
  const between = Array<number>(linearLayers).fill(latent);
  const part = (
    sizes: Pick<DenseNetworkOptions, "inputs" | "widths" | "outputs">,
    activations: readonly ActivationChoice[],
    biases: readonly (0 | 1)[],
  ) =>
    denseNetwork(engine, {
      ...sizes,
      activation: activations,
      parameterization: { kind: "standard", biasStd: biases },
    });
  const linear = between.map((): ActivationChoice => "identity");
  const without = between.map((): 0 => 0);
  const network = part(
    { inputs, widths: [hidden, latent, ...between, hidden], outputs: inputs },
    [activation, "identity", ...linear, activation],
    [1, 1, ...without, 1, 1],
  );
  // Parts of the network, whose parameters are parts of θ.
  const encoder = part(
    { inputs, widths: [hidden, ...between], outputs: latent },
    [activation, ...linear],
    [1, 1, ...without],
  );
  const decoder = part({ inputs: latent, widths: [hidden], outputs: inputs }, [activation], [1, 1]);

  const autoencoder: RankMinimizingAutoencoder = {
    ...network,
    linearLayers,

    initialize(seed) {
      const theta = network.initialize(seed);
      const generator = random(seed);
      for (const { weights, biases } of parametersOf(network, theta))
        for (const numbers of [weights.data, biases ?? []])
          for (let at = 0; at < numbers.length; at++)
            numbers[at] = (2 * generator.uniform() - 1) / Math.sqrt(weights.cols);
      return theta;
    },

    async encode(theta, x) {
      parametersOf(network, theta);
      return encoder.value(theta.subarray(0, encoder.parameters), x);
    },

    async decode(theta, code) {
      parametersOf(network, theta);
      return decoder.value(theta.subarray(encoder.parameters), code);
    },

    async latentSpectrum(theta, x) {
      const { data, rows, cols } = await autoencoder.encode(theta, checkMatrix("latentSpectrum", "x", x));
      const centered = zeros(rows, cols);
      for (let k = 0; k < cols; k++) {
        let mean = 0;
        for (let i = 0; i < rows; i++) mean += data[i * cols + k]! / rows;
        for (let i = 0; i < rows; i++) centered.data[i * cols + k] = data[i * cols + k]! - mean;
      }
      const covariance = zeros(cols, cols);
      await engine.syrk({ a: centered, c: covariance, transpose: true, alpha: 1 / rows });
      const { values } = await engine.eigenSymmetric(covariance);
      return values.map((value) => Math.max(0, value)).toReversed();
    },

    async collapse(theta) {
      const layers = parametersOf(network, theta);
      const shallow = rankMinimizingAutoencoder(engine, { ...options, linearLayers: 0 });
      const collapsed = new Float64Array(shallow.parameters);
      const [first, last] = [layers.slice(0, 2), layers.slice(2 + linearLayers)];
      let { weights, biases } = { weights: first[1]!.weights, biases: columnOf(first[1]!.biases!) };
      for (const { weights: linear } of layers.slice(2, 2 + linearLayers)) {
        weights = await product(engine, linear, weights);
        biases = await product(engine, linear, biases);
      }
      const parts = [first[0]!, { weights, biases: biases.data }, ...last];
      let at = 0;
      for (const numbers of parts.flatMap((layer) => [layer.weights.data, layer.biases!])) {
        collapsed.set(numbers, at);
        at += numbers.length;
      }
      return { autoencoder: shallow, theta: collapsed };
    },
  };
  return autoencoder;
}

function columnOf(data: Float64Array): Matrix<Float64Array> {
  return { data, rows: data.length, cols: 1 };
}
