import {
  type Column,
  columnNamed,
  CompletionModel,
  InputError,
  type Table,
  type TableModel,
} from "lineament";
import { PredictDocument } from "../output/documents.ts";
import type { Screen } from "../output/screen.ts";
import { countOf } from "../report/numbers.ts";
import { assertWritable, cellOf, linesOf, readTable, tableEndings, writeTable } from "../tables/index.ts";
import type { Context } from "./context.ts";
import { contributionsOf } from "./contributions.ts";
import { openAnyModel } from "./models.ts";
import { columnNames, type EngineFlags, withEngine } from "./options.ts";

export interface PredictFlags extends EngineFlags {
  readonly out?: string;
  readonly intervals?: number;
  readonly explain?: boolean;
  readonly keep?: readonly string[];
  readonly top?: number;
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
    const model = await openAnyModel(engine, modelPath);
    if (model instanceof CompletionModel) checkPairFlags(flags, modelPath);
    else {
      if (flags.top !== undefined)
        throw new InputError(
          `--top: ${modelPath} predicts rows of a table; only completed matrices have a top`,
        );
      if (flags.intervals !== undefined) model.checkCoverage(flags.intervals);
    }
    const { table, notices } = await readTable(path, { query: flags.query, signal, stdin });
    const kept = columnNames(flags.keep, table)?.map((name) => columnNamed(table, name)) ?? [];
    screen.progress("predicting", 0, `predicting ${countOf(table.rows, "row")}`);
    const { result, unknownLevels, ...predicted } =
      model instanceof CompletionModel
        ? predictPairs(model, table, kept, flags.top)
        : await predictRows(model, table, kept, flags, signal, screen);
    const warnings = [...notices, ...predicted.warnings];
    signal.throwIfAborted();
    if (flags.out !== undefined) await writeTable(flags.out, result);
    screen.done();
    for (const warning of warnings) screen.warn(warning);
    if (screen.json) {
      screen.document(
        PredictDocument.parse({
          model: modelPath,
          ...(model instanceof CompletionModel
            ? { target: model.record.value, task: "regression" }
            : { target: model.target.column, task: model.target.task }),
          rows: result.rows,
          columns: result.columns.map(({ name }) => name),
          ...(flags.intervals === undefined ? {} : { coverage: flags.intervals }),
          out: flags.out ?? null,
          ...(flags.out === undefined ? { predictions: recordsOf(result) } : {}),
          unknownLevels,
          warnings,
        }),
      );
    } else if (flags.out === undefined) for (const line of linesOf(result, ".csv")) screen.write(line);
    else screen.note(`${countOf(result.rows, "prediction")} written to ${flags.out}`);
  });
}

/** A table of predictions, and what it met that training had not. */
interface Predicted {
  readonly result: Table;
  readonly unknownLevels: readonly {
    readonly column: string;
    readonly count: number;
    readonly examples: readonly string[];
  }[];
  readonly warnings: readonly string[];
}

async function predictRows(
  model: TableModel,
  table: Table,
  kept: readonly Column[],
  flags: PredictFlags,
  signal: AbortSignal,
  screen: Screen,
): Promise<Predicted> {
  const prediction = await model.predict(table, { coverage: flags.intervals, signal });
  const predicted = model.predictionTable(prediction);
  const explained = flags.explain ? await contributionColumns(model, table, signal, screen) : [];
  return {
    result: joined(table.rows, kept, [...predicted.columns, ...explained]),
    unknownLevels: prediction.notes.unknownLevels,
    warnings: prediction.warnings,
  };
}

/** Pairs of a row and a column, or the best columns of each row. */
function predictPairs(
  model: CompletionModel,
  table: Table,
  kept: readonly Column[],
  top: number | undefined,
): Predicted {
  if (top !== undefined) return { result: model.top(table, top), unknownLevels: [], warnings: [] };
  const { values, unknownRows, unknownColumns, warnings } = model.predict(table);
  const names = [model.rows.column, model.columns.column];
  const pairs = kept.length > 0 ? kept : names.map((name) => columnNamed(table, name));
  return {
    result: joined(table.rows, pairs, [{ name: "prediction", type: "number", values }]),
    unknownLevels: [unknownRows, unknownColumns].flatMap((count, at) =>
      count === 0 ? [] : [{ column: names[at]!, count, examples: [] }],
    ),
    warnings,
  };
}

function checkPairFlags({ intervals, explain, keep, top }: PredictFlags, modelPath: string): void {
  const wrong =
    intervals !== undefined
      ? "--intervals"
      : explain
        ? "--explain"
        : keep !== undefined && top !== undefined
          ? "--keep beside --top"
          : undefined;
  if (wrong !== undefined)
    throw new InputError(`${wrong}: ${modelPath} completes a matrix, for which there is no such thing`);
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
