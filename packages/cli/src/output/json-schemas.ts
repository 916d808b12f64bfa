import { z } from "zod";
import { documents } from "./documents.ts";

/** The JSON Schema (draft 2020-12) of every document that `--json` prints, by command. */
export function jsonSchemas(): Record<keyof typeof documents, object> {
  const schemas = Object.entries(documents).map(([command, document]) => [
    command,
    // Documents may grow: a reader should not refuse what it does not know.
    JSON.parse(JSON.stringify(z.toJSONSchema(document)), (key, value: unknown) =>
      key === "additionalProperties" && value === false ? undefined : value,
    ) as object,
  ]);
  return Object.fromEntries(schemas) as Record<keyof typeof documents, object>;
}
