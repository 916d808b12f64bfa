import { open, stat } from "node:fs/promises";
import { basename } from "node:path";
import {
  type Engine,
  FEWEST_DIAGNOSED_ROWS,
  fitTable,
  InputError,
  lineamentVersion,
  type NamedKernel,
  namedKernel,
  type Points,
  quote,
  random,
  sample,
  type Table,
  type TableModel,
  takePoints,
  takeTableRows,
  type Target,
  targetValues,
  trainTestRows,
} from "lineament";
import { DiagnoseDocument } from "../output/documents.ts";
import type { Screen } from "../output/screen.ts";
import {
  diagnosisCaution,
  moreRowsSentence,
  overfittingSentence,
  spectrumSentence,
} from "../report/diagnosis-words.ts";
import { renderDiagnosis } from "../report/index.ts";
import { formatCount, formatNumber } from "../report/numbers.ts";
import type { Diagnosis } from "../report/report-data.ts";
import { assertWritable, readTable } from "../tables/index.ts";
import type { Context } from "./context.ts";
import { diagnosisOf, targetOf } from "./diagnosis-of-model.ts";
import { openModel } from "./models.ts";
import { columnNames, type EngineFlags, kindPairs, memoryBudget, withEngine } from "./options.ts";
import { writeBytes } from "./write-bytes.ts";

export interface DiagnoseFlags extends EngineFlags {
  readonly target?: string;
  readonly task: "auto" | "regression" | "classification";
  readonly features?: readonly string[];
  readonly exclude?: readonly string[];
  readonly kinds?: readonly string[];
  readonly split?: string;
  readonly query?: string;
  readonly kernel?: NamedKernel;
  readonly ridge?: number;
  readonly rows: number;
  readonly seed: number;
  readonly report?: string;
}

/** What is diagnosed: a model, and rows that it was not fitted on. */
interface Subject {
  readonly model: TableModel;
  readonly test?: { readonly x: Points; readonly target: Target } | undefined;
  /** Training rows of the table. */
  readonly of?: number | undefined;
  readonly warnings: readonly string[];
}

/** Tells what more rows would do, and how the machine overfits. */
export async function diagnose(
  path: string,
  flags: DiagnoseFlags,
  context: Context,
  screen: Screen,
): Promise<void> {
  const { signal } = context;
  if (flags.rows < FEWEST_DIAGNOSED_ROWS)
    throw new InputError(
      `--rows ${flags.rows}: at least ${FEWEST_DIAGNOSED_ROWS} rows are needed to see how errors fall with more of them`,
    );
  if (flags.report !== undefined) await assertWritable(flags.report, [".html", ".htm"]);
  const fromModel = await isModelFile(path);
  await withEngine(flags, async (engine) => {
    const { model, test, of, warnings } = fromModel
      ? await fittedModel(engine, path, flags)
      : await plainRidge(engine, path, flags, context, screen);
    const { length: n } = model.training.target;
    if (n < FEWEST_DIAGNOSED_ROWS)
      throw new InputError(
        `${path}: ${n} training rows; at least ${FEWEST_DIAGNOSED_ROWS} are needed to see how errors fall with more of them`,
      );
    screen.progress("diagnosing", 0.5, "reading the learning curve off rows left out");
    const diagnosis = await diagnosisOf(model, { rows: flags.rows, seed: flags.seed, of, test, signal });
    const target = model.target.column;
    if (flags.report !== undefined) {
      const title = `${target} in ${path === "-" ? "standard input" : basename(path)}`;
      const page = await renderDiagnosis(diagnosis, { title, version: lineamentVersion });
      signal.throwIfAborted();
      await writeBytes(flags.report, new TextEncoder().encode(page));
    }
    screen.done();
    for (const warning of warnings) screen.warn(warning);
    if (screen.json)
      screen.document(
        DiagnoseDocument.parse({
          ...(fromModel ? { model: path } : { table: path }),
          target,
          task: model.target.task,
          ...diagnosis,
          report: flags.report ?? null,
          warnings,
        }),
      );
    else describe(diagnosis, target, flags.report, screen);
  });
}

/** Whether the file begins as model files do: the length of a header of JSON, and the header. */
async function isModelFile(path: string): Promise<boolean> {
  try {
    const { size } = await stat(path);
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(9), 0, 9);
    return bytesRead === 9 && buffer[8] === 0x7b && buffer.readBigUInt64LE() <= BigInt(size - 8);
  } catch {
    // Whoever reads it as a table will say what is wrong with it.
    return false;
  }
}

async function fittedModel(engine: Engine, path: string, flags: DiagnoseFlags): Promise<Subject> {
  const forTables = (["features", "exclude", "kinds", "split", "query", "kernel", "ridge"] as const).find(
    (name) => flags[name] !== undefined,
  );
  if (forTables !== undefined)
    throw new InputError(`--${forTables} is for tables, and ${path} is a model: its fit has settled that`);
  const model = await openModel(engine, path);
  if (flags.target !== undefined && flags.target !== model.target.column)
    throw new InputError(
      `--target ${quote(flags.target)}: the model ${path} predicts ${quote(model.target.column)}`,
    );
  return { model, warnings: [] };
}

/** Plain kernel ridge regression on (some of) the training rows of a table. */
async function plainRidge(
  engine: Engine,
  path: string,
  flags: DiagnoseFlags,
  { signal, stdin }: Context,
  screen: Screen,
): Promise<Subject> {
  const { target, split, seed } = flags;
  if (target === undefined) throw new InputError("--target is needed: the column to predict");
  const kinds = kindPairs(flags.kinds);
  screen.progress("reading", 0, `reading ${path}`);
  const { table, notices } = await readTable(path, { query: flags.query, signal, stdin });
  const parts = split === undefined ? undefined : trainTestRows(table, split);
  const training = parts?.train ?? Int32Array.from({ length: table.rows }, (_, i) => i);
  const { model } = await fitTable(fewerRows(table, training, flags.rows, seed), {
    target,
    split,
    seed,
    task: flags.task,
    features: columnNames(flags.features, table),
    exclude: columnNames(flags.exclude, table),
    kinds,
    machine: {
      ...(flags.kernel ?? namedKernel("laplace")),
      iterations: 0,
      ...(flags.ridge === undefined ? {} : { ridge: flags.ridge }),
    },
    baselines: false,
    importances: false,
    memory: memoryBudget(),
    engine,
    signal,
    onProgress: ({ stage, fraction, message }) => screen.progress(stage, fraction / 2, message),
  });
  const of = training.length;
  if (parts === undefined) return { model, of, warnings: notices };
  const rows = takeTableRows(table, parts.test);
  const { rows: known, values, codes } = targetValues(model.target, rows);
  const x = takePoints(model.encode(rows).x, known, model.encoder.blocks.length);
  return { model, test: { x, target: targetOf(model, codes ?? values) }, of, warnings: notices };
}

/** The table with at most so many training rows; all others stay. */
function fewerRows(table: Table, training: Int32Array, most: number, seed: number): Table {
  if (training.length <= most) return table;
  const left = new Set(training);
  for (const at of sample(training.length, most, random(seed))) left.delete(training[at]!);
  return takeTableRows(
    table,
    Array.from({ length: table.rows }, (_, i) => i).filter((i) => !left.has(i)),
  );
}

function describe(diagnosis: Diagnosis, target: string, report: string | undefined, screen: Screen): void {
  const { curve, measured, fitted, leaveOneOut } = diagnosis;
  const tested = measured.some(({ test }) => test !== undefined);
  const units = curve.some(({ rmse }) => rmse !== undefined);
  screen.print(screen.style("bold", `Error of ${quote(target)} by number of training rows`));
  const shown = [...measured.slice(1).map(({ rows }) => rows), fitted, 2 * fitted, 4 * fitted];
  screen.print(
    screen.table(
      [
        "rows",
        "predicted",
        ...(units ? ["RMSE"] : []),
        "left-out rows",
        ...(tested ? ["test rows"] : []),
        "",
      ],
      curve
        .filter((point) => shown.includes(point.rows))
        .map((point) => {
          const found = measured.find(({ rows }) => rows === point.rows);
          return [
            formatCount(point.rows),
            formatNumber(point.error),
            ...(units ? [formatNumber(point.rmse)] : []),
            found ? `${formatNumber(found.error)} ± ${formatNumber(found.standardError, 1)}` : "",
            ...(tested ? [found ? formatNumber(found.test) : ""] : []),
            point.rows === fitted
              ? screen.style("dim", "now")
              : point.extrapolated
                ? screen.style("dim", "extrapolated")
                : "",
          ];
        }),
      { right: [0, 1, 2, ...(units ? [3] : []), ...(tested ? [units ? 4 : 3] : [])] },
    ),
  );
  screen.print(
    screen.style(
      "dim",
      `Errors are ${diagnosis.error}: 1 learns nothing. ${diagnosis.kernel}, λ = ${formatNumber(diagnosis.ridge)}; unsure by ${formatNumber((200 * leaveOneOut.standardError) / leaveOneOut.error, 2)} %.`,
    ),
  );
  screen.print();
  screen.print(moreRowsSentence(diagnosis));
  screen.print();
  screen.print(screen.style("bold", `Its overfitting is ${diagnosis.overfitting.withRidge.kind}`));
  screen.print(overfittingSentence(diagnosis));
  screen.print(spectrumSentence(diagnosis));
  const caution = diagnosisCaution(diagnosis);
  if (caution !== undefined) screen.print(`\n${screen.style("dim", caution)}`);
  if (report !== undefined) screen.print(`\nReport  ${report}`);
}
