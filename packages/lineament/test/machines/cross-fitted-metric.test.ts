import { openEngine } from "lineament";
import { expect, test } from "vitest";
import { type CrossFitting, crossFittedMetric } from "../../src/machines/cross-fitted-metric.ts";
import {
  chooseIterate,
  recursiveFeatureIterations,
} from "../../src/machines/recursive-feature-iterations.ts";
import { filled, normals } from "../contracts/data.ts";

const engine = await openEngine({ engine: "plain" });
const d = 6;
const x = normals(1000, d, 4);
/** Two columns count, one of them weakly. */
const y = filled(1000, 1, (i) => x.data[d * i]! + 0.5 * Math.sin(2 * x.data[d * i + 1]!));
const range = (start: number, end: number): Int32Array =>
  Int32Array.from({ length: end - start }, (_, i) => start + i);
const problem: CrossFitting["problem"] = {
  x: { coordinates: x },
  blockSizes: [],
  y,
  weights: undefined,
  settings: {
    kernel: { family: "laplace", bandwidth: 2, exponent: 1 },
    bandwidth: "adaptive",
    form: "diagonal",
    power: 0.5,
    shrinkage: 0,
    agopRows: 100,
    precision: "float64",
  },
  ridges: [1e-2],
};
const given = { problem, train: range(0, 800), validation: range(800, 1000), seed: 0 };

test("columns without influence get next to no metric, and a machine of one sample predicts better under it", async () => {
  const metric = await crossFittedMetric(engine, given);
  if (metric?.form !== "diagonal") throw new TypeError("a diagonal metric was asked for");
  const [first, second, ...others] = metric.scale;
  expect(Math.max(first!, second!)).toBe(1);
  expect(Math.min(first!, second!)).toBeGreaterThan(0.4);
  expect(Math.max(...others)).toBeLessThan(0.25);

  const truth = filled(200, 1, (i) => y.data[800 + i]!);
  const unseen = { coordinates: filled(200, d, (i, k) => x.data[(800 + i) * d + k]!) };
  const own = { coordinates: filled(100, d, (i, k) => x.data[i * d + k]!) };
  const loss = async (start: typeof metric | undefined): Promise<number> => {
    const judge = {
      x: unseen,
      loss: (values: typeof truth) => {
        let sum = 0;
        values.data.forEach((value, i) => (sum += (value - truth.data[i]!) ** 2 / 200));
        return sum;
      },
    };
    const options = { iterations: 0, ridges: [1e-2], start, judge };
    const sample = { x: own, y: filled(100, 1, (i) => y.data[i]!) };
    return (await chooseIterate(recursiveFeatureIterations(engine, sample, problem.settings, options)))!.loss;
  };
  expect(await loss(metric)).toBeLessThan(0.6 * (await loss(undefined)));
});

test("is the same for the same seed, and there is none with categorical blocks or for a constant target", async () => {
  expect(await crossFittedMetric(engine, given)).toEqual(await crossFittedMetric(engine, given));
  const levels = new Int32Array(1000);
  const blocks = { ...problem, x: { coordinates: x, levels }, blockSizes: [2] };
  expect(await crossFittedMetric(engine, { ...given, problem: blocks })).toBeUndefined();
  const constant = { ...problem, y: filled(1000, 1, () => 0) };
  expect(await crossFittedMetric(engine, { ...given, problem: constant })).toBeUndefined();
});
