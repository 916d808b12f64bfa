import { categoricalTables, type Metric, transform } from "../../src/kernels/index.ts";
import {
  type Engine,
  type FusedKernel,
  type Matrix,
  type Points,
  transpose,
  zeros,
} from "../../src/linalg/index.ts";
import { filled, normals, product, withLevels } from "./data.ts";

// Two numeric columns and two categorical ones (3 and 4 levels; the last number of each is "unknown"), once with levels in
// blocks and once with every one-hot written out. What holds for one must hold for the other.

export const rows = 36;
export const numeric = 2;
export const sizes = [3, 4] as const;
export const width = numeric + sizes[0] + sizes[1];

/** First one-hot coordinate of each block in the dense form. */
export const offsets = [numeric, numeric + sizes[0]] as const;

/** The same rows in both forms: numbers by seed, levels in an order by `step`. */
function build(seed: number, step: number): { readonly inBlocks: Points; readonly dense: Points } {
  const x = normals(rows, numeric, seed);
  const levels = sizes.map((size, g) =>
    Array.from({ length: rows }, (_, i) => (i * (7 - 2 * g) + (i >> (2 - g)) + step) % (size + 1)),
  );
  const oneHot = filled(rows, width, (i, j) => {
    if (j < numeric) return x.data[i * numeric + j]!;
    const g = j < numeric + sizes[0] ? 0 : 1;
    return levels[g]![i] === j - offsets[g] ? 1 : 0;
  });
  return { inBlocks: withLevels(x, ...levels), dense: { coordinates: oneHot } };
}

export const { inBlocks: blockPoints, dense: densePoints } = build(11, 0);
/** Other rows, none equal to one of those. */
export const { inBlocks: otherBlockPoints, dense: otherDensePoints } = build(12, 1);

const semidefinite = (d: number, seed: number): Matrix<Float64Array> => {
  const a = normals(d, Math.max(1, d - 1), seed);
  const m = product(a, transpose(a));
  return { ...m, data: m.data.map((value) => value / d) };
};

export const mixedMetrics = {
  identity: {
    form: "diagonal",
    scale: Float64Array.of(1, 1),
    blocks: sizes.map((size) => new Float64Array(size).fill(1)),
  },
  diagonal: {
    form: "diagonal",
    scale: Float64Array.of(0.7, 0.3),
    blocks: [Float64Array.of(0.5, 1, 0.2), Float64Array.of(0.9, 0.4, 0.6, 0.1)],
  },
  full: {
    form: "full",
    root: semidefinite(numeric, 1),
    blocks: [semidefinite(sizes[0], 2).data, semidefinite(sizes[1], 3).data],
  },
} as const satisfies Record<string, Metric>;

/** The same metric on written-out one-hots: block diagonal. */
export function denseMetric(metric: Metric): Metric {
  if (metric.form === "diagonal")
    return {
      form: "diagonal",
      scale: Float64Array.from([...metric.scale, ...metric.blocks.flatMap((block) => [...block])]),
      blocks: [],
    };
  const root = zeros(width, width);
  for (let i = 0; i < numeric; i++)
    for (let j = 0; j < numeric; j++) root.data[i * width + j] = metric.root.data[i * numeric + j]!;
  metric.blocks.forEach((block, g) => {
    const size = sizes[g]!;
    for (let a = 0; a < size; a++)
      for (let b = 0; b < size; b++)
        root.data[(offsets[g]! + a) * width + offsets[g]! + b] = block[a * size + b]!;
  });
  return { form: "full", root, blocks: [] };
}

/** K(x, x) under a metric, in float64. */
export async function kernelValues(
  engine: Engine,
  kernel: FusedKernel,
  metric: Metric,
  at: Points,
): Promise<Matrix> {
  const out = engine.allocate(at.coordinates.rows, at.coordinates.rows, "float64");
  await engine.kernelMatrix({
    kernel,
    tables: categoricalTables(metric, kernel),
    x: await transform(engine, at, metric, "float64"),
    out,
  });
  return out;
}
