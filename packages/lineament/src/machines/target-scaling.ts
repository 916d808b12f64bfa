import { type Matrix, zeros } from "../linalg/index.ts";

/** How a regression target is shown to a machine: (t(y) − mean) / scale with t the identity or the logarithm, column by column. */
export interface TargetScaling {
  readonly logarithm: boolean;
  readonly mean: readonly number[];
  readonly scale: readonly number[];
}

/** Mean and population standard deviation (weighted where weights are given); constant columns get scale 1. */
export function fitTargetScaling(y: Matrix, logarithm: boolean, weights?: ArrayLike<number>): TargetScaling {
  const { rows, cols } = y;
  const mean: number[] = [];
  const scale: number[] = [];
  for (let l = 0; l < cols; l++) {
    let total = 0;
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      const w = weights?.[i] ?? 1;
      total += w;
      sum += w * shown(y.data[i * cols + l]!, logarithm);
    }
    const center = sum / total;
    let square = 0;
    for (let i = 0; i < rows; i++)
      square += (weights?.[i] ?? 1) * (shown(y.data[i * cols + l]!, logarithm) - center) ** 2;
    mean.push(center);
    scale.push(Math.sqrt(square / total) || 1);
  }
  return { logarithm, mean, scale };
}

export function scaleTargets(scaling: TargetScaling, y: Matrix): Matrix<Float64Array> {
  const out = zeros(y.rows, y.cols);
  for (let at = 0; at < y.data.length; at++) {
    const l = at % y.cols;
    out.data[at] = (shown(y.data[at]!, scaling.logarithm) - scaling.mean[l]!) / scaling.scale[l]!;
  }
  return out;
}

/** Back to the units of y. Exponentials are cut before they overflow. */
export function unscaleTargets(scaling: TargetScaling, values: Matrix): Matrix<Float64Array> {
  const out = zeros(values.rows, values.cols);
  for (let at = 0; at < values.data.length; at++) {
    const l = at % values.cols;
    const value = values.data[at]! * scaling.scale[l]! + scaling.mean[l]!;
    out.data[at] = scaling.logarithm ? Math.exp(Math.min(700, value)) : value;
  }
  return out;
}

function shown(y: number, logarithm: boolean): number {
  return logarithm ? Math.log(y) : y;
}
