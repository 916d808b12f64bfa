import {
  convert,
  type CategoricalTable,
  type Engine,
  type Matrix,
  type Points,
  type Precision,
  rowRange,
  zeros,
} from "../linalg/index.ts";
import { differenceKernel, type Kernel, normOrder } from "./kernel.ts";

/**
 * The feature transform u = S x, S = M^s, of a learned metric M, and the transforms of the categorical blocks.
 * Block g stands for κ_g one-hot coordinates that nothing else is linked to; in diagonal form it has κ_g scales,
 * in full form a symmetric κ_g × κ_g root.
 */
export type Metric =
  | { readonly form: "diagonal"; readonly scale: Float64Array; readonly blocks: readonly Float64Array[] }
  | { readonly form: "full"; readonly root: Matrix<Float64Array>; readonly blocks: readonly Float64Array[] };

/** An average gradient outer product in input coordinates, normalized or not: d × d or its diagonal, and per block. */
export type MetricMatrix =
  | { readonly form: "diagonal"; readonly values: Float64Array; readonly blocks: readonly Float64Array[] }
  | {
      readonly form: "full";
      readonly values: Matrix<Float64Array>;
      readonly blocks: readonly Float64Array[];
    };

/**
 * How the scale of a learned metric M = S² is fixed. With a constant bandwidth these are different algorithms, because the
 * scale of M is an inverse squared bandwidth.
 *
 * | `agop-maximum` | the largest entry of the AGOP is 1 before the power is taken                              |
 * | `maximum`      | the largest entry of M is 1; the same as `agop-maximum` at power ½                        |
 * | `trace`        | tr M = d                                                                                  |
 * | `none`         | M is the AGOP to the power 2s as it is: targets of twice the size have a 4^(2s)-fold M    |
 *
 * @see Beaglehole et al., arXiv:2508.10053 (the first); Radhakrishnan et al., arXiv:2212.13881 (the second and the last)
 */
export type MetricNormalization = (typeof METRIC_NORMALIZATIONS)[number];
export const METRIC_NORMALIZATIONS = ["agop-maximum", "maximum", "trace", "none"] as const;

/** S = I: the plain kernel. */
export function identityMetric(d: number, blockSizes: readonly number[] = []): Metric {
  return {
    form: "diagonal",
    scale: new Float64Array(d).fill(1),
    blocks: blockSizes.map((size) => new Float64Array(size).fill(1)),
  };
}

/** U = X S in the given precision, in the memory the engine likes best. Levels are passed through. */
export async function transform(
  engine: Engine,
  x: Points,
  metric: Metric,
  precision: Precision,
): Promise<Points> {
  const { rows, cols } = x.coordinates;
  const out = engine.allocate(rows, cols, precision);
  if (metric.form === "diagonal") {
    const { data } = x.coordinates;
    for (let i = 0; i < rows; i++)
      for (let k = 0; k < cols; k++) out.data[i * cols + k] = data[i * cols + k]! * metric.scale[k]!;
  } else {
    // d × d work is done in float64 and rounded once, in row blocks so that no second n × d copy is needed.
    const block = Math.max(1, Math.min(rows, Math.ceil(2 ** 20 / Math.max(1, cols))));
    const product = zeros(block, cols);
    for (let start = 0; start < rows; start += block) {
      const end = Math.min(rows, start + block);
      const c = rowRange(product, 0, end - start);
      await engine.gemm({ a: convert(rowRange(x.coordinates, start, end), "float64"), b: metric.root, c });
      out.data.set(c.data, start * cols);
    }
  }
  return x.levels ? { coordinates: out, levels: x.levels } : { coordinates: out };
}

/**
 * The table of each categorical block, T[a, b] = ‖S_a − S_b‖_p^p over its κ levels and one more row, κ, for unknown
 * or missing levels, whose one-hot row is zero. For sum-power: Σ_j exp(−(|S_aj − S_bj|/L)^q).
 */
export function categoricalTables(metric: Metric, kernel: Kernel): CategoricalTable[] {
  if (metric.blocks.length > 0)
    differenceKernel(kernel, "categorical blocks; spell the levels out as coordinates");
  const p = normOrder(kernel);
  return metric.blocks.map((block) => {
    const dimensions = metric.form === "diagonal" ? block.length : Math.round(Math.sqrt(block.length));
    const size = dimensions + 1;
    const term = (delta: number): number =>
      kernel.family === "sum-power"
        ? Math.exp(-((Math.abs(delta) / kernel.bandwidth) ** kernel.exponent))
        : p === 1
          ? Math.abs(delta)
          : p === 2
            ? delta * delta
            : Math.abs(delta) ** p;
    const values = new Float64Array(size * size);
    // In diagonal form two levels differ in two coordinates only: κ² steps instead of κ³.
    const same = term(0);
    const own = metric.form === "diagonal" ? block.map(term) : undefined;
    for (let a = 0; a < size; a++)
      for (let b = 0; b <= a; b++) {
        let sum = 0;
        if (own) {
          const differing = (a === b ? 0 : 1) + (a === b || a === dimensions ? 0 : 1);
          sum = (dimensions - differing) * same;
          if (a !== b) sum += own[b]! + (a === dimensions ? 0 : own[a]!);
        } else
          for (let k = 0; k < dimensions; k++) {
            const first = a === dimensions ? 0 : block[a * dimensions + k]!;
            const second = b === dimensions ? 0 : block[b * dimensions + k]!;
            sum += term(first - second);
          }
        values[a * size + b] = values[b * size + a] = sum;
      }
    return { size, dimensions, values };
  });
}

/** The metric M = S² over the coordinates, d × d; categorical blocks are left out. */
export async function metricMatrix(engine: Engine, metric: Metric): Promise<Matrix<Float64Array>> {
  if (metric.form === "full") {
    const { rows } = metric.root;
    const result = zeros(rows, rows);
    await engine.syrk({ a: metric.root, c: result });
    return result;
  }
  const d = metric.scale.length;
  const result = zeros(d, d);
  for (let k = 0; k < d; k++) result.data[k * d + k] = metric.scale[k]! ** 2;
  return result;
}

/**
 * S = (M / max M)^s by the symmetric eigendecomposition, eigenvalues below 1e-14 of the largest one counting as 0, then scaled
 * as `normalization` says; blocks are scaled by the same numbers. `undefined` when M is zero or not finite: the metric then
 * carries no information.
 *
 * @param power - s > 0, ½ for the root
 * @param shrinkage - η in [0, 1]: M ← (1 − η) M + η (tr M / d) I first
 */
export async function metricRoot(
  engine: Engine,
  m: MetricMatrix,
  power: number,
  shrinkage = 0,
  normalization: MetricNormalization = "agop-maximum",
): Promise<Metric | undefined> {
  let largest = 0;
  const diagonalOf = (values: Float64Array, size: number, full: boolean): Float64Array =>
    full ? Float64Array.from({ length: size }, (_, k) => values[k * size + k]!) : values;
  const full = m.form === "full";
  const main = full ? m.values.data : m.values;
  const d = full ? m.values.rows : m.values.length;
  const parts = [
    { values: main, size: d },
    ...m.blocks.map((values) => ({
      values,
      size: full ? Math.round(Math.sqrt(values.length)) : values.length,
    })),
  ];
  for (const { values, size } of parts)
    for (const value of diagonalOf(values, size, full))
      largest = Math.max(largest, Number.isFinite(value) ? value : Infinity);
  if (!(largest > 1e-30) || largest === Infinity) return undefined;
  const rootOf = async (values: Float64Array, size: number): Promise<Float64Array> => {
    const diagonal = diagonalOf(values, size, full);
    const mean = diagonal.reduce((sum, value) => sum + value, 0) / Math.max(1, size);
    const shrunk = values.map((value, at) => {
      const onDiagonal = !full || Math.floor(at / size) === at % size;
      return ((1 - shrinkage) * value + (onDiagonal ? shrinkage * mean : 0)) / largest;
    });
    if (!full) return shrunk.map((value) => Math.max(0, value) ** power);
    return (await symmetricPower(engine, { data: shrunk, rows: size, cols: size }, power)).data;
  };
  const roots = [];
  for (const { values, size } of parts)
    roots.push(size === 0 ? new Float64Array(0) : await rootOf(values, size));
  const scale = rootScale(normalization, roots, full, largest ** power);
  if (scale !== 1)
    for (const values of roots) for (let at = 0; at < values.length; at++) values[at]! *= scale;
  const [root, ...blocks] = roots as [Float64Array, ...Float64Array[]];
  return full
    ? { form: "full", root: { data: root, rows: d, cols: d }, blocks }
    : { form: "diagonal", scale: root, blocks };
}

/** What roots S of AGOPs with largest entry 1 are multiplied by. @param taken - the factor between them and those of the AGOP itself */
function rootScale(
  normalization: MetricNormalization,
  roots: readonly Float64Array[],
  full: boolean,
  taken: number,
): number {
  if (normalization === "agop-maximum") return 1;
  if (normalization === "none") return taken;
  // The largest entry of S² is on its diagonal, which holds the squared lengths of the rows of S.
  const diagonal = roots.flatMap((root) => {
    const size = full ? Math.round(Math.sqrt(root.length)) : root.length;
    const width = full ? size : 1;
    return Array.from({ length: size }, (_, k) =>
      root.subarray(k * width, (k + 1) * width).reduce((sum, value) => sum + value * value, 0),
    );
  });
  return normalization === "maximum"
    ? 1 / Math.sqrt(Math.max(...diagonal))
    : Math.sqrt(diagonal.length / diagonal.reduce((sum, value) => sum + value, 0));
}

/** A^s for symmetric positive semidefinite A; eigenvalues below 1e-14 of the largest one are rounding, and count as 0. */
async function symmetricPower(
  engine: Engine,
  a: Matrix<Float64Array>,
  power: number,
): Promise<Matrix<Float64Array>> {
  const { values, vectors } = await engine.eigenSymmetric(a);
  const d = a.rows;
  const least = 1e-14 * values[d - 1]!;
  const powers = values.map((value) => (value > least ? value ** power : 0));
  const scaled = zeros(d, d);
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) scaled.data[i * d + j] = vectors.data[i * d + j]! * powers[j]!;
  const result = zeros(d, d);
  await engine.gemm({ a: scaled, b: convert(vectors, "float64"), transposeB: true, c: result });
  for (let i = 0; i < d; i++)
    for (let j = 0; j < i; j++) {
      const mean = (result.data[i * d + j]! + result.data[j * d + i]!) / 2;
      result.data[i * d + j] = result.data[j * d + i] = mean;
    }
  return result;
}
