import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Matrix, zeros } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import {
  balancedFactors,
  completionLoss,
  type DescentOptions,
  type DescentStep,
  endToEnd,
  type EndToEndLoss,
  factorizationLoss,
  factorSteps,
  gaussianFactors,
  groupRmsProp,
  identityFactors,
  imbalances,
  layerGradients,
  type LinearNetwork,
  linearNetwork,
  lossAt,
  observedEntries,
  rankMeasures,
  regressionLoss,
  scaledLoss,
  sensingLoss,
  trainFactors,
} from "../../src/linear/index.ts";
import { expectClose, filled, largestDifference, normals, product } from "../contracts/data.ts";
import { expectWithin, type Rows, vector } from "./vectors.ts";

const engine = plainEngine();
const copied = (a: Matrix<Float64Array>): Matrix<Float64Array> => ({ ...a, data: a.data.slice() });

/** Every step, with copies of what is reused. */
async function all(
  network: LinearNetwork,
  loss: EndToEndLoss,
  options: DescentOptions,
): Promise<readonly DescentStep[]> {
  const steps: DescentStep[] = [];
  for await (const step of factorSteps(engine, network, loss, options))
    steps.push({
      ...step,
      parameters: step.parameters.map(copied),
      endToEnd: copied(step.endToEnd),
      gradient: copied(step.gradient),
    });
  return steps;
}

const entries = observedEntries([
  [1, NaN, -2],
  [NaN, 0.5, 3],
]);
const losses: Readonly<Record<string, { loss: EndToEndLoss; formula: (w: Matrix<Float64Array>) => number }>> =
  {
    factorization: {
      loss: factorizationLoss(normals(2, 3, 1)),
      formula: (w) =>
        0.5 *
        w.data.reduce((sum: number, x: number, i: number) => sum + (x - normals(2, 3, 1).data[i]!) ** 2, 0),
    },
    completion: {
      loss: completionLoss(entries),
      formula: ({ data: w }) =>
        0.5 * ((w[0]! - 1) ** 2 + (w[2]! + 2) ** 2 + (w[4]! - 0.5) ** 2 + (w[5]! - 3) ** 2),
    },
    sensing: {
      loss: sensingLoss(engine, { rows: 2, cols: 3, matrices: normals(4, 6, 2), values: [1, 2, -1, 0.5] }),
      formula: ({ data }) =>
        product(normals(4, 6, 2), { data, rows: 6, cols: 1 }).data.reduce(
          (sum, x, i) => sum + 0.5 * (x - [1, 2, -1, 0.5][i]!) ** 2,
          0,
        ),
    },
    scaled: {
      loss: scaledLoss(completionLoss(entries), 2 / 4),
      formula: ({ data: w }) =>
        ((w[0]! - 1) ** 2 + (w[2]! + 2) ** 2 + (w[4]! - 0.5) ** 2 + (w[5]! - 3) ** 2) / 4,
    },
    ...Object.fromEntries(
      [1.5, 2, 4].map((p) => [
        `ℓ_${p} regression`,
        {
          loss: regressionLoss(engine, normals(5, 3, 3), normals(5, 2, 4), { p }),
          formula: (w: Matrix<Float64Array>) =>
            product(
              normals(5, 3, 3),
              filled(3, 2, (i, j) => w.data[j * 3 + i]!),
            ).data.reduce((sum, x, i) => sum + Math.abs(x - normals(5, 2, 4).data[i]!) ** p / (5 * p), 0),
        },
      ]),
    ),
  };

describe("losses of the end-to-end matrix", () => {
  for (const [name, { loss, formula }] of Object.entries(losses)) {
    test(`${name} is the sum it says`, async () => {
      const w = normals(2, 3, 8);
      expect((await lossAt(loss, w)).loss).toBeCloseTo(formula(w), 12);
    });
    test(`the gradient of ${name} is its derivative`, async () => {
      const w = normals(2, 3, 9);
      const { gradient } = await lossAt(loss, w);
      const h = 1e-5;
      const differences = w.data.map((_, at) => {
        const moved = (t: number) => formula({ ...w, data: w.data.map((x, i) => (i === at ? x + t : x)) });
        return (moved(h) - moved(-h)) / (2 * h);
      });
      // |r|^{1/2} bends sharply near 0: h² times its third derivative.
      expectClose(gradient.data, differences, 1e-7);
    });
  }

  test("ℓ_1 has the slope 0 at 0", async () => {
    const { loss, gradient } = await lossAt(regressionLoss(engine, [[1], [2]], [[3], [2]], { p: 1 }), [[1]]);
    expect(loss).toBe(1);
    expect(Array.from(gradient.data)).toEqual([-0.5]);
  });
});

describe("descent on layers", () => {
  const start = gaussianFactors([3, 4, 2], { std: 0.5, seed: 1 });

  for (const [name, { loss }] of Object.entries(losses))
    test(`on ${name}: W_j ← W_j − η G_j, with the state it yields`, async () => {
      const steps = await all(start, loss, { learningRate: 0.02, steps: 5 });
      expect(steps.map(({ step, outcome }) => [step, outcome])).toEqual([
        ...[0, 1, 2, 3, 4].map((step) => [step, "running"]),
        [5, "finished"],
      ]);
      for (const [k, state] of steps.entries()) {
        expectClose(state.endToEnd.data, (await endToEnd(engine, state.parameters)).data, 1e-14);
        const { loss: value, gradient } = await lossAt(loss, state.endToEnd);
        expect(state.loss).toBeCloseTo(value, 14);
        expectClose(state.gradient.data, gradient.data, 1e-14);
        const gradients = await layerGradients(engine, state.parameters, gradient);
        steps[k + 1]?.parameters.forEach((next, j) =>
          expectClose(
            next.data,
            state.parameters[j]!.data.map((x, i) => x - 0.02 * gradients[j]!.data[i]!),
            1e-14,
          ),
        );
      }
    });

  test("of a single layer is plain gradient descent on ℓ", async () => {
    const target = normals(2, 3, 5);
    const [w] = gaussianFactors([3, 2], { std: 1 });
    const steps = await all([w!], factorizationLoss(target), { learningRate: 0.1, steps: 20 });
    expectClose(
      steps[20]!.endToEnd.data,
      w!.data.map((x, i) => target.data[i]! + 0.9 ** 20 * (x - target.data[i]!)),
      1e-14,
    );
  });

  test("with momentum and weight decay: θ_{k+1} = θ_k − η (g_k + λ θ_k) + μ (θ_k − θ_{k−1})", async () => {
    const [eta, mu, lambda] = [0.05, 0.6, 0.3];
    const loss = factorizationLoss(normals(2, 3, 1));
    const steps = await all(start, loss, { learningRate: eta, momentum: mu, weightDecay: lambda, steps: 6 });
    for (let k = 0; k < 6; k++) {
      const [before, now, after] = [steps[Math.max(0, k - 1)]!, steps[k]!, steps[k + 1]!];
      const gradients = await layerGradients(engine, now.parameters, now.gradient);
      after.parameters.forEach((next, j) =>
        expectClose(
          next.data,
          now.parameters[j]!.data.map(
            (x, i) =>
              x - eta * (gradients[j]!.data[i]! + lambda * x) + mu * (x - before.parameters[j]!.data[i]!),
          ),
          1e-13,
        ),
      );
    }
  });

  test("changes imbalances by η² (G_{j+1}ᵀ G_{j+1} − G_j G_jᵀ) at every step, and by at most η times the fall of the loss", async () => {
    const eta = 0.01;
    const network = gaussianFactors([5, 5, 5, 5], { std: 0.4, seed: 3 });
    const steps = await all(network, factorizationLoss(normals(5, 5, 2)), { learningRate: eta, steps: 100 });
    let before = await imbalances(engine, steps[0]!.parameters);
    const first = before;
    for (let k = 0; k + 1 < steps.length; k++) {
      const gradients = await layerGradients(engine, steps[k]!.parameters, steps[k]!.gradient);
      const after = await imbalances(engine, steps[k + 1]!.parameters);
      after.forEach((d, j) => {
        const [g, next] = [gradients[j]!, gradients[j + 1]!];
        const drift = filled(5, 5, (a, b) => {
          let sum = 0;
          for (let i = 0; i < 5; i++)
            sum += next.data[i * 5 + a]! * next.data[i * 5 + b]! - g.data[a * 5 + i]! * g.data[b * 5 + i]!;
          return eta ** 2 * sum;
        });
        expectClose(
          d.data,
          before[j]!.data.map((x, i) => x + drift.data[i]!),
          1e-12,
        );
      });
      before = after;
    }
    const fall = steps[0]!.loss - steps.at(-1)!.loss;
    const drift = Math.max(
      ...before.map((d, j) => Math.hypot(...d.data.map((x, i) => x - first[j]!.data[i]!))),
    );
    expect(drift).toBeGreaterThan(0);
    expect(drift).toBeLessThanOrEqual(1.1 * eta * fall);
  });

  test("stops at the target, or when the loss is no number any more, with the state before", async () => {
    const loss = factorizationLoss(normals(2, 3, 1));
    const reached = await trainFactors(engine, start, loss, {
      learningRate: 0.1,
      steps: 10_000,
      target: 1e-6,
    });
    expect(reached.outcome).toBe("reached");
    expect(reached.loss).toBeLessThanOrEqual(1e-6);
    const diverged = await all(start, loss, { learningRate: 50, steps: 1000 });
    const [before, last] = diverged.slice(-2);
    expect(last).toMatchObject({ outcome: "diverged", loss: Infinity });
    expect(last!.parameters).toEqual(before!.parameters);
    expect(last!.endToEnd).toEqual(before!.endToEnd);
    expect(last!.gradient).toEqual(before!.gradient);
  });

  test("takes no memory that grows: buffers come back", async () => {
    const seen = new Set<ArrayBufferLike>();
    for await (const { parameters, endToEnd, gradient } of factorSteps(
      engine,
      start,
      losses["sensing"]!.loss,
      {
        learningRate: 0.01,
        steps: 50,
      },
    ))
      for (const { data } of [...parameters, endToEnd, gradient]) seen.add(data.buffer);
    // Two layers, W and ∇ℓ, of two states.
    expect(seen.size).toBe(8);
  });

  test("leaves the start alone and gives the same numbers again", async () => {
    const kept = start.map(copied);
    const options = { learningRate: 0.05, steps: 20 };
    const [one, other] = [
      await all(start, losses["sensing"]!.loss, options),
      await all(start, losses["sensing"]!.loss, options),
    ];
    expect(one).toEqual(other);
    expect(start).toEqual(kept);
  });

  test("stops when aborted", async () => {
    const controller = new AbortController();
    const steps = factorSteps(engine, start, losses["sensing"]!.loss, {
      learningRate: 0.01,
      steps: Infinity,
      signal: controller.signal,
    });
    await steps.next();
    controller.abort(new Error("enough"));
    await expect(steps.next()).rejects.toThrow("enough");
  });
});

describe("learning rates", () => {
  test("by group RMSprop are those of LN-V31", async () => {
    const { inputs, expected, tol } = vector<
      { grads: readonly (readonly Rows[])[]; beta: number; lr: number; eps: number },
      number[]
    >("LN-V31");
    const { beta, lr: rate, eps: epsilon } = inputs;
    const rule = groupRmsProp({ rate, beta, epsilon })();
    const unused = { loss: 0, parameters: [], endToEnd: zeros(1, 1), gradient: zeros(1, 1) };
    for (const [step, grads] of inputs.grads.entries())
      expectWithin(await rule({ ...unused, step, gradients: linearNetwork(grads) }), expected[step]!, tol);
  });

  test("by a rule see the update that is due, and runs do not share memory", async () => {
    const start = gaussianFactors([3, 3, 3], { std: 0.3 });
    const loss = factorizationLoss(normals(3, 3, 1));
    const rule = groupRmsProp({ rate: 0.01 });
    const runs = [
      await all(start, loss, { learningRate: rule, steps: 5 }),
      await all(start, loss, { learningRate: rule, steps: 5 }),
    ];
    expect(runs[0]).toEqual(runs[1]);
    const first = runs[0]![0]!;
    const gradients = await layerGradients(engine, start, first.gradient);
    const size = Math.hypot(...gradients.flatMap(({ data }) => Array.from(data)));
    runs[0]![1]!.parameters.forEach(({ data }, j) =>
      expectClose(
        data,
        start[j]!.data.map((x, i) => x - (0.01 / (size + 1e-6)) * gradients[j]!.data[i]!),
        1e-13,
      ),
    );
    const decaying = await all(start, loss, {
      learningRate:
        () =>
        ({ step, loss }) =>
          loss > 0 ? 0.1 / (step + 1) : 0,
      steps: 3,
    });
    expect(decaying).toHaveLength(4);
  });
});

describe("low rank without being asked for", () => {
  test("depth 3 completes a matrix of rank 1 that depth 1 leaves as it is", async () => {
    const truth = product(normals(6, 1, 1), normals(1, 6, 2));
    const observed = observedEntries(
      filled(6, 6, (i, j) => ((i + 2 * j) % 5 === 0 || (i * j) % 7 === 3 ? NaN : truth.data[i * 6 + j]!)),
    );
    const loss = completionLoss(observed);
    const error = ({ endToEnd }: DescentStep) =>
      Math.hypot(...endToEnd.data.map((x, i) => x - truth.data[i]!)) / Math.hypot(...truth.data);
    const run = { steps: 5000, target: 1e-6 };
    const deep = await trainFactors(engine, gaussianFactors([6, 6, 6, 6], { scale: 1e-3 }), loss, {
      ...run,
      learningRate: 0.02,
    });
    expect(deep.outcome).toBe("reached");
    expect(error(deep)).toBeLessThan(1e-3);
    expect((await rankMeasures(engine, deep.endToEnd)).effectiveRank).toBeLessThan(1.01);
    const flat = await trainFactors(engine, [zeros(6, 6)], loss, { ...run, learningRate: 0.5 });
    const missing = truth.data.filter((_, at) => !seen(observed, at));
    expect(error(flat)).toBeCloseTo(Math.hypot(...missing) / Math.hypot(...truth.data), 6);
  });

  const seen = ({ row, column, cols }: ReturnType<typeof observedEntries>, at: number): boolean =>
    Array.from(row).some((i, k) => i * cols + column[k]! === at);

  test("ℓ_4 regression with one hidden neuron a layer learns what least squares would", async () => {
    const x = normals(30, 4, 1);
    const truth = normals(4, 1, 2);
    const y = product(x, truth);
    const w = { data: new Float64Array([0.02, 0.01, -0.01, 0.02]), rows: 1, cols: 4 };
    const network = await balancedFactors(engine, w, { depth: 3 });
    expect(network.map(({ rows, cols }) => [rows, cols])).toEqual([
      [1, 4],
      [1, 1],
      [1, 1],
    ]);
    const { endToEnd, outcome } = await trainFactors(
      engine,
      network,
      regressionLoss(engine, x, y, { p: 4 }),
      {
        learningRate: 0.01,
        steps: 20_000,
        target: 1e-5,
      },
    );
    expect(outcome).toBe("reached");
    // A loss of 1e-5 = |r|⁴/4 is a residual of about 0.08.
    expect(largestDifference(endToEnd.data, truth.data)).toBeLessThan(0.1);
  });

  test("nothing moves from two zero layers", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 5 }), async (depth) => {
        const network = Array.from({ length: depth }, () => zeros(2, 2));
        const { endToEnd } = await trainFactors(engine, network, factorizationLoss(normals(2, 2)), {
          learningRate: 0.1,
          steps: 10,
        });
        expect(Array.from(endToEnd.data)).toEqual([0, 0, 0, 0]);
      }),
      { numRuns: 8 },
    );
  });
});

describe("what makes no sense is refused:", () => {
  const network = identityFactors([2, 2, 2]);
  const loss = factorizationLoss(normals(2, 2));
  const train = (options: Partial<DescentOptions>, at: LinearNetwork = network, on = loss) =>
    trainFactors(engine, at, on, { learningRate: 0.1, steps: 3, ...options });
  const refused: readonly (readonly [string, () => unknown, string])[] = [
    ["a negative rate", () => train({ learningRate: -1 }), "learningRate is -1"],
    ["a rate of NaN", () => train({ learningRate: NaN }), "learningRate is NaN"],
    ["a rule that says NaN", () => train({ learningRate: () => () => NaN }), "learningRate is NaN"],
    ["a momentum of 1", () => train({ momentum: 1 }), "momentum is 1, expected 0 ≤ momentum < 1"],
    ["a negative weight decay", () => train({ weightDecay: -1 }), "weightDecay is -1"],
    ["half a step", () => train({ steps: 0.5 }), "steps is 0.5"],
    [
      "a loss of another matrix",
      () => train({}, identityFactors([3, 3])),
      "the loss is of a 2 × 2 matrix, but the end-to-end matrix is 3 × 3",
    ],
    ["weights with NaN", () => train({}, [filled(2, 2, () => NaN)]), "W_1 is NaN"],
    [
      "weights whose loss is infinite",
      () => train({}, [filled(2, 2, () => 1e200)]),
      "the loss at the start is Infinity",
    ],
    ["an empty target", () => factorizationLoss([]), "target is 0 × 0"],
    [
      "no entries",
      () => completionLoss({ rows: 2, cols: 2, row: [], column: [], values: [] }),
      "no entry is observed",
    ],
    ["nothing but blanks", () => observedEntries([[NaN]]), "no entry is observed"],
    [
      "an entry outside",
      () => completionLoss({ rows: 2, cols: 2, row: [2], column: [0], values: [1] }),
      "entry 0 is in row 2, column 0",
    ],
    [
      "an entry twice",
      () => completionLoss({ rows: 2, cols: 2, row: [1, 1], column: [0, 0], values: [1, 1] }),
      "is there twice",
    ],
    [
      "a rating of NaN",
      () => completionLoss({ rows: 1, cols: 1, row: [0], column: [0], values: [NaN] }),
      "values[0] is NaN",
    ],
    [
      "rows without columns",
      () => completionLoss({ rows: 1, cols: 1, row: [0], column: [], values: [1] }),
      "1 rows and 0 columns",
    ],
    [
      "an empty matrix",
      () => completionLoss({ rows: 0, cols: 1, row: [], column: [], values: [] }),
      "rows is 0",
    ],
    ["an infinite entry", () => observedEntries([[Infinity]]), "values[0] is Infinity"],
    [
      "measurements of another size",
      () => sensingLoss(engine, { rows: 2, cols: 2, matrices: [[1, 2, 3]], values: [1] }),
      "matrices has 3 columns, expected 2 · 2 = 4",
    ],
    [
      "a measurement without a value",
      () => sensingLoss(engine, { rows: 1, cols: 1, matrices: [[1]], values: [] }),
      "there are 0 values for 1 matrices",
    ],
    ["p below 1", () => regressionLoss(engine, [[1]], [[1]], { p: 0.5 }), "p is 0.5"],
    ["targets of other rows", () => regressionLoss(engine, [[1]], [[1], [2]]), "x has 1 rows and y 2"],
    ["a factor of 0", () => scaledLoss(loss, 0), "factor is 0"],
    ["beta of 1", () => groupRmsProp({ rate: 1, beta: 1 }), "beta is 1"],
  ];
  for (const [what, call, message] of refused)
    test(what, async () => {
      await expect((async () => call())()).rejects.toThrow(RangeError);
      await expect((async () => call())()).rejects.toThrow(message);
    });
});
