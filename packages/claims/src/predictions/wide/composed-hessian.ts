/**
 * The limit |φ″(f)| ‖∇f‖² of ‖∇²φ(f)‖ for wide networks f: ∇²φ(f) = φ′(f) ∇²f + φ″(f) ∇f ∇fᵀ, and ∇²f vanishes while ∇f does
 * not.
 *
 * @param curvature - φ″(f)
 * @param gradient - ‖∇f‖
 * @see Liu, Zhu & Belkin, arXiv:2010.01092
 */
export function composedHessianNorm(curvature: number, gradient: number): number {
  return Math.abs(curvature) * gradient ** 2;
}
