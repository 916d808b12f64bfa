import type { Layer } from "../layers/index.ts";
import { networkFromName } from "../infinite/index.ts";
import type { MatrixLike } from "../linalg/index.ts";
import type { NetworkKernel } from "../kernels/index.ts";
import { KernelRidge } from "./kernel-ridge.ts";
import type {
  KernelMachineFit,
  KernelRidgeOptions,
  RecursiveFeatureMachine,
} from "./recursive-feature-machine.ts";

/** Which network, and the options of `KernelRidge.fit` but its kernel. */
export interface NeuralKernelMachineOptions extends Omit<KernelRidgeOptions, "machine"> {
  /** A short name such as `ntk:gelu:2`, or the layers themselves. Default `ntk:relu:3`. */
  readonly network?: string | Layer;
  /** The NTK (all layers trained, default) or the NNGP kernel (readout trained). A short name says it already. */
  readonly output?: "ntk" | "nngp";
  /** How a row is laid out, for convolutions. */
  readonly image?: NetworkKernel["image"];
  readonly machine?: Omit<NonNullable<KernelRidgeOptions["machine"]>, "kernel" | "bandwidth">;
}

/**
 * An infinitely wide network, trained to the end with weight decay: kernel ridge regression with its tangent kernel (or its
 * covariance kernel). The ridge is chosen by validation unless given.
 *
 * @example
 * const machine = await NeuralKernelMachine.fit(x, y, { network: "ntk:gelu:2" });
 *
 * @see Jacot et al., arXiv:1806.07572; Arora et al., arXiv:1910.01663 (on small tables)
 */
export const NeuralKernelMachine: { readonly fit: KernelMachineFit<NeuralKernelMachineOptions> } = {
  fit: fit as KernelMachineFit<NeuralKernelMachineOptions>,
};

async function fit(
  x: MatrixLike,
  y: MatrixLike,
  { network = "ntk:relu:3", output, image, machine, ...options }: NeuralKernelMachineOptions = {},
): Promise<RecursiveFeatureMachine> {
  const named = typeof network === "string" ? networkFromName(network) : { network, output: "ntk" as const };
  const kernel = {
    family: "network" as const,
    ...named,
    ...(output ? { output } : {}),
    ...(image ? { image } : {}),
  };
  return await KernelRidge.fit(x, y, { ...options, machine: { ...machine, kernel } });
}
