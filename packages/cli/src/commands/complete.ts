import { resolve } from "node:path";
import { type CompletionMethod, type CompletionModel, completeTable, InputError } from "lineament";
import { CompleteDocument } from "../output/documents.ts";
import type { Screen } from "../output/screen.ts";
import { countOf, formatNumber, formatSeconds, formatShare } from "../report/numbers.ts";
import { renderCompletion } from "../report/render-completion.ts";
import { assertWritable, readTable } from "../tables/index.ts";
import { type Context, endingEarly } from "./context.ts";
import { commandLine, type EngineFlags, withEngine } from "./options.ts";
import { writeBytes } from "./write-bytes.ts";

export interface CompleteFlags extends EngineFlags {
  readonly row: string;
  readonly column: string;
  readonly value: string;
  readonly split?: string;
  readonly query?: string;
  readonly method: CompletionMethod["kind"];
  readonly depth?: number;
  readonly rank?: number;
  readonly seed: number;
  readonly out: string | false;
  readonly report: string | false;
  readonly baselines: boolean;
}

/** Reads a table of entries, completes the matrix that they are of, and says how well. */
export async function complete(
  path: string,
  flags: CompleteFlags,
  context: Context,
  screen: Screen,
): Promise<void> {
  const { signal, stdin, words } = context;
  const method = methodOf(flags);
  if (flags.out !== false) await assertWritable(flags.out, [".safetensors"]);
  if (flags.report !== false) await assertWritable(flags.report, [".html", ".htm"]);
  screen.progress("reading", 0, `reading ${path}`);
  const read = await readTable(path, { query: flags.query, signal, stdin });
  for (const notice of read.notices) screen.warn(notice);
  await withEngine(flags, async (engine) => {
    const model = await endingEarly(context, screen, (enough) =>
      completeTable(read.table, {
        row: flags.row,
        column: flags.column,
        value: flags.value,
        split: flags.split,
        method,
        seed: flags.seed,
        baselines: flags.baselines,
        data: JSON.parse(JSON.stringify(read.provenance)),
        engine,
        signal,
        enough,
        onProgress: (fraction, stage) => screen.progress(stage, fraction, stage),
      }),
    );
    signal.throwIfAborted();
    const bytes = model.toBytes();
    const page =
      flags.report === false
        ? undefined
        : await renderCompletion(model.record, { source: path, command: commandLine(words) });
    signal.throwIfAborted();
    // Nothing is written before everything is there.
    if (flags.out !== false) await writeBytes(flags.out, bytes);
    if (flags.report !== false && page !== undefined)
      await writeBytes(flags.report, new TextEncoder().encode(page));
    screen.done();
    const written = {
      model: flags.out === false ? null : flags.out,
      report: flags.report === false ? null : flags.report,
    };
    if (screen.json) screen.document(CompleteDocument.parse({ ...model.record, ...written }));
    else describe(model, written, screen);
  });
}

function methodOf({ method: kind, depth, rank }: CompleteFlags): CompletionMethod {
  if (depth !== undefined && kind !== "deep-factorization")
    throw new InputError(`--depth belongs to deep-factorization, not to ${kind}`);
  if (kind === "biases" || kind === "mean") {
    if (rank !== undefined) throw new InputError(`--rank: ${kind} have no interactions, and so no rank`);
    return { kind };
  }
  return {
    kind,
    ...(rank === undefined ? {} : { rank }),
    ...(depth === undefined ? {} : { depth }),
  };
}

function describe(
  { record }: CompletionModel,
  written: { readonly model: string | null; readonly report: string | null },
  screen: Screen,
): void {
  const { matrix, entries, scores, chosen, warnings } = record;
  for (const warning of warnings) screen.warn(warning);
  const filled = entries.train / (matrix.rows * matrix.columns);
  screen.print();
  screen.print(
    `${countOf(matrix.rows, record.row, record.row)} × ${countOf(matrix.columns, record.column, record.column)}, ${countOf(entries.train, "known entry", "known entries")} (${formatShare(filled, 2)})`,
  );
  screen.print();
  const tested = scores.some(({ test }) => test !== undefined);
  screen.print(
    screen.style(
      "bold",
      tested
        ? `Scores on ${countOf(entries.test, "test entry", "test entries")}`
        : "Scores on held-out entries",
    ),
  );
  const error = (score: (typeof scores)[number]): number => score.test?.rmse ?? score.validation;
  const best = Math.min(...scores.map(error));
  screen.print(
    screen.table(
      ["", "RMSE", ...(tested ? ["MAE", "R²"] : [])],
      scores.map((score, at) => [
        at === 0 ? `this model (${score.name})` : score.name,
        error(score) === best ? screen.style("bold", error(score).toFixed(4)) : error(score).toFixed(4),
        ...(score.test ? [score.test.mae.toFixed(4), score.test.r2.toFixed(4)] : []),
      ]),
      { right: [1, 2, 3] },
    ),
  );
  if (!tested)
    screen.print(
      screen.style(
        "dim",
        "Choices were made on these entries, which flatters them a little: keep test rows with --split.",
      ),
    );
  screen.print();
  screen.print(
    `Chosen: ${chosen.name}${chosen.rank > 0 ? ` of rank ${chosen.rank}` : ""}${chosen.penalty > 0 && chosen.depth !== undefined ? `, weight decay ${formatNumber(chosen.penalty)}` : ""}, ${countOf(chosen.steps, "step")}; biases with ridges ${formatNumber(chosen.rowRidge)} and ${formatNumber(chosen.columnRidge)}`,
  );
  screen.print(`Done in ${formatSeconds(record.seconds)}.`);
  if (written.model !== null) {
    screen.print(`Model   ${resolve(written.model)}`);
    screen.print(
      screen.style(
        "dim",
        `        lineament predict ${written.model} PAIRS, or with --top 10 the best ${record.column} of each ${record.row}`,
      ),
    );
  }
  if (written.report !== null) screen.print(`Report  ${resolve(written.report)}`);
}
