import { appendFile, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { fromRecords, InputError, type Table, takeTableRows } from "lineament";
import { describe, expect, test } from "vitest";
import { cellOf, linesOf, openTable, writeTable } from "../../src/tables/index.ts";
import { testFolder } from "./files.ts";

const files = testFolder();
const rows = 20_000;
/** A budget that 20,000 rows do not fit into. */
const memory = 1e6;

const table = fromRecords(
  Array.from({ length: rows }, (_, i) => ({
    size: i % 11 === 0 ? null : i / 7,
    district: ["north", "south", null, "west"][(i * i) % 4],
    sold: i % 3 === 0,
    day: new Date(Date.UTC(2020, i % 12, 1 + (i % 28))),
    street: `street ${i % 700}`,
  })),
);

function cells({ columns, rows: count }: Table): unknown[][] {
  return columns.map((column) => Array.from({ length: count }, (_, i) => cellOf(column, i)));
}

async function streamed(path: string, query?: string, stdin?: Readable) {
  await using opened = await openTable(path, { memory, query, stdin });
  expect(opened.table).toBeUndefined();
  const passes: unknown[][][] = [];
  for (let pass = 0; pass < 2; pass++) {
    const all: unknown[][] = opened.columns.map(() => []);
    let next = 0;
    for await (const chunk of opened.stream!.chunks()) {
      expect(chunk.sourceRows![0]).toBe(next);
      next += chunk.rows;
      cells(chunk).forEach((column, j) => all[j]!.push(...column));
    }
    expect(next).toBe(opened.stream!.rows);
    passes.push(all);
  }
  expect(passes[1]).toEqual(passes[0]);
  return { columns: opened.columns.map(({ name }) => name), cells: passes[0] };
}

const ours = async () => (await readdir(tmpdir())).filter((name) => name.startsWith("lineament-"));

const names = table.columns.map(({ name }) => name);

describe("a table that does not fit into memory", () => {
  test.each(["csv", "tsv", "json", "jsonl", "parquet"])(
    "is streamed from .%s, the same in every pass",
    async (ending) => {
      await writeTable(files.path(`all.${ending}`), table);
      const before = await ours();
      expect(await streamed(files.path(`all.${ending}`))).toEqual({ columns: names, cells: cells(table) });
      expect(await ours()).toEqual(before);
    },
  );

  test("is streamed from compressed text, a glob and standard input", async () => {
    const text = [...linesOf(table, ".csv")].join("");
    await files.write("packed.csv.gz", gzipSync(text));
    expect((await streamed(files.path("packed.csv.gz"))).cells).toEqual(cells(table));
    expect((await streamed("-", undefined, Readable.from([text]))).cells).toEqual(cells(table));
    const half = Array.from({ length: rows / 2 }, (_, i) => i);
    await writeTable(files.path("part-1.parquet"), takeTableRows(table, half));
    await writeTable(
      files.path("part-2.parquet"),
      takeTableRows(
        table,
        half.map((i) => i + rows / 2),
      ),
    );
    expect((await streamed(files.path("part-*.parquet"))).cells).toEqual(cells(table));
  });

  test("is streamed from a query, whose rows are the same in every pass", async () => {
    await writeTable(files.path("queried.parquet"), table);
    const query = "select size, random() as chance from input where size is not null";
    const { columns, cells: found } = await streamed(files.path("queried.parquet"), query);
    expect(columns).toEqual(["size", "chance"]);
    expect(found![0]).toEqual(cells(table)[0]!.filter((size) => size !== null));
  });

  test("is in memory where it fits, or has hardly more rows than a sample", async () => {
    await writeTable(files.path("fits.csv"), table);
    await using fits = await openTable(files.path("fits.csv"), { memory: 1e9 });
    expect(fits.table?.rows).toBe(rows);
    const few = Array.from({ length: 2000 }, (_, i) => i);
    await writeTable(files.path("few.csv"), takeTableRows(table, few));
    await using small = await openTable(files.path("few.csv"), { memory });
    expect(small.table?.rows).toBe(2000);
  });

  test("is in memory too when text grows less than it might", async () => {
    await writeTable(files.path("grows.csv"), table);
    // The file is about a megabyte; 600 MB would be too little for text that grew eightyfold.
    await files.write("grows.csv.gz", gzipSync([...linesOf(table, ".csv")].join("")));
    await using opened = await openTable(files.path("grows.csv.gz"), { memory: 4.5e8 });
    expect(opened.table && cells(opened.table)).toEqual(cells(table));
  });
});

describe("a stream", () => {
  test("refuses a file that changed between its passes", async () => {
    const path = files.path("changes.parquet");
    await writeTable(path, table);
    await using opened = await openTable(path, { memory });
    const pass = async () => {
      for await (const chunk of opened.stream!.chunks()) expect(chunk.rows).toBeGreaterThan(0);
    };
    await pass();
    const changed = new InputError(`${path} changed while it was read; start again when it is complete`);
    await utimes(path, new Date(), new Date(0));
    await expect(pass()).rejects.toThrow(changed);
    await appendFile(path, "more");
    await expect(pass()).rejects.toThrow(changed);
    await rm(path);
    await expect(pass()).rejects.toThrow(changed);
  });

  test("ends on a signal, in the middle of a pass", async () => {
    await writeTable(files.path("long.parquet"), table);
    const controller = new AbortController();
    await using opened = await openTable(files.path("long.parquet"), { memory });
    const chunks = opened.stream!.chunks(controller.signal)[Symbol.asyncIterator]();
    await chunks.next();
    controller.abort(new Error("enough"));
    await expect(chunks.next()).rejects.toThrow("enough");
  });

  test("leaves no files behind when the table cannot be read", async () => {
    const before = await ours();
    const bad = `a,b\n${"1,2\n".repeat(200_000)}1,2,3\n`;
    await files.write("bad.csv", bad);
    await expect(openTable(files.path("bad.csv"), { memory })).rejects.toThrow("line 200002: 3 fields");
    await expect(openTable(files.path("bad.csv"), { memory, query: "select" })).rejects.toThrow(InputError);
    expect(await ours()).toEqual(before);
  });
});
