import {
  type Engine,
  type ExplainedColumn,
  importances,
  interactions,
  learnedDirections,
  openEngine,
  principalAngles,
  takePoints,
  zeros,
} from "lineament";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { classification, fitted, normals, problem, regression, withOneHot } from "./machines.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const product = {
  kernel: { family: "lpq", bandwidth: 2, exponent: 1, p: 1 },
  metric: "diagonal",
  bandwidth: "adaptive",
  precision: "float32",
} as const;

describe("importances", () => {
  for (const measure of ["redraw", "derivative"] as const)
    test(`by ${measure} order columns by how much predictions vary along them, and leave noise below the probes`, async () => {
      const x = normals(400, 6, 1);
      const of = problem(
        x,
        regression(x, (row) => 3 * row[1]! + Math.sin(3 * row[4]!), 0.3),
      );
      const machine = await fitted(engine, of, { precision: "float32", ridges: [0.1, 0.1] });
      const { columns, floor, bands } = await importances(machine, of, { measure });
      expect(bands).toBe("rows and refits");
      expect(columns.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
      for (const { low, share, high } of columns)
        expect(low <= share && share <= high && low >= 0 && high <= 1).toBe(true);
      const order = columns.toSorted((a, b) => b.share - a.share).map(({ name }) => name);
      expect(order.slice(0, 2).toSorted()).toEqual(["x1", "x4"]);
      expect(columns.filter(({ aboveNoise }) => aboveNoise).map(({ name }) => name)).toEqual(["x1", "x4"]);
      expect(floor!.shares).toHaveLength(16);
      expect(floor!.mean).toBeLessThanOrEqual(floor!.largest);
      expect(floor!.largest).toBeLessThan(0.1);
    });

  test("are the same for the same seed", async () => {
    const x = normals(60, 3, 1);
    const of = problem(
      x,
      regression(x, (row) => row[0]!),
    );
    const machine = await fitted(engine, of);
    expect(await importances(machine, of, { refits: 2, seed: 4 })).toEqual(
      await importances(machine, of, { refits: 2, seed: 4 }),
    );
  });

  test("without the problem have no floor, and bands from the rows alone", async () => {
    const x = normals(60, 3, 1);
    const machine = await fitted(
      engine,
      problem(
        x,
        regression(x, (row) => row[0]! ** 2),
      ),
    );
    const result = await importances(machine, undefined);
    expect(result.floor).toBeUndefined();
    expect(result.bands).toBe("rows");
    expect(result.columns.every(({ aboveNoise }) => aboveNoise === undefined)).toBe(true);
    expect(result.columns[0]!.high).toBeGreaterThan(result.columns[0]!.low);
  });

  test("of a nearly linear function are its squared slopes, in units of coordinates, standard deviations and raw units", async () => {
    const x = normals(300, 2, 3);
    for (let i = 0; i < 300; i++) x.data[2 * i + 1]! *= 5;
    const of = problem(
      x,
      regression(x, (row) => 2 * row[0]! + 0.6 * row[1]!),
    );
    const machine = await fitted(engine, of, {
      kernel: { family: "gaussian", bandwidth: 12 },
      ridges: [1e-6],
    });
    const { coordinates, columns } = await importances(machine, undefined, {
      scales: [10, 1],
      measure: "derivative",
    });
    expect(coordinates[0]!.meanSquaredDerivative).toBeCloseTo(4, 1);
    expect(coordinates[1]!.meanSquaredDerivative).toBeCloseTo(0.36, 1);
    expect(coordinates[1]!.standardized).toBeCloseTo(9, 0);
    expect(coordinates[0]!.raw).toBeCloseTo(0.04, 3);
    expect(columns[1]!.share).toBeCloseTo(9 / 13, 1);
    expect(columns[1]!.effect).toBeCloseTo(coordinates[1]!.standardized, 9);
    const redrawn = await importances(machine, undefined, { measure: "redraw" });
    expect(redrawn.columns[1]!.share).toBeCloseTo(9 / 13, 1);
    expect(redrawn.measure).toBe("redraw");
  });

  test("follow a permutation of the coordinates", async () => {
    const x = normals(80, 4, 5);
    const order = [2, 0, 3, 1];
    const permuted = zeros(80, 4);
    for (let i = 0; i < 80; i++) order.forEach((k, at) => (permuted.data[i * 4 + at] = x.data[i * 4 + k]!));
    const target = regression(x, (row) => row[0]! * row[1]! + row[2]!);
    const [first, second] = [
      await fitted(engine, problem(x, target)),
      await fitted(engine, problem(permuted, target)),
    ];
    for (const measure of ["redraw", "derivative"] as const) {
      const [a, b] = [
        await importances(first, undefined, { measure }),
        await importances(second, undefined, { measure }),
      ];
      order.forEach((k, at) => expect(b.columns[at]!.share).toBeCloseTo(a.columns[k]!.share, 6));
    }
  });

  test("compare categories with numbers: as one-hot coordinates, as a block, by the variance they cause", async () => {
    const { x, codes, group } = withOneHot(normals(400, 2, 1), 3, 5);
    const effect = [-2, 0, 2];
    const target = regression(x, (row) => row[0]! + effect[[row[2], row[3], row[4]].indexOf(1)]!, 0.05);
    const columns: ExplainedColumn[] = [
      { name: "number", coordinates: [0] },
      { name: "noise", coordinates: [1] },
      { name: "category", coordinates: [2, 3, 4] },
    ];
    const settings = {
      metric: "diagonal",
      precision: "float32",
      bandwidth: "adaptive",
      kernel: { family: "laplace", bandwidth: 2, exponent: 1 },
    } as const;
    const asOneHot = problem(x, target, { groups: [group] });
    const oneHot = await importances(await fitted(engine, asOneHot, settings), asOneHot, {
      columns,
      refits: 2,
    });
    // The variance of a number with slope 1 is 1, of three equally frequent levels at −2, 0, 2 it is 8/3.
    const [number, noise, category] = oneHot.columns;
    expect(category!.effect).toBeGreaterThan(2);
    expect(category!.effect).toBeLessThan(3.4);
    expect(number!.effect).toBeGreaterThan(0.7);
    expect(number!.effect).toBeLessThan(1.5);
    expect(noise!.share).toBeLessThan(0.05);

    const numbers = zeros(400, 2);
    for (let i = 0; i < 400; i++) for (let k = 0; k < 2; k++) numbers.data[2 * i + k] = x.data[5 * i + k]!;
    const asBlock = problem({ coordinates: numbers, levels: codes }, target, { blockSizes: [3] });
    const block = await importances(await fitted(engine, asBlock, settings), asBlock, {
      columns: [columns[0]!, columns[1]!, { name: "category", coordinates: [], block: 0 }],
      refits: 2,
    });
    block.columns.forEach(({ share }, at) => expect(share).toBeCloseTo(oneHot.columns[at]!.share, 1));
    for (const at of [0, 2]) expect(block.columns[at]!.aboveNoise).toBe(true);
    expect(block.columns[1]!.share).toBeLessThan(0.05);
  });

  for (const classes of [2, 3])
    test(`of ${classes} classes find the columns that decide`, async () => {
      const x = normals(200, 5, 2);
      const of = problem(
        x,
        classification(x, (row) => Array.from(row.subarray(0, classes - 1)).concat(0)),
      );
      const { columns } = await importances(await fitted(engine, of, { precision: "float32" }), of, {
        refits: 1,
      });
      const order = columns
        .toSorted((a, b) => b.share - a.share)
        .slice(0, classes - 1)
        .map(({ name }) => name);
      expect(order.toSorted()).toEqual(["x0", "x1"].slice(0, classes - 1));
    });

  test("of one row and one column are zero without being NaN", async () => {
    const x = normals(1, 1, 1);
    const of = problem(
      x,
      regression(x, () => 2),
    );
    const { columns, floor } = await importances(await fitted(engine, of), of);
    expect(columns).toMatchObject([{ share: 0, low: 0, high: 0, effect: 0 }]);
    expect(floor).toBeUndefined();
  });

  test("name what is wrong with columns", async () => {
    const x = normals(10, 2, 1);
    const of = problem(
      x,
      regression(x, (row) => row[0]!),
    );
    const machine = await fitted(engine, of);
    await expect(importances(machine, of, { columns: [{ name: "a", coordinates: [2] }] })).rejects.toThrow(
      /column a has coordinate 2; the machine has 2/,
    );
    await expect(
      importances(machine, of, {
        columns: [
          { name: "a", coordinates: [0] },
          { name: "b", coordinates: [0, 1] },
        ],
      }),
    ).rejects.toThrow(/coordinate 0 belongs to a and to b/);
    await expect(importances(machine, { ...of, x: takePoints(of.x, [0, 1], 0) })).rejects.toThrow(/2 rows/);
  });
});

describe("learned directions", () => {
  test("the first direction of y = g(v·x) is v", async () => {
    const x = normals(500, 8, 7);
    const v = [0.5, -0.5, 0.5, 0, 0, 0.5, 0, 0];
    const of = problem(
      x,
      regression(x, (row) => Math.tanh(row.reduce((sum, value, k) => sum + 1.5 * value * v[k]!, 0))),
    );
    const { directions, spectrum, effectiveRank, agop } = await learnedDirections(
      await fitted(engine, of, { precision: "float32", ridges: [0.01, 0.01, 0.01] }),
    );
    const cosine = directions[0]!.vector.reduce((sum, value, k) => sum + value * v[k]!, 0);
    expect(Math.abs(cosine)).toBeGreaterThan(0.95);
    expect(directions[0]!.share).toBe(spectrum[0]);
    expect(spectrum.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
    expect(effectiveRank).toBeLessThan(2);
    expect(Math.max(...directions[0]!.vector)).toBe(Math.max(...directions[0]!.vector.map(Math.abs)));
    expect(
      directions[0]!.columns
        .slice(0, 4)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(["x0", "x1", "x2", "x5"]);
    expect([agop.rows, agop.cols]).toEqual([8, 8]);
  });

  test("principal angles are 0 between equal spans and right between orthogonal ones", async () => {
    const diagonal = (values: number[]) => ({
      data: Float64Array.from({ length: 16 }, (_, at) => (at % 5 === 0 ? values[at / 5]! : 0)),
      rows: 4,
      cols: 4,
    });
    const [first, second, third] = [diagonal([4, 3, 0, 0]), diagonal([1, 2, 0, 0]), diagonal([0, 3, 4, 0])];
    expect(await principalAngles(engine, first, second, 2)).toEqual([0, 0]);
    const angles = await principalAngles(engine, first, third, 2);
    expect(angles[0]).toBeCloseTo(0, 9);
    expect(angles[1]).toBeCloseTo(Math.PI / 2, 9);
    await expect(principalAngles(engine, first, second, 5)).rejects.toThrow(/count is 5/);
  });
});

describe("interactions", () => {
  const truth = (row: Float64Array): number => row[0]! * row[1]! + Math.sin(3 * row[2]!);
  for (const settings of [
    {
      precision: "float32",
      kernel: { family: "laplace", bandwidth: 10, exponent: 1 },
      ridges: [0.01, 0.01, 0.01],
    },
    {
      precision: "float32",
      kernel: { family: "laplace", bandwidth: 10, exponent: 1 },
      ridges: [0.01, 0.01, 0.01],
      metric: "diagonal",
    },
    { ...product, ridges: [0.01, 0.01, 0.01] },
    { ...product, metric: "full", ridges: [0.01, 0.01, 0.01] },
  ] as const)
    test(`find x0·x1 beside a wave along x2: ${settings.kernel.family}, ${settings.metric ?? "full"}`, async () => {
      const x = normals(500, 6, 11);
      const machine = await fitted(engine, problem(x, regression(x, truth, 0.05)), settings);
      const { pairs, rows } = await interactions(machine, { rows: 100 });
      expect(rows).toBe(100);
      expect(pairs).toHaveLength(15);
      expect(pairs[0]!.names).toEqual(["x0", "x1"]);
      expect(pairs[0]!.strength).toBeGreaterThan(3 * pairs[1]!.strength);
    });

  test("stand out more from the roughness of the fit when smoothed", async () => {
    const x = normals(500, 6, 11);
    const machine = await fitted(engine, problem(x, regression(x, truth, 0.05)), {
      precision: "float32",
      kernel: { family: "laplace", bandwidth: 10, exponent: 1 },
      ridges: [0.01, 0.01],
    });
    const margin = async (smoothing: number): Promise<number> => {
      const { pairs } = await interactions(machine, { rows: 50, smoothing });
      expect(pairs[0]!.names).toEqual(["x0", "x1"]);
      return pairs[0]!.strength / pairs[1]!.strength;
    };
    expect(await margin(0.5)).toBeGreaterThan(2 * (await margin(0)));
  });

  test("of a category with a number and with another category are those of the function", async () => {
    const one = withOneHot(normals(500, 2, 1), 3, 5);
    const { x, codes } = withOneHot(one.x, 2, 6);
    const effect = [-1, 0, 1];
    const target = regression(
      x,
      (row) => row[0]! * effect[[row[2], row[3], row[4]].indexOf(1)]! + row[1]! + row[5]!,
      0.05,
    );
    const columns = [
      { name: "a", coordinates: [0] },
      { name: "b", coordinates: [1] },
      { name: "three", coordinates: [2, 3, 4] },
      { name: "two", coordinates: [5, 6] },
    ];
    expect(codes).toHaveLength(500);
    const machine = await fitted(engine, problem(x, target, { groups: [one.group, { start: 5, end: 7 }] }), {
      ...product,
      ridges: [0.01, 0.01],
    });
    const { pairs } = await interactions(machine, { columns, rows: 100 });
    expect(pairs[0]!.names).toEqual(["a", "three"]);
    // Var of the slope over the levels times Var a: 2/3.
    expect(pairs[0]!.strength).toBeGreaterThan(0.35);
    expect(pairs[0]!.strength).toBeLessThan(1.2);
    expect(pairs[1]!.strength).toBeLessThan(0.15);
  });

  test("look only among the most important columns of a wide table", async () => {
    const x = normals(100, 10, 3);
    const machine = await fitted(
      engine,
      problem(
        x,
        regression(x, (row) => row[3]! * row[7]!),
      ),
    );
    const { pairs, among } = await interactions(machine, {
      among: 3,
      effects: [0, 0, 0, 5, 0, 0, 0, 4, 1, 0],
      rows: 20,
    });
    expect(among).toEqual([3, 7, 8]);
    expect(pairs).toHaveLength(3);
  });

  test("of one column are none", async () => {
    const x = normals(20, 1, 3);
    expect(
      (
        await interactions(
          await fitted(
            engine,
            problem(
              x,
              regression(x, (row) => row[0]!),
            ),
          ),
        )
      ).pairs,
    ).toEqual([]);
  });
});
