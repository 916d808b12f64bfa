import { pairsAt, release, releaseBase } from "./evaluation.ts";
import type { Evaluation, Register } from "./evaluation.ts";
import { selfBatch } from "./geometry.ts";
import type { Geometry } from "./geometry.ts";
import { inputCovariances } from "./inputs.ts";
import type { Inputs } from "./inputs.ts";
import type { LinearStep, NormalizeStep, Plan } from "../plan/plan.ts";
import { refuse } from "../plan/refuse.ts";
import { linearStep } from "./linear-step.ts";
import type { Prepared } from "./prepared.ts";
import { readFeature } from "./read-feature.ts";
import { gapRows, meanRows, rowReading } from "./rows.ts";
import type { RowReading, RowSet } from "./rows.ts";
import { degreeOf } from "./scales.ts";
import type { StepNumbers } from "./scales.ts";
import { workspace } from "./workspace.ts";

/** Rows on their own, and Θ(x, x) of the output. */
export interface EvaluatedRows {
  readonly rows: RowSet;
  readonly ntk: Float64Array;
}

/** Takes rows `start` to `end` of the inputs through all steps. */
export function evaluateRows(
  { plan, geometry, steps }: Prepared,
  inputs: Inputs,
  start: number,
  end: number,
  training: boolean,
): EvaluatedRows {
  const e = startRows(plan, geometry, inputs, start, end, training);
  plan.steps.forEach((step, index) => {
    rowStep(e, step, index, steps[index]!);
    releaseUsed(e, index);
  });
  return { rows: e.left, ntk: e.registers.get(plan.output)!.tangent! };
}

/** The evaluation of rows with themselves, before the first step. */
export function startRows(
  plan: Plan,
  geometry: Geometry,
  inputs: Inputs,
  start: number,
  end: number,
  training: boolean,
): Evaluation {
  const { pixels } = geometry;
  const rows: RowSet = {
    count: end - start,
    pixels,
    variances: [],
    deviations: [],
    vectors: [],
    readings: [],
    gaps: [],
  };
  const batch = selfBatch(geometry, end - start);
  const memory = workspace();
  const registers = new Map<number, Register>();
  const e: Evaluation = {
    plan,
    geometry,
    batch,
    left: rows,
    right: rows,
    memory,
    registers,
    covariances: new Map(),
    tangents: true,
    training,
  };
  const covariance = memory.take(batch.pixels.left.length);
  inputCovariances(inputs, start * pixels, inputs, start * pixels, geometry, batch.pixels, covariance);
  registers.set(0, { covariance, tangent: memory.take(covariance.length).fill(0) });
  keepVariances(e, 0);
  return e;
}

/** What a step makes of the rows; registers, variances and vectors are set. */
export function rowStep(
  e: Evaluation,
  step: LinearStep | NormalizeStep,
  index: number,
  numbers: StepNumbers,
): void {
  const rows = e.left;
  rows.readings[index] = rowReading(step.from, numbers.reading, rows);
  checkVariances(step, rows.readings[index]);
  if (step.kind === "normalize") {
    normalize(e, step, index, numbers);
    return;
  }
  rows.gaps[index] = step.slopes && gapRows(step.from, step.slopes, rows.readings[index], numbers);
  const feature = readFeature(e, step.from, index, step.window ? "pixels" : "rows");
  e.registers.set(step.base, linearStep(e, step, feature, numbers));
  keepVariances(e, step.base);
}

function normalize(e: Evaluation, step: NormalizeStep, index: number, numbers: StepNumbers): void {
  const rows = e.left;
  const place = step.from.groups[0]!.place === "rows" ? "rows" : "pixels";
  const feature = readFeature(e, step.from, index, place);
  const square = diagonal(e, place, feature.covariance);
  release(e, feature);
  const mean =
    step.mean === undefined ? undefined : meanRows(step.from, numbers.reading, rows.readings[index]!, rows);
  rows.vectors[step.deviation] = square.map((value, i) => {
    const variance = value - (mean ? mean[i]! ** 2 : 0) + numbers.epsilon;
    return variance > 0 ? 1 / Math.sqrt(variance) : 0;
  });
  if (step.mean !== undefined) rows.vectors[step.mean] = mean!.map((value) => -value);
}

function keepVariances(e: Evaluation, base: number): void {
  const { path, place } = e.plan.bases[base]!;
  const { covariance, tangent } = e.registers.get(base)!;
  const variances = diagonal(e, place, covariance);
  e.left.variances[base] = variances;
  e.left.deviations[base] = variances.map(Math.sqrt);
  const finite = (values: Float64Array): boolean => values.every(Number.isFinite);
  if (!finite(variances) || !finite(tangent!))
    refuse(
      path,
      "gets a variance or a tangent kernel beyond the range of floating point",
      "use smaller weights or inputs, or put a layer-norm before it",
    );
}

/** Duals multiply two variances: beyond this only those carry on whose scale is carried beside them. */
const mostVariance = 1e150;

function checkVariances({ from, path }: LinearStep | NormalizeStep, { factors }: RowReading): void {
  from.factors.forEach(({ activation }, f) => {
    if (degreeOf(activation) !== undefined) return;
    const variance = factors[f]!.variance.reduce((most, a) => Math.max(most, a), 0);
    if (variance > mostVariance)
      refuse(
        path,
        `gets ${activation!.name} of a variance of ${variance.toExponential(0)}, beyond the range of floating point`,
        "use smaller weights or inputs, or put a layer-norm before it",
      );
  });
}

/** The entries of pairs left = right. */
function diagonal(e: Evaluation, place: "rows" | "pixels", values: Float64Array): Float64Array {
  const { left, right } = pairsAt(e, place);
  const out = new Float64Array(e.left.count * (place === "rows" ? 1 : e.left.pixels));
  for (let i = 0; i < values.length; i++) if (left[i] === right[i]) out[left[i]!] = values[i]!;
  return out;
}

/** Gives back the registers of bases that no later step reads. */
export function releaseUsed(e: Evaluation, index: number): void {
  for (const base of e.plan.released[index]!) releaseBase(e, base);
}
