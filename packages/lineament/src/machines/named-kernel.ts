import { unknownName } from "../layers/index.ts";
import { networkFromName } from "../infinite/index.ts";
import type { FitOptions } from "./options.ts";

/** The kernel of a machine and how its bandwidth is meant, as in `FitOptions`. */
export type NamedKernel = Pick<NonNullable<FitOptions["machine"]>, "kernel" | "bandwidth">;

const differenceKernels = ["laplace", "gaussian", "matern32", "matern52", "lpq"] as const;

/**
 * A kernel by its short name: `laplace`, `gaussian`, `matern32`, `matern52`, `lpq` with twice the median distance as their
 * bandwidth, or the kernel of an infinitely wide network, `ntk:relu:3` (see `networkFromName`).
 *
 * @throws RangeError that lists the names
 */
export function namedKernel(name: string): NamedKernel {
  const family = differenceKernels.find((known) => known === name);
  if (family) return { kernel: { family, bandwidth: 2 }, bandwidth: "adaptive" };
  if (typeof name !== "string" || !name.includes(":"))
    throw new RangeError(
      `${unknownName("kernel", name, differenceKernels)}, and those of networks: ntk:relu:3, nngp:erf:1 and the like`,
    );
  return { kernel: { family: "network", ...networkFromName(name) }, bandwidth: "constant" };
}
