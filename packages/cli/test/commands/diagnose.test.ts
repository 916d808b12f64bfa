import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DiagnoseDocument } from "@lineament/cli";
import { Folder, runCommand } from "../run-command.ts";
import { houses, swift } from "../tables-of-tests.ts";

const folder = await Folder.create();
afterAll(() => folder[Symbol.asyncDispose]());

const concrete = fileURLToPath(new URL("../../../../examples/concrete.csv", import.meta.url));
const table = folder.at("houses.csv");
const model = folder.at("model.safetensors");

beforeAll(async () => {
  await writeFile(table, houses(240));
  const fit = ["fit", table, "--target", "price", "--exclude", "sold,part", "--out", model, ...swift];
  expect((await runCommand(fit)).code).toBe(0);
}, 60_000);

async function diagnosed(...words: readonly string[]): Promise<DiagnoseDocument> {
  const { code, stdout, stderr } = await runCommand(["diagnose", ...words, "--json"]);
  expect({ code, error: /error.*/u.exec(stderr)?.[0] }).toEqual({ code: 0, error: undefined });
  return DiagnoseDocument.parse(JSON.parse(stdout));
}

describe("of concrete mixtures", () => {
  let found: DiagnoseDocument;
  const page = folder.at("diagnosis.html");

  beforeAll(async () => {
    found = await diagnosed(
      concrete,
      "--target",
      "compressive_strength",
      "--split",
      "split",
      "--report",
      page,
    );
  }, 60_000);

  test("the learning curve is that of plain kernel ridge regression on the training rows", () => {
    expect(found).toMatchObject({
      table: concrete,
      task: "regression",
      updates: 0,
      rows: 754,
      fitted: 754,
      of: 754,
      error: "squared error ÷ variance",
      report: page,
    });
    expect(found.kernel).toMatch(/^laplace/);
    expect(found.curve.map(({ rows }) => rows)).toEqual(
      expect.arrayContaining([94, 188, 377, 754, 1508, 3016]),
    );
  });

  test("predictions hold within 15 % of what parts of the rows reach on rows left out", () => {
    const parts = found.measured.filter(({ rows }) => rows >= 180);
    expect(parts.map(({ rows }) => rows)).toEqual([188, 377, 754]);
    for (const { rows, error } of parts) {
      const predicted = found.curve.find((point) => point.rows === rows)!.error;
      expect(Math.abs(predicted / error - 1)).toBeLessThan(0.15);
    }
  });

  // One division of so few rows says little: 300 squared errors have a standard error of 14 %.
  test("averaged over six divisions of the table, predictions hold within 15 % of errors on test rows", async () => {
    const sums = new Map<number, { predicted: number; tested: number }>();
    for (let division = 0; division < 6; division++) {
      const query = `select * exclude (split), if(i % 10 < 7, 'train', 'test') as part
        from (select *, hash(${division}, row_number() over ()) % 100003 as i from input)`;
      const words = [concrete, "--target", "compressive_strength", "--exclude", "i", "--split", "part"];
      const { measured, curve } = await diagnosed(
        ...words,
        "--rows",
        "400",
        "--ridge",
        "0.01",
        "--query",
        query,
      );
      for (const { rows, test: tested } of measured) {
        const sum = sums.get(rows) ?? { predicted: 0, tested: 0 };
        sum.predicted += curve.find((point) => point.rows === rows)!.error;
        sum.tested += tested!;
        sums.set(rows, sum);
      }
    }
    expect([...sums.keys()]).toEqual([50, 100, 200, 400]);
    for (const { predicted, tested } of sums.values())
      expect(Math.abs(predicted / tested - 1)).toBeLessThan(0.15);
  }, 120_000);

  test("from a third of the rows the error of all of them is foretold within a third", async () => {
    const third = await diagnosed(
      concrete,
      "--target",
      "compressive_strength",
      "--split",
      "split",
      "--rows",
      "250",
    );
    expect(third).toMatchObject({ rows: 250, of: 754 });
    const foretold = third.curve.find(({ rows }) => rows === 707)!;
    expect(Math.abs(foretold.error / found.leaveOneOut.error - 1)).toBeLessThan(1 / 3);
  });

  test("the Laplace kernel is tempered by its exponent", () => {
    const { withoutRidge } = found.overfitting;
    expect(withoutRidge.kind).toBe("tempered");
    expect(Math.abs(withoutRidge.noiseFactor / found.spectrum.decay! - 1)).toBeLessThan(0.1);
  });

  test("the page holds both pictures and loads nothing", async () => {
    const text = await readFile(page, "utf8");
    expect(text.match(/<svg class="picture"/gu)).toHaveLength(2);
    expect(text).not.toMatch(/(?:src|href)="https?:/u);
    expect(text).toContain("Its overfitting is tempered");
  });
});

test("a summary is printed for people", async () => {
  const { code, stdout } = await runCommand([
    "diagnose",
    table,
    "--target",
    "price",
    "--exclude",
    "sold,part",
  ]);
  expect(code).toBe(0);
  for (const part of [
    'Error of "price" by number of training rows',
    /240 .* now/u,
    /Twice the 240 rows|Even four times/u,
    /At most .*% of the target is noise/u,
    /Its overfitting is (?:benign|tempered|catastrophic)/u,
    /effective dimension/u,
  ])
    expect(stdout).toMatch(part);
  expect(stdout).not.toMatch(/NaN|undefined|Infinity/u);
});

test("a Gaussian kernel without ridge is catastrophic; its ridge saves it", async () => {
  const gaussian = ["--kernel", "gaussian", "--ridge", "0.1", "--split", "split", "--rows", "400"];
  const { overfitting } = await diagnosed(concrete, "--target", "compressive_strength", ...gaussian);
  expect(overfitting.withoutRidge.kind).toBe("catastrophic");
  expect(overfitting.withRidge.kind).not.toBe("catastrophic");
});

test("classes are counted as one-hot codes", async () => {
  const found = await diagnosed(table, "--target", "sold", "--exclude", "price,part", "--ridge", "0.1");
  expect(found.task).toBe("classification");
  expect(found.guessing).toBeGreaterThan(0.3);
  expect(found.guessing).toBeLessThanOrEqual(0.5);
  expect(found.leaveOneOut.error).toBeLessThan(0.8);
  expect(found.curve[0]).not.toHaveProperty("rmse");
});

test("of a model its own machine is diagnosed, with its ridge", async () => {
  const found = await diagnosed(model);
  expect(found).toMatchObject({
    model,
    target: "price",
    rows: 240,
    fitted: 240,
    of: 240,
    weight: 1,
    report: null,
  });
  expect(found).toEqual({ ...(await diagnosed(model, "--target", "price")) });
});

describe("what cannot be diagnosed gets one line and exit code 2", () => {
  const cases: readonly (readonly [string, readonly string[], string | RegExp])[] = [
    ["a table without a target", [table], "--target is needed"],
    ["a target that is not there", [table, "--target", "prize"], 'did you mean "price"'],
    ["a file that is not there", [folder.at("no.csv"), "--target", "price"], "no such file"],
    ["fewer rows than can be looked at", [table, "--target", "price", "--rows", "39"], "at least 40"],
    [
      "a table of few rows",
      [table, "--target", "price", "--query", "select * from input limit 30"],
      "30 training rows; at least 40",
    ],
    ["a ridge below 0", [table, "--target", "price", "--ridge", "-1"], "0 or more"],
    ["a kernel that does not exist", [table, "--target", "price", "--kernel", "laplce"], "laplace"],
    ["a split that is none", [table, "--target", "price", "--split", "district"], "neither train nor test"],
    [
      "a constant target",
      [table, "--target", "one", "--query", "select *, 1 as one from input"],
      "same in every row",
    ],
    ["a page that is no page", [table, "--target", "price", "--report", "x.png"], "must end in .html"],
    ["another target than the model's", [model, "--target", "size"], 'predicts "price"'],
    ["flags for tables with a model", [model, "--split", "part"], "--split is for tables"],
    ["a ridge for a model", [model, "--ridge", "1"], "--ridge is for tables"],
  ];

  test.each(cases)("%s", async (_, words, message) => {
    const before = await folder.list();
    const { code, stdout, stderr } = await runCommand(["diagnose", ...words]);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(await folder.list()).toEqual(before);
  });

  test("a model file that is cut off", async () => {
    const cut = folder.at("cut.safetensors");
    await writeFile(cut, (await readFile(model)).subarray(0, 20_000));
    const { code, stderr } = await runCommand(["diagnose", cut]);
    expect({ code, lines: stderr.trim().split("\n").length }).toEqual({ code: 2, lines: 1 });
  });
});
