import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FitDocument, PlanDocument } from "@lineament/cli";
import { Folder, runCommand } from "../run-command.ts";
import { houses, swift } from "../tables-of-tests.ts";

const folder = await Folder.create();
afterAll(() => folder[Symbol.asyncDispose]());
const table = folder.at("houses.csv");
beforeAll(() => writeFile(table, houses(80)));
const flags = ["--target", "price", "--split", "part", "--exclude", "sold"];

test("plan says what a fit would do and take, and writes nothing", async () => {
  const { code, stdout, stderr } = await runCommand(["plan", table, ...flags]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/"price": regression, .*; 60 training rows, 20 test rows, \d+ coordinates/u);
  expect(stdout).toMatch(
    /^plan: direct solution, 60² \(1 MB\): one kernel matrix holds all 60 rows; .*flop, about \d+ MB and .* s in all$/mu,
  );
  for (const stage of ["compare candidates", "fit on all rows", "predict test rows", "in all"])
    expect(stdout).toContain(stage);
  expect(stdout).toMatch(/GFLOP\/s.*million kernel values\/s.*GB\/s, measured just now/u);
  expect(await folder.list()).toEqual(["houses.csv"]);
});

test("the document has parts that sum up to the whole", async () => {
  const { code, stdout } = await runCommand(["plan", table, ...flags, "--effort", "quick", "--json"]);
  expect(code).toBe(0);
  const document = PlanDocument.parse(JSON.parse(stdout));
  expect(document).toMatchObject({ method: "direct", effort: "quick", rows: { train: 60, test: 20 } });
  const sum = (by: "flops" | "seconds") => document.stages.reduce((total, stage) => total + stage[by], 0);
  expect(sum("flops")).toBeCloseTo(document.flops, -1);
  expect(sum("seconds")).toBeCloseTo(document.seconds, 9);
  expect(document.methods.map(({ method }) => method)).toEqual(["direct"]);
  for (const rate of [document.machine.gigaflops, document.machine.kernelValues, document.machine.bandwidth])
    expect(rate).toBeGreaterThan(0);
});

test("time and memory are heeded", async () => {
  const many = folder.at("many.csv");
  await writeFile(many, houses(12_000));
  const document = async (...more: readonly string[]) => {
    const { stdout } = await runCommand([
      "plan",
      many,
      ...flags.slice(0, 2),
      "--exclude",
      "part,sold",
      "--json",
      ...more,
    ]);
    return PlanDocument.parse(JSON.parse(stdout));
  };
  expect(await document()).toMatchObject({ method: "direct", pieces: 1 });
  const small = await document("--memory", "450MB");
  expect(small).toMatchObject({ method: "tree", memory: 4.5e8, effort: "default" });
  expect(small.reason).toMatch(/direct solution would take \d+ MB and may take/u);
  expect(small.bytes).toBeLessThan(4.5e8);
  expect(await document("--time", "1s")).toMatchObject({ method: "nystrom", time: 1 });
});

test("a method that is asked for is planned, and taken by fit", async () => {
  for (const method of ["direct", "tree", "nystrom"]) {
    const { stdout } = await runCommand(["plan", table, ...flags, "--method", method, "--json"]);
    expect(PlanDocument.parse(JSON.parse(stdout))).toMatchObject({
      method,
      reason: "no other was asked for",
    });
    const fitting = ["--method", method, "--effort", "quick", "--no-baselines", "--no-out", "--no-report"];
    const fitted = await runCommand(["fit", table, ...flags, ...fitting, "--json"]);
    expect(FitDocument.parse(JSON.parse(fitted.stdout)).chosen.method).toBe(method);
  }
  const { code, stderr } = await runCommand(["fit", table, ...flags, "--method", "tree", ...swift]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: --method tree fits machines that validation chooses; .*\n$/u);
});

test("a fit that time is too short for ends by then, and says what was cut short", async () => {
  const hurry = ["--effort", "thorough", "--time", "0.3s", "--out", folder.at("hurried.safetensors")];
  const { code, stdout, stderr } = await runCommand(["fit", table, ...flags, ...hurry, "--no-report"]);
  expect(code).toBe(0);
  expect(stderr).toContain("note: the fit was cut short: ");
  expect(Number(/Done in ([\d.]+) s/u.exec(stdout)![1])).toBeLessThan(10);
  expect(stdout).toContain("hurried.safetensors");
});

test("fit says the same in one line", async () => {
  const { code, stderr } = await runCommand(["fit", table, ...flags, ...swift, "--no-out"]);
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^plan: 60 training rows, 20 test rows, \d+ coordinates, effort default; direct solution, 60² \(1 MB\): the machine is given; .*flop, about \d+ MB and .* s in all$/mu,
  );
});

test.each([
  ["a table that is not there", ["nowhere.csv", "--target", "price"], "no such file"],
  ["a column that is not there", [table, "--target", "prize"], "has no column"],
  ["memory for nothing", [table, ...flags, "--memory", "10MB"], "and 10 MB may be used"],
  ["an unknown effort", [table, ...flags, "--effort", "much"], "Allowed choices"],
  ["an unknown kind", [table, ...flags, "--kinds", "size=colour"], "COLUMN=KIND"],
  ["no time at all", [table, ...flags, "--time", "0s"], "60s, 5m"],
])("plan refuses %s in one line", async (_, words, message) => {
  const { code, stdout, stderr } = await runCommand(["plan", ...words]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(stderr).toContain(message);
});
