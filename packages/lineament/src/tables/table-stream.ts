import { random, type Random } from "../linalg/index.ts";
import { CensusTaker, type TableCensus } from "./column-census.ts";
import { InputError } from "./errors.ts";
import { type Column, columnNamed, sourceOf, type Table, takeTableRows, textColumn } from "./table.ts";
import { learnTarget, type TargetSpec, targetValues, type Task } from "./target.ts";
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
  const training = new Reservoir(most, random(seed));
  const testing = new Reservoir(most, random(seed + 1));
  const rare = new FirstRows(target);
  let withoutTarget = 0;
  for await (const chunk of streamRows(stream, signal)) {
    const parts = partsOfChunk(chunk, roles);
    rare.add(parts.train, taker.rows);
    training.add(parts.train);
    taker.add(parts.train);
    if (parts.test) testing.add(parts.test);
    withoutTarget += parts.withoutTarget;
    onRows?.(taker.rows + withoutTarget + testing.seen);
  }
  const { source } = stream;
  const census = { ...taker.census(), source };
  if (split !== undefined) requireBoth({ source }, split, taker.rows + withoutTarget, testing.seen);
  const { spec } = learnTarget(census, target, { task });
  rare.complete(training.rows, spec);
  const scored = testing.rows.count;
  return {
    stream,
    roles,
    sample: training.rows.table(source),
    positions: training.rows.orderedPositions(),
    census,
    test: split === undefined ? undefined : testing.rows.table(`test rows of ${sourceOf(stream)}`),
    rows: { train: taker.rows, test: testing.seen, withoutTarget },
    notices: scored < testing.seen ? [`of ${testing.seen} test rows a sample of ${scored} is scored`] : [],
  };
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

/** Rows of which every one so far is equally likely to be kept (Vitter's algorithm R). */
class Reservoir {
  readonly rows = new RowStore();
  readonly #most: number;
  readonly #generator: Random;
  #seen = 0;

  constructor(most: number, generator: Random) {
    this.#most = most;
    this.#generator = generator;
  }

  /** Rows that were added. */
  get seen(): number {
    return this.#seen;
  }

  add(part: Table): void {
    for (let i = 0; i < part.rows; i++, this.#seen++) {
      const slot = this.#seen < this.#most ? this.#seen : this.#generator.integer(this.#seen + 1);
      if (slot < this.#most) this.rows.put(slot, part, i, this.#seen);
    }
  }
}

/** Looks after what a sample may miss: the first rows of every class, and of a target that is not positive and so has no logarithm. */
class FirstRows {
  readonly #target: string;
  readonly #rows = new RowStore();
  readonly #counts = new Map<string | number | symbol, number>();

  constructor(target: string) {
    this.#target = target;
  }

  /** @param before - rows that came before */
  add(part: Table, before: number): void {
    const column = columnNamed(part, this.#target);
    for (let i = 0; i < part.rows; i++) {
      const value = column.type === "text" ? column.levels[column.codes[i]!]! : column.values[i]!;
      for (const key of typeof value === "number" && value <= 0 ? [value, NOT_POSITIVE] : [value]) {
        const room = key === NOT_POSITIVE || this.#counts.size < MOST_CLASSES;
        const count = this.#counts.get(key) ?? (room ? 0 : Infinity);
        if (count >= LEAST_OF_CLASS) continue;
        this.#counts.set(key, count + 1);
        this.#rows.put(this.#rows.count, part, i, before + i);
      }
    }
  }

  /** Adds rows of what a sample has too few of. */
  complete(sample: RowStore, spec: TargetSpec): void {
    const kindOf = (value: number): number => (spec.task === "classification" ? value : Number(value > 0));
    const counts = new Map<number, number>();
    for (const value of targetValues(spec, sample.table(undefined)).values)
      counts.set(kindOf(value), (counts.get(kindOf(value)) ?? 0) + 1);
    const there = new Set(sample.positions);
    const first = this.#rows.table(undefined);
    const positions = this.#rows.orderedPositions();
    const { rows, values } = targetValues(spec, first);
    rows.forEach((row, at) => {
      const kind = kindOf(values[at]!);
      const count = counts.get(kind) ?? 0;
      if (count >= LEAST_OF_CLASS || there.has(positions[row]!)) return;
      there.add(positions[row]!);
      counts.set(kind, count + 1);
      sample.put(sample.count, first, row, positions[row]!);
    });
  }
}

/** Rows of the chunks of a stream, each with its position there. */
class RowStore {
  readonly positions: number[] = [];
  readonly #sourceRows: number[] = [];
  #columns: readonly ColumnStore[] = [];

  get count(): number {
    return this.positions.length;
  }

  put(slot: number, chunk: Table, row: number, position: number): void {
    if (this.count === 0) this.#columns = chunk.columns.map(columnStore);
    this.positions[slot] = position;
    this.#sourceRows[slot] = chunk.sourceRows?.[row] ?? row;
    this.#columns.forEach((column, j) => column.put(slot, chunk.columns[j]!, row));
  }

  orderedPositions(): Int32Array {
    return Int32Array.from(this.positions).sort();
  }

  /** The rows in the order of the stream. */
  table(source: string | undefined): Table {
    const order = Int32Array.from(this.positions.keys()).sort(
      (a, b) => this.positions[a]! - this.positions[b]!,
    );
    return {
      rows: this.count,
      source,
      sourceRows: order.map((slot) => this.#sourceRows[slot]!),
      columns: this.#columns.map((column) => column.take(order)),
    };
  }
}

/** The cells of a column by slot. */
interface ColumnStore {
  put(slot: number, column: Column, row: number): void;
  take(slots: Int32Array): Column;
}

function columnStore({ name, type }: Column): ColumnStore {
  if (type === "text") {
    const cells: (string | undefined)[] = [];
    return {
      put(slot, column, row) {
        if (column.type === "text") cells[slot] = column.levels[column.codes[row]!];
      },
      take: (slots) =>
        textColumn(
          name,
          Array.from(slots, (slot) => cells[slot]),
        ),
    };
  }
  // No array of plain numbers, each of which would be an object of its own.
  let cells = new Float64Array(1024);
  return {
    put(slot, column, row) {
      if (slot >= cells.length) {
        const larger = new Float64Array(2 * cells.length);
        larger.set(cells);
        cells = larger;
      }
      if (column.type !== "text") cells[slot] = column.values[row]!;
    },
    take: (slots) => ({ name, type, values: Float64Array.from(slots, (slot) => cells[slot]!) }),
  };
}
