import { columnNamed, type SampledStream, sampleStream, type Table } from "lineament";
import type { Screen } from "../output/screen.ts";
import { type OpenedTable, openTable } from "../tables/index.ts";
import type { Context } from "./context.ts";
import type { FitFlags } from "./fit.ts";
import { columnNames } from "./options.ts";

/** Rows to train on: all of a table, or a sample of one that does not fit into memory, with a way to all of its rows. */
export interface TrainingTable
  extends Pick<OpenedTable, "columns" | "provenance" | "notices">, AsyncDisposable {
  readonly table: Table;
  readonly stream: SampledStream | undefined;
}

type TrainingFlags = Pick<FitFlags, "query" | "target" | "task" | "split" | "features" | "exclude"> &
  Partial<Pick<FitFlags, "weights" | "groups" | "seed">>;

/** Reads the training rows of a fit within a budget of memory. */
export async function openTrainingTable(
  path: string,
  flags: TrainingFlags,
  memory: number,
  { signal, stdin }: Context,
  screen: Screen,
): Promise<TrainingTable> {
  const { query, target, task, split, seed } = flags;
  screen.progress("reading", 0, `reading ${path}`);
  const opened = await openTable(path, { query, memory, signal, stdin });
  if (opened.table) return { ...opened, table: opened.table, stream: undefined };
  const { stream: rows, sampleRows } = opened;
  try {
    // Before a pass over all rows, which may take long.
    const { columns } = opened;
    const names = [flags.features, flags.exclude].flatMap((some) => columnNames(some, opened) ?? []);
    for (const name of [target, split, flags.weights, flags.groups, ...names])
      if (name !== undefined) columnNamed({ columns, source: rows.source }, name);
    const stream = await sampleStream(rows, {
      target,
      task,
      split,
      most: sampleRows,
      seed,
      signal,
      onRows: (done) => screen.progress("reading", done / rows.rows, `sampling ${rows.rows} rows`),
    });
    return { ...opened, notices: [...opened.notices, ...stream.notices], table: stream.sample, stream };
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}
