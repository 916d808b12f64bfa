import type { Matrix } from "../../linalg/index.ts";

/** A loss ℓ of outputs f given targets y (n × c each), as a flow sees it. */
export interface FlowLoss {
  value(f: Matrix<Float64Array>, y: Matrix<Float64Array>): number;
  /** out = ∂ℓ/∂f, n c numbers. */
  slopes(f: Matrix<Float64Array>, y: Matrix<Float64Array>, out: Float64Array): void;
  /** @throws RangeError when y are no targets of this loss */
  checkTargets?(y: Matrix<Float64Array>): void;
}

/** ½ Σ_io (f_io − y_io)². */
export const squareLoss: FlowLoss = {
  value: (f, y) => f.data.reduce((sum, value, at) => sum + (value - y.data[at]!) ** 2 / 2, 0),
  slopes(f, y, out) {
    for (let at = 0; at < out.length; at++) out[at] = f.data[at]! - y.data[at]!;
  },
};

/** Σ_io ln(1 + exp(−y_io f_io)) for labels ±1. */
export const logisticLoss: FlowLoss = {
  value: (f, y) =>
    f.data.reduce((sum, value, at) => {
      const margin = y.data[at]! * value;
      return sum + Math.max(-margin, 0) + Math.log1p(Math.exp(-Math.abs(margin)));
    }, 0),
  slopes(f, y, out) {
    for (let at = 0; at < out.length; at++)
      out[at] = -y.data[at]! / (1 + Math.exp(y.data[at]! * f.data[at]!));
  },
  checkTargets(y) {
    const wrong = y.data.findIndex((label) => label !== 1 && label !== -1);
    if (wrong >= 0)
      throw new RangeError(`logisticLoss: a target is ${y.data[wrong]}, expected labels 1 and −1`);
  },
};

/** Cross-entropy −Σ_io y_io ln softmax(f_i)_o for rows y_i of probabilities, as one class at 1 and the others at 0. */
export const softmaxLoss: FlowLoss = {
  value(f, y) {
    const { rows, cols } = f;
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      const logarithm = logOfSumOfExponentials(f, i);
      for (let o = 0; o < cols; o++) sum += y.data[i * cols + o]! * (logarithm - f.data[i * cols + o]!);
    }
    return sum;
  },
  slopes(f, y, out) {
    const { rows, cols } = f;
    for (let i = 0; i < rows; i++) {
      const logarithm = logOfSumOfExponentials(f, i);
      for (let at = i * cols; at < (i + 1) * cols; at++)
        out[at] = Math.exp(f.data[at]! - logarithm) - y.data[at]!;
    }
  },
  checkTargets({ data, rows, cols }) {
    for (let i = 0; i < rows; i++) {
      const row = data.subarray(i * cols, (i + 1) * cols);
      const total = row.reduce((sum, value) => sum + value, 0);
      if (row.some((value) => value < 0) || Math.abs(total - 1) > 1e-6)
        throw new RangeError(
          `softmaxLoss: row ${i} of the targets is [${[...row].join(", ")}], expected probabilities with sum 1`,
        );
    }
  },
};

/** ln Σ_o exp(f_io), without overflow. */
function logOfSumOfExponentials({ data, cols }: Matrix<Float64Array>, i: number): number {
  const row = data.subarray(i * cols, (i + 1) * cols);
  const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
  return largest + Math.log(row.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}
