import type { Spec } from "./parts.ts";

/** Title and notes over a drawing. */
export function heading(title: string | undefined, notes: readonly string[]): Spec {
  if (title === undefined && notes.length === 0) return {};
  // Vega shows no subtitle without a title.
  return { title: { text: title ?? "\u200B", ...(notes.length === 0 ? {} : { subtitle: notes }) } };
}
