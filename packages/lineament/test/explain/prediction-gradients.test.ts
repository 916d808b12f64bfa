import {
  type Engine,
  type FusedKernel,
  type FeatureMachine,
  type Kernel,
  openEngine,
  type Points,
  predictionGradients,
} from "lineament";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  hasMixedDerivatives,
  kernelCurvature,
  mixedDerivatives,
} from "../../src/machines/mixed-derivatives.ts";
import { outputGradients, outputValues, spreadsOf } from "../../src/machines/prediction-gradients.ts";
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

/** Points that are no training rows: kinks of the kernels lie at those. */
const elsewhere: Points = { coordinates: normals(4, 3, 99) };

async function expectGradients(machine: FeatureMachine, x: Points, digits = 6, blocks = 0): Promise<void> {
  const { outputs } = machine.state;
  const d = x.coordinates.cols;
  const gradients = await predictionGradients(machine, x);
  expect([gradients.rows, gradients.cols]).toEqual([x.coordinates.rows, outputs * d]);
  const h = 1e-5;
  for (let j = 0; j < x.coordinates.rows; j++)
    for (let k = 0; k < d; k++) {
      const [above, below] = [
        await machine.predict(moved(x, j, [[k, h]], blocks)),
        await machine.predict(moved(x, j, [[k, -h]], blocks)),
      ];
      for (let o = 0; o < outputs; o++)
        expect(gradients.data[j * gradients.cols + o * d + k]).toBeCloseTo(
          (above.data[o]! - below.data[o]!) / (2 * h),
          digits,
        );
    }
}

const x = normals(40, 3, 1);
const smooth = regression(x, (row) => Math.exp(0.5 * row[0]! + 0.3 * row[1]! * row[2]!));

const kernels: readonly FusedKernel[] = [
  { family: "laplace", bandwidth: 3, exponent: 1 },
  { family: "laplace", bandwidth: 3, exponent: 0.7 },
  { family: "laplace", bandwidth: 3, exponent: 1.4 },
  { family: "gaussian", bandwidth: 2 },
  { family: "matern32", bandwidth: 3 },
  { family: "matern52", bandwidth: 3 },
  { family: "lpq", bandwidth: 3, exponent: 1, p: 1 },
  { family: "lpq", bandwidth: 3, exponent: 0.7, p: 1 },
  { family: "lpq", bandwidth: 3, exponent: 1.2, p: 1.5 },
  { family: "sum-power", bandwidth: 3, exponent: 1, constant: 0.1, power: 2 },
];

describe("gradients of predictions are those of central differences", () => {
  for (const kernel of kernels)
    test(`${kernel.family} ${JSON.stringify(kernel)}`, async () => {
      await expectGradients(
        await fitted(engine, problem(x, smooth), {
          kernel,
          metric: kernel.family === "sum-power" ? "diagonal" : "full",
        }),
        elsewhere,
      );
    });

  test("through every view", async () => {
    for (const view of ["normal-scores", "both", "soft-clipped"] as const)
      await expectGradients(await fitted(engine, problem(x, smooth), { view }), elsewhere);
  });

  test("through a logarithmic target", async () => {
    await expectGradients(await fitted(engine, problem(x, smooth), { logarithm: true }), elsewhere);
  });

  test("of several targets", async () => {
    const y = {
      data: Float64Array.from({ length: 80 }, (_, at) => Math.sin(x.data[at]!) * (1 + 10 * (at % 2))),
      rows: 40,
      cols: 2,
    };
    await expectGradients(await fitted(engine, problem(x, { task: "regression", y })), elsewhere, 5);
  });

  test("of an average over members", async () => {
    const of = problem(x, smooth);
    await expectGradients(
      averaged([
        await fitted(engine, of, { view: "both" }),
        await fitted(engine, of, { logarithm: true }),
        await fitted(engine, of, { metric: "diagonal" }),
      ]),
      elsewhere,
    );
  });

  for (const classes of [2, 3])
    test(`of the probabilities of ${classes} classes through both calibrations`, async () => {
      const of = problem(
        x,
        classification(x, (row) => Array.from(row.subarray(0, classes))),
      );
      const machine = averaged(
        [await fitted(engine, of), await fitted(engine, of, { metric: "diagonal", view: "both" })],
        [
          { kind: "logarithmic", slope: 1.3 },
          { kind: "linear", slope: 3, offsets: Array.from({ length: classes }, (_, k) => 0.1 * k) },
        ],
        { kind: "logarithmic", slope: 0.8 },
      );
      await expectGradients(machine, elsewhere);
    });

  test("beside one-hot coordinates with target means, and categorical blocks", async () => {
    const { x: wide, codes, group } = withOneHot(x, 3, 5);
    const target = regression(wide, (row) => row[0]! + [0, 1, 3][codes[0]!]! * row[1]! + 2 * row[4]!);
    const machine = await fitted(
      engine,
      problem({ coordinates: wide, levels: codes }, target, { groups: [group], blockSizes: [3] }),
      { metric: "diagonal", targetMeans: true },
    );
    const points = {
      coordinates: { data: Float64Array.from([0.3, -0.2, 0.9, 0.2, 0.7, 0.1]), rows: 1, cols: 6 },
      levels: Int32Array.of(1),
    };
    await expectGradients(machine, points, 6, 1);
  });
});

test("selected outputs are those of all outputs", async () => {
  const of = problem(
    x,
    classification(x, (row) => Array.from(row)),
  );
  const machine = await fitted(engine, of);
  const all = await predictionGradients(machine, elsewhere);
  const last = await predictionGradients(machine, elsewhere, { outputs: [2] });
  for (let j = 0; j < 4; j++)
    expect(last.data.slice(j * 3, j * 3 + 3)).toEqual(all.data.slice(j * 9 + 6, j * 9 + 9));
  await expect(predictionGradients(machine, elsewhere, { outputs: [3] })).rejects.toThrow(/no output 3/);
});

test("gradients at a subset of rows are those rows of all gradients", async () => {
  const machine = await fitted(engine, problem(x, smooth));
  const all = await predictionGradients(machine, { coordinates: x });
  const one = await predictionGradients(machine, moved({ coordinates: x }, 7, []));
  one.data.forEach((value, k) => expect(value).toBeCloseTo(all.data[7 * 3 + k]!, 9));
});

test("a stopped signal stops", async () => {
  const machine = await fitted(engine, problem(x, smooth));
  await expect(
    predictionGradients(machine, elsewhere, { signal: AbortSignal.abort(new Error("enough")) }),
  ).rejects.toThrow("enough");
});

describe("mixed second derivatives are those of central differences", () => {
  const expectMixed = async (machine: FeatureMachine, points: Points, digits = 4): Promise<void> => {
    const { outputs } = machine.state;
    const d = points.coordinates.cols;
    const coordinates = Array.from({ length: d }, (_, k) => k);
    const shown = Array.from({ length: outputs }, (_, o) => o);
    const mixed = await mixedDerivatives(machine, points, coordinates, {
      outputs: shown,
      unit: "coordinate",
      smoothing: 0,
    });
    const h = 1e-4;
    const at = async (j: number, k: number, l: number, a: number, b: number): Promise<Float64Array> =>
      (
        await outputValues(
          machine,
          moved(points, j, [
            [k, a * h],
            [l, b * h],
          ]),
          "score",
        )
      ).data;
    for (let j = 0; j < points.coordinates.rows; j++)
      for (let k = 0; k < d; k++)
        for (let l = 0; l < k; l++) {
          const [pp, pm, mp, mm] = [
            await at(j, k, l, 1, 1),
            await at(j, k, l, 1, -1),
            await at(j, k, l, -1, 1),
            await at(j, k, l, -1, -1),
          ];
          for (let o = 0; o < outputs; o++) {
            const base = (j * outputs + o) * d * d;
            const expected = (pp[o]! - pm[o]! - mp[o]! + mm[o]!) / (4 * h * h);
            expect(mixed[base + k * d + l]).toBeCloseTo(expected, digits);
            expect(mixed[base + l * d + k]).toBeCloseTo(expected, digits);
          }
        }
  };

  for (const kernel of kernels)
    for (const metric of ["diagonal", "full"] as const) {
      if (metric === "full" && (kernel.family === "sum-power" || kernel.family === "lpq")) continue;
      test(`${metric} ${JSON.stringify(kernel)}`, async () => {
        await expectMixed(await fitted(engine, problem(x, smooth), { kernel, metric }), elsewhere);
      });
    }

  test("through views, a logarithmic target and an average", async () => {
    const of = problem(x, smooth);
    await expectMixed(
      averaged([
        await fitted(engine, of, { view: "both" }),
        await fitted(engine, of, { logarithm: true, view: "soft-clipped" }),
      ]),
      elsewhere,
    );
  });

  test("of class scores", async () => {
    await expectMixed(
      await fitted(
        engine,
        problem(
          x,
          classification(x, (row) => Array.from(row)),
        ),
      ),
      elsewhere,
    );
  });
});

test("by spread, derivatives are those by coordinate times the standard deviations that a standardized view has removed", async () => {
  const stretched = { ...x, data: x.data.map((value, at) => value * [1, 10, 0.1][at % 3]!) };
  const machine = await fitted(engine, problem(stretched, smooth), {
    kernel: { family: "gaussian", bandwidth: 2 },
  });
  const { inputs } = spreadsOf(machine.state);
  const [slopes, steps] = await outputGradients(
    machine,
    { coordinates: stretched },
    "prediction",
    [0],
    ["coordinate", "spread"],
  );
  steps!.data.forEach((value, at) => expect(value).toBeCloseTo(slopes!.data[at]! * inputs[at % 3]!, 9));
  const options = { outputs: [0], smoothing: 0 };
  const mixed = await mixedDerivatives(machine, { coordinates: stretched }, [0, 1, 2], {
    ...options,
    unit: "coordinate",
  });
  const mixedSteps = await mixedDerivatives(machine, { coordinates: stretched }, [0, 1, 2], {
    ...options,
    unit: "spread",
  });
  const smoothed = await mixedDerivatives(machine, { coordinates: stretched }, [0, 1, 2], {
    ...options,
    unit: "spread",
    smoothing: 1e-3,
  });
  for (let at = 0; at < mixed.length; at++) {
    const [a, b] = [Math.floor((at % 9) / 3), at % 3];
    if (a === b) continue;
    expect(mixedSteps[at]).toBeCloseTo(mixed[at]! * inputs[a]! * inputs[b]!, 9);
    expect(smoothed[at]).toBeCloseTo(mixedSteps[at]!, 4);
  }
});

test("by spread, ranks have no steep slopes: skewing a column changes nothing", async () => {
  const skewed = { ...x, data: x.data.map((value, at) => (at % 3 === 0 ? Math.exp(3 * value) : value)) };
  const of = (input: typeof x) => fitted(engine, problem(input, smooth), { view: "normal-scores" });
  const [plain, steep] = await Promise.all(
    [of(x), of(skewed)].map(async (machine) =>
      outputGradients(await machine, (await machine).state.x, "prediction", [0], ["spread"]),
    ),
  );
  plain![0]!.data.forEach((value, at) => expect(steep![0]!.data[at]).toBeCloseTo(value, 6));
});

test("the curvature of a kernel is what its slope changes by", () => {
  for (const kernel of kernels) {
    const { slope, curvature } = kernelCurvature(kernel, 3);
    const p = kernel.family === "lpq" ? kernel.p : 2;
    // ds/dΔ = p d for distances, −(q/L^q) d for sum-power.
    const inner = kernel.family === "sum-power" ? -kernel.exponent * kernel.bandwidth ** -kernel.exponent : p;
    for (const s of [0.3, 1, 2.5])
      expect(curvature(s)).toBeCloseTo((inner * (slope(s + 1e-6) - slope(s - 1e-6))) / 2e-6, 6);
  }
});

test("oblique kinks have no mixed derivatives", () => {
  const kernel: Kernel = { family: "lpq", bandwidth: 1, exponent: 1, p: 1 };
  expect(hasMixedDerivatives(kernel, { form: "diagonal", scale: new Float64Array(2), blocks: [] })).toBe(
    true,
  );
  expect(
    hasMixedDerivatives(kernel, {
      form: "full",
      root: { data: new Float64Array(4), rows: 2, cols: 2 },
      blocks: [],
    }),
  ).toBe(false);
});
