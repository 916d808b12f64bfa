import type { Spec } from "./parts.ts";

/** Title and notes over a drawing. */
export function heading(title: string | undefined, notes: readonly string[]): Spec {
  if (notes.length === 0) return title === undefined ? {} : { title };
  // Vega shows no subtitle without a title.
  return {
    title: title === undefined ? { text: notes, style: "group-subtitle" } : { text: title, subtitle: notes },
  };
}
