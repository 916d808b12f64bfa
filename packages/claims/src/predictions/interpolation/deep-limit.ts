import type { DualMap } from "./dual-map.ts";

/** What the classifier sgn yᵀK_L⁻¹k_L(x) tends to with depth; "collapse" to an interpolant that depends on x. */
export type DeepLimit = "nearest-neighbor" | "singular-kernel" | "majority" | "collapse";

/**
 * The limit by φ̌(0) = (E φ)², φ̌′(0) = (E φ′)² and φ̌′(1) = E φ′², for activations that are not linear.
 *
 * @see Radhakrishnan, Belkin & Uhler, arXiv:2204.14126, for the first three; claims IN-15, IN-17
 */
export function deepLimit({
  atZero,
  slopeAtZero,
  slopeAtOne,
}: Pick<DualMap, "atZero" | "slopeAtZero" | "slopeAtOne">): DeepLimit {
  if (atZero > 0) return slopeAtOne >= 1 ? "majority" : "collapse";
  return slopeAtZero > 0 ? "singular-kernel" : "nearest-neighbor";
}
