import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { infiniteKernel, infiniteVariances } from "../../src/infinite/index.ts";
import {
  activation,
  type ActivationInput,
  dense,
  dropout,
  erf,
  fullyConnected,
  identity,
  type Layer,
  layerNorm,
  parallel,
  relu,
  repeat,
  scale,
  serial,
} from "../../src/layers/index.ts";
import { type Engine, type Matrix, rowRange } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import { expectClose, filled, largestDifference, normals, product } from "../contracts/data.ts";
import { affine, referenceNetworks } from "../contracts/reference-networks.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const norm = layerNorm(1e-3);
const he = { weightStd: Math.SQRT2, biasStd: 0.3 };

const { correlatedBranches: _, ...closedForms } = referenceNetworks;

/** One network for every kind of layer and every way of evaluating it. */
const networks: Readonly<Record<string, Layer>> = {
  ...closedForms,
  "correlated piecewise linear branches": serial(
    affine(2, 0.1),
    parallel([
      relu(),
      serial(parallel([identity(), serial(relu(), affine(1, 0.1))]), activation("absolute")),
    ]),
    affine(1),
  ),
  "chain of relu layers": fullyConnected(3, "relu", he),
  "chain of gelu layers": fullyConnected(2, "gelu", he),
  "chain of tanh layers": fullyConnected(2, "tanh", he),
  "normalized residual network": serial(
    affine(1, 0.1),
    repeat(2, parallel([identity(), serial(norm, relu(), affine(2), activation("gelu"), affine(1))])),
    norm,
    affine(1),
  ),
  "activations of a concatenation, normalized": serial(
    parallel([affine(1, 0.2), serial(affine(2), relu(), affine(1))], "concatenation"),
    activation("gelu"),
    norm,
    affine(1, 0.1),
  ),
  "product with a mean and a sum behind it": serial(
    parallel([
      parallel([serial(affine(1), activation("sigmoid-like")), serial(affine(1, 0.1), relu())], "product"),
      serial(affine(1), activation("normal-cdf")),
    ]),
    affine(1),
  ),
  "two activations in a row": serial(affine(1, 0.1), activation("softplus"), activation("tanh"), affine(1)),
};

const both = async (
  network: Layer,
  x: Matrix,
  z?: Matrix,
  options: Parameters<typeof infiniteKernel>[4] = {},
): Promise<readonly [Matrix, Matrix]> => {
  const { nngp, ntk } = await infiniteKernel(engine, network, x, z, options);
  return [nngp!, ntk!];
};

describe.each(Object.entries(networks))("%s", (name, network) => {
  const x = normals(14, 5, 1);
  const z = normals(9, 5, 2);
  // Tables of numerical duals are within 1e-10 of the largest entry and depend on all rows together.
  const tabulated = ["chain of tanh layers", "two activations in a row"].includes(name);
  const rounding = tabulated ? 1e-9 : 1e-12;

  test("is exactly symmetric and positive semidefinite", async () => {
    for (const k of await both(network, x)) {
      for (let i = 0; i < 14; i++)
        for (let j = 0; j < i; j++) expect(k.data[i * 14 + j]).toBe(k.data[j * 14 + i]);
      const { values } = await engine.eigenSymmetric(k);
      expect(values[0]!).toBeGreaterThanOrEqual(-rounding * values.at(-1)!);
    }
  });

  test("is the same whether rows are in one set or in two", async () => {
    const [whole, halves] = [await both(network, x), await both(network, x, x)];
    whole.forEach((k, g) => expectClose(halves[g]!.data, k.data, rounding));
  });

  test("K(z, x) = K(x, z)ᵀ", async () => {
    const [there, back] = [await both(network, x, z), await both(network, z, x)];
    there.forEach((k, g) =>
      expectClose(back[g]!.data, filled(9, 14, (i, j) => k.data[j * 9 + i]!).data, rounding),
    );
  });

  test("does not depend on the size of tiles, to the last bit", async () => {
    const whole = await both(network, x, undefined, { tile: 14 });
    for (const tile of [1, 3, 5]) {
      const tiled = await both(network, x, undefined, { tile });
      whole.forEach((k, g) => expect(tiled[g]!.data).toEqual(k.data));
    }
  });

  test("does not depend on the rows beside", async () => {
    const [whole, part] = [
      await both(network, x, z),
      await both(network, rowRange(x, 3, 7), rowRange(z, 2, 4)),
    ];
    whole.forEach((k, g) =>
      expectClose(part[g]!.data, filled(4, 2, (i, j) => k.data[(i + 3) * 9 + j + 2]!).data, rounding),
    );
  });

  test("does not depend on rotations of the inputs", async () => {
    const { vectors } = await engine.eigenSymmetric(product(normals(5, 5, 3), normals(5, 5, 3)));
    const { vectors: rotation } = await engine.eigenSymmetric(
      filled(5, 5, (i, j) => Math.cos(i + j) + vectors.data[0]!),
    );
    const [still, turned] = [
      await both(network, x, z),
      await both(network, product(x, rotation), product(z, rotation)),
    ];
    still.forEach((k, g) => expectClose(turned[g]!.data, k.data, rounding));
  });

  test("is at most √(K(x, x) K(z, z))", async () => {
    const kernels = await both(network, x, z);
    const [a, b] = [await infiniteVariances(network, x), await infiniteVariances(network, z)];
    (["nngp", "ntk"] as const).forEach((which, g) =>
      kernels[g]!.data.forEach((value, at) => {
        const bound = Math.sqrt(a[which][Math.floor(at / 9)]! * b[which][at % 9]!);
        expect(Math.abs(value)).toBeLessThanOrEqual(bound * (1 + rounding));
      }),
    );
  });

  test("in float32 is the rounded one, one kernel alone is one of both", async () => {
    const options = { precision: "float32", get: "ntk" } as const;
    const { ntk, nngp } = await infiniteKernel(engine, network, x, z, options);
    const [k, theta] = await both(network, x, z);
    expect(nngp).toBeUndefined();
    expect(ntk!.data).toBeInstanceOf(Float32Array);
    expectClose(ntk!.data, theta.data, 2 ** -23 + rounding);
    const alone = await infiniteKernel(engine, network, x, z, { get: "nngp" });
    expect(alone.ntk).toBeUndefined();
    expectClose(alone.nngp!.data, k.data, 1e-15);
  });
});

describe("two descriptions of one network have one kernel", () => {
  const x = normals(8, 3, 4);
  const expectSame = async (a: Layer, b: Layer, tolerance = 1e-13): Promise<void> => {
    const [left, right] = [await both(a, x), await both(b, x)];
    left.forEach((k, g) => expectClose(right[g]!.data, k.data, tolerance));
  };
  const slopes = (negative: number, positive: number): Layer =>
    activation({ name: "piecewise-linear", negative, positive });

  test("z + relu(z) is piecewise linear with slopes 1 and 2", () =>
    expectSame(
      serial(affine(2, 0.1), slopes(1, 2), affine(1)),
      serial(affine(2, 0.1), parallel([identity(), relu()]), affine(1)),
    ));

  test("relu(z) − relu(−z) is z", () =>
    expectSame(
      serial(affine(2, 0.1), affine(1)),
      serial(affine(2, 0.1), parallel([relu(), serial(scale(-1), relu(), scale(-1))]), affine(1)),
    ));

  test("z + gelu(z) by cross duals is a function of z by quadrature", () =>
    expectSame(
      serial(affine(2, 0.1), parallel([identity(), activation("gelu")]), affine(1)),
      serial(
        affine(2, 0.1),
        parallel([identity(), activation("gelu")]),
        activation({ name: "custom", label: "same", value: (u) => u, slope: () => 1 }),
        affine(1),
      ),
      1e-10,
    ));

  test("two piecewise linear activations in a row are one", () =>
    // Below 0 the first keeps the sign, so that the slopes multiply: 0.2 · (−1) and 1 · 3.
    expectSame(
      serial(affine(2, 0.1), slopes(0.2, 1), slopes(-1, 3), affine(1)),
      serial(affine(2, 0.1), slopes(-0.2, 3), affine(1)),
    ));

  test("standard parameterization is NTK parameterization at rates n/σ_w² and 1/σ_b²", () =>
    expectSame(
      serial(
        dense({ parameterization: "standard", weightStd: 1.5, biasStd: 0.5, weightRate: 0.7, width: 40 }),
        erf(),
        dense({ parameterization: "standard", weightStd: 2, biasRate: 3 }),
      ),
      serial(
        dense({ weightStd: 1.5, biasStd: 0.5, weightRate: (0.7 * 3) / 2.25, biasRate: 4 }),
        erf(),
        dense({ weightStd: 2, weightRate: 40 / 4 }),
      ),
    ));

  test("scales multiply into the weights", () =>
    expectSame(
      serial(scale(-3), affine(1, 0.2), scale(0.5), activation("gelu"), affine(1)),
      serial(affine(9 / 4, 0.05), activation("gelu"), affine(1)),
    ));

  test("a sum of independent dense layers is one with the sum of variances", () =>
    expectSame(
      serial(parallel([affine(1, 0.1), affine(2, 0.3)]), activation("gelu"), affine(1)),
      serial(affine(3, 0.4), activation("gelu"), affine(1)),
    ));

  test("a graph, a serial and a parallel description agree", () =>
    expectSame(serial(affine(1, 0.1), parallel([identity(), serial(relu(), affine(2))]), relu(), affine(1)), {
      layer: "graph",
      output: "end",
      nodes: [
        { name: "first", inputs: ["input"], combine: "sum", layer: affine(1, 0.1) },
        { name: "second", inputs: ["first"], combine: "sum", layer: serial(relu(), affine(2)) },
        { name: "unused", inputs: ["first"], combine: "sum", layer: affine(5) },
        { name: "end", inputs: ["first", "second"], combine: "sum", layer: serial(relu(), affine(1)) },
      ],
    }));

  test("a network may end anywhere: the kernel of features is that of a dense layer with weight 1, untrained", () =>
    expectSame(
      serial(affine(1, 0.1), activation("gelu")),
      serial(affine(1, 0.1), activation("gelu"), dense({ weightRate: 0 })),
    ));

  test("no layers at all: ⟨x, z⟩/d", async () => {
    const [k, theta] = await both(serial(), x);
    expectClose(k.data, filled(8, 8, (i, j) => product(x, transposed(x)).data[i * 8 + j]! / 3).data, 1e-15);
    expect(theta.data.every((value) => value === 0)).toBe(true);
  });
});

const transposed = (a: Matrix): Matrix => filled(a.cols, a.rows, (i, j) => a.data[j * a.cols + i]!);

test("bias-free piecewise linear networks are homogeneous: k(sx, tz) = |st| k(±x, ±z)", async () => {
  const activations: ActivationInput[] = [
    { name: "relu" },
    { name: "leaky-relu", slope: 0.3 },
    { name: "absolute" },
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...activations),
      fc.integer({ min: 1, max: 4 }),
      fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
      fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
      async (chosen, layers, s, t) => {
        const network = fullyConnected(layers, chosen, { weightStd: 1.2 });
        const [x, z] = [normals(3, 4, 5), normals(2, 4, 6)];
        const scaled = (a: Matrix, by: number): Matrix => ({ ...a, data: a.data.map((value) => by * value) });
        const [plain, stretched] = [
          await both(network, x, z),
          await both(network, scaled(x, s), scaled(z, t)),
        ];
        plain.forEach((k, g) =>
          expectClose(
            stretched[g]!.data.map((value) => value / (s * t)),
            k.data,
            1e-13,
          ),
        );
      },
    ),
    { numRuns: 20 },
  );
});

test("Θ = K when only the last layer is trained", async () => {
  const x = normals(6, 3, 7);
  const [k, theta] = await both(
    serial(dense({ ...he, weightRate: 0, biasRate: 0 }), activation("gelu"), dense({ weightStd: 1.3 })),
    x,
  );
  expectClose(theta.data, k.data, 1e-15);
});

describe("dropout", () => {
  const keep = 0.8;
  const x = normals(5, 3, 8);
  const network = (...dropouts: readonly Layer[]): Layer =>
    serial(affine(2, 0.1), relu(), ...dropouts, affine(1, 0.2));
  const drop = dropout(keep);

  test("divides the variance of training rows by its keep rate, and leaves covariances alone", async () => {
    const [plain, dropped] = [await both(network(), x), await both(network(drop), x)];
    plain.forEach((k, g) => {
      const bias = 0.2;
      for (let i = 0; i < 5; i++)
        for (let j = 0; j < 5; j++) {
          const value = k.data[i * 5 + j]!;
          const expected = i === j ? (value - bias) / keep + bias : value;
          expect(dropped[g]!.data[i * 5 + j]!).toBeCloseTo(expected, 13);
        }
    });
  });

  test("acts on the rows that are trained on", async () => {
    const deep = serial(network(drop), relu(), affine(1));
    const [own] = await both(deep, x);
    const across = async (training: "x" | "z" | "both" | "neither"): Promise<Matrix> =>
      (await both(deep, x, normals(4, 3, 9), { training }))[0];
    const [none, z, xOnly, all] = [
      await across("neither"),
      await across("z"),
      await across("x"),
      await across("both"),
    ];
    const standard = (await both(deep, x, normals(4, 3, 9)))[0];
    expect(standard.data).toEqual(z.data);
    for (const other of [z, xOnly, all])
      expect(largestDifference(none.data, other.data)).toBeGreaterThan(1e-3);
    const test = await both(deep, x, undefined, { training: "neither" });
    expectClose(test[0].data, (await both(serial(network(), relu(), affine(1)), x))[0].data, 1e-14);
    expect(largestDifference(test[0].data, own.data)).toBeGreaterThan(1e-3);
    expectClose(
      (await infiniteVariances(deep, x)).nngp,
      Array.from({ length: 5 }, (_, i) => own.data[i * 6]!),
      1e-14,
    );
  });
});

describe("the general way gives what the engine gives", () => {
  const chains: [string, Layer][] = [
    ["relu", fullyConnected(3, "relu", he)],
    ["leaky relu, scaled", serial(scale(2), fullyConnected(2, { name: "leaky-relu", slope: -0.2 }, he))],
    ["erf", fullyConnected(2, { name: "erf", amplitude: 2, frequency: 0.5, offset: 0.3 }, he)],
    [
      "normal-cdf and absolute",
      serial(
        affine(1),
        activation("normal-cdf"),
        affine(3, 0.1),
        scale(-0.5),
        activation("absolute"),
        affine(1),
      ),
    ],
    [
      "sigmoid-like, standard parameterization",
      serial(
        dense({ parameterization: "standard", width: 30 }),
        activation("sigmoid-like"),
        dense({ parameterization: "standard", biasStd: 1 }),
      ),
    ],
  ];
  // One part in 10^13 of a dropout that keeps everything but a breath stops the engine's way.
  const general = (network: Layer): Layer => serial(network, dropout(1 - 2 ** -53));

  test.each(chains)("%s", async (_, network) => {
    const [x, z] = [normals(7, 4, 10), normals(5, 4, 11)];
    const [fast, slow] = [await both(network, x, z), await both(general(network), x, z)];
    fast.forEach((k, g) => expectClose(slow[g]!.data, k.data, 1e-13));
    const [own, plain] = [await both(network, x), await infiniteKernel(plainEngine(), general(network), x)];
    [plain.nngp!, plain.ntk!].forEach((k, g) => expectClose(k.data, own[g]!.data, 1e-13));
  });
});
