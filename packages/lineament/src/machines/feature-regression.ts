import { z } from "zod";
import { Activation, type ActivationChoice, type ActivationInput } from "../layers/index.ts";
import { type Engine, type Matrix, type MatrixLike, zeros } from "../linalg/index.ts";
import { featureRidge, type FeatureRidge } from "../solvers/index.ts";
import { judgePredictions } from "./automatic/evaluation.ts";
import { type Calibration, calibrate } from "./calibration.ts";
import type { FeatureMap } from "./feature-map.ts";
import { decodeValues, encodeTarget, fitTargetCoding, type TargetCoding } from "./learning-problem.ts";
import { checkedNewRows, checkedRows, type Label, readTargets, type TargetVector } from "./matrix-data.ts";
import { decodeOutputs, meanScore, type PredictionForm, scoreOutputs } from "./matrix-outputs.ts";
import type { ClassificationScores, RegressionScores } from "./scores.ts";
import { parseOptions } from "./parse-options.ts";
import { sharedEngine } from "./shared-engine.ts";
import { applyView, fitView, type View } from "./view.ts";

/** A nonlinearity by name or with parameters. */
const chosenActivation = z
  .custom<ActivationChoice>()
  .transform((chosen) => (typeof chosen === "string" ? ({ name: chosen } as ActivationInput) : chosen))
  .pipe(Activation);

/** What random and tangent features have in common: the network at its start, and the fit. */
export const featureFitSchema = {
  activation: chosenActivation.default({ name: "relu" }).describe("σ, by name or with parameters"),
  weightStd: z.number().nonnegative().default(1).describe("σ_w"),
  biasStd: z
    .number()
    .nonnegative()
    .default(1)
    .describe(
      "σ_b; without biases relu misses all odd polynomials above the first, erf and tanh all even ones",
    ),
  ridge: z.number().nonnegative().optional().describe("λ; by least leave-one-out error when absent"),
  task: z.enum(["auto", "regression", "classification"]).default("auto"),
  seed: z.int().nonnegative().default(0),
};

const common = z.object(featureFitSchema);

/** What belongs to one run of a fit. */
export interface FeatureFitOptions {
  /** Does the linear algebra. Without one, an engine is opened at the first use and shared. */
  readonly engine?: Engine | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Anything that `fit` takes as targets. */
type FitTargets = TargetVector | readonly string[] | readonly boolean[] | MatrixLike;

/** The calls of `fit`: predictions look like the targets that were given. */
export interface FeatureFit<Options> {
  (x: MatrixLike, y: TargetVector, options?: Options): Promise<FeatureRegression<Float64Array>>;
  (x: MatrixLike, y: readonly string[], options?: Options): Promise<FeatureRegression<string[]>>;
  (x: MatrixLike, y: readonly boolean[], options?: Options): Promise<FeatureRegression<boolean[]>>;
  (x: MatrixLike, y: MatrixLike, options?: Options): Promise<FeatureRegression<Matrix<Float64Array>>>;
}

/**
 * A machine that fits a readout on the features of a map: standardizes the inputs, codes the targets, solves the ridge regression.
 * Its `fit` throws a RangeError naming what does not fit, before any work.
 *
 * @param schema - options of the fit, `featureFitSchema` among them
 * @param map - the features of so many inputs under these options
 */
export function featureMachine<S extends z.ZodObject>(
  schema: S,
  map: MakeFeatures<z.output<S>>,
): { readonly fit: FeatureFit<z.input<S> & FeatureFitOptions> } {
  const fit = (
    x: MatrixLike,
    y: FitTargets,
    options: z.input<S> & FeatureFitOptions,
  ): Promise<FeatureRegression> => fitFeatures(x, y, schema, options ?? {}, map);
  return { fit: fit as FeatureFit<z.input<S> & FeatureFitOptions> };
}

type MakeFeatures<Options> = (engine: Engine, inputs: number, options: Options) => FeatureMap;

async function fitFeatures<S extends z.ZodObject>(
  x: MatrixLike,
  y: FitTargets,
  schema: S,
  { engine, signal, ...options }: z.input<S> & FeatureFitOptions,
  map: MakeFeatures<z.output<S>>,
): Promise<FeatureRegression> {
  const resolved = parseOptions(schema, options);
  const { ridge, task } = common.parse(resolved);
  const rows = checkedRows("fit", x);
  const { target, form } = readTargets(y, rows.rows, task);
  const coding = fitTargetCoding(target, false);
  const encoded = encodeTarget(coding, target);
  const points = { coordinates: rows };
  const view = fitView("standardized", false, { x: points, y: encoded, groups: [], blockSizes: [] });
  const seen = applyView(view, points).coordinates;
  const opened = engine ?? (await sharedEngine());
  signal?.throwIfAborted();
  const phi = map(opened, seen.cols, resolved);
  const solution = await featureRidge(
    opened,
    {
      rows: seen.rows,
      size: phi.size,
      features: () => phi.features(seen),
      gram: () => phi.gram(seen),
      pull: (a) => phi.pull(seen, a),
    },
    encoded,
    ridge === undefined ? undefined : [ridge],
  );
  signal?.throwIfAborted();
  const leftOut = zeros(encoded.rows, encoded.cols);
  for (let at = 0; at < leftOut.data.length; at++)
    leftOut.data[at] = encoded.data[at]! - solution.residuals.data[at]!;
  const { predictions, calibration } = judgePredictions(decodeValues(coding, leftOut), target, undefined);
  return new FeatureRegression({
    map: phi,
    inputs: rows.cols,
    view,
    coding,
    solution,
    calibration,
    form,
    leaveOneOutPredictions: predictions,
  });
}

/** Everything a readout on fixed features is made of. */
export interface FeatureRegressionState {
  readonly map: FeatureMap;
  readonly inputs: number;
  readonly view: View;
  readonly coding: TargetCoding;
  readonly solution: FeatureRidge;
  readonly calibration: Calibration | undefined;
  readonly form: PredictionForm;
  /** Of every training row by the fit without it: targets in their units, or calibrated probabilities. */
  readonly leaveOneOutPredictions: Matrix<Float64Array>;
}

/** A fitted readout on fixed features, f(x) = ⟨φ(x), b⟩. Fitting returns one; there is no unfitted one. */
export class FeatureRegression<Prediction = Float64Array | Matrix<Float64Array> | Label[]> {
  readonly state: FeatureRegressionState;

  constructor(state: FeatureRegressionState) {
    this.state = state;
  }

  /** λ. */
  get ridge(): number {
    return this.state.solution.ridge;
  }

  /** The classes, in the order of the columns of `predictProbabilities`; undefined for regression. */
  get classes(): readonly Label[] | undefined {
    return this.state.form.labels;
  }

  /** Numbers for regression (a matrix if y was one), classes as they were given for classification. */
  async predict(x: MatrixLike): Promise<Prediction> {
    return decodeOutputs(this.state.form, await this.#outputs("predict", x)) as Prediction;
  }

  /** Probabilities calibrated on the leave-one-out predictions, one column a class in the order of `classes`. */
  async predictProbabilities(x: MatrixLike): Promise<Matrix<Float64Array>> {
    if (!this.state.form.labels)
      throw new TypeError("predictProbabilities: the machine was fitted for regression; it has no classes");
    return await this.#outputs("predictProbabilities", x);
  }

  /** R² (the mean over target columns) or accuracy on other rows. */
  async score(x: MatrixLike, y: TargetVector | readonly Label[] | MatrixLike): Promise<number> {
    return meanScore(await this.evaluate(x, y));
  }

  /** All scores on other rows: one object for each target column, a single one for classification. */
  async evaluate(
    x: MatrixLike,
    y: TargetVector | readonly Label[] | MatrixLike,
  ): Promise<readonly RegressionScores[] | readonly [ClassificationScores]> {
    return scoreOutputs(this.state.form, await this.#outputs("evaluate", x), y);
  }

  async #outputs(call: string, x: MatrixLike): Promise<Matrix<Float64Array>> {
    const { map, inputs, view, coding, solution, calibration } = this.state;
    const rows = checkedNewRows(call, x, inputs);
    if (rows.rows === 0)
      return zeros(0, coding.task === "regression" ? coding.mean.length : coding.prior.length);
    const seen = applyView(view, { coordinates: rows }).coordinates;
    const decoded = decodeValues(coding, await map.values(seen, solution.coefficients));
    return calibration ? calibrate(calibration, decoded) : decoded;
  }
}
