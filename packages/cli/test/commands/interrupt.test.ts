import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { FitDocument, Interrupted, Interrupts } from "@lineament/cli";
import { openEngine, TableModel } from "lineament";
import { describe, expect, test } from "vitest";
import { Folder, runCommand } from "../run-command.ts";
import { houses } from "../tables-of-tests.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** A fit of minutes in a process of its own, once it has said its plan and run for a moment. */
async function longFit(folder: Folder, ...flags: readonly string[]) {
  await writeFile(folder.at("houses.csv"), houses(1500));
  const words = ["fit", "houses.csv", "--target", "price", "--effort", "thorough", ...flags];
  const child = spawn(process.execPath, ["--conditions=@lineament/source", main, ...words], {
    cwd: folder.path,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (part) => (said.stdout += String(part)));
  const saying = (text: string) =>
    new Promise<void>((resolve) => {
      const look = () => said.stderr.includes(text) && resolve();
      child.stderr.on("data", look);
      look();
    });
  child.stderr.on("data", (part) => (said.stderr += String(part)));
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  await Promise.race([saying("plan:"), ended]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  return { child, said, saying, ended };
}

const finishing = "finishing with the best so far; Ctrl-C again stops at once";

describe("a fit", () => {
  test("finishes with the best so far at the first Ctrl-C", { timeout: 120_000 }, async () => {
    await using folder = await Folder.create();
    const { child, said, ended } = await longFit(folder, "--json");
    const asked = performance.now();
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(performance.now() - asked).toBeLessThan(60_000);
    expect(said.stderr).toContain(finishing);
    const document = FitDocument.parse(JSON.parse(said.stdout));
    expect(document.cutShort).toEqual(["search", "fit", "baselines", "importances"]);
    expect(document.warnings.join()).toContain("the fit was cut short: fewer candidates were compared");
    expect(document.chosen.candidates).toBeLessThan(40);
    expect((await folder.list()).sort()).toEqual(["houses.csv", "model.safetensors", "report.html"]);
    const engine = await openEngine({ engine: "plain" });
    const model = TableModel.fromBytes(engine, await readFile(folder.at("model.safetensors")));
    expect(model.record.cutShort).toEqual(document.cutShort);
    expect(await readFile(folder.at("report.html"), "utf8")).toContain("the fit was cut short");
  });

  test("stops at once at the second, with code 130 and no file", { timeout: 120_000 }, async () => {
    await using folder = await Folder.create();
    const { child, said, saying, ended } = await longFit(folder);
    child.kill("SIGINT");
    await saying(finishing);
    const asked = performance.now();
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(performance.now() - asked).toBeLessThan(15_000);
    expect({ stdout: said.stdout, last: said.stderr.trim().split("\n").at(-1) }).toEqual({
      stdout: "",
      last: "interrupted; nothing was written",
    });
    expect(await folder.list()).toEqual(["houses.csv"]);
  });
});

test("Ctrl-C stops what cannot end early, and work that can when it comes again", async () => {
  const alone = new Interrupts();
  alone.press();
  expect(alone.signal.aborted).toBe(true);
  const interrupts = new Interrupts();
  const result = await interrupts.endingEarly(async (enough) => {
    interrupts.press();
    await Promise.resolve();
    expect([enough.aborted, interrupts.signal.aborted]).toEqual([true, false]);
    return "the best so far";
  });
  expect(result).toBe("the best so far");
  interrupts.press();
  expect(interrupts.signal.reason).toBeInstanceOf(Interrupted);
});

test("a command that is interrupted before it begins does nothing", async () => {
  await using folder = await Folder.create();
  await writeFile(folder.at("houses.csv"), houses());
  const out = folder.at("m.safetensors");
  const { code, stdout } = await runCommand(
    ["fit", folder.at("houses.csv"), "--target", "price", "--out", out, "--no-report"],
    {
      signal: AbortSignal.abort(new Interrupted()),
    },
  );
  expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
  expect(await folder.list()).toEqual(["houses.csv"]);
});
