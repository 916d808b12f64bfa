import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  identityMetric,
  type Metric,
  metricMatrix,
  type MetricNormalization,
  metricRoot,
  transform,
} from "../../src/kernels/index.ts";
import { type Engine, type Matrix, transpose } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { expectClose, filled, normals, points, product, withLevels } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const full = (values: Matrix<Float64Array>, blocks: Float64Array[] = []) =>
  ({ form: "full", values, blocks }) as const;
const diagonal = (values: number[], blocks: number[][] = []) =>
  ({
    form: "diagonal",
    values: Float64Array.from(values),
    blocks: blocks.map((block) => Float64Array.from(block)),
  }) as const;
const rootOf = (metric: Metric | undefined): Matrix<Float64Array> => {
  if (metric?.form !== "full") throw new Error("expected a full metric");
  return metric.root;
};

/** A positive semidefinite matrix of the given rank whose largest diagonal entry is `largest`. */
function semidefinite(d: number, rank: number, largest: number, seed: number): Matrix<Float64Array> {
  const a = normals(d, rank, seed);
  const m = product(a, transpose(a));
  const scale = largest / Math.max(...Array.from({ length: d }, (_, k) => m.data[k * d + k]!));
  return { ...m, data: m.data.map((value) => value * scale) };
}

describe("the root S = (M / max M)^s", () => {
  test.each([7, 3])("at s = ½ squares to M / max M, at s = ¼ to the power 4 (rank %d of 7)", async (rank) => {
    const m = semidefinite(7, rank, 5, rank);
    const normalized = m.data.map((value) => value / 5);
    const half = rootOf(await metricRoot(engine, full(m), 0.5));
    expectClose(product(half, half).data, normalized, 1e-12);
    const quarter = rootOf(await metricRoot(engine, full(m), 0.25));
    expectClose(product(quarter, quarter).data, half.data, 1e-7); // (rounding of a zero eigenvalue)^¼
    expectClose(rootOf(await metricRoot(engine, full(m), 1)).data, normalized, 1e-12);
  });

  test("is symmetric, and does not change the matrix it is of", async () => {
    const m = semidefinite(6, 6, 2, 1);
    const before = m.data.slice();
    const root = rootOf(await metricRoot(engine, full(m), 0.5));
    expect(transpose(root).data).toEqual(root.data);
    expect(m.data).toEqual(before);
  });

  test("of a diagonal is entry by entry, and equals the full root of the diagonal matrix", async () => {
    const metric = await metricRoot(engine, diagonal([4, 1, 0, 16]), 0.5);
    expect(metric).toMatchObject({ form: "diagonal", scale: Float64Array.of(0.5, 0.25, 0, 1) });
    const m = filled(4, 4, (i, j) => (i === j ? [4, 1, 0, 16][i]! : 0));
    expectClose(
      rootOf(await metricRoot(engine, full(m), 0.5)).data,
      filled(4, 4, (i, j) => (i === j ? [0.5, 0.25, 0, 1][i]! : 0)).data,
      1e-14,
    );
  });

  test("clips negative eigenvalues at 0", async () => {
    const m = filled(2, 2, (i, j) => (i === j ? 1 : 1 + 1e-9));
    expect(rootOf(await metricRoot(engine, full(m), 0.25)).data.every(Number.isFinite)).toBe(true);
    expect(await metricRoot(engine, diagonal([1, -1e-12]), 0.25)).toMatchObject({
      scale: Float64Array.of(1, 0),
    });
  });

  test("of a matrix without information does not exist", async () => {
    expect(await metricRoot(engine, diagonal([0, 0]), 0.5)).toBeUndefined();
    expect(await metricRoot(engine, diagonal([1, NaN]), 0.5)).toBeUndefined();
    expect(await metricRoot(engine, diagonal([1, Infinity]), 0.5)).toBeUndefined();
    expect(await metricRoot(engine, full(filled(2, 2, () => 0)), 0.5)).toBeUndefined();
    expect(await metricRoot(engine, diagonal([]), 0.5)).toBeUndefined();
  });

  test("scales categorical blocks by the same maximum", async () => {
    expect(await metricRoot(engine, diagonal([1], [[4, 9], [36]]), 0.5)).toMatchObject({
      scale: Float64Array.of(1 / 6),
      blocks: [Float64Array.of(1 / 3, 1 / 2), Float64Array.of(1)],
    });
    const block = semidefinite(3, 2, 8, 4);
    const metric = await metricRoot(engine, full(semidefinite(2, 2, 2, 5), [block.data]), 0.5);
    const root = { data: metric!.blocks[0]!, rows: 3, cols: 3 };
    expectClose(
      product(root, root).data,
      block.data.map((value) => value / 8),
      1e-12,
    );
  });

  test("shrinkage moves M toward its mean diagonal: (1 − η) M + η (tr M / d) I", async () => {
    const m = semidefinite(5, 2, 1, 6);
    const mean = [0, 1, 2, 3, 4].reduce((sum, k) => sum + m.data[k * 5 + k]! / 5, 0);
    const root = rootOf(await metricRoot(engine, full(m), 1, 0.3));
    expectClose(
      root.data,
      filled(5, 5, (i, j) => 0.7 * m.data[i * 5 + j]! + (i === j ? 0.3 * mean : 0)).data,
      1e-12,
    );
    expect(await metricRoot(engine, diagonal([1, 0]), 1, 0.5)).toMatchObject({
      scale: Float64Array.of(0.75, 0.25),
    });
  });
});

describe("the scale of the metric S²", () => {
  const values = [4, 1];
  const blocks = [[4, 9], [36]];
  const squares = async (power: number, normalization: MetricNormalization): Promise<number[]> => {
    const metric = await metricRoot(engine, diagonal(values, blocks), power, 0, normalization);
    if (metric?.form !== "diagonal") throw new Error("expected a diagonal metric");
    return [metric.scale, ...metric.blocks].flatMap((part) => Array.from(part, (entry) => entry ** 2));
  };
  const expectEntries = (got: readonly number[], expected: readonly number[]): void =>
    got.forEach((value, at) => expect(value).toBeCloseTo(expected[at]!, 14));

  test("is taken over coordinates and blocks together", async () => {
    expectEntries(
      await squares(0.5, "maximum"),
      [4, 1, 4, 9, 36].map((value) => value / 36),
    );
    expectEntries(
      await squares(0.5, "trace"),
      [4, 1, 4, 9, 36].map((value) => (5 * value) / 54),
    );
    expectEntries(await squares(0.25, "maximum"), [2 / 6, 1 / 6, 2 / 6, 3 / 6, 1]);
    expectEntries(await squares(0.25, "none"), [2, 1, 2, 3, 6]);
  });

  test("is the same for a full metric, whose largest entry is on its diagonal", async () => {
    const m = semidefinite(5, 3, 7, 8);
    for (const normalization of ["maximum", "trace", "none"] as const) {
      const root = await metricRoot(engine, full(m), 0.25, 0, normalization);
      const { data } = await metricMatrix(engine, root!);
      expectClose(data, product(rootOf(root), rootOf(root)).data, 1e-14);
      const trace = data.reduce((sum, value, at) => (at % 6 === 0 ? sum + value : sum), 0);
      if (normalization === "maximum") expect(Math.max(...data)).toBeCloseTo(1, 14);
      else if (normalization === "trace") expect(trace).toBeCloseTo(5, 13);
      else expectClose(product({ data, rows: 5, cols: 5 }, { data, rows: 5, cols: 5 }).data, m.data, 1e-12);
    }
  });
});

describe.each(["float32", "float64"] as const)("the transform U = X S in %s", (precision) => {
  const tolerance = precision === "float32" ? 1e-6 : 1e-13;

  test("is the product with a full root", async () => {
    const x = normals(50, 6, 1);
    const root = rootOf(await metricRoot(engine, full(semidefinite(6, 4, 1, 2)), 0.5));
    const u = await transform(engine, points(x), { form: "full", root, blocks: [] }, precision);
    expect(u.coordinates.data).toBeInstanceOf(precision === "float32" ? Float32Array : Float64Array);
    expectClose(u.coordinates.data, product(x, root).data, tolerance);
  });

  test("scales columns with a diagonal one, and the identity changes nothing", async () => {
    const x = normals(9, 3, 1);
    const metric: Metric = { form: "diagonal", scale: Float64Array.of(2, 0, 0.5), blocks: [] };
    const u = await transform(engine, points(x), metric, precision);
    expectClose(
      u.coordinates.data,
      x.data.map((value, at) => value * [2, 0, 0.5][at % 3]!),
      tolerance,
    );
    expectClose(
      (await transform(engine, points(x), identityMetric(3), precision)).coordinates.data,
      x.data,
      tolerance,
    );
  });

  test("passes levels through, and takes rows without coordinates", async () => {
    const x = withLevels(
      filled(3, 0, () => 0),
      [0, 2, 1],
    );
    const u = await transform(engine, x, identityMetric(0, [2]), precision);
    expect(u.levels).toBe(x.levels);
    expect(u.coordinates).toMatchObject({ rows: 3, cols: 0 });
  });
});
