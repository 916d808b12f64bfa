import type { Engine, Matrix, MatrixLike } from "../linalg/index.ts";
import { checkMatrix, checkPositive, checkShape } from "./checks.ts";
import { type Measurements, measurementsOf } from "./measurements.ts";
import { entriesOf, type ObservedEntries } from "./observed-entries.ts";
import { multiply } from "./product.ts";

/** A differentiable loss ℓ of the end-to-end matrix: what descent and flow make small. */
export interface EndToEndLoss {
  /** d_N. */
  readonly rows: number;
  /** d_0. */
  readonly cols: number;
  /** ℓ(W); ∇ℓ(W) is written into `gradient`. Calls must not overlap. */
  evaluate(w: Matrix<Float64Array>, gradient: Matrix<Float64Array>): number | Promise<number>;
}

/** Matrix factorization: ½ ‖W − Φ‖_F², which is least squares on whitened data. @throws RangeError when Φ is empty or not finite */
export function factorizationLoss(target: MatrixLike): EndToEndLoss {
  const phi = checkMatrix("factorizationLoss", "target", target);
  return {
    rows: phi.rows,
    cols: phi.cols,
    evaluate: (w, gradient) => halfSquares(w.data, phi.data, gradient.data),
  };
}

/** Matrix completion: ½ Σ (W_ij − b_ij)² over the observed entries. @throws RangeError as `observedEntries` */
export function completionLoss(observed: ObservedEntries): EndToEndLoss {
  const { rows, cols, at, values } = entriesOf("completionLoss", observed);
  return {
    rows,
    cols,
    evaluate({ data: w }, { data: gradient }) {
      gradient.fill(0);
      let sum = 0;
      for (let i = 0; i < at.length; i++) {
        const place = at[i]!;
        const residual = w[place]! - values[i]!;
        gradient[place] = residual;
        sum += residual * residual;
      }
      return 0.5 * sum;
    },
  };
}

/** Matrix sensing: ½ Σ_i (⟨A_i, W⟩ − b_i)². @throws RangeError as `Measurements` says */
export function sensingLoss(engine: Engine, measurements: Measurements): EndToEndLoss {
  const { rows, cols, a, b } = measurementsOf("sensingLoss", measurements);
  const count = a.rows;
  const residuals = { data: new Float64Array(count), rows: count, cols: 1 };
  return {
    rows,
    cols,
    async evaluate({ data: w }, { data: gradient }) {
      await multiply(engine, { a, b: column(w), c: residuals });
      const loss = halfSquares(residuals.data, b, residuals.data);
      await multiply(engine, { a, b: residuals, c: column(gradient), transposeA: true });
      return loss;
    },
  };
}

/**
 * ℓ_p regression: 1/(p n) Σ_i Σ_o |(W x_i)_o − y_io|^p. With a single output W is a row, and the hidden layers of a network need
 * one neuron each.
 *
 * @param x - n × d_0, one example a row
 * @param y - n × d_N
 * @param options.p - p ≥ 1, default 2; p = 1 has the slope 0 at 0
 * @throws RangeError when p is below 1, x and y are empty, not finite, or differ in rows
 * @see Arora, Cohen and Hazan, arXiv:1802.06509
 */
export function regressionLoss(
  engine: Engine,
  x: MatrixLike,
  y: MatrixLike,
  { p = 2 }: { readonly p?: number } = {},
): EndToEndLoss {
  const inputs = checkMatrix("regressionLoss", "x", x);
  const targets = checkMatrix("regressionLoss", "y", y);
  if (targets.rows !== inputs.rows)
    throw new RangeError(`regressionLoss: x has ${inputs.rows} rows and y ${targets.rows}: they must match`);
  if (!(p >= 1 && p < Infinity))
    throw new RangeError(`regressionLoss: p is ${p}, expected a finite number ≥ 1`);
  const n = inputs.rows;
  const slopeOf = powerSlope(p);
  const residuals = { ...targets, data: new Float64Array(targets.data.length) };
  return {
    rows: targets.cols,
    cols: inputs.cols,
    async evaluate(w, gradient) {
      const r = residuals.data;
      await multiply(engine, { a: inputs, b: w, c: residuals, transposeB: true });
      let sum = 0;
      for (let i = 0; i < r.length; i++) {
        const residual = r[i]! - targets.data[i]!;
        const slope = slopeOf(residual);
        sum += slope * residual;
        r[i] = slope;
      }
      await multiply(engine, { a: residuals, b: inputs, c: gradient, transposeA: true, alpha: 1 / n });
      return sum / (p * n);
    },
  };
}

/** r ↦ |r|^{p−1} sgn r; powers are slow. */
function powerSlope(p: number): (r: number) => number {
  if (p === 2) return (r) => r;
  if (p === 4) return (r) => r * r * r;
  return (r) => (r === 0 ? 0 : Math.sign(r) * Math.abs(r) ** (p - 1));
}

/** c ℓ: means instead of sums, other conventions of factors. @throws RangeError unless c is a finite number > 0 */
export function scaledLoss(loss: EndToEndLoss, factor: number): EndToEndLoss {
  checkPositive("scaledLoss", "factor", factor);
  return {
    ...loss,
    async evaluate(w, gradient) {
      const value = await loss.evaluate(w, gradient);
      for (let i = 0; i < gradient.data.length; i++) gradient.data[i]! *= factor;
      return factor * value;
    },
  };
}

/**
 * ℓ(W) and ∇ℓ(W) in matrices of their own.
 * @throws RangeError when W has another shape than the loss, or is not finite
 */
export async function lossAt(
  loss: EndToEndLoss,
  w: MatrixLike,
): Promise<{ readonly loss: number; readonly gradient: Matrix<Float64Array> }> {
  const point = checkShape("lossAt", "w", w, loss);
  const gradient = { ...point, data: new Float64Array(point.data.length) };
  return { loss: await loss.evaluate(point, gradient), gradient };
}

/** ½ ‖x − y‖²; out = x − y. */
function halfSquares(x: Float64Array, y: Float64Array, out: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < out.length; i++) {
    const residual = x[i]! - y[i]!;
    out[i] = residual;
    sum += residual * residual;
  }
  return 0.5 * sum;
}

function column(data: Float64Array): Matrix<Float64Array> {
  return { data, rows: data.length, cols: 1 };
}
