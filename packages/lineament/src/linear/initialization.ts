import { type Engine, type MatrixLike, random, zeros } from "../linalg/index.ts";
import { checkCount, checkMatrix, checkPositive, type Doubles } from "./checks.ts";
import type { LinearNetwork } from "./linear-network.ts";
import { product } from "./product.ts";
import { singularParts } from "./singular-parts.ts";

export interface BalancedOptions {
  /** N ≥ 1. */
  readonly depth: number;
  /** Of all hidden layers, or one for each. Default: min(rows, columns) of the matrix. */
  readonly width?: number | readonly number[] | undefined;
  /** Turns hidden bases at random, which changes neither product nor balance. Default: singular vectors. */
  readonly seed?: number | undefined;
}

/**
 * A balanced factorization of a matrix, A = U Σ Vᵀ: W_1 = Σ^{1/N} Vᵀ, W_j = Σ^{1/N}, W_N = U Σ^{1/N}, filled up with zeros. It
 * has the smallest Σ_j ‖W_j‖² of all, N Σ_r σ_r^{2/N}.
 *
 * @throws RangeError for an impossible depth or matrix, and when a hidden width is below the rank of the matrix
 * @see Arora et al., arXiv:1810.02281, Procedure 1
 */
export async function balancedFactors(
  engine: Engine,
  matrix: MatrixLike,
  { depth, width, seed }: BalancedOptions,
): Promise<LinearNetwork> {
  const a = checkMatrix("balancedFactors", "matrix", matrix);
  checkCount("balancedFactors", "depth", depth);
  const least = Math.min(a.rows, a.cols);
  const hidden = typeof width === "object" ? width : Array<number>(depth - 1).fill(width ?? least);
  if (hidden.length !== depth - 1)
    throw new RangeError(
      `balancedFactors: width has ${hidden.length} numbers, expected one for each of the ${depth - 1} hidden layers`,
    );
  hidden.forEach((size) => checkCount("balancedFactors", "width", size));
  if (depth === 1) return [{ ...a, data: a.data.slice() }];
  const { u, values, vt } = await singularParts(engine, a);
  const rank = values.filter((sigma) => sigma > 0).length;
  const narrow = hidden.find((size) => size < rank);
  if (narrow !== undefined)
    throw new RangeError(
      `balancedFactors: the matrix has rank ${rank}, which a hidden layer of width ${narrow} cannot carry: widen it`,
    );
  const widths = [a.cols, ...hidden, a.rows];
  const roots = values.slice(0, rank).map((sigma) => sigma ** (1 / depth));
  const layers = widths.slice(1).map((rows, j) => {
    const w = zeros(rows, widths[j]!);
    roots.forEach((root, r) => {
      if (j === 0) for (let k = 0; k < a.cols; k++) w.data[r * a.cols + k] = root * vt.data[r * a.cols + k]!;
      else if (j === depth - 1)
        for (let i = 0; i < rows; i++) w.data[i * w.cols + r] = root * u.data[i * u.cols + r]!;
      else w.data[r * w.cols + r] = root;
    });
    return w;
  });
  if (seed === undefined) return layers;
  for (let j = 0; j + 1 < depth; j++) {
    const rotation = await randomRotation(engine, hidden[j]!, seed + j);
    layers[j] = await product(engine, rotation, layers[j]!);
    layers[j + 1] = await product(engine, layers[j + 1]!, rotation, { transposeB: true });
  }
  return layers;
}

/**
 * W_j = α^{1/N} I: the end-to-end matrix is α I, and the start is balanced where widths agree. Rectangular layers have ones on
 * their diagonal and zeros elsewhere.
 *
 * @param widths - d_0, …, d_N
 * @param options.scale - α > 0, default 1: a linear residual network
 * @throws RangeError for impossible widths or scales
 */
export function identityFactors(
  widths: readonly number[],
  { scale = 1 }: { readonly scale?: number } = {},
): LinearNetwork {
  checkWidths("identityFactors", widths);
  checkPositive("identityFactors", "scale", scale);
  const entry = scale ** (1 / (widths.length - 1));
  return widths.slice(1).map((rows, j) => {
    const w = zeros(rows, widths[j]!);
    for (let i = 0; i < Math.min(w.rows, w.cols); i++) w.data[i * w.cols + i] = entry;
    return w;
  });
}

export interface GaussianOptions {
  /** α > 0: entries of W_j are N(0, α^{2/N}/d_{j−1}), so that ‖W‖_F ≈ α √d_N. Default 1e-3: near zero. */
  readonly scale?: number;
  /** The standard deviation of all entries instead. */
  readonly std?: number | undefined;
  /** Default 0. */
  readonly seed?: number;
}

/**
 * Independent normal entries. Near zero they are nearly balanced: no ‖D_j‖ is above the largest ‖W_j‖² of the start, however
 * large the weights grow along the flow.
 *
 * @param widths - d_0, …, d_N
 * @throws RangeError for impossible widths or scales
 */
export function gaussianFactors(
  widths: readonly number[],
  { scale = 1e-3, std, seed = 0 }: GaussianOptions = {},
): LinearNetwork {
  checkWidths("gaussianFactors", widths);
  checkPositive("gaussianFactors", "scale", scale);
  if (std !== undefined) checkPositive("gaussianFactors", "std", std);
  const generator = random(seed);
  const factor = scale ** (1 / (widths.length - 1));
  return widths.slice(1).map((rows, j) => {
    const w = zeros(rows, widths[j]!);
    const deviation = std ?? factor / Math.sqrt(w.cols);
    for (let at = 0; at < w.data.length; at++) w.data[at] = deviation * generator.normal();
    return w;
  });
}

function checkWidths(call: string, widths: readonly number[]): void {
  if (widths.length < 2)
    throw new RangeError(
      `${call}: widths has ${widths.length} numbers, expected those of the input and of every layer: at least 2`,
    );
  widths.forEach((width, j) => checkCount(call, `widths[${j}]`, width));
}

/** Uniformly distributed: U Vᵀ of a Gaussian matrix. */
async function randomRotation(engine: Engine, size: number, seed: number): Promise<Doubles> {
  const [gaussian] = gaussianFactors([size, size], { std: 1, seed });
  const { u, vt } = await engine.singularValues(gaussian!);
  return product(engine, u as Doubles, vt as Doubles);
}
