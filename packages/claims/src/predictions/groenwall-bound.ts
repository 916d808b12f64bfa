/**
 * e^{−2λt}: no loss ½ ‖g_t − y‖² along ġ = −Q(t)(g − y) with symmetric Q(t) ⪰ λI is larger than this part of its start,
 * and with constant Q and g_0 − y in the eigenspace of λ it is exactly this part.
 *
 * @param lambda - a lower bound on the eigenvalues of Q(t), per unit of time
 * @see Lecture 11, Lemma 1 (Grönwall); claim LZ-16, C8
 */
export function groenwallBound(lambda: number, t: number): number {
  return Math.exp(-2 * lambda * t);
}
