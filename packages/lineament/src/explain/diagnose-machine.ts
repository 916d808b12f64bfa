import { type Matrix, type Points, random, zeros } from "../linalg/index.ts";
import { kernelName, transform } from "../kernels/index.ts";
import {
  applyView,
  encodeTarget,
  type FeatureMachine,
  labelsOf,
  type Member,
  subsample,
  takePoints,
  takeTarget,
  type Target,
} from "../machines/index.ts";
import { kernelMatrix } from "../machines/kernel-passes.ts";
import { diagnoseKernel, FEWEST_DIAGNOSED_ROWS, type KernelDiagnosis } from "../solvers/index.ts";

export interface DiagnoseMachineOptions {
  /** Training rows looked at, a seeded sample: time grows like the cube. Default 2000. */
  readonly rows?: number | undefined;
  /** Numbers of rows to predict for; see `diagnoseKernel`. */
  readonly at?: readonly number[] | undefined;
  /** λ instead of the machine's own. */
  readonly ridge?: number | undefined;
  /** Rows that the machine was not fitted on, to measure its errors on too; at most 5,000 of them are used. */
  readonly test?: { readonly x: Points; readonly target: Target } | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A diagnosis of one kernel machine. Its errors are in units of the targets as the machine sees them: standardized numbers
 * (an error of 1 predicts nothing) or their logarithms, or squared errors of one-hot classes, summed over classes.
 */
export interface MachineDiagnosis extends KernelDiagnosis {
  /** The member of the machine's average that was looked at: the heaviest. */
  readonly member: number;
  readonly weight: number;
  readonly kernel: string;
  /** Metric updates. Where there were any, the same labels made the metric, and errors are optimistic. */
  readonly updates: number;
  /** Regression: one unit of the targets that the machine sees, in units of the column (a factor when `logarithm`). */
  readonly unit: number | undefined;
  readonly logarithm: boolean;
}

const MOST_TEST_ROWS = 5000;

/**
 * What the eigenframework says of a fitted machine: of the kernel, metric and ridge of its heaviest member, on a sample of
 * its training rows. Weights of rows are not looked at.
 *
 * @param target - of the training rows, in their order
 * @throws RangeError for fewer than 40 training rows
 */
export async function diagnoseMachine(
  machine: FeatureMachine,
  target: Target,
  { rows: most = 2000, at, ridge, test, seed = 0, signal }: DiagnoseMachineOptions = {},
): Promise<MachineDiagnosis> {
  const { engine, state } = machine;
  const heaviest = Math.max(...state.members.map(({ recipe }) => recipe.weight));
  const number = state.members.findIndex(({ recipe }) => recipe.weight === heaviest);
  const member = state.members[number]!;
  const { recipe, coding, expansions } = member;
  const [expansion] = expansions;
  const rows = subsample(
    expansion!.rows,
    Math.max(most, FEWEST_DIAGNOSED_ROWS),
    random(seed),
    labelsOf(target),
  );
  const encoded = encodeTarget(coding, takeTarget(target, rows));
  const means = zeros(1, encoded.cols).data;
  encoded.data.forEach((value, k) => (means[k % encoded.cols]! += value / encoded.rows));
  const centered = (y: Matrix): Matrix<Float64Array> => ({
    ...y,
    data: Float64Array.from(y.data, (value, k) => value - means[k % y.cols]!),
  });
  const points = await seenBy(machine, member, takePoints(state.x, rows, state.blockSizes.length));
  const { kernel, tables } = (await machine.memberExpansions(member))[0]!;
  const k = engine.allocate(rows.length, rows.length, "float64");
  await kernelMatrix(engine, { kernel, tables, x: points, out: k, signal });
  let tested: { readonly cross: Matrix; readonly y: Matrix } | undefined;
  if (test) {
    const count = test.x.coordinates.rows;
    const all = Int32Array.from({ length: count }, (_, i) => i);
    const some = subsample(all, MOST_TEST_ROWS, random(seed));
    const cross = engine.allocate(rows.length, some.length, "float64");
    const z = await seenBy(machine, member, takePoints(test.x, some, state.blockSizes.length));
    await kernelMatrix(engine, { kernel, tables, x: points, z, out: cross, signal });
    tested = { cross, y: centered(encodeTarget(coding, takeTarget(test.target, some))) };
  }
  const diagnosis = await diagnoseKernel(engine, k, centered(encoded), ridge ?? recipe.ridges.at(-1)!, {
    at,
    test: tested,
    seed,
    signal,
  });
  return {
    ...diagnosis,
    member: number,
    weight: recipe.weight,
    kernel: kernelName(kernel),
    updates: recipe.ridges.length - 1,
    unit: coding.task === "regression" ? coding.scale[0] : undefined,
    logarithm: coding.task === "regression" && coding.logarithm,
  };
}

/** Rows in the coordinates of a member's kernel, in float64. */
async function seenBy({ engine, state }: FeatureMachine, member: Member, x: Points): Promise<Points> {
  const seen = applyView(member.view, x, state.blockSizes.length);
  return transform(engine, seen, member.expansions[0]!.metric, "float64");
}
