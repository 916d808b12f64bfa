import { type Engine, type LearningProblem, type Matrix, matrix, type Precision, random } from "lineament";

/** A matrix of standard normal numbers in the engine's memory. */
export function normals(
  engine: Engine,
  rows: number,
  cols: number,
  precision: Precision = "float32",
  seed = 1,
): Matrix {
  const a = engine.allocate(rows, cols, precision);
  const generator = random(seed);
  for (let i = 0; i < a.data.length; i++) a.data[i] = generator.normal();
  return a;
}

/** The same in float64. */
export function normals64(engine: Engine, rows: number, cols: number, seed = 1): Matrix<Float64Array> {
  return normals(engine, rows, cols, "float64", seed) as Matrix<Float64Array>;
}

/** A function of a row, to be learned. */
export type Target = (row: Float32Array) => number;

/** x₀x₁ + sin 3x₂ */
export const twoTerms: Target = (x) => x[0]! * x[1]! + Math.sin(3 * x[2]!);

/** x₀x₁ + sin 3x₂ + ½|x₃| */
export const threeTerms: Target = (x) => twoTerms(x) + 0.5 * Math.abs(x[3]!);

export interface Table {
  readonly x: Matrix<Float32Array>;
  readonly y: Matrix<Float64Array>;
}

/** Rows of N(0, I), float32, and the target with noise of standard deviation 0.1. */
export function table(rows: number, d: number, target: Target, seed = 0): Table {
  const generator = random(seed);
  const x = new Float32Array(rows * d);
  for (let at = 0; at < x.length; at++) x[at] = generator.normal();
  const y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) y[i] = target(x.subarray(i * d, (i + 1) * d)) + 0.1 * generator.normal();
  return { x: matrix(x, rows, d), y: matrix(y, rows, 1) };
}

/** A regression with continuous columns alone. */
export function regressionProblem({ x, y }: Table): LearningProblem {
  return { x: { coordinates: x }, blockSizes: [], groups: [], target: { task: "regression", y } };
}

/** R² of predictions. */
export function r2(y: Matrix, predicted: Matrix): number {
  let mean = 0;
  for (let i = 0; i < y.rows; i++) mean += y.data[i]! / y.rows;
  let [residual, total] = [0, 0];
  for (let i = 0; i < y.rows; i++) {
    residual += (y.data[i]! - predicted.data[i]!) ** 2;
    total += (y.data[i]! - mean) ** 2;
  }
  return 1 - residual / total;
}

/** Seconds of a work. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
