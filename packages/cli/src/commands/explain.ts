import {
  type Cell,
  type Column,
  formatDate,
  importances,
  InputError,
  interactions,
  learnedDirections,
  type Points,
  quote,
  random,
  sample,
  suggestion,
  type Table,
  type TableModel,
  takePoints,
} from "lineament";
import { ExplainDocument } from "../output/documents.ts";
import type { Screen } from "../output/screen.ts";
import { countOf, formatNumber, formatShare } from "../report/numbers.ts";
import { cellOf, readTable } from "../tables/index.ts";
import type { Context } from "./context.ts";
import { contributionsOf } from "./contributions.ts";
import { importanceTable } from "./fit.ts";
import { openModel } from "./models.ts";
import { type EngineFlags, withEngine } from "./options.ts";

export interface ExplainFlags extends EngineFlags {
  readonly row?: number;
  readonly class?: string;
  readonly query?: string;
  readonly seed: number;
}

type CellValue = number | string | boolean | null;

/** Rows of a table that are looked at when none is named. */
const SAMPLED_ROWS = 50;

/** Shows what a model has learned, or why it predicts what it does. */
export async function explain(
  modelPath: string,
  path: string | undefined,
  flags: ExplainFlags,
  { signal, stdin }: Context,
  screen: Screen,
): Promise<void> {
  if (path === undefined && flags.query !== undefined) throw new InputError("--query needs a table to ask");
  await withEngine(flags, async (engine) => {
    const model = await openModel(engine, modelPath);
    const output = flags.class === undefined ? undefined : classNumber(model, flags.class);
    const common = { task: model.target.task, target: model.target.column, model: modelPath };
    let document: ExplainDocument;
    if (path === undefined && flags.row === undefined)
      document = {
        ...common,
        ...(await wholeModel(model, flags.seed, output, signal, screen)),
        warnings: [],
      };
    else {
      const read =
        path === undefined ? undefined : await readTable(path, { query: flags.query, signal, stdin });
      const warnings = [...(read?.notices ?? [])];
      let x: Points;
      let at = -1;
      if (read) {
        const { table } = read;
        if (flags.row !== undefined && flags.row > table.rows)
          throw new InputError(`--row ${flags.row}: ${path} has ${countOf(table.rows, "row")}`);
        ({ x } = model.encode(table));
        if (flags.row !== undefined) at = flags.row - 1;
      } else {
        ({ x } = model.machine.state);
        at = model.training.sourceRows.indexOf(flags.row! - 1);
        if (at < 0)
          throw new InputError(
            `--row ${flags.row}: the model was not fitted on such a row of its training table`,
          );
      }
      if (at >= 0) {
        screen.progress("explaining", 0.5, `explaining row ${flags.row}`);
        document = {
          ...common,
          row: await oneRow(model, x, at, flags.row!, read?.table, output, signal),
          warnings,
        };
      } else
        document = {
          ...common,
          table: await tableOf(model, x, output, flags.seed, signal, screen),
          warnings,
        };
    }
    screen.done();
    for (const warning of document.warnings) screen.warn(warning);
    if (screen.json) screen.document(ExplainDocument.parse(document));
    else describe(document, model, screen);
  });
}

function classNumber({ target }: TableModel, label: string): number {
  if (target.task === "regression") throw new InputError("--class: the model predicts numbers, not classes");
  const code = target.classes.indexOf(label);
  if (code < 0)
    throw new InputError(
      `--class: the model knows no class ${quote(label)}${suggestion(label, target.classes).replace("its columns are", "its classes are")}`,
    );
  return code;
}

/** Importances, directions and interactions. */
async function wholeModel(
  model: TableModel,
  seed: number,
  output: number | undefined,
  signal: AbortSignal,
  screen: Screen,
): Promise<Pick<ExplainDocument, "importances" | "directions" | "effectiveRank" | "interactions">> {
  const { machine, columns, record } = model;
  const outputs = output === undefined ? undefined : [output];
  const options = { columns, seed, signal, outputs };
  screen.progress("explaining", 0, "measuring how much each column matters");
  const measured =
    record.importances.length > 0 && output === undefined
      ? record.importances
      : (await importances(machine, undefined, options)).columns
          .toSorted((a, b) => b.share - a.share)
          .map(({ name, share, low, high }) => ({
            column: name,
            importance: share,
            lower: low,
            upper: high,
          }));
  screen.progress("explaining", 0.3, "finding the directions along which predictions change");
  const found = await learnedDirections(machine, { ...options, count: 3 });
  screen.progress("explaining", 0.5, "finding columns that interact");
  const effects = columns.map(({ name }) => measured.find(({ column }) => column === name)?.importance ?? 0);
  const pairs =
    columns.length < 2 ? [] : (await interactions(machine, { ...options, effects, among: 8 })).pairs;
  return {
    importances: measured,
    effectiveRank: found.effectiveRank,
    directions: found.directions.map(({ share, columns: listed }) => ({
      share,
      columns: listed.map(({ name, entry }) => ({ column: name, entry })),
    })),
    interactions: pairs
      .slice(0, 10)
      .map(({ names, relative, share }) => ({ columns: [...names], strength: relative, share })),
  };
}

async function oneRow(
  model: TableModel,
  x: Points,
  at: number,
  row: number,
  table: Table | undefined,
  output: number | undefined,
  signal: AbortSignal,
): Promise<ExplainDocument["row"]> {
  const { target, training } = model;
  const one = await contributionsOf(model, x, at, {
    ...(output === undefined ? {} : { output }),
    evidence: 5,
    signal,
  });
  const label = (value: number): CellValue =>
    target.task === "classification" ? target.classes[value]! : value;
  return {
    row,
    of: target.task === "classification" ? target.classes[one.output]! : target.column,
    prediction: one.prediction,
    reference: one.reference.prediction,
    contributions: one.attributions
      .map(({ name, attribution }) => ({
        column: name,
        value:
          shownCell(
            table?.columns.find((column) => column.name === name),
            at,
          ) ?? encodedCell(model, x, at, name),
        contribution: attribution,
      }))
      .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)),
    evidence: one.evidence.map(({ row: i, share }) => ({
      trainingRow: training.sourceRows[i]! + 1,
      target: label(training.target[i]!),
      share,
    })),
  };
}

/** Mean size of the contributions over a sample of rows. */
async function tableOf(
  model: TableModel,
  x: Points,
  output: number | undefined,
  seed: number,
  signal: AbortSignal,
  screen: Screen,
): Promise<ExplainDocument["table"]> {
  const rows = sample(x.coordinates.rows, SAMPLED_ROWS, random(seed));
  const points = takePoints(x, rows, model.encoder.blocks.length);
  const sums = new Float64Array(model.columns.length);
  for (let i = 0; i < rows.length; i++) {
    screen.progress("explaining", i / rows.length, `explaining row ${i + 1} of ${rows.length}`);
    const one = await contributionsOf(model, points, i, {
      ...(output === undefined ? {} : { output }),
      signal,
    });
    one.attributions.forEach(({ attribution }, j) => (sums[j]! += Math.abs(attribution) / rows.length));
  }
  return {
    rows: rows.length,
    contributions: model.columns
      .map(({ name }, j) => ({ column: name, meanAbsolute: sums[j]! }))
      .sort((a, b) => b.meanAbsolute - a.meanAbsolute),
  };
}

function shownCell(column: Column | undefined, i: number): CellValue | undefined {
  return column && cellOf(column, i);
}

/** The cell of a training row, read back from what the machine remembers of it. */
function encodedCell(
  { encoder }: TableModel,
  { coordinates, levels }: Points,
  i: number,
  name: string,
): CellValue {
  const source = encoder.sources.find(({ column }) => column === name)!;
  const { data, cols } = coordinates;
  const value = (j: number): number => data[i * cols + j]!;
  if (source.block !== undefined)
    return source.levels[levels![i * encoder.blocks.length + source.block]!] ?? null;
  const [first] = source.coordinates;
  if (source.kind === "category" && source.levels.length > 2)
    return source.levels[source.coordinates.findIndex((j) => value(j) === 1)] ?? null;
  if (source.kind === "category")
    return value(first!) === 0 ? null : source.levels[value(first!) > 0 ? 1 : 0]!;
  if (source.kind === "boolean") return value(first!) === 0 ? null : value(first!) > 0;
  const missing = source.coordinates.find((j) => encoder.coordinates[j]!.part === "missing");
  if (
    missing !== undefined &&
    value(missing) * encoder.coordinates[missing]!.scale + encoder.coordinates[missing]!.mean > 0.5
  )
    return null;
  const part = source.coordinates.find((j) => ["value", "age"].includes(encoder.coordinates[j]!.part));
  if (part === undefined) return null;
  const { mean, scale } = encoder.coordinates[part]!;
  // Rows are remembered in float32: seven digits are theirs.
  const raw = Number((mean + scale * value(part)).toPrecision(6));
  return source.kind === "date" ? formatDate(Math.round(raw) * 86_400_000) : raw;
}

function describe(document: ExplainDocument, { target }: TableModel, screen: Screen): void {
  const { importances: measured, directions, effectiveRank, interactions: pairs, row, table } = document;
  const title = (text: string) => screen.print(screen.style("bold", text));
  if (measured) {
    title(`What ${quote(target.column)} depends on`);
    screen.print(importanceTable(measured, screen, 20));
  }
  if (directions && directions.length > 0) {
    screen.print();
    title(`Directions along which predictions change (${formatNumber(effectiveRank, 2)} count)`);
    for (const { share, columns } of directions)
      screen.print(
        `  ${formatShare(share, 0).padStart(4)}  ${columns
          .slice(0, 5)
          .map(({ column, entry }) => `${entry < 0 ? "−" : "+"}${Math.abs(entry).toFixed(2)} ${column}`)
          .join("  ")}`,
      );
  }
  if (pairs && pairs.length > 0) {
    screen.print();
    title("Columns whose effects depend on each other");
    screen.print(
      screen.table(
        ["pair", "strength", "share"],
        pairs.map(({ columns, strength, share }) => [
          columns.join(" × "),
          formatNumber(strength, 2),
          formatShare(share),
        ]),
        { right: [1, 2] },
      ),
    );
    screen.print(
      screen.style(
        "dim",
        "Strength is in standard deviations of the prediction, for a typical change of both.",
      ),
    );
  }
  if (row) {
    const of = target.task === "classification" ? `probability of ${quote(row.of)}` : row.of;
    title(`Row ${row.row}: ${of} is predicted as ${formatNumber(row.prediction, 4)}`);
    screen.print(`An average row gets ${formatNumber(row.reference, 4)}; the columns make the difference:`);
    const largest = Math.max(...row.contributions.map(({ contribution }) => Math.abs(contribution)), 1e-300);
    screen.print(
      screen.table(
        ["column", "value", "contribution", ""],
        row.contributions
          .slice(0, 15)
          .map(({ column, value, contribution }) => [
            column,
            shown(value),
            `${contribution < 0 ? "−" : "+"}${formatNumber(Math.abs(contribution), 3)}`,
            screen.style(
              contribution < 0 ? "red" : "green",
              "█".repeat(Math.round((20 * Math.abs(contribution)) / largest)),
            ),
          ]),
        { right: [1, 2] },
      ),
    );
    if (row.contributions.length > 15)
      screen.print(screen.style("dim", ` and ${row.contributions.length - 15} more`));
    if (row.evidence.length > 0) {
      screen.print();
      title("Training rows that it rests on");
      screen.print(
        screen.table(
          ["row", target.column, "share"],
          row.evidence.map(({ trainingRow, target: value, share }) => [
            String(trainingRow),
            shown(value),
            formatShare(share),
          ]),
          { right: [0, 1, 2] },
        ),
      );
    }
  }
  if (table) {
    title(`Mean size of each column's contribution over ${countOf(table.rows, "row")}`);
    screen.print(
      screen.table(
        ["column", "contribution"],
        table.contributions
          .slice(0, 20)
          .map(({ column, meanAbsolute }) => [column, formatNumber(meanAbsolute, 3)]),
        { right: [1] },
      ),
    );
  }
}

function shown(value: Cell): string {
  if (value === null || value === undefined) return "missing";
  return typeof value === "number" ? formatNumber(value, 6) : String(value);
}
