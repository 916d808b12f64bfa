import {
  CompletionModel,
  completeTable,
  fromRecords,
  InputError,
  openEngine,
  random,
  type Table,
} from "lineament";
import { afterAll, describe, expect, test } from "vitest";

const engine = await openEngine();
afterAll(() => engine.close());

/** Ratings from 1 to 5: users like even or odd films. */
function ratings(): Record<string, string | number>[] {
  const generator = random(1);
  const rows: Record<string, string | number>[] = [];
  for (let user = 0; user < 30; user++)
    for (let film = 0; film < 20; film++)
      if (generator.uniform() < 0.5)
        rows.push({
          user: `user ${user}`,
          film: 100 + film,
          stars: Math.min(
            5,
            Math.max(1, Math.round(3 + (user % 2 === film % 2 ? 1.5 : -1.5) + 0.3 * generator.normal())),
          ),
          part: generator.uniform() < 0.2 ? "test" : "train",
        });
  return rows;
}

const roles = { row: "user", column: "film", value: "stars" } as const;
const complete = (table: Table, options: Partial<Parameters<typeof completeTable>[1]> = {}) =>
  completeTable(table, { ...roles, engine, baselines: false, ...options });

const records = ratings();
const model = await complete(fromRecords(records), { split: "part", baselines: true });

describe("completeTable", () => {
  test("scores test rows beside simpler completions", () => {
    const { scores, entries, matrix } = model.record;
    expect(scores.map(({ name }) => name)).toEqual([
      expect.stringMatching(/^factorization of depth \d$/u),
      "soft-impute",
      "alternating least squares",
      "biases",
      "global mean",
    ]);
    expect(scores[0]!.test!.rmse).toBeLessThan(0.6);
    expect(scores[3]!.test!.rmse).toBeGreaterThan(1.2);
    expect(entries.train + entries.test).toBe(records.length);
    expect(matrix).toEqual({ rows: 30, columns: 20 });
  });

  test("predicts pairs by name, whatever their order and type", () => {
    const { values, warnings } = model.predict(
      fromRecords([
        { film: 101, user: "user 3", other: 1 },
        { film: 102, user: "user 3", other: 2 },
      ]),
    );
    expect(values[0]).toBeGreaterThan(3.7);
    expect(values[1]).toBeLessThan(2.3);
    expect(warnings).toEqual([]);
    const asText = fromRecords([
      { film: "101", user: "user 3" },
      { film: "102", user: "user 3" },
    ]);
    expect(model.predict(asText).values).toEqual(values);
  });

  test("says how many names it does not know, and predicts by the other", () => {
    const { values, unknownRows, unknownColumns, warnings } = model.predict(
      fromRecords([
        { user: "nobody", film: 101 },
        { user: "user 3", film: 999 },
      ]),
    );
    expect([...values].every(Number.isFinite)).toBe(true);
    expect([unknownRows, unknownColumns]).toEqual([1, 1]);
    expect(warnings).toHaveLength(2);
  });

  test("lists the best new columns of each different row name", () => {
    const top = model.top(fromRecords([{ user: "user 3" }, { user: "user 8" }, { user: "user 3" }]), 2);
    expect(top.columns.map(({ name, type }) => [name, type])).toEqual([
      ["user", "text"],
      ["rank", "number"],
      ["film", "number"],
      ["prediction", "number"],
    ]);
    expect(top.rows).toBe(4);
    const films = top.columns[2]!;
    expect(films.type === "number" && [...films.values].map((film) => film % 2)).toEqual([1, 1, 0, 0]);
    const trained = records
      .filter(({ user, part }) => user === "user 3" && part === "train")
      .map(({ film }) => film);
    expect(films.type === "number" && trained.some((film) => film === films.values[0])).toBe(false);
  });

  test("is scored by evaluate as by the fit", () => {
    const { scores, scored } = model.evaluate(fromRecords(records.filter(({ part }) => part === "test")));
    expect(scored).toBe(model.record.entries.test);
    expect(scores).toEqual(model.record.scores[0]!.test);
  });

  test("is the same from its file", () => {
    const again = CompletionModel.fromBytes(model.toBytes());
    expect(again).toEqual(model);
    expect(again.toBytes()).toEqual(model.toBytes());
  });

  test("leaves out rows without a value and says so", async () => {
    const { record } = await complete(fromRecords([...records, { user: "user 1", film: 5000, stars: NaN }]));
    expect(record.entries.withoutValue).toBe(1);
    expect(record.matrix.columns).toBe(20);
    expect(record.warnings).toEqual(['1 training rows without a "stars" left out']);
  });

  const one = { user: "user 1", film: 777, stars: 3 };
  test.each<[string, Record<string, string | number>[], object, string]>([
    [
      "a pair that is there twice",
      [...records, one, one],
      {},
      `rows ${records.length + 1} and ${records.length + 2} have the same`,
    ],
    [
      "an empty name",
      [...records, { film: 777, stars: 3 }],
      {},
      `row ${records.length + 1}: column "user" is empty`,
    ],
    ["one user", records.filter(({ user }) => user === "user 1"), {}, 'all rows have the same "user"'],
    ["constant ratings", records.map((row) => ({ ...row, stars: 4 })), {}, "is 4 in every row"],
    [
      "ratings that are text",
      records.map((row) => ({ ...row, stars: `${row["stars"]} stars` })),
      {},
      "holds text",
    ],
    ["ratings too large to be squared", [...records, { ...one, stars: 1e200 }], {}, "too large"],
    ["infinite ratings", [...records, { ...one, stars: Infinity }], {}, "too large"],
    [
      "no ratings",
      records.map(({ user, film }) => ({ user: user ?? "", film: film ?? "", stars: NaN })),
      {},
      'no row has a "stars"',
    ],
    ["a column that is not there", records, { value: "star" }, 'did you mean "stars"?'],
    ["one column for two things", records, { column: "user" }, "cannot be two things"],
    [
      "a rank above the matrix",
      records,
      { method: { kind: "deep-factorization", rank: 21 } },
      "give at most 20",
    ],
    [
      "a negative depth",
      records,
      { method: { kind: "deep-factorization", depth: -1 } },
      "expected number to be >=2",
    ],
    ["a handful of entries", records.filter((_, k) => k % 40 === 0).slice(0, 8), {}, "expected at least 10"],
  ])("refuses %s in one line", async (_, rows, options, message) => {
    const refused = complete(fromRecords(rows), options);
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.not.toThrow("\n");
  });

  test.each([
    ["a file of something else", new Uint8Array([1, 2, 3]), ""],
    ["a file that was cut off", model.toBytes().slice(0, 5000), ""],
  ])("does not open %s", (_, bytes) => {
    expect(() => CompletionModel.fromBytes(bytes, "model.safetensors")).toThrow(InputError);
    expect(() => CompletionModel.fromBytes(bytes, "model.safetensors")).toThrow(
      /^model\.safetensors: [^\n]+$/u,
    );
  });
});

test("a completion that has to end early is a model as any other, and says so", async () => {
  const cut = await complete(fromRecords(records), {
    split: "part",
    baselines: true,
    enough: AbortSignal.abort(),
  });
  expect(cut.record.cutShort).toBe(true);
  expect(cut.record.warnings[0]).toMatch(/^the completion was cut short/u);
  expect(cut.record.scores).toHaveLength(1);
  // Biases alone, which say nothing of who likes which films.
  expect(cut.record.scores[0]!.test!.r2).toBeGreaterThan(-0.2);
  expect(CompletionModel.fromBytes(cut.toBytes()).record).toEqual(cut.record);
  expect(model.record).not.toHaveProperty("cutShort");
});
