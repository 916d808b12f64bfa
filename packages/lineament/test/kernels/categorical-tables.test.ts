import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { categoricalTables, identityMetric, type Metric, metricRoot } from "../../src/kernels/index.ts";
import { type Engine, transpose } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { expectClose, normals, product } from "../contracts/data.ts";
import { kernels } from "../contracts/kernel.ts";
import { blockPoints, densePoints, denseMetric, kernelValues, mixedMetrics } from "../contracts/mixed.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

test("one-hot rows with a diagonal scale lie at m_a^p + m_b^p, an unknown level at m_b^p", () => {
  const metric: Metric = { form: "diagonal", scale: new Float64Array(0), blocks: [Float64Array.of(2, 3)] };
  const squared = categoricalTables(metric, { family: "gaussian", bandwidth: 1 });
  expect(squared).toEqual([{ size: 3, dimensions: 2, values: Float64Array.of(0, 13, 4, 13, 0, 9, 4, 9, 0) }]);
  const absolute = categoricalTables(metric, { family: "lpq", bandwidth: 1, exponent: 1, p: 1 });
  expect([...absolute[0]!.values]).toEqual([0, 5, 2, 5, 0, 3, 2, 3, 0]);
});

test("without blocks there are no tables", () => {
  expect(categoricalTables(identityMetric(3), { family: "gaussian", bandwidth: 1 })).toEqual([]);
});

test("a full block has the squared distances of the rows of its root", async () => {
  const a = normals(4, 4, 1);
  const m = product(a, transpose(a));
  const metric = await metricRoot(
    engine,
    { form: "full", values: { data: Float64Array.of(1), rows: 1, cols: 1 }, blocks: [m.data] },
    0.5,
  );
  const s = metric!.blocks[0]!;
  const [table] = categoricalTables(metric!, { family: "matern52", bandwidth: 1 });
  const rows = [...[0, 1, 2, 3].map((i) => s.subarray(4 * i, 4 * i + 4)), new Float64Array(4)];
  const expected = rows.flatMap((u) =>
    rows.map((v) => u.reduce((sum, value, k) => sum + (value - v[k]!) ** 2, 0)),
  );
  expectClose(table!.values, expected, 1e-14);
});

describe.each(kernels.map((kernel) => [JSON.stringify(kernel), kernel] as const))("%s", (_, kernel) => {
  test.each(Object.keys(mixedMetrics))(
    "blocks give the kernel values of dense one-hots, unknown levels included (%s metric)",
    async (form) => {
      const metric = mixedMetrics[form as keyof typeof mixedMetrics];
      const blocks = await kernelValues(engine, kernel, metric, blockPoints);
      const dense = await kernelValues(engine, kernel, denseMetric(metric), densePoints);
      expectClose(blocks.data, dense.data, 1e-12);
    },
  );
});

test("an unknown level is not level 0", async () => {
  const kernel = { family: "laplace", bandwidth: 2, exponent: 1 } as const;
  const [table] = categoricalTables(identityMetric(0, [3]), kernel);
  expect(table!.values[3 * 4 + 0]).toBe(1);
  expect(table!.values[3 * 4 + 3]).toBe(0);
});
