import {
  explainPrediction,
  FeatureMachine,
  FeatureMachineTree,
  importances,
  interactions,
  learnedDirections,
  type LearningProblem,
  openEngine,
} from "lineament";
import { expect, test } from "vitest";
import { normals } from "../contracts/data.ts";

// What is explained of a tree is the whole of it, routing included.

const engine = await openEngine({ engine: "plain" });
const n = 300;
const x = normals(n, 4, 9);
const at = (i: number, k: number): number => x.data[4 * i + k]!;
const y = Float64Array.from({ length: n }, (_, i) => 2 * at(i, 0) * at(i, 1) + at(i, 2));
const { state } = await FeatureMachineTree.fit(x, y, {
  engine,
  capacity: 130,
  machine: {
    kernel: { family: "laplace", bandwidth: 3 },
    bandwidth: "adaptive",
    iterations: 1,
    ridge: 1e-2,
    precision: "float64",
  },
});
const machine = new FeatureMachine(engine, {
  ...state,
  members: state.members.map((member) => ({
    ...member,
    partition: { ...member.partition!, temperature: 0.4 },
  })),
});
const problem: LearningProblem = {
  x: { coordinates: x },
  blockSizes: [],
  groups: [],
  target: { task: "regression", y: { data: y, rows: n, cols: 1 } },
};

test("attributions of a prediction between leaves sum to its difference from the reference", async () => {
  expect(state.members[0]!.expansions.length).toBeGreaterThan(1);
  const row = { coordinates: { data: Float64Array.of(1.2, -0.8, 0.5, 0.1), rows: 1, cols: 4 } };
  const { attributions, prediction, reference, path, evidence } = await explainPrediction(machine, row);
  const total = attributions.reduce((sum, { attribution }) => sum + attribution, 0);
  expect(total).toBeCloseTo(prediction - reference.prediction, 9);
  expect(path.residue).toBeLessThan(1e-2);
  expect(evidence.length).toBe(10);
  expect(evidence.every(({ share, similarity }) => share >= 0 && similarity <= 1)).toBe(true);
});

test("the column without influence is the least important and in no direction; the product is the interaction", async () => {
  const { columns } = await importances(machine, problem, { refits: 0, rows: 80 });
  const shares = columns.map(({ share }) => share);
  expect(shares.indexOf(Math.min(...shares))).toBe(3);
  const { directions } = await learnedDirections(machine);
  for (const { vector } of directions.slice(0, 3)) expect(Math.abs(vector[3]!)).toBeLessThan(0.2);
  const { pairs } = await interactions(machine, { rows: 40 });
  expect(pairs[0]!.names).toEqual(["x0", "x1"]);
});
