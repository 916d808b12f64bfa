import { gegenbauer } from "./gegenbauer.ts";
import { sphereQuadrature } from "./gauss-quadrature.ts";
import { harmonicMultiplicities } from "./harmonic-multiplicity.ts";

/**
 * ‖P_k f‖² = B(d, k) E[g(√d t) P_k(t)]² for k = 0 … degree, by quadrature: the squared norm of the degree-k part of
 * f(x) = g(⟨w, x⟩), ‖w‖ = 1, x uniform on √d S^{d−1}. Meant for smooth g; a kink inside (−1, 1) makes quadrature slow.
 *
 * @see claim LZ-08 (i)
 */
export function zonalDegreeEnergies(
  g: (z: number) => number,
  d: number,
  degree: number,
  { nodes = 200 }: { readonly nodes?: number } = {},
): number[] {
  const rule = sphereQuadrature(d, nodes);
  const projections = new Float64Array(degree + 1);
  rule.nodes.forEach((t, i) => {
    const mass = rule.weights[i]! * g(Math.sqrt(d) * t);
    gegenbauer(d, degree, t).forEach((value, k) => {
      projections[k]! += mass * value;
    });
  });
  return harmonicMultiplicities(d, degree).map((multiplicity, k) => multiplicity * projections[k]! ** 2);
}
