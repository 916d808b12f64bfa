import { denseNetwork, type DenseNetwork, type Engine, type Matrix, spectralNorm } from "lineament";

/** Consecutive parameters of θ: from … to − 1. */
export interface ParameterRange {
  readonly from: number;
  readonly to: number;
}

/** A network cut into blocks of layers by its bottlenecks. */
export interface BlockedNetwork {
  readonly network: DenseNetwork;
  /** The parameters of each block, in order. */
  readonly blocks: readonly ParameterRange[];
}

/** What a blocked network is made of: between two blocks lies a bottleneck. */
export interface BlockedNetworkSizes {
  readonly inputs: number;
  /** Wide hidden layers of each block, one or more. */
  readonly layout: readonly number[];
  /** m of the wide layers. */
  readonly width: number;
  /** b of the bottlenecks. */
  readonly bottleneck: number;
}

/** The linear network f = ∏_l (W_l/√fan-in) x with one output: [2, 2] has the widths d, m, m, b, m, m, 1. */
export function blockedNetwork(
  engine: Engine,
  { inputs, layout, width, bottleneck }: BlockedNetworkSizes,
): BlockedNetwork {
  const widths = layout.flatMap((wide, block) => [
    ...(block === 0 ? [] : [bottleneck]),
    ...Array<number>(wide).fill(width),
  ]);
  const network = denseNetwork(engine, { inputs, widths, activation: "identity" });
  let layer = 0;
  const blocks = layout.map((wide) => {
    const from = network.layers[layer]!.weightsAt;
    layer += wide + 1;
    return { from, to: network.layers[layer]?.weightsAt ?? network.parameters };
  });
  return { network, blocks };
}

/**
 * Coefficients c_0 … c_L of f(θ + s u) = Σ_k c_k s^k, a polynomial of as many degrees as there are layers, exactly. The
 * direction is that of the gradient, block by block: u_j = ∇_j f/‖∇_j f‖.
 *
 * @param x - 1 × d
 */
export async function blockwiseExpansion(
  { network, blocks }: BlockedNetwork,
  theta: Float64Array,
  x: Matrix,
): Promise<number[]> {
  const { pull } = await network.pullback(theta, x);
  const direction = await pull({ data: Float64Array.of(1), rows: 1, cols: 1 });
  for (const { from, to } of blocks) {
    const part = direction.subarray(from, to);
    let squares = 0;
    for (const value of part) squares += value ** 2;
    part.forEach((value, k) => (part[k] = value / Math.sqrt(squares)));
  }
  const jet = await network.jet(theta, x, direction, network.layers.length);
  return jet.map(({ data }) => data[0]!);
}

/**
 * ‖∂²f/∂θ_i ∂θ_j‖ of two blocks of parameters, the spectral norm of a block of the Hessian of the output at one input.
 *
 * @param x - 1 × d
 * @param options - tolerance: as of `spectralNorm`. Default 3%
 */
export async function hessianBlockNorm(
  { network }: BlockedNetwork,
  theta: Float64Array,
  x: Matrix,
  i: ParameterRange,
  j: ParameterRange,
  {
    tolerance = 0.03,
    signal,
  }: { readonly tolerance?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<number> {
  const one = { data: Float64Array.of(1), rows: 1, cols: 1 };
  const whole = new Float64Array(network.parameters);
  const block = async (from: ParameterRange, to: ParameterRange, v: Float64Array): Promise<Float64Array> => {
    whole.fill(0);
    whole.set(v, from.from);
    return (await network.curvature(theta, x, one, whole)).subarray(to.from, to.to);
  };
  const options = { tolerance, signal };
  if (i === j) return (await spectralNorm((v) => block(i, i, v), i.to - i.from, options)).value;
  // The block has the norm of √(B Bᵀ), a product of the size of the smaller one.
  const [small, large] = i.to - i.from <= j.to - j.from ? [i, j] : [j, i];
  const square = async (v: Float64Array): Promise<Float64Array> =>
    block(large, small, await block(small, large, v));
  return Math.sqrt((await spectralNorm(square, small.to - small.from, options)).value);
}
