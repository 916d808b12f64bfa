import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { identityMetric, type Metric } from "../../src/kernels/index.ts";
import { convert, type Engine, takeRows } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { evaluate, gradients, transformed } from "../../src/machines/index.ts";
import { expectClose, filled, gram, normals, points, product } from "../contracts/data.ts";
import { kernels, value } from "../contracts/kernel.ts";
import {
  blockPoints,
  denseMetric,
  densePoints,
  mixedMetrics,
  otherBlockPoints,
  otherDensePoints,
  rows as mixedRows,
} from "../contracts/mixed.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const n = 25;
const d = 4;
const c = 2;
const centers = normals(n, d, 1);
const coefficients = normals(n, c, 2);
const x = normals(7, d, 3);
const a = normals(d, 2, 4);
const metrics: Record<string, Metric> = {
  identity: identityMetric(d),
  diagonal: { form: "diagonal", scale: Float64Array.of(1, 0.5, 0, 0.8), blocks: [] },
  "full, rank 2": {
    form: "full",
    root: product(
      a,
      filled(2, d, (i, j) => a.data[j * 2 + i]! / d),
    ),
    blocks: [],
  },
};

describe.each(kernels.map((kernel) => [JSON.stringify(kernel), kernel] as const))("%s", (_, kernel) => {
  test.each(Object.keys(metrics))(
    "f(x) = Σ k(S x, S x_i) A_i, and its gradient agrees with central differences (%s)",
    async (name) => {
      const metric = metrics[name]!;
      const expansion = await transformed(engine, { kernel, metric, centers: points(centers), coefficients });
      const seen = (rows: typeof x): typeof x =>
        metric.form === "full"
          ? product(rows, metric.root)
          : filled(rows.rows, d, (i, k) => rows.data[i * d + k]! * metric.scale[k]!);
      const [u, v] = [seen(x), seen(centers)];
      const k = filled(7, n, (i, j) =>
        value(kernel, u.data.subarray(i * d, i * d + d), v.data.subarray(j * d, j * d + d)),
      );
      expectClose((await evaluate(engine, expansion, points(x))).data, product(k, coefficients).data, 1e-9);

      const h = 1e-5;
      const slopes = await gradients(engine, expansion, points(x));
      for (let at = 0; at < d; at++) {
        const moved = (step: number): ReturnType<typeof evaluate> =>
          evaluate(
            engine,
            expansion,
            points(filled(7, d, (i, j) => x.data[i * d + j]! + (j === at ? step : 0))),
          );
        const [up, down] = [await moved(h), await moved(-h)];
        const expected = filled(7, c, (i, l) => (up.data[i * c + l]! - down.data[i * c + l]!) / (2 * h));
        expectClose(filled(7, c, (i, l) => slopes.data[i * c * d + l * d + at]!).data, expected.data, 1e-4); // |Δ|^q is rough for q < 1
      }
    },
  );

  test.each(Object.keys(mixedMetrics))(
    "blocks predict what written-out one-hots predict (%s metric)",
    async (name) => {
      const metric = mixedMetrics[name as keyof typeof mixedMetrics];
      const weights = normals(mixedRows, c, 5);
      const blocks = await transformed(engine, {
        kernel,
        metric,
        centers: blockPoints,
        coefficients: weights,
      });
      const dense = await transformed(engine, {
        kernel,
        metric: denseMetric(metric),
        centers: densePoints,
        coefficients: weights,
      });
      expectClose(
        (await evaluate(engine, blocks, otherBlockPoints)).data,
        (await evaluate(engine, dense, otherDensePoints)).data,
        1e-10,
      );
    },
  );
});

test("a row is predicted the same alone and among others", async () => {
  for (const precision of ["float32", "float64"] as const) {
    const expansion = await transformed(
      engine,
      {
        kernel: { family: "laplace", bandwidth: 3, exponent: 1 },
        metric: metrics["diagonal"]!,
        centers: points(centers),
        coefficients,
      },
      precision,
    );
    const all = await evaluate(engine, expansion, points(x));
    for (let i = 0; i < 7; i++) {
      const alone = await evaluate(engine, expansion, points(takeRows(x, [i])));
      expectClose(alone.data, all.data.subarray(i * c, i * c + c), precision === "float32" ? 1e-6 : 1e-14);
    }
  }
});

test("neither centers nor coefficients are changed, and float32 is close to float64", async () => {
  const [before, weights] = [centers.data.slice(), coefficients.data.slice()];
  const expansion = {
    kernel: { family: "gaussian", bandwidth: 3 } as const,
    metric: metrics["full, rank 2"]!,
    centers: points(centers),
    coefficients,
  };
  const single = await evaluate(
    engine,
    await transformed(engine, expansion, "float32"),
    points(convert(x, "float32")),
  );
  const double = await evaluate(engine, await transformed(engine, expansion), points(x));
  expectClose(single.data, double.data, 1e-5);
  expect(centers.data).toEqual(before);
  expect(coefficients.data).toEqual(weights);
});

test("at its centers, the ridge solution reproduces K A", async () => {
  const kernel = { family: "matern32", bandwidth: 3 } as const;
  const expansion = await transformed(engine, {
    kernel,
    metric: identityMetric(d),
    centers: points(centers),
    coefficients,
  });
  const fitted = await evaluate(engine, expansion, points(centers));
  expectClose(fitted.data, product(await gram(engine, kernel, centers), coefficients).data, 1e-6);
});
