import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Interrupted } from "@lineament/cli";
import { Folder, runCommand } from "../run-command.ts";
import { houses } from "../tables-of-tests.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

test("Ctrl-C ends a fit within seconds with code 130 and leaves no file", { timeout: 120_000 }, async () => {
  await using folder = await Folder.create();
  await writeFile(folder.at("houses.csv"), houses(1500));
  const child = spawn(
    process.execPath,
    [
      "--conditions=@lineament/source",
      main,
      "fit",
      "houses.csv",
      "--target",
      "price",
      "--effort",
      "thorough",
    ],
    { cwd: folder.path, stdio: ["ignore", "pipe", "pipe"] },
  );
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (part) => (stdout += String(part)));
  const planned = new Promise<void>((resolve) => {
    child.stderr.on("data", (part) => {
      stderr += String(part);
      if (stderr.includes("plan:")) resolve();
    });
  });
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  await Promise.race([planned, ended]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const asked = performance.now();
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(performance.now() - asked).toBeLessThan(15_000);
  expect({ stdout, last: stderr.trim().split("\n").at(-1) }).toEqual({
    stdout: "",
    last: "interrupted; nothing was written",
  });
  expect(await folder.list()).toEqual(["houses.csv"]);
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
