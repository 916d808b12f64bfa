import { spawn } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { FitDocument, PlanDocument } from "@lineament/cli";
import { random } from "lineament";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Folder, runCommand } from "../run-command.ts";
import { swift } from "../tables-of-tests.ts";

const folder = await Folder.create();
afterAll(() => folder[Symbol.asyncDispose]());
const table = folder.at("shops.csv");

/** 10,000 rows that become 320 coordinates: a table of few bytes that takes many in memory. */
beforeAll(async () => {
  const generator = random(1);
  const lines = ["size,a,b,c,d,weight,price,part"];
  for (let i = 0; i < 10_000; i++) {
    const [a, b, c, d] = [0, 1, 2, 3].map(() => generator.integer(80));
    const size = generator.normal();
    const price = 3 * size + (a! % 2) + 0.1 * generator.normal();
    lines.push(
      [size, `a${a}`, `b${b}`, `c${c}`, `d${d}`, 1 + (i % 2), price, i % 10 === 9 ? "test" : "train"].join(
        ",",
      ),
    );
  }
  await writeFile(table, `${lines.join("\n")}\n`);
});

const flags = ["--target", "price", "--split", "part", "--exclude", "weight", "--memory", "190MB"];

describe("a table that does not fit into memory", () => {
  test("is planned: rows stream from disk, so many bytes, in so much time", async () => {
    const { code, stdout, stderr } = await runCommand(["plan", table, ...flags]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^plan: Nyström, \d+ centers: 9,000 rows do not fit into 190 MB and stream from disk, which this method alone can do; .*flop, about \d+ MB of memory, 12 MB on disk and .* in all$/mu,
    );
    expect(stdout).toContain("read and encode rows");
    expect(stderr).toMatch(/effort default would take about .*: effort quick with \d+ centers .* is taken/u);
  });

  test("is planned as a document that says so", async () => {
    const { stdout } = await runCommand(["plan", table, ...flags, "--json"]);
    const document = PlanDocument.parse(JSON.parse(stdout));
    expect(document.method).toBe("nystrom");
    expect(document.rows).toEqual({ train: 9000, test: 1000, withoutTarget: 0 });
    expect(document.streamed!.sampled).toBeLessThan(9000);
    // 321 coordinates in float32 and a target in float64.
    expect(document.streamed!.disk).toBe(9000 * (4 * 321 + 8));
    expect(document.bytes).toBeLessThanOrEqual(document.memory);
  });

  test("is fitted, with weights, and scored on test rows", async () => {
    const model = folder.at("m.safetensors");
    const words = ["fit", table, ...flags.filter((word) => word !== "--exclude" && word !== "weight")];
    const { code, stdout } = await runCommand([
      ...words,
      "--weights",
      "weight",
      ...swift,
      "--out",
      model,
      "--json",
    ]);
    expect(code).toBe(0);
    const document = FitDocument.parse(JSON.parse(stdout));
    expect(document.rows).toMatchObject({ train: 9000, test: 1000, withoutTarget: 0 });
    expect(document.rows.sampled).toBeLessThan(9000);
    expect((document.test as { r2: number }).r2).toBeGreaterThan(0.5);
    const { code: scored } = await runCommand(["evaluate", model, table]);
    expect(scored).toBe(0);
  });

  test.each([
    ["a method that cannot do it", ["--method", "tree"], "fitted by nystrom, not by tree"],
    ["a column that is not there", ["--target", "prize"], "has no column"],
    ["a feature that is not there", ["--features", "size,sise"], 'no column "sise"; did you mean "size"?'],
    ["groups of rows", ["--groups", "a"], "cannot be kept together"],
    ["too little memory", ["--memory", "20MB"], "20 MB may be used"],
  ])("is refused with %s in one line", async (_, more, message) => {
    const { code, stdout, stderr } = await runCommand([
      "fit",
      table,
      ...flags,
      ...more,
      "--no-out",
      "--no-report",
    ]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.trim().split("\n").at(-1)).toContain(message);
    expect(stderr).not.toContain("    at ");
  });

  test("is no table of test rows, which says so in one line", async () => {
    const words = ["fit", table, "--target", "price", "--memory", "190MB", "--test", table];
    const { code, stderr } = await runCommand([...words, "--no-out", "--no-report"]);
    expect(code).toBe(2);
    expect(stderr.trim().split("\n").at(-1)).toMatch(
      /--test .*: the table does not fit into 190 MB; keep test rows/u,
    );
  });

  test("leaves no files when it is stopped", { timeout: 120_000 }, async () => {
    const temporary = folder.at("temporary");
    await mkdir(temporary);
    const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
    const child = spawn(
      process.execPath,
      ["--conditions=@lineament/source", main, "fit", table, ...flags, "--effort", "quick"],
      { cwd: temporary, stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, TMPDIR: temporary } },
    );
    const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
    let said = "";
    const planned = new Promise<void>((resolve) =>
      child.stderr.on("data", (part) => {
        said += String(part);
        if (said.includes("plan:")) resolve();
      }),
    );
    await Promise.race([planned, ended]);
    child.kill("SIGTERM");
    expect(await ended).toBeGreaterThan(128);
    expect(said.trim().split("\n").at(-1)).toBe("interrupted; nothing was written");
    expect(await readdir(temporary)).toEqual([]);
  });
});
