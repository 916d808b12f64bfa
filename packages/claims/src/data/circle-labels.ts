import { type Matrix, type Random, zeros } from "lineament";
import { corruptedSigns } from "./random-signs.ts";

export interface CircleLabels {
  /** n × 2, on the unit circle. */
  readonly x: Matrix<Float64Array>;
  /** ±1. */
  readonly labels: Float64Array;
}

/**
 * n uniform points of the unit circle with label +1 where sin 6θ > −0.6 and −1 elsewhere, six arcs of each, and each label flipped
 * with probability `flip` ≤ ½: the error of the best classifier is `flip`.
 */
export function circleLabels(n: number, flip: number, generator: Random): CircleLabels {
  const x = zeros(n, 2);
  const clean = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const angle = 2 * Math.PI * generator.uniform();
    x.data.set([Math.cos(angle), Math.sin(angle)], 2 * i);
    clean[i] = Math.sin(6 * angle) > -0.6 ? 1 : -1;
  }
  return { x, labels: corruptedSigns(clean, 2 * flip, generator) };
}
