import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { openEngine, TableModel } from "lineament";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { z } from "zod";
import { documents, readTable } from "@lineament/cli";
import { Folder, runCommand } from "../run-command.ts";
import { houses, swift } from "../tables-of-tests.ts";

const folder = await Folder.create();
afterAll(() => folder[Symbol.asyncDispose]());

const table = folder.at("houses.csv");
const model = folder.at("model.safetensors");
const digest = async (path: string) =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex");

/** The document that a command prints, checked by its schema. */
async function documentOf<K extends keyof typeof documents>(
  command: K,
  ...words: readonly string[]
): Promise<z.output<(typeof documents)[K]>> {
  const { code, stdout, stderr } = await runCommand([command, ...words, "--json"]);
  expect(stderr).not.toContain("error");
  expect(code).toBe(0);
  return documents[command].parse(JSON.parse(stdout)) as z.output<(typeof documents)[K]>;
}

describe("a regression", () => {
  let fitted: z.output<typeof documents.fit>;

  beforeAll(async () => {
    await writeFile(table, houses(60));
    fitted = await documentOf(
      "fit",
      table,
      "--target",
      "price",
      "--split",
      "part",
      "--exclude",
      "sold",
      "--effort",
      "quick",
      "--out",
      model,
      "--report",
      folder.at("report.html"),
    );
  }, 120_000);

  test("prints one document, with test scores beside those of simple learners", () => {
    expect(fitted).toMatchObject({
      task: "regression",
      target: "price",
      rows: { train: 45, test: 15 },
      model,
    });
    expect(Object.keys(fitted.baselines)).toEqual(["mean", "linear", "kernelRidge"]);
    expect(fitted.test).toMatchObject({ r2: expect.any(Number) as number });
    expect((fitted.test as { r2: number }).r2).toBeGreaterThan(0.8);
    expect(fitted.importances.map(({ column }) => column).sort()).toEqual(["district", "quality", "size"]);
    expect(fitted.columns.find(({ name }) => name === "sold")).toMatchObject({
      used: false,
      reason: "excluded by the user",
    });
  });

  test("writes a report that needs nothing else", async () => {
    const page = await readFile(folder.at("report.html"), "utf8");
    expect(page).toMatch(/^<!doctype html>/iu);
    expect(page).not.toMatch(/(?:src|href)="https?:/u);
  });

  test("is scored by evaluate as it was by fit", async () => {
    const rows = "select * from input where part = 'test'";
    const evaluated = await documentOf("evaluate", model, table, "--query", rows);
    expect(evaluated.test).toEqual(fitted.test);
    expect(evaluated.rows.scored).toBe(15);
    expect(evaluated.warnings).toEqual([]);
  });

  test("predicts each row by itself, in the order of the table", async () => {
    const all = await documentOf("predict", model, table, "--intervals", "0.8");
    const some = await documentOf(
      "predict",
      model,
      table,
      "--intervals",
      "0.8",
      "--query",
      "select * from input where size > 1.5",
    );
    expect(all.columns).toEqual(["prediction", "lower", "upper"]);
    const { table: read } = await readTable(table);
    const sizes = read.columns[0]!.type === "number" ? read.columns[0]!.values : [];
    const expected = all.predictions!.filter((_, i) => sizes[i]! > 1.5);
    expect(some.predictions).toHaveLength(expected.length);
    some.predictions!.forEach((row, i) => {
      expect(row["lower"]).toBeLessThan(row["upper"] as number);
      // The same up to float32 rounding of products of another shape.
      for (const name of some.columns) expect(row[name]).toBeCloseTo(expected[i]![name] as number, 2);
    });
  });

  test("predicts the same from the file as in memory, to the last bit", async () => {
    const engine = await openEngine();
    const { table: read } = await readTable(table);
    const bytes = await readFile(model);
    const [first, second] = [
      TableModel.fromBytes(engine, bytes),
      TableModel.fromBytes(engine, TableModel.fromBytes(engine, bytes).toBytes()),
    ];
    expect(await second.predict(read)).toEqual(await first.predict(read));
    expect(second.toBytes()).toEqual(first.toBytes());
    await engine.close();
  });

  test("writes predictions as CSV, JSON and Parquet that read back the same", async () => {
    const { predictions } = await documentOf("predict", model, table);
    for (const ending of ["csv", "json", "parquet"]) {
      const out = folder.at(`predictions.${ending}`);
      const written = await documentOf("predict", model, table, "--out", out);
      expect(written).toMatchObject({ out, rows: 60 });
      expect(written.predictions).toBeUndefined();
      const { table: read } = await readTable(out);
      const column = read.columns.find(({ name }) => name === "prediction")!;
      expect(Array.from(column.type === "text" ? [] : column.values)).toEqual(
        predictions!.map((row) => row["prediction"]),
      );
    }
  });

  test("writes CSV to standard output beside columns that are kept, and reads standard input", async () => {
    const { code, stdout, stderr } = await runCommand(["predict", model, "-", "--keep", "district"], {
      stdin: "size,quality,district\n1.5,0.5,north\n",
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^district,prediction\nnorth,\d+\.\d+\n$/u);
  });

  test("explains a prediction by contributions that sum to its difference from the reference", async () => {
    const { row } = await documentOf("explain", model, table, "--row", "2");
    const sum = row!.contributions.reduce((total, { contribution }) => total + contribution, 0);
    expect(row!.reference + sum).toBeCloseTo(row!.prediction, 5);
    const added = await documentOf(
      "predict",
      model,
      table,
      "--explain",
      "--query",
      "select * from input limit 2",
    );
    const second = added.predictions![1]!;
    for (const { column, contribution } of row!.contributions)
      expect(second[`contribution_${column}`]).toBeCloseTo(contribution, 5);
  });

  test("explains itself, a training row, and a table", async () => {
    const whole = await documentOf("explain", model);
    expect(whole.importances!.map(({ column }) => column)).toEqual(
      fitted.importances.map(({ column }) => column),
    );
    expect(whole.interactions![0]!.columns.toSorted()).toEqual(["quality", "size"]);
    const own = await documentOf("explain", model, "--row", "1");
    expect(own.row!.contributions.find(({ column }) => column === "district")).toMatchObject({
      value: "north",
    });
    const average = await documentOf("explain", model, table);
    expect(average.table!.contributions).toHaveLength(3);
  });

  test("leaves the table alone and no other file behind", async () => {
    expect(await readFile(table, "utf8")).toBe(houses(60));
    expect((await folder.list()).filter((name) => name.includes("part"))).toEqual([]);
  });
});

describe("a classification", () => {
  const classifier = folder.at("classifier.safetensors");

  test("predicts classes with probabilities that sum to 1", async () => {
    const fitted = await documentOf(
      "fit",
      table,
      "--target",
      "sold",
      "--exclude",
      "price,part",
      "--out",
      classifier,
      ...swift,
    );
    expect(fitted).toMatchObject({
      task: "classification",
      classes: ["no", "yes"],
      report: null,
      baselines: {},
    });
    expect(fitted.test).toBeUndefined();
    const { predictions } = await documentOf("predict", classifier, table);
    for (const row of predictions!) {
      expect((row["probability_no"] as number) + (row["probability_yes"] as number)).toBeCloseTo(1, 12);
      expect(row["prediction"]).toBe(
        (row["probability_no"] as number) >= (row["probability_yes"] as number) ? "no" : "yes",
      );
    }
  });

  test("is scored with confusion and calibration", async () => {
    const { test: scores, confusion, calibration } = await documentOf("evaluate", classifier, table);
    expect(scores).toMatchObject({
      accuracy: expect.any(Number) as number,
      logLoss: expect.any(Number) as number,
    });
    expect(confusion!.counts.flat().reduce((sum, count) => sum + count, 0)).toBe(60);
    expect(calibration!.bins.reduce((sum, { count }) => sum + count, 0)).toBe(60);
  });

  test("leaves out rows of classes that training did not have, and says so", async () => {
    const path = folder.at("unknown.csv");
    await writeFile(
      path,
      "size,quality,district,sold\n1.5,0.5,north,yes\n1.5,0.5,north,maybe\n1.2,0.1,west,\n",
    );
    const { rows, warnings } = await documentOf("evaluate", classifier, path);
    expect(rows).toEqual({ scored: 1, withoutTarget: 1, unknownClass: 1 });
    expect(warnings.join("\n")).toContain('"maybe"');
  });
});

describe("the same seed", () => {
  test("gives the same model, another seed may not", async () => {
    const [a, b] = [folder.at("a.safetensors"), folder.at("b.safetensors")];
    const flags = [
      "--target",
      "price",
      "--exclude",
      "sold,part",
      "--effort",
      "quick",
      "--no-report",
      "--no-baselines",
    ];
    for (const out of [a, b]) expect((await runCommand(["fit", table, ...flags, "--out", out])).code).toBe(0);
    const [one, two] = await Promise.all([a, b].map((path) => readFile(path)));
    const engine = await openEngine();
    const [first, second] = [one!, two!].map((bytes) => TableModel.fromBytes(engine, bytes));
    expect(second!.machine.state).toEqual(first!.machine.state);
    expect({ ...second!.record, seconds: 0 }).toEqual({ ...first!.record, seconds: 0 });
    await engine.close();
  }, 120_000);
});

describe("doctor", () => {
  test("says what is there and what is used", async () => {
    const document = await documentOf("doctor");
    expect(document.engines.map(({ name }) => name)).toEqual(["native", "wasm"]);
    expect(document.engines.filter(({ used }) => used)).toHaveLength(1);
    for (const { available, gigaflops } of document.engines)
      if (available) expect(gigaflops).toBeGreaterThan(0);
  });
});

describe("help", () => {
  test.each(["fit", "predict", "evaluate", "explain", "doctor"])("of %s has examples", async (command) => {
    const { code, stdout, stderr } = await runCommand([command, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Examples:");
    expect(stdout).toContain(`lineament ${command}`);
  });

  test("the version is that of the package", async () => {
    const { version } = JSON.parse(
      await readFile(new URL("../../../lineament/package.json", import.meta.url), "utf8"),
    ) as { version: string };
    expect((await runCommand(["--version"])).stdout.trim()).toBe(version);
    expect(await digest(model)).toMatch(/^[0-9a-f]{64}$/u);
  });
});

describe("a kernel of the user's choice", () => {
  test.each([
    ["ntk:relu:2", "none"],
    ["ntk:relu:1", "full"],
    ["gaussian", "none"],
  ])("--kernel %s --metric %s fits, saves and predicts", async (kernel, metric) => {
    const path = folder.at("kernels.csv");
    await writeFile(path, houses(60));
    const out = folder.at("kernel.safetensors");
    const fitted = await documentOf(
      "fit", path, "--target", "price", "--split", "part", "--exclude", "sold", "--kernel", kernel, "--metric", metric,
      "--no-report", "--no-baselines", "--out", out,
    ); // prettier-ignore
    const { machines } = fitted.chosen;
    expect(machines).toHaveLength(1);
    expect(machines[0]!.name).toContain(kernel.startsWith("ntk") ? "ntk(" : "gaussian");
    if (metric === "none") expect(machines[0]!.updates).toBe(0);
    expect((await documentOf("predict", out, path)).predictions).toHaveLength(60);
  });

  test("a name that means nothing is refused with those that do", async () => {
    const { code, stderr } = await runCommand(["fit", table, "--target", "price", "--kernel", "ntk:rleu:2"]);
    expect(code).toBe(2);
    expect(stderr).toContain('did you mean "relu"');
  });
});
