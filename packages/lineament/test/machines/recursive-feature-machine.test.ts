import fc from "fast-check";
import { KernelRidge, type Matrix, openEngine, random, RecursiveFeatureMachine } from "lineament";
import { describe, expect, expectTypeOf, test } from "vitest";

const engine = await openEngine({ engine: "plain" });
const generator = random(7);
const x = Array.from({ length: 60 }, () => [generator.normal(), generator.normal(), generator.normal()]);
const y = x.map(([a, b]) => a! * b! + a!);
const laplace = {
  kernel: { family: "laplace", bandwidth: 2 },
  bandwidth: "adaptive",
  iterations: 1,
} as const;
const swift = { engine, machine: laplace } as const;

describe("a recursive feature machine", () => {
  test("learns numbers, several numbers, texts and truth values, and predicts what it was given", async () => {
    const numbers = await RecursiveFeatureMachine.fit(x, y, swift);
    expectTypeOf(numbers).toEqualTypeOf<RecursiveFeatureMachine<Float64Array>>();
    expect(await numbers.predict(x)).toBeInstanceOf(Float64Array);
    expect(await numbers.score(x, y)).toBeGreaterThan(0.9);

    const several = await RecursiveFeatureMachine.fit(
      x,
      x.map(([a, b]) => [a!, b!]),
      swift,
    );
    expectTypeOf(several.predict(x)).resolves.toEqualTypeOf<Matrix<Float64Array>>();
    expect(await several.predict(x)).toMatchObject({ rows: 60, cols: 2 });

    const texts = await RecursiveFeatureMachine.fit(
      x,
      y.map((value) => (value > 0 ? "plus" : "minus")),
      swift,
    );
    expect(texts.classes).toEqual(["minus", "plus"]);
    expect(new Set(await texts.predict(x))).toEqual(new Set(["minus", "plus"]));

    const truths = await RecursiveFeatureMachine.fit(
      x,
      y.map((value) => value > 0),
      swift,
    );
    expect(truths.classes).toEqual([false, true]);
    expect(
      await truths.score(
        x,
        y.map((value) => value > 0),
      ),
    ).toBeGreaterThan(0.9);

    const codes = await RecursiveFeatureMachine.fit(
      x,
      y.map((value) => (value > 0 ? 5 : 2)),
      { ...swift, task: "classification" },
    );
    expect(new Set(await codes.predict(x))).toEqual(new Set([2, 5]));
  });

  test("learns its metric on some rows and is solved for all of those that do not judge it", async () => {
    const draw = random(3);
    const rows = Array.from({ length: 600 }, () => [draw.normal(), draw.normal(), draw.normal()]);
    const values = rows.map(([a, b]) => a! * b! + a!);
    const machine = await RecursiveFeatureMachine.fit(rows, values, {
      engine,
      machine: { ...laplace, iterations: 2, ridge: 1e-3, metricRows: 150 },
    });
    const [member] = machine.state.members;
    expect(member!.expansions.map(({ rows: centers }) => centers.length)).toEqual([480]);
    // Three rounds on samples, and the solve for all rows, which has the metric of one of them.
    expect(machine.state.summary.leaderboard.map(({ rounds }) => rounds).slice(0, 3)).toEqual([0, 1, 2]);
    expect(machine.state.summary.leaderboard).toHaveLength(4);
    expect(await machine.score(rows, values)).toBeGreaterThan(0.98);
  });

  test("gives probabilities that sum to 1 and are never 0", async () => {
    const machine = await RecursiveFeatureMachine.fit(
      x,
      y.map((value) => (value > 1 ? "a" : value < -1 ? "b" : "c")),
      swift,
    );
    const { data, rows, cols } = await machine.predictProbabilities(x);
    expect([rows, cols]).toEqual([60, 3]);
    for (let i = 0; i < rows; i++) {
      const row = data.subarray(i * 3, (i + 1) * 3);
      expect(row.reduce((sum, p) => sum + p)).toBeCloseTo(1, 12);
      expect(Math.min(...row)).toBeGreaterThan(0);
    }
    const numbers = await RecursiveFeatureMachine.fit(x, y, swift);
    await expect(numbers.predictProbabilities(x)).rejects.toThrow("no classes");
  });

  test("takes rows of numbers, float64 and float32 matrices alike, and changes none of them", async () => {
    const data = Float64Array.from(x.flat());
    const asRows = await RecursiveFeatureMachine.fit(x, y, swift);
    const asMatrix = await RecursiveFeatureMachine.fit(
      { data, rows: 60, cols: 3 },
      Float64Array.from(y),
      swift,
    );
    expect(asMatrix.state).toEqual(asRows.state);
    expect(data).toEqual(Float64Array.from(x.flat()));
    const before = await asMatrix.predict(x);
    data.fill(0); // the machine keeps its own copy
    expect(await asMatrix.predict(x)).toEqual(before);
    const single = await RecursiveFeatureMachine.fit(
      { data: Float32Array.from(x.flat()), rows: 60, cols: 3 },
      y,
      swift,
    );
    (await single.predict(x)).forEach((value, i) => expect(value).toBeCloseTo(before[i]!, 3));
  });

  test("is the same for the same seed, and each prediction depends on its row alone", async () => {
    const [a, b] = [
      await RecursiveFeatureMachine.fit(x, y, swift),
      await RecursiveFeatureMachine.fit(x, y, swift),
    ];
    expect(b.state).toEqual(a.state);
    const all = await a.predict(x);
    expect(await a.predict([x[4]!, x[0]!])).toEqual(Float64Array.of(all[4]!, all[0]!));
    expect(await a.predict([])).toHaveLength(0);
  });

  test("learns two rows and one column", async () => {
    const machine = await RecursiveFeatureMachine.fit([[0], [1]], [1, 2], swift);
    expect((await machine.predict([[0.5]]))[0]).toSatisfy(Number.isFinite);
  });

  test("reports progress and stops on a signal", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const fitting = RecursiveFeatureMachine.fit(x, y, {
      engine,
      effort: "quick",
      signal: controller.signal,
      onProgress: ({ fraction }) => {
        expect(fraction).toBeGreaterThanOrEqual(0);
        controller.abort(reason);
      },
    });
    await expect(fitting).rejects.toBe(reason);
  });

  test.each<[string, () => Promise<unknown>, string]>([
    [
      "NaN",
      () => RecursiveFeatureMachine.fit([...x.slice(0, 5), [0, NaN, 0]], y.slice(0, 6), swift),
      "NaN in row 5, column 1",
    ],
    [
      "infinity",
      () => RecursiveFeatureMachine.fit([...x.slice(0, 5), [Infinity, 0, 0]], y.slice(0, 6), swift),
      "Infinity in row 5, column 0",
    ],
    [
      "an infinite target",
      () => RecursiveFeatureMachine.fit(x, y.with(3, -Infinity), swift),
      "-Infinity in row 3",
    ],
    [
      "rows of different lengths",
      () => RecursiveFeatureMachine.fit([[1, 2], [3]], [1, 2], swift),
      "row 1 has 1 entries",
    ],
    [
      "a matrix of the wrong size",
      () => RecursiveFeatureMachine.fit({ data: new Float64Array(5), rows: 2, cols: 3 }, [1, 2], swift),
      "2 × 3 were announced",
    ],
    ["no rows", () => RecursiveFeatureMachine.fit([], [], swift), "at least two"],
    ["one row", () => RecursiveFeatureMachine.fit([[1]], [1], swift), "at least two"],
    ["no columns", () => RecursiveFeatureMachine.fit([[], []], [1, 2], swift), "no columns"],
    [
      "another number of targets",
      () => RecursiveFeatureMachine.fit(x, y.slice(1), swift),
      "y has 59 rows, x has 60",
    ],
    [
      "a constant target",
      () =>
        RecursiveFeatureMachine.fit(
          x,
          y.map(() => 4),
          swift,
        ),
      "4 in every row",
    ],
    [
      "one class",
      () =>
        RecursiveFeatureMachine.fit(
          x,
          y.map(() => "a"),
          swift,
        ),
      '"a" in every row',
    ],
    [
      "a class of one row",
      () =>
        RecursiveFeatureMachine.fit(
          x,
          y.map((_, i) => (i === 0 ? "a" : i % 2 ? "b" : "c")),
          swift,
        ),
      'class "a" has one row',
    ],
    [
      "labels of two kinds",
      () => RecursiveFeatureMachine.fit(x, ["a", 1] as unknown as string[], swift),
      "y has 2 labels",
    ],
    [
      "constant columns",
      () =>
        RecursiveFeatureMachine.fit(
          x.map(() => [1, 2]),
          y,
          swift,
        ),
      "constant",
    ],
    [
      "weights that are not positive",
      () => RecursiveFeatureMachine.fit(x, y, { ...swift, weights: y.map(() => 0) }),
      "weights[0] is 0",
    ],
    [
      "a single group",
      () => RecursiveFeatureMachine.fit(x, y, { ...swift, groups: y.map(() => 1) }),
      "one group",
    ],
    [
      "texts where regression was asked for",
      () => RecursiveFeatureMachine.fit(x, y.map(String), { ...swift, task: "regression" }),
      "needs numbers",
    ],
    [
      "an option that is not there",
      () => RecursiveFeatureMachine.fit(x, y, { ...swift, efort: "quick" } as object),
      'Unrecognized key: "efort"',
    ],
    [
      "a kernel that is not positive definite",
      () =>
        RecursiveFeatureMachine.fit(x, y, {
          engine,
          machine: { kernel: { family: "lpq", bandwidth: 1, p: 1, exponent: 2 } },
        }),
      "exponent ≤ p",
    ],
  ])("refuses %s, naming what is wrong", async (_, fit, message) => {
    await expect(fit()).rejects.toThrow(RangeError);
    await expect(fit()).rejects.toThrow(message);
  });

  test("refuses rows of another width, and classes it was not fitted on", async () => {
    const machine = await RecursiveFeatureMachine.fit(
      x,
      y.map((value) => value > 0),
      swift,
    );
    await expect(machine.predict([[1, 2]])).rejects.toThrow("2 columns, expected 3");
    await expect(machine.predict([[1, 2, NaN]])).rejects.toThrow("NaN in row 0, column 2");
    await expect(
      machine.evaluate(
        x,
        x.map(() => "maybe"),
      ),
    ).rejects.toThrow('"maybe"');
  });

  test("predicts finite numbers for any small matrix, or refuses it", { timeout: 60_000 }, async () => {
    const entry = fc.oneof(
      fc.integer({ min: -3, max: 3 }),
      fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => Number(value.toFixed(3))),
    );
    const problem = fc
      .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 3 }))
      .chain(([n, d]) =>
        fc.tuple(
          fc.array(fc.array(entry, { minLength: d, maxLength: d }), { minLength: n, maxLength: n }),
          fc.array(entry, { minLength: n, maxLength: n }),
        ),
      );
    await fc.assert(
      fc.asyncProperty(problem, async ([rows, targets]) => {
        try {
          const machine = await RecursiveFeatureMachine.fit(rows, targets, swift);
          expect((await machine.predict(rows)).every(Number.isFinite)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { seed: 3, numRuns: 60 },
    );
  });
});

describe("kernel ridge", () => {
  test("is the same machine without metric updates", async () => {
    const machine = await KernelRidge.fit(x, y, { engine });
    expect(machine.state.members[0]!.recipe.ridges).toHaveLength(1);
    const given = await KernelRidge.fit(x, y, {
      engine,
      machine: { kernel: { family: "gaussian", bandwidth: 2 }, ridge: 0.01 },
    });
    expect(given.state.members[0]!.recipe).toMatchObject({
      ridges: [0.01],
      settings: { kernel: { family: "gaussian", bandwidth: 2 } },
    });
  });
});
