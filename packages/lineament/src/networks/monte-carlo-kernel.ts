import { checkChoice } from "../linalg/checks.ts";
import { type Matrix, zeros } from "../linalg/index.ts";
import { breather } from "../linalg/queue.ts";
import type { Model } from "./model.ts";
import { tangentKernel } from "./tangent-kernel.ts";

type Doubles = Matrix<Float64Array>;

/** A network at random parameters. */
export interface NetworkSample {
  readonly model: Model;
  readonly theta: Float64Array;
}

export interface MonteCarloKernelOptions {
  /** ntk: the tangent kernel, averaged over outputs; nngp: f(x) f(z)ᵀ / O. */
  readonly get: "ntk" | "nngp";
  /** Largest standard error of an entry, in units of the kernel; checked whenever a result is yielded. Default 0: never enough. */
  readonly tolerance?: number;
  /** Most networks. Default 64. */
  readonly samples?: number;
  /** Networks are made from the seeds `seed`, `seed` + 1, … Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal | undefined;
}

/** What is known of a kernel after some networks. */
export interface KernelEstimate {
  readonly samples: number;
  /** n × m. */
  readonly mean: Matrix<Float64Array>;
  /** Of the mean, entry by entry: s/√samples with s the sample standard deviation; infinite for one sample. */
  readonly standardError: Matrix<Float64Array>;
  readonly outcome: "going-on" | "converged" | "out-of-samples";
}

/**
 * The expected kernel of finite networks over their initializations, by averaging: yields what is known after 1, 2, 4, … networks
 * and at the end. At infinite width one network would be enough; at width m the standard deviation falls as 1/√m (and the mean
 * is off by O(1/m)).
 *
 * @param make - the network of a seed
 * @param z - absent: z = x
 * @throws RangeError for impossible options, or when x or z do not fit
 * @see Novak et al., arXiv:1810.05148
 */
export async function* monteCarloKernel(
  make: (seed: number) => NetworkSample | Promise<NetworkSample>,
  x: Matrix,
  z: Matrix | undefined,
  { get, tolerance = 0, samples = 64, seed = 0, signal }: MonteCarloKernelOptions,
): AsyncGenerator<KernelEstimate, void> {
  checkChoice("monteCarloKernel", "get", get, ["ntk", "nngp"]);
  if (!(Number.isInteger(samples) && samples >= 1))
    throw new RangeError(`monteCarloKernel: samples is ${samples}, expected a whole number of at least 1`);
  if (!(tolerance >= 0))
    throw new RangeError(`monteCarloKernel: tolerance is ${tolerance}, expected a number of at least 0`);
  const mean = zeros(x.rows, (z ?? x).rows);
  const squares = zeros(mean.rows, mean.cols);
  const pause = breather(signal);
  let next = 1;
  for (let count = 1; count <= samples; count++) {
    signal?.throwIfAborted();
    const { model, theta } = await make(seed + count - 1);
    const { data } = await (get === "ntk"
      ? tangentKernel(model, theta, x, z, { signal }).then(({ kernel }) => kernel)
      : outputKernel(model, theta, x, z));
    // Welford's recurrence: the sum of squared deviations without cancellation.
    for (let at = 0; at < data.length; at++) {
      const deviation = data[at]! - mean.data[at]!;
      mean.data[at]! += deviation / count;
      squares.data[at]! += deviation * (data[at]! - mean.data[at]!);
    }
    await pause();
    if (count < next && count < samples) continue;
    next = 2 * count;
    const standardError = squares.data.map((sum) =>
      count === 1 ? Infinity : Math.sqrt(sum / (count * (count - 1))),
    );
    const converged = standardError.every((error) => error <= tolerance);
    yield {
      samples: count,
      mean: { ...mean, data: mean.data.slice() },
      standardError: { ...mean, data: standardError },
      outcome: converged ? "converged" : count === samples ? "out-of-samples" : "going-on",
    };
    if (converged) return;
  }
}

/** f(x) f(z)ᵀ / O. */
async function outputKernel(
  model: Model,
  theta: Float64Array,
  x: Matrix,
  z: Matrix | undefined,
): Promise<Doubles> {
  const a = await model.value(theta, x);
  const c = zeros(x.rows, (z ?? x).rows);
  const alpha = 1 / model.outputs;
  if (z === undefined) await model.engine.syrk({ a, c, alpha });
  else await model.engine.gemm({ a, b: await model.value(theta, z), c, transposeB: true, alpha });
  return c;
}
