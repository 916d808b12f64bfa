import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEngine } from "../../src/linalg/open-engine.ts";
import {
  type Cost,
  directCost,
  type EngineRates,
  FeatureMachineTree,
  fitNystromMachine,
  givenMachineCost,
  leavesOf,
  measureRates,
  nystromCost,
  parseFitOptions,
  parseNystromFitOptions,
  RecursiveFeatureMachine,
  secondsOf,
  treeCost,
} from "../../src/machines/index.ts";
import { normals } from "../contracts/data.ts";

// Processor time of one thread: what else the machine does hardly counts.
const clock = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());
let rates: EngineRates;
beforeAll(async () => {
  rates = await measureRates(engine, { clock });
});

const kernel = { family: "laplace", bandwidth: 2, exponent: 1 } as const;
const d = 10;
const data = (n: number) => {
  const x = normals(n, d, 3);
  const y = Float64Array.from(
    { length: n },
    (_, i) => x.data[i * d]! * x.data[i * d + 1]! + x.data[i * d + 2]!,
  );
  return { x, y };
};

/** The better of two runs, as the first one also compiles. */
async function measured(work: () => Promise<unknown>): Promise<number> {
  const seconds: number[] = [];
  for (let run = 0; run < 2; run++) {
    const started = clock();
    await work();
    seconds.push(clock() - started);
  }
  return Math.min(...seconds);
}

function expectWithinTwo(cost: Cost, seconds: number): void {
  const ratio = secondsOf(cost.work, rates) / seconds;
  expect(ratio).toBeGreaterThan(1 / 2);
  expect(ratio).toBeLessThan(2);
}

describe("the time of a fit is planned within a factor of two", () => {
  test.each([
    [1000, 3],
    [2400, 2],
  ])("of one machine on %i rows", { timeout: 60_000 }, async (n, iterations) => {
    const { x, y } = data(n);
    const options = { machine: { kernel, bandwidth: "adaptive", iterations, agopRows: 1000 } } as const;
    const seconds = await measured(() => RecursiveFeatureMachine.fit(x, y, { engine, ...options }));
    const { machine } = parseFitOptions(options);
    expectWithinTwo(givenMachineCost({ rows: n, coordinates: d, outputs: 1 }, machine!), seconds);
  });

  test("of a tree", { timeout: 60_000 }, async () => {
    const n = 4000;
    const { x, y } = data(n);
    const tree = { capacity: 900, overlap: 0.05, trees: 1 };
    const machine = {
      kernel,
      bandwidth: "adaptive",
      iterations: 2,
      agopRows: 1000,
      metricRows: 600,
    } as const;
    const seconds = await measured(() => FeatureMachineTree.fit(x, y, { engine, machine, ...tree }));
    const { machine: parsed } = parseFitOptions({ machine: { ...machine, tree } });
    expectWithinTwo(givenMachineCost({ rows: n, coordinates: d, outputs: 1 }, parsed!), seconds);
  });

  test("of a Nyström machine", { timeout: 60_000 }, async () => {
    const n = 12_000;
    const { x, y } = data(n);
    const options = parseNystromFitOptions({
      centers: 800,
      machine: { kernel, bandwidth: "adaptive", iterations: 0 },
    });
    const problem = {
      x: { coordinates: x },
      blockSizes: [],
      groups: [],
      target: { task: "regression", y: { data: y, rows: n, cols: 1 } },
    } as const;
    const seconds = await measured(() => fitNystromMachine(engine, problem, options));
    const cost = nystromCost({
      coordinates: d,
      outputs: 1,
      rows: 0.8 * n,
      centers: 800,
      updates: 0,
      ridges: 3,
      agopRows: 2000,
      validationRows: 0.2 * n,
    });
    expectWithinTwo(cost, seconds);
  });
});

describe("the cost of", () => {
  const shape = { coordinates: 20, outputs: 1, updates: 5, agopRows: 2000 };

  test("a factored solution of many columns grows with the cube of the rows, and its memory with their square", () => {
    const costs = [20_000, 40_000].map((rows) => directCost({ ...shape, outputs: 200, rows, updates: 0 }));
    const [one, two] = costs as [Cost, Cost];
    expect(two.work.flops / one.work.flops).toBeGreaterThan(6);
    expect(two.work.flops / one.work.flops).toBeLessThan(8);
    expect(two.bytes).toBe(4 * one.bytes);
  });

  test("an iterated solution of one column grows with the square of the rows", () => {
    const costs = [20_000, 40_000].map((rows) => directCost({ ...shape, rows, updates: 0 }));
    const [one, two] = costs as [Cost, Cost];
    expect(two.work.flops / one.work.flops).toBeCloseTo(4, 1);
  });

  test("a schedule is less than that of all rows", () => {
    const rows = 10_000;
    const whole = directCost({ ...shape, rows, ridges: 3 });
    const scheduled = directCost({ ...shape, rows, ridges: 3, metricRows: 2000 });
    // One solve of all rows, and five of a fifth of them, instead of six of all.
    expect(secondsOf(whole.work, rates) / secondsOf(scheduled.work, rates)).toBeGreaterThan(4);
    expect(scheduled.bytes).toBe(whole.bytes);
  });

  test("a tree a row is the same at a million rows and at eight times as many", () => {
    const tree = { capacity: 8000, overlap: 0, trees: 1, ridges: 3, validationRows: 10_000 };
    // 2⁷ and 2¹⁰ leaves of the same size; the metric they begin with is learned once.
    const [some, many] = [800_000, 6_400_000].map((rows) =>
      secondsOf(treeCost({ ...shape, ...tree, rows }).work, rates),
    ) as [number, number];
    expect(many / some).toBeGreaterThan(7);
    expect(many / some).toBeLessThan(8.1);
    expect(leavesOf(100_000, tree)).toEqual({ leaves: 16, size: 6250 });
    expect(leavesOf(8000, tree)).toEqual({ leaves: 1, size: 8000 });
    expect(leavesOf(16_000, { ...tree, overlap: 0.1 })).toEqual({ leaves: 4, size: 5760 });
  });

  test("Nyström a row is the same, and more where kernel values are not kept", () => {
    const nystrom = { ...shape, centers: 2000, ridges: 3, validationRows: 10_000, memory: 0 };
    const seconds = (rows: number, memory = 0): number =>
      secondsOf(nystromCost({ ...nystrom, rows, memory }).work, rates);
    expect((seconds(1_000_000) - seconds(500_000)) / (seconds(500_000) - seconds(250_000))).toBeCloseTo(2, 1);
    expect(seconds(200_000, 2 ** 31)).toBeLessThan(seconds(200_000));
  });
});

test("rates are measured on every engine", async () => {
  for (const name of ["wasm", "plain"] as const) {
    const other = await openEngine({ engine: name, threads: 1 });
    for (const rate of Object.values(await measureRates(other))) {
      expect(rate).toBeGreaterThan(0);
      expect(rate).toBeLessThan(Infinity);
    }
    await other.close();
  }
});
