import { describe, expect, test } from "vitest";
import { type Engine, type Matrix, takeRows, zeros } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import {
  denseNetwork,
  linearize,
  type LossName,
  lossOf,
  parametersOf,
  tangentKernel,
  train,
  type TrainingOptions,
  type TrainingStep,
  trainingSteps,
} from "../../src/networks/index.ts";
import { expectClose, filled, normals, product } from "../contracts/data.ts";
import linearized from "../vectors/linearized-networks.json" with { type: "json" };
import wide from "../vectors/wide-networks.json" with { type: "json" };

const engine = plainEngine();
const losses: readonly LossName[] = ["half-squares", "half-mean-squares", "mean-squares", "logistic"];

/** Every step, with copies of what is reused. */
async function all(...call: Parameters<typeof trainingSteps>): Promise<readonly TrainingStep[]> {
  const steps: TrainingStep[] = [];
  for await (const step of trainingSteps(...call))
    steps.push({
      ...step,
      outputs: { ...step.outputs, data: step.outputs.data.slice() },
      parameters: step.parameters.slice(),
    });
  return steps;
}

describe("losses", () => {
  const f = normals(4, 2, 1);
  const y = filled(4, 2, (i, j) => ((i + j) % 2 === 0 ? 1 : -1));
  const expected: Readonly<Record<LossName, (f: number, y: number) => number>> = {
    "half-squares": (f, y) => 0.5 * (f - y) ** 2,
    "half-mean-squares": (f, y) => (f - y) ** 2 / 8,
    "mean-squares": (f, y) => (f - y) ** 2 / 4,
    logistic: (f, y) => Math.log(1 + Math.exp(-y * f)) / 4,
  };
  for (const name of losses) {
    const loss = lossOf(name);
    test(`${name} is the sum it says, over 4 rows`, () => {
      const sum = f.data.reduce((total, value, at) => total + expected[name](value, y.data[at]!), 0);
      expect(loss.value(f, y)).toBeCloseTo(sum, 13);
    });
    test(`${name}: slopes and curvatures are derivatives`, () => {
      const [slopes, curvatures] = [new Float64Array(8), new Float64Array(8)];
      loss.slopes(f, y, slopes);
      loss.curvatures(f, y, curvatures);
      const h = 1e-4;
      f.data.forEach((value, at) => {
        const [up, middle, down] = [value + h, value, value - h].map((v) => expected[name](v, y.data[at]!));
        expect(slopes[at]).toBeCloseTo((up! - down!) / (2 * h), 7);
        expect(curvatures[at]).toBeCloseTo((up! - 2 * middle! + down!) / h ** 2, 6);
      });
    });
  }
  test("logistic stays finite at margins of any size", () => {
    const far = { data: new Float64Array([1e4, -1e4]), rows: 2, cols: 1 };
    const labels = { data: new Float64Array([1, 1]), rows: 2, cols: 1 };
    expect(lossOf("logistic").value(far, labels)).toBe(5000);
    const slopes = new Float64Array(2);
    lossOf("logistic").slopes(far, labels, slopes);
    expect(Array.from(slopes)).toEqual([-0, -0.5]);
  });
  test("there is no other loss", () => {
    expect(() => lossOf("hinge" as LossName)).toThrow("hinge is not one of half-squares");
  });
});

describe("a linear model follows its closed form", () => {
  const model = denseNetwork(engine, { inputs: 6, widths: [] });
  const theta = model.initialize(3);
  const [x, y] = [normals(4, 6, 1), normals(4, 1, 2)];
  const residuals = async (): Promise<Float64Array> =>
    (await model.value(theta, x)).data.map((f, i) => f - y.data[i]!);
  const kernel = async (): Promise<Matrix<Float64Array>> => (await tangentKernel(model, theta, x)).kernel;
  const matrix = (data: Float64Array): Matrix<Float64Array> => ({ data, rows: 4, cols: 1 });

  for (const [loss, factor] of [
    ["half-squares", 1],
    ["half-mean-squares", 1 / 4],
    ["mean-squares", 2 / 4],
  ] as const)
    test(`gradient descent on ${loss}: r_{k+1} = (I − η c K) r_k, c = ${factor}`, async () => {
      const learningRate = 0.3;
      const steps = await all(model, theta, { x, y, loss, learningRate, steps: 30 });
      expect(steps).toHaveLength(31);
      const k = await kernel();
      let r = await residuals();
      for (const step of steps) {
        expectClose(
          step.outputs.data.map((f, i) => f - y.data[i]!),
          r,
          1e-12,
        );
        expect(step.loss).toBeCloseTo((factor / 2) * r.reduce((sum, value) => sum + value * value, 0), 12);
        const kr = product(k, matrix(r)).data;
        r = r.map((value, i) => value - learningRate * factor * kr[i]!);
      }
    });

  test("heavy ball: r_{k+1} = ((1 + μ) I − η K) r_k − μ r_{k−1}, the first step plain", async () => {
    const [learningRate, momentum] = [0.2, 0.7];
    const steps = await all(model, theta, { x, y, learningRate, momentum, steps: 40 });
    const k = await kernel();
    let r = await residuals();
    let before = r;
    for (const step of steps) {
      expectClose(
        step.outputs.data.map((f, i) => f - y.data[i]!),
        r,
        1e-12,
      );
      const kr = product(k, matrix(r)).data;
      const next = r.map(
        (value, i) => (1 + momentum) * value - learningRate * kr[i]! - momentum * before[i]!,
      );
      [before, r] = [r, next];
    }
  });

  test("LZ-V18: 1, 10 and 50 steps of descent under a given kernel", async () => {
    const { inputs, expected } = linearized.cases.find(({ id }) => id === "LZ-V18") as unknown as {
      inputs: { K: number[][]; y: number[]; f0: number[]; gdSteps: number[]; eta: number };
      expected: { gd: number[][] };
    };
    // Features L with L Lᵀ = K, and the θ₀ that gives f₀: f = L θ.
    const l: Matrix<Float64Array> = { data: Float64Array.from(inputs.K.flat()), rows: 3, cols: 3 };
    await engine.cholesky(l);
    const features = filled(3, 3, (i, j) => (j <= i ? l.data[3 * i + j]! : 0));
    const start = { data: Float64Array.from(inputs.f0), rows: 3, cols: 1 };
    await engine.solveTriangular({ l, b: start });
    const linear = denseNetwork(engine, { inputs: 3, widths: [], parameterization: { kind: "standard" } });
    const targets = filled(3, 1, (i) => inputs.y[i]!);
    const steps = await all(linear, start.data, {
      x: features,
      y: targets,
      learningRate: inputs.eta,
      steps: 50,
    });
    inputs.gdSteps.forEach((step, at) => expectClose(steps[step]!.outputs.data, expected.gd[at]!, 1e-13));
  });

  test("descent converges to the interpolant nearest to the start", async () => {
    const end = await train(model, theta, { x, y, learningRate: 0.3, steps: 20_000, target: 1e-26 });
    expect(end.outcome).toBe("reached");
    // θ − θ₀ lies in the rows of J = x/√d: it is Jᵀ a with K a = y − f₀.
    const displacement = end.parameters.map((value, k) => value - theta[k]!);
    const k = await kernel();
    const r = await residuals();
    const a = await solve(
      k,
      r.map((value) => -value),
    );
    const expected = product({ data: a, rows: 1, cols: 4 }, x).data.map((value) => value / Math.sqrt(6));
    expectClose(displacement, expected, 1e-10);
  });

  async function solve(k: Matrix<Float64Array>, b: Float64Array): Promise<Float64Array> {
    const [l, solution] = [{ ...k, data: k.data.slice() }, matrix(b.slice())];
    await engine.cholesky(l);
    await engine.solveTriangular({ l, b: solution });
    await engine.solveTriangular({ l, b: solution, transposed: true });
    return solution.data;
  }
});

describe("training a network", () => {
  const network = denseNetwork(engine, {
    inputs: 3,
    widths: [10],
    activation: "tanh",
    parameterization: { kind: "ntk", biasStd: 0.1 },
  });
  const theta = network.initialize(1);
  const [x, y] = [normals(7, 3, 1), filled(7, 1, (i) => (i % 2 === 0 ? 1 : -1))];
  const options: TrainingOptions = { x, y, learningRate: 0.1, steps: 50 };

  for (const loss of losses)
    test(`the first step on ${loss} goes down its gradient, by differences of the loss`, async () => {
      const [, after] = await all(network, theta, { ...options, loss, steps: 1 });
      const at = async (point: Float64Array): Promise<number> =>
        lossOf(loss).value(await network.value(point, x), y);
      const h = 1e-6;
      for (let k = 0; k < theta.length; k += 7) {
        const shifted = (by: number): Float64Array => theta.map((value, j) => (j === k ? value + by : value));
        const slope = ((await at(shifted(h))) - (await at(shifted(-h)))) / (2 * h);
        expect(after!.parameters[k]! - theta[k]!).toBeCloseTo(-0.1 * slope, 8);
      }
    });

  test("the loss falls, the start is left alone, states are numbered from 0", async () => {
    const before = theta.slice();
    const steps = await all(network, theta, options);
    expect(theta).toEqual(before);
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 51 }, (_, k) => k));
    for (let k = 1; k < steps.length; k++) expect(steps[k]!.loss).toBeLessThan(steps[k - 1]!.loss);
    expect(steps.map(({ outcome }) => outcome)).toEqual([...Array<string>(50).fill("running"), "finished"]);
    expectClose(steps[20]!.outputs.data, (await network.value(steps[20]!.parameters, x)).data, 1e-15);
  });

  test("zero steps give the start", async () => {
    const end = await train(network, theta, { ...options, steps: 0 });
    expect([end.step, end.outcome]).toEqual([0, "finished"]);
    expect(end.parameters).toEqual(theta);
  });

  test("train ends where the last step does", async () => {
    const steps = await all(network, theta, options);
    const end = await train(network, theta, options);
    expect(end.parameters).toEqual(steps.at(-1)!.parameters);
    expect(end.loss).toBe(steps.at(-1)!.loss);
  });

  test("a target is reached, and said so", async () => {
    const end = await train(network, theta, { ...options, steps: 100_000, target: 0.5 });
    expect(end.outcome).toBe("reached");
    expect(end.loss).toBeLessThanOrEqual(0.5);
    expect(end.step).toBeLessThan(100_000);
  });

  test("frozen layers stay, slow ones move in proportion", async () => {
    const frozen = denseNetwork(engine, {
      inputs: 3,
      widths: [10],
      activation: "tanh",
      parameterization: { kind: "ntk", biasStd: 0.1 },
      weightRates: [0, 1],
      biasRates: [0.25, 1],
    });
    const one = { ...options, steps: 1 };
    const [usual, special] = [await train(network, theta, one), await train(frozen, theta, one)];
    const change = (end: TrainingStep) =>
      parametersOf(
        network,
        end.parameters.map((value, k) => value - theta[k]!),
      );
    expect(change(special)[0]!.weights.data.every((value) => value === 0)).toBe(true);
    expectClose(
      change(special)[0]!.biases!,
      change(usual)[0]!.biases!.map((value) => value / 4),
      1e-16,
    );
    expectClose(change(special)[1]!.weights.data, change(usual)[1]!.weights.data, 0);
  });

  test("a linearized network is trained like any model, and stays near a wide one", async () => {
    const gap = async (width: number): Promise<number> => {
      const wideNetwork = denseNetwork(engine, { inputs: 3, widths: [width], activation: "tanh" });
      const start = wideNetwork.initialize(2);
      const [full, lin] = [
        await train(wideNetwork, start, options),
        await train(linearize(wideNetwork, start), start, options),
      ];
      return Math.hypot(...full.outputs.data.map((f, i) => f - lin.outputs.data[i]!));
    };
    const [narrow, broad] = [await gap(16), await gap(1024)];
    expect(broad).toBeLessThan(narrow / 4); // falls at least as 1/√width
  });

  for (const k of [0, 1])
    test(`WN-V4: eight steps of a relu network, learning rate ${k + 1}`, async () => {
      const { inputs, expected } = wide.cases.find(({ id }) => id === "WN-V4") as unknown as {
        inputs: { U: number[][]; v: number[]; x: number[]; y: number };
        expected: { eta: number; net_g: number[]; net_lam: number[] }[];
      };
      const relu = denseNetwork(engine, { inputs: 3, widths: [inputs.v.length] });
      const start = Float64Array.from([...inputs.U.flat(), ...inputs.v]);
      const { eta, net_g, net_lam } = expected[k]!;
      const point = { data: Float64Array.from(inputs.x), rows: 1, cols: 3 };
      const steps = await all(relu, start, {
        x: point,
        y: filled(1, 1, () => inputs.y),
        learningRate: eta,
        steps: 8,
      });
      expectClose(
        steps.map(({ outputs }) => outputs.data[0]!),
        net_g,
        1e-11,
      );
      const kernels: number[] = [];
      for (const { parameters } of steps)
        kernels.push((await tangentKernel(relu, parameters, point)).kernel.data[0]!);
      expectClose(kernels, net_lam, 1e-11);
    });
});

describe("stochastic gradients", () => {
  const model = denseNetwork(engine, { inputs: 3, widths: [6], activation: "tanh" });
  const theta = model.initialize(0);
  const [x, y] = [normals(10, 3, 1), normals(10, 1, 2)];
  const options: TrainingOptions = {
    x,
    y,
    learningRate: 0.05,
    loss: "half-mean-squares",
    steps: 40,
    batch: 4,
  };

  test("are the same for one seed and others for another", async () => {
    const [one, same, other] = [
      await train(model, theta, { ...options, seed: 3 }),
      await train(model, theta, { ...options, seed: 3 }),
      await train(model, theta, { ...options, seed: 4 }),
    ];
    expect(same.parameters).toEqual(one.parameters);
    expect(other.parameters).not.toEqual(one.parameters);
  });

  test("see every row once a pass, the last batch being smaller", async () => {
    const seen: number[][] = [];
    const observed = { ...model };
    observed.pullback = (at, rows, room) => {
      const found = Array.from({ length: rows.rows }, (_, i) =>
        Array.from({ length: 10 }, (_, k) => k).find((k) =>
          takeRows(x, [k]).data.every((v, j) => v === rows.data[3 * i + j]),
        )!,
      );
      seen.push(found);
      return model.pullback(at, rows, room);
    };
    await train(observed, theta, { ...options, steps: 5 });
    expect(seen.map(({ length }) => length)).toEqual([4, 4, 2, 4, 4, 2]);
    expect(
      seen
        .slice(0, 3)
        .flat()
        .toSorted((a, b) => a - b),
    ).toEqual(Array.from({ length: 10 }, (_, k) => k));
    expect(
      seen
        .slice(3, 6)
        .flat()
        .toSorted((a, b) => a - b),
    ).toEqual(Array.from({ length: 10 }, (_, k) => k));
    expect(seen.slice(0, 3)).not.toEqual(seen.slice(3, 6));
  });

  test("with batches of all rows are plain gradient descent", async () => {
    const { batch: _, ...plain } = options;
    expect((await train(model, theta, { ...options, batch: 10 })).parameters).toEqual(
      (await train(model, theta, plain)).parameters,
    );
  });
});

describe("numerical fate", () => {
  const model = denseNetwork(engine, { inputs: 3, widths: [], outputs: 1 });
  const theta = model.initialize(0);
  const [x, y] = [normals(5, 3, 1), normals(5, 1, 2)];

  test("divergence is an outcome: infinite loss, and the last finite state", async () => {
    const steps = await all(model, theta, { x, y, learningRate: 100, steps: 5000 });
    const [previous, last] = steps.slice(-2);
    expect(last!.outcome).toBe("diverged");
    expect(last!.loss).toBe(Infinity);
    expect(last!.step).toBe(steps.length - 1);
    expect(last!.step).toBeLessThan(5000);
    expect(previous!.outcome).toBe("running");
    expect(last!.parameters).toEqual(previous!.parameters);
    expect(last!.outputs.data).toEqual(previous!.outputs.data);
    for (const { loss, outputs, parameters } of steps) {
      expect(loss).not.toBeNaN();
      expect([...outputs.data, ...parameters].every(Number.isFinite)).toBe(true);
    }
  });

  test("an aborted signal stops it with its reason", async () => {
    const controller = new AbortController();
    const steps = trainingSteps(model, theta, {
      x,
      y,
      learningRate: 0.1,
      steps: 1e9,
      signal: controller.signal,
    });
    await steps.next();
    controller.abort(new Error("enough"));
    await expect(steps.next()).rejects.toThrow("enough");
  });

  test("leaving the loop early ends it", async () => {
    const steps = trainingSteps(model, theta, { x, y, learningRate: 0.1, steps: 1e9 });
    for await (const { step } of steps) if (step === 3) break;
    expect((await steps.next()).done).toBe(true);
  });
});

test("memory is taken once: 10,000 steps allocate no more than 10", async () => {
  const allocations = async (steps: number, batch?: number): Promise<number> => {
    let count = 0;
    const counting: Engine = { ...engine, allocate: (...size) => (count++, engine.allocate(...size)) };
    const model = denseNetwork(counting, {
      inputs: 2,
      widths: [3, 3],
      activation: "tanh",
      parameterization: { kind: "ntk", biasStd: 0.1 },
    });
    await train(model, model.initialize(0), {
      x: normals(5, 2, 1),
      y: normals(5, 1, 2),
      learningRate: 0.01,
      momentum: 0.5,
      steps,
      ...(batch ? { batch } : {}),
    });
    return count;
  };
  expect(await allocations(10_000)).toBe(await allocations(10));
  expect(await allocations(1000, 2)).toBe(await allocations(10, 2));
});

describe("what makes no sense is refused by name", () => {
  const model = denseNetwork(engine, { inputs: 3, widths: [4] });
  const theta = model.initialize(0);
  const good: TrainingOptions = { x: normals(5, 3, 1), y: normals(5, 1, 2), learningRate: 0.1, steps: 3 };
  for (const [wrong, message] of [
    [{ x: normals(5, 4, 1) }, "x has 4 columns"],
    [{ y: normals(4, 1, 1) }, "y is 4 × 1, expected 5 × 1"],
    [{ y: normals(5, 2, 1) }, "y is 5 × 2, expected 5 × 1"],
    [{ x: zeros(0, 3), y: zeros(0, 1) }, "x has no rows"],
    [{ y: filled(5, 1, (i) => (i === 2 ? NaN : 1)) }, "y has entries that are no finite numbers"],
    [{ loss: "logistic" }, "labels of the logistic loss"],
    [{ loss: "cubes" as LossName }, "cubes is not one of"],
    [{ x: filled(5, 3, () => NaN) }, "x is NaN in row 0, column 0"],
    [{ target: NaN }, "target is NaN"],
    [{ seed: NaN, batch: 2 }, "the seed is NaN"],
    [{ learningRate: 0 }, "learningRate is 0"],
    [{ learningRate: Infinity }, "learningRate is Infinity"],
    [{ momentum: 1 }, "momentum is 1"],
    [{ steps: 1.5 }, "steps is 1.5"],
    [{ batch: 0 }, "batch is 0"],
    [{ batch: 6 }, "batch is 6"],
  ] as const satisfies readonly (readonly [Partial<TrainingOptions>, string])[])
    test(message, async () => {
      const training = train(model, theta, { ...good, ...wrong });
      await expect(training).rejects.toThrow(RangeError);
      await expect(train(model, theta, { ...good, ...wrong })).rejects.toThrow(message);
    });
  test("a start of the wrong length, or beyond numbers", async () => {
    await expect(train(model, theta.slice(1), good)).rejects.toThrow("theta0 has 15 numbers");
    await expect(
      train(
        model,
        theta.map(() => NaN),
        good,
      ),
    ).rejects.toThrow("theta0 has entries");
    await expect(
      train(
        model,
        theta.map(() => 1e200),
        good,
      ),
    ).rejects.toThrow("the loss at the start");
  });
});
