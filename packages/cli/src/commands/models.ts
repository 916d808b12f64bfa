import { readFile } from "node:fs/promises";
import { type Engine, InputError, TableModel } from "lineament";

/** Opens a model file. @throws InputError in one line when it cannot be read or is no model */
export async function openModel(engine: Engine, path: string): Promise<TableModel> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === "ENOENT"
        ? "there is no such file"
        : code === "EISDIR"
          ? "it is a folder"
          : code === "EACCES"
            ? "no permission"
            : (code ?? "it cannot be read");
    throw new InputError(`${path}: ${why}`);
  }
  return TableModel.fromBytes(engine, bytes, path);
}
