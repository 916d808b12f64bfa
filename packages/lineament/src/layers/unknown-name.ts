import { nearestName } from "./nearest-name.ts";

/** `there is no activation "rellu", did you mean "relu"?; there are …` */
export function unknownName(what: string, name: unknown, known: readonly string[]): string {
  const near = typeof name === "string" ? nearestName(name, known) : undefined;
  const meant = near === undefined ? "" : `, did you mean ${JSON.stringify(near)}?`;
  return `there is no ${what} ${JSON.stringify(name) ?? "without a name"}${meant}; there are ${known.join(", ")}`;
}

/** What a union of objects that are told apart by one key says when that key has an unknown value. */
export function unknownKind(
  what: string,
  key: string,
): (issue: {
  readonly code: string;
  readonly input?: unknown;
  readonly options?: unknown;
}) => string | undefined {
  return ({ code, input, options }) =>
    code === "invalid_union" && Array.isArray(options)
      ? unknownName(what, (input as Record<string, unknown>)[key], options as readonly string[])
      : undefined;
}
