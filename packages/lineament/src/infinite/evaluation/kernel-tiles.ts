import { matrix, precisionOf, rowRange } from "../../linalg/index.ts";
import type { Engine, Matrix } from "../../linalg/index.ts";
import { breather } from "../../linalg/queue.ts";
import { evaluateRows, releaseUsed } from "./evaluate-rows.ts";
import type { EvaluatedRows } from "./evaluate-rows.ts";
import type { Prepared } from "./prepared.ts";
import { covarianceOf, releaseBase } from "./evaluation.ts";
import { pairStep } from "./linear-step.ts";
import type { Evaluation, Register } from "./evaluation.ts";
import { INPUT } from "../plan/feature.ts";
import { pairBatch } from "./geometry.ts";
import type { Batch, Geometry } from "./geometry.ts";
import { refuse } from "../plan/refuse.ts";
import { inputCovariances, inputGap } from "./inputs.ts";
import type { Inputs } from "./inputs.ts";
import type { RowSet } from "./rows.ts";
import { tablesOf } from "./tables.ts";
import type { Approximation } from "./tables.ts";
import { workspace } from "./workspace.ts";

export interface TileOptions {
  /** What results are multiplied by. */
  readonly factor: number;
  readonly training: "x" | "z" | "both" | "neither";
  readonly tile?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Rows of a tile: so many that a pass over its pairs stays in cache. */
export function tileRows({ left }: Geometry): number {
  return Math.max(1, Math.min(128, Math.floor(Math.sqrt(2 ** 16 / left.length))));
}

/** Some rows with their start. */
interface Chunk extends EvaluatedRows {
  readonly start: number;
}

/**
 * Writes the kernels of any plan tile by tile; of a symmetric one the upper half, mirrored. The inner products of rows are put
 * where the results will be (float64), or made in strips (float32).
 *
 * Returns what was not computed in closed form.
 */
export async function kernelTiles(
  engine: Engine,
  prepared: Prepared,
  x: Inputs,
  z: Inputs | undefined,
  { nngp, ntk }: { readonly nngp: Matrix | undefined; readonly ntk: Matrix | undefined },
  { factor, training, tile = tileRows(prepared.geometry), signal }: TileOptions,
): Promise<readonly Approximation[]> {
  const { plan, geometry } = prepared;
  const pause = breather(signal);
  const chunksOf = async (inputs: Inputs, dropped: boolean): Promise<readonly Chunk[]> => {
    const chunks: Chunk[] = [];
    for (let start = 0; start < inputs.rows; start += tile) {
      const end = Math.min(inputs.rows, start + tile);
      chunks.push({ start, ...evaluateRows(prepared, inputs, start, end, dropped) });
      await pause();
    }
    return chunks;
  };
  const lefts = await chunksOf(x, z ? training === "x" || training === "both" : training !== "neither");
  const rights = z ? await chunksOf(z, training === "z" || training === "both") : lefts;
  const other = z ?? x;
  const columns = other.rows;
  const rowsOf = (chunks: readonly Chunk[]): readonly RowSet[] => chunks.map(({ rows }) => rows);
  const { byLink, approximations } = await tablesOf(plan, rowsOf(lefts), rowsOf(rights), pause);
  const products = plan.image ? undefined : innerProducts(engine, x, z, (nngp ?? ntk)!);
  const memory = workspace();
  const batches = new Map<string, Batch>();
  const batchOf = (left: Chunk, right: Chunk): Batch => {
    const above = !z && left === right;
    const key = `${left.rows.count} ${right.rows.count} ${above}`;
    const batch = batches.get(key) ?? pairBatch(geometry, left.rows.count, right.rows.count, above);
    batches.set(key, batch);
    return batch;
  };

  for (const left of lefts) {
    const product = await products?.(left.start, left.start + left.rows.count);
    for (const right of rights) {
      if (!z && right.start < left.start) continue;
      const batch = batchOf(left, right);
      const input = memory.take(batch.pixels.left.length);
      if (product) inputGaps(product, x, left, other, right, batch, input);
      else
        inputCovariances(
          x,
          left.start * geometry.pixels,
          other,
          right.start * geometry.pixels,
          geometry,
          batch.pixels,
          input,
        );
      const e: Evaluation = {
        plan,
        geometry,
        batch,
        left: left.rows,
        right: right.rows,
        memory,
        registers: new Map(),
        covariances: new Map(),
        tangents: ntk !== undefined,
        training: false,
        tables: { byLink, left: left.start, right: right.start },
      };
      const { tangent } = evaluatePairs(e, prepared, input);
      if (nngp) write(covarianceOf(e, plan.output), nngp, left, right, batch, !z);
      if (ntk) write(tangent!, ntk, left, right, batch, !z);
      releaseBase(e, plan.output);
      await pause();
    }
  }
  if (!z)
    for (const { start, rows, ntk: tangents } of lefts)
      for (let i = 0; i < rows.count; i++) {
        const at = (start + i) * columns + start + i;
        if (nngp) nngp.data[at] = factor * rows.variances[plan.output]![i]!;
        if (ntk) ntk.data[at] = factor * tangents[i]!;
      }
  return approximations;

  function write(
    values: Float64Array,
    { data }: Matrix,
    left: Chunk,
    right: Chunk,
    { rows }: Batch,
    mirrored: boolean,
  ): void {
    for (let e = 0; e < values.length; e++) {
      const [i, j] = [left.start + rows.left[e]!, right.start + rows.right[e]!];
      const value = factor * values[e]!;
      if (Number.isNaN(value))
        refuse(
          plan.bases[plan.output]!.path,
          `has no kernel at rows ${i} and ${j}, where an activation is beyond the range of floating point`,
          "use smaller weights or inputs",
        );
      data[i * columns + j] = value;
      if (mirrored) data[j * columns + i] = value;
    }
  }
}

/** The output's register, from that of the input. */
function evaluatePairs(e: Evaluation, { plan, steps }: Prepared, input: Float64Array): Register {
  const tangent = e.tangents ? e.memory.take(input.length).fill(0) : undefined;
  e.registers.set(INPUT, { covariance: input, tangent });
  plan.steps.forEach((step, index) => {
    if (step.kind === "linear") e.registers.set(step.base, pairStep(e, step, index, steps[index]!));
    releaseUsed(e, index);
  });
  return e.registers.get(plan.output)!;
}

/** ⟨x_i, z_j⟩/d at [(i − row) · stride + j − column], for rows from `row` and columns from `column` on. */
interface Products {
  readonly data: Float64Array;
  readonly row: number;
  readonly column: number;
  readonly stride: number;
}

/** Inner products of all rows at once where they can be put, else strip by strip; of a symmetric matrix the upper half. */
function innerProducts(
  engine: Engine,
  x: Inputs,
  z: Inputs | undefined,
  target: Matrix,
): (start: number, end: number) => Promise<Products> {
  const other = z ?? x;
  const alpha = 1 / x.cols;
  if (precisionOf(target) === "float64") {
    const all = async (): Promise<Products> => {
      if (z) await engine.gemm({ a: x, b: z, transposeB: true, c: target, alpha });
      else await engine.syrk({ a: x, c: target, alpha });
      return { data: target.data as Float64Array, row: 0, column: 0, stride: other.rows };
    };
    let whole: Promise<Products> | undefined;
    return () => (whole ??= all());
  }
  let memory: Float64Array | undefined;
  return async (start, end) => {
    const column = z ? 0 : start;
    const [rows, stride] = [end - start, other.rows - column];
    memory ??= engine.allocate(rows, stride, "float64").data as Float64Array; // the first strip is the largest
    const data = memory.subarray(0, rows * stride);
    await engine.gemm({
      a: rowRange(x, start, end),
      b: rowRange(other, column, other.rows),
      transposeB: true,
      c: matrix(data, rows, stride),
      alpha,
    });
    return { data, row: start, column, stride };
  };
}

/** The gaps of the input rows of a tile. */
function inputGaps(
  { data, row, column, stride }: Products,
  x: Inputs,
  left: Chunk,
  z: Inputs,
  right: Chunk,
  { rows }: Batch,
  out: Float64Array,
): void {
  const [u, v] = [left.rows.deviations[INPUT]!, right.rows.deviations[INPUT]!];
  for (let e = 0; e < out.length; e++) {
    const [i, j] = [rows.left[e]!, rows.right[e]!];
    const c = data[(left.start + i - row) * stride + right.start + j - column]!;
    out[e] = inputGap(x, left.start + i, u[i]!, z, right.start + j, v[j]!, c);
  }
}
