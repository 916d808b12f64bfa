import { type CategoricalTable, type Engine, type Matrix, type Points, precisionOf, rowRange, zeros } from "../linalg/index.ts";
import { type Kernel, type Metric, type MetricMatrix, normOrder } from "../kernels/index.ts";
import { takePoints } from "./learning-problem.ts";

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

export interface AgopOptions {
  readonly form: "full" | "diagonal";
  /** Rows of the centers at which gradients are taken. */
  readonly rows: Int32Array;
  /** One weight a center; the average is Σ w ∇f ∇fᵀ / Σ w. */
  readonly weights?: Float64Array | undefined;
  /** Subtract the mean gradient (over rows and outputs) first. Default false. */
  readonly centered?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** At most this many gradient entries are held at a time. */
const GRADIENT_ENTRIES = 2 ** 24;

/**
 * The average gradient outer product of the expansion over some of its own centers, in input coordinates:
 * M = S [ (1/m) Σ_j Σ_l ∇_u f_l(u_j) ∇_u f_l(u_j)ᵀ ] S, d × d, or its diagonal. The multiplication by S happens once.
 * Pairs at negligible distance (the row itself, duplicates) contribute nothing.
 *
 * @see Radhakrishnan et al., arXiv:2212.13881; Beaglehole et al., arXiv:2508.10053
 */
export async function averageGradientOuterProduct(
  engine: Engine,
  expansion: TransformedExpansion,
  { form, rows, weights, centered = false, signal }: AgopOptions,
): Promise<MetricMatrix> {
  const { kernel, metric, tables, centers, coefficients } = expansion;
  const d = centers.coordinates.cols;
  const c = coefficients.cols;
  const precision = precisionOf(coefficients);
  const batch = Math.max(1, Math.min(rows.length, Math.floor(GRADIENT_ENTRIES / Math.max(1, d * c))));
  const outer = form === "full" ? zeros(d, d) : undefined;
  const partial = outer ? engine.allocate(d, d, precision) : undefined;
  const squares = new Float64Array(d);
  const meanGradient = new Float64Array(d);
  const totalWeight = weights ? rows.reduce((sum, j) => sum + weights[j]!, 0) : rows.length;
  const gradients = engine.allocate(batch, d * c, precision);
  for (let start = 0; start < rows.length && d > 0; start += batch) {
    const chosen = rows.subarray(start, Math.min(rows.length, start + batch));
    const out = rowRange(gradients, 0, chosen.length);
    await engine.kernelGradient({ kernel, tables, x: takePoints(centers, chosen, tables.length), z: centers, coefficients, selfPairs: chosen, out, signal });
    const { data } = out;
    if (weights)
      chosen.forEach((j, at) => {
        const scale = Math.sqrt(weights[j]!);
        for (let k = at * d * c; k < (at + 1) * d * c; k++) data[k]! *= scale;
      });
    if (centered) {
      for (let at = 0; at < chosen.length; at++) {
        const scale = (weights ? Math.sqrt(weights[chosen[at]!]!) : 1) / (totalWeight * c);
        for (let k = 0; k < d * c; k++) meanGradient[k % d]! += data[at * d * c + k]! * scale;
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
  for (let g = 0; g < tables.length; g++) blocks.push(await categoricalBlock(engine, expansion, g, form, rows, weights, totalWeight, signal));
  if (metric.form === "diagonal") {
    const s = metric.scale;
    if (!outer) return { form: "diagonal", values: squares.map((value, k) => (value / totalWeight - (centered ? c * meanGradient[k]! ** 2 : 0)) * s[k]! ** 2), blocks };
    for (let i = 0; i < d; i++)
      for (let j = 0; j < d; j++)
        outer.data[i * d + j] = (outer.data[i * d + j]! / totalWeight - (centered ? c * meanGradient[i]! * meanGradient[j]! : 0)) * s[i]! * s[j]!;
    return { form: "full", values: outer, blocks };
  }
  if (!outer) throw new RangeError("average gradient outer product: a diagonal one under a full metric is not defined");
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++)
      outer.data[i * d + j] = outer.data[i * d + j]! / totalWeight - (centered ? c * meanGradient[i]! * meanGradient[j]! : 0);
  const half = zeros(d, d);
  await engine.gemm({ a: metric.root, b: outer, c: half });
  await engine.gemm({ a: half, b: metric.root, c: outer });
  return { form: "full", values: outer, blocks };
}

/**
 * The block of the AGOP of categorical block g, κ × κ or its diagonal. With one-hot coordinates e and the slope φ the
 * gradient is ∇_u f(x_j) = S q, q = e_{a_j} Σ_i A_i φ_ij − Σ_a e_a Σ_{i: a_i = a} A_i φ_ij for p = 2, so the sums run over
 * rows grouped by level; for other p (diagonal S only) the k-th entry is s_k^{p−1} q_k.
 */
async function categoricalBlock(
  engine: Engine,
  { kernel, metric, tables, centers, coefficients }: TransformedExpansion,
  g: number,
  form: "full" | "diagonal",
  rows: Int32Array,
  weights: Float64Array | undefined,
  totalWeight: number,
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  const blocks = tables.length;
  const size = tables[g]!.dimensions;
  const n = centers.coordinates.rows;
  const c = coefficients.cols;
  const p = normOrder(kernel);
  const precision = precisionOf(coefficients);
  const outer = new Float64Array(form === "full" ? size * size : size);
  const grouped = engine.allocate(n, size + 1, precision);
  for (let l = 0; l < c; l++) {
    grouped.data.fill(0);
    for (let i = 0; i < n; i++) grouped.data[i * (size + 1) + centers.levels![i * blocks + g]!] = coefficients.data[i * c + l]!;
    const batch = Math.max(1, Math.min(rows.length, Math.floor(GRADIENT_ENTRIES / (size + 1))));
    for (let start = 0; start < rows.length; start += batch) {
      const chosen = rows.subarray(start, Math.min(rows.length, start + batch));
      const sums = engine.allocate(chosen.length, size + 1, precision);
      await engine.kernelProduct({ kernel, tables, x: takePoints(centers, chosen, blocks), z: centers, v: grouped, part: "slope", selfPairs: chosen, out: sums, signal });
      const q = new Float64Array(size);
      chosen.forEach((j, at) => {
        const level = centers.levels![j * blocks + g]!;
        let total = 0;
        for (let a = 0; a <= size; a++) total += sums.data[at * (size + 1) + a]!;
        for (let a = 0; a < size; a++) q[a] = -sums.data[at * (size + 1) + a]!;
        if (level < size) q[level]! += total;
        const weight = (weights?.[j] ?? 1) / totalWeight;
        if (form === "diagonal") for (let a = 0; a < size; a++) outer[a]! += weight * q[a]! ** 2;
        else
          for (let a = 0; a < size; a++)
            for (let b = 0; b < size; b++) outer[a * size + b]! += weight * q[a]! * q[b]!;
      });
    }
  }
  const root = metric.blocks[g]!;
  if (form === "diagonal") return outer.map((value, k) => value * root[k]! ** (2 * p));
  if (metric.form === "diagonal") {
    for (let a = 0; a < size; a++) for (let b = 0; b < size; b++) outer[a * size + b]! *= root[a]! ** p * root[b]! ** p;
    return outer;
  }
  if (p !== 2) throw new RangeError("average gradient outer product: full categorical blocks need a rotation-invariant kernel (p = 2)");
  const s = { data: root, rows: size, cols: size };
  const squared = zeros(size, size);
  await engine.gemm({ a: s, b: s, c: squared });
  const half = zeros(size, size);
  await engine.gemm({ a: squared, b: { data: outer, rows: size, cols: size }, c: half });
  await engine.gemm({ a: half, b: squared, c: { data: outer, rows: size, cols: size } });
  return outer;
}
