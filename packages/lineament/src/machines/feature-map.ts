import type { Matrix } from "../linalg/index.ts";

/** A fixed feature map φ from d inputs to p features, whose n × p matrix need not be written out. All in float64. */
export interface FeatureMap {
  /** d. */
  readonly inputs: number;
  /** p. */
  readonly size: number;
  /** φ(x), n × p. */
  features(x: Matrix): Promise<Matrix<Float64Array>>;
  /** ⟨φ(x_i), φ(z_j)⟩, n × m; z is x when absent. */
  gram(x: Matrix, z?: Matrix): Promise<Matrix<Float64Array>>;
  /** φ(x)ᵀ a, p × c, for a: n × c. */
  pull(x: Matrix, a: Matrix<Float64Array>): Promise<Matrix<Float64Array>>;
  /** φ(x) b, n × c, for b: p × c. */
  values(x: Matrix, b: Matrix<Float64Array>): Promise<Matrix<Float64Array>>;
}
