import { z } from "zod";
import type { FeatureMachineState } from "../machines/index.ts";
import { FileFormatError } from "./errors.ts";
import { describeMachine, restoreMachine } from "./feature-machine-file.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "./safetensors.ts";

/** Schema version of the files written here. A reader refuses files of a later one. */
export const modelFileVersion = 1;

/** What a model file holds: a machine, and the parts that others (a table's encoder, its scores) keep beside it. */
export interface ModelFile {
  readonly state: FeatureMachineState;
  /** Plain JSON values by name. */
  readonly parts: Readonly<Record<string, unknown>>;
  /** Further tensors; their names must not begin with those of the machine. */
  readonly tensors?: ReadonlyMap<string, Tensor> | undefined;
}

/**
 * The bytes of a model file: safetensors whose metadata hold JSON.
 * @throws TypeError when the machine holds functions, such as a nonlinearity of the user's own
 */
export function writeModelFile({ state, parts, tensors = new Map() }: ModelFile): Uint8Array {
  const machine = describeMachine(state);
  return writeModelParts(
    { machine: machine.description, ...parts },
    new Map([...machine.tensors, ...tensors]),
  );
}

/** The bytes of a model file with these JSON parts and tensors. @throws TypeError when a part holds functions */
export function writeModelParts(
  parts: Readonly<Record<string, unknown>>,
  tensors: ReadonlyMap<string, Tensor>,
): Uint8Array {
  const metadata = new Map([
    ["format", "lineament"],
    ["version", String(modelFileVersion)],
    ...Object.entries(parts).map(([name, value]): [string, string] => [
      name,
      JSON.stringify(value, refuseFunctions),
    ]),
  ]);
  return writeSafetensors({ tensors, metadata });
}

/**
 * Reads a model file. Nothing in it is run, and nothing is believed that is not checked.
 * @throws FileFormatError in one line
 */
export function readModelFile(
  bytes: Uint8Array,
): ModelFile & { readonly tensors: ReadonlyMap<string, Tensor> } {
  const { parts, tensors } = readModelParts(bytes);
  const { machine, ...others } = parts;
  if (machine === undefined && others["completion"] !== undefined)
    throw new FileFormatError("a model that completes a matrix: it predicts pairs of a row and a column");
  return { state: restoreMachine(tensors, machine), parts: others, tensors };
}

/** The JSON parts and the tensors of a file that says it is a model of a known version. @throws FileFormatError in one line */
export function readModelParts(bytes: Uint8Array): {
  readonly parts: Readonly<Record<string, unknown>>;
  readonly tensors: ReadonlyMap<string, Tensor>;
} {
  const { tensors, metadata } = readSafetensors(bytes);
  if (metadata.get("format") !== "lineament")
    throw new FileFormatError("a safetensors file, but not a model of Lineament");
  const version = z.coerce.number().int().positive().safeParse(metadata.get("version"));
  if (!version.success) throw new FileFormatError("damaged model file: it names no version");
  if (version.data > modelFileVersion)
    throw new FileFormatError(
      `a model of file version ${version.data}; this Lineament reads versions up to ${modelFileVersion}: update it`,
    );
  const parts: Record<string, unknown> = {};
  for (const [name, text] of metadata) {
    if (name === "format" || name === "version") continue;
    try {
      parts[name] = JSON.parse(text);
    } catch {
      throw new FileFormatError(`damaged model file: its ${JSON.stringify(name)} is not JSON`);
    }
  }
  return { parts, tensors };
}

/** A file holds data only: what a function was cannot be opened again. */
function refuseFunctions(this: unknown, key: string, value: unknown): unknown {
  if (typeof value !== "function") return value;
  const { label } = this as { readonly label?: unknown };
  throw new TypeError(
    `a model file cannot hold the function ${JSON.stringify(key)}${typeof label === "string" ? ` of the nonlinearity ${JSON.stringify(label)}` : ""}; use a named nonlinearity`,
  );
}
