import { z } from "zod";
import type { Matrix } from "../linalg/index.ts";
import { CompletionMethod, MatrixCompletion, type MatrixCompletionState } from "../machines/index.ts";
import { FileFormatError } from "./errors.ts";
import { readModelParts, writeModelParts } from "./model-file.ts";
import type { Tensor } from "./safetensors.ts";

const count = z.int().nonnegative();
const trace = z.array(
  z.object({
    step: count,
    penalty: z.number(),
    singularValues: z.array(z.number()),
    validation: z.number().optional(),
  }),
);
const description = z.object({
  rows: z.int().positive(),
  cols: z.int().positive(),
  mean: z.number(),
  range: z.tuple([z.number(), z.number()]).optional(),
  summary: z.object({
    method: CompletionMethod,
    rank: count,
    ridges: z.object({ rows: z.number(), columns: z.number() }),
    penalty: z.number(),
    steps: count,
    candidates: z.array(z.object({ method: CompletionMethod, rmse: z.number(), step: count })),
    search: trace,
    trace,
    cutShort: z.literal(true).optional(),
  }),
});

/** A completed matrix as the bytes of a model file, with other JSON parts beside it. */
export function saveCompletion(
  { state }: MatrixCompletion,
  parts: Readonly<Record<string, unknown>> = {},
): Uint8Array {
  const { rows, cols, completion, range, known, summary } = state;
  const { mean, rowBiases, columnBiases, left, right } = completion;
  const tensors = new Map<string, Tensor>([
    ["rowBiases", { shape: [rows], data: rowBiases }],
    ["columnBiases", { shape: [cols], data: columnBiases }],
    ["left", { shape: [left.rows, left.cols], data: left.data }],
    ["right", { shape: [right.rows, right.cols], data: right.data }],
    ["known.row", { shape: [known.row.length], data: known.row }],
    ["known.column", { shape: [known.column.length], data: known.column }],
  ]);
  return writeModelParts(
    { completion: description.parse({ rows, cols, mean, range, summary }), ...parts },
    tensors,
  );
}

/** Whether the bytes are a model file that completes a matrix. @throws FileFormatError when they are no model file */
export function isCompletion(bytes: Uint8Array): boolean {
  return readModelParts(bytes).parts["completion"] !== undefined;
}

/**
 * The completed matrix that `saveCompletion` wrote, and the parts beside it. Predictions are the same to the last bit.
 * @throws FileFormatError in one line
 */
export function openCompletion(bytes: Uint8Array): {
  readonly completion: MatrixCompletion;
  readonly parts: Readonly<Record<string, unknown>>;
} {
  const { parts, tensors } = readModelParts(bytes);
  const { completion: part, ...others } = parts;
  if (part === undefined) throw new FileFormatError("a model file, but not of a completed matrix");
  const parsed = description.safeParse(part);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FileFormatError(
      `damaged model file: completion.${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`,
    );
  }
  const { rows, cols, mean, range, summary } = parsed.data;
  const rank = tensors.get("left")?.shape[1] ?? 0;
  const known = {
    row: integers(tensors, "known.row", rows),
    column: integers(tensors, "known.column", cols),
  };
  if (known.row.length !== known.column.length)
    throw new FileFormatError("damaged model file: known rows and columns are no pairs");
  const state: MatrixCompletionState = {
    rows,
    cols,
    completion: {
      mean,
      rowBiases: doubles(tensors, "rowBiases", [rows]),
      columnBiases: doubles(tensors, "columnBiases", [cols]),
      left: matrix(tensors, "left", rows, rank),
      right: matrix(tensors, "right", cols, rank),
    },
    range,
    known,
    summary,
  };
  return { completion: new MatrixCompletion(state), parts: others };
}

function matrix(
  tensors: ReadonlyMap<string, Tensor>,
  name: string,
  rows: number,
  cols: number,
): Matrix<Float64Array> {
  return { data: doubles(tensors, name, [rows, cols]), rows, cols };
}

function doubles(tensors: ReadonlyMap<string, Tensor>, name: string, shape: readonly number[]): Float64Array {
  const tensor = tensors.get(name);
  if (!(tensor?.data instanceof Float64Array) || tensor.shape.join() !== shape.join())
    throw new FileFormatError(`damaged model file: tensor ${name} is not ${shape.join(" × ")} numbers`);
  if (!tensor.data.every(Number.isFinite))
    throw new FileFormatError(`damaged model file: tensor ${name} holds numbers that are not finite`);
  return tensor.data;
}

function integers(tensors: ReadonlyMap<string, Tensor>, name: string, end: number): Int32Array {
  const data = tensors.get(name)?.data;
  if (!(data instanceof Int32Array) || !data.every((value) => value >= 0 && value < end))
    throw new FileFormatError(`damaged model file: tensor ${name} does not hold numbers below ${end}`);
  return data;
}
