import fc from "fast-check";
import {
  columnOf,
  fitTable,
  fromRecords,
  InputError,
  lineamentVersion,
  openEngine,
  planFit,
  planTable,
  parseFitOptions,
  random,
  type Table,
  type TableFitOptions,
  TableModel,
  takeTableRows,
  type TableFitProgress,
} from "lineament";
import { describe, expect, test } from "vitest";

const engine = await openEngine({ engine: "plain" });
const ridge = { kernel: { family: "laplace", bandwidth: 2 }, bandwidth: "adaptive", iterations: 0 } as const;
/** A fit that takes milliseconds. */
const swift = { engine, machine: ridge, baselines: false, importances: false } as const;

function houses(rows: number, seed = 1): Table {
  const generator = random(seed);
  return fromRecords(
    Array.from({ length: rows }, (_, i) => {
      const size = generator.normal();
      const district = ["north", "south", "west"][i % 3]!;
      return {
        size,
        quality: i % 7 === 0 ? null : generator.normal(),
        district,
        price: 3 * size + (district === "south" ? 5 : 0) + 0.1 * generator.normal(),
        weight: 1 + (i % 2),
        owner: `owner ${Math.floor(i / 4)}`,
        part: i % 5 === 4 ? "test" : "train",
      };
    }),
    "houses",
  );
}

describe("a table", () => {
  const options = { ...swift, target: "price", exclude: ["owner", "weight", "part"] };

  test("is fitted, and predicted whatever the order of its columns", async () => {
    const { model } = await fitTable(houses(60), options);
    const rows = houses(20, 2);
    const shuffled = { ...rows, columns: rows.columns.toReversed() };
    const { values } = await model.predict(rows);
    expect((await model.predict(shuffled)).values).toEqual(values);
    const { evaluation } = await model.evaluate(rows);
    expect(evaluation.test).toMatchObject({ r2: expect.any(Number) as number });
    expect((evaluation.test as { r2: number }).r2).toBeGreaterThan(0.8);
  });

  test("is not changed by a fit, nor are the options", async () => {
    const table = houses(40);
    const given = structuredClone({ ...options, engine: undefined });
    await fitTable(table, { ...given, engine });
    expect(table).toEqual(houses(40));
    expect(given).toEqual({ ...options, engine: undefined });
  });

  test("is predicted row by row: a subset of rows gives the subset of predictions", async () => {
    const { model } = await fitTable(houses(40), options);
    const table = houses(30, 3);
    const { values } = await model.predict(table);
    const some = [3, 29, 0, 7];
    expect((await model.predict(takeTableRows(table, some))).values).toEqual(
      Float64Array.from(some, (i) => values[i]!),
    );
  });

  test("gives the same model for the same seed", async () => {
    const [a, b] = [await fitTable(houses(40), options), await fitTable(houses(40), options)];
    expect(b.model.machine.state).toEqual(a.model.machine.state);
  });

  test("test rows take no part in the fit: other values there change nothing but their scores", async () => {
    const split = { ...options, exclude: ["owner", "weight"], split: "part" };
    const table = houses(60);
    const one = await fitTable(table, split);
    const changed = {
      ...table,
      columns: table.columns.map((column) =>
        column.type === "number"
          ? { ...column, values: column.values.map((value, i) => (i % 5 === 4 ? 1000 - value : value)) }
          : column,
      ),
    };
    const other = await fitTable(changed, split);
    expect(other.model.machine.state).toEqual(one.model.machine.state);
    expect(other.model.encoder).toEqual(one.model.encoder);
    expect(other.model.record.test).not.toEqual(one.model.record.test);
    expect(one.model.record.rows).toEqual({ train: 48, test: 12, withoutTarget: 0 });
    expect(one.test!.rows).toHaveLength(12);
  });

  test("is compared with the mean, a linear learner and kernel ridge, on the test rows or by cross-validation", async () => {
    for (const split of [{ split: "part", exclude: ["owner", "weight"] }, {}]) {
      const { model, baselines } = await fitTable(houses(60), { ...options, ...split, baselines: true });
      expect(baselines.map(({ name }) => name)).toEqual(["mean", "linear", "kernelRidge"]);
      const { mean, linear } = model.record.baselines as Record<string, { r2: number }>;
      expect(mean!.r2).toBeLessThan(0.1);
      expect(linear!.r2).toBeGreaterThan(0.95); // the target is linear
    }
    const { model } = await fitTable(houses(60), {
      ...options,
      target: "district",
      exclude: ["owner", "weight", "part"],
      baselines: true,
    });
    expect(Object.keys(model.record.baselines)).toEqual(["majority", "linear", "kernelRidge"]);
  });

  test("is weighted, and keeps groups together", async () => {
    const weighted = await fitTable(houses(60), {
      ...options,
      exclude: ["owner", "part"],
      weights: "weight",
    });
    const doubled = await fitTable(
      {
        ...houses(60),
        columns: houses(60).columns.map((c) =>
          c.name === "weight" && c.type === "number" ? { ...c, values: c.values.map((w) => 2 * w) } : c,
        ),
      },
      { ...options, exclude: ["owner", "part"], weights: "weight" },
    );
    expect(doubled.model.machine.state.members[0]!.expansions).toEqual(
      weighted.model.machine.state.members[0]!.expansions,
    );
    const grouped = await fitTable(houses(60), { ...options, exclude: ["weight", "part"], groups: "owner" });
    expect(grouped.model.record.roles).toEqual(["price", "owner"]);
  });

  test("tells its plan, then its progress from 0 to 1", async () => {
    const seen: (number | string)[] = [];
    await fitTable(houses(40), {
      ...options,
      baselines: true,
      onPlan: ({ trainRows, solveRows, pieces }) => seen.push(`plan ${trainRows} ${solveRows} ${pieces}`),
      onProgress: ({ fraction }: TableFitProgress) => seen.push(fraction),
    });
    expect(seen[0]).toBe("plan 40 40 1");
    const fractions = seen.slice(1) as number[];
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
  });

  test("stops on a signal, with its reason", async () => {
    const reason = new Error("enough");
    await expect(fitTable(houses(40), { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    const controller = new AbortController();
    const running = fitTable(houses(200), {
      engine,
      target: "price",
      effort: "quick",
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(running).rejects.toBe(reason);
  });

  test.each<[string, Partial<TableFitOptions>, string]>([
    ["a target among the features", { features: ["price", "size"] }, "must not see it"],
    ["one column in two roles", { weights: "price" }, "cannot be both"],
    ["weights that are no numbers", { weights: "district" }, "positive numbers"],
    ["unknown options", { effort: "great" as "quick" }, "effort"],
    ["a split column of other words", { split: "district" }, "neither train nor test"],
    ["test rows from two places", { split: "part", test: houses(9) }, "not from both"],
    ["too little memory", { memory: 1e6 }, "of memory"],
  ])("is refused with %s", async (_, wrong, message) => {
    const fitting = fitTable(houses(40), { ...options, ...wrong });
    await expect(fitting).rejects.toThrow(InputError);
    await expect(fitting).rejects.toThrow(message);
  });
});

describe("a model of a table", () => {
  test("is stored and opened: predictions, intervals and record are the same", async () => {
    const { model } = await fitTable(houses(80), {
      ...swift,
      target: "price",
      exclude: ["owner", "part", "weight"],
      importances: true,
    });
    const opened = TableModel.fromBytes(engine, model.toBytes());
    const table = houses(20, 5);
    expect(await opened.predict(table, { coverage: 0.8 })).toEqual(
      await model.predict(table, { coverage: 0.8 }),
    );
    expect(opened.record).toEqual(model.record);
    expect(opened.training).toEqual(model.training);
    expect(opened.encoder).toEqual(model.encoder);
  });

  test("names the file and what is wrong with it", async () => {
    const { model } = await fitTable(houses(40), {
      ...swift,
      target: "price",
      exclude: ["owner", "part", "weight"],
    });
    const bytes = model.toBytes();
    expect(() => TableModel.fromBytes(engine, bytes.subarray(0, 2000), "m.safetensors")).toThrow(
      /^m\.safetensors: .*cut off/u,
    );
    expect(() => TableModel.fromBytes(engine, new Uint8Array(100), "m.safetensors")).toThrow(InputError);
  });

  test("predicts numbers as numbers, truth values as truth values, and labels as text", async () => {
    const table = houses(40);
    const column = (cells: readonly (string | number | boolean)[]) => ({
      ...table,
      columns: [...table.columns.slice(0, 3), columnOf("y", cells)],
    });
    const kinds = await Promise.all(
      [
        (i: number) => i % 3,
        (i: number) => i % 2 === 0,
        (i: number) => ["a", "b"][i % 2]!,
        (i: number) => ["01", "02"][i % 2]!,
      ].map(async (cell) => {
        const { model } = await fitTable(column(Array.from({ length: 40 }, (_, i) => cell(i))), {
          ...swift,
          target: "y",
          task: "classification",
        });
        return model.predictionTable(await model.predict(table)).columns[0]!.type;
      }),
    );
    expect(kinds).toEqual(["number", "boolean", "text", "text"]);
  });

  test("counts levels that training did not have", async () => {
    const { model } = await fitTable(houses(40), {
      ...swift,
      target: "price",
      exclude: ["owner", "part", "weight"],
    });
    const { notes, warnings, values } = await model.predict(
      fromRecords([{ size: 1, quality: null, district: "east", extra: 1 }]),
    );
    expect(notes.unknownLevels).toEqual([{ column: "district", count: 1, examples: ["east"] }]);
    expect(notes.addedColumns).toEqual(["extra"]);
    expect(warnings).toHaveLength(2);
    expect(values[0]).toSatisfy(Number.isFinite);
  });
});

describe("a table fitted by each method", () => {
  test.each(["direct", "tree", "nystrom"] as const)(
    "%s keeps what it learned in its file",
    async (method) => {
      const plans: string[] = [];
      const { model, importances: measured } = await fitTable(houses(120), {
        target: "price",
        exclude: ["owner", "part", "weight"],
        effort: "quick",
        baselines: false,
        method,
        centers: 50,
        engine,
        onPlan: (plan) => plans.push(plan.method),
      });
      expect(plans).toEqual([method]);
      expect(model.record.chosen).toMatchObject({ method, pieces: 1 });
      expect(model.record.validation).toHaveProperty("r2");
      // A Nyström machine keeps its centers, the others all rows.
      const kept = model.machine.state.x.coordinates.rows;
      expect(kept).toBe(method === "nystrom" ? 50 : 120);
      expect(model.training.sourceRows).toHaveLength(kept);
      expect(model.training.target).toHaveLength(kept);
      expect(measured!.columns.length).toBeGreaterThan(0);
      const again = TableModel.fromBytes(engine, model.toBytes());
      const [first, second] = await Promise.all([model, again].map((one) => one.predict(houses(10))));
      expect(second!.values).toEqual(first!.values);
      expect(again.training).toEqual(model.training);
    },
  );

  test("is planned without being fitted as it would be", () => {
    const options = { target: "price", exclude: ["owner"], split: "part", memory: 1e9 } as const;
    const plan = planTable(houses(60), options);
    expect(plan).toMatchObject({ method: "direct", effort: "default", coordinates: expect.any(Number) });
    expect(plan.trainRows + plan.testRows).toBe(60);
    expect(() => planTable(houses(60), { target: "nothing" })).toThrow(InputError);
  });
});

describe("the plan of a fit", () => {
  const options = parseFitOptions({});

  test("takes a tree where the kernel matrices of the effort asked for do not fit, and says why", () => {
    const whole = planFit(16_000, 50, options);
    expect(whole).toMatchObject({ effort: "default", method: "direct", pieces: 1, seconds: undefined });
    expect(whole.bytes).toBeGreaterThan(4 * 16_000 ** 2);
    const less = planFit(16_000, 50, options, { memory: 8e8 });
    expect(less).toMatchObject({ effort: "default", method: "tree", pieces: 2 });
    expect(less).not.toHaveProperty("reduced");
    expect(less.solveRows).toBeLessThanOrEqual(8000);
    expect(less.bytes).toBeLessThan(8e8);
    expect(less.reason).toMatch(/^a direct solution would take 1\.\d GB and may take \d+ MB$/u);
  });

  test("takes a smaller effort where no method of the one asked for fits, and says so", () => {
    const less = planFit(30_000, 50, parseFitOptions({ effort: "thorough" }), { memory: 4.2e8 });
    expect(less).toMatchObject({ effort: "default", method: "tree" });
    expect(less.reduced).toMatch(/effort thorough would take about \d+ MB/u);
  });

  test("has seconds of every stage with rates, and trees once rows are many", () => {
    const rates = { flops: 2e11, values: 6e8, bandwidth: 1e10 };
    const few = planFit(2000, 10, options, { rates, baselines: true, testRows: 500 });
    expect(few.stages.map(({ stage }) => stage)).toEqual(["comparing", "fitting", "testing", "baselines"]);
    const sum = few.stages.reduce((total, { seconds }) => total + seconds!, 0);
    expect(few.seconds).toBeCloseTo(sum, 6);
    const many = planFit(1_000_000, 30, options, { rates });
    expect(many).toMatchObject({
      method: "tree",
      reason: expect.stringMatching(/1,000,000 rows are more than/u),
    });
    expect(many.considered.map(({ method }) => method)).toEqual(["tree", "nystrom", "direct"]);
    // A search that would go on for too long is ended at its deadline.
    const hurried = planFit(2000, 10, parseFitOptions({ seconds: 5 }), { rates });
    expect(hurried.seconds).toBeLessThan(6);
  });

  test("refuses what does not fit at all, with the numbers", () => {
    expect(() => planFit(1_000_000, 500, options, { memory: 1e9 })).toThrow(
      /1000000 rows of 500 numbers need about 16\.\d GB/u,
    );
    expect(() => planFit(1000, 5, options, { memory: 2e8, blockSizes: [20_000] })).toThrow(InputError);
  });
});

describe("any small table", () => {
  const cells: Record<string, fc.Arbitrary<string | number | boolean | null>> = {
    numbers: fc.oneof(
      {
        weight: 5,
        arbitrary: fc.double({ min: -100, max: 1e6, noNaN: true }).map((value) => Number(value.toFixed(3))),
      },
      { weight: 1, arbitrary: fc.constant(null) },
    ),
    small: fc.integer({ min: 0, max: 3 }),
    levels: fc.constantFrom("a", "b", "", "NA", "a,b", "ü"),
    flags: fc.oneof(fc.boolean(), fc.constant(null)),
    dates: fc.constantFrom("2020-01-01", "1999-12-31", "2024-02-29T12:30:00Z"),
    mixed: fc.constantFrom("1", "2", "x", "", "1e400"),
    same: fc.constant(7),
    huge: fc.constantFrom(1e300, -1e300, 1e-300, 0),
  };
  const kind = fc.constantFrom(...Object.keys(cells));
  const tables = fc
    .tuple(
      fc.array(kind, { minLength: 1, maxLength: 4 }),
      fc.constantFrom("numbers", "small", "levels", "flags"),
      fc.integer({ min: 1, max: 16 }),
    )
    .chain(([features, target, rows]) =>
      fc.array(
        fc.record({
          ...Object.fromEntries(features.map((name, j) => [`x${j}`, cells[name]!])),
          y: cells[target]!,
        }),
        {
          minLength: rows,
          maxLength: rows,
        },
      ),
    );

  test("is fitted to finite predictions or refused in one line", { timeout: 120_000 }, async () => {
    let [fitted, refused] = [0, 0];
    await fc.assert(
      fc.asyncProperty(tables, async (records) => {
        const table = fromRecords(records, "table");
        try {
          const { model } = await fitTable(table, { ...swift, target: "y", baselines: true });
          const { values, probabilities } = await model.predict(table);
          fitted++;
          expect(values.every(Number.isFinite)).toBe(true);
          probabilities?.data.forEach((p) => expect(p).toBeGreaterThan(0));
          const text = JSON.stringify(model.record);
          expect(JSON.parse(text)).toEqual(model.record); // no NaN, no infinity
          expect(TableModel.fromBytes(engine, model.toBytes()).machine.state).toEqual(model.machine.state);
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
          refused++;
          expect(error.message).not.toContain("\n");
        }
      }),
      { seed: 5, numRuns: 200 },
    );
    expect(Math.min(fitted, refused)).toBeGreaterThan(40);
  });

  test("is fitted by the whole search as well", { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(tables, async (records) => {
        try {
          const table = fromRecords(records, "table");
          const { model } = await fitTable(table, { engine, target: "y", effort: "quick", baselines: false });
          expect((await model.predict(table)).values.every(Number.isFinite)).toBe(true);
          expect(JSON.parse(JSON.stringify(model.record))).toEqual(model.record);
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
        }
      }),
      { seed: 6, numRuns: 25 },
    );
  });
});

test("the version is a version", () => {
  expect(lineamentVersion).toMatch(/^\d+\.\d+\.\d+$/u);
});
