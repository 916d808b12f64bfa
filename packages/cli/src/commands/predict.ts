import { type Column, columnNamed, InputError, type Table, type TableModel } from "lineament";
import { PredictDocument } from "../output/documents.ts";
import type { Screen } from "../output/screen.ts";
import { countOf } from "../report/numbers.ts";
import { assertWritable, cellOf, linesOf, readTable, tableEndings, writeTable } from "../tables/index.ts";
import type { Context } from "./context.ts";
import { contributionsOf } from "./contributions.ts";
import { openModel } from "./models.ts";
import { columnNames, type EngineFlags, withEngine } from "./options.ts";

export interface PredictFlags extends EngineFlags {
  readonly out?: string;
  readonly intervals?: number;
  readonly explain?: boolean;
  readonly keep?: readonly string[];
  readonly query?: string;
}

/** Predicts the rows of a table. */
export async function predict(
  modelPath: string,
  path: string,
  flags: PredictFlags,
  { signal, stdin }: Context,
  screen: Screen,
): Promise<void> {
  if (flags.out !== undefined) await assertWritable(flags.out, tableEndings);
  await withEngine(flags, async (engine) => {
    const model = await openModel(engine, modelPath);
    if (flags.intervals !== undefined) model.checkCoverage(flags.intervals);
    const { table, notices } = await readTable(path, { query: flags.query, signal, stdin });
    const kept = columnNames(flags.keep, table)?.map((name) => columnNamed(table, name)) ?? [];
    screen.progress("predicting", 0, `predicting ${countOf(table.rows, "row")}`);
    const prediction = await model.predict(table, { coverage: flags.intervals, signal });
    const predicted = model.predictionTable(prediction);
    const explained = flags.explain ? await contributionColumns(model, table, signal, screen) : [];
    const result = joined(table.rows, kept, [...predicted.columns, ...explained]);
    const warnings = [...notices, ...prediction.warnings];
    signal.throwIfAborted();
    if (flags.out !== undefined) await writeTable(flags.out, result);
    screen.done();
    for (const warning of warnings) screen.warn(warning);
    if (screen.json) {
      screen.document(
        PredictDocument.parse({
          model: modelPath,
          target: model.target.column,
          task: model.target.task,
          rows: table.rows,
          columns: result.columns.map(({ name }) => name),
          ...(flags.intervals === undefined ? {} : { coverage: flags.intervals }),
          out: flags.out ?? null,
          ...(flags.out === undefined ? { predictions: recordsOf(result) } : {}),
          unknownLevels: prediction.notes.unknownLevels,
          warnings,
        }),
      );
    } else if (flags.out === undefined) for (const line of linesOf(result, ".csv")) screen.write(line);
    else screen.note(`${countOf(table.rows, "prediction")} written to ${flags.out}`);
  });
}

/** Contributions of every column to every prediction, and the prediction that they start from. */
async function contributionColumns(
  model: TableModel,
  table: Table,
  signal: AbortSignal,
  screen: Screen,
): Promise<Column[]> {
  const columns = model.columns.map(({ name }) => ({ name, values: new Float64Array(table.rows) }));
  const reference = new Float64Array(table.rows);
  const { x } = model.encode(table);
  for (let i = 0; i < table.rows; i++) {
    screen.progress("explaining", i / table.rows, `explaining row ${i + 1} of ${table.rows}`);
    const one = await contributionsOf(model, x, i, { signal });
    reference[i] = one.reference.prediction;
    one.attributions.forEach(({ attribution }, j) => (columns[j]!.values[i] = attribution));
  }
  return [
    { name: "reference", type: "number", values: reference },
    ...columns.map(({ name, values }): Column => ({ name: `contribution_${name}`, type: "number", values })),
  ];
}

/** Kept columns first. A kept column of the name of a prediction is refused. */
function joined(rows: number, kept: readonly Column[], predicted: readonly Column[]): Table {
  for (const { name } of kept)
    if (predicted.some((column) => column.name === name))
      throw new InputError(
        `--keep: the predictions have a column ${JSON.stringify(name)} too; rename it with --query`,
      );
  return { rows, columns: [...kept, ...predicted] };
}

function recordsOf({ rows, columns }: Table): Record<string, number | string | boolean | null>[] {
  return Array.from({ length: rows }, (_, i) =>
    Object.fromEntries(columns.map((column) => [column.name, cellOf(column, i)])),
  );
}
