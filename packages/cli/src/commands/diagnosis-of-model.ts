import { diagnoseMachine, type Points, type TableModel, type Target } from "lineament";
import type { Diagnosis } from "../report/report-data.ts";

export interface DiagnosisRequest {
  /** Training rows looked at. */
  readonly rows: number;
  readonly seed: number;
  /** Training rows there are, when the model was fitted on a sample of them. */
  readonly of?: number | undefined;
  /** Rows to measure errors on too. */
  readonly test?: { readonly x: Points; readonly target: Target } | undefined;
  readonly signal: AbortSignal;
}

/** From an eighth of the machine's rows to eight times as many, by half octaves. */
const SHARES = Array.from({ length: 13 }, (_, step) => 2 ** (step / 2 - 3));
/** Parts of the rows that are fitted, so that what is measured has its prediction beside it. */
const PARTS = [8, 4, 2, 1];
/** Eigenvalues drawn. */
const DRAWN = 150;

/** What the eigenframework says of a model's heaviest machine; errors relative to always predicting the mean. */
export async function diagnosisOf(
  model: TableModel,
  { rows: most, seed, of, test, signal }: DiagnosisRequest,
): Promise<Diagnosis> {
  const { machine, training } = model;
  const target = targetOf(model, training.target);
  const fitted = machine.state.members[heaviest(model)]!.expansions[0]!.rows.length;
  const looked = Math.min(most, fitted);
  const at = [
    ...SHARES.map((share) => Math.round(share * fitted)),
    ...PARTS.map((part) => Math.floor(looked / part)),
  ];
  const found = await diagnoseMachine(machine, target, {
    rows: looked,
    at: [...new Set(at)].sort((a, b) => a - b),
    test,
    seed,
    signal,
  });
  const { variance, unit, laws } = found;
  const inUnits = (error: number): { readonly rmse?: number } =>
    unit === undefined || found.logarithm ? {} : { rmse: Math.sqrt(error) * unit };
  return {
    kernel: found.kernel,
    ridge: found.ridge,
    weight: found.weight,
    updates: found.updates,
    ...(found.updates > 0 && !found.logarithm ? { heldOut: heldOutError(model) } : {}),
    rows: found.rows,
    fitted,
    of: of ?? training.target.length,
    error: errorName(model, found.logarithm),
    guessing: variance,
    trainError: found.trainError / variance,
    leaveOneOut: {
      error: found.leaveOneOutError / variance,
      standardError: found.standardError / variance,
      ...inUnits(found.leaveOneOutError),
    },
    // At the interpolation threshold of a kernel with few directions the error is infinite.
    curve: found.curve
      .filter(({ testError, noiseFactor }) => testError < Infinity && noiseFactor < Infinity)
      .map(({ rows, testError, noiseFactor, extrapolated }) => ({
        rows,
        error: testError / variance,
        ...inUnits(testError),
        noiseFactor,
        extrapolated,
      })),
    measured: found.measured.map(({ rows, leaveOneOutError, standardError, testError }) => ({
      rows,
      error: leaveOneOutError / variance,
      standardError: standardError / variance,
      ...(testError === undefined ? {} : { test: testError / variance }),
    })),
    noise: { estimate: laws.noise / variance, atMost: found.noiseAtMost / variance },
    effectiveDimension: found.effectiveDimension,
    spectrum: {
      eigenvalues: drawn(found.eigenvalues),
      ...(laws.amplitude > 0 ? { decay: laws.decay, amplitude: laws.amplitude } : {}),
    },
    overfitting: found.overfitting,
  };
}

/** Targets as numbers or class numbers. */
export function targetOf({ target }: TableModel, values: ArrayLike<number>): Target {
  return target.task === "regression"
    ? {
        task: "regression",
        y: { data: Float64Array.from(values), rows: values.length, cols: 1 },
      }
    : { task: "classification", labels: Int32Array.from(values), classes: target.classes.length };
}

function heaviest({ machine }: TableModel): number {
  const weights = machine.state.members.map(({ recipe }) => recipe.weight);
  return weights.indexOf(Math.max(...weights));
}

/** The relative squared error of the whole model on rows that the machines which predicted them were not fitted on. */
function heldOutError({ machine }: TableModel): number {
  const { predictions, target } = machine.state.validation;
  const { rows, cols, data } = predictions;
  const actual = (i: number, l: number): number =>
    target.task === "regression" ? target.y.data[i * cols + l]! : +(target.labels[i] === l);
  let [error, variance] = [0, 0];
  for (let l = 0; l < cols; l++) {
    let mean = 0;
    for (let i = 0; i < rows; i++) mean += actual(i, l) / rows;
    for (let i = 0; i < rows; i++) {
      error += (data[i * cols + l]! - actual(i, l)) ** 2;
      variance += (actual(i, l) - mean) ** 2;
    }
  }
  return variance > 0 ? error / variance : 0;
}

function errorName({ target }: TableModel, logarithm: boolean): string {
  if (target.task === "classification") return "squared error of the classes ÷ that of guessing";
  return logarithm ? "squared error of the logarithm ÷ its variance" : "squared error ÷ variance";
}

/** All eigenvalues, or as many as can be told apart on a logarithmic axis. */
function drawn(eigenvalues: Float64Array): { readonly rank: number; readonly value: number }[] {
  const n = eigenvalues.length;
  const ranks = new Set(
    Array.from({ length: Math.min(n, DRAWN) }, (_, i) =>
      Math.round(n ** (i / Math.max(1, Math.min(n, DRAWN) - 1))),
    ),
  );
  return [...ranks]
    .map((rank) => ({ rank, value: eigenvalues[rank - 1]! }))
    .filter(({ value }) => value > 1e-14 * eigenvalues[0]!);
}
