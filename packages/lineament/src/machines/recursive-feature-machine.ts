import { z } from "zod";
import { asMatrix, type Engine, type Matrix, type MatrixLike, zeros } from "../linalg/index.ts";
import { openEngine } from "../linalg/open-engine.ts";
import { FeatureMachine, type FeatureMachineState } from "./feature-machine.ts";
import { type FitControl, fitFeatureMachine } from "./fit-feature-machine.ts";
import type { Target } from "./learning-problem.ts";
import { FitOptions, type ResolvedFitOptions } from "./options.ts";
import {
  type ClassificationScores,
  classificationScores,
  mostLikely,
  type RegressionScores,
  regressionScores,
} from "./scores.ts";

/** One number, text or truth value a row. */
export type TargetVector = readonly number[] | Float64Array | Float32Array | Int32Array;

/** A class, as it was given. */
export type Label = string | number | boolean;

/** How a fit on plain matrices may be steered: everything of `FitOptions`, and what belongs to these rows and this run. */
export interface MatrixFitOptions extends FitOptions, FitControl {
  /** Does the linear algebra. Without one, an engine is opened at the first use and shared. */
  readonly engine?: Engine | undefined;
  /** One positive weight a row. */
  readonly weights?: ArrayLike<number> | undefined;
  /** One value a row: rows of a group are never divided between training and validation. */
  readonly groups?: ArrayLike<number> | readonly string[] | undefined;
}

/** The options of `KernelRidge.fit`: there is no metric to learn. */
export type KernelRidgeOptions = Omit<MatrixFitOptions, "machine"> & {
  readonly machine?: Omit<
    NonNullable<FitOptions["machine"]>,
    "iterations" | "metric" | "power" | "shrinkage" | "agopRows"
  >;
};

/** What a fit on matrices keeps besides the state of the machine. */
export interface PredictionForm {
  /** The classes in the order of the columns of probabilities; undefined for regression. */
  readonly labels?: readonly Label[] | undefined;
  /** Predictions are a matrix because y was one. */
  readonly matrix: boolean;
}

/**
 * A fitted recursive feature machine: kernel ridge regression whose metric is learned from its own gradients, chosen and
 * averaged by validation on the training rows. Fitting returns one; there is no unfitted one.
 *
 * @example
 * const machine = await RecursiveFeatureMachine.fit(x, y);
 * const predictions = await machine.predict(newRows);
 *
 * @see Radhakrishnan, Beaglehole, Pandit and Belkin, arXiv:2212.13881
 */
export class RecursiveFeatureMachine<Prediction = Float64Array | Matrix<Float64Array> | Label[]> {
  /** Everything that was learned: plain numbers. */
  readonly state: FeatureMachineState;
  readonly form: PredictionForm;
  readonly #machine: FeatureMachine;

  constructor(engine: Engine, state: FeatureMachineState, form: PredictionForm) {
    this.state = state;
    this.form = form;
    this.#machine = new FeatureMachine(engine, state);
  }

  /**
   * Fits rows of numbers. Text and truth values are classes, numbers are regression (or classes, with
   * `task: "classification"`); a matrix y has one column for each target. Nothing passed in is changed or kept.
   *
   * @param x - n × d, every entry finite; n ≥ 2
   * @param y - n values, or n × c
   * @throws RangeError naming what does not fit, before any work
   * @throws the reason of the signal when it is aborted
   */
  static fit(
    x: MatrixLike,
    y: TargetVector,
    options?: MatrixFitOptions,
  ): Promise<RecursiveFeatureMachine<Float64Array>>;
  static fit(
    x: MatrixLike,
    y: readonly string[],
    options?: MatrixFitOptions,
  ): Promise<RecursiveFeatureMachine<string[]>>;
  static fit(
    x: MatrixLike,
    y: readonly boolean[],
    options?: MatrixFitOptions,
  ): Promise<RecursiveFeatureMachine<boolean[]>>;
  static fit(
    x: MatrixLike,
    y: MatrixLike,
    options?: MatrixFitOptions,
  ): Promise<RecursiveFeatureMachine<Matrix<Float64Array>>>;
  static async fit(
    x: MatrixLike,
    y: TargetVector | readonly string[] | readonly boolean[] | MatrixLike,
    { engine, weights, groups, signal, onProgress, ...options }: MatrixFitOptions = {},
  ): Promise<RecursiveFeatureMachine> {
    const resolved = parseFitOptions(options);
    const rows = checkedRows("fit", x);
    const { target, form } = readTargets(y, rows.rows, resolved.task);
    if (isConstant(rows))
      throw new RangeError("fit: every column of x is constant; there is nothing to learn from");
    const problem = {
      x: { coordinates: rows },
      blockSizes: [],
      groups: [],
      target,
      weights: weights && checkedWeights(weights, rows.rows),
      rowGroups: groups && numbered("groups", groups, rows.rows),
    };
    const opened = engine ?? (await sharedEngine());
    const machine = await fitFeatureMachine(opened, problem, resolved, { signal, onProgress });
    return new RecursiveFeatureMachine(opened, machine.state, form);
  }

  /** Numbers for regression (a matrix if y was one), classes as they were given for classification. */
  async predict(x: MatrixLike, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Prediction> {
    const outputs = await this.#outputs("predict", x, signal);
    return this.#decoded(outputs) as Prediction;
  }

  /** Calibrated probabilities, one column a class in the order of `classes`. Rows sum to 1, no entry is 0. */
  async predictProbabilities(
    x: MatrixLike,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<Matrix<Float64Array>> {
    if (!this.form.labels)
      throw new TypeError("predictProbabilities: the machine was fitted for regression; it has no classes");
    return await this.#outputs("predictProbabilities", x, signal);
  }

  /** The classes, in the order of the columns of `predictProbabilities`; undefined for regression. */
  get classes(): readonly Label[] | undefined {
    return this.form.labels;
  }

  /** R² (the mean over target columns) or accuracy on other rows: scikit-learn's `score`. */
  async score(x: MatrixLike, y: TargetVector | readonly Label[] | MatrixLike): Promise<number> {
    const scores = await this.evaluate(x, y);
    const each = scores.map((one) => ("r2" in one ? one.r2 : one.accuracy));
    return each.reduce((sum, value) => sum + value, 0) / each.length;
  }

  /** All scores on other rows: one object for each target column, a single one for classification. */
  async evaluate(
    x: MatrixLike,
    y: TargetVector | readonly Label[] | MatrixLike,
  ): Promise<readonly RegressionScores[] | readonly [ClassificationScores]> {
    const outputs = await this.#outputs("evaluate", x);
    const { labels } = this.form;
    if (labels) {
      const given = y as readonly Label[];
      if (given.length !== outputs.rows)
        throw new RangeError(`evaluate: y has ${given.length} labels, x has ${outputs.rows} rows`);
      const codes = Int32Array.from(given, (label, i) => {
        const code = labels.indexOf(label);
        if (code < 0)
          throw new RangeError(`evaluate: y[${i}] is ${show(label)}, a class the machine was not fitted on`);
        return code;
      });
      return [classificationScores(codes, outputs)];
    }
    const { target } = readNumbers("evaluate", y as TargetVector | MatrixLike, outputs.rows);
    if (target.cols !== outputs.cols)
      throw new RangeError(`evaluate: y has ${target.cols} columns, the machine predicts ${outputs.cols}`);
    return Array.from({ length: outputs.cols }, (_, l) =>
      regressionScores(columnOf(target, l), columnOf(outputs, l)),
    );
  }

  async #outputs(call: string, x: MatrixLike, signal?: AbortSignal): Promise<Matrix<Float64Array>> {
    const coordinates = checkedEntries(call, asMatrix(x, `${call}: x`));
    const { cols } = this.state.x.coordinates;
    if (coordinates.cols !== cols && coordinates.rows > 0)
      throw new RangeError(`${call}: x has ${coordinates.cols} columns, expected ${cols}`);
    if (coordinates.rows === 0) return zeros(0, this.state.outputs);
    return await this.#machine.predict({ coordinates }, signal);
  }

  #decoded(outputs: Matrix<Float64Array>): Float64Array | Matrix<Float64Array> | Label[] {
    const { labels, matrix } = this.form;
    if (!labels) return matrix ? outputs : outputs.data;
    const chosen = Array.from(mostLikely(outputs), (code) => labels[code]!);
    return typeof labels[0] === "number" ? Float64Array.from(chosen as number[]) : chosen;
  }
}

let opened: Promise<Engine> | undefined;

/** The engine of fits that were not given one. */
function sharedEngine(): Promise<Engine> {
  opened ??= openEngine();
  return opened;
}

/** Options with their defaults. @throws RangeError that lists what is wrong with them */
export function parseFitOptions(options: unknown): ResolvedFitOptions {
  const result = FitOptions.safeParse(options);
  if (!result.success) throw new RangeError(`options of the fit:\n${z.prettifyError(result.error)}`);
  return result.data;
}

/** A private copy of x. */
function checkedRows(call: string, x: MatrixLike): Matrix {
  const given = asMatrix(x, `${call}: x`);
  const rows = { ...checkedEntries(call, given), data: given.data.slice() };
  if (rows.rows < 2) throw new RangeError(`${call}: x has ${rows.rows} rows; at least two are needed`);
  if (rows.cols === 0) throw new RangeError(`${call}: x has no columns`);
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

function readTargets(
  y: TargetVector | readonly string[] | readonly boolean[] | MatrixLike,
  n: number,
  task: ResolvedFitOptions["task"],
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

function readNumbers(
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

function checkedWeights(weights: ArrayLike<number>, n: number): Float64Array {
  if (weights.length !== n)
    throw new RangeError(`fit: weights has ${weights.length} entries, x has ${n} rows`);
  const result = Float64Array.from(weights);
  const bad = result.findIndex((weight) => !(weight > 0 && weight < Infinity));
  if (bad >= 0) throw new RangeError(`fit: weights[${bad}] is ${result[bad]}; weights are positive numbers`);
  return result;
}

/** The number of the first row with the same value. */
function numbered(name: string, values: ArrayLike<number | string>, n: number): Int32Array {
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

function columnOf({ data, rows, cols }: Matrix, l: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => data[i * cols + l]!);
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
