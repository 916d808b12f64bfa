import { afterAll, beforeAll, expect, test } from "vitest";
import { importances, interactions } from "../../src/explain/index.ts";
import { openMachine, saveMachine } from "../../src/files/index.ts";
import { activation, dense, Layer, fullyConnected, serial } from "../../src/layers/index.ts";
import { type Engine, type Matrix, takeRows } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import {
  FeatureMachine,
  KernelRidge,
  NeuralKernelMachine,
  RecursiveFeatureMachine,
} from "../../src/machines/index.ts";
import { fitTable, fromRecords } from "../../src/tables/index.ts";
import { normals } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const x = normals(150, 5, 1);
const unseen = normals(200, 5, 2);
/** Two of five columns matter, together. */
const truth = (rows: Matrix): Float64Array =>
  Float64Array.from({ length: rows.rows }, (_, i) => rows.data[i * 5]! * rows.data[i * 5 + 1]!);

const kernel = {
  family: "network",
  output: "ntk",
  network: fullyConnected(2, "relu", { weightStd: Math.SQRT2, biasStd: 0.5 }),
} as const;

test("kernel ridge regression learns with the tangent kernel of a network", async () => {
  const machine = await KernelRidge.fit(x, truth(x), { engine, machine: { kernel } });
  expect(await machine.score(unseen, truth(unseen))).toBeGreaterThan(0.5);
});

test("a feature machine on a tangent kernel finds the columns that matter", async () => {
  const plain = await KernelRidge.fit(x, truth(x), { engine, machine: { kernel } });
  const machine = await RecursiveFeatureMachine.fit(x, truth(x), {
    engine,
    machine: { kernel, iterations: 4 },
  });
  const score = await machine.score(unseen, truth(unseen));
  expect(score).toBeGreaterThan(await plain.score(unseen, truth(unseen)));
  expect(score).toBeGreaterThan(0.9);
  const fitted = new FeatureMachine(engine, machine.state);
  const { columns } = await importances(fitted, undefined);
  const shares = columns.map(({ share }) => share);
  expect(Math.min(shares[0]!, shares[1]!)).toBeGreaterThan(5 * Math.max(...shares.slice(2)));
  const [first] = (await interactions(fitted)).pairs;
  expect([...first!.columns].sort((a, b) => a - b)).toEqual([0, 1]);
});

test("a saved machine predicts the same", async () => {
  const machine = await KernelRidge.fit(x, truth(x), { engine, machine: { kernel } });
  const opened = openMachine(engine, saveMachine(machine));
  expect(await opened.predict(unseen)).toEqual(await machine.predict(unseen));
});

test("a network with functions of the user's own fits, but cannot be saved", async () => {
  const own = activation({ name: "custom", label: "softened", value: (u) => u / (1 + Math.abs(u)) });
  const network = serial(dense({ biasStd: 0.5 }), own, dense());
  const few = normals(25, 2, 3);
  const y = Float64Array.from({ length: 25 }, (_, i) => few.data[2 * i]!);
  const machine = await KernelRidge.fit(few, y, {
    engine,
    machine: { kernel: { family: "network", network }, ridge: 0.01 },
  });
  expect(await machine.score(few, y)).toBeGreaterThan(0.9);
  expect(() => saveMachine(machine)).toThrow("softened");
});

test("categories of many levels are spelled out for networks", async () => {
  const rows = Array.from({ length: 400 }, (_, i) => ({ place: `place ${i % 120}`, y: (i % 120) / 10 }));
  const { model } = await fitTable(fromRecords(rows), {
    target: "y",
    engine,
    machine: { kernel, iterations: 0 },
    baselines: false,
    importances: false,
  });
  const { values } = await model.predict(fromRecords([{ place: "place 3" }, { place: "place 110" }]));
  expect(values[0]!).toBeLessThan(values[1]!);
});

test("a neural kernel machine is an infinitely wide network by name or by its layers", async () => {
  const labels = Array.from(truth(x), (value) => (value > 0 ? "same sign" : "opposite"));
  const named = await NeuralKernelMachine.fit(x, labels, { engine, network: "ntk:gelu:1" });
  expect(
    await named.score(
      unseen,
      Array.from(truth(unseen), (v) => (v > 0 ? "same sign" : "opposite")),
    ),
  ).toBeGreaterThan(0.75);
  const layers = await NeuralKernelMachine.fit(x, truth(x), { engine, network: kernel.network });
  const same = await KernelRidge.fit(x, truth(x), { engine, machine: { kernel } });
  expect(await layers.predict(unseen)).toEqual(await same.predict(unseen));
  await expect(
    async () => await NeuralKernelMachine.fit(x, labels, { network: "ntk:gleu:1" }),
  ).rejects.toThrow('did you mean "gelu"');
});

test("a convolutional kernel sees a pattern wherever it is, and learns no metric", async () => {
  // Rows are 4 × 4 images with one bright pair of pixels, side by side (+1) or one above the other (−1).
  const image = { height: 4, width: 4, channels: 1 };
  const noise = normals(80, 16, 4);
  const y = new Float64Array(80);
  for (let i = 0; i < 80; i++) {
    const [row, column] = [(i >> 1) % 3, (i >> 3) % 3];
    const beside = i % 2 === 0;
    y[i] = beside ? 1 : -1;
    for (let k = 0; k < 16; k++) noise.data[i * 16 + k]! *= 0.1;
    noise.data[i * 16 + row * 4 + column]! += 2;
    noise.data[i * 16 + (beside ? row * 4 + column + 1 : (row + 1) * 4 + column)]! += 2;
  }
  const network = serial(
    Layer.parse({ layer: "convolution", window: [3, 3], biasStd: 0.3 }),
    activation("relu"),
    { layer: "global-average-pool" },
    dense(),
  );
  const [train, test] = [takeRows(noise, rowNumbers(0, 50)), takeRows(noise, rowNumbers(50, 80))];
  const machine = { view: "common-scale" } as const;
  const fitted = await NeuralKernelMachine.fit(train, y.slice(0, 50), { engine, network, image, machine });
  expect(await fitted.score(test, y.slice(50))).toBeGreaterThan(0.6);
  await expect(
    RecursiveFeatureMachine.fit(train, y.slice(0, 50), {
      engine,
      machine: { kernel: { family: "network", network, image } },
    }),
  ).rejects.toThrow("zero metric updates");
});

const rowNumbers = (start: number, end: number): Int32Array =>
  Int32Array.from({ length: end - start }, (_, i) => start + i);
