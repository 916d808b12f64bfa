import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { infiniteKernel, type InfiniteKernels, infiniteVariances } from "../../src/infinite/index.ts";
import {
  activation,
  type ActivationInput,
  dense,
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
import { type Engine, type Matrix, random } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { expectClose, normals } from "../contracts/data.ts";
import { affine } from "../contracts/reference-networks.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const nothing = scale(1);
/** The general way instead of the engine's: one untouched and one branch more, both halves of the output. */
const generally = (network: Layer): Layer =>
  serial(parallel([network, serial(network, nothing)], "concatenation"), dense({ weightRate: 0 }));

const scaled = (x: Matrix<Float64Array>, by: number): Matrix<Float64Array> => ({
  ...x,
  data: x.data.map((value) => value * by),
});

/** Kernels with their scale, times 2^log2Factor, against others of scale 1. */
function expectScaled(
  got: InfiniteKernels,
  log2Factor: number,
  expected: InfiniteKernels,
  tolerance: number,
): void {
  expect(expected.log2Scale).toBe(0);
  const factor = 2 ** (got.log2Scale + log2Factor);
  for (const which of ["nngp", "ntk"] as const)
    expectClose(
      got[which]!.data.map((value) => value * factor),
      expected[which]!.data,
      tolerance,
    );
}

describe.for<[string, (network: Layer) => Layer]>([
  ["by the engine", (network) => network],
  ["the general way", generally],
])("%s", ([, way]) => {
  const x = normals(4, 3, 1);

  test.for([1, 3])(
    "weights of standard deviation %d scale deep relu networks by a power, and nothing else",
    async (weightStd) => {
      const layers = 1200;
      const plain = await infiniteKernel(
        engine,
        way(fullyConnected(layers, "relu", { weightStd: Math.SQRT2 })),
        x,
      );
      const network = way(fullyConnected(layers, "relu", { weightStd }));
      const deep = await infiniteKernel(engine, network, x);
      const power = (layers + 1) * Math.log2(2 / weightStd ** 2);
      expect(Math.abs(deep.log2Scale)).toBeGreaterThan(1000);
      // The power itself is rounded, to 1200 times the rounding of σ_w².
      expectScaled(deep, power, plain, 1e-10);
      expect(deep.diagnostics.notes.join()).toContain(`2^${deep.log2Scale} times the matrices`);
      const variances = await infiniteVariances(network, x);
      expect(variances.log2Scale).toBe(deep.log2Scale);
      expectClose(
        variances.ntk,
        Array.from({ length: 4 }, (_, i) => deep.ntk!.data[i * 5]!),
        1e-14,
      );
      const { unit } = deep.diagnostics;
      expect(Math.log2(unit!.nngp) + unit!.log2Scale + power).toBeCloseTo(1, 9);
    },
  );

  test("biases fade in growing networks as they do between explicit scales", async () => {
    const layers = (biasStd: number): Layer => repeat(100, serial(dense({ weightStd: 3, biasStd }), relu()));
    const down = scale(2 ** -100);
    const growing = await infiniteKernel(engine, way(repeat(3, layers(1))), x);
    const held = await infiniteKernel(
      engine,
      way(serial(layers(1), down, layers(2 ** -100), down, layers(2 ** -200))),
      x,
    );
    expect(growing.log2Scale).toBeGreaterThan(500);
    expectScaled(growing, -400, held, 1e-12);
  });

  test("inputs of any size scale homogeneous networks", async () => {
    const network = way(fullyConnected(2, "relu", { weightStd: 1.5 }));
    const plain = await infiniteKernel(engine, network, x);
    for (const exponent of [600, -900]) {
      const far = await infiniteKernel(engine, network, scaled(x, 2 ** exponent));
      expectScaled(far, -2 * exponent, plain, 1e-13);
    }
  });

  test("float32 stores what is in its range, with a scale beyond it", async () => {
    const network = way(fullyConnected(60, "relu", { weightStd: 3 }));
    const [double, single] = [
      await infiniteKernel(engine, network, x),
      await infiniteKernel(engine, network, x, undefined, { precision: "float32" }),
    ];
    expect([double.log2Scale, single.log2Scale > 100]).toEqual([0, true]);
    for (let at = 0; at < 16; at++)
      expect((single.ntk!.data[at]! * 2 ** single.log2Scale) / double.ntk!.data[at]!).toBeCloseTo(1, 6);
  });

  test("normalization forgets the scale", async () => {
    const deep = serial(fullyConnected(1100, "relu", { weightStd: 3 }), layerNorm(1e-12));
    const { nngp, log2Scale } = await infiniteKernel(
      engine,
      way(serial(deep, activation("gelu"), dense())),
      x,
    );
    const same = serial(
      fullyConnected(1100, "relu", { weightStd: Math.SQRT2 }),
      layerNorm(0),
      activation("gelu"),
      dense(),
    );
    expect(log2Scale).toBe(0);
    expectClose(nngp!.data, (await infiniteKernel(engine, way(same), x)).nngp!.data, 1e-12);
  });
});

test("powers of huge and tiny variances", async () => {
  const cubic = fullyConnected(4, { name: "monomial", degree: 3 }, { weightStd: 0.5 });
  const x = normals(3, 2, 2);
  const plain = await infiniteKernel(engine, cubic, x);
  for (const exponent of [3, -3]) {
    const far = await infiniteKernel(engine, cubic, scaled(x, 2 ** exponent));
    // Four cubes: degree 81 in x.
    expectScaled(far, -2 * 81 * exponent, plain, 1e-11);
  }
});

test("rows meet their doubles with their own variance, however deep, through sums and concatenations", async () => {
  const x = normals(5, 4, 3);
  const networks: Layer[] = [
    fullyConnected(5, "relu", { weightStd: 1.4, biasStd: 0.2 }),
    serial(
      affine(2, 0.01),
      repeat(5, parallel([identity(), serial(relu(), affine(1, 0.04))])),
      relu(),
      affine(1),
    ),
    serial(
      parallel(
        [serial(affine(2, 0.1), relu()), serial(affine(1, 0.5), activation("absolute"))],
        "concatenation",
      ),
      affine(2, 0.1),
      relu(),
      affine(1),
    ),
  ];
  for (const network of networks) {
    const [kernel, variances] = [
      await infiniteKernel(engine, network, x, scaled(x, 1)),
      await infiniteVariances(network, x),
    ];
    for (let i = 0; i < 5; i++) {
      expect(kernel.nngp!.data[i * 6]! / variances.nngp[i]!).toBeCloseTo(1, 13);
      // An angle of 1e-8, what covariances can tell, would show in the eighth digit.
      expect(kernel.ntk!.data[i * 6]! / variances.ntk[i]!).toBeCloseTo(1, 13);
    }
  }
});

test("erf networks are odd: opposite rows have opposite kernels, however long the rows are", async () => {
  for (const length of [1, 1e4, 1e8, 1e12, 1e60]) {
    const x = [
      [length, 2 * length],
      [-length, -2 * length],
    ];
    const { nngp, ntk } = await infiniteKernel(engine, fullyConnected(2, "erf", { weightStd: 1.2 }), x);
    for (const k of [nngp!, ntk!]) expect(k.data[1]! / k.data[0]!).toBeCloseTo(-1, 13);
  }
});

describe("kernels of random networks at nasty inputs", () => {
  const activations: ActivationInput[] = [
    { name: "relu" },
    { name: "absolute" },
    { name: "erf" },
    { name: "gelu" },
    { name: "sin" },
    { name: "sign" },
    { name: "rbf" },
    { name: "gaussian" },
    { name: "rectified-monomial", degree: 0 },
    { name: "hermite", degree: 2 },
    { name: "exp-normalized" },
  ];

  /** A hidden part that takes Gaussians to Gaussians. */
  const block = (generator: ReturnType<typeof random>, depth: number): Layer => {
    const choose = <T>(items: readonly T[]): T => items[generator.integer(items.length)]!;
    const weights = dense({ weightStd: choose([0, 0.5, 1.4]), biasStd: choose([0, 0, 0.3]) });
    const norm = layerNorm(choose([0, 1e-12, 0.1]));
    const simple = serial(activation(choose(activations)), weights);
    if (depth === 0) return simple;
    const [one, two] = [block(generator, depth - 1), block(generator, depth - 1)];
    switch (generator.integer(6)) {
      case 0:
        return serial(one, two);
      case 1:
        return parallel([identity(), one]);
      case 2:
        return serial(norm, one);
      case 3:
        return serial(parallel([relu(), activation("erf")], "concatenation"), dense({ biasStd: 0.1 }), one);
      case 4:
        return serial(parallel([activation("gelu"), identity()]), dense(), norm, two);
      default:
        return serial(scale(choose([0, -1, 1e-60, 1e60])), one);
    }
  };

  test("are finite, exactly symmetric and bounded by their diagonals, or the network is refused", async () => {
    const x = [
      [1, 2, -1],
      [1, 2, -1],
      [-1, -2, 1],
      [0, 0, 0],
      [2, 4, -2],
      [1, 2, -0.99999999],
      [1e-160, 0, 0],
      [1e-9, -1e-9, 0],
    ];
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), async (seed) => {
        const network = serial(dense({ weightStd: 1.2 }), block(random(seed), 3));
        let kernels: InfiniteKernels;
        try {
          kernels = await infiniteKernel(engine, network, x);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          refused++;
          return;
        }
        for (const k of [kernels.nngp!, kernels.ntk!])
          for (let i = 0; i < 8; i++)
            for (let j = 0; j < 8; j++) {
              expect(k.data[i * 8 + j]).toBe(k.data[j * 8 + i]);
              const bound = Math.sqrt(k.data[i * 9]!) * Math.sqrt(k.data[j * 9]!);
              expect(Math.abs(k.data[i * 8 + j]!)).toBeLessThanOrEqual(bound * (1 + 1e-7) + 1e-90);
            }
      }),
      { numRuns: 300, seed: 0 },
    );
    expect(refused).toBeLessThan(60);
  });
});
