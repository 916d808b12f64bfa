import { permutation, type Random, zeros } from "lineament";
import { type ImageSet, withLabels } from "./images.ts";
import type { Regression } from "./regression.ts";

/**
 * Pairs of images with one label, the left image beside the right one in a row of pixels: targets are +1 for label 0 and −1 for label
 * 1. Left images come in random order, all of them before one comes again; right ones of the same label are drawn.
 */
export function collages(n: number, left: ImageSet, right: ImageSet, generator: Random): Regression {
  const [a, b] = [left.x.cols, right.x.cols];
  const [x, y] = [zeros(n, a + b), zeros(n, 1)];
  const byLabel = [0, 1].map((label) => withLabels(right, [label]).x);
  const order = permutation(left.x.rows, generator);
  for (let i = 0; i < n; i++) {
    const chosen = order[i % order.length]!;
    const label = left.labels[chosen]!;
    const others = byLabel[label]!;
    const other = generator.integer(others.rows);
    x.data.set(left.x.data.subarray(chosen * a, (chosen + 1) * a), i * (a + b));
    x.data.set(others.data.subarray(other * b, (other + 1) * b), i * (a + b) + a);
    y.data[i] = label === 0 ? 1 : -1;
  }
  return { x, y };
}
