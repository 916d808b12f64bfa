import { mkdir, writeFile } from "node:fs/promises";
import { jsonSchemas } from "./json-schemas.ts";

// Writes docs/schemas: node --conditions=@lineament/source packages/cli/src/output/write-schemas.ts
const folder = new URL("../../../../docs/schemas/", import.meta.url);
await mkdir(folder, { recursive: true });
for (const [command, schema] of Object.entries(jsonSchemas()))
  await writeFile(new URL(`${command}.json`, folder), `${JSON.stringify(schema, null, 2)}\n`);
