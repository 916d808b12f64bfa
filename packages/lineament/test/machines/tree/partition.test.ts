import fc from "fast-check";
import { random } from "lineament";
import { describe, expect, test } from "vitest";
import {
  leafShares,
  logWeightGradients,
  type Partition,
  projection,
} from "../../../src/machines/tree/partition.ts";
import { splitRows } from "../../../src/machines/tree/split-rows.ts";
import { filled, normals } from "../../contracts/data.ts";

describe("rows divided at a threshold", () => {
  test("lie on the side of their value, whatever the ties, and each child also learns from the nearest beyond", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 2, maxLength: 40 }),
        fc.constantFrom(0, 0.1, 0.3),
        (values, overlap) => {
          const z = Float64Array.from(values);
          const split = splitRows(z, overlap);
          if (!split) {
            expect(new Set(values).size).toBe(1);
            return;
          }
          const low = new Set(split.low);
          const high = new Set(split.high);
          const beyond = Math.floor(2 * overlap * Math.round(split.balance * z.length));
          let [below, above] = [0, 0];
          z.forEach((value, i) => {
            if (value <= split.threshold) {
              below++;
              expect(low.has(i)).toBe(true);
            } else {
              above++;
              expect(high.has(i)).toBe(true);
            }
          });
          expect(low.size).toBe(below + beyond);
          expect(high.size).toBe(above + beyond);
          expect(Math.max(low.size, high.size)).toBeLessThan(z.length);
          const sharedRows = split.low.filter((i) => z[i]! > split.threshold);
          const farthest = Math.max(...sharedRows.map((i) => z[i]!));
          z.forEach((value, i) => {
            if (value > split.threshold && value < farthest) expect(low.has(i)).toBe(true);
          });
        },
      ),
      { numRuns: 200, seed: 1 },
    );
  });

  test("are halves without ties, and ½ + ω of them with overlap", () => {
    const generator = random(0);
    const z = Float64Array.from({ length: 101 }, () => generator.normal());
    expect(splitRows(z, 0)).toMatchObject({ balance: 50 / 101 });
    expect(splitRows(z, 0)!.low).toHaveLength(51);
    expect(splitRows(z, 0.1)!.low).toHaveLength(61);
    expect(splitRows(new Float64Array(5), 0.1)).toBeUndefined();
  });

  test("a threshold between neighboring numbers still parts them", () => {
    const z = Float64Array.of(1, 1 + Number.EPSILON);
    const { threshold } = splitRows(z, 0)!;
    expect(z[0]! <= threshold && z[1]! > threshold).toBe(true);
  });
});

/** Four leaves: node 0 parts by the first coordinate, nodes 1 and 2 by slanted ones. */
const tree = (temperature: number): Partition => ({
  directions: filled(3, 2, (i, j) => [1, 0, 0.6, 0.8, -0.3, 1][2 * i + j]!),
  thresholds: Float64Array.of(0.1, -0.2, 0.3),
  spreads: Float64Array.of(1.3, 0.9, 1.1),
  children: Int32Array.of(1, 2, -1, -2, -3, -4),
  temperature,
  offsets: filled(4, 1, () => 0),
});
const x = normals(60, 2, 3);

describe("a partition", () => {
  test("sends every row to one leaf when it is hard, by its thresholds", () => {
    const shares = leafShares(tree(0), x);
    expect(shares.flatMap(({ rows }) => [...rows]).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 60 }, (_, i) => i),
    );
    for (const i of shares[2]!.rows) {
      expect(projection(tree(0).directions, 0, x, i)).toBeGreaterThan(0.1);
      expect(projection(tree(0).directions, 2, x, i)).toBeLessThanOrEqual(0.3);
    }
  });

  test("shares rows with weights that sum to 1 and become hard as the temperature falls", () => {
    for (const temperature of [0.025, 0.3, 4.5]) {
      const sums = new Float64Array(60);
      for (const { rows, weights } of leafShares(tree(temperature), x))
        rows.forEach((i, at) => (sums[i]! += weights[at]!));
      for (const sum of sums) expect(sum).toBeCloseTo(1, 12);
    }
    expect(leafShares(tree(1e-9), x)).toEqual(leafShares(tree(0), x));
  });

  test("shares a row among its heaviest leaves, up to 95 % of its weight and at most 12", () => {
    const depth = 6;
    const nodes = 2 ** depth - 1;
    const points = normals(40, 3, 5);
    const deep: Partition = {
      directions: normals(nodes, 3, 4),
      thresholds: new Float64Array(nodes).fill(0.1),
      spreads: new Float64Array(nodes).fill(1.2),
      children: Int32Array.from({ length: 2 * nodes }, (_, at) => (at + 1 < nodes ? at + 1 : nodes - 2 - at)),
      temperature: 0,
      offsets: filled(nodes + 1, 1, () => 0),
    };
    for (const temperature of [0.025, 0.2, 4.5]) {
      const found = leafShares(deep, points, temperature).map(
        ({ rows, weights }) => new Map(Array.from(rows, (row, at) => [row, weights[at]!])),
      );
      for (let i = 0; i < points.rows; i++) {
        const weightOf = (leaf: number): number => {
          let weight = 1;
          for (let at = leaf + nodes; at > 0; at = (at - 1) >> 1) {
            const parent = (at - 1) >> 1;
            const eta = (projection(deep.directions, parent, points, i) - 0.1) / (temperature * 1.2);
            weight /= 1 + Math.exp(at % 2 === 1 ? eta : -eta);
          }
          return weight;
        };
        const all = Array.from({ length: nodes + 1 }, (_, leaf) => ({ leaf, weight: weightOf(leaf) }));
        all.sort((a, b) => b.weight - a.weight);
        let kept = 0;
        for (let total = 0; total < 0.95 && kept < 12; kept++) total += all[kept]!.weight;
        const heaviest = all.slice(0, kept);
        const total = heaviest.reduce((sum, { weight }) => sum + weight, 0);
        expect(found.filter((share) => share.has(i))).toHaveLength(kept);
        for (const { leaf, weight } of heaviest) expect(found[leaf]!.get(i)).toBeCloseTo(weight / total, 12);
      }
    }
  });

  test("knows the gradients of log weights (central differences of the unnormalized ones)", () => {
    const soft = tree(0.4);
    const all = Int32Array.from({ length: 60 }, (_, i) => i);
    const logSigmoid = (t: number): number => -Math.log1p(Math.exp(-t));
    const eta = (j: number, a: number, b: number): number =>
      (soft.directions.data[2 * j]! * a + soft.directions.data[2 * j + 1]! * b - soft.thresholds[j]!) /
      (0.4 * soft.spreads[j]!);
    /** Leaf 1: low at the root, high at node 1. */
    const logWeight = (a: number, b: number): number => logSigmoid(-eta(0, a, b)) + logSigmoid(eta(1, a, b));
    const found = logWeightGradients(soft, 1, x, all);
    const h = 1e-5;
    for (let i = 0; i < 60; i++) {
      const [a, b] = [x.data[2 * i]!, x.data[2 * i + 1]!];
      expect(found[2 * i]).toBeCloseTo((logWeight(a + h, b) - logWeight(a - h, b)) / (2 * h), 6);
      expect(found[2 * i + 1]).toBeCloseTo((logWeight(a, b + h) - logWeight(a, b - h)) / (2 * h), 6);
    }
  });
});
