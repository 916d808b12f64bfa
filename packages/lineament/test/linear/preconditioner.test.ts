import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { zeros } from "../../src/linalg/index.ts";
import { gaussLegendre } from "../../src/layers/gauss-legendre.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import {
  balancedFactors,
  endToEndVelocity,
  gaussianFactors,
  layerGradients,
  endToEnd,
  type LinearNetwork,
  preconditioner,
  singleOutputVelocity,
  singularValueVelocity,
} from "../../src/linear/index.ts";
import { expectClose, filled, largestDifference, normals, product } from "../contracts/data.ts";
import { expectWithin, type Rows, rowsOf, vector } from "./vectors.ts";

const engine = plainEngine();

describe("the velocity of the end-to-end matrix", () => {
  for (const id of ["LN-V04-n1", "LN-V04-n2", "LN-V04-n3", "LN-V04-n5", "LN-V05-n2", "LN-V05-n3"])
    test(`is that of ${id}`, async () => {
      const { inputs, expected, tol } = vector<{ W: Rows; gradEndToEnd: Rows; n: number }, Rows>(id);
      const velocity = await endToEndVelocity(engine, inputs.W, inputs.gradEndToEnd, inputs.n);
      expectWithin(rowsOf(velocity), expected, tol);
    });

  /** Ẇ = Σ_j W_N ⋯ Ẇ_j ⋯ W_1 with Ẇ_j = −G_j. */
  async function byLayers(
    network: LinearNetwork,
    gradient: ReturnType<typeof normals>,
  ): Promise<Float64Array> {
    const gradients = await layerGradients(engine, network, gradient);
    const sum = new Float64Array(gradient.data.length);
    for (let j = 0; j < network.length; j++) {
      const moved = network.map((w, i) => (i === j ? gradients[j]! : w));
      const { data } = await endToEnd(engine, moved);
      data.forEach((value, at) => (sum[at]! -= value));
    }
    return sum;
  }

  for (const [depth, rows, cols] of [
    [2, 3, 4],
    [3, 4, 4],
    [4, 5, 2],
    [5, 3, 3],
    [3, 1, 5],
  ] as const)
    test(`is what balanced layers do: depth ${depth}, ${rows} × ${cols}`, async () => {
      const width = Math.min(rows, cols) + 1;
      const w = normals(rows, cols, depth);
      const gradient = normals(rows, cols, 7);
      const balanced = await balancedFactors(engine, w, { depth, width, seed: 2 });
      const velocity = await endToEndVelocity(engine, w, gradient, depth);
      expectClose(await byLayers(balanced, gradient), velocity.data, 1e-11);
      const unbalanced = gaussianFactors([cols, ...Array<number>(depth - 1).fill(width), rows], { std: 0.7 });
      const product = await endToEnd(engine, unbalanced);
      const formula = await endToEndVelocity(engine, product, gradient, depth);
      const layers = await byLayers(unbalanced, gradient);
      const size = Math.max(...formula.data.map(Math.abs));
      expect(largestDifference(layers, formula.data) / size).toBeGreaterThan(1e-2);
    });

  test("of a matrix of rank one stays exact at any depth, square or not", async () => {
    for (const [rows, cols] of [
      [5, 2],
      [2, 5],
      [4, 4],
    ] as const) {
      const w = product(normals(rows, 1, 1), normals(1, cols, 2));
      const gradient = normals(rows, cols, 3);
      const layers = await balancedFactors(engine, w, { depth: 4, width: 1 });
      const velocity = await endToEndVelocity(engine, w, gradient, 4);
      expectClose(velocity.data, await byLayers(layers, gradient), 1e-13);
    }
  });

  test("at zero is zero, except for depth 1", async () => {
    const gradient = normals(2, 3);
    expect((await endToEndVelocity(engine, zeros(2, 3), gradient, 3)).data.every((x) => x === 0)).toBe(true);
    const { data } = await endToEndVelocity(engine, zeros(2, 3), gradient, 1);
    expectClose(
      data,
      gradient.data.map((x) => -x),
      1e-15,
    );
  });
});

describe("the preconditioner", () => {
  for (const id of ["LN-V06-n2", "LN-V06-n3", "LN-V06-n4"])
    test(`has the spectrum of ${id}`, async () => {
      const { inputs, expected, tol } = vector<{ W: Rows; n: number }, number[]>(id);
      const { eigenvalues } = await preconditioner(engine, inputs.W, inputs.n);
      expectWithin(eigenvalues(), expected, tol);
    });

  for (const [depth, rows, cols] of [
    [1, 2, 3],
    [2, 3, 3],
    [3, 2, 4],
    [4, 5, 2],
  ] as const)
    test(`as a matrix, by its application and by its spectrum is one operator: depth ${depth}, ${rows} × ${cols}`, async () => {
      const w = normals(rows, cols, 4);
      const { apply, toMatrix, eigenvalues, singularValues } = await preconditioner(engine, w, depth);
      const explicit = await toMatrix();
      const gradient = normals(rows, cols, 5);
      const stacked = filled(
        rows * cols,
        1,
        (at) => gradient.data[(at % rows) * cols + Math.floor(at / rows)]!,
      );
      const applied = await apply(gradient);
      const column = product(explicit, stacked);
      expectClose(filled(rows, cols, (i, j) => column.data[j * rows + i]!).data, applied.data, 1e-12);
      const { values } = await engine.eigenSymmetric(explicit);
      expectClose(eigenvalues(), values, 1e-11);
      expect(values[0]).toBeGreaterThan(0);
      const smallest = Math.min(...singularValues) ** (2 - 2 / depth);
      expect(eigenvalues()[0]).toBeCloseTo(rows === cols ? depth * smallest : smallest, 11);
    });

  test("has the eigenvalues (σ_r² − σ_s²)/(σ_r^{2/N} − σ_s^{2/N}), and N σ^{2−2/N} where they are equal", async () => {
    const { eigenvalues } = await preconditioner(
      engine,
      [
        [2, 0],
        [0, 0.5],
      ],
      3,
    );
    const mixed = (4 - 0.25) / (4 ** (1 / 3) - 0.25 ** (1 / 3));
    expectClose(
      eigenvalues(),
      [3 * 0.5 ** (4 / 3), mixed, mixed, 3 * 2 ** (4 / 3)].sort((a, b) => a - b),
      1e-13,
    );
  });
});

describe("a single output", () => {
  for (const id of ["LN-V07-n2", "LN-V07-n3", "LN-V07-n6"])
    test(`moves as in ${id}`, () => {
      const { inputs, expected, tol } = vector<{ w: number[]; grad: number[]; n: number }, number[]>(id);
      expectWithin(singleOutputVelocity(inputs.w, inputs.grad, inputs.n), expected, tol);
    });

  test("moves as the end-to-end matrix of one row", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 5 }), async (depth, d) => {
        const [w, g] = [normals(1, d, depth), normals(1, d, d + 10)];
        const matrix = await endToEndVelocity(engine, w, g, depth);
        expectClose(singleOutputVelocity(w.data, g.data, depth), matrix.data, 1e-12);
      }),
      { numRuns: 30 },
    );
  });

  test("rests at 0, except for depth 1", () => {
    expect(Array.from(singleOutputVelocity([0, 0], [1, 2], 2))).toEqual([-0, -0]);
    expect(Array.from(singleOutputVelocity([0, 0], [1, 2], 1))).toEqual([-1, -2]);
  });

  /** ∮ ⟨F, dw⟩ over pieces w(s), s from 0 to 1, with F = −velocity; 100 Gauss–Legendre nodes a piece. */
  function loop(
    gradient: (w: readonly number[]) => readonly number[],
    depth: number,
    pieces: readonly ((s: number) => readonly [number, number])[],
  ): number {
    const { nodes, weights } = gaussLegendre(100);
    const h = 1e-6;
    return pieces.reduce((total, at) => {
      const along = nodes.map((node, i) => {
        const s = (node + 1) / 2;
        const [ahead, behind] = [at(s + h), at(s - h)];
        const velocity = singleOutputVelocity(at(s), gradient(at(s)), depth);
        const work = velocity.reduce((sum, v, k) => sum - (v * (ahead[k]! - behind[k]!)) / (2 * h), 0);
        return (weights[i]! / 2) * work;
      });
      return total + along.reduce((sum, value) => sum + value, 0);
    }, 0);
  }
  const arc = (radius: number, from: number, to: number) => (s: number) =>
    [radius * Math.cos(from + s * (to - from)), radius * Math.sin(from + s * (to - from))] as const;
  const line = (angle: number, from: number, to: number) => (s: number) =>
    [(from + s * (to - from)) * Math.cos(angle), (from + s * (to - from)) * Math.sin(angle)] as const;

  test("follows no regularizer: the work around the loops of LN-V22 and LN-V23 is not 0", () => {
    const constant = vector<{ N: number[]; g: number; r: number; R: number }, number[]>("LN-V22");
    const { g, r, R } = constant.inputs;
    constant.inputs.N.forEach((depth, i) => {
      const pieces = [line(0, -R, -r), arc(r, Math.PI, 0), line(0, r, R), arc(R, 0, Math.PI)];
      // Differences of w(s) with h = 1e-6 keep ten digits.
      expect(loop(() => [g, 0], depth, pieces)).toBeCloseTo(constant.expected[i]!, 8);
    });
    const quadratic = vector<{ N: number[]; curv: [number, number]; r: number; R: number }, number[]>(
      "LN-V23",
    );
    const [a, c] = quadratic.inputs.curv;
    const quarter = Math.PI / 2;
    quadratic.inputs.N.forEach((depth, i) => {
      const pieces = [line(0, r, R), arc(R, 0, quarter), line(quarter, R, r), arc(r, quarter, 0)];
      expect(loop(([x, y]) => [a * x!, c * y!], depth, pieces)).toBeCloseTo(quadratic.expected[i]!, 8);
    });
  });
});

describe("singular values", () => {
  test("move as in LN-V28", async () => {
    const { inputs, expected, tol } = vector<
      { W: Rows; gradEndToEnd: Rows; n: number[] },
      { sigma: number[]; velocity: Rows }
    >("LN-V28");
    for (const [i, depth] of inputs.n.entries()) {
      const { singularValues, velocities } = await singularValueVelocity(
        engine,
        inputs.W,
        inputs.gradEndToEnd,
        depth,
      );
      expectWithin(singularValues, expected.sigma, tol);
      expectWithin(velocities, expected.velocity[i]!, tol);
    }
  });

  test("move as a small step of the end-to-end matrix moves them", async () => {
    for (const [rows, cols] of [
      [3, 3],
      [2, 4],
      [4, 2],
    ] as const)
      for (const depth of [1, 2, 4]) {
        const [w, gradient] = [normals(rows, cols, 1), normals(rows, cols, 2)];
        const velocity = await endToEndVelocity(engine, w, gradient, depth);
        const h = 1e-6;
        const moved = async (t: number) =>
          (await engine.singularValues({ ...w, data: w.data.map((x, i) => x + t * velocity.data[i]!) }))
            .values;
        const [ahead, behind] = [await moved(h), await moved(-h)];
        const { velocities } = await singularValueVelocity(engine, w, gradient, depth);
        expectClose(
          velocities,
          ahead.map((sigma, r) => (sigma - behind[r]!) / (2 * h)),
          1e-8,
        );
      }
  });
});

describe("what makes no sense is refused:", () => {
  const w = normals(2, 2);
  const refused: readonly (readonly [string, () => unknown, string])[] = [
    ["a depth of 0", () => preconditioner(engine, w, 0), "depth is 0"],
    ["a negative depth", () => endToEndVelocity(engine, w, w, -2), "depth is -2"],
    ["a gradient of another shape", () => endToEndVelocity(engine, w, normals(1, 2), 2), "gradient is 1 × 2"],
    ["NaN", () => endToEndVelocity(engine, [[NaN]], [[1]], 2), "w is NaN"],
    ["an empty matrix", () => preconditioner(engine, zeros(0, 2), 2), "w is 0 × 2"],
    ["no outputs", () => singleOutputVelocity([], [], 2), "w has 0 numbers"],
    [
      "vectors of different lengths",
      () => singleOutputVelocity([1], [1, 2], 2),
      "w has 1 numbers and gradient 2",
    ],
    ["a gradient with NaN", () => singleOutputVelocity([1], [NaN], 2), "gradient[0] is NaN"],
    ["a depth of NaN", () => singularValueVelocity(engine, w, w, NaN), "depth is NaN"],
  ];
  for (const [what, call, message] of refused)
    test(what, async () => {
      await expect((async () => call())()).rejects.toThrow(RangeError);
      await expect((async () => call())()).rejects.toThrow(message);
    });
});
