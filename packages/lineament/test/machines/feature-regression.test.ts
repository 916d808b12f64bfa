import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dualOf } from "../../src/layers/index.ts";
import { type Engine, type Matrix, random, transpose } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import {
  type FeatureMap,
  NeuralTangentFeatures,
  neuralTangentFeatureMap,
  randomFeatureMap,
  RandomFeatures,
} from "../../src/machines/index.ts";
import { expectClose, filled, normals, product } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const layer = {
  inputs: 3,
  neurons: 11,
  activation: { name: "tanh" },
  weightStd: 1.3,
  biasStd: 0.4,
  seed: 5,
} as const;

describe.each<[string, () => FeatureMap]>([
  ["random features", () => randomFeatureMap(engine, layer)],
  ["tangent features of both layers", () => neuralTangentFeatureMap(engine, { ...layer, trained: "both" })],
  [
    "tangent features of the first layer",
    () => neuralTangentFeatureMap(engine, { ...layer, trained: "first" }),
  ],
])("%s", (_, make) => {
  const x = normals(6, 3, 1);
  const z = normals(4, 3, 2);

  test("Gram matrices, sums and values are those of the features written out", async () => {
    const map = make();
    const [phi, psi] = [await map.features(x), await map.features(z)];
    expect(phi.cols).toBe(map.size);
    expectClose((await map.gram(x)).data, product(phi, transpose(phi)).data, 1e-12);
    expectClose((await map.gram(x, z)).data, product(phi, transpose(psi)).data, 1e-12);
    const [a, b] = [normals(6, 2, 3), normals(map.size, 2, 4)];
    expectClose((await map.pull(x, a)).data, product(transpose(phi), a).data, 1e-12);
    expectClose((await map.values(x, b)).data, product(phi, b).data, 1e-12);
  });

  test("the same seed draws the same features", async () => {
    expect((await make().features(x)).data).toEqual((await make().features(x)).data);
  });
});

test("tangent features are the gradient of the two-layer network by its parameters", async () => {
  const { inputs: d, neurons: count, weightStd, biasStd, seed } = layer;
  const x = normals(2, d, 6);
  // The network written out on the same draws: weights row by row with their bias, then the signs.
  const generator = random(seed);
  const start = Float64Array.from({ length: count * (d + 1) }, () => generator.normal());
  const signs = Float64Array.from({ length: count }, () => (generator.uniform() < 0.5 ? -1 : 1));
  const network = (theta: Float64Array, row: number): number => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      let z = biasStd * theta[i * (d + 1) + d]!;
      for (let k = 0; k < d; k++)
        z += (weightStd / Math.sqrt(d)) * theta[i * (d + 1) + k]! * x.data[row * d + k]!;
      sum += theta[count * (d + 1) + i]! * Math.tanh(z);
    }
    return sum / Math.sqrt(count);
  };
  const theta = Float64Array.from([...start, ...signs]);
  const phi = await neuralTangentFeatureMap(engine, { ...layer, trained: "both" }).features(x);
  for (let row = 0; row < 2; row++)
    for (let p = 0; p < theta.length; p++) {
      const shifted = (h: number): number =>
        network(
          theta.map((value, at) => (at === p ? value + h : value)),
          row,
        );
      expect(phi.data[row * phi.cols + p]).toBeCloseTo((shifted(1e-5) - shifted(-1e-5)) / 2e-5, 8);
    }
});

test("many random features come near the kernel of infinitely many", async () => {
  const x = normals(5, 4, 7);
  const neurons = 20_000;
  const activation = { name: "relu" } as const;
  const gram = await randomFeatureMap(engine, { ...layer, inputs: 4, neurons, activation }).gram(x);
  const covariance = (i: number, j: number): number => {
    let dot = 0;
    for (let k = 0; k < 4; k++) dot += x.data[i * 4 + k]! * x.data[j * 4 + k]!;
    return (layer.weightStd ** 2 * dot) / 4 + layer.biasStd ** 2;
  };
  const dual = dualOf(activation);
  for (let i = 0; i < 5; i++)
    for (let j = 0; j < 5; j++) {
      const [a, b] = [covariance(i, i), covariance(j, j)];
      // Var(relu(u) relu(v)) ≤ E[u² v²] ≤ 3ab: four standard errors.
      const bound = 4 * Math.sqrt((3 * a * b) / neurons);
      expect(Math.abs(gram.data[i * 5 + j]! - dual.value(a, b, covariance(i, j)))).toBeLessThan(bound);
    }
});

describe.each([
  ["RandomFeatures", RandomFeatures, { neurons: 300 }],
  ["NeuralTangentFeatures, more features than rows", NeuralTangentFeatures, { neurons: 100 }],
  [
    "NeuralTangentFeatures, fewer features than rows",
    NeuralTangentFeatures,
    { neurons: 20, trained: "first" },
  ],
] as const)("%s", (_, machine, options) => {
  const x = normals(200, 3, 8);
  const unseen = normals(100, 3, 9);
  const signal = (rows: Matrix): Float64Array =>
    Float64Array.from(
      { length: rows.rows },
      (__, i) =>
        100 + 5 * Math.sin(2 * rows.data[i * 3]!) + 3 * rows.data[i * 3 + 1]! * rows.data[i * 3 + 2]!,
    );

  test("learns a smooth function of three columns", async () => {
    const fitted = await machine.fit(x, signal(x), { ...options, engine });
    expect(await fitted.score(unseen, signal(unseen))).toBeGreaterThan(0.6);
    const predictions = await fitted.predict(unseen);
    expect(predictions).toHaveLength(100);
    expect(fitted.ridge).toBeGreaterThan(0);
  });

  test("learns classes, whose probabilities sum to 1", async () => {
    const labels = (rows: Matrix): string[] =>
      Array.from(signal(rows), (value) => (value > 100 ? "high" : "low"));
    const fitted = await machine.fit(x, labels(x), { ...options, engine });
    expect(fitted.classes).toEqual(["high", "low"]);
    expect(await fitted.score(unseen, labels(unseen))).toBeGreaterThan(0.8);
    const { data } = await fitted.predictProbabilities(unseen);
    for (let i = 0; i < 100; i++) expect(data[2 * i]! + data[2 * i + 1]!).toBeCloseTo(1, 12);
    expect(await fitted.predict(unseen)).toContain("low");
  });

  test("predicts a subset as the subset of predictions, and a matrix of targets as a matrix", async () => {
    const y = filled(200, 2, (i, l) => (l + 1) * signal(x)[i]!);
    const fitted = await machine.fit(x, y, { ...options, engine, ridge: 0.01 });
    const all = await fitted.predict(unseen);
    const part = await fitted.predict(filled(3, 3, (i, j) => unseen.data[i * 3 + j]!));
    expect(all.cols).toBe(2);
    expectClose(part.data, all.data.subarray(0, 6), 1e-9);
    expect((await fitted.predict(filled(0, 3, () => 0))).rows).toBe(0);
  });
});

test("what cannot be fitted is named", async () => {
  const x = normals(10, 2, 10);
  const y = normals(10, 1, 11);
  await expect(RandomFeatures.fit(x, y, { neurons: 0 })).rejects.toThrow("neurons");
  await expect(RandomFeatures.fit(x, y, { activation: "rleu" as "relu" })).rejects.toThrow(
    'there is no activation "rleu", did you mean "relu"?',
  );
  await expect(RandomFeatures.fit(x, normals(9, 1, 1))).rejects.toThrow("y has 9 rows, x has 10");
  await expect(NeuralTangentFeatures.fit(x, y, { ridge: -1 })).rejects.toThrow("ridge");
  const fitted = await RandomFeatures.fit(x, y, { engine, neurons: 5 });
  await expect(fitted.predict(normals(2, 3, 1))).rejects.toThrow("x has 3 columns, expected 2");
  await expect(fitted.predictProbabilities(x)).rejects.toThrow("no classes");
  for (const machine of [RandomFeatures, NeuralTangentFeatures]) {
    const large = { engine, neurons: 5, activation: "exp" as const };
    await expect(machine.fit(x, y, { ...large, weightStd: 1e4 })).rejects.toThrow(
      /of exp at .* is Infinity; choose a/u,
    );
  }
});
