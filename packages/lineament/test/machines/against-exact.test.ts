import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { type Matrix, random, zeros } from "../../src/linalg/index.ts";
import {
  applyView,
  FeatureMachine,
  FeatureMachineTree,
  type Member,
  NystromMachine,
  RecursiveFeatureMachine,
} from "../../src/machines/index.ts";
import { leafShares } from "../../src/machines/tree/partition.ts";
import { eliminate, filled, normals } from "../contracts/data.ts";

const engine = await openEngine({ engine: "plain" });

/** A learning problem of any small shape, and a kernel. */
const problems = fc
  .record({
    n: fc.integer({ min: 70, max: 120 }),
    d: fc.integer({ min: 1, max: 4 }),
    outputs: fc.integer({ min: 1, max: 3 }),
    weighted: fc.boolean(),
    kernel: fc.constantFrom(
      { family: "laplace", bandwidth: 2, exponent: 1 } as const,
      { family: "laplace", bandwidth: 1.5, exponent: 1.5 } as const,
      { family: "lpq", bandwidth: 3, exponent: 1, p: 1 } as const,
    ),
    ridge: fc.constantFrom(0.01, 0.1, 1),
    seed: fc.integer({ min: 0, max: 1000 }),
  })
  .map(({ n, d, outputs, weighted, seed, ...rest }) => {
    const x = normals(n, d, seed);
    const noise = normals(n, outputs, seed + 1);
    const generator = random(seed + 2);
    return {
      ...rest,
      x,
      unseen: normals(20, d, seed + 3),
      y: filled(
        n,
        outputs,
        (i, l) => Math.sin((l + 1) * x.data[i * d]!) + 0.3 * noise.data[i * outputs + l]!,
      ),
      weights: weighted ? Float64Array.from({ length: n }, () => 0.2 + generator.uniform()) : undefined,
    };
  });
type Problem = typeof problems extends fc.Arbitrary<infer T> ? T : never;

function kernelValue(
  { exponent, bandwidth, ...kernel }: Problem["kernel"],
  a: Float64Array,
  b: Float64Array,
): number {
  const p = kernel.family === "lpq" ? kernel.p : 2;
  const sum = a.reduce((total, value, k) => total + Math.abs(value - b[k]!) ** p, 0);
  return Math.exp(-((sum ** (1 / p) / bandwidth) ** exponent));
}

/** f = mean + K (K + λ W⁻¹)⁻¹ (Y − mean), by elimination: what any machine without metric updates stands for. */
function exactRidge(
  { x, kernel, ridge, weights }: Problem,
  y: Matrix<Float64Array>,
  rows: Int32Array,
  mean: ArrayLike<number>,
): (at: Float64Array) => number[] {
  const { cols: d } = x;
  const rowOf = (i: number) => Float64Array.from(x.data.subarray(i * d, (i + 1) * d));
  const own = Array.from(rows, rowOf);
  const system = filled(
    rows.length,
    rows.length,
    (i, j) => kernelValue(kernel, own[i]!, own[j]!) + (i === j ? ridge / (weights?.[rows[i]!] ?? 1) : 0),
  );
  const right = filled(rows.length, y.cols, (i, l) => y.data[rows[i]! * y.cols + l]! - mean[l]!);
  const coefficients = eliminate(system, right);
  return (at) => {
    const values = own.map((row) => kernelValue(kernel, at, row));
    return Array.from(
      { length: y.cols },
      (_, l) => mean[l]! + values.reduce((sum, k, i) => sum + k * coefficients.data[i * y.cols + l]!, 0),
    );
  };
}

/** The problem as a member sees it: coordinates of its view, targets in its coding. */
function asSeen({ view, coding }: Member, problem: Problem) {
  if (coding.task !== "regression") throw new TypeError("expected regression");
  const { y } = problem;
  const see = (x: Matrix) => applyView(view, { coordinates: x }).coordinates as Matrix<Float64Array>;
  return {
    problem: { ...problem, x: see(problem.x), unseen: see(problem.unseen) },
    y: filled(y.rows, y.cols, (i, l) => (y.data[i * y.cols + l]! - coding.mean[l]!) / coding.scale[l]!),
    decode: (value: number, l: number) => value * coding.scale[l]! + coding.mean[l]!,
  };
}

const machineOf = ({ kernel, ridge }: Problem) =>
  ({ kernel, ridge, iterations: 0, precision: "float64", refit: false }) as const;

/** Predictions of a state that may be hard-routed, rows × outputs. */
async function predictions(
  state: RecursiveFeatureMachine["state"],
  at: Matrix,
): Promise<Matrix<Float64Array>> {
  const members = state.members.map((member) => ({
    ...member,
    partition: member.partition && { ...member.partition, temperature: 0 },
  }));
  return await new FeatureMachine(engine, { ...state, members }).predict({ coordinates: at });
}

describe("held against the exact solution on few rows", () => {
  test("a tree whose leaves hold all rows is the machine, bit for bit", async () => {
    await fc.assert(
      fc.asyncProperty(problems, fc.boolean(), async (problem, classes) => {
        const { x, weights, kernel } = problem;
        const y = classes
          ? Array.from({ length: x.rows }, (_, i) => (x.data[i * x.cols]! > 0 ? "a" : "b"))
          : problem.y;
        const machine = { kernel, iterations: 1, precision: "float64" } as const;
        const options = { engine, weights, machine };
        // Both kinds of targets are taken.
        const targets = y as Matrix;
        const plain = await RecursiveFeatureMachine.fit(x, targets, options);
        const tree = await FeatureMachineTree.fit(x, targets, { ...options, capacity: x.rows });
        expect(tree.state).toEqual(plain.state);
      }),
      { numRuns: 6, seed: 1 },
    );
  });

  test("a leaf with hard routing is the ridge regression of its own rows", async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (problem) => {
        const { x, weights, unseen } = problem;
        const { state } = await FeatureMachineTree.fit(x, problem.y, {
          engine,
          weights,
          capacity: 50,
          machine: machineOf(problem),
        });
        const [member] = state.members as [Member];
        expect(member.expansions.length).toBeGreaterThan(1);
        const seen = asSeen(member, problem);
        const c = seen.y.cols;
        const predicted = await predictions(state, unseen);
        for (const [leaf, { rows }] of leafShares(member.partition!, seen.problem.unseen, 0).entries()) {
          const own = member.expansions[leaf]!.rows;
          const mean = zeros(1, c).data.map((_, l) => {
            const total = own.reduce((sum, i) => sum + (weights?.[i] ?? 1), 0);
            return own.reduce((sum, i) => sum + (weights?.[i] ?? 1) * seen.y.data[i * c + l]!, 0) / total;
          });
          const f = exactRidge(seen.problem, seen.y, own, mean);
          for (const row of rows) {
            const { data, cols } = seen.problem.unseen;
            f(Float64Array.from(data.subarray(row * cols, (row + 1) * cols))).forEach((value, l) =>
              expect(predicted.data[row * c + l]).toBeCloseTo(seen.decode(value, l), 8),
            );
          }
        }
      }),
      { numRuns: 12, seed: 1 },
    );
  });

  test("a Nyström machine with every row a center is kernel ridge regression", async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (problem) => {
        const { x, weights, unseen } = problem;
        const { state } = await NystromMachine.fit(x, problem.y, {
          engine,
          weights,
          centers: x.rows,
          tolerance: 1e-12,
          maxSteps: 500,
          machine: machineOf(problem),
        });
        const [member] = state.members as [Member];
        const seen = asSeen(member, problem);
        const c = seen.y.cols;
        const f = exactRidge(seen.problem, seen.y, state.rows!, new Float64Array(c));
        const predicted = await predictions(state, unseen);
        const { data, rows, cols } = seen.problem.unseen;
        for (let row = 0; row < rows; row++)
          f(Float64Array.from(data.subarray(row * cols, (row + 1) * cols))).forEach((value, l) =>
            // Conjugate gradients end at a residual of 10⁻¹² of a system with condition numbers up to 10⁴.
            expect(predicted.data[row * c + l]).toBeCloseTo(seen.decode(value, l), 6),
          );
      }),
      { numRuns: 12, seed: 1 },
    );
  });
});

describe("rows with little to learn from are predicted all the same", () => {
  const n = 300;
  const rows = normals(n, 3, 7);
  const first = (i: number) => rows.data[3 * i]!;
  const half = filled(n, 3, (i, k) => (i < n / 2 ? 0.5 : rows.data[3 * i + k]!));
  const noise = normals(n, 1, 8).data;
  const tables = {
    "one class in whole leaves": {
      x: rows,
      y: Array.from({ length: n }, (_, i) => (first(i) < 0 ? "a" : rows.data[3 * i + 1]! < 0 ? "b" : "c")),
    },
    "constant targets in whole leaves": {
      x: rows,
      y: Float64Array.from({ length: n }, (_, i) => (first(i) < 0 ? -3 : 5 + first(i))),
    },
    "equal rows with different numbers": { x: half, y: Float64Array.from(noise) },
    "equal rows of different classes": {
      x: half,
      y: Array.from(noise, (value) => (value < -0.5 ? "a" : value < 0.5 ? "b" : "c")),
    },
  };
  const machine = {
    kernel: { family: "laplace", bandwidth: 2 },
    bandwidth: "adaptive",
    iterations: 2,
  } as const;
  const methods = {
    tree: (x: Matrix, y: string[]) => FeatureMachineTree.fit(x, y, { engine, capacity: 60, machine }),
    nystrom: (x: Matrix, y: string[]) => NystromMachine.fit(x, y, { engine, centers: 80, machine }),
  };
  const cases = Object.keys(methods).flatMap((method) =>
    Object.keys(tables).map((table) => [method, table] as const),
  );

  test.each(cases as [keyof typeof methods, keyof typeof tables][])("by a %s: %s", async (method, table) => {
    const { x, y } = tables[table];
    const { state } = await methods[method](x, y as string[]);
    const [largest, least] = typeof y[0] === "string" ? [1, 0] : [12, -12];
    for (const temperature of [0, 0.5]) {
      const members = state.members.map((member) => ({
        ...member,
        partition: member.partition && { ...member.partition, temperature },
      }));
      const { data } = await new FeatureMachine(engine, { ...state, members }).predict({ coordinates: x });
      expect(data.every((value) => value > least && value < largest)).toBe(true);
    }
  });
});
