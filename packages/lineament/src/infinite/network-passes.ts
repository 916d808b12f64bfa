import { type NetworkKernel, weightedRows } from "../kernels/index.ts";
import { convert, type Engine, type Matrix, precisionOf, rowRange, zeros } from "../linalg/index.ts";
import { compile } from "./plan/compile.ts";
import { denseChain } from "./dense-chain.ts";
import { plainRows } from "./evaluation/geometry.ts";
import { infiniteKernel, infiniteVariances } from "./infinite-kernel.ts";
import { longestRow } from "./evaluation/inputs.ts";
import { prepare } from "./evaluation/prepare.ts";

/** Rows in transformed coordinates. */
interface NetworkCall {
  /** m × d */
  readonly x: Matrix;
  readonly out: Matrix;
  readonly signal?: AbortSignal | undefined;
}

/** At most this many kernel values are held at a time beside the result. */
const BLOCK_ENTRIES = 2 ** 22;

/** out[i, j] = k(x_i, z_j), n × m; z is x when absent. The kernel matrix of `kernels/` for networks. */
export async function networkMatrix(
  engine: Engine,
  kernel: NetworkKernel,
  { x, z, out, signal }: NetworkCall & { readonly z?: Matrix | undefined },
): Promise<void> {
  const unit = await unitValue(engine, kernel, x.cols);
  await values(engine, kernel, inUnitsOf(kernel, x), z && inUnitsOf(kernel, z), out, signal);
  for (let at = 0; at < out.data.length; at++) out.data[at]! /= unit;
}

/** out = k(X, Z) V without storing the m × n factor. */
export async function networkProduct(
  engine: Engine,
  kernel: NetworkKernel,
  { x, z, v, out, signal }: NetworkCall & { readonly z: Matrix; readonly v: Matrix },
): Promise<void> {
  const unit = await unitValue(engine, kernel, x.cols);
  const rows = blockRows(x.rows, z.rows);
  const memory = engine.allocate(rows, z.rows, precisionOf(v));
  const [own, centers] = [inUnitsOf(kernel, x), inUnitsOf(kernel, z)];
  for (let start = 0; start < x.rows; start += rows) {
    const end = Math.min(x.rows, start + rows);
    const block = rowRange(memory, 0, end - start);
    await values(engine, kernel, rowRange(own, start, end), centers, block, signal);
    await engine.gemm({ a: block, b: v, c: rowRange(out, start, end), alpha: 1 / unit });
  }
}

/**
 * Gradients of f_l = Σ_i A_il k(·, z_i) at every row of x, as `Engine.kernelGradient`: row j holds c gradients of d entries,
 * ∇f_l = s [2 (Σ_i A_il ∂k/∂a) x_j + Σ_i A_il ∂k/∂c z_i] with k a function of a = s‖x‖², b and c = s⟨x, z⟩, s = 1/(d L²). Always in
 * float64: the two parts cancel between close rows. One-sided parts at kinks are left out, so the row itself (`selfPairs`)
 * contributes half the gradient of k(x, x).
 *
 * @throws RangeError for networks on images, which are no functions of a, b and c
 */
export async function networkGradient(
  engine: Engine,
  kernel: NetworkKernel,
  {
    x,
    z,
    coefficients,
    out,
    signal,
  }: NetworkCall & {
    readonly z: Matrix;
    readonly coefficients: Matrix;
    readonly selfPairs?: Int32Array | undefined;
  },
): Promise<void> {
  const unit = await unitValue(engine, kernel, x.cols);
  const [m, n, d, c] = [x.rows, z.rows, x.cols, coefficients.cols];
  if (d === 0 || m === 0) return;
  const scale = 1 / (d * kernel.bandwidth ** 2);
  const a = convert(coefficients, "float64");
  const centers = convert(z, "float64");
  const weighted = weightedRows(engine, a, centers);
  const rows = blockRows(m, n);
  const [byCovariance, byVariance] = [
    engine.allocate(rows, n, "float64"),
    engine.allocate(rows, n, "float64"),
  ];
  const gradients = zeros(rows, c * d);
  const sums = zeros(rows, c);
  for (let start = 0; start < m; start += rows) {
    const end = Math.min(m, start + rows);
    const block = <T extends Matrix>(whole: T): T => rowRange(whole, 0, end - start) as T;
    const own = convert(rowRange(x, start, end), "float64");
    const [covariance, variance] = [block(byCovariance), block(byVariance)];
    await derivatives(engine, kernel, own, centers, covariance, variance, signal);
    const [gradient, sum] = [block(gradients), block(sums)];
    await engine.gemm({ a: covariance, b: weighted, c: gradient });
    await engine.gemm({ a: variance, b: a, c: sum });
    for (let j = 0; j < end - start; j++)
      for (let l = 0; l < c; l++)
        for (let k = 0; k < d; k++)
          out.data[(start + j) * c * d + l * d + k] =
            (scale / unit) *
            (gradient.data[(j * c + l) * d + k]! + 2 * sum.data[j * c + l]! * own.data[j * d + k]!);
  }
}

/** x / L. */
function inUnitsOf({ bandwidth }: NetworkKernel, x: Matrix): Matrix {
  return bandwidth === 1 ? x : { ...x, data: x.data.map((value) => value / bandwidth) };
}

/** k before it is divided by its unit, between rows in units of L. */
async function values(
  engine: Engine,
  { network, output, image }: NetworkKernel,
  x: Matrix,
  z: Matrix | undefined,
  out: Matrix,
  signal: AbortSignal | undefined,
): Promise<void> {
  await infiniteKernel(engine, network, x, z, { get: output, image, out: { [output]: out }, signal });
}

/** The value at inputs of unit mean square, ⟨x, x⟩/d = 1: what kernels of networks are divided by. */
async function unitValue(
  engine: Engine,
  { network, output, image }: NetworkKernel,
  d: number,
): Promise<number> {
  const ones = zeros(1, d);
  ones.data.fill(1);
  const { log2Scale, ...result } = await infiniteKernel(engine, network, ones, undefined, {
    get: output,
    image,
  });
  const value = result[output]!.data[0]!;
  if (!(value > 0) || log2Scale !== 0)
    throw new RangeError(
      `the ${output} kernel of this network is ${value}${log2Scale === 0 ? "" : ` · 2^${log2Scale}`} at inputs of unit mean square; choose weights and biases that keep it between 1e-100 and 1e100`,
    );
  return value;
}

/** ∂k/∂c and ∂k/∂a at every pair. Chains of dense layers have them in closed form, other networks by differences. */
async function derivatives(
  engine: Engine,
  kernel: NetworkKernel,
  x: Matrix<Float64Array>,
  z: Matrix<Float64Array>,
  byCovariance: Matrix,
  byVariance: Matrix,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { network, output, bandwidth, image } = kernel;
  if (image)
    throw new RangeError("a network on images has no gradient here: fit it with zero metric updates");
  const prepared = prepare(compile(network), plainRows(x.cols), longestRow([x, z]), 0);
  const chain = denseChain(prepared, 4 ** prepared.exponent);
  if (chain) {
    const scale = chain.scale / bandwidth ** 2;
    const wanted = { of: output, byCovariance, byVariance };
    await engine.denseKernels({ x, z, ...chain, scale, derivatives: wanted, signal });
    return;
  }
  // One more coordinate, s at x and t at z, moves a by s², b by t² and c by st (in units of d L²).
  const d = x.cols;
  const step = 1e-3;
  const widened = (rows: Matrix<Float64Array>, extra: number): Matrix<Float64Array> => {
    const result = zeros(rows.rows, d + 1);
    const factor = Math.sqrt((d + 1) / d) / bandwidth;
    for (let i = 0; i < rows.rows; i++) {
      for (let k = 0; k < d; k++) result.data[i * (d + 1) + k] = factor * rows.data[i * d + k]!;
      result.data[i * (d + 1) + d] = extra * Math.sqrt(d + 1);
    }
    return result;
  };
  const at = async (s: number, t: number): Promise<Matrix> => {
    const result = await infiniteKernel(engine, network, widened(x, s), widened(z, t), {
      get: output,
      signal,
    });
    return result[output]!;
  };
  const [base, moved, along, against] = [
    await at(0, 0),
    await at(step, 0),
    await at(step, step),
    await at(step, -step),
  ];
  for (let p = 0; p < byVariance.data.length; p++) {
    byVariance.data[p] = (moved.data[p]! - base.data[p]!) / step ** 2;
    byCovariance.data[p] = (along.data[p]! - against.data[p]!) / (2 * step ** 2);
  }
  // Between (nearly) equal rows the differences would see the kink: what is left without it is half the gradient of k(x, x).
  const variances = async (extra: number): Promise<Float64Array> =>
    (await infiniteVariances(network, widened(x, extra)))[output];
  const [resting, raised] = [await variances(0), await variances(step)];
  const nearby = 16 * step ** 2;
  for (let j = 0; j < x.rows; j++)
    for (let i = 0; i < z.rows; i++) {
      let [distance, size] = [0, 0];
      for (let k = 0; k < d; k++) {
        const [u, v] = [x.data[j * d + k]!, z.data[i * d + k]!];
        distance += (u - v) ** 2;
        size += u * u + v * v;
      }
      if (distance > nearby * size) continue;
      byCovariance.data[j * z.rows + i] = 0;
      byVariance.data[j * z.rows + i] = (raised[j]! - resting[j]!) / (2 * step ** 2);
    }
}

function blockRows(m: number, n: number): number {
  return Math.max(1, Math.min(m, Math.floor(BLOCK_ENTRIES / Math.max(1, n))));
}
