import { type Matrix, type Points, random, sample, zeros } from "../linalg/index.ts";
import { type FeatureMachine, takePoints } from "../machines/index.ts";
import { outputGradients } from "../machines/prediction-gradients.ts";
import { type CoordinateSpread, coordinateSpreads } from "./columns.ts";

/** Which rows and outputs an explanation of the whole predictor looks at. */
export interface SampleOptions {
  /** Training rows looked at, a seeded sample; default 500. */
  readonly rows?: number | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
  /** Target columns or classes that count; default all. */
  readonly outputs?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Derivatives of the returned predictor at a seeded sample of its training rows: of predictions for regression, of class scores before
 * calibration for classes, because probabilities saturate: where classes are separable, theirs are zero at almost every row.
 */
export interface GradientSample {
  readonly rows: Int32Array;
  readonly points: Points;
  readonly outputs: readonly number[];
  /** By the spread of each coordinate (`DerivativeUnit`), rows × (outputs · d). */
  readonly gradients: Matrix<Float64Array>;
  /** By the coordinates themselves, if asked for. */
  readonly slopes: Matrix<Float64Array> | undefined;
  readonly spreads: readonly CoordinateSpread[];
}

export async function sampleGradients(
  machine: FeatureMachine,
  { rows = 500, seed = 0, outputs, signal }: SampleOptions,
  withSlopes = false,
): Promise<GradientSample> {
  const { state } = machine;
  if (!(rows >= 1)) throw new RangeError(`explain: rows is ${rows}; at least one row is needed`);
  const chosen = sample(state.x.coordinates.rows, rows, random(seed));
  const points = takePoints(state.x, chosen, state.blockSizes.length);
  const counted = outputs ?? Array.from({ length: state.outputs }, (_, o) => o);
  const [gradients, slopes] = await outputGradients(
    machine,
    points,
    "score",
    counted,
    withSlopes ? ["spread", "coordinate"] : ["spread"],
    signal,
  );
  return {
    rows: chosen,
    points,
    outputs: counted,
    gradients: gradients!,
    slopes,
    spreads: coordinateSpreads(state.x),
  };
}

/**
 * The average gradient outer product of the returned predictor (`GradientSample`) over the sample, d × d, by the spreads of the coordinates:
 * M_jk = mean over rows of Σ_o ∂̂_jF_o ∂̂_kF_o, ∂̂_k = Σ_a sd(z_a) ∂/∂z_a over the view coordinates z_a of x_k (s_k ∂_k for linear views).
 */
export async function spreadAgop(
  machine: FeatureMachine,
  { gradients, outputs, spreads, rows }: GradientSample,
): Promise<Matrix<Float64Array>> {
  const d = spreads.length;
  const agop = zeros(d, d);
  if (d > 0)
    await machine.engine.syrk({
      a: { data: gradients.data, rows: rows.length * outputs.length, cols: d },
      c: agop,
      transpose: true,
      alpha: 1 / rows.length,
    });
  return agop;
}
