import { type Engine, type Matrix, RidgeSystem } from "lineament";
import { product } from "./products.ts";

/**
 * K(x, ·)ᵀ (K + λI)⁻¹ Y: what kernel ridge regression predicts at m new points, m × c.
 *
 * @param call - kernel: K of the n training points (taken over); cross: m × n; targets: Y, n × c; ridge: λ
 * @throws RangeError when K + λI is far from positive definite
 */
export async function kernelRegression(
  engine: Engine,
  call: {
    readonly kernel: Matrix;
    readonly cross: Matrix;
    readonly targets: Matrix;
    readonly ridge: number;
  },
): Promise<Matrix<Float64Array>> {
  const system = new RidgeSystem(engine, call.kernel);
  const { outcome } = await system.factor(call.ridge);
  if (outcome === "not-positive-definite")
    throw new RangeError(
      `kernelRegression: K + ${call.ridge} I is not positive definite; give a kernel, and a larger ridge`,
    );
  const { coefficients } = await system.solve(call.targets, 0);
  return product(engine, call.cross, coefficients);
}
