import {
  type EngineRates,
  gigabytes,
  measureRates,
  planTable,
  quote,
  secondsOf,
  type TableFitPlan,
} from "lineament";
import { PlanDocument } from "../output/documents.ts";
import type { Screen } from "../output/screen.ts";
import { countOf } from "../report/numbers.ts";
import type { Context } from "./context.ts";
import type { FitFlags } from "./fit.ts";
import { columnNames, type EngineFlags, kindPairs, memoryBudget, methodOf, withEngine } from "./options.ts";
import { openTrainingTable } from "./training-table.ts";
import { aboutSeconds, formatFlops, methodNames, planSentence, stageNames } from "./plan-words.ts";

export type PlanFlags = EngineFlags &
  Pick<
    FitFlags,
    | "target"
    | "task"
    | "features"
    | "exclude"
    | "kinds"
    | "split"
    | "query"
    | "effort"
    | "method"
    | "time"
    | "memory"
  >;

/** Says how a table would be fitted, what that takes, and why: without fitting it. */
export async function plan(path: string, flags: PlanFlags, context: Context, screen: Screen): Promise<void> {
  const kinds = kindPairs(flags.kinds);
  const memory = flags.memory ?? memoryBudget();
  await using read = await openTrainingTable(path, flags, memory, context, screen);
  const { table, stream } = read;
  for (const notice of read.notices) screen.warn(notice);
  await withEngine(flags, async (engine) => {
    const { signal } = context;
    const options = {
      target: flags.target,
      task: flags.task,
      features: columnNames(flags.features, read),
      exclude: columnNames(flags.exclude, read),
      kinds,
      split: flags.split,
      effort: flags.effort,
      ...methodOf(flags.method),
      ...(flags.time === undefined ? {} : { seconds: flags.time }),
      memory,
      stream,
    };
    // A table that cannot be used is refused before anything is measured.
    planTable(table, options);
    screen.progress("measuring", 0.5, "measuring this machine");
    const rates = await measureRates(engine, { signal });
    const planned = planTable(table, { ...options, rates });
    const document: PlanDocument = {
      table: path,
      target: planned.target.column,
      task: planned.target.task,
      rows: { train: planned.trainRows, test: planned.testRows, withoutTarget: planned.withoutTarget },
      coordinates: planned.coordinates,
      outputs: planned.target.task === "regression" ? 1 : planned.target.classes.length - 1,
      effort: planned.effort,
      method: planned.method,
      reason: planned.reason,
      solveRows: planned.solveRows,
      pieces: planned.pieces,
      flops: planned.flops,
      bytes: planned.bytes,
      seconds: planned.seconds!,
      memory,
      ...(flags.time === undefined ? {} : { time: flags.time }),
      stages: planned.stages.map(({ stage, work, seconds }) => ({
        stage,
        flops: work.flops,
        seconds: seconds!,
      })),
      methods: planned.considered.map(({ method, work, bytes }) => ({
        method,
        flops: work.flops,
        bytes,
        seconds: secondsOf(work, rates),
      })),
      machine: {
        engine: engine.description,
        gigaflops: rates.flops / 1e9,
        kernelValues: rates.values,
        bandwidth: rates.bandwidth,
      },
      ...(planned.streamed
        ? { streamed: { sampled: planned.streamed.sampleRows, disk: planned.streamed.disk } }
        : {}),
      ...(planned.reduced === undefined ? {} : { reduced: planned.reduced }),
      warnings: planned.columns.flatMap(({ notice }) => notice ?? []),
    };
    screen.done();
    if (screen.json) screen.document(PlanDocument.parse(document));
    else describe(planned, document, rates, screen);
  });
}

function describe(planned: TableFitPlan, document: PlanDocument, rates: EngineRates, screen: Screen): void {
  const { rows, coordinates, effort } = document;
  screen.print(
    `${screen.style("bold", quote(document.target))}: ${document.task}, ${planned.taskReason}; ${countOf(rows.train, "training row")}${rows.test > 0 ? `, ${countOf(rows.test, "test row")}` : ""}, ${countOf(coordinates, "coordinate")}, effort ${effort}`,
  );
  screen.print(`plan: ${planSentence(planned)}`);
  for (const warning of document.warnings) screen.warn(warning);
  if (document.reduced !== undefined) screen.warn(document.reduced);
  screen.print();
  screen.print(
    screen.table(
      ["stage", "work", "time"],
      [
        ...document.stages.map(({ stage, flops, seconds }) => [
          stageNames[stage],
          formatFlops(flops),
          aboutSeconds(seconds),
        ]),
        ["in all", formatFlops(document.flops), aboutSeconds(document.seconds)],
      ],
      { right: [1, 2] },
    ),
  );
  if (document.methods.length > 1) {
    screen.print();
    screen.print(
      screen.table(
        ["fit on all rows by", "work", "memory", "time", ""],
        document.methods.map(({ method, flops, bytes, seconds }) => [
          methodNames[method],
          formatFlops(flops),
          gigabytes(bytes),
          aboutSeconds(seconds),
          method === document.method ? screen.style("green", "✔ taken") : "",
        ]),
        { right: [1, 2, 3] },
      ),
    );
  }
  screen.print();
  screen.print(
    screen.style(
      "dim",
      `Estimates, within about a factor of two of an idle machine, at ${Math.round(rates.flops / 1e9)} GFLOP/s, ${Math.round(rates.values / 1e6)} million kernel values/s and ${Number((rates.bandwidth / 1e9).toPrecision(2))} GB/s, measured just now.`,
    ),
  );
}
