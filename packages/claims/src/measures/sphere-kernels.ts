import {
  dense,
  type Engine,
  erf,
  type FusedKernel,
  infiniteKernel,
  type Layer,
  type Matrix,
  relu,
  serial,
  zeros,
} from "lineament";

/** Kernels of infinitely wide two-layer networks on √d S^{d−1}, as functions of ρ = ⟨x, x'⟩/d. */
const networks = {
  /** E[ReLU ReLU]. */
  "relu-random": { network: serial(dense(), relu(), dense()), get: "nngp" },
  /** ρ E[ReLU′ ReLU′]. */
  "relu-tangent": { network: serial(dense(), relu(), dense({ weightRate: 0 })), get: "ntk" },
  /** Their sum: both layers trained. */
  relu: { network: serial(dense(), relu(), dense()), get: "ntk" },
  /** The same with biases of standard deviation 1: h(ρ) becomes 2 h((ρ + 1)/2). */
  "relu-bias": { network: serial(dense({ biasStd: 1 }), relu(), dense()), get: "ntk" },
  /** E[erf erf]. */
  erf: { network: serial(dense(), erf(), dense()), get: "nngp" },
} as const satisfies Record<string, { readonly network: Layer; readonly get: "nngp" | "ntk" }>;

/** Kernels of ‖x − x'‖² = d (2 − 2ρ), times a factor. */
const distanceKernels = {
  /** e^ρ = e · e^{−‖x − x'‖²/(2d)}. */
  exponential: { kernel: (d: number) => ({ family: "gaussian", bandwidth: Math.sqrt(d) }), factor: Math.E },
  /** e^{−‖x − x'‖/√d} = e^{−√(2 − 2ρ)}. */
  laplace: {
    kernel: (d: number) => ({ family: "laplace", bandwidth: Math.sqrt(d), exponent: 1 }),
    factor: 1,
  },
} as const satisfies Record<string, { readonly kernel: (d: number) => FusedKernel; readonly factor: number }>;

/** Kernels that claims on the sphere measure with. */
export type SphereKernel = keyof typeof networks | keyof typeof distanceKernels;

/** The kernel between all rows of x and of z (of x and x without z), both on √d S^{d−1}. */
export async function sphereKernel(
  engine: Engine,
  name: SphereKernel,
  x: Matrix,
  z?: Matrix,
): Promise<Matrix> {
  if (name !== "exponential" && name !== "laplace") {
    const { network, get } = networks[name];
    return (await infiniteKernel(engine, network, x, z, { get }))[get]!;
  }
  const { kernel, factor } = distanceKernels[name];
  const out = zeros(x.rows, (z ?? x).rows);
  const points = z ? { x: { coordinates: x }, z: { coordinates: z } } : { x: { coordinates: x } };
  await engine.kernelMatrix({ kernel: kernel(x.cols), ...points, out });
  if (factor !== 1) for (let at = 0; at < out.data.length; at++) out.data[at]! *= factor;
  return out;
}
