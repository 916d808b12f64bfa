import { dot } from "../dot.ts";
import { checkDepth } from "./check-depth.ts";

/**
 * ẇ = −‖w‖^{2−2/n} (g + (n − 1) ⟨w, g⟩ w/‖w‖²): the end-to-end dynamics of n balanced layers with one output. Slow near 0, where
 * it rests for n ≥ 2, and n times as fast along the direction traveled so far.
 *
 * @param gradient - g = ∇ℓ(w)
 * @see Arora, Cohen & Hazan, arXiv:1802.06509; claim LN-08
 */
export function singleOutputVelocity(
  w: readonly number[],
  gradient: readonly number[],
  depth: number,
): number[] {
  checkDepth("singleOutputVelocity", depth);
  const norm = Math.hypot(...w);
  const direction = w.map((value) => (norm === 0 ? 0 : value / norm));
  const along = dot(direction, gradient);
  const speed = norm ** (2 - 2 / depth);
  return gradient.map((slope, i) => -speed * (slope + (depth - 1) * along * direction[i]!));
}
