import {
  cutShortSentence,
  fitTable,
  fromRecords,
  openEngine,
  parseFitOptions,
  planFit,
  random,
  TableModel,
  type TableFitOptions,
} from "lineament";
import { describe, expect, test } from "vitest";

const engine = await openEngine({ engine: "plain" });

const houses = (rows: number) => {
  const generator = random(3);
  return fromRecords(
    Array.from({ length: rows }, () => {
      const [size, age] = [generator.normal(), generator.normal()];
      return { size, age, price: 3 * size + Math.abs(age) + 0.1 * generator.normal() };
    }),
    "houses",
  );
};
const options: TableFitOptions = { engine, target: "price", effort: "quick" };
const everything = ["search", "fit", "baselines", "importances"] as const;

describe("a fit of a table that has to end early", () => {
  test("is a model as any other, whose record says what was cut short", async () => {
    const { model, baselines, importances } = await fitTable(houses(200), {
      ...options,
      enough: AbortSignal.abort(),
    });
    const { record } = model;
    expect(record.cutShort).toEqual(everything);
    expect(record.warnings).toContain(cutShortSentence(everything));
    expect(record.chosen.candidates).toBe(1);
    expect(baselines).toEqual([]);
    expect(record.baselines).toEqual({});
    expect(importances!.floor).toBeUndefined();
    expect(record.importances.map(({ column }) => column)).toEqual(["size", "age"]);
    const { evaluation } = await model.evaluate(houses(100));
    expect((evaluation.test as { r2: number }).r2).toBeGreaterThan(0.8);
    const opened = TableModel.fromBytes(engine, model.toBytes());
    expect(opened.record).toEqual(record);
  });

  test("says only what it left out", async () => {
    const controller = new AbortController();
    const { model } = await fitTable(houses(60), {
      ...options,
      machine: { kernel: { family: "laplace", bandwidth: 2 }, iterations: 0, ridge: 0.1 },
      enough: controller.signal,
      onProgress: ({ message }) => message.includes("kernel ridge") && controller.abort(),
    });
    expect(model.record.cutShort).toEqual(["baselines", "importances"]);
    expect(Object.keys(model.record.baselines)).toEqual(["mean", "linear"]);
  });

  test("ends when its seconds are over, and not before", async () => {
    const hurried = await fitTable(houses(300), { ...options, seconds: 0.05 });
    // How much more is cut short depends on the machine.
    expect(hurried.model.record.cutShort).toContain("search");
    expect(hurried.model.record.options).toMatchObject({ seconds: 0.05 });
    const calm = await fitTable(houses(60), { ...options, seconds: 600 });
    expect(calm.model.record).not.toHaveProperty("cutShort");
  });

  test("is recorded without the signals and the threads that made it", async () => {
    const { model } = await fitTable(houses(40), {
      ...options,
      machine: { kernel: { family: "laplace", bandwidth: 2 }, iterations: 0, ridge: 0.1 },
      baselines: false,
      importances: false,
      workers: 2,
      enough: new AbortController().signal,
    });
    expect(Object.keys(model.record.options).sort()).toEqual([
      "baselines",
      "effort",
      "importances",
      "machine",
      "target",
    ]);
  });
});

describe("a plan with a limit on time", () => {
  const rates = { flops: 2e11, values: 6e8, bandwidth: 1e10 };
  const plan = (seconds: number, more: object = {}) =>
    planFit(10_000, 10, parseFitOptions({ seconds }), { rates, ...more });

  test("gives the search what the fit to all rows leaves", () => {
    const { limits, stages } = plan(60);
    const fitting = stages.find(({ stage }) => stage === "fitting")!.seconds!;
    expect(limits!.fit).toBe(60);
    expect(limits!.search).toBeLessThan(60 - fitting);
    expect(limits!.search).toBeGreaterThan(60 - 2 * fitting);
  });

  test("keeps some for what follows, and something for the search even when time is short", () => {
    const { limits, stages, seconds } = plan(1, { baselines: true, testRows: 100 });
    expect(limits!.fit).toBeLessThan(1);
    expect(limits!.search).toBeGreaterThan(0.3);
    expect(stages.find(({ stage }) => stage === "comparing")!.seconds).toBeLessThanOrEqual(limits!.search);
    expect(seconds).toBeCloseTo(
      stages.reduce((sum, stage) => sum + stage.seconds!, 0),
      9,
    );
  });

  test("divides it without rates as well, and is without limits when there is none", () => {
    const { limits } = planFit(10_000, 10, parseFitOptions({ seconds: 10 }), {});
    expect(limits).toEqual({ search: 6, fit: 10 });
    expect(planFit(10_000, 10, parseFitOptions({}), { rates }).limits).toBeUndefined();
  });
});
