import { readFile } from "node:fs/promises";
import {
  CompletionModel,
  type Engine,
  FileFormatError,
  InputError,
  isCompletion,
  TableModel,
} from "lineament";

/** Opens a model of a table. @throws InputError in one line when it cannot be read or is no such model */
export async function openModel(engine: Engine, path: string): Promise<TableModel> {
  return TableModel.fromBytes(engine, await bytesOf(path), path);
}

/** Opens whatever model the file holds. @throws InputError in one line when it cannot be read or is no model */
export async function openAnyModel(engine: Engine, path: string): Promise<TableModel | CompletionModel> {
  const bytes = await bytesOf(path);
  try {
    if (isCompletion(bytes)) return CompletionModel.fromBytes(bytes, path);
  } catch (error) {
    if (error instanceof FileFormatError) throw new InputError(`${path}: ${error.message}`);
    throw error;
  }
  return TableModel.fromBytes(engine, bytes, path);
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
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
}
