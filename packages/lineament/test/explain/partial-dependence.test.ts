import {
  coordinateGrid,
  type Engine,
  openEngine,
  partialDependence,
  setCoordinate,
  setLevel,
} from "lineament";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fitted, normals, problem, regression, withOneHot } from "./machines.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

test("partial dependence follows the function of the column, with its band over rows", async () => {
  const x = normals(300, 3, 1);
  const machine = await fitted(
    engine,
    problem(
      x,
      regression(x, (row) => row[0]! ** 2 + row[1]!),
    ),
    { kernel: { family: "gaussian", bandwidth: 3 }, ridges: [1e-4] },
  );
  const grid = [-1.5, 0, 1.5];
  const { outputs, rows } = await partialDependence(machine, setCoordinate(0), grid, {
    rows: 100,
    curves: 2,
  });
  const [curve] = outputs;
  expect(rows).toBe(100);
  expect(curve!.mean[0]! - curve!.mean[1]!).toBeCloseTo(2.25, 0);
  expect(curve!.mean[2]! - curve!.mean[1]!).toBeCloseTo(2.25, 0);
  // The band is that of x1: 10 % and 90 % of a normal.
  expect(curve!.high[1]! - curve!.low[1]!).toBeGreaterThan(2);
  expect(curve!.high[1]! - curve!.low[1]!).toBeLessThan(3.2);
  expect(curve!.curves.map((single) => single.length)).toEqual([3, 3]);
});

test("levels are set as one-hot coordinates or as blocks, and training rows stay as they are", async () => {
  const { x, codes, group } = withOneHot(normals(150, 1, 1), 3, 2);
  const target = regression(x, (row) => 3 * row[2]!);
  const levels = codes.slice();
  const machine = await fitted(
    engine,
    problem({ coordinates: x, levels }, target, { groups: [group], blockSizes: [3] }),
    { metric: "diagonal" },
  );
  const before = x.data.slice();
  const both = (points: Parameters<ReturnType<typeof setLevel>>[0], level: number): void => {
    setLevel({ coordinates: [1, 2, 3] }, machine.state)(points, level);
    setLevel({ coordinates: [], block: 0 }, machine.state)(points, level);
  };
  const { outputs } = await partialDependence(machine, both, [0, 1, 2]);
  expect(outputs[0]!.mean[1]! - outputs[0]!.mean[0]!).toBeCloseTo(3, 0);
  expect(outputs[0]!.mean[2]! - outputs[0]!.mean[0]!).toBeCloseTo(0, 0);
  expect(x.data).toEqual(before);
  expect(levels).toEqual(codes);
  const unknown = await partialDependence(machine, both, [-1]);
  expect(Number.isFinite(unknown.outputs[0]!.mean[0]!)).toBe(true);
});

test("a grid holds all values when they are few, else quantiles in order", () => {
  const of = (values: number[]) => ({
    x: { coordinates: { data: Float64Array.from(values), rows: values.length, cols: 1 } },
  });
  expect(coordinateGrid(of([3, 1, 1, 2]), 0)).toEqual([1, 2, 3]);
  const grid = coordinateGrid(of(Array.from({ length: 1001 }, (_, i) => i)), 0, 5);
  expect(grid).toEqual([10, 255, 500, 745, 990]);
});
