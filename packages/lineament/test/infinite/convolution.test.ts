import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { infiniteKernel, infiniteVariances } from "../../src/infinite/index.ts";
import {
  activation,
  type ActivationInput,
  convolution,
  dense,
  dropout,
  dualOf,
  flatten,
  fullyConnected,
  globalAveragePool,
  identity,
  type ImageShape,
  type Layer,
  layerNorm,
  parallel,
  relu,
  scale,
  serial,
} from "../../src/layers/index.ts";
import { asMatrix, type Engine, type Matrix } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { expectClose, filled, normals } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const convolved = (
  padding: "zero" | "circular",
  { window = [3, 3] }: { readonly window?: [number, number] } = {},
): Layer => convolution({ window, padding, weightStd: 1.3, biasStd: 0.4 });
const flat = flatten();
const pool = globalAveragePool();

/** K and Θ of two images, at pixels p of one and q of the other. */
interface PixelKernels {
  readonly k: (p: number, q: number) => number;
  readonly theta: (p: number, q: number) => number;
}

/** The recursion of convolutional kernels, pixel pair by pixel pair, for one pair of images. */
function recursion(
  image: ImageShape,
  steps: readonly (Layer | "input")[],
  x: Float64Array,
  z: Float64Array,
): { k: number; theta: number } {
  const { height, width, channels } = image;
  const pixels = height * width;
  const tabulate = (f: (p: number, q: number) => number): ((p: number, q: number) => number) => {
    const values = filled(pixels, pixels, f).data;
    return (p, q) => values[p * pixels + q]!;
  };
  const through = (steps: readonly Layer[], u: Float64Array, v: Float64Array): PixelKernels => {
    const last = steps.at(-1);
    if (!last)
      return {
        k: (p, q) => {
          let sum = 0;
          for (let c = 0; c < channels; c++) sum += u[p * channels + c]! * v[q * channels + c]!;
          return sum / channels;
        },
        theta: () => 0,
      };
    const before = steps.slice(0, -1);
    const { k, theta } = through(before, u, v);
    if (last.layer === "activation") {
      const dual = dualOf(last.activation);
      const [a, b] = [through(before, u, u).k, through(before, v, v).k];
      return {
        k: tabulate((p, q) => dual.value(a(p, p), b(q, q), k(p, q))),
        theta: tabulate((p, q) => dual.slope(a(p, p), b(q, q), k(p, q)) * theta(p, q)),
      };
    }
    if (last.layer !== "convolution") throw new Error("the recursion knows convolutions and activations");
    const { window, padding, weightStd, biasStd } = last;
    const mean = (f: (p: number, q: number) => number) => (p: number, q: number) => {
      let sum = 0;
      for (let i = 0; i < window[0]; i++)
        for (let j = 0; j < window[1]; j++) {
          const moved = (pixel: number): number | undefined => {
            const [row, col] = [
              Math.floor(pixel / width) + i - (window[0] - 1) / 2,
              (pixel % width) + j - (window[1] - 1) / 2,
            ];
            const inside = row >= 0 && row < height && col >= 0 && col < width;
            if (!inside && padding === "zero") return undefined;
            return (((row % height) + height) % height) * width + (((col % width) + width) % width);
          };
          const [left, right] = [moved(p), moved(q)];
          if (left !== undefined && right !== undefined) sum += f(left, right);
        }
      return sum / (window[0] * window[1]);
    };
    const next = tabulate((p, q) => weightStd ** 2 * mean(k)(p, q) + biasStd ** 2);
    return { k: next, theta: tabulate((p, q) => next(p, q) + weightStd ** 2 * mean(theta)(p, q)) };
  };
  const [end] = steps.slice(-1);
  const { k, theta } = through(steps.slice(0, -1) as Layer[], x, z);
  const pairs: (readonly [number, number])[] = [];
  for (let p = 0; p < pixels; p++)
    for (let q = 0; q < pixels; q++)
      if (p === q || (end as Layer).layer === "global-average-pool") pairs.push([p, q]);
  const average = (f: (p: number, q: number) => number): number =>
    pairs.reduce((sum, [p, q]) => sum + f(p, q), 0) / pairs.length;
  return { k: average(k), theta: average(theta) };
}

describe.for(["flatten", "global-average-pool"] as const)("%s", (layer) => {
  const end = { layer } as Layer;
  const readout = dense({ weightStd: 1.2, biasStd: 0.1 });

  test.for<[string, ImageShape, "zero" | "circular", [number, number], ActivationInput["name"]]>([
    ["zero padding", { height: 3, width: 4, channels: 2 }, "zero", [3, 3], "relu"],
    ["circular padding", { height: 3, width: 4, channels: 2 }, "circular", [3, 3], "gelu"],
    ["a window larger than the image", { height: 2, width: 2, channels: 1 }, "circular", [5, 3], "erf"],
    ["a window outside of most of the image", { height: 2, width: 2, channels: 1 }, "zero", [5, 5], "relu"],
    ["rows of pixels", { height: 1, width: 5, channels: 3 }, "zero", [1, 3], "normal-cdf"],
    ["a numerical dual", { height: 2, width: 2, channels: 1 }, "zero", [3, 1], "tanh"],
  ])("with %s is the recursion, word by word", async ([, image, padding, window, name]) => {
    const d = image.height * image.width * image.channels;
    const layers = [
      convolved(padding, { window }),
      activation(name),
      convolved(padding, { window }),
      activation(name),
    ];
    const [x, z] = [normals(4, d, 1), normals(3, d, 2)];
    const network = serial(...layers, end, readout);
    const row = (a: Matrix<Float64Array>, i: number): Float64Array => a.data.subarray(i * d, (i + 1) * d);
    const expected = (a: Matrix<Float64Array>, b: Matrix<Float64Array>, which: "k" | "theta"): Matrix =>
      filled(a.rows, b.rows, (i, j) => {
        const { k, theta } = recursion(image, [...layers, end], row(a, i), row(b, j));
        const next = 1.44 * k + 0.01;
        return which === "k" ? next : next + 1.44 * theta;
      });
    const { nngp, ntk } = await infiniteKernel(engine, network, x, z, { image });
    const tolerance = name === "tanh" ? 1e-9 : 1e-12;
    expectClose(nngp!.data, expected(x, z, "k").data, tolerance);
    expectClose(ntk!.data, expected(x, z, "theta").data, tolerance);

    const own = await infiniteKernel(engine, network, x, undefined, { image });
    for (let i = 0; i < 4; i++)
      for (let j = 0; j < i; j++) expect(own.ntk!.data[i * 4 + j]).toBe(own.ntk!.data[j * 4 + i]);
    const twice = await infiniteKernel(engine, network, x, x, { image, tile: 3 });
    expectClose(own.nngp!.data, twice.nngp!.data, tolerance);
    // Variances that are equal only up to rounding: Θ of relu and its like sees the root of it.
    expectClose(own.ntk!.data, twice.ntk!.data, name === "relu" ? 1e-7 : tolerance);
    const variances = await infiniteVariances(network, x, { image });
    expectClose(
      Array.from({ length: 4 }, (_, i) => own.ntk!.data[i * 5]!),
      variances.ntk,
      1e-14,
    );
  });

  test("of constant images with circular padding is the dense network of their pixel", async () => {
    const image = { height: 2, width: 3, channels: 4 };
    const [x, z] = [normals(3, 4, 3), normals(2, 4, 4)];
    const constant = (pixel: Matrix): Matrix =>
      filled(pixel.rows, 24, (i, k) => pixel.data[i * 4 + (k % 4)]!);
    const options = { weightStd: 1.3, biasStd: 0.4 };
    const network = serial(
      convolved("circular"),
      relu(),
      convolved("circular"),
      activation("gelu"),
      end,
      dense(options),
    );
    const same = serial(dense(options), relu(), dense(options), activation("gelu"), dense(options));
    const [wide, narrow] = [
      await infiniteKernel(engine, network, constant(x), constant(z), { image }),
      await infiniteKernel(engine, same, x, z),
    ];
    expectClose(wide.nngp!.data, narrow.nngp!.data, 1e-13);
    expectClose(wide.ntk!.data, narrow.ntk!.data, 1e-13);
    expect(wide.diagnostics.unit!.ntk).toBeCloseTo(narrow.diagnostics.unit!.ntk, 12);
  });

  test("of images of one pixel is the dense network", async () => {
    const options = { weightStd: 1.3, biasStd: 0.4 };
    const network = serial(convolved("zero", { window: [1, 1] }), relu(), end, dense(options));
    const x = normals(4, 3, 5);
    const [one, plain] = [
      await infiniteKernel(engine, network, x, undefined, { image: { height: 1, width: 1, channels: 3 } }),
      await infiniteKernel(engine, fullyConnected(1, "relu", options), x),
    ];
    expectClose(one.ntk!.data, plain.ntk!.data, 1e-13);
  });
});

test("pooling with circular padding does not see translations, flattening does", async () => {
  const image = { height: 3, width: 3, channels: 1 };
  const x = normals(1, 9, 6);
  const shifted = filled(1, 9, (_, p) => x.data[((Math.floor(p / 3) + 1) % 3) * 3 + (((p % 3) + 2) % 3)]!);
  const z = normals(2, 9, 7);
  const network = (end: Layer): Layer => serial(convolved("circular"), relu(), end, dense());
  const ntk = async (end: Layer, a: Matrix): Promise<Matrix> =>
    (await infiniteKernel(engine, network(end), a, z, { image })).ntk!;
  expectClose((await ntk(pool, x)).data, (await ntk(pool, shifted)).data, 1e-13);
  const [here, there] = [await ntk(flat, x), await ntk(flat, shifted)];
  expect(Math.abs(here.data[0]! - there.data[0]!)).toBeGreaterThan(1e-3);
});

describe("by hand, two pixels of one channel", () => {
  const image = { height: 1, width: 2, channels: 1 };
  const x = asMatrix([[1, 2]]);
  const z = asMatrix([[3, -1]]);
  const linear = (padding: "zero" | "circular", end: Layer): Layer =>
    serial(convolution({ window: [1, 3], padding, weightStd: 3, biasStd: 0.5 }), end);

  test("zero padding: both pixels see both, once", async () => {
    // σ²/3 (x₀z₀ + x₁z₁) + σ_b² at p = q, and x₀z₁ (or x₁z₀) where the two windows overlap by one.
    const { nngp, ntk } = await infiniteKernel(engine, serial(linear("zero", flat), dense()), x, z, {
      image,
    });
    expect(nngp!.data[0]).toBeCloseTo(3 * (3 - 2) + 0.25, 14);
    expect(ntk!.data[0]).toBeCloseTo(2 * (3 * (3 - 2) + 0.25), 14);
    const pooled = await infiniteKernel(engine, linear("zero", pool), x, z, { image });
    const across = [3 * (1 * -1) + 0.25, 3 * (2 * 3) + 0.25];
    expect(pooled.nngp!.data[0]).toBeCloseTo((2 * 3.25 + across[0]! + across[1]!) / 4, 14);
    expect(pooled.ntk!.data[0]).toBeCloseTo(pooled.nngp!.data[0]!, 14);
  });

  test("circular padding: each pixel sees the other one twice", async () => {
    const { nngp } = await infiniteKernel(engine, serial(linear("circular", flat), dense()), x, z, {
      image,
    });
    const [first, second] = [3 * (3 - 2 * 2) + 0.25, 3 * (2 * 3 - 2) + 0.25];
    expect(nngp!.data[0]).toBeCloseTo((first + second) / 2, 14);
  });
});

test("an average of Gaussian pixels is Gaussian: activations may follow it", async () => {
  // With windows of one pixel the average of the layer is the layer of the average.
  const image = { height: 2, width: 2, channels: 3 };
  const x = normals(4, 12, 8);
  const mean = filled(
    4,
    3,
    (i, c) =>
      (x.data[i * 12 + c]! + x.data[i * 12 + 3 + c]! + x.data[i * 12 + 6 + c]! + x.data[i * 12 + 9 + c]!) / 4,
  );
  const options = { weightStd: 1.3, biasStd: 0.4 };
  const network = serial(
    convolved("zero", { window: [1, 1] }),
    parallel([identity(), scale(2)]),
    pool,
    parallel([relu(), activation("gelu")]),
    dense(options),
  );
  const same = serial(dense(options), scale(3), parallel([relu(), activation("gelu")]), dense(options));
  const [pooled, plain] = [
    await infiniteKernel(engine, network, x, undefined, { image }),
    await infiniteKernel(engine, same, mean),
  ];
  expectClose(pooled.nngp!.data, plain.nngp!.data, 1e-10);
  expectClose(pooled.ntk!.data, plain.ntk!.data, 1e-10);
});

test("residual, normalized, dropped and concatenated images stay within the Cauchy–Schwarz bound and positive semidefinite", async () => {
  const image = { height: 3, width: 2, channels: 2 };
  const x = normals(6, 12, 9);
  const network = serial(
    convolved("zero"),
    parallel([identity(), serial(layerNorm(1e-6), relu(), convolved("circular"))]),
    parallel(
      [
        serial(activation("gelu"), layerNorm(1e-6), dropout(0.7), flat),
        serial(relu(), pool, dropout(0.5)),
        serial(pool, dense({ biasStd: 1 })),
      ],
      "concatenation",
      [2, 1, 1],
    ),
    dense({ weightStd: 1.5 }),
  );
  const { nngp, ntk } = await infiniteKernel(engine, network, x, undefined, { image });
  for (const k of [nngp!, ntk!]) {
    const { values } = await engine.eigenSymmetric(k);
    expect(values[0]!).toBeGreaterThan(0);
  }
  const tested = await infiniteKernel(engine, network, x, undefined, { image, training: "neither" });
  for (let i = 0; i < 6; i++) {
    expect(nngp!.data[i * 7]!).toBeGreaterThan(tested.nngp!.data[i * 7]!);
    for (let j = 0; j < i; j++) expect(nngp!.data[i * 6 + j]).toBeCloseTo(tested.nngp!.data[i * 6 + j]!, 13);
  }
});
