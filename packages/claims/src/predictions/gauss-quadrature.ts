import { checkDimension } from "./harmonic-multiplicity.ts";

/** Nodes, ascending, and weights that sum to 1: E[f] ≈ Σ_i weights_i f(nodes_i), exact for polynomials of degree 2m − 1. */
export interface Quadrature {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/**
 * Gauss quadrature of the first coordinate t of a uniform point of the unit sphere in d dimensions, with density
 * ∝ (1 − t²)^((d−3)/2). Stable for every d.
 *
 * @param m - nodes
 * @see claim LZ-08
 */
export function sphereQuadrature(d: number, m: number): Quadrature {
  checkDimension("sphereQuadrature", d);
  return golubWelsch(m, (k) => (k === 1 ? 1 / d : (k * (k + d - 3)) / ((2 * k + d - 2) * (2 * k + d - 4))));
}

/** Gauss quadrature of a standard normal variable with m nodes. */
export function hermiteQuadrature(m: number): Quadrature {
  return golubWelsch(m, (k) => k);
}

/**
 * The Gauss rule of a symmetric probability measure whose monic orthogonal polynomials satisfy
 * p_{k+1} = t p_k − square(k) p_{k−1}: nodes are the eigenvalues of the tridiagonal matrix with zero diagonal and off-diagonal
 * √square(k), weights the squared first components of its eigenvectors.
 *
 * @see Golub & Welsch, Math. Comp. 23 (1969); implicit QL as in EISPACK's imtql2, first components only
 */
function golubWelsch(m: number, square: (k: number) => number): Quadrature {
  if (!Number.isInteger(m) || m < 1)
    throw new RangeError(`quadrature: ${m} nodes; give a whole number, 1 or more`);
  const diagonal = new Float64Array(m);
  const beside = Float64Array.from({ length: m }, (_, i) => (i + 1 < m ? Math.sqrt(square(i + 1)) : 0));
  const first = new Float64Array(m);
  first[0] = 1;
  for (let l = 0; l < m; l++) {
    for (;;) {
      let end = l;
      while (end < m - 1 && !negligible(beside[end]!, diagonal[end]!, diagonal[end + 1]!)) end++;
      if (end === l) break;
      const half = (diagonal[l + 1]! - diagonal[l]!) / (2 * beside[l]!);
      const root = Math.hypot(half, 1);
      let g = diagonal[end]! - diagonal[l]! + beside[l]! / (half + (half < 0 ? -root : root));
      let sine = 1;
      let cosine = 1;
      let shift = 0;
      for (let i = end - 1; i >= l; i--) {
        const f = sine * beside[i]!;
        const b = cosine * beside[i]!;
        const r = Math.hypot(f, g);
        beside[i + 1] = r;
        sine = f / r;
        cosine = g / r;
        g = diagonal[i + 1]! - shift;
        const turned = (diagonal[i]! - g) * sine + 2 * cosine * b;
        shift = sine * turned;
        diagonal[i + 1] = g + shift;
        g = cosine * turned - b;
        const above = first[i + 1]!;
        first[i + 1] = sine * first[i]! + cosine * above;
        first[i] = cosine * first[i]! - sine * above;
      }
      diagonal[l]! -= shift;
      beside[l] = g;
      beside[end] = 0;
    }
  }
  const order = Array.from({ length: m }, (_, i) => i).sort((i, j) => diagonal[i]! - diagonal[j]!);
  return {
    nodes: Float64Array.from(order, (i) => diagonal[i]!),
    weights: Float64Array.from(order, (i) => first[i]! ** 2),
  };
}

function negligible(entry: number, left: number, right: number): boolean {
  const size = Math.abs(left) + Math.abs(right);
  return size + Math.abs(entry) === size;
}
