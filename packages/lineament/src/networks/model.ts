import type { Engine, Matrix } from "../linalg/index.ts";

/**
 * A function f(θ, x) with O outputs and P parameters that can be differentiated: what linearization, tangent kernels, Hessians
 * and training are made of. Everything is float64. Parameters are one flat vector in the model's own order.
 */
export interface Model {
  readonly engine: Engine;
  /** d. */
  readonly inputs: number;
  /** O. */
  readonly outputs: number;
  /** P. */
  readonly parameters: number;
  /** f(θ, x): n × O. */
  value(theta: Float64Array, x: Matrix): Promise<Matrix<Float64Array>>;
  /** f and J v, both n × O: one forward pass. */
  tangent(
    theta: Float64Array,
    x: Matrix,
    v: Float64Array,
  ): Promise<{ readonly value: Matrix<Float64Array>; readonly tangent: Matrix<Float64Array> }>;
  /** f, and a function that takes r (n × O) to Jᵀ r (P) by one backward pass. */
  pullback(
    theta: Float64Array,
    x: Matrix,
  ): Promise<{
    readonly value: Matrix<Float64Array>;
    pull(r: Matrix): Promise<Float64Array>;
  }>;
  /** Σ_io r_io H_io v (P), H_io the Hessian of output o at row i: forward over reverse. */
  curvature(theta: Float64Array, x: Matrix, r: Matrix, v: Float64Array): Promise<Float64Array>;
  /**
   * Taylor coefficients f_k (n × O each) of f(θ + t v) = Σ_k f_k t^k, k = 0 … degree, by one jet.
   */
  jet(
    theta: Float64Array,
    x: Matrix,
    v: Float64Array,
    degree: number,
  ): Promise<readonly Matrix<Float64Array>[]>;
  /** The learning-rate multiplier ρ of every parameter; undefined when all are 1. */
  readonly rates?: Float64Array | undefined;
}
