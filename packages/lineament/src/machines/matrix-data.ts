import { asMatrix, type Matrix, type MatrixLike } from "../linalg/index.ts";
import type { LearningProblem, Target } from "./learning-problem.ts";
import type { PredictionForm } from "./matrix-outputs.ts";

/** One number, text or truth value a row. */
export type TargetVector = readonly number[] | Float64Array | Float32Array | Int32Array;

/** A class, as it was given. */
export type Label = string | number | boolean;

/** A private copy of the training rows. @throws RangeError when there is nothing to learn from */
export function checkedRows(call: string, x: MatrixLike): Matrix {
  const given = asMatrix(x, `${call}: x`);
  const rows = { ...checkedEntries(call, given), data: given.data.slice() };
  if (rows.rows < 2) throw new RangeError(`${call}: x has ${rows.rows} rows; at least two are needed`);
  if (rows.cols === 0) throw new RangeError(`${call}: x has no columns`);
  if (isConstant(rows))
    throw new RangeError(`${call}: every column of x is constant; there is nothing to learn from`);
  return rows;
}

/** What of a fit is about its rows. */
export interface MatrixRows {
  readonly task: "auto" | "regression" | "classification";
  /** One positive weight a row. */
  readonly weights?: ArrayLike<number> | undefined;
  /** One value a row: rows of a group are never divided between training and validation. */
  readonly groups?: ArrayLike<number> | readonly string[] | undefined;
}

/** Rows and targets as a learning problem, and how predictions will look. @throws RangeError naming what does not fit */
export function matrixProblem(
  x: MatrixLike,
  y: TargetVector | readonly string[] | readonly boolean[] | MatrixLike,
  { task, weights, groups }: MatrixRows,
): { readonly problem: LearningProblem; readonly form: PredictionForm } {
  const rows = checkedRows("fit", x);
  const { target, form } = readTargets(y, rows.rows, task);
  const problem = {
    x: { coordinates: rows },
    blockSizes: [],
    groups: [],
    target,
    weights: weights && checkedWeights(weights, rows.rows),
    rowGroups: groups && numbered("groups", groups, rows.rows),
  };
  return { problem, form };
}

/** Rows to predict. @throws RangeError when they do not have the columns of the training rows */
export function checkedNewRows(call: string, x: MatrixLike, cols: number): Matrix {
  const rows = checkedEntries(call, asMatrix(x, `${call}: x`));
  if (rows.cols !== cols && rows.rows > 0)
    throw new RangeError(`${call}: x has ${rows.cols} columns, expected ${cols}`);
  return rows;
}

function checkedEntries(call: string, a: Matrix): Matrix {
  const { data, rows, cols } = a;
  if (data.length !== rows * cols)
    throw new RangeError(`${call}: x holds ${data.length} numbers, ${rows} × ${cols} were announced`);
  for (let at = 0; at < data.length; at++)
    if (!Number.isFinite(data[at]))
      throw new RangeError(
        `${call}: x is ${data[at]} in row ${Math.floor(at / cols)}, column ${at % cols} (counted from 0); fill or remove it`,
      );
  return a;
}

function isConstant({ data, rows, cols }: Matrix): boolean {
  for (let at = cols; at < rows * cols; at++) if (data[at] !== data[at % cols]) return false;
  return true;
}

/** Targets as numbers or classes, and how predictions of them will look. @throws RangeError naming the entry that does not fit */
export function readTargets(
  y: TargetVector | readonly string[] | readonly boolean[] | MatrixLike,
  n: number,
  task: "auto" | "regression" | "classification",
): { target: Target; form: PredictionForm } {
  const first = Array.isArray(y) ? (y[0] as unknown) : undefined;
  const named = typeof first === "string" || typeof first === "boolean";
  if (named && task === "regression")
    throw new RangeError(`fit: y holds ${show(first)}, and regression needs numbers`);
  if (named || task === "classification") {
    if (!named && !isVector(y)) throw new RangeError("fit: classes must be one value a row, not a matrix");
    return readClasses(y as readonly Label[], n, named ? typeof first : "number");
  }
  const { target, matrix } = readNumbers("fit", y as TargetVector | MatrixLike, n);
  for (let l = 0; l < target.cols; l++) {
    const column = columnOf(target, l);
    if (column.every((value) => value === column[0]))
      throw new RangeError(
        `fit: y${matrix ? `, column ${l},` : ""} is ${column[0]} in every row; there is nothing to learn`,
      );
  }
  return { target: { task: "regression", y: target }, form: { matrix } };
}

function readClasses(y: ArrayLike<Label>, n: number, type: string): { target: Target; form: PredictionForm } {
  if (y.length !== n) throw new RangeError(`fit: y has ${y.length} labels, x has ${n} rows`);
  const counts = new Map<Label, number>();
  for (let i = 0; i < n; i++) {
    const label = y[i]!;
    if (typeof label !== type || (typeof label === "number" && !Number.isFinite(label)))
      throw new RangeError(
        `fit: y[${i}] is ${show(label)}, but y[0] is a ${type}; labels must be of one kind`,
      );
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  if (counts.size < 2)
    throw new RangeError(`fit: y is ${show(y[0])} in every row; there is nothing to learn`);
  const labels = [...counts.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const rare = labels.find((label) => counts.get(label)! < 2);
  if (rare !== undefined)
    throw new RangeError(`fit: class ${show(rare)} has one row only; every class needs at least two`);
  const place = new Map(labels.map((label, code) => [label, code]));
  const codes = Int32Array.from(y, (label) => place.get(label)!);
  return {
    target: { task: "classification", labels: codes, classes: labels.length },
    form: { labels, matrix: false },
  };
}

/** Numbers as columns, with whether they came as a matrix. */
export function readNumbers(
  call: string,
  y: TargetVector | MatrixLike,
  n: number,
): { target: Matrix<Float64Array>; matrix: boolean } {
  const vector = isVector(y);
  const given = vector ? { data: Float64Array.from(y), rows: y.length, cols: 1 } : asMatrix(y, `${call}: y`);
  const target = { ...given, data: Float64Array.from(given.data) };
  if (target.rows !== n) throw new RangeError(`${call}: y has ${target.rows} rows, x has ${n}`);
  if (target.cols === 0) throw new RangeError(`${call}: y has no columns`);
  const bad = target.data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new RangeError(
      `${call}: y is ${target.data[bad]} in row ${Math.floor(bad / target.cols)} (counted from 0); remove the row`,
    );
  return { target, matrix: !vector };
}

function isVector(y: unknown): y is TargetVector {
  return ArrayBuffer.isView(y) || (Array.isArray(y) && !Array.isArray(y[0]));
}

/** @throws RangeError when a weight is not positive */
export function checkedWeights(weights: ArrayLike<number>, n: number): Float64Array {
  if (weights.length !== n)
    throw new RangeError(`fit: weights has ${weights.length} entries, x has ${n} rows`);
  const result = Float64Array.from(weights);
  const bad = result.findIndex((weight) => !(weight > 0 && weight < Infinity));
  if (bad >= 0) throw new RangeError(`fit: weights[${bad}] is ${result[bad]}; weights are positive numbers`);
  return result;
}

/** The number of the first row with the same value. */
export function numbered(name: string, values: ArrayLike<number | string>, n: number): Int32Array {
  if (values.length !== n) throw new RangeError(`fit: ${name} has ${values.length} entries, x has ${n} rows`);
  const seen = new Map<number | string, number>();
  const codes = Int32Array.from(values, (value) => {
    if (!seen.has(value)) seen.set(value, seen.size);
    return seen.get(value)!;
  });
  if (seen.size < 2)
    throw new RangeError(`fit: all rows are of one group of ${name}; validation needs at least two`);
  return codes;
}

export function columnOf({ data, rows, cols }: Matrix, l: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => data[i * cols + l]!);
}

export function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
