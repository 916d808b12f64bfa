import type { Matrix } from "../linalg/index.ts";

/**
 * What training makes small, over n rows. Conventions differ between papers by factors that change learning rates and times:
 *
 * - half-squares: ½ Σ_i ‖f_i − y_i‖²; its gradient flow is f′ = −Θ (f − y)
 * - half-mean-squares: 1/(2n) Σ_i ‖f_i − y_i‖²
 * - mean-squares: 1/n Σ_i ‖f_i − y_i‖²
 * - logistic: 1/n Σ_io ln(1 + exp(−y_io f_io)), labels y = ±1
 */
export type LossName = "half-squares" | "half-mean-squares" | "mean-squares" | "logistic";

/** A loss of outputs f given targets y, with its derivatives by f, entry by entry. */
export interface Loss {
  value(f: Matrix<Float64Array>, y: Matrix<Float64Array>): number;
  /** out = ∂ℓ/∂f. */
  slopes(f: Matrix<Float64Array>, y: Matrix<Float64Array>, out: Float64Array): void;
  /** out = ∂²ℓ/∂f². */
  curvatures(f: Matrix<Float64Array>, y: Matrix<Float64Array>, out: Float64Array): void;
}

/** @throws RangeError when there is no loss of this name */
export function lossOf(name: LossName): Loss {
  switch (name) {
    case "half-squares":
      return squares(() => 1);
    case "half-mean-squares":
      return squares((n) => 1 / n);
    case "mean-squares":
      return squares((n) => 2 / n);
    case "logistic":
      return logistic;
    default:
      throw new RangeError(
        `loss: ${String(name)} is not one of half-squares, half-mean-squares, mean-squares, logistic`,
      );
  }
}

/** ½ c Σ (f − y)². */
function squares(factor: (n: number) => number): Loss {
  return {
    value(f, y) {
      let sum = 0;
      for (let at = 0; at < f.data.length; at++) sum += (f.data[at]! - y.data[at]!) ** 2;
      return f.rows === 0 ? 0 : 0.5 * factor(f.rows) * sum;
    },
    slopes(f, y, out) {
      const c = factor(f.rows);
      for (let at = 0; at < out.length; at++) out[at] = c * (f.data[at]! - y.data[at]!);
    },
    curvatures(f, _y, out) {
      out.fill(factor(f.rows));
    },
  };
}

/** With margins u = y f: ln(1 + e^−u), −y / (1 + e^u), y² / ((1 + e^u)(1 + e^−u)), none of which overflows to NaN. */
const logistic: Loss = {
  value(f, y) {
    let sum = 0;
    for (let at = 0; at < f.data.length; at++) {
      const margin = y.data[at]! * f.data[at]!;
      sum += Math.max(-margin, 0) + Math.log1p(Math.exp(-Math.abs(margin)));
    }
    return f.rows === 0 ? 0 : sum / f.rows;
  },
  slopes(f, y, out) {
    for (let at = 0; at < out.length; at++) {
      const label = y.data[at]!;
      out[at] = -label / (f.rows * (1 + Math.exp(label * f.data[at]!)));
    }
  },
  curvatures(f, y, out) {
    for (let at = 0; at < out.length; at++) {
      const label = y.data[at]!;
      const e = Math.exp(-Math.abs(label * f.data[at]!));
      out[at] = (label * label * e) / (f.rows * (1 + e) ** 2);
    }
  },
};
