import { random } from "../linalg/index.ts";
import { CensusTaker, type TableCensus } from "./column-census.ts";
import { InputError } from "./errors.ts";
import { type Column, columnNamed, sourceOf, type Table, takeTableRows, textColumn } from "./table.ts";
import { learnTarget, targetValues, type Task } from "./target.ts";
import { requireBoth, trainTestRowsOfPart } from "./train-test-rows.ts";

/** A table that is read in passes because it is larger than memory. */
export interface TableStream {
  readonly rows: number;
  readonly source?: string | undefined;
  /** Consecutive rows, the same in every pass. Columns and their types are the same in all chunks; text columns have levels of their own. A chunk is valid until the next one is asked for. */
  chunks(signal?: AbortSignal): AsyncIterable<Table>;
}

/** Which rows of a stream are learned from. */
export interface StreamRoles {
  readonly target: string;
  /** A column that holds `train` and `test`. */
  readonly split?: string | undefined;
}

/** What one pass over a stream learned: a sample that fits into memory, and what all rows say. */
export interface SampledStream {
  readonly stream: TableStream;
  readonly roles: StreamRoles;
  /** A seeded sample of the training rows that have a target. Every class has at least two rows in it. */
  readonly sample: Table;
  /** Where the rows of the sample are among all training rows that have a target. */
  readonly positions: Int32Array;
  /** Of the training rows that have a target: exact, but for distinct values where they are too many. */
  readonly census: TableCensus;
  /** A seeded sample of the test rows. */
  readonly test: Table | undefined;
  readonly rows: { readonly train: number; readonly test: number; readonly withoutTarget: number };
  /** Things the user should know. */
  readonly notices: readonly string[];
}

/** Rows of a class that a sample has at least. */
const LEAST_OF_CLASS = 2;
/** Target values that are looked after so. */
const MOST_CLASSES = 1000;
const NOT_POSITIVE = Symbol("no positive number");

/**
 * Reads a stream once: draws a seeded sample (reservoir) of the training rows, and takes the census of them all.
 *
 * Levels, missing cells, means and scales are counted over all rows, since they cost no further pass; what needs the rows
 * themselves, such as quantiles, is left to the sample.
 *
 * @param options.most - rows of the sample
 * @throws InputError when the target or the split cannot be used, or the stream has another number of rows than announced
 */
export async function sampleStream(
  stream: TableStream,
  {
    target,
    split,
    task,
    most,
    seed = 0,
    signal,
    onRows,
  }: StreamRoles & {
    readonly task?: "auto" | Task | undefined;
    readonly most: number;
    readonly seed?: number | undefined;
    readonly signal?: AbortSignal | undefined;
    /** Told how many rows are read. */
    readonly onRows?: ((rows: number) => void) | undefined;
  },
): Promise<SampledStream> {
  const roles = { target, split };
  const taker = new CensusTaker();
  const generator = random(seed);
  const [training, testing, firsts] = [new RowStore(), new RowStore(), new RowStore()];
  const seen = new Map<string | number | symbol, number>();
  let [test, withoutTarget] = [0, 0];
  for await (const chunk of streamRows(stream, signal)) {
    const parts = partsOfChunk(chunk, roles);
    withoutTarget += parts.withoutTarget;
    reserve(training, parts.train, taker.rows);
    const column = columnNamed(parts.train, target);
    for (let i = 0; i < parts.train.rows; i++) {
      const key = column.type === "text" ? column.levels[column.codes[i]!]! : column.values[i]!;
      for (const one of typeof key === "number" && key <= 0 ? [key, NOT_POSITIVE] : [key]) {
        const count = seen.get(one) ?? (one === NOT_POSITIVE || seen.size < MOST_CLASSES ? 0 : Infinity);
        if (count >= LEAST_OF_CLASS) continue;
        seen.set(one, count + 1);
        firsts.put(firsts.rows, parts.train, i, taker.rows + i);
      }
    }
    taker.add(parts.train);
    if (parts.test) {
      reserve(testing, parts.test, test);
      test += parts.test.rows;
    }
    onRows?.(taker.rows + withoutTarget + test);
  }
  const census = taker.census();
  const { source } = stream;
  if (split !== undefined) requireBoth({ source }, split, taker.rows + withoutTarget, test);
  const { spec } = learnTarget({ ...census, source }, target, { task });

  // Rows of classes that the sample has too few of; and of a target that has no logarithm, one that shows it.
  const chosen = targetValues(spec, training.table(source));
  const counts = new Map<number, number>();
  const kind = (value: number): number => (spec.task === "classification" ? value : Number(value > 0));
  for (const value of chosen.values) counts.set(kind(value), (counts.get(kind(value)) ?? 0) + 1);
  const extra = firsts.table(source);
  const values = targetValues(spec, extra);
  const there = new Set(training.positions);
  values.rows.forEach((row, at) => {
    const count = counts.get(kind(values.values[at]!)) ?? 0;
    const position = firsts.positions[row]!;
    if (count >= LEAST_OF_CLASS || there.has(position)) return;
    there.add(position);
    counts.set(kind(values.values[at]!), count + 1);
    training.put(training.rows, extra, row, position);
  });
  const order = training.order();
  return {
    stream,
    roles,
    sample: takeTableRows(training.table(source), order),
    positions: Int32Array.from(order, (slot) => training.positions[slot]!),
    census: { ...census, source },
    test:
      split === undefined
        ? undefined
        : takeTableRows(testing.table(`test rows of ${sourceOf(stream)}`), testing.order()),
    rows: { train: taker.rows, test, withoutTarget },
    notices: testing.rows < test ? [`of ${test} test rows a sample of ${testing.rows} is scored`] : [],
  };

  /** Puts rows into a reservoir in which every row so far is equally likely (Vitter's algorithm R). */
  function reserve(store: RowStore, part: Table, before: number): void {
    for (let i = 0; i < part.rows; i++) {
      const at = before + i;
      const slot = at < most ? at : generator.integer(at + 1);
      if (slot < most) store.put(slot, part, i, at);
    }
  }
}

/** Training rows of a stream that have a target, in the order of the stream. */
export async function* trainingRows(
  { stream, roles }: Pick<SampledStream, "stream" | "roles">,
  signal?: AbortSignal,
): AsyncGenerator<Table, void> {
  for await (const chunk of streamRows(stream, signal)) yield partsOfChunk(chunk, roles).train;
}

/** The chunks of one pass. @throws InputError when they are not the rows that were announced */
async function* streamRows(
  stream: TableStream,
  signal: AbortSignal | undefined,
): AsyncGenerator<Table, void> {
  let rows = 0;
  for await (const chunk of stream.chunks(signal)) {
    signal?.throwIfAborted();
    rows += chunk.rows;
    if (rows > stream.rows) throw changed(stream);
    yield chunk;
  }
  if (rows !== stream.rows) throw changed(stream);
}

/** What is said when two passes over a stream give other rows. */
export function changed(stream: Pick<TableStream, "source">): InputError {
  return new InputError(`${sourceOf(stream)} changed while it was read; start again when it is complete`);
}

function partsOfChunk(
  chunk: Table,
  { target, split }: StreamRoles,
): { train: Table; test: Table | undefined; withoutTarget: number } {
  const division = split === undefined ? undefined : trainTestRowsOfPart(chunk, split);
  const column = columnNamed(chunk, target);
  const cells = column.type === "text" ? column.codes : column.values;
  const train = division?.train ?? Int32Array.from({ length: chunk.rows }, (_, i) => i);
  const known = train.filter((i) => cells[i]! >= 0 || (column.type !== "text" && cells[i]! < 0));
  return {
    train: known.length === chunk.rows ? chunk : takeTableRows(chunk, known),
    test: division && takeTableRows(chunk, division.test),
    withoutTarget: train.length - known.length,
  };
}

/** Rows of the chunks of a stream, each with its position there. */
class RowStore {
  readonly positions: number[] = [];
  readonly #sourceRows: number[] = [];
  #columns: { readonly column: Column; readonly cells: (number | string | null)[] }[] | undefined;

  get rows(): number {
    return this.positions.length;
  }

  put(slot: number, chunk: Table, row: number, position: number): void {
    this.#columns ??= chunk.columns.map((column) => ({ column, cells: [] }));
    this.positions[slot] = position;
    this.#sourceRows[slot] = chunk.sourceRows?.[row] ?? row;
    this.#columns.forEach(({ cells }, j) => {
      const column = chunk.columns[j]!;
      cells[slot] =
        column.type === "text" ? (column.levels[column.codes[row]!] ?? null) : column.values[row]!;
    });
  }

  /** Slots in the order of their positions. */
  order(): Int32Array {
    return Int32Array.from(this.positions.keys()).sort((a, b) => this.positions[a]! - this.positions[b]!);
  }

  table(source: string | undefined): Table {
    return {
      rows: this.rows,
      source,
      sourceRows: Int32Array.from(this.#sourceRows),
      columns: (this.#columns ?? []).map(({ column, cells }): Column =>
        column.type === "text"
          ? textColumn(column.name, cells as (string | null)[])
          : { ...column, values: Float64Array.from(cells as number[]) },
      ),
    };
  }
}
