import {
  FeatureMachineTree,
  type FeatureMachineTreeOptions,
  type Matrix,
  openEngine,
  openMachine,
  random,
  RecursiveFeatureMachine,
  readSafetensors,
  saveMachine,
  writeSafetensors,
} from "lineament";
import { describe, expect, test } from "vitest";
import { FeatureMachine } from "../../../src/machines/feature-machine.ts";
import { predictionGradients } from "../../../src/machines/prediction-gradients.ts";
import { applyView } from "../../../src/machines/view.ts";
import { normals } from "../../contracts/data.ts";

const engine = await openEngine({ engine: "plain" });
const n = 360;
const x = normals(n, 3, 5);
const at = (i: number, k: number): number => x.data[3 * i + k]!;
const y = Float64Array.from({ length: n }, (_, i) => at(i, 0) * at(i, 1) + Math.sin(2 * at(i, 0)));
const machine = {
  kernel: { family: "laplace", bandwidth: 2 },
  bandwidth: "adaptive",
  iterations: 1,
  ridge: 1e-2,
  precision: "float64",
} as const;
const options: FeatureMachineTreeOptions = { engine, capacity: 90, machine };
const fitted = await FeatureMachineTree.fit(x, y, options);

/** The same machine at another temperature of all its trees. */
function atTemperature(temperature: number): FeatureMachine {
  const { state } = fitted;
  const members = state.members.map((member) => ({
    ...member,
    partition: member.partition && { ...member.partition, temperature },
  }));
  return new FeatureMachine(engine, { ...state, members });
}

describe("a tree of feature machines", () => {
  test("with no more rows than a leaf holds is the machine itself, bit for bit", async () => {
    const plain = await RecursiveFeatureMachine.fit(x, y, { engine, machine });
    const tree = await FeatureMachineTree.fit(x, y, { ...options, capacity: n });
    expect(tree.state).toEqual(plain.state);
  });

  test("has leaves within their capacity that together hold every training row", () => {
    const [member] = fitted.state.members;
    const { expansions, partition } = member!;
    expect(expansions.length).toBeGreaterThan(3);
    for (const { rows } of expansions) expect(rows.length).toBeLessThanOrEqual(90);
    expect(new Set(expansions.flatMap(({ rows }) => [...rows])).size).toBe(0.8 * n);
    expect(partition!.children).toHaveLength(2 * (expansions.length - 1));
  });

  test("explains what it was made from", async () => {
    expect(await fitted.score(x, y)).toBeGreaterThan(0.9);
  });

  test("with hard routing predicts what the leaf of a row predicts: its exact ridge solution on its own rows", async () => {
    const hard = atTemperature(0);
    const { data } = await hard.predict({ coordinates: x });
    const [member] = hard.state.members;
    const { partition, expansions, view, coding } = member!;
    const seen = applyView(view, { coordinates: x }).coordinates;
    for (const i of [0, 17, 101, 240]) {
      let node = 0;
      while (node >= 0) {
        let z = 0;
        for (let k = 0; k < 3; k++) z += partition!.directions.data[node * 3 + k]! * seen.data[i * 3 + k]!;
        node = partition!.children[2 * node + (z <= partition!.thresholds[node]! ? 0 : 1)]!;
      }
      const { rows, kernel, metric, coefficients } = expansions[-1 - node]!;
      const moved = (row: number): number[] =>
        Array.from({ length: 3 }, (_, a) => {
          if (metric.form === "diagonal") return seen.data[row * 3 + a]! * metric.scale[a]!;
          let sum = 0;
          for (let b = 0; b < 3; b++) sum += seen.data[row * 3 + b]! * metric.root.data[b * 3 + a]!;
          return sum;
        });
      const own = moved(i);
      let value = partition!.offsets.data[-1 - node]!;
      rows.forEach((row, p) => {
        const r = Math.hypot(...moved(row).map((u, a) => u - own[a]!));
        value += Math.exp(-r / (kernel as { bandwidth: number }).bandwidth) * coefficients.data[p]!;
      });
      if (coding.task !== "regression") throw new TypeError();
      expect(data[i]).toBeCloseTo(value * coding.scale[0]! + coding.mean[0]!, 9);
    }
  });

  test.each([0, 0.2, 1.5])("has the gradients of its predictions at temperature %d", async (temperature) => {
    const soft = atTemperature(temperature);
    const points = normals(8, 3, 11);
    const gradients = await predictionGradients(soft, { coordinates: points });
    const h = 1e-5;
    const valueAt = async (row: number, k: number, step: number): Promise<number> => {
      const moved = { ...points, data: points.data.slice() };
      moved.data[row * 3 + k]! += step;
      return (await soft.predict({ coordinates: moved })).data[row]!;
    };
    for (let row = 0; row < 8; row++)
      for (let k = 0; k < 3; k++) {
        const difference = ((await valueAt(row, k, h)) - (await valueAt(row, k, -h))) / (2 * h);
        expect(gradients.data[row * 3 + k]).toBeCloseTo(difference, 5);
      }
  });

  test("predicts the same to the last bit after it is stored and opened", async () => {
    const opened = openMachine(engine, saveMachine(fitted));
    expect(opened.state).toEqual(fitted.state);
    expect(await opened.predict(x)).toEqual(await fitted.predict(x));
  });

  test("a file whose nodes are no tree is refused", () => {
    const { tensors, metadata } = readSafetensors(saveMachine(fitted));
    const name = "members.0.partition.children";
    const { data, shape } = tensors.get(name)!;
    for (const wrong of [data[1]!, 0, -99]) {
      const children = Int32Array.from(data);
      children[0] = wrong;
      const bytes = writeSafetensors({
        tensors: new Map([...tensors, [name, { data: children, shape }]]),
        metadata,
      });
      expect(() => openMachine(engine, bytes)).toThrow("damaged model file: members.0.partition");
    }
  });

  test("is the same for the same seed, another for another; several trees are averaged", async () => {
    const again = await FeatureMachineTree.fit(x, y, options);
    expect(again.state).toEqual(fitted.state);
    const forest = await FeatureMachineTree.fit(x, y, { ...options, trees: 2 });
    expect(forest.state.members.map(({ recipe }) => recipe.weight)).toEqual([0.5, 0.5]);
    const [first, second] = forest.state.members;
    expect(second!.partition).not.toEqual(first!.partition);
  });
});

describe("leaves with little to learn still predict", () => {
  const swift = { ...options, machine: { ...machine, iterations: 2 } };

  test("one class alone, and classes that other leaves have not seen", async () => {
    const labels = Array.from({ length: n }, (_, i) => (at(i, 0) < 0 ? "a" : at(i, 1) < 0 ? "b" : "c"));
    const tree = await FeatureMachineTree.fit(x, labels, swift);
    expect(await tree.score(x, labels)).toBeGreaterThan(0.9);
    const { data } = await tree.predictProbabilities(x);
    expect(data.every((p) => p > 0 && p < 1)).toBe(true);
  });

  test("a constant target is that constant in its leaves", async () => {
    const step = Float64Array.from({ length: n }, (_, i) => (at(i, 0) < 0 ? -3 : 5 + at(i, 1)));
    const tree = await FeatureMachineTree.fit(x, step, swift);
    const far: Matrix = { data: Float64Array.of(-2.5, 0, 0, -2.5, 0.5, 0.5), rows: 2, cols: 3 };
    for (const value of await tree.predict(far)) expect(value).toBeCloseTo(-3, 1);
  });

  test("rows that are all the same but for a few", async () => {
    const same = { ...x, data: x.data.map((value, p) => (p < 3 * 300 ? 0.5 : value)) };
    const generator = random(2);
    const noisy = y.map((value, i) => (i < 300 ? generator.normal() : value));
    const tree = await FeatureMachineTree.fit(same, noisy, swift);
    const values = await tree.predict(same);
    expect(values.every(Number.isFinite)).toBe(true);
    for (const { rows } of tree.state.members[0]!.expansions) expect(rows.length).toBeLessThanOrEqual(90);
    expect(Math.abs(values[0]!)).toBeLessThan(0.5);
  });
});
