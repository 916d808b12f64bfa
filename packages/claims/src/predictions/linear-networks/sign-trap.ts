import { determinant, EigenvalueDecomposition } from "ml-matrix";
import { checkDepth } from "./check-depth.ts";
import { matrixOf, type Rows } from "./rows.ts";
import { singularValues } from "./singular-values.ts";

/** What a balanced flow that starts with the other sign of the determinant cannot get past. */
export interface SignTrap {
  /** det Φ. */
  readonly determinant: number;
  /** σ_min(Φ): the distance from Φ to the singular matrices. */
  readonly smallestSingularValue: number;
  /** ½ σ_min(Φ)²: the loss ½ ‖W − Φ‖_F² stays above it when det W(0) det Φ < 0. */
  readonly floor: number;
}

/**
 * Singular values of a square W reach 0 only in infinite time along balanced flow, hence det W(t) keeps its sign.
 *
 * @param target - Φ, square
 * @see claim LN-10 (b)
 */
export function signTrap(target: Rows): SignTrap {
  if (target.some((row) => row.length !== target.length))
    throw new RangeError(
      `signTrap: target of ${target.length} × ${target[0]?.length}; only a square matrix has a determinant`,
    );
  const smallestSingularValue = singularValues(target).at(-1)!;
  return {
    determinant: determinant(matrixOf(target)),
    smallestSingularValue,
    floor: smallestSingularValue ** 2 / 2,
  };
}

/**
 * ½ Σ_{μ<0} μ² over the eigenvalues μ of a symmetric Φ: the limit of the loss when all layers start as the identity.
 *
 * @see claim LN-10 (c)
 */
export function identityStartFloor(target: Rows): number {
  const { realEigenvalues } = new EigenvalueDecomposition(matrixOf(target), { assumeSymmetric: true });
  return realEigenvalues.reduce((sum, value) => sum + Math.min(0, value) ** 2 / 2, 0);
}

/**
 * How a trapped singular value falls in the end, for φ < 0: [(n − 2) |φ| t]^{−n/(n−2)} for n ≥ 3 whatever its start w_0, and
 * e^{−2|φ|t} |φ| w_0/(|φ| + w_0) for n = 2. At all times it is `singularValueAt`.
 */
export function signTrapLaw(depth: number, start: number, target: number, t: number): number {
  checkDepth("signTrapLaw", depth, 2);
  if (!(target < 0)) throw new RangeError(`signTrapLaw: target ${target}; only one below 0 is out of reach`);
  const size = -target;
  if (depth === 2) return ((size * start) / (size + start)) * Math.exp(-2 * size * t);
  return ((depth - 2) * size * t) ** (-depth / (depth - 2));
}
