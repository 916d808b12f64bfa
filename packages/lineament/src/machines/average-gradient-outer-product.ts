import {
  type CategoricalTable,
  type Engine,
  type Matrix,
  type Points,
  precisionOf,
  rowRange,
  zeros,
} from "../linalg/index.ts";
import {
  differenceKernel,
  type Kernel,
  type Metric,
  type MetricMatrix,
  normOrder,
} from "../kernels/index.ts";
import { takePoints } from "./learning-problem.ts";
import { kernelGradient } from "./kernel-passes.ts";

/** A kernel expansion f(x) = k(S x, U) A seen in transformed coordinates U = X S. */
export interface TransformedExpansion {
  readonly kernel: Kernel;
  readonly metric: Metric;
  readonly tables: readonly CategoricalTable[];
  /** Transformed centers U, n × d. */
  readonly centers: Points;
  /** A, n × c, in the precision of the centers. */
  readonly coefficients: Matrix;
}

/** Where gradients are taken, and what is kept of their outer products. */
export interface AgopOptions {
  /** Default full. */
  readonly form?: "full" | "diagonal";
  /** Where gradients are taken, in transformed coordinates. Default at the centers. */
  readonly at?: Points | undefined;
  /** Rows of these points. Default all. */
  readonly rows?: Int32Array;
  /** One weight a point; the average is Σ w ∇f ∇fᵀ / Σ w. */
  readonly weights?: Float64Array | undefined;
  /** Subtract the mean gradient of each output first. Default false. */
  readonly centered?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** At most this many gradient entries are held at a time. */
const GRADIENT_ENTRIES = 2 ** 24;

/**
 * The average gradient outer product of the expansion over some of its own centers, or other points, in input coordinates:
 * M = S [ (1/m) Σ_j Σ_l ∇_u f_l(u_j) ∇_u f_l(u_j)ᵀ ] S, d × d, or its diagonal. The multiplication by S happens once.
 * Pairs at negligible distance (the row itself, duplicates) contribute nothing.
 *
 * @see Radhakrishnan et al., arXiv:2212.13881; Beaglehole et al., arXiv:2508.10053
 */
export async function averageGradientOuterProduct(
  engine: Engine,
  expansion: TransformedExpansion,
  { form = "full", at: elsewhere, rows: given, weights, centered = false, signal }: AgopOptions = {},
): Promise<MetricMatrix> {
  const { kernel, metric, tables, centers, coefficients } = expansion;
  const points = elsewhere ?? centers;
  const rows = given ?? Int32Array.from({ length: points.coordinates.rows }, (_, i) => i);
  const d = centers.coordinates.cols;
  const c = coefficients.cols;
  const precision = precisionOf(coefficients);
  const batch = Math.max(1, Math.min(rows.length, Math.floor(GRADIENT_ENTRIES / Math.max(1, d * c))));
  const outer = form === "full" ? zeros(d, d) : undefined;
  const partial = outer ? engine.allocate(d, d, precision) : undefined;
  const squares = new Float64Array(d);
  /** By output, one after the other. */
  const meanGradients = new Float64Array(centered ? c * d : 0);
  const totalWeight = weights ? rows.reduce((sum, j) => sum + weights[j]!, 0) : rows.length;
  const gradients = engine.allocate(batch, d * c, precision);
  const end = d > 0 ? rows.length : 0;
  for (let start = 0; start < end; start += batch) {
    const chosen = rows.subarray(start, Math.min(rows.length, start + batch));
    const out = rowRange(gradients, 0, chosen.length);
    await kernelGradient(engine, {
      kernel,
      tables,
      x: takePoints(points, chosen, tables.length),
      z: centers,
      coefficients,
      ...(elsewhere ? {} : { selfPairs: chosen }),
      out,
      signal,
    });
    const { data } = out;
    if (weights)
      chosen.forEach((j, at) => {
        const scale = Math.sqrt(weights[j]!);
        for (let k = at * d * c; k < (at + 1) * d * c; k++) data[k]! *= scale;
      });
    if (centered) {
      for (let at = 0; at < chosen.length; at++) {
        const scale = (weights ? Math.sqrt(weights[chosen[at]!]!) : 1) / totalWeight;
        for (let k = 0; k < d * c; k++) meanGradients[k]! += data[at * d * c + k]! * scale;
      }
    }
    if (outer && partial) {
      await engine.syrk({ a: { data, rows: chosen.length * c, cols: d }, c: partial, transpose: true });
      for (let k = 0; k < d * d; k++) outer.data[k]! += partial.data[k]!;
    } else {
      for (let row = 0; row < chosen.length * c; row++)
        for (let k = 0; k < d; k++) squares[k]! += data[row * d + k]! ** 2;
    }
  }
  const blocks: Float64Array[] = [];
  for (let g = 0; g < tables.length; g++)
    blocks.push(
      await categoricalBlock(engine, expansion, g, form, points, rows, weights, totalWeight, signal),
    );
  /** An entry of the average in transformed coordinates. */
  const average = (sum: number, i: number, j: number): number => {
    let value = sum / totalWeight;
    for (let at = 0; at < meanGradients.length; at += d)
      value -= meanGradients[at + i]! * meanGradients[at + j]!;
    return value;
  };
  if (!outer) {
    if (metric.form === "full")
      throw new RangeError(
        "average gradient outer product: a diagonal one under a full metric is not defined",
      );
    const { scale } = metric;
    return { form: "diagonal", values: squares.map((sum, k) => average(sum, k, k) * scale[k]! ** 2), blocks };
  }
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) outer.data[i * d + j] = average(outer.data[i * d + j]!, i, j);
  if (metric.form === "diagonal") {
    const { scale } = metric;
    for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) outer.data[i * d + j]! *= scale[i]! * scale[j]!;
    return { form: "full", values: outer, blocks };
  }
  const half = zeros(d, d);
  await engine.gemm({ a: metric.root, b: outer, c: half });
  await engine.gemm({ a: half, b: metric.root, c: outer });
  return { form: "full", values: outer, blocks };
}

/**
 * The block of the AGOP of categorical block g, κ × κ or its diagonal. The gradient in u is the sum over levels b of
 * T_jb · direction(S_a − S_b), a the level of row j, T_jb = Σ_{i: a_i = b} A_i φ_ij: sums over rows grouped by level.
 * Pairs of one level contribute nothing, so a row need not be kept from meeting itself.
 */
async function categoricalBlock(
  engine: Engine,
  expansion: TransformedExpansion,
  g: number,
  form: "full" | "diagonal",
  points: Points,
  rows: Int32Array,
  weights: Float64Array | undefined,
  totalWeight: number,
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  const { kernel, metric, tables, centers, coefficients } = expansion;
  const blocks = tables.length;
  const size = tables[g]!.dimensions;
  const n = centers.coordinates.rows;
  const c = coefficients.cols;
  const root = metric.blocks[g]!;
  const direction = directionOf(kernel);
  const outer = new Float64Array(form === "full" ? size * size : size);
  const grouped = engine.allocate(n, size + 1, precisionOf(coefficients));
  const gradient = new Float64Array(size);
  const batch = Math.max(1, Math.min(rows.length, Math.floor(GRADIENT_ENTRIES / (size + 1))));
  const byLevel = rows.toSorted((i, j) => points.levels![i * blocks + g]! - points.levels![j * blocks + g]!);
  let differences: { readonly level: number; readonly values: Float64Array } | undefined;
  for (let l = 0; l < c; l++) {
    grouped.data.fill(0);
    for (let i = 0; i < n; i++)
      grouped.data[i * (size + 1) + centers.levels![i * blocks + g]!] = coefficients.data[i * c + l]!;
    for (let start = 0; start < rows.length; start += batch) {
      const chosen = byLevel.subarray(start, Math.min(rows.length, start + batch));
      const sums = await slopeSums(engine, expansion, points, chosen, grouped, signal);
      chosen.forEach((j, at) => {
        const level = points.levels![j * blocks + g]!;
        const t = sums.data.subarray(at * (size + 1), (at + 1) * (size + 1));
        if (metric.form === "diagonal") {
          let total = 0;
          for (let b = 0; b <= size; b++) if (b !== level) total += t[b]!;
          for (let k = 0; k < size; k++) gradient[k] = direction(root[k]!) * (k === level ? total : -t[k]!);
        } else {
          if (differences?.level !== level)
            differences = { level, values: levelDirections(root, size, level, direction) };
          gradient.fill(0);
          for (let b = 0; b <= size; b++)
            for (let k = 0; k < size; k++) gradient[k]! += t[b]! * differences.values[b * size + k]!;
        }
        const weight = (weights?.[j] ?? 1) / totalWeight;
        if (form === "diagonal") for (let a = 0; a < size; a++) outer[a]! += weight * gradient[a]! ** 2;
        else
          for (let a = 0; a < size; a++)
            for (let b = 0; b < size; b++) outer[a * size + b]! += weight * gradient[a]! * gradient[b]!;
      });
    }
  }
  if (form === "diagonal") return outer.map((value, k) => value * root[k]! ** 2);
  if (metric.form === "diagonal") {
    for (let a = 0; a < size; a++) for (let b = 0; b < size; b++) outer[a * size + b]! *= root[a]! * root[b]!;
    return outer;
  }
  const s = { data: root, rows: size, cols: size };
  const half = zeros(size, size);
  await engine.gemm({ a: s, b: { data: outer, rows: size, cols: size }, c: half });
  await engine.gemm({ a: half, b: s, c: { data: outer, rows: size, cols: size } });
  return outer;
}

/** Σ_i φ(x_j, z_i) grouped[i, b] with ∇_u k = φ direction(Δ): the slope of the kernel; rows × columns of `grouped`. */
async function slopeSums(
  engine: Engine,
  { kernel: given, tables, centers }: TransformedExpansion,
  points: Points,
  rows: Int32Array,
  grouped: Matrix,
  signal: AbortSignal | undefined,
): Promise<Matrix> {
  const kernel = differenceKernel(given, "categorical blocks; spell the levels out as coordinates");
  const out = engine.allocate(rows.length, grouped.cols, precisionOf(grouped));
  const x = takePoints(points, rows, tables.length);
  if (kernel.family !== "sum-power") {
    await engine.kernelProduct({
      kernel,
      tables,
      x,
      z: centers,
      v: grouped,
      part: "slope",
      ...(points === centers ? { selfPairs: rows } : {}),
      out,
      signal,
    });
    return out;
  }
  // φ = −m b^{m−1} (1 − ω)/d q L^{−q}, and b^{m−1} is the kernel of the next lower power.
  const { power, constant, exponent, bandwidth } = kernel;
  const dimensions = tables.reduce((sum, table) => sum + table.dimensions, centers.coordinates.cols);
  if (power > 1)
    await engine.kernelProduct({
      kernel: { ...kernel, power: power - 1 },
      tables,
      x,
      z: centers,
      v: grouped,
      out,
      signal,
    });
  else
    for (let b = 0; b < grouped.cols; b++) {
      let sum = 0;
      for (let i = 0; i < grouped.rows; i++) sum += grouped.data[i * grouped.cols + b]!;
      for (let j = 0; j < rows.length; j++) out.data[j * grouped.cols + b] = sum;
    }
  const factor = (-power * (1 - constant) * exponent * bandwidth ** -exponent) / dimensions;
  for (let at = 0; at < out.data.length; at++) out.data[at]! *= factor;
  return out;
}

/** What the slope is multiplied by, coordinate by coordinate: Δ for p = 2, |Δ|^{p−1} sgn Δ, or |Δ|^{q−1} sgn Δ exp(−(|Δ|/L)^q). */
function directionOf(kernel: Kernel): (delta: number) => number {
  const signed = (delta: number, power: number): number =>
    delta === 0 ? 0 : Math.sign(delta) * Math.abs(delta) ** power;
  if (kernel.family === "sum-power") {
    const { exponent: q, bandwidth } = kernel;
    return (delta) => signed(delta, q - 1) * Math.exp(-((Math.abs(delta) / bandwidth) ** q));
  }
  const p = normOrder(kernel);
  return p === 2 ? (delta) => delta : (delta) => signed(delta, p - 1);
}

/** direction(S_level − S_b) for every level b and the unknown one, whose row of S is 0: (κ + 1) × κ. Rounding counts as 0. */
function levelDirections(
  root: Float64Array,
  size: number,
  level: number,
  direction: (delta: number) => number,
): Float64Array {
  const result = new Float64Array((size + 1) * size);
  for (let b = 0; b <= size; b++)
    for (let k = 0; k < size; k++) {
      const u = level < size ? root[level * size + k]! : 0;
      const v = b < size ? root[b * size + k]! : 0;
      const delta = u - v;
      if (delta ** 2 > 16 * Number.EPSILON * (u * u + v * v)) result[b * size + k] = direction(delta);
    }
  return result;
}
