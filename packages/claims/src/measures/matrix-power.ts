import { type Engine, type Matrix, zeros } from "lineament";

/** A^s of a symmetric positive semidefinite A. Eigenvalues below 10⁻¹⁴ of the largest count as 0. */
export async function matrixPower(
  engine: Engine,
  a: Matrix<Float64Array>,
  power: number,
): Promise<Matrix<Float64Array>> {
  const { values, vectors } = await engine.eigenSymmetric(a);
  const d = a.rows;
  const least = 1e-14 * (values.at(-1) ?? 0);
  const halves = zeros(d, d);
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) {
      const value = values[j]!;
      halves.data[i * d + j] = value > least ? vectors.data[i * d + j]! * value ** (power / 2) : 0;
    }
  const result = zeros(d, d);
  await engine.syrk({ a: halves, c: result });
  return result;
}
