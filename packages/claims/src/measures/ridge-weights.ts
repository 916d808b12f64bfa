import { type Engine, type Matrix, transpose } from "lineament";
import { column, product } from "./products.ts";
import { modeCoordinates, sampleModes } from "./sample-modes.ts";

/**
 * ŵ = Zᵀ(Z Zᵀ + n λ I)⁻¹ y. At λ = 0 the limit: least squares, and of all solutions the one of least norm.
 *
 * @param z - n × p
 * @param ridge - λ ≥ 0
 */
export async function ridgeWeights(
  engine: Engine,
  z: Matrix,
  labels: Float64Array,
  ridge = 0,
): Promise<Float64Array> {
  const modes = await sampleModes(engine, z);
  const coordinates = modeCoordinates(modes, labels);
  for (const [i, s] of modes.values.entries())
    coordinates[i] = s > 0 ? coordinates[i]! / (z.rows * (s + ridge)) : 0;
  const combination = await product(engine, modes.vectors, column(coordinates));
  return (await product(engine, transpose(z), combination)).data;
}
