/** What is done to the rows or targets of a recursive feature machine. */
export type Change = "rotate rows" | "shift rows" | "scale targets";

/** A variant of the iteration. */
export interface IterationVariant {
  readonly normalization: "none" | "trace" | "maximum";
  readonly form: "full" | "diagonal";
  /** p of the distance ‖x − z‖_p in the kernel; 2 is the Euclidean one. */
  readonly p: number;
}

/**
 * Whether M_t and predictions of every iterate follow a change: rotated rows x ↦ Qx give M ↦ Q M Qᵀ and equal predictions, shifted
 * rows change nothing, targets of s times the size give s times the predictions and the same M.
 *
 * Gradients of a function of differences do not see shifts. Euclidean distances turn with the rows, and so do traces, but neither the
 * largest entry of a matrix nor its diagonal. The AGOP grows by s², which a normalization takes out.
 */
export function isInvariant(change: Change, { normalization, form, p }: IterationVariant): boolean {
  switch (change) {
    case "shift rows":
      return true;
    case "scale targets":
      return normalization !== "none";
    case "rotate rows":
      return p === 2 && form === "full" && normalization !== "maximum";
  }
}
