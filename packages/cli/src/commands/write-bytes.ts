import { open } from "node:fs/promises";
import { writeWhole } from "../tables/index.ts";

/** Writes a file that is there whole or not at all. */
export async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  await writeWhole(path, async (temporary) => {
    await using file = await open(temporary, "wx");
    await file.writeFile(bytes);
    await file.sync();
  });
}
