import { z } from "zod";
import { Layer, networkName } from "../layers/index.ts";
import type { FusedKernel } from "../linalg/index.ts";

const bandwidth = z.number().positive().describe("L > 0, in units of the distance between transformed rows");
const exponent = z.number().positive().max(2).describe("q in (0, 2]");

/**
 * Kernels k(u, u′), positive definite in the stated ranges. All but the last two are functions of the difference Δ = u − u′ with
 * k(u, u) = 1.
 *
 * | family      | k                                              |
 * |-------------|------------------------------------------------|
 * | `laplace`   | exp(−(‖Δ‖₂/L)^q), 0 < q ≤ 2                    |
 * | `gaussian`  | exp(−‖Δ‖₂²/(2L²))                              |
 * | `matern32`  | (1 + √3ρ) exp(−√3ρ), ρ = ‖Δ‖₂/L                |
 * | `matern52`  | (1 + √5ρ + 5ρ²/3) exp(−√5ρ)                    |
 * | `lpq`       | exp(−(‖Δ‖_p/L)^q), 0 < q ≤ p ≤ 2; q = p is the product kernel |
 * | `sum-power` | b^m, b = ω + (1 − ω)/d Σ_j exp(−(|Δ_j|/L)^q), 0 ≤ ω < 1, integer m ≥ 1 |
 * | `polynomial` | (⟨u, u′⟩/L² + c)^m, c ≥ 0, integer m ≥ 1; by default L = 1, c = 0, m = 2: the quadratic kernel |
 * | `network`   | NNGP or NTK of an infinitely wide network at u/L and u′/L, divided by its value at inputs of unit mean square |
 *
 * Matérn 1/2 is `laplace` with q = 1. scikit-learn's `rbf` is `gaussian` with γ = 1/(2L²); its `laplacian`
 * is `lpq` with p = q = 1 and L = 1/γ.
 *
 * @see Beaglehole et al., arXiv:2508.10053 (lpq, sum-power); Rasmussen and Williams 2006, §4.2 (Matérn)
 */
export const Kernel = z
  .discriminatedUnion("family", [
    z.strictObject({ family: z.literal("laplace"), bandwidth, exponent: exponent.default(1) }),
    z.strictObject({ family: z.literal("gaussian"), bandwidth }),
    z.strictObject({ family: z.literal("matern32"), bandwidth }),
    z.strictObject({ family: z.literal("matern52"), bandwidth }),
    z.strictObject({
      family: z.literal("lpq"),
      bandwidth,
      exponent: exponent.default(1),
      p: z.number().positive().max(2).default(1),
    }),
    z.strictObject({
      family: z.literal("sum-power"),
      bandwidth,
      exponent: exponent.default(1),
      constant: z.number().min(0).lt(1).default(0),
      power: z.int().min(1).default(2),
    }),
    z.strictObject({
      family: z.literal("polynomial"),
      bandwidth: bandwidth.default(1),
      degree: z.int().min(1).default(2),
      constant: z.number().min(0).default(0),
    }),
    z.strictObject({
      family: z.literal("network"),
      output: z.enum(["ntk", "nngp"]).default("ntk").describe("tangent kernel, or covariance of the outputs"),
      network: Layer.describe("layers of the infinitely wide network"),
      bandwidth: bandwidth.default(1),
      image: z
        .strictObject({ height: z.int().positive(), width: z.int().positive(), channels: z.int().positive() })
        .optional()
        .describe("how a row is laid out, for convolutions"),
    }),
  ])
  .refine((kernel) => kernel.family !== "lpq" || kernel.exponent <= kernel.p, {
    message: "lpq is positive definite only for exponent ≤ p",
    path: ["exponent"],
  });
export type Kernel = FusedKernel | PolynomialKernel | NetworkKernel;

/** (⟨u, u′⟩/L² + c)^m. Its value at u = u′ is not 1, so a ridge is not in units of the diagonal. */
export interface PolynomialKernel {
  readonly family: "polynomial";
  readonly bandwidth: number;
  readonly degree: number;
  readonly constant: number;
}

/** The kernel of an infinitely wide network. It depends on the norms of its inputs as well as on their angle. */
export interface NetworkKernel {
  readonly family: "network";
  readonly output: "ntk" | "nngp";
  readonly network: Layer;
  readonly bandwidth: number;
  /** How a row is laid out (row of pixels by row, channels last), for convolutions. */
  readonly image?: { readonly height: number; readonly width: number; readonly channels: number } | undefined;
}

/** True for kernels that are functions of the difference of their inputs; the others depend on norms too. */
export function isDifferenceKernel(kernel: Kernel): kernel is FusedKernel {
  return kernel.family !== "network" && kernel.family !== "polynomial";
}

/**
 * The kernel as a function of a difference, for what other kernels have no part in.
 * @throws RangeError for those, saying what they lack
 */
export function differenceKernel(kernel: Kernel, lacking: string): FusedKernel {
  if (isDifferenceKernel(kernel)) return kernel;
  throw new RangeError(
    `${kernel.family === "network" ? "kernels of networks" : "polynomial kernels"} have no ${lacking}`,
  );
}

/** The kernel with another bandwidth. */
export function withBandwidth(kernel: Kernel, value: number): Kernel {
  return { ...kernel, bandwidth: value };
}

/** The p of the distance ‖Δ‖_p that the kernel is a function of; sum-power counts as 1 (coordinate-wise). */
export function normOrder(kernel: Kernel): number {
  return kernel.family === "lpq" ? kernel.p : kernel.family === "sum-power" ? 1 : 2;
}

/** A short name for people: `laplace(L=10, q=1)`. */
export function kernelName(kernel: Kernel): string {
  const length = `L=${Number(kernel.bandwidth.toPrecision(3))}`;
  switch (kernel.family) {
    case "laplace":
      return `laplace(${length}, q=${kernel.exponent})`;
    case "lpq":
      return kernel.p === kernel.exponent
        ? `product laplace(${length}, q=${kernel.exponent})`
        : `lpq(${length}, p=${kernel.p}, q=${kernel.exponent})`;
    case "sum-power":
      return `sum-power(${length}, q=${kernel.exponent}, m=${kernel.power})`;
    case "polynomial":
      return `polynomial(${length}, m=${kernel.degree}, c=${kernel.constant})`;
    case "network":
      return `${kernel.output}(${networkName(kernel.network)}${kernel.bandwidth === 1 ? "" : `, ${length}`})`;
    default:
      return `${kernel.family}(${length})`;
  }
}
