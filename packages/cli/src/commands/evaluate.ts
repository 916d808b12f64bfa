import { CompletionModel, type Evaluation, type Table } from "lineament";
import { EvaluateDocument } from "../output/documents.ts";
import { scoreTable } from "../output/scores.ts";
import type { Screen } from "../output/screen.ts";
import { countOf, formatNumber, formatShare } from "../report/numbers.ts";
import { readTable } from "../tables/index.ts";
import type { Context } from "./context.ts";
import { openAnyModel } from "./models.ts";
import { type EngineFlags, withEngine } from "./options.ts";

export interface EvaluateFlags extends EngineFlags {
  readonly intervals: number;
  readonly query?: string;
}

/** Scores a model on rows whose target is known. */
export async function evaluate(
  modelPath: string,
  path: string,
  flags: EvaluateFlags,
  { signal, stdin }: Context,
  screen: Screen,
): Promise<void> {
  await withEngine(flags, async (engine) => {
    const model = await openAnyModel(engine, modelPath);
    const { table, notices } = await readTable(path, { query: flags.query, signal, stdin });
    screen.progress("predicting", 0, `predicting ${countOf(table.rows, "row")}`);
    const evaluation =
      model instanceof CompletionModel
        ? pairEvaluation(model, table)
        : (await model.evaluate(table, { coverage: flags.intervals, signal })).evaluation;
    screen.done();
    const warnings = [...notices, ...evaluation.warnings];
    for (const warning of warnings) screen.warn(warning);
    if (screen.json) screen.document(EvaluateDocument.parse({ ...evaluation, model: modelPath, warnings }));
    else describe(evaluation, screen);
  });
}

function pairEvaluation(model: CompletionModel, table: Table): Evaluation {
  const { scores, scored, warnings } = model.evaluate(table);
  return {
    task: "regression",
    target: model.record.value,
    rows: { scored, withoutTarget: table.rows - scored, unknownClass: 0 },
    test: scores,
    warnings,
  };
}

function describe(
  { rows, test, target, intervals, confusion, calibration }: Evaluation,
  screen: Screen,
): void {
  screen.print(screen.style("bold", `${target} on ${countOf(rows.scored, "row")}`));
  screen.print(scoreTable(screen, [{ name: "this model", scores: test }]));
  if (intervals)
    screen.print(
      `\n${formatShare(intervals.coverage, 0)} intervals hold ${formatShare(intervals.covered)} of the rows; median width ${formatNumber(intervals.medianWidth, 4)}.`,
    );
  if (confusion && confusion.classes.length <= 20) {
    const { classes, counts } = confusion;
    screen.print(`\n${screen.style("bold", "Actual (down) and predicted (across)")}`);
    screen.print(
      screen.table(
        ["", ...classes],
        classes.map((label, a) => [
          label,
          ...counts[a]!.map((count, b) =>
            a === b
              ? screen.style("green", String(count))
              : count === 0
                ? screen.style("dim", "·")
                : String(count),
          ),
        ]),
        { right: classes.map((_, k) => k + 1) },
      ),
    );
  }
  if (calibration) {
    screen.print(
      `\n${screen.style("bold", `Stated probability of ${calibration.of}, and how often it came true`)}`,
    );
    screen.print(
      screen.table(
        ["stated", "observed", "rows"],
        calibration.bins.map(({ predicted, observed, count }) => [
          predicted.toFixed(3),
          observed.toFixed(3),
          String(count),
        ]),
        { right: [0, 1, 2] },
      ),
    );
  }
}
