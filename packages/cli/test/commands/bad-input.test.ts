import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { readTable, writeTable } from "@lineament/cli";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Folder, type Ran, runCommand } from "../run-command.ts";
import { houses, swift } from "../tables-of-tests.ts";

const folder = await Folder.create();
afterAll(() => folder[Symbol.asyncDispose]());

let before: string[] = [];

/** Exit code 2, one line that says this, nothing on stdout, no file written. */
async function expectRefused(ran: Promise<Ran>, ...parts: readonly (string | RegExp)[]): Promise<void> {
  const { code, stdout, stderr } = await ran;
  expect(stderr.trim().split("\n")).toHaveLength(1);
  for (const part of parts) expect(stderr).toMatch(part);
  expect(stderr).not.toMatch(/\n\s+at |NaN/u);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(await folder.list()).toEqual(before);
}

async function put(name: string, text: string | Uint8Array): Promise<string> {
  const path = folder.at(name);
  await writeFile(path, text);
  before = await folder.list();
  return path;
}

const fit = (path: string, ...flags: readonly string[]) =>
  runCommand(["fit", path, "--out", folder.at("out.safetensors"), ...swift, ...flags]);

const rows = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join("\n");

describe("fit refuses", () => {
  test.each([
    ["an empty table", "", "is empty"],
    ["a header without rows", "a,b,price\n", "no rows"],
    ["one row", "a,b,price\n1,2,3\n", "one row"],
    ["a constant target", `a,price\n${rows(20, (i) => `${i * 0.5},7`)}\n`, "same in every row"],
    ["a target that is missing everywhere", `a,price\n${rows(20, (i) => `${i * 0.5},`)}\n`, "no values"],
    [
      "an infinite target",
      `a,price\n${rows(20, (i) => `${i * 0.5},${i === 3 ? "inf" : i * 1.5}`)}\n`,
      "infinite",
    ],
    [
      "an infinite feature",
      `a,price\n${rows(20, (i) => `${i === 3 ? "inf" : i * 0.5},${i * 1.5}`)}\n`,
      "infinite",
    ],
    [
      "a class with one row",
      `a,price\n${rows(20, (i) => `${i * 0.5},${i === 3 ? "rare" : i % 2 ? "x" : "y"}`)}\n`,
      "fewer than two rows",
    ],
    [
      "features that are all constant",
      `a,b,price\n${rows(20, (i) => `1,x,${i * 1.5}`)}\n`,
      "no column to learn from",
    ],
    [
      "features that are all left out",
      `note,price\n${rows(40, (i) => `key-${i},${i * 1.5}`)}\n`,
      "no column to learn from",
    ],
    ["repeated column names", `a,a,price\n${rows(20, (i) => `${i},${i},${i * 1.5}`)}\n`, "both named"],
    ["a column without a name", `a,,price\n${rows(20, (i) => `${i},${i},${i * 1.5}`)}\n`, "has no name"],
    ["targets beyond all measure", `a,price\n${rows(20, (i) => `${i * 0.5},${i}.5e99`)}\n`, "rescale"],
  ])("%s", async (_, text, message) => {
    await expectRefused(fit(await put("table.csv", text), "--target", "price"), message);
  });

  test("a file that is not there", async () => {
    before = await folder.list();
    await expectRefused(fit(folder.at("nowhere.csv"), "--target", "price"), "no such file");
  });

  test("a folder", async () => {
    await mkdir(folder.at("folder.csv"));
    before = await folder.list();
    await expectRefused(fit(folder.at("folder.csv"), "--target", "price"));
  });

  test("bytes that are no table", async () => {
    await expectRefused(
      fit(
        await put(
          "table.csv",
          Uint8Array.from({ length: 400 }, (_, i) => (i * 37) % 256),
        ),
        "--target",
        "price",
      ),
    );
  });

  test("files that break off, or are damaged, in the middle", async () => {
    const text = houses(3000);
    const packed = gzipSync(text);
    const cut = await put("cut.csv.gz", packed.subarray(0, packed.length >> 1));
    await expectRefused(fit(cut, "--target", "price"), "cut.csv.gz");
    const { table } = await readTable(await put("whole.csv", text));
    await writeTable(folder.at("damaged.parquet"), table);
    const bytes = await readFile(folder.at("damaged.parquet"));
    bytes.fill(0, bytes.length >> 2, bytes.length >> 1);
    await expectRefused(fit(await put("damaged.parquet", bytes), "--target", "price"), "damaged.parquet");
  });

  test("a target that is not there, and names the nearest", async () => {
    const path = await put("table.csv", houses());
    await expectRefused(fit(path, "--target", "pice"), 'did you mean "price"');
  });

  test("text where regression was asked for", async () => {
    const path = await put("table.csv", houses());
    await expectRefused(fit(path, "--target", "district", "--task", "regression"), '"north" is not a number');
  });

  test.each([
    [["--features", "sise"], 'did you mean "size"'],
    [["--exclude", "sise"], 'did you mean "size"'],
    [["--kinds", "sise=number"], 'did you mean "size"'],
    [["--kinds", "size=colour"], "COLUMN=KIND"],
    [["--kinds", "district=number"], "is not a number"],
    [["--weights", "district"], "positive numbers"],
    [["--weights", "prize"], 'did you mean "price"'],
    [["--groups", "grups"], "no column"],
    [["--split", "district"], "neither train nor test"],
    [["--split", "size"], "must hold train and test"],
    [["--split", "part", "--test", "x.csv"], "not from both"],
    [["--features", "price"], "must not see it"],
    [["--weights", "price"], "cannot be both"],
    [["--query", "select nonsense from input"], "query failed"],
    [["--query", "select * from input where false"], "no rows"],
    [["--memory", "1MB"], "of memory"],
    [["--memory", "lots"], "It must be a size"],
    [["--time", "soon"], "It must be a time"],
    [["--seed", "-1"], "whole number"],
    [["--task", "guess"], "Allowed choices"],
    [["--colour"], "unknown option"],
    [["--engine", "steam"], "Allowed choices"],
  ])("%j", async (flags, message) => {
    const path = await put("table.csv", houses());
    await expectRefused(fit(path, "--target", "price", ...flags), message);
  });

  test("test rows that cannot be read as the training rows", async () => {
    const path = await put("table.csv", houses());
    const lacking = await put("lacking.csv", "size,district,price\n1,north,3\n2,south,4\n");
    await expectRefused(
      fit(path, "--target", "price", "--exclude", "sold,part", "--test", lacking),
      "lacks a column",
      '"quality"',
    );
  });

  test("outputs that cannot be written, before the table is read", async () => {
    before = await folder.list();
    const nowhere = folder.at("nowhere.csv");
    const written = (out: string) =>
      runCommand(["fit", nowhere, "--target", "price", "--out", out, "--no-report"]);
    await expectRefused(written(folder.at("no", "folder", "m.safetensors")), "there is no folder");
    await expectRefused(written(folder.at("m.pickle")), "must end in .safetensors");
    await expectRefused(
      runCommand(["fit", nowhere, "--target", "price", "--no-out", "--report", folder.at("r.txt")]),
      "must end in .html",
    );
    await mkdir(folder.at("taken.safetensors"), { recursive: true });
    before = await folder.list();
    await expectRefused(written(folder.at("taken.safetensors")), "is a folder");
    if (process.getuid?.() === 0) return; // root may write anywhere
    await mkdir(folder.at("locked"));
    await chmod(folder.at("locked"), 0o500);
    before = await folder.list();
    await expectRefused(written(folder.at("locked", "m.safetensors")), "no permission");
  });

  test("a command line without a target, a table or a command that exists", async () => {
    before = await folder.list();
    await expectRefused(runCommand(["fit", "table.csv"]), "--target");
    await expectRefused(runCommand(["fit", "--target", "price"]), "missing required argument");
    await expectRefused(runCommand(["fti", "table.csv"]), "Did you mean fit");
  });
});

describe("fit accepts, and says so,", () => {
  test("columns of mixed types and categories of ten thousand levels", async () => {
    const path = await put(
      "wide.csv",
      `code,mixed,size,price\n${rows(200, (i) => `${i % 2 ? `level-${i}` : "usual"},${i % 10 === 0 ? "n/a?" : i % 7},${Math.sin(i)},${Math.cos(i)}`)}\n`,
    );
    const { code, stderr } = await fit(path, "--target", "price", "--kinds", "code=category");
    expect(code).toBe(0);
    expect(stderr).toContain("mixes numbers and text");
    const many = await put(
      "many.csv",
      `code,size,price\n${rows(10_500, (i) => `level-${i % 10_001},${i % 17},${i % 13}.5`)}\n`,
    );
    const sampled = ["--query", "select * from input using sample reservoir(1500 rows) repeatable (1)"];
    const left = await fit(many, "--target", "price", "--json", ...sampled);
    expect(left.code).toBe(0);
    const { columns } = JSON.parse(left.stdout) as { columns: { name: string; used: boolean }[] };
    expect(columns.find(({ name }) => name === "code")).toMatchObject({ used: false });
    const { code: refused, stderr: why } = await fit(many, "--target", "code");
    expect(refused).toBe(2);
    expect(why).toContain("10001 classes");
    const asked = await fit(many, "--target", "price", "--kinds", "code=category", ...sampled);
    expect(asked.code).toBe(0);
    const all = await fit(many, "--target", "price", "--kinds", "code=category");
    expect(all.code).toBe(2);
    expect(all.stderr).toContain("10001 levels");
  });
});

describe("with a model", () => {
  const model = folder.at("model.safetensors");
  let table = "";

  beforeAll(async () => {
    table = await put("houses.csv", houses());
    const { code } = await runCommand([
      "fit",
      table,
      "--target",
      "price",
      "--exclude",
      "sold,part",
      "--out",
      model,
      ...swift,
    ]);
    expect(code).toBe(0);
    before = await folder.list();
  });

  const predict = (path: string, ...flags: readonly string[]) =>
    runCommand(["predict", model, path, "--out", folder.at("predicted.csv"), ...flags]);

  test("predict refuses missing and retyped columns", async () => {
    await expectRefused(
      predict(await put("lacking.csv", "size,district\n1,north\n")),
      'lacks a column that the model uses: "quality"',
    );
    await expectRefused(
      predict(await put("retyped.csv", "size,quality,district\nbig,1,north\n")),
      '"big" is not a number',
      "row 1",
    );
    await expectRefused(
      predict(await put("infinite.csv", "size,quality,district\n1,inf,north\n")),
      "infinite",
    );
    await expectRefused(
      predict(await put("slip.csv", "size,qualty,district\n1,1,north\n")),
      'did you mean "qualty"',
    );
  });

  test("predict takes added and reordered columns, and counts unseen levels", async () => {
    const path = await put("reordered.csv", "extra,district,quality,size\n1,east,0.5,1.5\n2,north,0.5,1.5\n");
    const { code, stdout } = await runCommand(["predict", model, path, "--json"]);
    expect(code).toBe(0);
    const document = JSON.parse(stdout) as { unknownLevels: unknown; warnings: string[] };
    expect(document.unknownLevels).toEqual([{ column: "district", count: 1, examples: ["east"] }]);
    expect(document.warnings.join("\n")).toMatch(/levels that training did not have[^]*ignored \("extra"\)/u);
  });

  test("predict refuses what it cannot do", async () => {
    await expectRefused(predict(table, "--intervals", "1.5"), "between 0 and 1");
    await expectRefused(predict(table, "--intervals", "0.999"), "validation rows");
    await expectRefused(predict(table, "--keep", "prize"), 'did you mean "price"');
    await expectRefused(runCommand(["predict", model, table, "--out", folder.at("p.xls")]), "must end in");
    await expectRefused(runCommand(["explain", model, table, "--row", "99"]), "--row 99");
    await expectRefused(runCommand(["explain", model, "--row", "999"]), "--row 999");
    await expectRefused(runCommand(["explain", model, "--class", "x"]), "predicts numbers");
  });

  test("evaluate refuses a table without the target", async () => {
    await expectRefused(
      runCommand(["evaluate", model, await put("no-target.csv", "size,quality,district\n1,1,north\n")]),
      'no column "price"',
    );
    await expectRefused(
      runCommand([
        "evaluate",
        model,
        await put("empty-target.csv", "size,quality,district,price\n1,1,north,\n"),
      ]),
      "no row has a target",
    );
  });

  test("truncated, damaged and foreign model files are refused", async () => {
    const bytes = await readFile(model);
    for (const length of [0, 7, 100, bytes.length - 1]) {
      const cut = await put("cut.safetensors", bytes.subarray(0, length));
      await expectRefused(runCommand(["predict", cut, table]), "cut.safetensors");
    }
    await expectRefused(runCommand(["predict", table, table]), "not a safetensors file");
    await expectRefused(runCommand(["evaluate", folder.at("nowhere.safetensors"), table]), "no such file");
    const foreign = Buffer.alloc(8 + 8 + 16, " ");
    foreign.writeBigUInt64LE(24n);
    foreign.write("{}", 8);
    await expectRefused(
      runCommand(["explain", await put("foreign.safetensors", foreign)]),
      "not a model of Lineament",
    );
  });

  test("the model file is untouched by all of that", async () => {
    expect((await stat(model)).size).toBeGreaterThan(1000);
    expect((await runCommand(["predict", model, table])).code).toBe(0);
  });
});

test.runIf(process.platform === "linux")("a full disk behind standard output ends in one line", async () => {
  const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const command = `"$0" --conditions=@lineament/source "${main}" fit --help > /dev/full`;
  const ended = await new Promise<{ code: unknown; stderr: string }>((resolve) =>
    execFile("sh", ["-c", command, process.execPath], (error, _, stderr) =>
      resolve({ code: error?.code, stderr }),
    ),
  );
  expect(ended).toEqual({ code: 1, stderr: "error: standard output cannot be written: the disk is full\n" });
});
