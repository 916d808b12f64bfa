/** A value as JSON has it: typed arrays become arrays, numbers that are not finite null, and functions are left out. */
export function plain(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "object" || value === null)
    return typeof value === "function" || typeof value === "symbol" ? undefined : value;
  if (ArrayBuffer.isView(value) && "length" in value) return Array.from(value as Float64Array, plain);
  if (Array.isArray(value)) return value.map((inner) => plain(inner) ?? null);
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (value instanceof Set) return plain([...value]);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      const kept = plain(inner);
      return kept === undefined ? [] : [[key, kept]];
    }),
  );
}
