import type { Dual } from "../activation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

/** A dual that belongs to no known function φ: no finite network has it, and its means are not known. */
export function kernelAlone(name: string, dual: Omit<Dual, "form" | "mean" | "meanSlope">): Nonlinearity {
  const noMoments = (): never => {
    throw new RangeError(
      `dualOf: ${name} is a kernel and no function, so it has no mean; put it in a plain chain of layers, without layer normalization or sums`,
    );
  };
  return { functions: undefined, dual: { form: "closed", ...dual, mean: noMoments, meanSlope: noMoments } };
}
