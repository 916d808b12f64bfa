import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { InputError, type Table, encode, fitEncoder } from "lineament";
import { describe, expect, test } from "vitest";
import { readTable, writeTable } from "../../src/tables/index.ts";
import { testFolder } from "./files.ts";

const files = testFolder();

/** Columns as plain values; null is missing. */
function cells(table: Table): Record<string, unknown[]> {
  return Object.fromEntries(
    table.columns.map((c) => [
      c.name,
      c.type === "text"
        ? Array.from(c.codes, (code) => (code < 0 ? null : c.levels[code]))
        : Array.from(c.values, (v) =>
            Number.isNaN(v) ? null : c.type === "date" ? new Date(v).toISOString() : v,
          ),
    ]),
  );
}

async function read(
  name: string,
  content: string | Uint8Array,
  query?: string,
): Promise<Record<string, unknown[]>> {
  return cells((await readTable(await files.write(name, content), { query })).table);
}

const csv = 'size,color,when\n1.5,"red, dark",2026-01-31\n,"a ""b""",\n-3e2,,2026-02-01T10:30:00Z\n';
const rows = {
  size: [1.5, null, -300],
  color: ["red, dark", 'a "b"', null],
  when: ["2026-01-31T00:00:00.000Z", null, "2026-02-01T10:30:00.000Z"],
};

describe("a table", () => {
  test("is read from CSV, whatever its line ends and separator", async () => {
    expect(await read("lf.csv", csv)).toEqual(rows);
    expect(await read("crlf.csv", csv.replaceAll("\n", "\r\n"))).toEqual(rows);
    expect(await read("mixed.csv", csv.replace("\n", "\r\n"))).toEqual(rows);
    expect(await read("bom.csv", `\ufeff${csv}`)).toEqual(rows);
    expect(await read("open.csv", csv.trimEnd())).toEqual(rows);
    expect(await read("tab.tsv", "a\tb\n1\tx,y\n")).toEqual({ a: [1], b: ["x,y"] });
    expect(await read("bar.txt", "a|b\n1|x\n")).toEqual({ a: [1], b: ["x"] });
    expect(await read("comma.csv", "a;b\n1,5;x\n2;y\n")).toEqual({ a: [1.5, 2], b: ["x", "y"] });
  });

  test("may be compressed, also under another name", async () => {
    expect(await read("a.csv.gz", gzipSync(csv))).toEqual(rows);
    expect(await read("a.csv.zst", zstdCompressSync(csv))).toEqual(rows);
    expect(await read("plain", gzipSync(csv))).toEqual(rows);
    expect(await read("a.jsonl.gz", gzipSync('{"a":1}\n'))).toEqual({ a: [1] });
  });

  test("is read from JSON, as an array or line by line", async () => {
    expect(await read("a.json", '[{"a": 1, "b": "x"}, {"a": null, "c": true}]')).toEqual({
      a: [1, null],
      b: ["x", null],
      c: [null, 1],
    });
    expect(await read("a.jsonl", '{"a": 1}\n{"a": 2.5}\n')).toEqual({ a: [1, 2.5] });
    expect(await read("mixed.json", '[{"a": 1}, {"a": "x"}]')).toEqual({ a: ["1", "x"] });
  });

  test("is read from Parquet as it was written", async () => {
    const { table } = await readTable(await files.write("source.csv", csv));
    await writeTable(files.path("a.parquet"), table);
    expect(cells((await readTable(files.path("a.parquet"))).table)).toEqual(rows);
  });

  test("comes from standard input as -", async () => {
    const { table, provenance } = await readTable("-", { stdin: Readable.from([Buffer.from(csv)]) });
    expect(cells(table)).toEqual(rows);
    expect(provenance.files[0]?.name).toBe("standard input");
  });

  test("is put together from files with the same header, in order of their names", async () => {
    await files.write("part-2.csv", "a,b\n3,z\n");
    await files.write("part-1.csv", "a,b\n1,x\n2,y\n");
    const { table, provenance } = await readTable(files.path("part-*.csv"));
    expect(cells(table)).toEqual({ a: [1, 2, 3], b: ["x", "y", "z"] });
    expect(provenance.files).toHaveLength(2);
  });

  test("can be asked by SQL", async () => {
    expect(
      await read("sum.csv", "a,B b\n1,2\n5,7\n", 'select a + "B b" as s from input where a > 1;'),
    ).toEqual({ s: [12] });
  });

  test("is known by its hash", async () => {
    const { provenance } = await readTable(await files.write("hash.csv", csv));
    expect(provenance.sha256).toBe(createHash("sha256").update(csv).digest("hex"));
  });
});

describe("the type of a CSV column", () => {
  const column = async (...lines: string[]) =>
    (await readTable(await files.write("type.csv", `x\n${lines.join("\n")}\n`))).table.columns[0]!;

  test.each<[string, string, string[]]>([
    ["number", "numbers and missing", ["1", "NA", "N/A", "NaN", "null", "-2.5e3", "+7", ".5"]],
    ["number", "infinities", ["1", "inf", "-Infinity"]],
    ["boolean", "true and false in any case", ["true", "False", "TRUE"]],
    ["date", "ISO dates, with and without time", ["2026-01-31", "2026-01-31 10:00:00+02:00"]],
    ["date", "dates that begin with the year, or have dots", ["31.12.2026", "1.2.2026"]],
    ["number", "times of day, in seconds", ["10:30", "00:00:01"]],
    ["text", "a number too many", ["1", "2", "three"]],
    ["text", "zero-padded codes", ["0012", "1234"]],
    ["text", "underscores", ["1_000", "2_000"]],
    ["text", "dates of which day and month are open", ["01/02/2026"]],
    ["number", "nothing at all", ["NA", "NA"]],
  ])("is %s for %s", async (type, _, lines) => expect((await column(...lines)).type).toBe(type));

  test("takes the last of 50,000 cells into account", async () => {
    const lines = Array.from({ length: 50_000 }, (_, i) => String(i));
    expect((await column(...lines)).type).toBe("number");
    expect((await column(...lines, "x")).type).toBe("text");
  });
});

test("names that differ in case only are kept apart", async () => {
  expect(await read("case.csv", "a,A,c0\n1,2,3\n")).toEqual({ a: [1], A: [2], c0: [3] });
});

test("a header of numbers is taken as one, with a notice", async () => {
  expect((await readTable(await files.write("numbers.csv", "1,2\n3,4\n"))).notices).toEqual([
    expect.stringContaining("does the file lack a header?"),
  ]);
});

describe("a file that cannot be used is refused in one line", () => {
  test.each<[string, string | Uint8Array, string]>([
    ["empty.csv", "", "is empty"],
    ["blank.csv", "\n\n", "is empty"],
    ["header.csv", "a,b\n", "has a header and no rows"],
    ["double.csv", "a,b,a\n1,2,3\n", 'columns 1 and 3 are both named "a"; rename one'],
    ["nameless.csv", ",b\n1,2\n", "column 1 of 2 has no name"],
    ["short.csv", "a,b\n1,2\n3\n", "line 3: 1 field, but the header has 2"],
    ["long.csv", "a,b\n1,2,3\n", "line 2: 3 fields, but the header has 2"],
    ["open-quote.csv", 'a,b\n"1,2\n3,4\n', "line 2: a quoted field is not closed"],
    ["open-header.csv", '"a,b\n1,2\n', "line 1: a quote is opened in the header and never closed"],
    ["binary.csv", Uint8Array.from({ length: 500 }, (_, i) => (i * 7919) % 256), "is not text"],
    ["latin.csv", Buffer.from("a,b\n1,caf\xe9\n", "latin1"), "line 2: the text is not UTF-8"],
    ["latin-header.csv", Buffer.from("a,caf\xe9\n1,2\n", "latin1"), "line 1: the text is not UTF-8"],
    ["utf16.csv", Buffer.from("\ufeffa,b\n1,2\n", "utf16le"), "is UTF-16 text"],
    ["cut.csv.gz", gzipSync("a,b\n1,2\n".repeat(1e4)).subarray(0, 60), "the gzip data is damaged or cut off"],
    ["book.xlsx", "PK\u0003\u0004", "is a zip archive or an Excel workbook"],
    ["text.parquet", "hello", "is not a Parquet file"],
    ["broken.parquet", "PAR1hello", "broken.parquet"],
    ["numbers.json", "[1, 2]", "rows must be objects"],
    ["none.json", "[]", "has no rows"],
    ["cut.json", '[{"a": 1}, {"a":', "Malformed JSON"],
    ["lists.json", '[{"a": [1, 2]}]', 'column "a" holds lists'],
    ["nested.json", '[{"a": {"b": 1}}]', 'column "a" holds nested objects'],
  ])("%s", async (name, content, message) => {
    const path = await files.write(name, content);
    const error: unknown = await readTable(path).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toMatch(/[\n\r]/u);
  });

  test("when it is not there, with the nearest name", async () => {
    await files.write("prices.csv", csv);
    await expect(readTable(files.path("price.csv"))).rejects.toThrow(
      /no such file; did you mean .*prices\.csv\?/u,
    );
    await expect(readTable(files.path("*.nothing"))).rejects.toThrow("no file has such a name");
    await expect(readTable(files.path("."))).rejects.toThrow("is a folder");
    await expect(readTable("https://example.org/a.csv")).rejects.toThrow("addresses are not read");
  });

  test("when the files of a glob differ", async () => {
    await files.write("differ-1.csv", "a,b\n1,2\n");
    await files.write("differ-2.csv", "a,c\n1,2\n");
    await expect(readTable(files.path("differ-*.csv"))).rejects.toThrow("has other columns than");
  });

  test.each(["select nope from input", "selec", "select 1; select 2", ""])(
    "when the query is %j",
    async (query) => {
      await expect(read("q.csv", csv, query)).rejects.toThrow(
        /^the query failed: .* \(the table is named input\)$/u,
      );
    },
  );

  test("when the query leaves nothing", async () => {
    await expect(read("q.csv", csv, "select size from input where false")).rejects.toThrow("gives no rows");
  });
});

test("reading stops when it is aborted", async () => {
  const path = await files.write("abort.csv", csv);
  const reading = readTable(path, {
    query: "select sum(i * j) as s from range(1000000) a(i), range(1000000) b(j)",
    signal: AbortSignal.timeout(200),
  });
  await expect(reading).rejects.toThrow(/timeout/iu);
});

describe("any file at all", () => {
  const cell = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.string({ maxLength: 6, unit: "binary" }),
    fc.constantFrom(
      "",
      "1",
      "-2.5",
      "1e999",
      "inf",
      "NA",
      "nan",
      "true",
      "2026-01-31",
      "10:30",
      "01.02.2026",
      "1/2/2026",
      "0x1F",
      "1_0",
      '"',
      '""',
      "'",
      "a\nb",
      "a\r\nb",
      "😀",
      "\ufeff",
      ";",
      "\t",
      "\\",
      "\u0000",
      "9".repeat(40),
    ),
  );
  const quoted = cell.map((text) => `"${text.replaceAll('"', '""')}"`);
  const line = fc
    .array(fc.oneof(cell, quoted), { minLength: 1, maxLength: 4 })
    .map((fields) => fields.join(","));
  const sloppy = fc
    .tuple(fc.array(line, { maxLength: 8 }), fc.constantFrom("\n", "\r\n", "\r"))
    .map(([lines, end]) => lines.join(end));
  const tidy = fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 30 }))
    .chain(([columns, count]) =>
      fc
        .array(
          fc.array(quoted, { minLength: columns, maxLength: columns }).map((fields) => fields.join(",")),
          { minLength: count, maxLength: count },
        )
        .map((lines) => [Array.from({ length: columns }, (_, j) => `c${j}`).join(","), ...lines].join("\n")),
    );

  async function orRefused(content: string | Uint8Array, name: string): Promise<void> {
    try {
      const { table } = await readTable(await files.write(name, content));
      const { x } = encode(fitEncoder(table), table);
      expect(x.data.every(Number.isFinite)).toBe(true);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      expect(error.message).not.toMatch(/[\n\r]/u);
      expect(error.message.length).toBeLessThan(1000);
    }
  }

  test("is a table of finite numbers, or refused in one line", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(sloppy, tidy),
        fc.constantFrom("fuzz.csv", "fuzz.tsv", "fuzz"),
        (content, name) => orRefused(content, name),
      ),
      { numRuns: 60 },
    );
  }, 30_000);

  test("is refused in one line when it is noise, or a good file cut and bent", async () => {
    await writeTable(files.path("good.parquet"), (await readTable(await files.write("good.csv", csv))).table);
    const { readFile } = await import("node:fs/promises");
    const good = [
      await readFile(files.path("good.parquet")),
      gzipSync(csv),
      Buffer.from('[{"a":1,"b":"x"},{"a":2}]'),
      Buffer.from(csv),
    ];
    const bent = fc
      .tuple(fc.constantFrom(...good), fc.nat(), fc.nat(), fc.nat(255))
      .map(([bytes, cut, at, byte]) => {
        const copy = Buffer.from(bytes.subarray(0, 1 + (cut % bytes.length)));
        copy[at % copy.length] = byte;
        return copy;
      });
    await fc.assert(
      fc.asyncProperty(fc.oneof(bent, fc.uint8Array({ maxLength: 200 })), (content) =>
        orRefused(content, "noise"),
      ),
      { numRuns: 60 },
    );
  }, 30_000);
});
