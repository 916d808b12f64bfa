/** Title and notes over a drawing. */
export function heading(
  title: string | undefined,
  notes: readonly string[],
): Readonly<Record<string, unknown>> {
  if (title === undefined && notes.length === 0) return {};
  return { title: { text: title ?? "", ...(notes.length === 0 ? {} : { subtitle: notes }) } };
}
