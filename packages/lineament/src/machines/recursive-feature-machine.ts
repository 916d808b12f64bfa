import { type Engine, type Matrix, type MatrixLike, zeros } from "../linalg/index.ts";
import { FeatureMachine, type FeatureMachineState } from "./feature-machine.ts";
import type { FitControl } from "./fit-control.ts";
import { fitFeatureMachine } from "./fit-feature-machine.ts";
import { checkedNewRows, type Label, matrixProblem, type TargetVector } from "./matrix-data.ts";
import { decodeOutputs, meanScore, type PredictionForm, scoreOutputs } from "./matrix-outputs.ts";
import { sharedEngine } from "./shared-engine.ts";
import { type FitOptions, parseFitOptions } from "./options.ts";
import type { ClassificationScores, RegressionScores } from "./scores.ts";

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
    "iterations" | "metric" | "power" | "normalization" | "centered" | "shrinkage" | "agopRows"
  >;
};

/** The calls of `fit` of a kernel machine: predictions look like the targets that were given. */
export interface KernelMachineFit<Options> {
  (x: MatrixLike, y: TargetVector, options?: Options): Promise<RecursiveFeatureMachine<Float64Array>>;
  (x: MatrixLike, y: readonly string[], options?: Options): Promise<RecursiveFeatureMachine<string[]>>;
  (x: MatrixLike, y: readonly boolean[], options?: Options): Promise<RecursiveFeatureMachine<boolean[]>>;
  (x: MatrixLike, y: MatrixLike, options?: Options): Promise<RecursiveFeatureMachine<Matrix<Float64Array>>>;
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
    {
      engine,
      weights,
      groups,
      workers,
      signal,
      enough,
      enoughSearch,
      onProgress,
      ...options
    }: MatrixFitOptions = {},
  ): Promise<RecursiveFeatureMachine> {
    const resolved = parseFitOptions(options);
    const { problem, form } = matrixProblem(x, y, { task: resolved.task, weights, groups });
    const opened = engine ?? (await sharedEngine());
    const machine = await fitFeatureMachine(opened, problem, resolved, {
      workers,
      signal,
      enough,
      enoughSearch,
      onProgress,
    });
    return new RecursiveFeatureMachine(opened, machine.state, form);
  }

  /** Numbers for regression (a matrix if y was one), classes as they were given for classification. */
  async predict(x: MatrixLike, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Prediction> {
    const outputs = await this.#outputs("predict", x, signal);
    return decodeOutputs(this.form, outputs) as Prediction;
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
    return meanScore(await this.evaluate(x, y));
  }

  /** All scores on other rows: one object for each target column, a single one for classification. */
  async evaluate(
    x: MatrixLike,
    y: TargetVector | readonly Label[] | MatrixLike,
  ): Promise<readonly RegressionScores[] | readonly [ClassificationScores]> {
    return scoreOutputs(this.form, await this.#outputs("evaluate", x), y);
  }

  async #outputs(call: string, x: MatrixLike, signal?: AbortSignal): Promise<Matrix<Float64Array>> {
    const coordinates = checkedNewRows(call, x, this.state.x.coordinates.cols);
    if (coordinates.rows === 0) return zeros(0, this.state.outputs);
    return await this.#machine.predict({ coordinates }, signal);
  }
}
