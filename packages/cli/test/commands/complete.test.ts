import { readFile, writeFile } from "node:fs/promises";
import { random } from "lineament";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CompleteDocument, EvaluateDocument, PredictDocument } from "../../src/output/documents.ts";
import { Folder, runCommand } from "../run-command.ts";

const folder = await Folder.create();
afterAll(() => folder[Symbol.asyncDispose]());

const table = folder.at("ratings.csv");
const model = folder.at("ratings.safetensors");
const roles = ["--row", "user", "--column", "film", "--value", "stars"];
const plain = ["--engine", "plain"];
let fitted: CompleteDocument;

/** Films 0 … 14 and users 0 … 19 who like every third of them. */
function ratings(): string {
  const generator = random(2);
  const lines = ["user,film,stars,part"];
  for (let user = 0; user < 20; user++)
    for (let film = 0; film < 15; film++)
      if (generator.uniform() < 0.6)
        lines.push(
          `u${user},${film},${(user % 3 === film % 3 ? 4.5 : 2) + 0.5 * Math.round(generator.uniform())},${generator.uniform() < 0.2 ? "test" : "train"}`,
        );
  return `${lines.join("\n")}\n`;
}

beforeAll(async () => {
  await writeFile(table, ratings());
  const { code, stdout, stderr } = await runCommand([
    "complete",
    table,
    ...roles,
    "--split",
    "part",
    "--json",
    ...plain,
    "--out",
    model,
    "--report",
    folder.at("ratings.html"),
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) as string });
  fitted = CompleteDocument.parse(JSON.parse(stdout));
});

describe("complete", () => {
  test("prints scores beside simpler completions, and the way to them", () => {
    expect(fitted.scores.map(({ name }) => name).slice(1)).toEqual([
      "soft-impute",
      "alternating least squares",
      "biases",
      "global mean",
    ]);
    expect(fitted.scores[0]!.test!.rmse).toBeLessThan(fitted.scores[3]!.test!.rmse / 2);
    expect(fitted.trace.at(-1)!.singularValues[0]).toBeGreaterThan(fitted.trace.at(-1)!.singularValues[5]!);
    expect(fitted.model).toBe(model);
  });

  test("writes a report that needs nothing else, with the trajectories of singular values", async () => {
    const page = await readFile(folder.at("ratings.html"), "utf8");
    expect(page).toMatch(/^<!doctype html>/iu);
    expect(page).not.toMatch(/(?:src|href)="https?:/u);
    expect(page).toContain("How the rank grew");
    expect(page).not.toContain("NaN");
  });

  test("says the same to people", async () => {
    const { code, stdout } = await runCommand([
      "complete",
      table,
      ...roles,
      "--no-out",
      "--no-report",
      ...plain,
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain("Scores on held-out entries");
    expect(stdout).toContain("global mean");
  });

  test("answers pairs", async () => {
    const { code, stdout } = await runCommand(["predict", model, "-", ...plain], {
      stdin: "film,user\n3,u0\n4,u0\n",
    });
    expect(code).toBe(0);
    const [head, liked, other] = stdout.trim().split("\n");
    expect(head).toBe("user,film,prediction");
    expect(liked).toMatch(/^u0,3,4\./u);
    expect(other).toMatch(/^u0,4,2\./u);
  });

  test("answers with the best of each row, without what is known", async () => {
    const { stdout } = await runCommand(["predict", model, "-", "--top", "2", "--json", ...plain], {
      stdin: "user\nu1\nu2\n",
    });
    const document = PredictDocument.parse(JSON.parse(stdout));
    expect(document.columns).toEqual(["user", "rank", "film", "prediction"]);
    expect(document.predictions!.map(({ user, rank }) => [user, rank])).toEqual([
      ["u1", 1],
      ["u1", 2],
      ["u2", 1],
      ["u2", 2],
    ]);
    const trained = (await readFile(table, "utf8")).split("\n").filter((line) => line.endsWith("train"));
    for (const { user, film } of document.predictions!)
      expect(trained.some((line) => line.startsWith(`${String(user)},${String(film)},`))).toBe(false);
  });

  test("is scored by evaluate as by the fit", async () => {
    const { stdout } = await runCommand([
      "evaluate",
      model,
      table,
      "--query",
      "select * from input where part = 'test'",
      "--json",
      ...plain,
    ]);
    expect(EvaluateDocument.parse(JSON.parse(stdout)).test).toEqual(fitted.scores[0]!.test);
  });

  test.each([
    ["a pair twice", "user,film,stars\n1,1,3\n1,1,4\n2,2,5\n", [], "have the same"],
    ["an empty name", "user,film,stars\n1,1,3\n,1,4\n2,2,5\n", [], 'row 2: column "user" is empty'],
    ["one user", "user,film,stars\n1,1,3\n1,2,4\n1,3,5\n", [], 'all rows have the same "user"'],
    ["constant ratings", "user,film,stars\n1,1,3\n1,2,3\n2,3,3\n", [], "is 3 in every row"],
    ["ratings out of range", "user,film,stars\n1,1,3\n1,2,inf\n2,3,3\n", [], "too large"],
    ["text for ratings", "user,film,stars\n1,1,good\n1,2,bad\n2,3,good\n", [], "holds text"],
    ["a rank above the matrix", undefined, ["--rank", "16"], "give at most 15"],
    ["a negative depth", undefined, ["--depth", "-1"], "from 2 to 8"],
    ["a rank without a meaning", undefined, ["--method", "biases", "--rank", "2"], "--rank"],
    ["a depth without a meaning", undefined, ["--method", "soft-impute", "--depth", "2"], "--depth"],
    ["a column that is not there", undefined, ["--value", "rating"], 'no column "rating"'],
  ])("refuses %s", async (_, text, flags, message) => {
    const path = text === undefined ? table : folder.at("broken.csv");
    if (text !== undefined) await writeFile(path, text);
    const before = await folder.list();
    const { code, stdout, stderr } = await runCommand([
      "complete",
      path,
      ...roles,
      ...flags,
      ...plain,
      "--out",
      folder.at("no.safetensors"),
      "--report",
      folder.at("no.html"),
    ]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toContain(message);
    expect(await folder.list()).toEqual(before);
  });

  test.each([
    ["intervals", ["predict", model, table, "--intervals", "0.9"], "--intervals"],
    ["contributions", ["predict", model, table, "--explain"], "--explain"],
    ["explanations", ["explain", model], "completes a matrix"],
  ])("refuses %s of a completed matrix", async (_, words, message) => {
    const { code, stderr } = await runCommand([...words, ...plain]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});
