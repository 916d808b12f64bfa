/**
 * E[σ(u) σ(v)] for a centred Gaussian pair (u, v) with variances s11, s22 and covariance s12: the kernel of infinitely many
 * random features σ(⟨w, x⟩). For w ~ N(0, I/d), s11 = ‖x‖²/d and s12 = ⟨x, x'⟩/d.
 */
export type KernelForm = (s11: number, s22: number, s12: number) => number;

/** θ in [0, π] with cos θ = s12 / √(s11 s22); exactly 0 on the diagonal, and accurate near it, where arccos would lose half of the digits. */
export function angle(s11: number, s22: number, s12: number): number {
  const length = Math.sqrt(s11 * s22);
  return Math.atan2(Math.sqrt(Math.max(0, (length - s12) * (length + s12))), s12);
}

/**
 * E[u_+^p v_+^p] at unit variances and angle θ, p = 0 (indicators), 1, 2.
 *
 * @see Cho & Saul 2009
 */
export const arcCosine = [
  (theta: number): number => (Math.PI - theta) / (2 * Math.PI),
  (theta: number): number => (Math.sin(theta) + (Math.PI - theta) * Math.cos(theta)) / (2 * Math.PI),
  (theta: number): number =>
    (3 * Math.sin(theta) * Math.cos(theta) + (Math.PI - theta) * (1 + 2 * Math.cos(theta) ** 2)) /
    (2 * Math.PI),
] as const;

/** 1[u > 0], the slope of ReLU. */
export const stepKernel: KernelForm = (s11, s22, s12) => arcCosine[0](angle(s11, s22, s12));

/** max(u, 0). */
export const reluKernel: KernelForm = (s11, s22, s12) =>
  Math.sqrt(s11 * s22) * arcCosine[1](angle(s11, s22, s12));

/** max(u, 0)². */
export const squaredReluKernel: KernelForm = (s11, s22, s12) =>
  s11 * s22 * arcCosine[2](angle(s11, s22, s12));

/** u for u > 0, c u below. */
export function leakyReluKernel(c: number): KernelForm {
  return (s11, s22, s12) => (1 - c) ** 2 * reluKernel(s11, s22, s12) + c * s12;
}

/** |u|. */
export const absoluteKernel: KernelForm = (s11, s22, s12) => {
  const theta = angle(s11, s22, s12);
  return ((2 * Math.sqrt(s11 * s22)) / Math.PI) * (Math.sin(theta) + (Math.PI / 2 - theta) * Math.cos(theta));
};

/** erf(u). @see Williams 1996 */
export const erfKernel: KernelForm = (s11, s22, s12) =>
  (2 / Math.PI) * Math.asin((2 * s12) / Math.sqrt((1 + 2 * s11) * (1 + 2 * s22)));

/** erf′(u). */
export const erfSlopeKernel: KernelForm = (s11, s22, s12) =>
  4 / (Math.PI * Math.sqrt((1 + 2 * s11) * (1 + 2 * s22) - 4 * s12 ** 2));

/** Φ(u), the normal distribution function. */
export const normalCdfKernel: KernelForm = (s11, s22, s12) =>
  1 / 4 + Math.asin(s12 / Math.sqrt((1 + s11) * (1 + s22))) / (2 * Math.PI);

/** GELU, u Φ(u). @see Tsuchida et al., arXiv:2002.08517 */
export const geluKernel: KernelForm = (s11, s22, s12) =>
  s12 * normalCdfKernel(s11, s22, s12) +
  (s11 * s22 + s12 ** 2 * (1 - s11 / (1 + s11) - s22 / (1 + s22))) /
    (2 * Math.PI * Math.sqrt(determinant(s11, s22, s12)));

/** GELU′(u) = Φ(u) + u φ(u). */
export const geluSlopeKernel: KernelForm = (s11, s22, s12) => {
  const d = determinant(s11, s22, s12);
  return (
    normalCdfKernel(s11, s22, s12) +
    (s12 / (2 * Math.PI * Math.sqrt(d))) * (1 / (1 + s11) + 1 / (1 + s22)) +
    (s12 / (2 * Math.PI)) * d ** -1.5
  );
};

/** sin u. */
export const sinKernel: KernelForm = (s11, s22, s12) => Math.exp(-(s11 + s22) / 2) * Math.sinh(s12);

/** cos u. */
export const cosKernel: KernelForm = (s11, s22, s12) => Math.exp(-(s11 + s22) / 2) * Math.cosh(s12);

/** e^u. */
export const expKernel: KernelForm = (s11, s22, s12) => Math.exp((s11 + s22) / 2 + s12);

/** (1 + s11)(1 + s22) − s12². */
function determinant(s11: number, s22: number, s12: number): number {
  return (1 + s11) * (1 + s22) - s12 ** 2;
}
