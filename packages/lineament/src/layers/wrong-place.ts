import type { z } from "zod";

/** The first thing that is wrong with a description, and where: `layers[1].width is wrong: expected …`. */
export function wrongPlace({ issues }: z.ZodError, whole = ""): string {
  const [{ code, path, message }] = issues as [z.core.$ZodIssue];
  // A union of kinds says all by itself, and the key that tells them apart is no place.
  const keys = code === "invalid_union" ? path.slice(0, -1) : path;
  const place = keys.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  const name = `${whole}${place}`.replace(/^\./u, "");
  if (code === "invalid_union" && (place === "" || name === "")) return message;
  return `${name || "the description"} is wrong: ${message}`;
}
