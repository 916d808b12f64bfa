import { type Matrix, type Points, zeros } from "../linalg/index.ts";
import type { Member } from "./automatic/refit.ts";
import { type Calibration, calibrate } from "./calibration.ts";
import { expansionShares, type FeatureMachine, type FeatureMachineState } from "./feature-machine.ts";
import { evaluate, gradients } from "./kernel-expansion.ts";
import { decodeValues, pointRange, takePoints } from "./learning-problem.ts";
import { logWeightGradients } from "./tree/partition.ts";
import { applyView, pullBack } from "./view.ts";

/** Of which outputs gradients are taken. */
export interface PredictionGradientOptions {
  /** Target columns or classes; default all. */
  readonly outputs?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What a derivative is taken of: `prediction` is what `predict` returns; `score` is the same for regression and for classes the
 * weighted mean of the members' scores π₀ + Q f before any calibration, which never saturates.
 */
export type OutputStage = "prediction" | "score";

/**
 * What a derivative is taken by. `coordinate`: the input coordinate, the slope of the prediction itself. `spread`: one typical step
 * of the coordinate as the machine sees it, which moves each view coordinate made from it by its own standard deviation over the
 * training rows, Σ_a sd(z_a) ∂F/∂z_a. For standardized views both agree up to the standard deviation of the input; for views by
 * ranks the slope of the view (huge between close values) is replaced by its spread.
 */
export type DerivativeUnit = "coordinate" | "spread";

/** At most this many numbers of gradients are held at a time beside the result. */
const GRADIENT_ENTRIES = 2 ** 23;

/**
 * Gradients of the predictions at the rows of x with respect to the input coordinates: of targets in their units (through a
 * logarithmic target too), or of class probabilities (through the members' calibrations, their average, its calibration and
 * the smoothing). Row j holds the gradients of the outputs one after the other, rows × (outputs · d).
 *
 * ∇F = Σ_m (∂F/∂v_m) J_mᵀ S_m Σ_i A_i ∇_u k(u, u_i), J_m the slopes of the member's view. Where F has a kink (a Laplace center,
 * a knot of normal scores) this is the mean of the one-sided derivatives or one of them.
 */
export async function predictionGradients(
  machine: FeatureMachine,
  x: Points,
  { outputs, signal }: PredictionGradientOptions = {},
): Promise<Matrix<Float64Array>> {
  const [gradients] = await outputGradients(
    machine,
    x,
    "prediction",
    outputs ?? Array.from({ length: machine.state.outputs }, (_, o) => o),
    ["coordinate"],
    signal,
  );
  return gradients!;
}

/** As `predictionGradients`, of predictions or of class scores; one matrix a unit. */
export async function outputGradients(
  machine: FeatureMachine,
  x: Points,
  stage: OutputStage,
  outputs: readonly number[],
  units: readonly DerivativeUnit[],
  signal?: AbortSignal,
): Promise<Matrix<Float64Array>[]> {
  const { state } = machine;
  const { rows, cols: d } = x.coordinates;
  if (d !== state.x.coordinates.cols)
    throw new RangeError(`predictionGradients: x has ${d} columns, expected ${state.x.coordinates.cols}`);
  for (const output of outputs)
    if (!(output >= 0 && output < state.outputs))
      throw new RangeError(
        `predictionGradients: there is no output ${output}; the machine has ${state.outputs}`,
      );
  const results = units.map(() => zeros(rows, outputs.length * d));
  const width = Math.max(
    1,
    ...state.members.map(({ view, coding }) => valueCount(coding) * Math.max(d, view.coordinates.length)),
  );
  const batch = Math.max(1, Math.min(rows, Math.floor(GRADIENT_ENTRIES / width)));
  for (let start = 0; start < rows; start += batch) {
    signal?.throwIfAborted();
    const end = Math.min(rows, start + batch);
    const part = pointRange(x, start, end, state.blockSizes.length);
    const values: Matrix<Float64Array>[] = [];
    for (const member of state.members) values.push(await machine.memberValues(member, part, signal));
    const jacobians = outputJacobians(state, values, stage, outputs);
    for (const [m, member] of state.members.entries()) {
      const c = valueCount(member.coding);
      const byView = await memberViewGradients(machine, member, part, signal);
      const jacobian = jacobians[m]!;
      units.forEach((unit, u) => {
        const inner = inUnit(machine, member, part, byView, unit);
        const out = results[u]!;
        for (let j = 0; j < end - start; j++)
          for (let o = 0; o < outputs.length; o++) {
            const to = (start + j) * outputs.length * d + o * d;
            for (let l = 0; l < c; l++) {
              const factor = jacobian[(j * outputs.length + o) * c + l]!;
              if (factor === 0) continue;
              const from = (j * c + l) * d;
              for (let k = 0; k < d; k++) out.data[to + k]! += factor * inner.data[from + k]!;
            }
          }
      });
    }
  }
  return results;
}

/** Predictions, or class scores before calibration: rows × outputs. */
export async function outputValues(
  machine: FeatureMachine,
  x: Points,
  stage: OutputStage,
  signal?: AbortSignal,
): Promise<Matrix<Float64Array>> {
  const { state } = machine;
  if (stage === "prediction" || state.task === "regression") return machine.predict(x, signal);
  const average = zeros(x.coordinates.rows, state.outputs);
  for (const member of state.members) {
    const scores = decodeValues(member.coding, await machine.memberValues(member, x, signal));
    for (let at = 0; at < average.data.length; at++)
      average.data[at]! += member.recipe.weight * scores.data[at]!;
  }
  return average;
}

/**
 * Gradients of a member's values (before decoding) with respect to its view coordinates, rows × (c · view size). For leaves with
 * weights w_ℓ they are Σ_ℓ w_ℓ ∇f_ℓ + Σ_ℓ f_ℓ ∇w_ℓ, ∇w_ℓ = w_ℓ (g_ℓ − Σ_m w_m g_m), g_ℓ = ∇ log w_ℓ before normalization.
 */
export async function memberViewGradients(
  machine: FeatureMachine,
  member: Member,
  x: Points,
  signal?: AbortSignal,
): Promise<Matrix<Float64Array>> {
  const width = member.view.coordinates.length;
  const c = valueCount(member.coding);
  const sum = zeros(x.coordinates.rows, c * width);
  if (width === 0) return sum;
  const blocks = machine.state.blockSizes.length;
  const seen = applyView(member.view, x, blocks);
  const expansions = await machine.memberExpansions(member);
  const { partition } = member;
  const soft = partition && partition.temperature > 0;
  /** Σ_ℓ w_ℓ ∇ log w_ℓ of every row, before weights are normalized: what normalization takes away. */
  const drift = new Float64Array(soft ? sum.rows * width : 0);
  for (const [leaf, { rows, weights }] of expansionShares(member, seen).entries()) {
    if (rows.length === 0) continue;
    const points = rows.length === sum.rows ? seen : takePoints(seen, rows, blocks);
    const inner = await gradients(machine.engine, expansions[leaf]!, points, signal);
    rows.forEach((row, at) => {
      for (let k = 0; k < c * width; k++)
        sum.data[row * c * width + k]! += weights[at]! * inner.data[at * c * width + k]!;
    });
    if (!soft) continue;
    const values = await evaluate(machine.engine, expansions[leaf]!, points, signal);
    const slopes = logWeightGradients(partition, leaf, seen.coordinates, rows);
    rows.forEach((row, at) => {
      for (let k = 0; k < width; k++) {
        const slope = weights[at]! * slopes[at * width + k]!;
        drift[row * width + k]! += slope;
        for (let l = 0; l < c; l++)
          sum.data[(row * c + l) * width + k]! +=
            (values.data[at * c + l]! + partition.offsets.data[leaf * c + l]!) * slope;
      }
    });
  }
  if (soft) {
    const values = await machine.valuesInView(member, seen, signal);
    for (let row = 0; row < sum.rows; row++)
      for (let l = 0; l < c; l++)
        for (let k = 0; k < width; k++)
          sum.data[(row * c + l) * width + k]! -= values.data[row * c + l]! * drift[row * width + k]!;
  }
  return sum;
}

/** The same with respect to the input coordinates, or by their spreads, rows × (c d). */
export function inUnit(
  machine: FeatureMachine,
  member: Member,
  x: Points,
  byView: Matrix<Float64Array>,
  unit: DerivativeUnit,
): Matrix<Float64Array> {
  const { rows, cols: d } = x.coordinates;
  const c = valueCount(member.coding);
  const width = member.view.coordinates.length;
  const out = zeros(rows, c * d);
  const slice = zeros(rows, width);
  for (let l = 0; l < c; l++) {
    for (let j = 0; j < rows; j++)
      slice.data.set(byView.data.subarray((j * c + l) * width, (j * c + l + 1) * width), j * width);
    const pulled =
      unit === "coordinate" ? pullBack(member.view, x, slice) : timesSpreads(machine, member, slice);
    for (let j = 0; j < rows; j++) out.data.set(pulled.data.subarray(j * d, (j + 1) * d), (j * c + l) * d);
  }
  return out;
}

/** Standard deviations over (at most 2,000 evenly spaced) training rows. */
interface Spreads {
  readonly inputs: Float64Array;
  readonly views: ReadonlyMap<Member, Float64Array>;
}

const SPREAD_ROWS = 2000;
const spreadsOfStates = new WeakMap<FeatureMachineState, Spreads>();

/** How far input coordinates and the members' view coordinates scatter over the training rows. */
export function spreadsOf(state: FeatureMachineState): Spreads {
  let spreads = spreadsOfStates.get(state);
  if (!spreads) {
    const n = state.x.coordinates.rows;
    const count = Math.min(n, SPREAD_ROWS);
    const rows = takePoints(
      state.x,
      Int32Array.from({ length: count }, (_, t) => Math.floor((t * n) / count)),
      state.blockSizes.length,
    );
    const views = new Map(
      state.members.map((member) => [
        member,
        deviations(applyView(member.view, rows, state.blockSizes.length).coordinates),
      ]),
    );
    spreads = { inputs: deviations(rows.coordinates), views };
    spreadsOfStates.set(state, spreads);
  }
  return spreads;
}

function deviations({ data, rows, cols }: Matrix): Float64Array {
  return Float64Array.from({ length: cols }, (_, k) => {
    let mean = 0;
    for (let i = 0; i < rows; i++) mean += data[i * cols + k]! / rows;
    let square = 0;
    for (let i = 0; i < rows; i++) square += (data[i * cols + k]! - mean) ** 2 / rows;
    return Math.sqrt(square);
  });
}

/** Gradients by view coordinates (rows × view size) as gradients by the spread of each input coordinate (rows × d). */
function timesSpreads({ state }: FeatureMachine, member: Member, gradients: Matrix): Matrix<Float64Array> {
  const { inputs, views } = spreadsOf(state);
  const spreads = views.get(member)!;
  const out = zeros(gradients.rows, inputs.length);
  member.view.coordinates.forEach((coordinate, a) => {
    for (let i = 0; i < gradients.rows; i++) {
      const gradient = gradients.data[i * gradients.cols + a]!;
      if (coordinate.kind !== "target-mean")
        out.data[i * out.cols + coordinate.source]! += gradient * spreads[a]!;
      else if (coordinate.group)
        for (let k = coordinate.group.start; k < coordinate.group.end; k++)
          out.data[i * out.cols + k]! +=
            gradient * coordinate.values[k - coordinate.group.start]! * inputs[k]!;
    }
  });
  return out;
}

/**
 * ∂F_o/∂v of every member's values v, as rows × outputs × c numbers a member.
 *
 * @param values - values of every member at the same rows, each rows × c
 */
export function outputJacobians(
  state: FeatureMachineState,
  values: readonly Matrix[],
  stage: OutputStage,
  outputs: readonly number[],
): Float64Array[] {
  const rows = values[0]!.rows;
  const jacobians = values.map(({ cols }) => new Float64Array(rows * outputs.length * cols));
  if (state.task === "regression") {
    state.members.forEach(({ coding, recipe }, m) => {
      if (coding.task !== "regression") return;
      const c = values[m]!.cols;
      for (let j = 0; j < rows; j++)
        outputs.forEach((l, o) => {
          jacobians[m]![(j * outputs.length + o) * c + l] =
            recipe.weight * unscalingDerivatives(coding, l, values[m]!.data[j * c + l]!).first;
        });
    });
    return jacobians;
  }
  const k = state.outputs;
  const decoded = state.members.map(({ coding }, m) => decodeValues(coding, values[m]!));
  const shown = state.members.map(({ recipe }, m) =>
    stage === "prediction" && recipe.calibration ? calibrate(recipe.calibration, decoded[m]!) : decoded[m]!,
  );
  const average = zeros(rows, k);
  state.members.forEach(({ recipe }, m) => {
    for (let at = 0; at < average.data.length; at++) average.data[at]! += recipe.weight * shown[m]!.data[at]!;
  });
  const calibrated =
    state.calibration && stage === "prediction" ? calibrate(state.calibration, average) : undefined;
  const n = state.x.coordinates.rows;
  const upstream = new Float64Array(k);
  const row = (a: Matrix<Float64Array>, j: number): Float64Array => a.data.subarray(j * k, (j + 1) * k);
  for (let j = 0; j < rows; j++)
    outputs.forEach((output, o) => {
      upstream.fill(0);
      upstream[output] = stage === "prediction" ? n / (n + 1) : 1;
      const atAverage = calibrated
        ? calibrationPullBack(state.calibration!, row(average, j), row(calibrated, j), upstream)
        : upstream;
      state.members.forEach(({ recipe, coding }, m) => {
        if (coding.task !== "classification") return;
        const atScores =
          stage === "prediction" && recipe.calibration
            ? calibrationPullBack(recipe.calibration, row(decoded[m]!, j), row(shown[m]!, j), atAverage)
            : atAverage;
        const c = k - 1;
        for (let l = 0; l < c; l++) {
          let sum = 0;
          for (let a = 0; a < k; a++) sum += coding.basis.data[a * c + l]! * atScores[a]!;
          jacobians[m]![(j * outputs.length + o) * c + l] = recipe.weight * sum;
        }
      });
    });
  return jacobians;
}

/** First and second derivative of the prediction of target column l by the member's value v: y = v s + μ, or its exponential. */
export function unscalingDerivatives(
  {
    logarithm,
    mean,
    scale,
  }: { readonly logarithm: boolean; readonly mean: readonly number[]; readonly scale: readonly number[] },
  l: number,
  v: number,
): { readonly first: number; readonly second: number } {
  if (!logarithm) return { first: scale[l]!, second: 0 };
  const exponent = v * scale[l]! + mean[l]!;
  if (exponent >= 700) return { first: 0, second: 0 };
  const value = Math.exp(exponent);
  return { first: scale[l]! * value, second: scale[l]! ** 2 * value };
}

/** (∂p/∂s)ᵀ g for p = softmax(z(s)): z′ ∘ p ∘ (g − p·g), z′ = β, or β/s where the logarithm is not cut. */
function calibrationPullBack(
  calibration: Calibration,
  scores: Float64Array,
  probabilities: Float64Array,
  upstream: Float64Array,
): Float64Array {
  let mean = 0;
  probabilities.forEach((p, k) => (mean += p * upstream[k]!));
  return probabilities.map((p, k) => {
    const inner = p * (upstream[k]! - mean) * calibration.slope;
    return calibration.kind === "linear" ? inner : scores[k]! > 1e-3 ? inner / scores[k]! : 0;
  });
}

/** Values that a member has before decoding: target columns, or classes − 1. */
export function valueCount(coding: Member["coding"]): number {
  return coding.task === "regression" ? coding.mean.length : coding.prior.length - 1;
}
