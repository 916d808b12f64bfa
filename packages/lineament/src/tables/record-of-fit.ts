import type { Importances } from "../explain/index.ts";
import { isDifferenceKernel, kernelName } from "../kernels/index.ts";
import type { Engine } from "../linalg/index.ts";
import { candidateName } from "../machines/automatic/candidate.ts";
import type { FeatureMachineState, MemberRecipe } from "../machines/index.ts";
import type { BaselineResult } from "./baselines.ts";
import { cutShortSentence } from "./cut-short.ts";
import { type FitRecord, lineamentVersion } from "./fit-record.ts";
import type { PreparedFit } from "./prepare-fit.ts";
import type { TableFitOptions, TableFitPlan } from "./table-fit-options.ts";
import { type EvaluatedTable, scoresOf } from "./table-model.ts";

/** The record of a machine that is fitted, and not yet tested, compared or explained. */
export function recordOfMachine(
  { resolved, roles, learned, rows, encoder, plan }: PreparedFit,
  state: FeatureMachineState,
  engine: Engine,
  options: TableFitOptions,
): FitRecord {
  const { data, stream } = options;
  const expansions = state.members.flatMap((member) => member.expansions);
  return {
    task: learned.spec.task,
    taskReason: learned.reason,
    target: options.target,
    roles: [...roles],
    ...(learned.spec.task === "classification" ? { classes: learned.spec.classes } : {}),
    rows: {
      train: plan.trainRows,
      test: plan.testRows,
      withoutTarget: plan.withoutTarget,
      ...(stream ? { sampled: rows.rows } : {}),
    },
    columns: [...encoder.columns],
    chosen: {
      machines: state.members.map(({ recipe }) => ({
        name: memberName(recipe),
        weight: recipe.weight,
        updates: recipe.ridges.length - 1,
        ridge: recipe.ridges.at(-1)!,
      })),
      candidates: state.summary.evaluated,
      coordinates: encoder.coordinates.length,
      method: plan.method,
      solveRows: Math.max(...expansions.map(({ rows: own }) => own.length)),
      pieces: Math.max(...state.members.map((member) => member.expansions.length)),
    },
    validation: scoresOf(state.validation.target, state.validation.predictions),
    baselines: {},
    importances: [],
    seconds: 0,
    engine: engine.description,
    effort: resolved.effort,
    seed: resolved.seed,
    options: plainOptions(options),
    version: lineamentVersion,
    ...(data === undefined ? {} : { data }),
    warnings: [],
  };
}

/** What came after the machine. */
export interface LaterResults {
  readonly evaluated: EvaluatedTable | undefined;
  readonly baselines: readonly BaselineResult[];
  readonly importances: Importances | undefined;
  readonly cutShort: NonNullable<FitRecord["cutShort"]>;
  readonly seconds: number;
}

/** The record with everything that came after the machine. */
export function recordOfFit(
  record: FitRecord,
  plan: TableFitPlan,
  state: FeatureMachineState,
  { stream }: TableFitOptions,
  { evaluated, baselines, importances, cutShort, seconds }: LaterResults,
): FitRecord {
  return {
    ...record,
    ...(evaluated ? { test: evaluated.evaluation.test } : {}),
    baselines: Object.fromEntries(baselines.map((one) => [one.name, scoresOf(one.target, one.predictions)])),
    importances: importanceRecords(importances),
    ...(cutShort.length > 0 ? { cutShort } : {}),
    warnings: [...(stream?.notices ?? []), ...warningsOf(plan, state, cutShort, evaluated)],
    seconds: Math.round(1000 * seconds) / 1000,
  };
}

function memberName({ view, targetMeans, logarithm, settings }: MemberRecipe): string {
  const { kernel, form, power, bandwidth } = settings;
  if ((kernel.family !== "laplace" && kernel.family !== "lpq") || bandwidth === "constant")
    return `${isDifferenceKernel(kernel) ? `${kernel.family}, bandwidth ${kernel.bandwidth}` : kernelName(kernel)}; ${form} metric, power ${power}; ${view} inputs${logarithm ? "; log target" : ""}`;
  return candidateName({
    view,
    targetMeans,
    logarithm,
    p: kernel.family === "lpq" && kernel.p === 1 ? 1 : 2,
    q: kernel.exponent,
    form,
    power,
    bandwidth: kernel.bandwidth,
  });
}

function importanceRecords(measured: Importances | undefined): FitRecord["importances"] {
  return (measured?.columns ?? [])
    .toSorted((a, b) => b.share - a.share)
    .map(({ name, share, low, high, aboveNoise }) => ({
      column: name,
      importance: share,
      lower: low,
      upper: high,
      ...(aboveNoise === undefined ? {} : { aboveNoise }),
    }));
}

function warningsOf(
  plan: TableFitPlan,
  state: FeatureMachineState,
  cutShort: NonNullable<FitRecord["cutShort"]>,
  test: EvaluatedTable | undefined,
): string[] {
  const jitter = Math.max(...state.members.map((member) => member.jitter));
  return [
    ...plan.columns.flatMap(({ notice }) => notice ?? []),
    ...(plan.withoutTarget > 0
      ? [`${plan.withoutTarget} row${plan.withoutTarget === 1 ? "" : "s"} without a target left out`]
      : []),
    ...(plan.reduced === undefined ? [] : [plan.reduced]),
    ...(cutShort.length > 0 ? [cutShortSentence(cutShort)] : []),
    ...(jitter > 0
      ? [
          `a kernel matrix was not numerically positive definite; ${jitter.toExponential(1)} was added to its diagonal`,
        ]
      : []),
    ...(test?.evaluation.warnings ?? []),
  ];
}

/** Options that say what was fitted, not on what machine: plain values, for the record. */
function plainOptions(options: TableFitOptions): FitRecord["options"] {
  const own = [
    "test",
    "stream",
    "spool",
    "data",
    "memory",
    "rates",
    "engine",
    "workers",
    "signal",
    "enough",
    "onProgress",
    "onPlan",
  ];
  const plain = Object.entries(options).filter(([name, value]) => value !== undefined && !own.includes(name));
  return JSON.parse(JSON.stringify(Object.fromEntries(plain))) as FitRecord["options"];
}
