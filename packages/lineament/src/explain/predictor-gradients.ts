import { type Matrix, type Points, random, sample, zeros } from "../linalg/index.ts";
import { type FeatureMachine, takePoints } from "../machines/index.ts";
import { predictionGradients } from "../machines/prediction-gradients.ts";
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

/** Gradients of the returned predictor at a seeded sample of its training rows. */
export interface GradientSample {
  readonly rows: Int32Array;
  readonly points: Points;
  readonly outputs: readonly number[];
  /** rows × (outputs · d), in input coordinates. */
  readonly gradients: Matrix<Float64Array>;
  readonly spreads: readonly CoordinateSpread[];
}

export async function sampleGradients(machine: FeatureMachine, { rows = 500, seed = 0, outputs, signal }: SampleOptions): Promise<GradientSample> {
  const { state } = machine;
  if (!(rows >= 1)) throw new RangeError(`explain: rows is ${rows}; at least one row is needed`);
  const chosen = sample(state.x.coordinates.rows, rows, random(seed));
  const points = takePoints(state.x, chosen, state.blockSizes.length);
  const counted = outputs ?? Array.from({ length: state.outputs }, (_, o) => o);
  const gradients = await predictionGradients(machine, points, { outputs: counted, signal });
  return { rows: chosen, points, outputs: counted, gradients, spreads: coordinateSpreads(state.x) };
}

/**
 * The average gradient outer product of the returned predictor over the sample, d × d, in standardized coordinates:
 * M_jk = s_j s_k mean over rows of Σ_o ∂_jF_o ∂_kF_o, s the standard deviations over the training rows.
 */
export async function standardizedAgop(machine: FeatureMachine, { gradients, outputs, spreads, rows }: GradientSample): Promise<Matrix<Float64Array>> {
  const d = spreads.length;
  const data = gradients.data.map((value, at) => value * spreads[at % d]!.deviation);
  const agop = zeros(d, d);
  if (d > 0) await machine.engine.syrk({ a: { data, rows: rows.length * outputs.length, cols: d }, c: agop, transpose: true, alpha: 1 / rows.length });
  return agop;
}
