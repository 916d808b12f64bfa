import type { Engine, Matrix } from "lineament";
import { product } from "./products.ts";

/**
 * The mean of ‖(K + δI)⁻¹ k(x)‖² over new points x: what label noise of variance 1 adds to the squared error there. With the
 * noise of the new labels, the noise ratio of a fit to pure noise is 1 more. By the eigenvectors of K, hence also for matrices that
 * are nearly singular.
 *
 * @param call - kernel: K of the n training points; cross: k(x)ᵀ in rows, m × n; ridge: δ, default 0
 */
export async function noiseGain(
  engine: Engine,
  { kernel, cross, ridge = 0 }: { readonly kernel: Matrix; readonly cross: Matrix; readonly ridge?: number },
): Promise<number> {
  const { values, vectors } = await engine.eigenSymmetric(kernel);
  const { data, rows, cols } = await product(engine, cross, vectors);
  const inverse = values.map((value) => 1 / (value + ridge) ** 2);
  let total = 0;
  for (let at = 0; at < data.length; at++) {
    const part = data[at]! ** 2;
    if (part > 0) total += part * inverse[at % cols]!;
  }
  return total / rows;
}
