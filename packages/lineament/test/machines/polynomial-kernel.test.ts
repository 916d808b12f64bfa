import { afterAll, beforeAll, expect, test } from "vitest";
import { importances, interactions } from "../../src/explain/index.ts";
import { openMachine, saveMachine } from "../../src/files/index.ts";
import { categoricalTables, identityMetric, Kernel, kernelName } from "../../src/kernels/index.ts";
import { type Engine, type Matrix } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { FeatureMachine, KernelRidge, RecursiveFeatureMachine } from "../../src/machines/index.ts";
import { fitTable, fromRecords } from "../../src/tables/index.ts";
import { normals } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const x = normals(80, 4, 1);
const unseen = normals(100, 4, 2);
const truth = (rows: Matrix): Float64Array =>
  Float64Array.from({ length: rows.rows }, (_, i) => rows.data[i * 4]! * rows.data[i * 4 + 1]!);

test("is quadratic and homogeneous unless told otherwise", () => {
  const kernel = Kernel.parse({ family: "polynomial" });
  expect(kernel).toEqual({ family: "polynomial", bandwidth: 1, degree: 2, constant: 0 });
  expect(kernelName(kernel)).toBe("polynomial(L=1, m=2, c=0)");
  expect(Kernel.safeParse({ family: "polynomial", constant: -1 }).success).toBe(false);
  expect(Kernel.safeParse({ family: "polynomial", degree: 1.5 }).success).toBe(false);
});

test("a machine learns a product, tells what it looks at, and is the same from a file", async () => {
  const machine = await RecursiveFeatureMachine.fit(x, truth(x), {
    engine,
    machine: {
      kernel: { family: "polynomial", constant: 1 },
      iterations: 2,
      normalization: "trace",
      centered: true,
    },
  });
  expect(await machine.score(unseen, truth(unseen))).toBeGreaterThan(0.999);
  const { columns } = await importances(new FeatureMachine(engine, machine.state), undefined);
  const shares = columns.map(({ share }) => share);
  expect(Math.min(...shares.slice(0, 2))).toBeGreaterThan(100 * Math.max(...shares.slice(2)));
  const [first] = (await interactions(new FeatureMachine(engine, machine.state))).pairs;
  expect([...first!.columns].sort((a, b) => a - b)).toEqual([0, 1]);
  const opened = openMachine(engine, saveMachine(machine));
  expect(await opened.predict(unseen)).toEqual(await machine.predict(unseen));
  expect(opened.state.members[0]!.recipe.settings).toMatchObject({ normalization: "trace", centered: true });
});

test("classes by the sign of a product are for the quadratic kernel, not for the linear one", async () => {
  const classes = (rows: Matrix): string[] =>
    Array.from(truth(rows), (value) => (value > 0 ? "same" : "other"));
  const score = async (degree: number): Promise<number> => {
    const kernel = { family: "polynomial", degree } as const;
    const machine = await KernelRidge.fit(x, classes(x), { engine, machine: { kernel } });
    return machine.score(unseen, classes(unseen));
  };
  expect(await score(2)).toBeGreaterThan(0.8);
  expect(await score(1)).toBeLessThan(0.65);
});

test("categories of many levels are spelled out, as there are no blocks", async () => {
  const rows = Array.from({ length: 400 }, (_, i) => ({ place: `place ${i % 120}`, y: (i % 120) / 10 }));
  const { model } = await fitTable(fromRecords(rows), {
    target: "y",
    engine,
    machine: { kernel: { family: "polynomial", degree: 1 }, iterations: 0 },
  });
  expect(model.machine.state.blockSizes).toEqual([]);
  expect(() => categoricalTables(identityMetric(1, [3]), Kernel.parse({ family: "polynomial" }))).toThrow(
    "polynomial kernels have no categorical blocks",
  );
});
