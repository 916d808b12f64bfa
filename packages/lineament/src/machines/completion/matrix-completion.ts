import { z } from "zod";
import { type Engine, permutation, random } from "../../linalg/index.ts";
import type { ObservedEntries } from "../../linear/index.ts";
import { parseOptions } from "../parse-options.ts";
import { type RegressionScores, regressionScores } from "../scores.ts";
import { sharedEngine } from "../shared-engine.ts";
import { biasPath } from "./biases.ts";
import { type BiasRidges, type Completion, completedEntries } from "./completion.ts";
import { candidatesOf, CompletionMethod, completionMethodName, pathOf } from "./completion-method.ts";
import type { CompletionPath } from "./completion-path.ts";
import { deepFactorizationPath } from "./deep-factorization.ts";
import { type KnownEntries, knownEntries, takeEntries } from "./known-entries.ts";
import { unlessEnough } from "../unless-enough.ts";
import { clippedTo, rangeOf, type ValueRange } from "./value-range.ts";
import {
  averagedSearch,
  type CompletionTrace,
  type Walk,
  walk,
  type WalkOptions,
  withoutPosition,
} from "./walk.ts";

/** Options of `MatrixCompletion.fit`. */
export const CompletionOptions = z.strictObject({
  method: CompletionMethod.default({ kind: "deep-factorization" }).describe("how the matrix is completed"),
  validation: z
    .number()
    .gt(0)
    .max(0.5)
    .default(0.1)
    .describe("part of the entries that choices are made on; the final fit is on all"),
  divisions: z
    .int()
    .min(1)
    .max(10)
    .default(3)
    .describe(
      "divisions of the entries that the moment to stop is averaged over, each with other ones held out; at most 1 / validation",
    ),
  clip: z
    .boolean()
    .default(true)
    .describe("keep predictions within the smallest and the largest known value"),
  seed: z.int().nonnegative().default(0).describe("of validation entries and random starts"),
});
export type CompletionOptions = z.input<typeof CompletionOptions>;

/** What a fit is given beside plain options. */
export interface CompletionFitOptions extends CompletionOptions {
  /** Default: one that all fits share. */
  readonly engine?: Engine;
  readonly signal?: AbortSignal | undefined;
  /** When it is aborted, the best completion so far is the answer: `cutShort` of the summary says so. */
  readonly enough?: AbortSignal | undefined;
  /** Called now and then with the part of the work that is done, and what is being done. */
  readonly onProgress?: ((fraction: number, stage: string) => void) | undefined;
}

/** A candidate that was compared on the validation entries. */
export interface CompletionCandidate {
  readonly method: CompletionMethod;
  /** Its best root mean squared error there, and at which step. */
  readonly rmse: number;
  readonly step: number;
}

/** What was chosen, and how. */
export interface CompletionSummary {
  /** With the depth that was chosen. */
  readonly method: CompletionMethod;
  /** Singular values of the interactions above 1 % of the largest. */
  readonly rank: number;
  readonly ridges: BiasRidges;
  readonly penalty: number;
  readonly steps: number;
  /** Best first. */
  readonly candidates: readonly CompletionCandidate[];
  /** The walk that was judged on validation entries, to where it was given up. */
  readonly search: readonly CompletionTrace[];
  /** The final walk, on all entries. */
  readonly trace: readonly CompletionTrace[];
  /** It was enough before all was done: the completion is the best one of the search, which has not seen the validation entries. */
  readonly cutShort?: true | undefined;
}

/** What a completed matrix consists of: plain data, all that a model file holds. */
export interface MatrixCompletionState {
  readonly rows: number;
  readonly cols: number;
  readonly completion: Completion;
  /** Predictions are kept within these; undefined: they are not. */
  readonly range?: ValueRange | undefined;
  /** The entries that it was fitted on, row-major. */
  readonly known: { readonly row: Int32Array; readonly column: Int32Array };
  readonly summary: CompletionSummary;
}

/** Entries of a row that were not known, best first. */
export interface TopEntries {
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

/** Ridges of row and column biases that are compared: like so many entries at the mean. */
const RIDGES = [15, 8, 5, 3, 2, 1, 0.3].flatMap((rows, _, all) => all.map((columns) => ({ rows, columns })));
/** Points of a path without a better one before it is given up. */
const PATIENCE = 8;

/**
 * A matrix whose missing entries are filled in: mean + row bias + column bias + interaction, the interactions a deep linear
 * network of low rank. Made for ratings: users by movies, customers by products, genes by patients.
 *
 * Biases, depth, rank and the moment to stop are chosen on a part of the entries; then the same walk is made on all. Rows and
 * columns without entries are predicted by what is known of the other side.
 *
 * @example
 * // 671 users, 9,066 films; user 0 gave film 12 four stars, user 1 gave film 7 two, …
 * const ratings = { rows: 671, cols: 9066, row: [0, 1, …], column: [12, 7, …], values: [4, 2, …] };
 * const completed = await MatrixCompletion.fit(ratings);
 * completed.predict([1], [12]);
 * @see Arora, Cohen, Hu and Luo, arXiv:1905.13655
 */
export class MatrixCompletion {
  readonly state: MatrixCompletionState;

  constructor(state: MatrixCompletionState) {
    this.state = state;
  }

  /**
   * @param observed - the known entries, each once
   * @throws RangeError for entries that cannot be completed (fewer than 10, one row or column only, all of one value) and for
   * options out of range, before any work; the signal's reason when aborted
   */
  static async fit(
    observed: ObservedEntries,
    { engine: given, signal, enough, onProgress, ...options }: CompletionFitOptions = {},
  ): Promise<MatrixCompletion> {
    const { method, validation, divisions, clip, seed } = parseOptions(
      CompletionOptions,
      options,
      "completion",
    );
    const entries = knownEntries("MatrixCompletion.fit", observed);
    checkEntries(entries, method);
    const engine = given ?? (await sharedEngine());
    const context = { engine, seed, signal };
    const range = clip ? rangeOf(entries) : undefined;
    const divided = Array.from({ length: Math.min(divisions, Math.floor(1 / validation)) }, (_, fold) =>
      division(entries, validation, { seed, fold }),
    );
    const first = divided[0]!;

    const biases = await walk(biasPath(RIDGES), first.train, context, { held: first.held, range });
    const chosenRidges = RIDGES[biases.best]!;
    const contenders = candidatesOf(method);
    const walks = contenders.length + divided.length;
    let done = 0;
    /** One walk of `walks`; an endless one comes ever nearer to its share. */
    const walked = (
      path: CompletionPath,
      of: KnownEntries,
      doing: string,
      options: WalkOptions,
      until: AbortSignal | undefined = signal,
    ): Promise<Walk> => {
      const at = done++ / walks;
      return walk(
        path,
        of,
        { ...context, signal: until },
        {
          range,
          ...options,
          onPoint: (points) => onProgress?.(at + points / (points + 20) / walks, doing),
        },
      );
    };
    const ends = { signal, enough };
    const searched: { method: CompletionMethod; walk: Walk }[] = [];
    for (const [at, contender] of contenders.entries()) {
      const patience = contender.kind === "biases" ? Infinity : PATIENCE;
      const path = pathOf(contender, chosenRidges, RIDGES);
      const doing = `trying ${completionMethodName(contender)}`;
      const toEnd = { held: first.held, patience };
      const found =
        at === 0
          ? await walked(path, first.train, doing, { ...toEnd, enough })
          : await unlessEnough((either) => walked(path, first.train, doing, toEnd, either), ends);
      if (found) searched.push({ method: contender, walk: found });
    }
    searched.sort((a, b) => a.walk.rmse - b.walk.rmse);
    const { method: chosen, walk: best } = searched[0]!;
    const path = pathOf(chosen, chosenRidges, RIDGES);
    const judged = [best];
    for (const { train, held } of divided.slice(1)) {
      const doing = `judging ${completionMethodName(chosen)}`;
      const patience = chosen.kind === "biases" ? Infinity : PATIENCE;
      const further = await unlessEnough(
        (either) => walked(path, train, doing, { held, patience }, either),
        ends,
      );
      if (further) judged.push(further);
    }
    const { until, search } = averagedSearch(judged);
    const doing = `fitting ${completionMethodName(chosen)}`;
    const whole = await unlessEnough((either) => walked(path, entries, doing, { until }, either), ends);
    onProgress?.(1, "done");
    const final = whole ?? best;
    const { step, penalty } = whole
      ? whole.trace.at(-1)!
      : best.trace.find((point) => point.position === best.best)!;
    return new MatrixCompletion({
      rows: entries.rows,
      cols: entries.cols,
      completion: final.completion,
      range,
      known: { row: entries.row, column: entries.column },
      summary: {
        method: chosen,
        rank: final.rank,
        ridges: chosen.kind === "biases" ? RIDGES[whole ? until : best.best]! : chosenRidges,
        penalty,
        steps: step,
        candidates: searched.map(({ method: of, walk: { rmse, bestStep } }) => ({
          method: of,
          rmse,
          step: bestStep,
        })),
        search,
        trace: final.trace.map(withoutPosition),
        ...(whole ? {} : { cutShort: true }),
      },
    });
  }

  /**
   * Goes on from here with other entries, such as those of another day: 60 steps of descent from these factors, at the depth
   * and decay that were chosen, instead of a fit from the start. The matrix may have grown: new rows and columns come last.
   *
   * @throws RangeError as `fit`, when the matrix has shrunk, and unless this is a deep factorization
   */
  async restart(
    observed: ObservedEntries,
    { engine: given, signal }: Pick<CompletionFitOptions, "engine" | "signal"> = {},
  ): Promise<MatrixCompletion> {
    const { rows, cols, completion, range, summary } = this.state;
    const { method, ridges, penalty } = summary;
    if (method.kind !== "deep-factorization")
      throw new RangeError(
        `MatrixCompletion.restart: it is made for deep factorizations, not for ${completionMethodName(method)}`,
      );
    const entries = knownEntries("MatrixCompletion.restart", observed);
    checkEntries(entries, method);
    if (entries.rows < rows || entries.cols < cols)
      throw new RangeError(
        `MatrixCompletion.restart: the matrix is ${entries.rows} × ${entries.cols}, but was ${rows} × ${cols}: it may only grow`,
      );
    const engine = given ?? (await sharedEngine());
    const start = grown(completion, entries.rows, entries.cols);
    const { cols: factors } = completion.left;
    // Where biases were best there are no factors to go on with.
    const path =
      factors === 0
        ? biasPath([ridges])
        : deepFactorizationPath(
            { depth: method.depth ?? 2, rank: factors, ridges },
            { completion: start, penalty },
          );
    const walked = await walk(path, entries, { engine, seed: 0, signal }, {});
    return new MatrixCompletion({
      rows: entries.rows,
      cols: entries.cols,
      completion: walked.completion,
      ...(range ? { range: rangeOf(entries) } : {}),
      known: { row: entries.row, column: entries.column },
      summary: {
        ...summary,
        rank: walked.rank,
        steps: summary.steps + walked.trace.at(-1)!.step,
        trace: walked.trace.map(withoutPosition),
      },
    });
  }

  /**
   * Entries at pairs of a row and a column, both from 0; −1 stands for one that is unknown.
   * @throws RangeError when a number is out of range, or there are not as many columns as rows
   */
  predict(row: ArrayLike<number>, column: ArrayLike<number>): Float64Array {
    const { rows, cols, completion, range } = this.state;
    if (row.length !== column.length)
      throw new RangeError(
        `predict: there are ${row.length} rows and ${column.length} columns, expected pairs`,
      );
    for (const [name, numbers, end] of [
      ["row", row, rows],
      ["column", column, cols],
    ] as const)
      for (let k = 0; k < numbers.length; k++)
        if (!(Number.isInteger(numbers[k]!) && numbers[k]! >= -1 && numbers[k]! < end))
          throw new RangeError(`predict: ${name} ${numbers[k]} of pair ${k}, expected −1 … ${end - 1}`);
    return clippedTo(range, completedEntries(completion, row, column));
  }

  /**
   * The largest entries of a row among those that were not known. Ordered by the unclipped value, so that there are no ties.
   * @param count - how many; fewer when the row has no more
   * @throws RangeError when the row is out of range, or the count is no whole number ≥ 1
   */
  top(row: number, count: number): TopEntries {
    const { rows, cols, completion, known, range } = this.state;
    if (!(Number.isInteger(row) && row >= -1 && row < rows))
      throw new RangeError(`top: row ${row}, expected −1 … ${rows - 1}`);
    if (!(Number.isInteger(count) && count >= 1))
      throw new RangeError(`top: count is ${count}, expected a whole number ≥ 1`);
    const taken = new Uint8Array(cols);
    known.row.forEach((i, k) => {
      if (i === row) taken[known.column[k]!] = 1;
    });
    const columns = Int32Array.from({ length: cols }, (_, j) => j).filter((j) => !taken[j]);
    const values = completedEntries(completion, new Int32Array(columns.length).fill(row), columns);
    const order = Array.from(columns.keys())
      .sort((a, b) => values[b]! - values[a]! || a - b)
      .slice(0, count);
    return {
      columns: Int32Array.from(order, (k) => columns[k]!),
      values: clippedTo(
        range,
        Float64Array.from(order, (k) => values[k]!),
      ),
    };
  }

  /** Root mean squared error, mean absolute error and R² of entries that are known now. */
  score({ row, column, values }: Pick<ObservedEntries, "row" | "column" | "values">): RegressionScores {
    return regressionScores(values, this.predict(row, column));
  }
}

/** Part of the entries held out, other ones in every fold. */
function division(
  entries: KnownEntries,
  part: number,
  { seed, fold }: { readonly seed: number; readonly fold: number },
): { readonly train: KnownEntries; readonly held: KnownEntries } {
  const n = entries.values.length;
  const order = permutation(n, random(seed));
  const count = Math.max(1, Math.round(part * n));
  const start = Math.min(fold * count, n - count);
  const isHeld = (at: number): boolean => at >= start && at < start + count;
  return {
    train: takeEntries(entries, order.filter((_, at) => !isHeld(at)).sort()),
    held: takeEntries(entries, order.filter((_, at) => isHeld(at)).sort()),
  };
}

function checkEntries(
  { rows, cols, values, rowCounts, columnCounts }: KnownEntries,
  method: CompletionMethod,
): void {
  const filled = (counts: Int32Array): number => counts.filter((count) => count > 0).length;
  for (const [name, counts] of [
    ["row", rowCounts],
    ["column", columnCounts],
  ] as const)
    if (filled(counts) < 2)
      throw new RangeError(
        `MatrixCompletion: all known entries are in one ${name}; a matrix is completed from several rows and columns`,
      );
  if (values.length < 10)
    throw new RangeError(`MatrixCompletion: ${values.length} entries are known, expected at least 10`);
  if (values.every((value) => value === values[0]))
    throw new RangeError(
      `MatrixCompletion: all known entries are ${values[0]}; there is nothing to tell rows and columns apart by`,
    );
  const most = Math.min(rows, cols);
  if ("rank" in method && method.rank !== undefined && method.rank > most)
    throw new RangeError(
      `MatrixCompletion: rank ${method.rank} is more than a ${rows} × ${cols} matrix can have; give at most ${most}`,
    );
}

/** With further rows and columns at the end, about which nothing is known. */
function grown(
  { mean, rowBiases, columnBiases, left, right }: Completion,
  rows: number,
  cols: number,
): Completion {
  const longer = (values: Float64Array, length: number): Float64Array => {
    const result = new Float64Array(length);
    result.set(values);
    return result;
  };
  return {
    mean,
    rowBiases: longer(rowBiases, rows),
    columnBiases: longer(columnBiases, cols),
    left: { ...left, data: longer(left.data, rows * left.cols), rows },
    right: { ...right, data: longer(right.data, cols * right.cols), rows: cols },
  };
}
