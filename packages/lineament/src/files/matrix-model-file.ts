import { z } from "zod";
import type { Engine } from "../linalg/index.ts";
import { RecursiveFeatureMachine } from "../machines/index.ts";
import { FileFormatError } from "./errors.ts";
import { readModelFile, writeModelFile } from "./model-file.ts";

const matrixForm = z.object({
  labels: z
    .array(z.union([z.string(), z.number(), z.boolean()]))
    .min(2)
    .optional(),
  matrix: z.boolean(),
});

/** A machine fitted on plain matrices as the bytes of a model file. */
export function saveMachine(machine: RecursiveFeatureMachine<unknown>): Uint8Array {
  return writeModelFile({ state: machine.state, parts: { form: machine.form } });
}

/**
 * The machine that `saveMachine` wrote: its predictions are the same to the last bit on the same engine.
 * @throws FileFormatError in one line
 */
export function openMachine(engine: Engine, bytes: Uint8Array): RecursiveFeatureMachine {
  const { state, parts } = readModelFile(bytes);
  const form = matrixForm.safeParse(parts["form"]);
  if (!form.success)
    throw new FileFormatError(
      parts["table"] === undefined
        ? "damaged model file: no form of predictions"
        : "a model of a table; open it as one",
    );
  if (form.data.labels && form.data.labels.length !== state.outputs)
    throw new FileFormatError("damaged model file: other labels than classes");
  return new RecursiveFeatureMachine(engine, state, form.data);
}
