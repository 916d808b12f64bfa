import type { Engine, KernelGradientCall, KernelMatrixCall, KernelProductCall } from "../linalg/index.ts";
import { networkGradient, networkMatrix, networkProduct } from "../infinite/index.ts";
import { type Kernel, polynomialGradient, polynomialMatrix, polynomialProduct } from "../kernels/index.ts";

// The three passes of the engine for every kernel: functions of a difference go to the engine's own, polynomials and the kernels
// of infinitely wide networks to theirs. Points of those two are coordinates alone.

type AnyKernel<Call> = Omit<Call, "kernel"> & { readonly kernel: Kernel };

/** `Engine.kernelMatrix` for any kernel. */
export function kernelMatrix(
  engine: Engine,
  { kernel, ...call }: AnyKernel<KernelMatrixCall>,
): Promise<void> {
  const coordinates = { ...call, x: call.x.coordinates, z: call.z?.coordinates };
  if (kernel.family === "network") return networkMatrix(engine, kernel, coordinates);
  if (kernel.family === "polynomial") return polynomialMatrix(engine, kernel, coordinates);
  return engine.kernelMatrix({ kernel, ...call });
}

/** `Engine.kernelProduct` for any kernel; polynomial and network kernels have values only. */
export function kernelProduct(
  engine: Engine,
  { kernel, ...call }: AnyKernel<Omit<KernelProductCall, "part" | "selfPairs">>,
): Promise<void> {
  const coordinates = { ...call, x: call.x.coordinates, z: call.z.coordinates };
  if (kernel.family === "network") return networkProduct(engine, kernel, coordinates);
  if (kernel.family === "polynomial") return polynomialProduct(engine, kernel, coordinates);
  return engine.kernelProduct({ kernel, ...call });
}

/** `Engine.kernelGradient` for any kernel. */
export function kernelGradient(
  engine: Engine,
  { kernel, ...call }: AnyKernel<KernelGradientCall>,
): Promise<void> {
  const coordinates = { ...call, x: call.x.coordinates, z: call.z.coordinates };
  if (kernel.family === "network") return networkGradient(engine, kernel, coordinates);
  if (kernel.family === "polynomial") return polynomialGradient(engine, kernel, coordinates);
  return engine.kernelGradient({ kernel, ...call });
}
