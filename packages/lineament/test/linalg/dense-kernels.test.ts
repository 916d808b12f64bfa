import { expect, test } from "vitest";
import {
  firstPair,
  inputRows,
  pairThroughLayer,
  ROW_TERMS,
  rowTerms,
  takeRowsThroughLayer,
} from "../../src/linalg/dense-kernels.ts";
import type { DenseLayer } from "../../src/linalg/engine.ts";
import vectors from "../vectors/infinite-width.json" with { type: "json" };

test("the gap of a pair follows the angle map of relu networks, from 1e-12 and for 1000 layers", () => {
  const { cases, tolerance } = vectors.reluAngleMap;
  const layer: DenseLayer = {
    weightVariance: 2,
    biasVariance: 0,
    weightRate: 1,
    biasRate: 1,
    activation: { form: "piecewise-linear", negative: 0, positive: 1 },
  };
  const rows = inputRows(Float64Array.of(1));
  const terms = rowTerms(new Float64Array(ROW_TERMS), 1);
  takeRowsThroughLayer(layer, rows, terms); // the same in every layer
  for (const { theta0, afterLayers } of cases) {
    const angle = Number(theta0);
    let pair = firstPair(Float64Array.of(1, 0), 0, Float64Array.of(Math.cos(angle), Math.sin(angle)), 0, 2);
    const expected = new Map(Object.entries(afterLayers).map(([l, { theta }]) => [Number(l), theta]));
    for (let l = 1; l <= 1000; l++) {
      pair = pairThroughLayer(layer, terms, 0, terms, 0, pair);
      const theta = expected.get(l);
      if (theta === undefined) continue;
      expect(Math.abs((2 * Math.asin(Math.sqrt(pair.gap / 2))) / theta - 1)).toBeLessThan(tolerance.rel);
      expected.delete(l);
    }
    expect(expected.size).toBe(0);
  }
});
