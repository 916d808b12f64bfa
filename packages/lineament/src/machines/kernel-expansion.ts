import {
  convert,
  type Engine,
  type Matrix,
  type Points,
  type Precision,
  precisionOf,
  zeros,
} from "../linalg/index.ts";
import { categoricalTables, type Kernel, type Metric, transform } from "../kernels/index.ts";
import type { TransformedExpansion } from "./average-gradient-outer-product.ts";
import { kernelProduct, kernelGradient } from "./kernel-passes.ts";

/** A fitted function f(x) = k(S x, X S) A with c outputs: what every kernel machine here comes down to. */
export interface KernelExpansion {
  readonly kernel: Kernel;
  readonly metric: Metric;
  /** Training rows X in input coordinates, n × d. */
  readonly centers: Points;
  /** A, n × c. */
  readonly coefficients: Matrix;
}

/** The expansion with its centers transformed, ready for many predictions. */
export async function transformed(
  engine: Engine,
  expansion: KernelExpansion,
  precision: Precision = precisionOf(expansion.coefficients),
): Promise<TransformedExpansion> {
  const { kernel, metric, centers, coefficients } = expansion;
  return {
    kernel,
    metric,
    tables: categoricalTables(metric, kernel),
    centers: await transform(engine, centers, metric, precision),
    coefficients: shared(engine, coefficients, precision),
  };
}

/** Values f(x) at the rows of x, m × c in float64. */
export async function evaluate(
  engine: Engine,
  expansion: TransformedExpansion,
  x: Points,
  signal?: AbortSignal,
): Promise<Matrix<Float64Array>> {
  const { kernel, metric, tables, centers, coefficients } = expansion;
  const m = x.coordinates.rows;
  const out = engine.allocate(m, coefficients.cols, precisionOf(coefficients));
  const u = await transform(engine, x, metric, precisionOf(coefficients));
  await kernelProduct(engine, { kernel, tables, x: u, z: centers, v: coefficients, out, signal });
  return convert(out, "float64");
}

/**
 * Gradients ∇f_l(x_j) with respect to the input coordinates (those not in categorical blocks): row j holds c gradients
 * of d entries one after the other, m × (c d).
 */
export async function gradients(
  engine: Engine,
  expansion: TransformedExpansion,
  x: Points,
  signal?: AbortSignal,
): Promise<Matrix<Float64Array>> {
  const { kernel, metric, tables, centers, coefficients } = expansion;
  const { rows: m, cols: d } = x.coordinates;
  const c = coefficients.cols;
  const u = await transform(engine, x, metric, precisionOf(coefficients));
  const out = engine.allocate(m, c * d, precisionOf(coefficients));
  await kernelGradient(engine, { kernel, tables, x: u, z: centers, coefficients, out, signal });
  const inU = { data: convert(out, "float64").data, rows: m * c, cols: d };
  if (metric.form === "diagonal") {
    for (let row = 0; row < m * c; row++)
      for (let k = 0; k < d; k++) inU.data[row * d + k]! *= metric.scale[k]!;
    return { data: inU.data, rows: m, cols: c * d };
  }
  const inX = zeros(m * c, d);
  await engine.gemm({ a: inU, b: metric.root, c: inX });
  return { data: inX.data, rows: m, cols: c * d };
}

/** A copy in the engine's memory and the given precision; the same array when it already fits. */
function shared(engine: Engine, a: Matrix, precision: Precision): Matrix {
  const copy = engine.allocate(a.rows, a.cols, precision);
  if (precisionOf(a) === precision && a.data.buffer.constructor === copy.data.buffer.constructor) return a;
  copy.data.set(a.data);
  return copy;
}
