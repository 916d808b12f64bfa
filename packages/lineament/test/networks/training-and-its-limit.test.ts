import { afterAll, beforeAll, expect, test } from "vitest";
import { infiniteKernel, maximalLearningRate, trainingFlow } from "../../src/infinite/index.ts";
import { fullyConnected } from "../../src/layers/index.ts";
import type { Engine } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { denseNetwork, linearize, tangentKernel, train } from "../../src/networks/index.ts";
import { expectClose, largestDifference, normals } from "../contracts/data.ts";

// Training of finite networks, step by step, against the closed forms of infinitely wide ones.

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const [x, z, y] = [normals(5, 3, 1), normals(3, 3, 2), normals(5, 1, 3)];
const parameterization = { kind: "ntk", weightStd: 1.3, biasStd: 0.4 } as const;

test("10,000 small steps of a linearized network follow the flow to 1e-6, in outputs and parameters", async () => {
  const network = denseNetwork(engine, { inputs: 3, widths: [20], activation: "tanh", parameterization });
  const start = network.initialize(4);
  const model = linearize(network, start);
  const ntk = {
    trainTrain: (await tangentKernel(network, start, x)).kernel,
    testTrain: (await tangentKernel(network, start, z, x)).kernel,
  };
  const initial = { train: await network.value(start, x), test: await network.value(start, z) };
  const flow = await trainingFlow(engine, { ntk, targets: y });

  const steps = 10_000;
  // A step of size η is off by η λ/2 of what a mode has moved: 2.5e-6 / 2 at most.
  const learningRate = 2.5e-6 / flow.largestEigenvalue;
  const { parameters } = await train(model, start, { x, y, learningRate, steps });
  const expected = await flow.outputs({ time: learningRate * steps }, initial);
  expectClose((await model.value(parameters, x)).data, expected.train.data, 1e-6);
  expectClose((await model.value(parameters, z)).data, expected.test!.data, 1e-6);

  // Larger steps are those of discrete descent, and θ − θ₀ = Jᵀ α.
  const bold = { learningRate: 0.5 / flow.largestEigenvalue, steps: 300 };
  const trained = await train(model, start, { x, y, ...bold });
  const descent = await flow.outputs(bold, initial);
  expectClose((await model.value(trained.parameters, z)).data, descent.test!.data, 1e-9);
  const { pull } = await network.pullback(start, x);
  const moved = await pull(descent.coefficients);
  expectClose(
    trained.parameters.map((value, k) => value - start[k]!),
    moved,
    1e-9,
  );
});

test("a network of width 2048 follows the flow of its start, and of its limit, to a few percent", async () => {
  const network = denseNetwork(engine, { inputs: 3, widths: [2048], activation: "erf", parameterization });
  const start = network.initialize(5);
  const initial = { train: await network.value(start, x), test: await network.value(start, z) };
  const limit = fullyConnected(1, "erf", { weightStd: 1.3, biasStd: 0.4 });
  const infinite = {
    trainTrain: (await infiniteKernel(engine, limit, x)).ntk!,
    testTrain: (await infiniteKernel(engine, limit, z, x)).ntk!,
  };
  const finite = {
    trainTrain: (await tangentKernel(network, start, x)).kernel,
    testTrain: (await tangentKernel(network, start, z, x)).kernel,
  };
  const { learningRate: largest } = await maximalLearningRate(engine, infinite.trainTrain);
  for (const steps of [5, 50, 200]) {
    const run = { learningRate: largest / 4, steps };
    const { parameters } = await train(network, start, { x, y, ...run });
    const found = await network.value(parameters, z);
    for (const ntk of [finite, infinite]) {
      const { test: expected } = await (
        await trainingFlow(engine, { ntk, targets: y })
      ).outputs(run, initial);
      expect(largestDifference(found.data, expected!.data)).toBeLessThan(0.05);
    }
  }
});
