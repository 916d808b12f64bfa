import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { identityMetric, type Kernel, type Metric, metricRoot, transform } from "../../src/kernels/index.ts";
import {
  convert,
  type Engine,
  type Matrix,
  type Points,
  takeRows,
  transpose,
} from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import {
  type AgopOptions,
  averageGradientOuterProduct,
  evaluate,
  gradients,
  transformed,
} from "../../src/machines/index.ts";
import { RidgeSystem } from "../../src/solvers/index.ts";
import { expectClose, filled, gram, normals, points, product } from "../contracts/data.ts";
import { kernels } from "../contracts/kernel.ts";
import {
  blockPoints,
  denseMetric,
  densePoints,
  mixedMetrics,
  numeric,
  offsets,
  rows as mixedRows,
  sizes,
  width,
} from "../contracts/mixed.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const n = 30;
const d = 4;
const c = 2;
const x = normals(n, d, 1);
const coefficients = normals(n, c, 2);
const all = Int32Array.from({ length: n }, (_, i) => i);
const laplace: Kernel = { family: "laplace", bandwidth: 3, exponent: 1 };

async function agop(
  kernel: Kernel,
  metric: Metric,
  centers: Points,
  a: Matrix,
  options: Partial<AgopOptions> = {},
) {
  const expansion = await transformed(engine, { kernel, metric, centers, coefficients: a });
  return averageGradientOuterProduct(engine, expansion, {
    form: "full",
    rows: Int32Array.from({ length: a.rows }, (_, i) => i),
    ...options,
  });
}

const values = ({ values: m }: Awaited<ReturnType<typeof agop>>): Float64Array => ("data" in m ? m.data : m);
const diagonalOf = (m: Float64Array, size: number): Float64Array =>
  m.filter((_, at) => at % (size + 1) === 0);

const metrics: Record<string, Metric> = {
  identity: identityMetric(d),
  diagonal: { form: "diagonal", scale: Float64Array.of(1, 0.5, 0.1, 0.8), blocks: [] },
  "diagonal with a zero": { form: "diagonal", scale: Float64Array.of(1, 0.5, 0, 0.8), blocks: [] },
};
const fullMetric = async (rank: number): Promise<Metric> => {
  const a = normals(d, rank, 7);
  return (await metricRoot(engine, { form: "full", values: product(a, transpose(a)), blocks: [] }, 0.5))!;
};

/**
 * Σ_j w_j Σ_l ∇f_l ∇f_lᵀ / Σ w by central differences. f leaves out row j itself, where Laplace-type kernels have their
 * kink and the gradient is defined without it.
 */
async function byDifferences(kernel: Kernel, metric: Metric, weights?: Float64Array): Promise<Float64Array> {
  const h = 1e-5;
  const sum = new Float64Array(d * d);
  let total = 0;
  for (let j = 0; j < n; j++) {
    const others = all.filter((i) => i !== j);
    const expansion = await transformed(engine, {
      kernel,
      metric,
      centers: points(takeRows(x, others)),
      coefficients: takeRows(coefficients, others),
    });
    const around = filled(
      2 * d,
      d,
      (row, k) => x.data[j * d + k]! + (row >> 1 === k ? (row % 2 === 0 ? h : -h) : 0),
    );
    const f = await evaluate(engine, expansion, points(around));
    const w = weights?.[j] ?? 1;
    total += w;
    for (let l = 0; l < c; l++) {
      const gradient = Array.from(
        { length: d },
        (_, k) => (f.data[2 * k * c + l]! - f.data[(2 * k + 1) * c + l]!) / (2 * h),
      );
      for (let a = 0; a < d; a++)
        for (let b = 0; b < d; b++) sum[a * d + b]! += w * gradient[a]! * gradient[b]!;
    }
  }
  return sum.map((value) => value / total);
}

describe.each(kernels.map((kernel) => [JSON.stringify(kernel), kernel] as const))("%s", (_, kernel) => {
  test.each(Object.keys(metrics))(
    "is the mean outer product of gradients by central differences (%s metric)",
    async (name) => {
      const metric = metrics[name]!;
      const expected = await byDifferences(kernel, metric);
      const full = values(await agop(kernel, metric, points(x), coefficients));
      expectClose(full, expected, 1e-5);
      expectClose(
        values(await agop(kernel, metric, points(x), coefficients, { form: "diagonal" })),
        diagonalOf(expected, d),
        1e-5,
      );
    },
  );

  test.each([d, 2])("… under a full metric of rank %d", async (rank) => {
    const metric = await fullMetric(rank);
    expectClose(
      values(await agop(kernel, metric, points(x), coefficients)),
      await byDifferences(kernel, metric),
      1e-5,
    );
  });

  test.each(Object.keys(mixedMetrics))(
    "blocks equal the blocks over written-out one-hots, unknown levels included (%s metric)",
    async (name) => {
      const metric = mixedMetrics[name as keyof typeof mixedMetrics];
      const a = normals(mixedRows, c, 5);
      const weights = Float64Array.from({ length: mixedRows }, (_, i) => 0.5 + (i % 3));
      const rows = Int32Array.from({ length: mixedRows }, (_, i) => i).filter((i) => i % 5 !== 0);
      for (const form of metric.form === "full" ? (["full"] as const) : (["full", "diagonal"] as const)) {
        const blocks = await agop(kernel, metric, blockPoints, a, { form, weights, rows });
        const dense = values(
          await agop(kernel, denseMetric(metric), densePoints, a, { form, weights, rows }),
        );
        const part = (start: number, size: number): Float64Array =>
          form === "diagonal"
            ? dense.subarray(start, start + size)
            : filled(size, size, (i, j) => dense[(start + i) * width + start + j]!).data;
        expectClose(values(blocks), part(0, numeric), 1e-9);
        sizes.forEach((size, g) => expectClose(blocks.blocks[g]!, part(offsets[g]!, size), 1e-9));
      }
    },
  );

  test("columns exchanged exchange its rows and columns", async () => {
    const order = [2, 0, 3, 1];
    const exchanged = filled(n, d, (i, k) => x.data[i * d + order[k]!]!);
    const m = values(await agop(kernel, identityMetric(d), points(x), coefficients));
    const other = values(await agop(kernel, identityMetric(d), points(exchanged), coefficients));
    expectClose(other, filled(d, d, (i, j) => m[order[i]! * d + order[j]!]!).data, 1e-10);
  });

  test("rows in another order change nothing", async () => {
    const order = all.map((i) => (7 * i + 3) % n);
    const m = values(await agop(kernel, identityMetric(d), points(x), coefficients));
    const other = values(
      await agop(kernel, identityMetric(d), points(takeRows(x, order)), takeRows(coefficients, order)),
    );
    expectClose(other, m, 1e-10);
  });
});

test.each(
  kernels
    .filter(({ family }) => family !== "lpq" && family !== "sum-power")
    .map((kernel) => [JSON.stringify(kernel), kernel] as const),
)("rotated rows give the rotated matrix RᵀMR: %s", async (_, kernel) => {
  const r = convert((await engine.eigenSymmetric(product(transpose(x), x))).vectors, "float64");
  const m = values(await agop(kernel, identityMetric(d), points(x), coefficients));
  const rotated = values(await agop(kernel, identityMetric(d), points(product(x, r)), coefficients));
  expectClose(rotated, product(product(transpose(r), { data: m, rows: d, cols: d }), r).data, 1e-10);
});

test("weights are Σ w ∇f ∇fᵀ / Σ w, and integer ones count rows", async () => {
  const weights = Float64Array.from({ length: n }, (_, i) => 1 + (i % 3));
  const weighted = values(await agop(laplace, identityMetric(d), points(x), coefficients, { weights }));
  expectClose(weighted, await byDifferences(laplace, identityMetric(d), weights), 1e-5);
  const repeated = Int32Array.from([...all].flatMap((i) => Array.from({ length: weights[i]! }, () => i)));
  expectClose(
    values(await agop(laplace, identityMetric(d), points(x), coefficients, { rows: repeated })),
    weighted,
    1e-12,
  );
});

test("doubled rows with λ → 2λ leave f and the matrix unchanged", async () => {
  const solve = async (at: Matrix, y: Matrix, ridge: number): Promise<Matrix> => {
    const system = new RidgeSystem(engine, await gram(engine, laplace, at));
    await system.factor(ridge);
    return (await system.solve(y)).coefficients;
  };
  const twice = Int32Array.from([...all, ...all]);
  const y = normals(n, c, 3);
  const m = values(await agop(laplace, identityMetric(d), points(x), await solve(x, y, 0.1)));
  const doubled = values(
    await agop(
      laplace,
      identityMetric(d),
      points(takeRows(x, twice)),
      await solve(takeRows(x, twice), takeRows(y, twice), 0.2),
    ),
  );
  expectClose(doubled, m, 1e-6); // equal rows may come out √ε apart
});

test("an orthogonal change of the outputs changes nothing", async () => {
  const turned = filled(
    n,
    c,
    (i, l) =>
      (l === 0 ? 0.6 : -0.8) * coefficients.data[i * c]! +
      (l === 0 ? 0.8 : 0.6) * coefficients.data[i * c + 1]!,
  );
  const m = values(await agop(laplace, identityMetric(d), points(x), coefficients));
  expectClose(values(await agop(laplace, identityMetric(d), points(x), turned)), m, 1e-12);
});

test("centered, the mean gradient of each output is taken out", async () => {
  const weights = Float64Array.from({ length: n }, (_, i) => 1 + (i % 2));
  const total = weights.reduce((sum, w) => sum + w, 0);
  const expansion = await transformed(engine, {
    kernel: laplace,
    metric: metrics["diagonal"]!,
    centers: points(x),
    coefficients,
  });
  const out = engine.allocate(n, c * d, "float64");
  await engine.kernelGradient({
    kernel: laplace,
    x: expansion.centers,
    z: expansion.centers,
    coefficients,
    selfPairs: all,
    out,
  });
  const s = [1, 0.5, 0.1, 0.8];
  const gradient = (j: number, l: number, k: number): number => s[k]! * out.data[j * c * d + l * d + k]!;
  const mean = new Float64Array(c * d);
  for (const j of all)
    for (let l = 0; l < c; l++)
      for (let k = 0; k < d; k++) mean[l * d + k]! += (weights[j]! * gradient(j, l, k)) / total;
  const expected = filled(d, d, (a, b) => {
    let sum = 0;
    for (const j of all)
      for (let l = 0; l < c; l++)
        sum += weights[j]! * (gradient(j, l, a) - mean[l * d + a]!) * (gradient(j, l, b) - mean[l * d + b]!);
    return sum / total;
  });
  const options = { weights, centered: true };
  expectClose(
    values(await agop(laplace, metrics["diagonal"]!, points(x), coefficients, options)),
    expected.data,
    1e-12,
  );
  const diagonal = await agop(laplace, metrics["diagonal"]!, points(x), coefficients, {
    ...options,
    form: "diagonal",
  });
  expectClose(values(diagonal), diagonalOf(expected.data, d), 1e-12);
});

test("float32 agrees with float64 to rounding", async () => {
  const single = await agop(laplace, identityMetric(d), points(x), convert(coefficients, "float32"));
  expectClose(values(single), values(await agop(laplace, identityMetric(d), points(x), coefficients)), 1e-4);
});

test("a diagonal one under a full metric is refused", async () => {
  await expect(
    agop(laplace, await fullMetric(d), points(x), coefficients, { form: "diagonal" }),
  ).rejects.toThrow("diagonal one under a full metric");
});

test("no coordinates, or one row, give an empty or a zero matrix", async () => {
  expect(
    values(await agop(laplace, identityMetric(0), points(filled(3, 0, () => 0)), normals(3, 1))),
  ).toHaveLength(0);
  expect([...values(await agop(laplace, identityMetric(2), points(normals(1, 2)), normals(1, 1)))]).toEqual([
    0, 0, 0, 0,
  ]);
});

describe("at other points than the centers", () => {
  test("is the mean outer product of the gradients there", async () => {
    const kernel = laplace;
    const elsewhere = normals(7, d, 12);
    const weights = Float64Array.from({ length: 7 }, (_, j) => 1 + (j % 3));
    for (const metric of [metrics["diagonal"]!, await fullMetric(2)]) {
      const expansion = await transformed(engine, { kernel, metric, centers: points(x), coefficients });
      const g = await gradients(engine, expansion, points(elsewhere));
      const at = await transform(engine, points(elsewhere), metric, "float64");
      const m = await averageGradientOuterProduct(engine, expansion, { at, weights });
      let total = 0;
      const expected = new Float64Array(d * d);
      for (let j = 0; j < 7; j++) {
        total += weights[j]!;
        for (let l = 0; l < c; l++)
          for (let a = 0; a < d; a++)
            for (let b = 0; b < d; b++)
              expected[a * d + b]! +=
                weights[j]! * g.data[(j * c + l) * d + a]! * g.data[(j * c + l) * d + b]!;
      }
      expectClose(
        values(m),
        expected.map((value) => value / total),
        1e-12,
      );
    }
  });

  test("at copies of the centers is that at the centers, categorical blocks included", async () => {
    const metric = mixedMetrics.full;
    const a = normals(mixedRows, 2, 6);
    const rows = Int32Array.of(0, 3, 4, 8);
    const expansion = await transformed(engine, {
      kernel: laplace,
      metric,
      centers: blockPoints,
      coefficients: a,
    });
    const { coordinates, levels } = expansion.centers;
    const at = { coordinates: convert(coordinates, "float64"), levels: levels!.slice() };
    const [there, own] = [
      await averageGradientOuterProduct(engine, expansion, { at, rows }),
      await averageGradientOuterProduct(engine, expansion, { rows }),
    ];
    expectClose(values(there), values(own), 1e-12);
    there.blocks.forEach((block, g) => expectClose(block, own.blocks[g]!, 1e-12));
  });
});
