import { type Engine, type Matrix, precisionOf, random, zeros } from "../linalg/index.ts";
import { type ConjugateGradientOptions, conjugateGradients } from "./conjugate-gradients.ts";
import { nystromPreconditioner } from "./nystrom-preconditioner.ts";

/** How systems are iterated. */
export interface IteratedRidgeOptions {
  /** ‖Y − (K + λ I) A‖ / ‖Y‖ of every column. Default 1e-5. */
  readonly tolerance?: number;
  /** Default 60. */
  readonly maxSteps?: number;
  /** So many last rows are first left out and judged. Default 0. */
  readonly heldOut?: number;
  /** Of the columns that the preconditioner is made from. Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Coefficients A with (K + λ I) A = Y up to the relative residual. */
export interface IteratedRidgeSolution {
  readonly coefficients: Matrix<Float64Array>;
  readonly residual: number;
  /** What the last `heldOut` rows miss by when they are left out together, heldOut × c; undefined when none are. */
  readonly heldOutResiduals: Matrix<Float64Array> | undefined;
}

/**
 * Solves (K + λ I) A = Y for several λ at once by conjugate gradients with a Nyström preconditioner: one pass over K a step serves
 * all of them. With `heldOut`, the last rows are first left out and judged by the others, and the solution goes on from there.
 *
 * A column that will not reach the tolerance within `maxSteps`, at the rate of its latest steps, is given up soon.
 *
 * @param k - n × n, symmetric, both triangles filled; not changed
 * @returns one solution for each ridge; undefined for those given up
 */
export async function iteratedRidge(
  engine: Engine,
  k: Matrix,
  ridges: readonly number[],
  y: Matrix,
  { tolerance = 1e-5, maxSteps = 60, heldOut = 0, seed = 0, signal }: IteratedRidgeOptions = {},
): Promise<(IteratedRidgeSolution | undefined)[]> {
  const n = k.rows;
  const c = y.cols;
  const width = c * ridges.length;
  const shifts = Float64Array.from({ length: width }, (_, l) => ridges[Math.floor(l / c)]!);
  const stored = engine.allocate(n, width, precisionOf(k));
  const product = engine.allocate(n, width, precisionOf(k));
  /** The first rows of (K + λ I) V, V continued by zeros. */
  const multiply = async (v: Matrix, rows: number): Promise<Matrix<Float64Array>> => {
    stored.data.set(v.data);
    stored.data.fill(0, v.data.length);
    await engine.gemm({ a: k, b: stored, c: product, symmetricA: true });
    const shifted = zeros(rows, width);
    for (let at = 0; at < shifted.data.length; at++)
      shifted.data[at] = product.data[at]! + shifts[at % width]! * (v.data[at] ?? 0);
    return shifted;
  };
  const right = zeros(n, width);
  for (let i = 0; i < n; i++)
    for (let l = 0; l < width; l++) right.data[i * width + l] = y.data[i * c + (l % c)]!;
  const scale = columnNorms(right);
  const x = zeros(n, width);
  const residuals = new Float64Array(width);
  /** Adds the solution of the leading system for a right-hand side to x. @returns false without a preconditioner */
  const advance = async (b: Matrix<Float64Array>): Promise<boolean> => {
    const rank = Math.min(b.rows, Math.ceil(Math.sqrt(10 * b.rows)));
    const preconditioner = await nystromPreconditioner(engine, k, rank, random(seed), b.rows);
    if (!preconditioner) return false;
    const part = await conjugateGradients(
      (v) => multiply(v, b.rows),
      (r) => preconditioner.apply(r, shifts),
      b,
      { tolerance, maxSteps, scale, signal, ...whileWorthwhile(tolerance, maxSteps) },
    );
    part.x.data.forEach((value, at) => (x.data[at]! += value));
    part.residuals.forEach((value, l) => (residuals[l] = Math.max(residuals[l]!, value)));
    return residuals.some((value) => value <= tolerance);
  };

  let held: Matrix<Float64Array> | undefined;
  let promising = true;
  if (heldOut > 0) {
    const first = { data: right.data.slice(0, (n - heldOut) * width), rows: n - heldOut, cols: width };
    promising = await advance(first);
    const fitted = await multiply({ ...x, data: x.data.subarray(0, first.data.length) }, n);
    fitted.data.forEach((value, at) => (right.data[at]! -= value));
    held = { data: right.data.slice(first.data.length), rows: heldOut, cols: width };
  }
  if (!(promising && (await advance(right)))) return ridges.map(() => undefined);
  return ridges.map((_, at) => {
    const residual = residuals.subarray(at * c, (at + 1) * c).reduce((a, value) => Math.max(a, value), 0);
    if (!(residual <= tolerance)) return undefined;
    const heldOutResiduals = held && columns(held, at * c, c);
    return { coefficients: columns(x, at * c, c), residual, heldOutResiduals };
  });
}

/** Steps over which the rate of convergence is measured … */
const RATE_STEPS = 20;
/** … after so many first ones, in which residuals may rise. */
const FIRST_STEPS = 10;

/** Ends conjugate gradients when no column that is still on its way will reach the tolerance in time at the rate of the latest steps. */
function whileWorthwhile(
  tolerance: number,
  maxSteps: number,
): Pick<ConjugateGradientOptions, "enough" | "onStep"> {
  const hopeless = new AbortController();
  const history: Float64Array[] = [];
  return {
    enough: hopeless.signal,
    onStep: (step, residuals) => {
      history.push(residuals.slice());
      if (step < FIRST_STEPS + RATE_STEPS) return;
      const before = history.at(-1 - RATE_STEPS)!;
      const promising = residuals.some((now, l) => {
        if (now <= tolerance) return false;
        const left = (RATE_STEPS * Math.log(now / tolerance)) / Math.log(before[l]! / now);
        return left > 0 && step + left <= maxSteps;
      });
      if (!promising) hopeless.abort();
    },
  };
}

/** Columns `start` to `start + count`. */
function columns({ data, rows, cols }: Matrix, start: number, count: number): Matrix<Float64Array> {
  const result = zeros(rows, count);
  for (let i = 0; i < rows; i++)
    for (let l = 0; l < count; l++) result.data[i * count + l] = data[i * cols + start + l]!;
  return result;
}

function columnNorms({ data, cols }: Matrix): Float64Array {
  const squares = new Float64Array(cols);
  for (let at = 0; at < data.length; at++) squares[at % cols]! += data[at]! ** 2;
  return squares.map(Math.sqrt);
}
