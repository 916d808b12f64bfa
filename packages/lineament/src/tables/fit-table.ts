import { fitIntervals, type Importances } from "../explain/index.ts";
import { openEngine } from "../linalg/open-engine.ts";
import { anySignal } from "../machines/any-signal.ts";
import {
  type FitControl,
  fitFeatureMachine,
  type LearningProblem,
  takeProblem,
  type Target,
} from "../machines/index.ts";
import { timeLimit } from "../machines/time-limit.ts";
import { type BaselineResult, fitBaselines } from "./baselines.ts";
import { encode, type Encoder } from "./encoder.ts";
import { type PreparedFit, prepareFit } from "./prepare-fit.ts";
import { recordOfFit, recordOfMachine } from "./record-of-fit.ts";
import { spoolStream } from "./spool-stream.ts";
import { rowNumber, type Table, takeTableRows } from "./table.ts";
import type { TableFitOptions, TableFitPlan, TableFitProgress } from "./table-fit-options.ts";
import { measureImportances } from "./table-importances.ts";
import { type EvaluatedTable, pointsOf, TableModel, type TableModelParts } from "./table-model.ts";

/** A fitted model, and what was seen on the way to it. */
export interface TableFit {
  readonly model: TableModel;
  readonly plan: TableFitPlan;
  /** The model on the test rows. */
  readonly test: EvaluatedTable | undefined;
  readonly importances: Importances | undefined;
  /** What simple learners predict for the test rows, or by cross-validation. */
  readonly baselines: readonly BaselineResult[];
}

/**
 * Fits a table: reads the target, infers what columns mean, encodes them, chooses and fits a machine by validation on the
 * training rows, and compares it with simple learners. Test rows take no part in anything but the final scores.
 *
 * @example
 * const { model } = await fitTable(fromRecords(rows), { target: "price" });
 * const { values } = await model.predict(fromRecords(newRows));
 *
 * @throws InputError in one line when table or options cannot be used, before any work
 * @throws the reason of the signal when it is aborted
 */
export async function fitTable(table: Table, options: TableFitOptions): Promise<TableFit> {
  const started = performance.now();
  const prepared = prepareFit(table, options);
  const { plan } = prepared;
  options.onPlan?.(plan);
  const spent = (performance.now() - started) / 1000;
  const limits = [plan.limits?.search, plan.limits?.fit, options.seconds].map((seconds) =>
    timeLimit(seconds === undefined ? undefined : seconds - spent),
  );
  const [enoughSearch, enoughFit, enoughOfAll] = limits.map(({ signal }) =>
    anySignal(options.enough, signal),
  );
  try {
    return await fitPrepared(prepared, options, started, {
      enoughSearch,
      enough: enoughFit,
      enoughOfAll,
    });
  } finally {
    for (const limit of limits) limit.clear();
  }
}

/** Part of a fit from a stream that is spent on encoding its rows. */
const READING = 0.05;

/** When a part of a fit is to end. */
interface TableFitEnds extends Pick<FitControl, "enough" | "enoughSearch"> {
  /** What follows the fit of the machine is left out or shortened. */
  readonly enoughOfAll: AbortSignal | undefined;
}

async function fitPrepared(
  prepared: PreparedFit,
  options: TableFitOptions,
  started: number,
  { enoughOfAll, ...ends }: TableFitEnds,
): Promise<TableFit> {
  const { engine, workers, signal, onProgress } = options;
  const { resolved, learned, rows, encoder, problem, testTable, plan } = prepared;
  const { target } = problem;
  const n = rows.rows;

  const opened = engine ?? (await openEngine());
  const report =
    (stage: TableFitProgress["stage"], from: number, to: number) => (fraction: number, message: string) =>
      onProgress?.({ stage, fraction: from + (to - from) * Math.min(1, fraction), message });
  const extras = ((options.baselines ?? true) ? 0.1 : 0) + ((options.importances ?? true) ? 0.1 : 0);
  const { stream } = options;
  if (stream && !options.spool)
    throw new TypeError("fitTable: a stream of rows needs a spool, where they are kept");
  const spooled = stream ? READING : 0;
  // The limits of the plan take the place of a limit on seconds.
  const fitted = await fitFeatureMachine(
    opened,
    problem,
    { ...resolved, seconds: undefined },
    {
      workers,
      ...ends,
      stream: stream && {
        rows: await spoolStream(stream, options.spool!, prepared.encoding, {
          signal,
          onRows: (done) =>
            report("reading", 0, spooled)(done / plan.trainRows, `encoding ${plan.trainRows} rows to disk`),
        }),
        positions: stream.positions,
        memory: plan.streamed!.kept,
      },
      signal,
      onProgress: ({ stage, fraction, message }) => report(stage, spooled, 1 - extras)(fraction, message),
    },
  );
  const { state } = fitted;
  // A Nyström machine, or one without time, keeps some of its rows.
  const { rows: kept } = state;
  const all = Int32Array.from({ length: n }, (_, i) => i);

  const parts: Omit<TableModelParts, "record"> = {
    encoder,
    target: learned.spec,
    intervals:
      target.task === "regression" ? fitIntervals(state.validation, { seed: resolved.seed }) : undefined,
    training: {
      sourceRows: Int32Array.from(kept ?? all, (i) => rowNumber(rows, i) - 1),
      target: kept ? Float64Array.from(kept, (i) => learned.values[i]!) : learned.values,
    },
  };
  const begun = recordOfMachine(prepared, state, opened, options);
  const evaluated =
    testTable && (await new TableModel(fitted, { ...parts, record: begun }).evaluate(testTable, { signal }));
  let baselines: BaselineResult[] = [];
  if (options.baselines ?? true) {
    const progress = report("baselines", 1 - extras, 1 - extras + 0.1);
    baselines = await fitBaselines(opened, problem, {
      seed: resolved.seed,
      effort: resolved.effort,
      test: evaluated && testTable && testTarget(encoder, evaluated, testTable, target),
      signal,
      enough: enoughOfAll,
      onProgress: ({ fraction, message }) => progress(fraction, message),
    });
  }
  const explained =
    (options.importances ?? true)
      ? await measureImportances(fitted, kept ? takeProblem(problem, kept) : problem, encoder, {
          effort: resolved.effort,
          seed: resolved.seed,
          signal,
          enough: enoughOfAll,
          onProgress: report("explaining", 0.9, 1),
        })
      : undefined;
  const cutShort = [
    ...(state.summary.cutShort ?? []),
    ...((options.baselines ?? true) && baselines.length < 3 ? (["baselines"] as const) : []),
    ...(explained?.cutShort ? (["importances"] as const) : []),
  ];
  const record = recordOfFit(begun, plan, state, options, {
    evaluated,
    baselines,
    importances: explained?.measured,
    cutShort,
    seconds: (performance.now() - started) / 1000,
  });
  onProgress?.({ stage: "explaining", fraction: 1, message: "done" });
  return {
    model: new TableModel(fitted, { ...parts, record }),
    plan,
    test: evaluated,
    importances: explained?.measured,
    baselines,
  };
}

/** The scored test rows for baselines. */
function testTarget(
  encoder: Encoder,
  { rows, actual }: EvaluatedTable,
  table: Table,
  { task, ...rest }: Target,
): { x: LearningProblem["x"]; target: Target } {
  const x = pointsOf(encode(encoder, rows.length === table.rows ? table : takeTableRows(table, rows)));
  return {
    x,
    target:
      task === "regression"
        ? { task, y: { data: actual, rows: actual.length, cols: 1 } }
        : { task, labels: Int32Array.from(actual), classes: "classes" in rest ? rest.classes : 0 },
  };
}
