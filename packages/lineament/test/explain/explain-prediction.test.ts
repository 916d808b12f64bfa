import {
  averageRow,
  type Engine,
  type ExplainedColumn,
  explainPrediction,
  type FeatureMachine,
  openEngine,
  type Points,
  predictionGradients,
  takePoints,
} from "lineament";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  averaged,
  classification,
  fitted,
  moved,
  normals,
  problem,
  regression,
  withOneHot,
} from "./machines.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const x = normals(200, 4, 1);
const wavy = regression(x, (row) => Math.exp(0.4 * row[0]! + 0.6 * row[1]! * row[2]!), 0.1);
const row = (points: Points, i: number, blocks = 0): Points => takePoints(points, [i], blocks);

/** Attributions must sum to the difference exactly, and the path must have been right before its correction. */
async function expectExact(
  machine: FeatureMachine,
  point: Points,
  options: Parameters<typeof explainPrediction>[2] = {},
): Promise<void> {
  const explanation = await explainPrediction(machine, point, options);
  const { attributions, prediction, reference, path, coordinates, blocks } = explanation;
  const total = attributions.reduce((sum, { attribution }) => sum + attribution, 0);
  const size = attributions.reduce((sum, { attribution }) => sum + Math.abs(attribution), 0);
  expect(Math.abs(total - (prediction - reference.prediction))).toBeLessThanOrEqual(
    1e-12 * (size + Math.abs(prediction)),
  );
  expect([...coordinates, ...blocks].reduce((sum, value) => sum + value, 0)).toBeCloseTo(total, 9);
  expect(path.converged).toBe(true);
  expect(path.residue).toBeLessThan(1e-3);
}

describe("attributions sum exactly to the difference from the reference", () => {
  for (const [name, settings] of [
    ["Laplace", { precision: "float32" }],
    ["rough Laplace", { precision: "float32", kernel: { family: "laplace", bandwidth: 3, exponent: 0.7 } }],
    ["product Laplace", { precision: "float32", kernel: { family: "lpq", bandwidth: 3, exponent: 1, p: 1 } }],
    [
      "rough product kernel",
      {
        precision: "float32",
        metric: "diagonal",
        kernel: { family: "lpq", bandwidth: 3, exponent: 0.7, p: 1 },
      },
    ],
    ["normal scores, logarithmic target", { precision: "float32", view: "normal-scores", logarithm: true }],
  ] as const)
    test(name, async () => {
      const target = "logarithm" in settings ? regression(x, (r) => Math.exp(r[0]! + r[1]! * r[2]!)) : wavy;
      const machine = await fitted(engine, problem(x, target), settings);
      // A training row (where a kernel has a kink) and a new one.
      for (const point of [row({ coordinates: x }, 3), { coordinates: normals(1, 4, 77) }])
        await expectExact(machine, point);
    });

  for (const classes of [2, 3])
    test(`for the probability of each of ${classes} classes`, async () => {
      const of = problem(
        x,
        classification(x, (r) => Array.from(r.subarray(0, classes))),
      );
      const machine = averaged(
        [await fitted(engine, of), await fitted(engine, of, { metric: "diagonal", view: "both" })],
        [
          { kind: "logarithmic", slope: 1.3 },
          { kind: "linear", slope: 6, offsets: [0, 0, 0].slice(0, classes) },
        ],
        {
          kind: "logarithmic",
          slope: 1.2,
        },
      );
      for (let output = 0; output < classes; output++)
        await expectExact(machine, row({ coordinates: x }, 9), { output });
      const { output, prediction } = await explainPrediction(machine, row({ coordinates: x }, 9));
      expect(prediction).toBe(Math.max(...(await machine.predict(row({ coordinates: x }, 9))).data));
      expect(output).toBeLessThan(classes);
    });

  test("with one-hot coordinates and two categorical blocks", async () => {
    const one = withOneHot(x, 3, 5);
    const other = withOneHot(x, 4, 6);
    const levels = Int32Array.from(
      { length: 400 },
      (_, at) => (at % 2 === 0 ? one.codes : other.codes)[at >> 1]!,
    );
    const target = regression(one.x, (r) => r[0]! + 2 * r[5]! + r[1]! * r[6]!);
    const of = problem({ coordinates: one.x, levels }, target, { groups: [one.group], blockSizes: [3, 4] });
    const columns: ExplainedColumn[] = [
      { name: "numbers", coordinates: [0, 1, 2, 3] },
      { name: "one-hot", coordinates: [4, 5, 6] },
      { name: "first", coordinates: [], block: 0 },
      { name: "second", coordinates: [], block: 1 },
    ];
    const machine = await fitted(engine, of, { metric: "diagonal", precision: "float32" });
    for (let i = 0; i < 3; i++) await expectExact(machine, row(of.x, i, 2), { columns });
  });
});

test("a nearly linear function is attributed by slope times step", async () => {
  const of = problem(
    x,
    regression(x, (r) => 2 * r[0]! - r[3]!),
  );
  const machine = await fitted(engine, of, { kernel: { family: "gaussian", bandwidth: 15 }, ridges: [1e-6] });
  const point = row({ coordinates: x }, 5);
  const reference = averageRow(machine.state);
  const { attributions } = await explainPrediction(machine, point);
  [2, 0, 0, -1].forEach((slope, k) =>
    expect(attributions[k]!.attribution).toBeCloseTo(
      slope * (point.coordinates.data[k]! - reference.coordinates.data[k]!),
      1,
    ),
  );
});

test("a column that does not change gets nothing, and the reference itself nothing at all", async () => {
  const machine = await fitted(engine, problem(x, wavy));
  const point = row({ coordinates: x }, 5);
  const { attributions } = await explainPrediction(machine, moved(point, 0, []), {
    reference: moved(point, 0, [
      [0, 1],
      [2, -1],
    ]),
  });
  expect([attributions[1]!.attribution, attributions[3]!.attribution]).toEqual([0, 0]);
  const same = await explainPrediction(machine, point, { reference: point });
  expect(same.attributions.every(({ attribution }) => attribution === 0)).toBe(true);
  expect(same.path.converged).toBe(true);
});

test("the local gradient is that of the prediction", async () => {
  const machine = await fitted(engine, problem(x, wavy));
  const point = row({ coordinates: x }, 5);
  const { attributions } = await explainPrediction(machine, point);
  expect(attributions.flatMap(({ gradient }) => gradient)).toEqual(
    Array.from((await predictionGradients(machine, point)).data),
  );
});

test("evidence is the terms of the expansion: they add up to the prediction, and a training row supports itself", async () => {
  const machine = await fitted(engine, problem(x, wavy));
  const { evidence, prediction } = await explainPrediction(machine, row({ coordinates: x }, 17), {
    evidence: 200,
  });
  const { coding } = machine.state.members[0]!;
  const mean = coding.task === "regression" ? coding.mean[0]! : NaN;
  expect(evidence.reduce((sum, { contribution }) => sum + contribution, mean)).toBeCloseTo(prediction, 8);
  expect(evidence.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
  expect(evidence.find(({ row: i }) => i === 17)!.similarity).toBeCloseTo(1, 9);
  const sizes = evidence.map(({ contribution }) => Math.abs(contribution));
  expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
});

test("the average row has the most frequent level of each block", () => {
  const { coordinates, levels } = averageRow({
    x: { coordinates: { data: Float64Array.of(1, 2, 3, 6), rows: 2, cols: 2 }, levels: Int32Array.of(1, 1) },
    blockSizes: [3],
  });
  expect(Array.from(coordinates.data)).toEqual([2, 4]);
  expect(Array.from(levels!)).toEqual([1]);
});

test("what is wrong is named", async () => {
  const machine = await fitted(engine, problem(x, wavy));
  await expect(explainPrediction(machine, { coordinates: x })).rejects.toThrow(/x has 200 rows, expected 1/);
  await expect(explainPrediction(machine, row({ coordinates: x }, 0), { output: 1 })).rejects.toThrow(
    /no output 1/,
  );
});
