import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Matrix, zeros } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import {
  balancedFactors,
  endToEnd,
  factorizationLoss,
  gaussianFactors,
  identityFactors,
  imbalances,
  layerGradients,
  type LinearNetwork,
  linearNetwork,
  lossAt,
  unbalancedness,
  widthsOf,
} from "../../src/linear/index.ts";
import { expectClose, filled, normals, product } from "../contracts/data.ts";
import { expectWithin, type Rows, rowsOf, vector } from "./vectors.ts";

const engine = plainEngine();

type Weights = { readonly weights: readonly Rows[] };

describe("layer gradients", () => {
  test("and the end-to-end matrix are those of LN-V01", async () => {
    const { inputs, expected, tol } = vector<
      Weights & { gradEndToEnd: Rows },
      { product: Rows; grads: readonly Rows[] }
    >("LN-V01");
    const network = linearNetwork(inputs.weights);
    expectWithin(rowsOf(await endToEnd(engine, network)), expected.product, tol);
    expectWithin(
      (await layerGradients(engine, network, inputs.gradEndToEnd)).map(rowsOf),
      expected.grads,
      tol,
    );
  });

  const widths = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 6 });
  test("are derivatives of ℓ(W_N ⋯ W_1), for any depth and widths", async () => {
    await fc.assert(
      fc.asyncProperty(widths, fc.integer({ min: 0, max: 1000 }), async (widths, seed) => {
        const network = gaussianFactors(widths, { std: 0.7, seed });
        const loss = factorizationLoss(normals(widths.at(-1)!, widths[0]!, seed + 1));
        const at = async (moved: LinearNetwork) => (await lossAt(loss, await endToEnd(engine, moved))).loss;
        const { gradient } = await lossAt(loss, await endToEnd(engine, network));
        const gradients = await layerGradients(engine, network, gradient);
        const direction = gaussianFactors(widths, { std: 1, seed: seed + 2 });
        const h = 1e-5;
        const moved = (t: number) =>
          network.map((w, j) => ({ ...w, data: w.data.map((x, i) => x + t * direction[j]!.data[i]!) }));
        const slope = gradients.reduce(
          (sum, { data }, j) => sum + data.reduce((total, g, i) => total + g * direction[j]!.data[i]!, 0),
          0,
        );
        const difference = ((await at(moved(h))) - (await at(moved(-h)))) / (2 * h);
        // h² times third derivatives, and rounding of losses of size 1 … 1000 over h.
        expect(Math.abs(difference - slope)).toBeLessThan(1e-6 * (1 + Math.abs(slope)));
      }),
      { numRuns: 40 },
    );
  });

  test("agree between neighbors: W_{j+1}ᵀ G_{j+1} = G_j W_jᵀ, which conserves imbalances", async () => {
    const network = gaussianFactors([4, 3, 5, 2], { std: 1 });
    const gradients = await layerGradients(engine, network, normals(2, 4, 9));
    for (let j = 0; j < 2; j++) {
      const left = product(transposed(network[j + 1]!), gradients[j + 1]!);
      expectClose(left.data, product(gradients[j]!, transposed(network[j]!)).data, 1e-13);
    }
  });

  test("leave their arguments and earlier results alone", async () => {
    const network = gaussianFactors([3, 2, 3], { std: 1 });
    const gradient = normals(3, 3, 1);
    const copies = [...network, gradient].map(({ data }) => data.slice());
    const first = await layerGradients(engine, network, gradient);
    const kept = first.map(({ data }) => data.slice());
    await layerGradients(engine, gaussianFactors([3, 2, 3], { std: 1, seed: 5 }), gradient);
    expect(first.map(({ data }) => data)).toEqual(kept);
    expect([...network, gradient].map(({ data }) => data)).toEqual(copies);
  });
});

describe("imbalances", () => {
  test("and their norms are those of LN-V02", async () => {
    const { inputs, expected, tol } = vector<
      Weights,
      { D: readonly Rows[]; nuclear: number[]; frobenius: number[] }
    >("LN-V02");
    const network = linearNetwork(inputs.weights);
    expectWithin((await imbalances(engine, network)).map(rowsOf), expected.D, tol);
    const norms = await unbalancedness(engine, network);
    expectWithin(norms.nuclear, expected.nuclear, tol);
    expectWithin(norms.frobenius, expected.frobenius, tol);
    norms.spectral.forEach((spectral, j) => {
      expect(spectral).toBeLessThanOrEqual(norms.frobenius[j]!);
      expect(spectral).toBeGreaterThanOrEqual(norms.frobenius[j]! / Math.sqrt(2));
    });
  });

  test("after a step of gradient descent are those of LN-V03: η² (G_{j+1}ᵀ G_{j+1} − G_j G_jᵀ) more", async () => {
    const { inputs, expected, tol } = vector<
      Weights & { gradEndToEnd: Rows; eta: number },
      { D: readonly Rows[] }
    >("LN-V03");
    const network = linearNetwork(inputs.weights);
    const gradients = await layerGradients(engine, network, inputs.gradEndToEnd);
    const after = network.map((w, j) => ({
      ...w,
      data: w.data.map((x, i) => x - inputs.eta * gradients[j]!.data[i]!),
    }));
    const differences = await imbalances(engine, after);
    expectWithin(differences.map(rowsOf), expected.D, tol);
    const before = await imbalances(engine, network);
    differences.forEach((difference, j) => {
      const [g, next] = [gradients[j]!, gradients[j + 1]!];
      const drift = product(transposed(next), next).data.map(
        (value, i) => inputs.eta ** 2 * (value - product(g, transposed(g)).data[i]!),
      );
      expectClose(
        difference.data.map((value, i) => value - before[j]!.data[i]!),
        drift,
        1e-14,
      );
    });
  });

  test("of a single layer are none", async () => {
    expect(await imbalances(engine, [normals(2, 3)])).toEqual([]);
    expect(await unbalancedness(engine, [normals(2, 3)])).toEqual({
      frobenius: [],
      nuclear: [],
      spectral: [],
    });
  });
});

describe("balanced factors", () => {
  const shapes: readonly (readonly [number, number])[] = [
    [3, 3],
    [2, 5],
    [5, 2],
    [1, 4],
    [4, 1],
  ];
  for (const [rows, cols] of shapes)
    for (const depth of [1, 2, 3, 5])
      test(`of a ${rows} × ${cols} matrix by ${depth} layers have its product and no imbalance, turned or wider too`, async () => {
        const a = normals(rows, cols, rows + 10 * cols);
        for (const options of [{}, { seed: 3 }, { width: Math.max(rows, cols) + 1, seed: 1 }]) {
          const factors = await balancedFactors(engine, a, { depth, ...options });
          expect(factors).toHaveLength(depth);
          expectClose((await endToEnd(engine, factors)).data, a.data, 1e-12);
          for (const { data } of await imbalances(engine, factors))
            expectClose(data, new Float64Array(data.length), 1e-12);
        }
      });

  test("take the widths asked for, as narrow as the rank", async () => {
    const a = product(normals(5, 2, 1), normals(2, 4, 2));
    const factors = await balancedFactors(engine, a, { depth: 3, width: [2, 6] });
    expect(widthsOf(factors)).toEqual([4, 2, 6, 5]);
    expectClose((await endToEnd(engine, factors)).data, a.data, 1e-12);
    await expect(balancedFactors(engine, a, { depth: 3, width: [1, 6] })).rejects.toThrow(
      "the matrix has rank 2, which a hidden layer of width 1 cannot carry",
    );
  });

  test("of the zero matrix are zero", async () => {
    for (const { data } of await balancedFactors(engine, zeros(2, 3), { depth: 3 }))
      expect(data.every((entry) => entry === 0)).toBe(true);
  });

  test("turned by different seeds are different factors", async () => {
    const a = normals(3, 3);
    const [one, other] = await Promise.all(
      [1, 2].map((seed) => balancedFactors(engine, a, { depth: 2, seed })),
    );
    expect(one![0]!.data).not.toEqual(other![0]!.data);
  });
});

describe("starts", () => {
  test("identity factors have the product α I and are balanced", async () => {
    const factors = identityFactors([3, 3, 3, 3], { scale: 0.2 });
    expectClose(
      (await endToEnd(engine, factors)).data,
      filled(3, 3, (i, j) => (i === j ? 0.2 : 0)).data,
      1e-15,
    );
    expect(Math.max(...(await unbalancedness(engine, factors)).frobenius)).toBe(0);
    expect(rowsOf(identityFactors([2, 3])[0]!)).toEqual([
      [1, 0],
      [0, 1],
      [0, 0],
    ]);
  });

  test("Gaussian factors have E ‖W‖² = α² d_N", async () => {
    for (const widths of [
      [6, 6, 6],
      [4, 8, 3, 5],
    ]) {
      let mean = 0;
      const draws = 400;
      for (let seed = 0; seed < draws; seed++) {
        const { data } = await endToEnd(engine, gaussianFactors(widths, { scale: 0.01, seed }));
        mean += data.reduce((sum, x) => sum + x * x, 0) / draws;
      }
      // The standard error of 400 draws is below 6 %.
      expect(mean / (1e-4 * widths.at(-1)!)).toBeGreaterThan(0.8);
      expect(mean / (1e-4 * widths.at(-1)!)).toBeLessThan(1.2);
    }
  });

  test("Gaussian factors with entries of size ε are imbalanced by at most the largest ‖W_j‖²", async () => {
    const network = gaussianFactors([5, 5, 5], { std: 0.1, seed: 2 });
    const largest = Math.max(
      ...(await Promise.all(network.map(async (w) => (await engine.singularValues(w)).values[0]!))),
    );
    const { spectral } = await unbalancedness(engine, network);
    expect(spectral[0]).toBeLessThanOrEqual(largest ** 2);
    expect(gaussianFactors([5, 5, 5], { std: 0.1, seed: 2 })).toEqual(network);
  });
});

describe("what makes no sense is refused:", () => {
  const w = normals(2, 2);
  const refused: readonly (readonly [string, () => unknown, string])[] = [
    ["no layers", () => linearNetwork([]), "there are no weight matrices"],
    [
      "layers that do not fit",
      () => linearNetwork([normals(2, 3), normals(3, 3)]),
      "W_2 has 3 columns, but W_1 has 2 rows",
    ],
    ["NaN", () => linearNetwork([[[1, NaN]]]), "W_1 is NaN in row 0, column 1"],
    ["infinite weights", () => linearNetwork([w, [[1, Infinity]]]), "W_2 is Infinity"],
    ["an empty layer", () => linearNetwork([zeros(0, 3)]), "W_1 is 0 × 3"],
    ["ragged rows", () => linearNetwork([[[1, 2], [3]]]), "row 1 has 1 entries"],
    [
      "a negative depth",
      () => balancedFactors(engine, w, { depth: -1 }),
      "depth is -1, expected a whole number ≥ 1",
    ],
    ["a depth of 1.5", () => balancedFactors(engine, w, { depth: 1.5 }), "depth is 1.5"],
    [
      "widths for other depths",
      () => balancedFactors(engine, w, { depth: 3, width: [2] }),
      "width has 1 numbers",
    ],
    ["a matrix of NaN", () => balancedFactors(engine, [[NaN]], { depth: 2 }), "matrix is NaN"],
    ["an empty gradient", () => layerGradients(engine, [w], zeros(0, 0)), "gradient is 0 × 0"],
    [
      "a gradient of another shape",
      () => layerGradients(engine, [w], normals(2, 3)),
      "gradient is 2 × 3, expected 2 × 2",
    ],
    ["no layers of Gaussians", () => gaussianFactors([3]), "widths has 1 numbers"],
    ["a width of 0", () => gaussianFactors([3, 0, 3]), "widths[1] is 0"],
    ["a scale of 0", () => identityFactors([2, 2], { scale: 0 }), "scale is 0"],
    ["a negative deviation", () => gaussianFactors([2, 2], { std: -1 }), "std is -1"],
  ];
  for (const [what, call, message] of refused)
    test(what, async () => {
      await expect((async () => call())()).rejects.toThrow(RangeError);
      await expect((async () => call())()).rejects.toThrow(message);
    });
});

function transposed(a: Matrix): Matrix<Float64Array> {
  return filled(a.cols, a.rows, (i, j) => a.data[j * a.cols + i]!);
}
