import { describe, expect, test } from "vitest";
import { rungeKuttaSteps, zeros } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import {
  balancedFactors,
  completionLoss,
  endToEnd,
  endToEndFlow,
  factorFlow,
  factorizationLoss,
  gaussianFactors,
  identityFactors,
  imbalances,
  lossAt,
  observedEntries,
  sensingLoss,
  singularValueFlow,
  trainFactors,
  unbalancedness,
} from "../../src/linear/index.ts";
import { expectClose, filled, largestDifference, normals, product } from "../contracts/data.ts";
import { expectWithin, type Rows, rowsOf, vector } from "./vectors.ts";

const engine = plainEngine();
const precise = { tolerance: 1e-11, absoluteTolerance: 1e-13 };

describe("the flow of layers", () => {
  const loss = factorizationLoss(normals(5, 5, 2));
  const network = gaussianFactors([5, 5, 5, 5], { std: 0.4, seed: 3 });

  test("conserves imbalances while the loss falls", async () => {
    const before = await imbalances(engine, network);
    expect(Math.max(...(await unbalancedness(engine, network)).frobenius)).toBeGreaterThan(0.5);
    const { states, outcome } = await factorFlow(engine, network, loss, { times: [0, 1, 4], ...precise });
    expect(outcome).toBe("reached");
    for (const state of states)
      (await imbalances(engine, state)).forEach(({ data }, j) =>
        expect(largestDifference(data, before[j]!.data)).toBeLessThan(1e-9),
      );
    const [start, , end] = await Promise.all(
      states.map(async (s) => (await lossAt(loss, await endToEnd(engine, s))).loss),
    );
    expect(end!).toBeLessThan(0.1 * start!);
    expect(states[0]).toEqual(network);
  });

  test("with weight decay shrinks them by e^{−2λt}", async () => {
    const before = await imbalances(engine, network);
    const { states } = await factorFlow(engine, network, loss, { times: [2], weightDecay: 0.3, ...precise });
    (await imbalances(engine, states[0]!)).forEach(({ data }, j) =>
      expect(
        largestDifference(
          data,
          before[j]!.data.map((x) => Math.exp(-1.2) * x),
        ),
      ).toBeLessThan(1e-9),
    );
  });

  test("of one unbalanced linear neuron is the lazy–rich dial of LN-V11", async () => {
    const { inputs, expected, tol } = vector<{ delta: number[]; phi: number; t: number[] }, Rows>("LN-V11");
    for (const [i, delta] of inputs.delta.entries()) {
      // W = a b = 0 and a² − b² = δ: b = 0.
      const neuron = [[[0]], [[Math.sqrt(delta)]]].map((w) => ({
        data: Float64Array.from(w.flat()),
        rows: 1,
        cols: 1,
      }));
      const { states } = await factorFlow(engine, neuron, factorizationLoss([[inputs.phi]]), {
        times: inputs.t,
        tolerance: 1e-13,
      });
      expectWithin(
        states.map(([b, a]) => a!.data[0]! * b!.data[0]!),
        expected[i]!,
        { ...tol, abs: 2e-11 },
      );
    }
  });

  test("drives the norm of LN-V15 to infinity, above the bound of LN-V14", async () => {
    const { inputs, expected, tol } = vector<
      { alpha: number; t: number[] },
      { w11: number[]; loss: number[] }
    >("LN-V15");
    const loss = completionLoss(
      observedEntries([
        [NaN, 1],
        [1, 0],
      ]),
    );
    const start = identityFactors([2, 2, 2], { scale: inputs.alpha });
    const { states } = await factorFlow(engine, start, loss, { times: inputs.t, ...precise });
    const products = await Promise.all(states.map((state) => endToEnd(engine, state)));
    const reached = await Promise.all(products.map(async (w) => (await lossAt(loss, w)).loss));
    expectWithin(
      products.map(({ data }) => data[0]!),
      expected.w11,
      tol,
    );
    expectWithin(reached, expected.loss, tol);
    const bound = (value: number) => (1 - Math.sqrt(2 * value)) ** 2 / Math.sqrt(2 * value);
    const vector14 = vector<{ loss: number[] }, number[]>("LN-V14");
    expectWithin(vector14.inputs.loss.map(bound), vector14.expected, vector14.tol);
    const within = products.filter((_, i) => reached[i]! < 0.5);
    expect(within).toHaveLength(3);
    within.forEach(({ data }, i) => expect(data[0]).toBeGreaterThan(bound(reached[i + 1]!)));
    // The same without layers, as long as the smaller singular value is above rounding.
    const direct = await endToEndFlow(engine, products[0]!, loss, { depth: 2, times: [9], ...precise });
    expectClose(direct.states[0]!.data, products[1]!.data, 1e-8);
  });
});

describe("the flow of the end-to-end matrix", () => {
  for (const id of ["LN-V12-n2", "LN-V12-n3"])
    test(`is that of ${id}`, async () => {
      const { inputs, expected, tol } = vector<
        { W0: Rows; Phi: Rows; n: number; t: number[] },
        readonly Rows[]
      >(id);
      const { states } = await endToEndFlow(engine, inputs.W0, factorizationLoss(inputs.Phi), {
        depth: inputs.n,
        times: inputs.t,
        ...precise,
      });
      expectWithin(states.map(rowsOf), expected, tol);
    });

  for (const [depth, rows, cols] of [
    [1, 2, 3],
    [2, 3, 2],
    [3, 3, 3],
    [4, 2, 3],
  ] as const)
    test(`is that of balanced layers: depth ${depth}, ${rows} × ${cols}`, async () => {
      const w = normals(rows, cols, 1);
      const loss = factorizationLoss(normals(rows, cols, 2));
      const times = [0.2, 1];
      const layers = await balancedFactors(engine, w, { depth, seed: 1 });
      const byLayers = await factorFlow(engine, layers, loss, { times, ...precise });
      const direct = await endToEndFlow(engine, w, loss, { depth, times, ...precise });
      for (const [i, state] of byLayers.states.entries())
        expectClose((await endToEnd(engine, state)).data, direct.states[i]!.data, 1e-9);
    });

  test("is the limit of gradient descent: the error halves with the step", async () => {
    const w = normals(3, 3, 4);
    const loss = factorizationLoss(normals(3, 3, 5));
    const flow = await endToEndFlow(engine, w, loss, { depth: 3, times: [1], ...precise });
    const layers = await balancedFactors(engine, w, { depth: 3 });
    const errors: number[] = [];
    for (const learningRate of [0.004, 0.002, 0.001]) {
      const { endToEnd } = await trainFactors(engine, layers, loss, {
        learningRate,
        steps: Math.round(1 / learningRate),
      });
      errors.push(largestDifference(endToEnd.data, flow.states[0]!.data));
    }
    expect(Math.log2(errors[0]! / errors[1]!)).toBeCloseTo(1, 1);
    expect(Math.log2(errors[1]! / errors[2]!)).toBeCloseTo(1, 1);
  });

  test("is trapped above ½ σ_min(Φ)² when the determinants differ in sign: the floor of LN-V29", async () => {
    const { inputs, expected } = vector<{ Phi: Rows }, { lossFloor: number }>("LN-V29");
    const loss = factorizationLoss(inputs.Phi);
    const start = [
      [0.3, 0.1, 0],
      [0, 0.2, 0.1],
      [0.1, 0, 0.25],
    ];
    for (const depth of [3, 4]) {
      const { states } = await endToEndFlow(engine, start, loss, { depth, times: [20] });
      const { loss: left } = await lossAt(loss, states[0]!);
      expect(left).toBeGreaterThan(expected.lossFloor);
      expect(left).toBeLessThan(1.02 * expected.lossFloor);
    }
  });

  for (const id of ["LN-V20-n2", "LN-V20-n3", "LN-V20-n4"])
    test(`with commuting measurements ends where ${id} says, near the least nuclear norm for small starts`, async () => {
      const { inputs, expected } = vector<{ A: Rows; b: number[]; n: number; alpha: number[] }, Rows>(id);
      const size = inputs.A[0]!.length;
      const matrices = inputs.A.map((diagonal) =>
        diagonal.flatMap((value, i) => Array.from({ length: size }, (_, j) => (i === j ? value : 0))),
      );
      const loss = sensingLoss(engine, { rows: size, cols: size, matrices, values: inputs.b });
      for (const [i, alpha] of inputs.alpha.entries()) {
        const start = filled(size, size, (a, b) => (a === b ? alpha : 0));
        const { states } = await endToEndFlow(engine, start, loss, {
          depth: inputs.n,
          times: [120],
          tolerance: 1e-10,
          absoluteTolerance: 1e-12,
        });
        const [limit] = states;
        expect((await lossAt(loss, limit!)).loss).toBeLessThan(1e-16);
        expectClose(
          expected[i]!.map((_, r) => limit!.data[r * size + r]!),
          expected[i]!,
          1e-7,
        );
      }
    });

  test("reports where a singularity stops it", async () => {
    // ẇ = w² from 1 has a pole at t = 1.
    const exploding = {
      rows: 1,
      cols: 1,
      evaluate({ data: w }: { data: Float64Array }, { data: gradient }: { data: Float64Array }) {
        gradient[0] = -(w[0]! ** 2);
        return 0;
      },
    };
    const { outcome, times, states } = await endToEndFlow(engine, [[1]], exploding, {
      depth: 1,
      times: [0.5, 2],
    });
    expect(outcome).not.toBe("reached");
    expect(times).toEqual([0.5]);
    expect(states[0]!.data[0]).toBeCloseTo(2, 6);
  });
});

describe("the flow of singular values", () => {
  for (const id of ["LN-V09-n2", "LN-V09-n3", "LN-V09-n4"])
    test(`is that of ${id}`, async () => {
      const { inputs, expected, tol } = vector<
        { n: number; sigma0: number; phi: number; t: number[] },
        number[]
      >(id);
      const { states } = await singularValueFlow([inputs.sigma0], [inputs.phi], {
        depth: inputs.n,
        times: inputs.t,
        tolerance: 1e-12,
      });
      expectWithin(
        states.map(([sigma]) => sigma!),
        expected,
        tol,
      );
    });

  /** When σ reaches a value, by bisection within the step that passes it. */
  async function timeTo(
    value: number,
    { n, sigma0, phi }: { n: number; sigma0: number; phi: number },
  ): Promise<number> {
    const derivative = (_: number, [sigma]: Float64Array) =>
      Float64Array.of(n * sigma! ** (2 - 2 / n) * (phi - sigma!));
    for await (const { from, t, y, at } of rungeKuttaSteps(derivative, Float64Array.of(sigma0), 0, 1e3, {
      tolerance: 1e-13,
      absoluteTolerance: 1e-20,
    })) {
      if (y[0]! < value) continue;
      let [low, high] = [from, t];
      for (let i = 0; i < 60; i++) {
        const middle = (low + high) / 2;
        if (at(middle)[0]! < value) low = middle;
        else high = middle;
      }
      return low;
    }
    return Infinity;
  }

  for (const id of ["LN-V08-n1", "LN-V08-n2", "LN-V08-n3", "LN-V08-n4"])
    test(`passes the values of ${id} at their times`, async () => {
      const { inputs, expected } = vector<
        { n: number; sigma0: number; phi: number; sigma: number[] },
        number[]
      >(id);
      for (const [i, sigma] of inputs.sigma.entries())
        // Near φ a relative error of 1e-13 of σ = 1.69 is one of 1e-10 of the time.
        expect(Math.abs((await timeTo(sigma, inputs)) / expected[i]! - 1)).toBeLessThan(1e-9);
    });

  test("leaves small starts after the waiting times of LN-V10", async () => {
    const { inputs, expected, tol } = vector<
      { cases: readonly (readonly [number, number, number])[] },
      number[]
    >("LN-V10");
    for (const [i, [n, sigma0, phi]] of inputs.cases.entries())
      expectWithin(await timeTo(phi / 2, { n, sigma0, phi }), expected[i]!, tol);
  });

  test("never crosses 0: LN-V26", async () => {
    const { inputs, expected, tol } = vector<{ n: number[]; w0: number; phi: number; t: number[] }, Rows>(
      "LN-V26",
    );
    for (const [i, depth] of inputs.n.entries()) {
      const { states } = await singularValueFlow([inputs.w0], [inputs.phi], {
        depth,
        times: inputs.t,
        tolerance: 1e-9,
        absoluteTolerance: 1e-60,
      });
      expectWithin(
        states.map(([w]) => w!),
        expected[i]!,
        tol,
      );
    }
  });

  test("is that of the singular values of the end-to-end matrix when it starts aligned", async () => {
    const { u: rotation } = await engine.singularValues(normals(3, 3, 1));
    const rotated = (values: readonly number[]) =>
      product(
        rotation,
        filled(3, 3, (i, j) => values[i]! * rotation.data[j * 3 + i]!),
      );
    const times = [0.5, 2, 5];
    const options = { depth: 3, times, ...precise };
    const whole = await endToEndFlow(
      engine,
      rotated([0.01, 0.01, 0.01]),
      factorizationLoss(rotated([3, 2, 1])),
      options,
    );
    const modes = await singularValueFlow([0.01, 0.01, 0.01], [3, 2, 1], options);
    for (const [i, w] of whole.states.entries())
      expectClose((await engine.singularValues(w)).values, modes.states[i]!, 1e-7);
    // The order of appearance: the largest is there while the smallest is still near its start.
    expect(modes.states[1]![0]).toBeGreaterThan(2.9);
    expect(modes.states[1]![2]).toBeLessThan(0.1);
  });
});

describe("what makes no sense is refused:", () => {
  const loss = factorizationLoss(normals(2, 2));
  const network = identityFactors([2, 2, 2]);
  const refused: readonly (readonly [string, () => unknown, string])[] = [
    ["no times", () => factorFlow(engine, network, loss, { times: [] }), "times is empty"],
    ["times backward", () => factorFlow(engine, network, loss, { times: [2, 1] }), "times are 2, 1"],
    [
      "a negative time",
      () => endToEndFlow(engine, normals(2, 2), loss, { depth: 2, times: [-1] }),
      "times are -1",
    ],
    [
      "infinite times",
      () => endToEndFlow(engine, normals(2, 2), loss, { depth: 2, times: [Infinity] }),
      "times are Infinity",
    ],
    ["a depth of 0", () => endToEndFlow(engine, normals(2, 2), loss, { depth: 0, times: [1] }), "depth is 0"],
    [
      "a start of another shape",
      () => endToEndFlow(engine, normals(3, 2), loss, { depth: 2, times: [1] }),
      "w is 3 × 2, expected 2 × 2",
    ],
    [
      "a loss of another shape",
      () => factorFlow(engine, identityFactors([3, 2]), loss, { times: [1] }),
      "the end-to-end matrix is 2 × 3",
    ],
    [
      "a negative weight decay",
      () => factorFlow(engine, network, loss, { times: [1], weightDecay: -1 }),
      "weightDecay is -1",
    ],
    [
      "a tolerance of 0",
      () => factorFlow(engine, network, loss, { times: [1], tolerance: 0 }),
      "tolerance is 0",
    ],
    [
      "targets for other values",
      () => singularValueFlow([1, 2], [1], { depth: 2, times: [1] }),
      "start has 2 numbers and targets 1",
    ],
    ["no values", () => singularValueFlow([], [], { depth: 2, times: [1] }), "start has 0 numbers"],
    ["values of NaN", () => singularValueFlow([NaN], [1], { depth: 2, times: [1] }), "start[0] is NaN"],
    [
      "an empty matrix",
      () => endToEndFlow(engine, zeros(0, 0), loss, { depth: 1, times: [1] }),
      "w is 0 × 0",
    ],
  ];
  for (const [what, call, message] of refused)
    test(what, async () => {
      await expect((async () => call())()).rejects.toThrow(RangeError);
      await expect((async () => call())()).rejects.toThrow(message);
    });
});
