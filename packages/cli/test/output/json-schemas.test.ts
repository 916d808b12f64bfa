import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { documents } from "../../src/output/documents.ts";
import { jsonSchemas } from "../../src/output/json-schemas.ts";

test.each(Object.keys(documents) as (keyof typeof documents)[])(
  "docs/schemas/%s.json is the schema that the command's document is checked by",
  async (command) => {
    const written = await readFile(
      new URL(`../../../../docs/schemas/${command}.json`, import.meta.url),
      "utf8",
    );
    expect(JSON.parse(written)).toEqual(jsonSchemas()[command]);
  },
);
