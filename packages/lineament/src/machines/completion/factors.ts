import { type Engine, type Matrix, zeros } from "../../linalg/index.ts";

type Doubles = Matrix<Float64Array>;

/** Singular values of left rightᵀ, descending, from Gram matrices of the factors: those below 1e-8 of the largest are noise. */
export async function factorSingularValues(
  engine: Engine,
  left: Doubles,
  right: Doubles,
): Promise<Float64Array> {
  const root = await gramRoot(engine, left);
  const gram = zeros(right.cols, right.cols);
  await engine.syrk({ a: right, c: gram, transpose: true });
  // The squares are the eigenvalues of √(LᵀL) RᵀR √(LᵀL).
  const half = zeros(right.cols, right.cols);
  await engine.gemm({ a: root, b: gram, c: half });
  const whole = zeros(right.cols, right.cols);
  await engine.gemm({ a: half, b: root, c: whole });
  const { values } = await engine.eigenSymmetric(symmetrized(whole));
  return values.toReversed().map((square) => Math.sqrt(Math.max(0, square)));
}

/** The thin singular value decomposition of left rightᵀ, without those parts that are rounding. */
export async function factorDecomposition(
  engine: Engine,
  left: Doubles,
  right: Doubles,
): Promise<{ readonly u: Doubles; readonly values: Float64Array; readonly v: Doubles }> {
  const [l, r] = [await engine.singularValues(left), await engine.singularValues(right)];
  // left rightᵀ = U_l (S_l V_lᵀ V_r S_r) U_rᵀ.
  const inner = zeros(l.values.length, r.values.length);
  await engine.gemm({
    a: scaledRows(l.vt as Doubles, (k) => l.values[k]!),
    b: scaledRows(r.vt as Doubles, (k) => r.values[k]!),
    c: inner,
    transposeB: true,
  });
  const middle = await engine.singularValues(inner);
  const kept = middle.values.filter((value) => value > 1e-10 * middle.values[0]!).length;
  const u = zeros(left.rows, kept);
  const v = zeros(right.rows, kept);
  await engine.gemm({ a: l.u, b: firstColumns(middle.u as Doubles, kept), c: u });
  await engine.gemm({ a: r.u, b: firstRows(middle.vt as Doubles, kept), c: v, transposeB: true });
  return { u, values: middle.values.slice(0, kept), v };
}

/** Row i times scale(i). */
export function scaledRows({ data, rows, cols }: Doubles, scale: (row: number) => number): Doubles {
  const out = zeros(rows, cols);
  for (let i = 0; i < rows; i++) {
    const factor = scale(i);
    for (let k = i * cols; k < (i + 1) * cols; k++) out.data[k] = factor * data[k]!;
  }
  return out;
}

/** Column k times scale[k]. */
export function scaledColumns({ data, rows, cols }: Doubles, scale: Float64Array): Doubles {
  return { data: data.map((entry, at) => entry * scale[at % cols]!), rows, cols };
}

/** The square matrix of this diagonal. */
export function diagonal(values: Float64Array): Doubles {
  const out = zeros(values.length, values.length);
  values.forEach((value, k) => (out.data[k * values.length + k] = value));
  return out;
}

function firstRows({ data, cols }: Doubles, count: number): Doubles {
  return { data: data.subarray(0, count * cols), rows: count, cols };
}

function firstColumns({ data, rows, cols }: Doubles, count: number): Doubles {
  const out = zeros(rows, count);
  for (let i = 0; i < rows; i++) out.data.set(data.subarray(i * cols, i * cols + count), i * count);
  return out;
}

/** √(AᵀA). */
async function gramRoot(engine: Engine, a: Doubles): Promise<Doubles> {
  const n = a.cols;
  const gram = zeros(n, n);
  await engine.syrk({ a, c: gram, transpose: true });
  const { values, vectors } = await engine.eigenSymmetric(gram);
  const scaled = zeros(n, n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++)
      scaled.data[i * n + k] = vectors.data[i * n + k]! * Math.max(0, values[k]!) ** 0.25;
  const root = zeros(n, n);
  await engine.syrk({ a: scaled, c: root });
  return root;
}

function symmetrized({ data, rows }: Doubles): Doubles {
  const out = zeros(rows, rows);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < rows; j++) out.data[i * rows + j] = (data[i * rows + j]! + data[j * rows + i]!) / 2;
  return out;
}
