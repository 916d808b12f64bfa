import { type Engine, type Matrix, zeros } from "../linalg/index.ts";
import type { Doubles } from "./checks.ts";
import { checkNetwork, type LinearNetwork } from "./linear-network.ts";
import { norm } from "./norm.ts";

/**
 * D_j = W_{j+1}ᵀ W_{j+1} − W_j W_jᵀ for j = 1 … N − 1 (d_j × d_j), conserved by gradient flow on any differentiable loss of the
 * end-to-end matrix. A step of gradient descent adds η² (G_{j+1}ᵀ G_{j+1} − G_j G_jᵀ).
 *
 * @throws RangeError as `linearNetwork`
 * @see Arora, Cohen and Hazan, arXiv:1802.06509; Du, Hu and Lee, arXiv:1806.00900
 */
export async function imbalances(
  engine: Engine,
  network: LinearNetwork,
): Promise<readonly Matrix<Float64Array>[]> {
  const layers = checkNetwork("imbalances", network);
  const differences: Doubles[] = [];
  for (let j = 0; j + 1 < layers.length; j++) {
    const c = zeros(layers[j]!.rows, layers[j]!.rows);
    await engine.syrk({ a: layers[j]!, c });
    await engine.syrk({ a: layers[j + 1]!, c, transpose: true, beta: -1 });
    differences.push(c);
  }
  return differences;
}

/** Norms of D_1, …, D_{N−1}, in this order. */
export interface Unbalancedness {
  readonly frobenius: readonly number[];
  readonly nuclear: readonly number[];
  readonly spectral: readonly number[];
}

/**
 * How far a network is from balanced: the norms of its imbalances; none for depth 1. δ-balanced means that no Frobenius norm is
 * above δ.
 *
 * @throws RangeError as `linearNetwork`
 * @see Arora et al., arXiv:1810.02281, Definition 1
 */
export async function unbalancedness(engine: Engine, network: LinearNetwork): Promise<Unbalancedness> {
  const spectra: Float64Array[] = [];
  for (const d of await imbalances(engine, network)) spectra.push((await engine.eigenSymmetric(d)).values);
  return {
    frobenius: spectra.map(norm),
    nuclear: spectra.map((values) => values.reduce((sum, value) => sum + Math.abs(value), 0)),
    spectral: spectra.map((values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)),
  };
}
