import {
  dense,
  denseNetwork,
  type DenseNetwork,
  type Engine,
  frozenGates,
  linearize,
  type Model,
  relu,
  serial,
} from "lineament";

/** Three models that agree at θ_0 in value and gradient; the first two also in their Hessians. */
export interface ReluModels {
  /** f = (1/√m) Σ_i v_i ReLU(⟨u_i, x⟩/√d); θ = (u_1, …, u_m, v). */
  readonly network: DenseNetwork;
  /** Its Taylor polynomial of degree 2: the network with gates frozen as they are at θ_0. */
  readonly quadratic: Model;
  /** Its Taylor polynomial of degree 1. */
  readonly linear: Model;
}

/** A two-layer ReLU network, its quadratic model and its linearization at θ_0. */
export function reluModels(
  engine: Engine,
  sizes: { readonly inputs: number; readonly width: number },
  theta0: Float64Array,
): ReluModels {
  const network = denseNetwork(engine, { inputs: sizes.inputs, widths: [sizes.width] });
  return {
    network,
    quadratic: frozenGates(engine, serial(dense(), relu(), dense()), sizes, theta0),
    linear: linearize(network, theta0),
  };
}
