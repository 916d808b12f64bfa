import { heading } from "./heading.ts";
import type { Spec } from "./parts.ts";

export interface SideBySide {
  readonly title?: string;
  /** Each with its own title, axes and legend. */
  readonly figures: readonly Spec[];
  /** Figures in a row, by default up to three. */
  readonly columns?: number;
  readonly notes?: readonly string[];
}

/** Figures of any kind beside each other, such as matrices to compare. Curves that share a legend go into `panels`. */
export function sideBySide({
  title,
  figures,
  columns = Math.min(3, figures.length),
  notes = [],
}: SideBySide): Spec {
  return { ...heading(title, notes), columns, spacing: 36, concat: figures };
}
