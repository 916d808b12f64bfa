import type { Engine } from "../linalg/index.ts";
import { openEngine } from "../linalg/open-engine.ts";
import {
  type CompletionFitOptions,
  type CompletionMethod,
  MatrixCompletion,
  completionMethodName,
  type RegressionScores,
} from "../machines/index.ts";
import { CompletionModel, entryValues, filledLabels } from "./completion-model.ts";
import type { CompletionRecord } from "./completion-record.ts";
import { trainTestRows } from "./train-test-rows.ts";
import { unlessEnough } from "../machines/unless-enough.ts";
import { InputError } from "./errors.ts";
import { lineamentVersion } from "./fit-record.ts";
import { distinctLabels, labelNumbers } from "./labels.ts";
import { checkTable, columnNamed, quote, rowNumber, sourceOf, type Table, takeTableRows } from "./table.ts";

/** Which columns of the table are what, and how to fit. */
export interface CompleteTableOptions {
  /** The column that names the rows of the matrix, such as users. */
  readonly row: string;
  /** The column that names its columns, such as movies. */
  readonly column: string;
  /** The column with its entries, such as ratings. Rows without one are left out. */
  readonly value: string;
  /** A column that holds `train` and `test`: test rows are scored at the end. */
  readonly split?: string | undefined;
  /** Default: deep factorization of the depth that validation prefers. */
  readonly method?: CompletionMethod | undefined;
  readonly seed?: number | undefined;
  /** Fit simpler completions to compare with. Default true. */
  readonly baselines?: boolean | undefined;
  /** Where the table came from: part of the record. */
  readonly data?: CompletionRecord["data"];
  readonly engine?: Engine | undefined;
  readonly signal?: AbortSignal | undefined;
  /** When it is aborted, the best completion so far becomes the model, and baselines that are not done are left out. */
  readonly enough?: AbortSignal | undefined;
  readonly onProgress?: CompletionFitOptions["onProgress"];
}

const BASELINES: readonly CompletionMethod[] = [
  { kind: "soft-impute" },
  { kind: "alternating-least-squares" },
  { kind: "biases" },
  { kind: "mean" },
];

/**
 * Completes the matrix that a table of entries describes, one entry a row: ratings by user and movie.
 * @throws InputError in one line for columns that are not there, empty or repeated pairs, values that are no numbers or too
 * large, and entries that nothing can be learned from
 */
export async function completeTable(table: Table, options: CompleteTableOptions): Promise<CompletionModel> {
  const { row, column, value, split, seed = 0, baselines = true, data, signal, enough, onProgress } = options;
  const started = performance.now();
  checkTable(table);
  const roles = [row, column, value, ...(split === undefined ? [] : [split])];
  for (const [at, name] of roles.entries()) {
    columnNamed(table, name);
    if (roles.indexOf(name) !== at)
      throw new InputError(`column ${quote(name)} cannot be two things at once`);
  }
  const division = split === undefined ? undefined : trainTestRows(table, split);
  const given = division ? takeTableRows(table, division.train) : table;
  const { entries: train, withoutValue } = withValues(given, value);
  const test = division && withValues(takeTableRows(table, division.test), value);

  const rowCells = filledLabels(train, row);
  const columnCells = filledLabels(train, column);
  const rows = distinctLabels(columnNamed(train, row), rowCells);
  const columns = distinctLabels(columnNamed(train, column), columnCells);
  const observed = {
    rows: rows.names.length,
    cols: columns.names.length,
    row: labelNumbers(rows, rowCells),
    column: labelNumbers(columns, columnCells),
    values: entryValues(train, value),
  };
  checkEntries(train, observed, options);

  const engine = options.engine ?? (await openEngine());
  const methods: readonly CompletionMethod[] = [
    options.method ?? { kind: "deep-factorization" },
    ...(baselines ? BASELINES.filter(({ kind }) => kind !== options.method?.kind) : []),
  ];
  const tested = test && {
    row: labelNumbers(rows, filledLabels(test.entries, row)),
    column: labelNumbers(columns, filledLabels(test.entries, column)),
    values: entryValues(test.entries, value),
  };
  const fits: { readonly completion: MatrixCompletion; readonly test: RegressionScores | undefined }[] = [];
  for (const [at, method] of methods.entries()) {
    const shared = {
      method,
      seed,
      engine,
      onProgress: (fraction: number, stage: string) => onProgress?.((at + fraction) / methods.length, stage),
    };
    const completion =
      at === 0
        ? await fitted(observed, { ...shared, signal, enough })
        : // Baselines are there for comparison: one division tells enough.
          await unlessEnough((either) => fitted(observed, { ...shared, divisions: 1, signal: either }), {
            signal,
            enough,
          });
    if (!completion) break;
    fits.push({ completion, test: tested && completion.score(tested) });
  }
  if (!options.engine) await engine.close();

  const { completion } = fits[0]!;
  const cutShort = completion.state.summary.cutShort ?? fits.length < methods.length;
  const { method, ridges, candidates, search, trace, rank, penalty, steps } = completion.state.summary;
  const cold = tested ? tested.row.filter((i, k) => i < 0 || tested.column[k]! < 0).length : 0;
  const record: CompletionRecord = {
    row,
    column,
    value,
    matrix: { rows: observed.rows, columns: observed.cols },
    entries: {
      train: train.rows,
      test: test?.entries.rows ?? 0,
      withoutValue: withoutValue + (test?.withoutValue ?? 0),
      cold,
    },
    chosen: {
      name: completionMethodName(method),
      ...("depth" in method && method.depth !== undefined ? { depth: method.depth } : {}),
      rank,
      penalty,
      steps,
      rowRidge: ridges.rows,
      columnRidge: ridges.columns,
    },
    scores: fits.map(({ completion: { state }, test: scores }) => ({
      name: completionMethodName(state.summary.method),
      validation: state.summary.candidates[0]!.rmse,
      ...(scores ? { test: scores } : {}),
    })),
    candidates: candidates.map((one) => ({
      name: completionMethodName(one.method),
      validation: one.rmse,
      steps: one.step,
    })),
    search: search.map((point) => ({ ...point, singularValues: [...point.singularValues] })),
    trace: trace.map((point) => ({ ...point, singularValues: [...point.singularValues] })),
    seconds: (performance.now() - started) / 1000,
    engine: engine.description,
    seed,
    version: lineamentVersion,
    ...(data === undefined ? {} : { data }),
    ...(cutShort ? { cutShort: true } : {}),
    warnings: [
      ...(cutShort
        ? [
            "the completion was cut short: less was compared than planned, and validation entries or baselines may be left out",
          ]
        : []),
      ...(withoutValue > 0 ? [`${withoutValue} training rows without a ${quote(value)} left out`] : []),
      ...(cold > 0
        ? [
            `${cold} test rows have a ${quote(row)} or ${quote(column)} that training does not have; predicted by the other alone`,
          ]
        : []),
    ],
  };
  return new CompletionModel(completion, { rows, columns, record });
}

function withValues(table: Table, value: string): { readonly entries: Table; readonly withoutValue: number } {
  const values = entryValues(table, value);
  const kept = Int32Array.from(values.keys()).filter((i) => !Number.isNaN(values[i]!));
  return { entries: takeTableRows(table, kept), withoutValue: table.rows - kept.length };
}

interface Entries {
  readonly rows: number;
  readonly cols: number;
  readonly row: Int32Array;
  readonly column: Int32Array;
  readonly values: Float64Array;
}

/** What the library would say in numbers of rows and columns, in names of the table. */
function checkEntries(
  table: Table,
  { rows, cols, row, column, values }: Entries,
  options: Pick<CompleteTableOptions, "row" | "column" | "value">,
): void {
  const where = sourceOf(table);
  if (values.length === 0) throw new InputError(`${where}: no row has a ${quote(options.value)}`);
  const seen = new Map<number, number>();
  for (let k = 0; k < values.length; k++) {
    const pair = row[k]! * cols + column[k]!;
    const first = seen.get(pair);
    if (first !== undefined)
      throw new InputError(
        `${where}: rows ${rowNumber(table, first)} and ${rowNumber(table, k)} have the same ${quote(options.row)} and ${quote(options.column)}; keep one of them, or their mean`,
      );
    seen.set(pair, k);
  }
  for (const [count, name] of [
    [rows, options.row],
    [cols, options.column],
  ] as const)
    if (count < 2)
      throw new InputError(
        `${where}: all rows have the same ${quote(name)}; a matrix is completed from several rows and columns`,
      );
  if (values.every((value) => value === values[0]))
    throw new InputError(
      `${where}: column ${quote(options.value)} is ${values[0]} in every row; there is nothing to learn`,
    );
}

/** The library refuses by RangeError what a table's reader should see as a wrong request. */
async function fitted(entries: Entries, options: CompletionFitOptions): Promise<MatrixCompletion> {
  try {
    return await MatrixCompletion.fit(entries, options);
  } catch (error) {
    // Its own refusals of entries and options, not what might go wrong below.
    const refusal = /^(?:MatrixCompletion[^:]*: |options of the completion:)/u;
    if (error instanceof RangeError && refusal.test(error.message))
      throw new InputError(
        error.message.replace(/^MatrixCompletion[^:]*: /u, "").replaceAll(/\s*\n\s*/gu, " "),
      );
    throw error;
  }
}
