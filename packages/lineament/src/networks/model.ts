import type { Engine, Matrix } from "../linalg/index.ts";
import type { Workspace } from "./workspace.ts";

/**
 * A function f(θ, x) with O outputs and P parameters that can be differentiated: what linearization, tangent kernels, Hessians
 * and training are made of. Everything is float64. Parameters are one flat vector in the model's own order.
 *
 * Calls may overlap. A call that is given a `room` puts its results, and everything in between, there: they last until the
 * owner of the room rewinds it.
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
  value(theta: Float64Array, x: Matrix, room?: Workspace): Promise<Matrix<Float64Array>>;
  /** f and J v, both n × O: one forward pass. */
  tangent(
    theta: Float64Array,
    x: Matrix,
    v: Float64Array,
    room?: Workspace,
  ): Promise<{ readonly value: Matrix<Float64Array>; readonly tangent: Matrix<Float64Array> }>;
  /** f, and a function that takes r (n × O) to Jᵀ r (P) by one backward pass. */
  pullback(
    theta: Float64Array,
    x: Matrix,
    room?: Workspace,
  ): Promise<{
    readonly value: Matrix<Float64Array>;
    readonly pull: (r: Matrix) => Promise<Float64Array>;
  }>;
  /** Σ_io r_io H_io v (P), H_io the Hessian of output o at row i: forward over reverse. */
  curvature(
    theta: Float64Array,
    x: Matrix,
    r: Matrix,
    v: Float64Array,
    room?: Workspace,
  ): Promise<Float64Array>;
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
  /**
   * The tangent kernel J(x) diag(ρ) J(z)ᵀ (z = x when absent) as a sum of one matrix a layer, without Jacobians; undefined
   * where the model has no such form. `tangentKernel` adds them up.
   */
  readonly structuredTangentKernel?:
    | ((
        theta: Float64Array,
        x: Matrix,
        z: Matrix | undefined,
        outputs: KernelOutputs,
      ) => AsyncGenerator<TangentKernelPart, void>)
    | undefined;
}

/**
 * What a tangent kernel keeps of the outputs:
 * - trace: the average over outputs, (1/O) Σ_o Θ_oo: n × m
 * - diagonal: Θ_oo for every output, one below the other: nothing mixes outputs. On × m
 * - full: rows (i, o) ↦ i O + o, the order of a flattened n × O matrix: nO × mO
 */
export type KernelOutputs = "trace" | "diagonal" | "full";

/** What the parameters of one layer contribute to a tangent kernel. */
export interface TangentKernelPart {
  /** 1 for the layer that sees the input. */
  readonly layer: number;
  readonly kernel: Matrix<Float64Array>;
}

/** A model with a random start. */
export interface Network extends Model {
  /** θ₀, drawn as the architecture says: one seed, one θ₀. */
  initialize(seed: number): Float64Array;
}
