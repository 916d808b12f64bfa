import { type Engine, type Matrix, rowRange } from "../linalg/index.ts";
import type { DenseNetworkLayer } from "./dense-architecture.ts";
import type { Elementwise } from "./elementwise.ts";
import type { Workspace } from "./workspace.ts";

// The formulas of dense networks, with one row of W a neuron: z = s h Wᵀ + σ_b β, h′ = φ(z). Power series along
// θ + t v are stacked: rows k n … (k + 1) n hold the coefficients of t^k, so that one product serves all of them.

/** A dense network as the passes see it. */
export interface Dense {
  readonly engine: Engine;
  readonly layers: readonly DenseNetworkLayer[];
  readonly activations: readonly Elementwise[];
}

type Doubles = Matrix<Float64Array>;

/** What the forward pass leaves behind at one layer: the input, z and φ(z), one block of n rows a coefficient. */
export interface LayerPass {
  /** The first layer's has one block whatever the degree: x does not move with t. */
  readonly input: Doubles;
  readonly z: Doubles;
  /** The same matrix as z for the identity. */
  readonly h: Doubles;
}

/** W and β of a layer as views of a vector of the length of θ. */
export function weightsOf(layer: DenseNetworkLayer, vector: Float64Array): Doubles {
  const { inputs, outputs, weightsAt } = layer;
  return {
    data: vector.subarray(weightsAt, weightsAt + inputs * outputs),
    rows: outputs,
    cols: inputs,
  };
}

export function biasesOf(
  { biasesAt, outputs }: DenseNetworkLayer,
  vector: Float64Array,
): Float64Array | undefined {
  return biasesAt === undefined ? undefined : vector.subarray(biasesAt, biasesAt + outputs);
}

/** Coefficients 0 … degree of every layer along θ + t v; `v` is not looked at for degree 0. */
export async function forward(
  { engine, layers, activations }: Dense,
  theta: Float64Array,
  x: Doubles,
  room: Workspace,
  { degree, v = theta }: { readonly degree: number; readonly v?: Float64Array } = { degree: 0 },
): Promise<readonly LayerPass[]> {
  const n = x.rows;
  const passes: LayerPass[] = [];
  let input = x;
  for (const [l, layer] of layers.entries()) {
    const { outputs, weightScale: alpha, biasScale } = layer;
    const phi = activations[l]!;
    const z = room.take((degree + 1) * n, outputs);
    const h = phi.identity ? z : room.take(z.rows, outputs);
    const known = input.rows; // (degree + 1) n, or n at the first layer: the later blocks of x are 0
    const weights = weightsOf(layer, theta);
    await engine.gemm({ a: input, b: weights, c: rowRange(z, 0, known), transposeB: true, alpha });
    if (degree > 0) {
      z.data.fill(0, known * outputs);
      const moved = Math.min(known, degree * n);
      await engine.gemm({
        a: rowRange(input, 0, moved),
        b: weightsOf(layer, v),
        c: rowRange(z, n, n + moved),
        transposeB: true,
        alpha,
        beta: 1,
      });
      addBiases(rowRange(z, n, 2 * n), biasesOf(layer, v), biasScale);
    }
    addBiases(rowRange(z, 0, n), biasesOf(layer, theta), biasScale);
    if (!phi.identity) phi.compose(z.data, h.data, n * outputs, degree);
    passes.push({ input, z, h });
    input = h;
  }
  return passes;
}

/** φ′(z) at every layer, undefined where it is 1 everywhere. `passes` of degree 0; their z is overwritten. */
export function slopesInPlace(
  { activations }: Dense,
  passes: readonly LayerPass[],
): readonly (Doubles | undefined)[] {
  return passes.map(({ z, h }, l) => {
    const phi = activations[l]!;
    if (phi.identity) return undefined;
    phi.slopes(z.data, h.data, z.data);
    return z;
  });
}

/** One step back: s D W (⊙ φ′ of the layer before), the cotangents of z of layer l − 1; without `slope`, those of its h. */
export async function backward(
  { engine, layers }: Dense,
  theta: Float64Array,
  l: number,
  cotangent: Doubles,
  slope: Doubles | undefined,
  room: Workspace,
): Promise<Doubles> {
  const layer = layers[l]!;
  const before = room.take(cotangent.rows, layer.inputs);
  await engine.gemm({ a: cotangent, b: weightsOf(layer, theta), c: before, alpha: layer.weightScale });
  if (slope) multiplyRows(before, slope);
  return before;
}

/** Adds nothing, writes everything: Jᵀ r into `gradient` (length of θ), from the cotangents r of the outputs. */
export async function pullBack(
  dense: Dense,
  theta: Float64Array,
  passes: readonly LayerPass[],
  slopes: readonly (Doubles | undefined)[],
  r: Doubles,
  gradient: Float64Array,
  room: Workspace,
): Promise<void> {
  const { engine, layers } = dense;
  let cotangent = r;
  const outputSlope = slopes.at(-1);
  if (outputSlope) {
    cotangent = room.take(r.rows, r.cols);
    cotangent.data.set(r.data);
    multiplyRows(cotangent, outputSlope);
  }
  for (let l = layers.length - 1; l >= 0; l--) {
    const layer = layers[l]!;
    const weights = weightsOf(layer, gradient);
    const { input } = passes[l]!;
    await engine.gemm({ a: cotangent, b: input, c: weights, transposeA: true, alpha: layer.weightScale });
    sumRows(cotangent, layer.biasScale, biasesOf(layer, gradient));
    if (l > 0) cotangent = await backward(dense, theta, l, cotangent, slopes[l - 1], room);
  }
}

/**
 * Σ r_io H_io v into `product` by the R-operator: the derivative of the backward pass along v. Cotangents are stacked with
 * their derivative RD on top of D, so that [RD; D]ᵀ [h_0; h_1] = RDᵀ h_0 + Dᵀ h_1 is one product. `passes` of degree 1.
 */
export async function curvatureAlong(
  dense: Dense,
  theta: Float64Array,
  v: Float64Array,
  passes: readonly LayerPass[],
  r: Doubles,
  product: Float64Array,
  room: Workspace,
): Promise<void> {
  const { engine, layers } = dense;
  const n = r.rows;
  let stacked = room.take(2 * n, r.cols);
  rowRange(stacked, 0, n).data.fill(0);
  rowRange(stacked, n, 2 * n).data.set(r.data);
  differentiateSlope(dense, layers.length - 1, passes, stacked, room);
  for (let l = layers.length - 1; l >= 0; l--) {
    const layer = layers[l]!;
    const { weightScale: alpha } = layer;
    const { input } = passes[l]!;
    const moving = rowRange(stacked, 0, n);
    const still = rowRange(stacked, n, 2 * n);
    const a = l === 0 ? moving : stacked;
    await engine.gemm({ a, b: input, c: weightsOf(layer, product), transposeA: true, alpha });
    sumRows(moving, layer.biasScale, biasesOf(layer, product));
    if (l === 0) return;
    const before = await backward(dense, theta, l, stacked, undefined, room);
    await engine.gemm({ a: still, b: weightsOf(layer, v), c: rowRange(before, 0, n), alpha, beta: 1 });
    differentiateSlope(dense, l - 1, passes, before, room);
    stacked = before;
  }
}

/** [RA; A] ↦ [RA φ′ + A φ″ Rz; A φ′], in place. */
function differentiateSlope(
  { activations }: Dense,
  l: number,
  passes: readonly LayerPass[],
  stacked: Doubles,
  room: Workspace,
): void {
  const phi = activations[l]!;
  if (phi.identity) return;
  const count = stacked.data.length / 2;
  const { z, h } = passes[l]!;
  const slopes = room.take(1, count).data;
  const bends = room.take(1, count).data;
  const [z0, h0] = [z.data.subarray(0, count), h.data.subarray(0, count)];
  phi.slopes(z0, h0, slopes);
  phi.curvatures(z0, h0, bends);
  const { data } = stacked;
  for (let i = 0; i < count; i++) {
    const still = data[count + i]!;
    data[i] = data[i]! * slopes[i]! + still * bends[i]! * z.data[count + i]!;
    data[count + i] = still * slopes[i]!;
  }
}

/**
 * Cotangents of z^l for every single output: rows i O + o hold ∂f_o(x_i)/∂z^l. Layer by layer, readout first.
 * `slopes` as of `slopesInPlace`.
 */
export async function* outputCotangents(
  dense: Dense,
  theta: Float64Array,
  slopes: readonly (Doubles | undefined)[],
  n: number,
  room: Workspace,
): AsyncGenerator<{ readonly l: number; readonly cotangent: Doubles }, void> {
  const { layers } = dense;
  const { outputs } = layers.at(-1)!;
  let cotangent = room.take(n * outputs, outputs);
  for (let at = 0; at < cotangent.data.length; at++)
    cotangent.data[at] = +(Math.floor(at / outputs) % outputs === at % outputs);
  const outputSlope = slopes.at(-1);
  if (outputSlope) multiplyRows(cotangent, outputSlope);
  for (let l = layers.length - 1; l >= 0; l--) {
    yield { l, cotangent };
    if (l > 0) cotangent = await backward(dense, theta, l, cotangent, slopes[l - 1], room);
  }
}

function addBiases({ data, rows, cols }: Doubles, biases: Float64Array | undefined, scale: number): void {
  if (!biases) return;
  for (let i = 0; i < rows; i++)
    for (let j = 0, at = i * cols; j < cols; j++, at++) data[at]! += scale * biases[j]!;
}

/** sums ← scale · column sums. */
function sumRows({ data, rows, cols }: Doubles, scale: number, sums: Float64Array | undefined): void {
  if (!sums) return;
  sums.fill(0);
  for (let i = 0; i < rows; i++)
    for (let j = 0, at = i * cols; j < cols; j++, at++) sums[j]! += scale * data[at]!;
}

/** a ← a ⊙ b, where each row of b stands for as many rows of a as there are more of them. */
function multiplyRows(a: Doubles, b: Doubles): void {
  const [factor, data] = [b.data, a.data];
  if (a.rows === b.rows) {
    for (let i = 0; i < data.length; i++) data[i]! *= factor[i]!;
    return;
  }
  const { cols } = a;
  const copies = a.rows / b.rows;
  for (let i = 0; i < a.rows; i++) {
    const from = Math.floor(i / copies) * cols;
    for (let j = 0, at = i * cols; j < cols; j++, at++) data[at]! *= factor[from + j]!;
  }
}
