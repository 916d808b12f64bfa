import {
  activation,
  dense,
  type Engine,
  erf,
  infiniteKernel,
  type Layer,
  type Matrix,
  relu,
  serial,
  zeros,
} from "lineament";

/** Kernels of infinitely wide two-layer networks on √d S^{d−1}, as functions of ρ = ⟨x, x'⟩/d. */
const networks = {
  /** e^ρ. */
  exponential: {
    network: serial(dense(), activation({ name: "exp-normalized", gamma: 1, delta: 0 }), dense()),
    get: "nngp",
  },
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

/** Kernels that claims on the sphere measure with; `laplace` is e^{−‖x − x'‖/√d} = e^{−√(2 − 2ρ)}. */
export type SphereKernel = keyof typeof networks | "laplace";

/** The kernel between all rows of x and of z (of x and x without z), both on √d S^{d−1}. */
export async function sphereKernel(
  engine: Engine,
  kernel: SphereKernel,
  x: Matrix,
  z?: Matrix,
): Promise<Matrix> {
  if (kernel === "laplace") {
    const out = zeros(x.rows, (z ?? x).rows);
    await engine.kernelMatrix({
      kernel: { family: "laplace", bandwidth: Math.sqrt(x.cols), exponent: 1 },
      x: { coordinates: x },
      ...(z ? { z: { coordinates: z } } : {}),
      out,
    });
    return out;
  }
  const { network, get } = networks[kernel];
  const { [get]: values } = await infiniteKernel(engine, network, x, z, { get });
  return values!;
}
