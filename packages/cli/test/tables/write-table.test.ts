import { chmod, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as fc from "fast-check";
import { type Table, fromRecords, InputError } from "lineament";
import { describe, expect, test } from "vitest";
import { assertWritable, readTable, tableEndings, writeTable, writeWhole } from "../../src/tables/index.ts";
import { testFolder } from "./files.ts";

const files = testFolder();
const left = async () => (await readdir(dirname(files.path("x")))).filter((name) => name.endsWith(".part"));

const table = fromRecords([
  { prediction: 0.1 + 0.2, label: 'a "b", c', day: new Date("2026-01-31"), sure: true, rank: 1 },
  { prediction: NaN, label: null, day: null, sure: null, rank: 2 },
]);

describe("a written table", () => {
  test.each(tableEndings)("reads back the same from %s", async (ending) => {
    await writeTable(files.path(`out${ending}`), table);
    expect((await readTable(files.path(`out${ending}`))).table.columns).toEqual(table.columns);
  });

  test("is plain CSV", async () => {
    await writeTable(files.path("plain.csv"), table);
    expect(await readFile(files.path("plain.csv"), "utf8")).toBe(
      'prediction,label,day,sure,rank\n0.30000000000000004,"a ""b"", c",2026-01-31,true,1\n,,,,2\n',
    );
  });

  test("keeps names apart that differ in case only", async () => {
    await writeTable(files.path("case.json"), fromRecords([{ probability_a: 1, probability_A: 2 }]));
    expect(JSON.parse(await readFile(files.path("case.json"), "utf8"))).toEqual([
      { probability_a: 1, probability_A: 2 },
    ]);
  });

  test("keeps every number exactly", async () => {
    const doubles = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
      minLength: 1,
      maxLength: 50,
    });
    await fc.assert(
      fc.asyncProperty(doubles, fc.constantFrom(...tableEndings), async (values, ending) => {
        const numbers: Table = {
          rows: values.length,
          columns: [{ name: "x", type: "number", values: Float64Array.from(values, (v) => v + 0) }],
        };
        await writeTable(files.path(`exact${ending}`), numbers);
        expect((await readTable(files.path(`exact${ending}`))).table.columns).toEqual(numbers.columns);
      }),
      { numRuns: 25 },
    );
  }, 30_000);
});

describe("a path that cannot be written", () => {
  test("is refused before the work", async () => {
    await mkdir(files.path("folder"));
    await expect(assertWritable(files.path("folder"))).rejects.toThrow("is a folder");
    await expect(assertWritable(files.path("nowhere/x.csv"))).rejects.toThrow("there is no folder");
    await expect(assertWritable(files.path("x.xls"), tableEndings)).rejects.toThrow(
      "the name must end in .parquet, .csv",
    );
    await expect(assertWritable("")).rejects.toThrow("the output path is empty");
    await expect(assertWritable(files.path(`${"long".repeat(100)}.csv`))).rejects.toThrow(
      "the name is too long",
    );
  });

  test("is refused without permission", async ({ skip }) => {
    if (process.getuid?.() === 0) skip("root may write everywhere");
    await mkdir(files.path("locked"));
    await chmod(files.path("locked"), 0o500);
    await expect(assertWritable(files.path("locked/x.csv"))).rejects.toThrow("no permission");
  });

  test("and one that can, is left untouched by asking", async () => {
    await assertWritable(files.path("new.csv"), tableEndings);
    expect(await readdir(dirname(files.path("x")))).not.toContain("new.csv");
  });
});

describe("a full disk ends in one line, and leaves the old file and nothing else", () => {
  const database = new Error('IO Error: Could not write file "x.part": No space left on device');
  const faults: Record<string, (temporary: string) => Promise<void>> = {
    "of Node.js": async () => {
      // The system's own full disk; elsewhere the error that it would give.
      if (process.platform === "linux") await writeFile("/dev/full", "half");
      else throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC", syscall: "write" });
    },
    "of the database": () => Promise.reject(database),
  };

  test.each(Object.keys(faults))("%s", async (fault) => {
    await files.write("kept.txt", "old");
    const path = files.path("kept.txt");
    const failing = writeWhole(path, async (temporary) => {
      await writeFile(temporary, "half");
      await faults[fault]!(temporary);
    });
    await expect(failing).rejects.toEqual(new InputError(`${path} cannot be written: the disk is full`));
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await left()).toEqual([]);
  });
});

test("a failure leaves the old file and nothing else", async () => {
  await files.write("kept.txt", "old");
  const failing = writeWhole(files.path("kept.txt"), async (temporary) => {
    await files.write(temporary.slice(dirname(temporary).length + 1), "half");
    throw new Error("stop");
  });
  await expect(failing).rejects.toThrow("stop");
  expect(await readFile(files.path("kept.txt"), "utf8")).toBe("old");
  expect(await left()).toEqual([]);
});
