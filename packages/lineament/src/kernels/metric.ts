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

/**
 * S = (M / max M)^s by the symmetric eigendecomposition with negative eigenvalues clipped at 0; blocks are scaled by
 * the same maximum. `undefined` when M is zero or not finite: the metric then carries no information.
 *
 * @param power - s > 0, ½ for the root
 * @param shrinkage - η in [0, 1]: M ← (1 − η) M + η (tr M / d) I first
 */
export async function metricRoot(
  engine: Engine,
  m: MetricMatrix,
  power: number,
  shrinkage = 0,
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
  const [root, ...blocks] = roots as [Float64Array, ...Float64Array[]];
  return full
    ? { form: "full", root: { data: root, rows: d, cols: d }, blocks }
    : { form: "diagonal", scale: root, blocks };
}

/** A^s for symmetric A, eigenvalues clipped at 0. */
async function symmetricPower(
  engine: Engine,
  a: Matrix<Float64Array>,
  power: number,
): Promise<Matrix<Float64Array>> {
  const { values, vectors } = await engine.eigenSymmetric(a);
  const d = a.rows;
  const scaled = zeros(d, d);
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++)
      scaled.data[i * d + j] = vectors.data[i * d + j]! * Math.max(0, values[j]!) ** power;
  const result = zeros(d, d);
  await engine.gemm({ a: scaled, b: convert(vectors, "float64"), transposeB: true, c: result });
  for (let i = 0; i < d; i++)
    for (let j = 0; j < i; j++) {
      const mean = (result.data[i * d + j]! + result.data[j * d + i]!) / 2;
      result.data[i * d + j] = result.data[j * d + i] = mean;
    }
  return result;
}
