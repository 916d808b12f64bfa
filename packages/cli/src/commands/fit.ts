import { resolve } from "node:path";
import {
  cutShortSentence,
  type FitOptions,
  fitTable,
  gigabytes,
  InputError,
  measureRates,
  type Method,
  type NamedKernel,
  namedKernel,
  type Scores,
  type TableFit,
  type TableFitOptions,
  type TableFitPlan,
  quote,
} from "lineament";
import { FitDocument } from "../output/documents.ts";
import { scoreTable } from "../output/scores.ts";
import type { Screen } from "../output/screen.ts";
import { countOf, formatCount, formatSeconds, formatShare } from "../report/numbers.ts";
import { assertSpace, assertWritable, DiskSpool, type OpenedTable, openTable } from "../tables/index.ts";
import { type Context, endingEarly } from "./context.ts";
import {
  columnNames,
  commandLine,
  type EngineFlags,
  kindPairs,
  memoryBudget,
  methodOf,
  withEngine,
} from "./options.ts";
import { planSentence } from "./plan-words.ts";
import { openTrainingTable } from "./training-table.ts";
import { reportOf } from "./report-of-fit.ts";
import { writeBytes } from "./write-bytes.ts";

export interface FitFlags extends EngineFlags {
  readonly target: string;
  readonly task: "auto" | "regression" | "classification";
  readonly features?: readonly string[];
  readonly exclude?: readonly string[];
  readonly kinds?: readonly string[];
  readonly weights?: string;
  readonly groups?: string;
  readonly split?: string;
  readonly test?: string;
  readonly query?: string;
  readonly metric: "auto" | "full" | "diagonal" | "none";
  readonly kernel?: NamedKernel;
  readonly effort: "quick" | "default" | "thorough";
  readonly method: "auto" | Method;
  readonly time?: number;
  readonly seed: number;
  readonly memory?: number;
  readonly out: string | false;
  readonly report: string | false;
  readonly baselines: boolean;
}

/** Reads a table, fits it, and says what came out. */
export async function fit(path: string, flags: FitFlags, context: Context, screen: Screen): Promise<void> {
  const { signal, words } = context;
  const started = performance.now();
  const kinds = kindPairs(flags.kinds);
  const machine = machineOf(flags);
  if (flags.split !== undefined && flags.test !== undefined)
    throw new InputError("test rows come from --split or from --test, not from both");
  if (path === "-" && flags.test === "-") throw new InputError("only one table can come from standard input");
  if (flags.out !== false) await assertWritable(flags.out, [".safetensors"]);
  if (flags.report !== false) await assertWritable(flags.report, [".html", ".htm"]);

  const memory = flags.memory ?? memoryBudget();
  await using read = await openTrainingTable(path, flags, memory, context, screen);
  const { table, stream } = read;
  await using spool = stream && (await DiskSpool.create());
  const test = flags.test === undefined ? undefined : await readTestTable(flags.test, memory, context);
  for (const notice of [...read.notices, ...(test?.notices ?? [])]) screen.warn(notice);

  await withEngine(flags, async (engine) => {
    const rates = await measureRates(engine, { signal });
    const options: TableFitOptions = {
      target: flags.target,
      task: flags.task,
      features: columnNames(flags.features, read),
      exclude: columnNames(flags.exclude, read),
      kinds,
      weights: flags.weights,
      groups: flags.groups,
      split: flags.split,
      test: test?.table,
      effort: flags.effort,
      ...methodOf(flags.method),
      ...secondsLeft(flags, (performance.now() - started) / 1000),
      seed: flags.seed,
      machine,
      baselines: flags.baselines,
      memory,
      stream,
      spool,
      rates,
      data: JSON.parse(
        JSON.stringify({ train: read.provenance, ...(test ? { test: test.provenance } : {}) }),
      ),
      engine,
      // Threads of their own pay where each has a BLAS, and memory for a matrix of its own.
      workers: engine.name === "native" && engine.threads > 1 && !stream ? engine.threads : 0,
      signal,
      onPlan: (plan) => {
        describePlan(plan, screen);
        if (plan.streamed) assertSpace(plan.streamed.disk);
      },
      onProgress: ({ stage, fraction, message }) =>
        screen.progress(stage, flags.report === false ? fraction : 0.9 * fraction, message),
    };
    const result = await endingEarly(context, screen, (enough) => fitTable(table, { ...options, enough }));
    signal.throwIfAborted();
    const bytes = result.model.toBytes();
    const page =
      flags.report === false
        ? undefined
        : await reportOf(result, {
            provenance: read.provenance,
            testProvenance: test?.provenance,
            modelPath: flags.out,
            bytes,
            engine,
            signal,
            screen,
            command: commandLine(words),
          });
    signal.throwIfAborted();
    // Nothing is written before everything is there.
    if (flags.out !== false) await writeBytes(flags.out, bytes);
    if (flags.report !== false && page !== undefined)
      await writeBytes(flags.report, new TextEncoder().encode(page));
    screen.done();
    const written = {
      model: flags.out === false ? null : flags.out,
      report: page === undefined || flags.report === false ? null : flags.report,
    };
    if (screen.json) screen.document(FitDocument.parse({ ...result.model.record, ...written }));
    else describeResult(result, written, path, screen);
  });
}

async function readTestTable(path: string, memory: number, { signal, stdin }: Context): Promise<OpenedTable> {
  const opened = await openTable(path, { memory, signal, stdin });
  if (opened.table) return opened;
  await opened[Symbol.asyncDispose]();
  throw new InputError(
    `--test ${path}: the table does not fit into ${gigabytes(memory)}; keep test rows in one table with the others, and name the column that tells with --split`,
  );
}

/** Of the time for the whole command, what is left for the fit: all but what was spent and what the report will take. */
function secondsLeft({ time, report }: FitFlags, spent: number): Pick<FitOptions, "seconds"> {
  if (time === undefined) return {};
  const reporting = report === false ? 0 : Math.min(5, 0.1 * time);
  return { seconds: Math.max(0.1 * time, Math.round(10 * (time - spent - reporting)) / 10) };
}

/** The machine that flags ask for; undefined leaves the choice to validation. A kernel alone learns no metric. */
function machineOf({ metric, kernel, method }: FitFlags): FitOptions["machine"] {
  if (metric === "auto" && !kernel) return undefined;
  if (method !== "auto")
    throw new InputError(
      `--method ${method} fits machines that validation chooses; leave it out, or --kernel and --metric`,
    );
  const learns = metric === "full" || metric === "diagonal";
  return {
    ...(kernel ?? namedKernel("laplace")),
    ...(learns ? { metric, iterations: 5 } : { iterations: 0 }),
  };
}

/** What was inferred, and what will be done: on stderr, before the work. */
function describePlan(plan: TableFitPlan, screen: Screen): void {
  const { columns, target } = plan;
  const shown =
    columns.length <= 40 ? columns : columns.filter(({ used, notice }) => !used || notice !== undefined);
  screen.note(
    `${screen.style("bold", quote(target.column))}: ${target.task}, ${plan.taskReason}${target.task === "classification" && target.classes.length <= 12 ? ` (${target.classes.join(", ")})` : ""}`,
  );
  const counts = new Map<string, number>();
  for (const { kind, used } of columns) if (used) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const total = [...counts].map(([kind, count]) => `${count} ${kind}`).join(", ");
  const left = columns.filter(({ used }) => !used).length;
  screen.note(`columns: ${total}${left > 0 ? `; ${left} left out` : ""}`);
  if (shown.length > 0)
    screen.note(
      screen.table(
        ["column", "kind", "", "missing"],
        shown
          .slice(0, 40)
          .map(({ name, kind, used, reason, missing }) => [
            name,
            used ? kind : screen.style("dim", kind),
            used ? reason : screen.style("yellow", `left out: ${reason}`),
            missing === 0 ? "" : String(missing),
          ]),
        { right: [3] },
      ),
    );
  for (const { notice, used } of columns) if (notice !== undefined && used) screen.warn(notice);
  if (plan.withoutTarget > 0) screen.warn(`${countOf(plan.withoutTarget, "row")} without a target left out`);
  if (plan.reduced !== undefined) screen.warn(plan.reduced);
  const { coordinates, trainRows, testRows } = plan;
  screen.note(
    `plan: ${countOf(trainRows, "training row")}${testRows > 0 ? `, ${countOf(testRows, "test row")}` : ""}, ${countOf(coordinates, "coordinate")}, effort ${plan.effort}; ${planSentence(plan)}`,
  );
}

const baselineNames = {
  mean: "mean",
  majority: "class frequencies",
  linear: "linear",
  kernelRidge: "kernel ridge, no feature learning",
} as const;

function describeResult(
  { model, test }: TableFit,
  written: { readonly model: string | null; readonly report: string | null },
  path: string,
  screen: Screen,
): void {
  const { record } = model;
  const where = test
    ? countOf(test.evaluation.rows.scored, "test row")
    : "rows held out of the training rows";
  screen.print();
  screen.print(screen.style("bold", `Scores on ${where}`));
  const baselines = (["kernelRidge", "linear", "mean", "majority"] as const).flatMap((name) => {
    const scores: Scores | undefined = record.baselines[name];
    return scores ? [{ name: baselineNames[name], scores }] : [];
  });
  screen.print(
    scoreTable(screen, [{ name: "this model", scores: record.test ?? record.validation }, ...baselines]),
  );
  if (!test)
    screen.print(
      screen.style(
        "dim",
        "The model was chosen on these rows, which flatters it a little: keep test rows with --split or --test.",
      ),
    );
  const intervals = test?.evaluation.intervals;
  if (intervals)
    screen.print(
      `90 % intervals hold ${formatShare(intervals.covered)} of the test rows; median width ${Number(intervals.medianWidth.toPrecision(3))}.`,
    );

  screen.print();
  const { sampled, train } = record.rows;
  const on = sampled === undefined ? "" : `, on ${formatCount(sampled)} of ${countOf(train, "training row")}`;
  screen.print(screen.style("bold", `Chosen among ${countOf(record.chosen.candidates, "candidate")}${on}`));
  for (const { name, weight, updates } of record.chosen.machines)
    screen.print(`  ${formatShare(weight, 0).padStart(4)}  ${name}; ${countOf(updates, "metric update")}`);

  if (record.importances.length > 0) {
    screen.print();
    screen.print(screen.style("bold", "What matters"));
    screen.print(importanceTable(record.importances, screen));
  }
  screen.print();
  screen.print(`Done in ${formatSeconds(record.seconds)}.`);
  if (record.cutShort) screen.warn(cutShortSentence(record.cutShort));
  if (written.model !== null) {
    screen.print(`Model   ${resolve(written.model)}`);
    screen.print(
      screen.style(
        "dim",
        `        lineament predict ${written.model} ${path === "-" ? "TABLE" : path} --out predictions.csv`,
      ),
    );
  }
  if (written.report !== null) screen.print(`Report  ${resolve(written.report)}`);
}

/** The most important columns with bars. */
export function importanceTable(importances: FitDocument["importances"], screen: Screen, most = 10): string {
  const largest = importances[0]?.importance ?? 1;
  const rows = importances
    .slice(0, most)
    .map(({ column, importance, lower, upper, aboveNoise }) => [
      column,
      formatShare(importance),
      screen.style("cyan", "█".repeat(Math.max(0, Math.round((24 * importance) / (largest || 1))))),
      lower === undefined || upper === undefined
        ? ""
        : screen.style("dim", `${formatShare(lower)} – ${formatShare(upper)}`),
      aboveNoise === false ? screen.style("dim", "within noise") : "",
    ]);
  const more =
    importances.length > most ? `\n ${screen.style("dim", `and ${importances.length - most} more`)}` : "";
  return screen.table(["column", "share", "", "5 – 95 %", ""], rows, { right: [1] }) + more;
}
