import { checkImage } from "../layers/index.ts";
import type { ImageShape, Layer } from "../layers/index.ts";
import { asMatrix, precisionOf } from "../linalg/index.ts";
import type { Engine, Matrix, MatrixLike, Precision } from "../linalg/index.ts";
import { checkChoice, checkCount } from "../linalg/checks.ts";
import { breather } from "../linalg/queue.ts";
import { compile } from "./plan/compile.ts";
import { denseChain } from "./dense-chain.ts";
import { diagnose } from "./diagnostics.ts";
import type { KernelDiagnostics } from "./diagnostics.ts";
import { evaluateRows } from "./evaluation/evaluate-rows.ts";
import type { Prepared } from "./evaluation/prepared.ts";
import { images, plainRows } from "./evaluation/geometry.ts";
import { inputExponent, longestRow, scaledInputs } from "./evaluation/inputs.ts";
import type { Inputs } from "./evaluation/inputs.ts";
import { kernelTiles, tileRows } from "./evaluation/kernel-tiles.ts";
import { outputScale } from "./evaluation/output-scale.ts";
import { prepare } from "./evaluation/prepare.ts";
import type { Approximation } from "./evaluation/tables.ts";

export interface InfiniteKernelOptions {
  /** Which kernels. Default "both"; one takes half the memory, and "nngp" alone less time. */
  readonly get?: "nngp" | "ntk" | "both" | undefined;
  /**
   * Storage of the results, arithmetic is float64. Default "float64". What float32 rounds away can make small eigenvalues negative:
   * solve with a ridge of at least 1e-6 tr/n.
   */
  readonly precision?: Precision | undefined;
  /** How a row of x is an image, for networks with convolutions. */
  readonly image?: ImageShape | undefined;
  /**
   * Which rows dropout acts on: it divides the variances of training rows by its keep rate. Default "z" with z (x are new rows,
   * z those that were trained on), else "both"; without z all but "neither" mean "both".
   */
  readonly training?: "x" | "z" | "both" | "neither" | undefined;
  /** Where to write the kernels (n × m), in place of new matrices; their precision counts. */
  readonly out?: { readonly nngp?: Matrix | undefined; readonly ntk?: Matrix | undefined } | undefined;
  /** Rows and columns that are evaluated at a time. Default 128, fewer for images. It does not change results. */
  readonly tile?: number | undefined;
  /** Stops between tiles: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface InfiniteKernels {
  /** K(x_i, z_j), the covariance of one output over initializations: n × m. */
  readonly nngp?: Matrix | undefined;
  /** Θ(x_i, z_j), the tangent kernel: n × m. */
  readonly ntk?: Matrix | undefined;
  /** The kernels are 2^log2Scale times these matrices: 0 unless they leave [1e-100, 1e100] ([1e-30, 1e30] in float32). */
  readonly log2Scale: number;
  readonly diagnostics: KernelDiagnostics;
}

/**
 * The NNGP kernel K = E f(x) f(z) and the NTK Θ = E ⟨∇f(x), ∇f(z)⟩ of an infinitely wide network, between all rows of x and of z
 * (x itself when absent; exactly symmetric then). They start from K⁰ = ⟨x, z⟩/d, Θ⁰ = 0 and go from layer to layer: branches
 * may be correlated and have means, layers of any kind may follow each other as long as the limit exists.
 *
 * Arithmetic is float64. The angle between rows is followed without cancellation through dense and piecewise linear layers
 * (relative error near 1e-13 at any depth and angle), and rounded to 1e-8 in the worst case behind others.
 * Nothing of size n × m is held beside the results.
 *
 * @param x - n × d
 * @param z - m × d
 * @throws RangeError for a network without a limit, naming the layer and the cure; for inputs that are not finite or do not fit
 * @see Jacot et al., arXiv:1806.07572; Lee et al., arXiv:1902.06720; Novak et al., arXiv:1912.02803
 */
export async function infiniteKernel(
  engine: Engine,
  network: Layer,
  x: MatrixLike,
  z?: MatrixLike,
  options: InfiniteKernelOptions = {},
): Promise<InfiniteKernels> {
  const { get = "both", image, training = z ? "z" : "both", tile, signal } = options;
  checkChoice("infiniteKernel", "get", get, ["nngp", "ntk", "both"]);
  checkChoice("infiniteKernel", "training", training, ["x", "z", "both", "neither"]);
  checkChoice("infiniteKernel", "precision", options.precision ?? "float64", ["float32", "float64"]);
  const [own, other] = [asMatrix(x, "infiniteKernel: x"), z && asMatrix(z, "infiniteKernel: z")];
  if (other && other.cols !== own.cols)
    throw new RangeError(`infiniteKernel: x has ${own.cols} columns, z has ${other.cols}`);
  if (tile !== undefined) checkCount("infiniteKernel", "tile", tile);
  const targets = targetsOf(engine, own.rows, (other ?? own).rows, get, options);
  signal?.throwIfAborted();
  const { prepared, inputs } = prepareFor(network, image, other ? [own, other] : [own]);
  const { log2Scale, factor } = outputScale(prepared, targets.precision);
  const chain = denseChain(prepared, factor);
  const [left, right] = inputs as readonly [Inputs, Inputs?];
  const { nngp, ntk } = targets;
  let approximations: readonly Approximation[] = [];
  if (chain) await engine.denseKernels({ x: left, z: right, ...chain, nngp, ntk, signal });
  else {
    const tiles = { factor, training, tile, signal };
    approximations = await kernelTiles(engine, prepared, left, right, targets, tiles);
  }
  return { nngp, ntk, log2Scale, diagnostics: diagnose(prepared, approximations, log2Scale) };
}

export interface InfiniteVariances {
  /** K(x_i, x_i). */
  readonly nngp: Float64Array;
  /** Θ(x_i, x_i). */
  readonly ntk: Float64Array;
  /** As for `infiniteKernel`. */
  readonly log2Scale: number;
}

/**
 * The diagonals of `infiniteKernel(engine, network, x)`, each row on its own: O(n d) for dense networks.
 * @param x - n × d
 * @throws RangeError as `infiniteKernel`
 */
export async function infiniteVariances(
  network: Layer,
  x: MatrixLike,
  options: Pick<InfiniteKernelOptions, "image" | "signal"> & {
    /** Dropout acts on these rows. Default true, as for a kernel without z. */
    readonly training?: boolean | undefined;
  } = {},
): Promise<InfiniteVariances> {
  const { image, training = true, signal } = options;
  signal?.throwIfAborted();
  const { prepared, inputs } = prepareFor(network, image, [asMatrix(x, "infiniteVariances: x")]);
  const [all] = inputs as readonly [Inputs];
  const { log2Scale, factor } = outputScale(prepared, "float64");
  const [nngp, ntk] = [new Float64Array(all.rows), new Float64Array(all.rows)];
  const pause = breather(signal);
  const size = tileRows(prepared.geometry);
  for (let start = 0; start < all.rows; start += size) {
    const chunk = evaluateRows(prepared, all, start, Math.min(all.rows, start + size), training);
    nngp.set(
      chunk.rows.variances[prepared.plan.output]!.map((value) => value * factor),
      start,
    );
    ntk.set(
      chunk.ntk.map((value) => value * factor),
      start,
    );
    await pause();
  }
  return { nngp, ntk, log2Scale };
}

/** Checks network and inputs, and fixes all numbers. */
function prepareFor(
  network: Layer,
  image: ImageShape | undefined,
  matrices: readonly Matrix[],
): { readonly prepared: Prepared; readonly inputs: readonly Inputs[] } {
  const plan = compile(network);
  const [{ cols }] = matrices as readonly [Matrix, Matrix?];
  if (cols === 0) throw new RangeError("infinite network: x has no columns");
  if (image) checkImage("infinite network", image, cols);
  if (plan.image && !image)
    throw new RangeError(
      "infinite network: it has convolutions; say how a row is an image, image: { height, width, channels }",
    );
  const geometry = plan.image ? images(image!, plan.pixelPairs) : plainRows(cols);
  const exponent = inputExponent(...matrices);
  const inputs = matrices.map((matrix) => scaledInputs(matrix, exponent));
  return { prepared: prepare(plan, geometry, longestRow(inputs), exponent), inputs };
}

interface Targets {
  readonly nngp: Matrix | undefined;
  readonly ntk: Matrix | undefined;
}

function targetsOf(
  engine: Engine,
  rows: number,
  cols: number,
  get: NonNullable<InfiniteKernelOptions["get"]>,
  { precision = "float64", out = {} }: InfiniteKernelOptions,
): Targets & { readonly precision: Precision } {
  const target = (name: "nngp" | "ntk"): Matrix | undefined => {
    if (get !== name && get !== "both") return undefined;
    const given = out[name];
    if (given && (given.rows !== rows || given.cols !== cols))
      throw new RangeError(
        `infiniteKernel: out.${name} is ${given.rows} × ${given.cols}, expected ${rows} × ${cols}`,
      );
    return given ?? engine.allocate(rows, cols, precision);
  };
  const [nngp, ntk] = [target("nngp"), target("ntk")];
  if (nngp && ntk && precisionOf(nngp) !== precisionOf(ntk))
    throw new RangeError("infiniteKernel: out.nngp and out.ntk differ in precision, expected one for both");
  return { nngp, ntk, precision: precisionOf((nngp ?? ntk)!) };
}
