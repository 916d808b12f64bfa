import type { Engine, KernelGradientCall, KernelMatrixCall, KernelProductCall } from "../linalg/index.ts";
import { networkGradient, networkMatrix, networkProduct } from "../infinite/index.ts";
import type { Kernel } from "../kernels/index.ts";

// The three passes of the engine for every kernel: functions of a difference go to the engine's own, the kernels of infinitely
// wide networks to theirs. Points of network kernels are coordinates alone.

type AnyKernel<Call> = Omit<Call, "kernel"> & { readonly kernel: Kernel };

/** `Engine.kernelMatrix` for any kernel. */
export function kernelMatrix(
  engine: Engine,
  { kernel, ...call }: AnyKernel<KernelMatrixCall>,
): Promise<void> {
  if (kernel.family !== "network") return engine.kernelMatrix({ kernel, ...call });
  return networkMatrix(engine, kernel, { ...call, x: call.x.coordinates, z: call.z?.coordinates });
}

/** `Engine.kernelProduct` for any kernel; network kernels have values only. */
export function kernelProduct(
  engine: Engine,
  { kernel, ...call }: AnyKernel<Omit<KernelProductCall, "part" | "selfPairs">>,
): Promise<void> {
  if (kernel.family !== "network") return engine.kernelProduct({ kernel, ...call });
  return networkProduct(engine, kernel, { ...call, x: call.x.coordinates, z: call.z.coordinates });
}

/** `Engine.kernelGradient` for any kernel. */
export function kernelGradient(
  engine: Engine,
  { kernel, ...call }: AnyKernel<KernelGradientCall>,
): Promise<void> {
  if (kernel.family !== "network") return engine.kernelGradient({ kernel, ...call });
  return networkGradient(engine, kernel, { ...call, x: call.x.coordinates, z: call.z.coordinates });
}
