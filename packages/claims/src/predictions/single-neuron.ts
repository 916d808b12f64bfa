import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { arcCosine } from "./closed-form-kernels.ts";

/**
 * Loss and gradient in w of one student neuron that learns one teacher neuron w* from infinitely many samples,
 * L(w) = ½ E (ReLU(⟨w, x⟩) − ReLU(⟨w*, x⟩))², x ~ N(0, I):
 * ∇L = ½ (w − w*) + (θ w* − ‖w*‖ sin θ w/‖w‖) / (2π), L = ¼ (‖w‖² + ‖w*‖²) − ‖w‖ ‖w*‖ k_1(θ), θ the angle between them.
 *
 * @throws RangeError at w = 0, where ReLU has a kink
 * @see Tian, arXiv:1703.00560; claim LZ-13
 */
export function populationOfNeuron(
  w: readonly number[],
  teacher: readonly number[],
): { readonly loss: number; readonly gradient: number[] } {
  const length = Math.hypot(...w);
  const teacherLength = Math.hypot(...teacher);
  if (length === 0 || teacherLength === 0 || w.length !== teacher.length)
    throw new RangeError(
      `populationOfNeuron: neurons of lengths ${length} and ${teacherLength} in ${w.length} and ${teacher.length} dimensions; give two that are not 0 in one space`,
    );
  // 2 atan2(‖a − b‖, ‖a + b‖) of unit vectors keeps its digits near 0 and π (Kahan).
  const apart = Math.hypot(...w.map((value, i) => value / length - teacher[i]! / teacherLength));
  const along = Math.hypot(...w.map((value, i) => value / length + teacher[i]! / teacherLength));
  const theta = 2 * Math.atan2(apart, along);
  const pull = teacherLength * Math.sin(theta);
  return {
    loss: (length ** 2 + teacherLength ** 2) / 4 - length * teacherLength * arcCosine[1](theta),
    gradient: w.map(
      (value, i) =>
        (value - teacher[i]!) / 2 + (theta * teacher[i]! - (pull * value) / length) / (2 * Math.PI),
    ),
  };
}

/**
 * ln(1 − η λ_min(H)), H = (1/n) Σ_{⟨w*, x_i⟩ > 0} x_i x_iᵀ: the change of ln ‖w_t − w*‖ in each of the last steps of gradient
 * descent with step η on (1/2n) Σ (…)². Roughly λ_min ≈ ½ (1 − √(2d/n))²: no fast convergence below n = 2d.
 *
 * @param x - samples, n rows of d numbers
 */
export function neuronRate(
  x: readonly (readonly number[])[],
  teacher: readonly number[],
  step: number,
): number {
  const d = teacher.length;
  const active = x.filter((row) => row.reduce((total, value, j) => total + value * teacher[j]!, 0) > 0);
  if (active.length < d) return 0;
  const rows = new Matrix(active.map((row) => [...row]));
  const covariance = rows.transpose().mmul(rows).div(x.length);
  const smallest = Math.min(
    ...new EigenvalueDecomposition(covariance, { assumeSymmetric: true }).realEigenvalues,
  );
  return Math.log1p(-step * Math.max(0, smallest));
}

/** ½ (1 − √(2d/n))² for n ≥ 2d, 0 below: λ_min of the active covariance when about half of n Gaussian samples are active. */
export function activeEigenvalueEdge(n: number, d: number): number {
  return n > 2 * d ? (1 - Math.sqrt((2 * d) / n)) ** 2 / 2 : 0;
}

/**
 * The n/d from which gradient descent with step η, at the rate ln(1 − η ½ (1 − √(2d/n))²) of `activeEigenvalueEdge`, shrinks an
 * error to `tolerance` times itself within `steps` steps; Infinity when no n is enough.
 */
export function neuronSamplesNeeded(tolerance: number, step: number, steps: number): number {
  const eigenvalue = (1 - tolerance ** (1 / steps)) / step;
  return eigenvalue < 1 / 2 ? 2 / (1 - Math.sqrt(2 * eigenvalue)) ** 2 : Infinity;
}
