import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Matrix } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import {
  balancedTensorFactors,
  completionLoss,
  componentNorms,
  componentVelocities,
  type DescentStep,
  endToEnd,
  factorizationLoss,
  layerGradients,
  lossAt,
  observedEntries,
  tensorFactors,
  tensorFlow,
  tensorGradients,
  tensorOf,
  tensorSteps,
} from "../../src/linear/index.ts";
import { expectClose, filled, normals } from "../contracts/data.ts";
import { expectWithin, type Rows, vector } from "./vectors.ts";

const engine = plainEngine();

/** Σ_r Π_k w_r^k[i_k], index by index. */
function entrywise(factors: readonly Matrix<Float64Array>[]): Float64Array {
  const shape = factors.map(({ cols }) => cols);
  const size = shape.reduce((a, b) => a * b, 1);
  return Float64Array.from({ length: size }, (_, at) => {
    let left = at;
    const index = shape.toReversed().map((n) => {
      const i = left % n;
      left = Math.floor(left / n);
      return i;
    });
    index.reverse();
    let sum = 0;
    for (let r = 0; r < factors[0]!.rows; r++)
      sum += factors.reduce((product, w, k) => product * w.data[r * w.cols + index[k]!]!, 1);
    return sum;
  });
}

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 5 });
const randomFactors = (shape: readonly number[], components: number, seed: number) =>
  shape.map((size, k) => normals(components, size, 31 * seed + k));

describe("a tensor of components", () => {
  test("is their sum of products, whatever its order", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer({ min: 1, max: 3 }), async (shape, components) => {
        const factors = randomFactors(shape, components, 1);
        const tensor = await tensorOf(engine, factors);
        expect([tensor.rows, tensor.cols * tensor.rows]).toEqual([
          shape[0],
          shape.reduce((a, b) => a * b, 1),
        ]);
        expectClose(tensor.data, entrywise(factors), 1e-13);
      }),
      { numRuns: 40 },
    );
  });

  test("has gradients that are derivatives", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer({ min: 1, max: 3 }), async (shape, components) => {
        const factors = randomFactors(shape, components, 2);
        const size = shape.reduce((a, b) => a * b, 1);
        const gradient = normals(shape[0]!, size / shape[0]!, 5);
        const gradients = await tensorGradients(engine, factors, gradient);
        // ⟨gradient, T⟩ is linear in each factor: a unit step is the derivative.
        for (const [k, factor] of factors.entries()) {
          const direction = normals(factor.rows, factor.cols, 6 + k);
          const moved = await tensorOf(
            engine,
            factors.map((w, l) => (l === k ? direction : w)),
          );
          const slope = moved.data.reduce((sum, x, at) => sum + x * gradient.data[at]!, 0);
          const formula = gradients[k]!.data.reduce((sum, g, at) => sum + g * direction.data[at]!, 0);
          expect(formula).toBeCloseTo(slope, 9);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("of two modes is the product of two layers", async () => {
    const [a, b] = randomFactors([3, 4], 2, 3);
    const layers = [b!, filled(3, 2, (i, r) => a!.data[r * 3 + i]!)];
    const gradient = normals(3, 4, 9);
    expectClose((await tensorOf(engine, [a!, b!])).data, (await endToEnd(engine, layers)).data, 1e-14);
    const [byFirst, bySecond] = await tensorGradients(engine, [a!, b!], gradient);
    const [second, first] = await layerGradients(engine, layers, gradient);
    expectClose(bySecond!.data, second!.data, 1e-14);
    expectClose(byFirst!.data, filled(2, 3, (r, i) => first!.data[i * 2 + r]!).data, 1e-14);
  });
});

describe("balanced components", () => {
  type Inputs = { factors: readonly Rows[]; gradTensor: readonly Rows[] };
  const { inputs, expected, tol } = vector<Inputs, { norm: number[]; velocity: number[] }>("LN-V33");
  const factors = tensorFactors(inputs.factors);
  const gradient = inputs.gradTensor.map((slice) => slice.flat());

  test("have the norms and velocities of LN-V33", async () => {
    expectWithin(componentNorms(factors), expected.norm, tol);
    expectWithin(await componentVelocities(engine, factors, gradient), expected.velocity, tol);
  });

  test("move as fast as a small step along the flow moves them", async () => {
    const gradients = await tensorGradients(engine, factors, gradient);
    const h = 1e-6;
    const moved = (t: number) =>
      componentNorms(
        factors.map((w, k) => ({ ...w, data: w.data.map((x, i) => x - t * gradients[k]!.data[i]!) })),
      );
    const [ahead, behind] = [moved(h), moved(-h)];
    expectClose(
      await componentVelocities(engine, factors, gradient),
      ahead.map((size, r) => (size - behind[r]!) / (2 * h)),
      1e-9,
    );
  });

  test("start with one norm in every mode", () => {
    const start = balancedTensorFactors([3, 5, 2], { components: 4, scale: 0.008, seed: 1 });
    expectClose(componentNorms(start), [0.008, 0.008, 0.008, 0.008], 1e-15);
    for (const { data, cols } of start)
      for (let r = 0; r < 4; r++)
        expect(Math.hypot(...data.subarray(r * cols, (r + 1) * cols))).toBeCloseTo(0.2, 14);
  });

  test("stay balanced along the flow: ‖w_r^k‖² − ‖w_r^l‖² is conserved, balanced or not", async () => {
    const start = randomFactors([3, 4, 2], 2, 7).map((w) => ({ ...w, data: w.data.map((x) => x / 2) }));
    const loss = factorizationLoss(normals(3, 8, 8));
    const { states } = await tensorFlow(engine, start, loss, { times: [0, 1], tolerance: 1e-11 });
    const differences = (state: (typeof states)[number]) =>
      [0, 1].flatMap((r) => {
        const squares = state.map(({ data, cols }) =>
          data.subarray(r * cols, (r + 1) * cols).reduce((sum, x) => sum + x * x, 0),
        );
        return [squares[0]! - squares[1]!, squares[1]! - squares[2]!];
      });
    expectClose(differences(states[1]!), differences(states[0]!), 1e-9);
    const fall = await Promise.all(
      states.map(async (state) => (await lossAt(loss, await tensorOf(engine, state))).loss),
    );
    expect(fall[1]!).toBeLessThan(0.8 * fall[0]!);
  });
});

describe("descent on components", () => {
  test("completes a tensor of rank one from a small start with more components: the others stay small", async () => {
    const truth = await tensorOf(engine, randomFactors([4, 4, 4], 1, 4));
    const blanks = filled(4, 16, (i, j) => ((3 * i + j) % 4 === 0 ? NaN : truth.data[i * 16 + j]!));
    const loss = completionLoss(observedEntries(blanks));
    const start = balancedTensorFactors([4, 4, 4], { components: 3, scale: 1e-4 });
    let last: DescentStep | undefined;
    for await (const step of tensorSteps(engine, start, loss, {
      learningRate: 0.02,
      steps: 3000,
      target: 1e-6,
    }))
      last = step;
    expect(last!.outcome).toBe("reached");
    const error = Math.hypot(...last!.endToEnd.data.map((x, at) => x - truth.data[at]!));
    expect(error / Math.hypot(...truth.data)).toBeLessThan(0.002);
    const norms = Array.from(componentNorms(last!.parameters)).sort((a, b) => b - a);
    expect(norms[1]! / norms[0]!).toBeLessThan(0.002);
  });
});

describe("what makes no sense is refused:", () => {
  const factors = randomFactors([2, 3, 2], 2, 1);
  const refused: readonly (readonly [string, () => unknown, string])[] = [
    ["a single mode", () => tensorFactors([normals(2, 2)]), "there are 1 factors"],
    [
      "other numbers of components",
      () => tensorOf(engine, [normals(2, 2), normals(3, 2)]),
      "mode 0 has 2 components, mode 1 has 3",
    ],
    ["NaN", () => tensorFactors([[[NaN]], [[1]]]), "the factor of mode 0 is NaN"],
    [
      "a gradient of another shape",
      () => tensorGradients(engine, factors, normals(2, 5)),
      "gradient is 2 × 5, expected 2 × 6",
    ],
    [
      "velocities out of balance",
      () => componentVelocities(engine, factors, normals(2, 6)),
      "the law holds for balanced components",
    ],
    [
      "a loss of another shape",
      () => tensorFlow(engine, factors, factorizationLoss(normals(2, 5)), { times: [1] }),
      "the tensor is one of 2 × 6",
    ],
    [
      "a negative rate",
      () =>
        tensorSteps(engine, factors, factorizationLoss(normals(2, 6)), { learningRate: -1, steps: 1 }).next(),
      "learningRate is -1",
    ],
    ["a shape of one number", () => balancedTensorFactors([3], { components: 1 }), "shape has 1 numbers"],
    ["no components", () => balancedTensorFactors([3, 3], { components: 0 }), "components is 0"],
    ["a scale of NaN", () => balancedTensorFactors([3, 3], { components: 1, scale: NaN }), "scale is NaN"],
  ];
  for (const [what, call, message] of refused)
    test(what, async () => {
      await expect((async () => call())()).rejects.toThrow(RangeError);
      await expect((async () => call())()).rejects.toThrow(message);
    });
});
