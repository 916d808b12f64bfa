import { describe, expect, test } from "vitest";
import { activation, dense, erf, type Layer, relu, serial } from "../../src/layers/index.ts";
import { type Matrix, matrix } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import {
  denseNetwork,
  frozenGates,
  graphNetwork,
  type Model,
  quadratize,
  tangentKernel,
  taylorExpansion,
  train,
  trainingSteps,
} from "../../src/networks/index.ts";
import { expectClose, normals } from "../contracts/data.ts";
import { describeModel } from "../contracts/model.ts";
import vectors from "../vectors/wide-networks.json" with { type: "json" };

const engine = plainEngine();
const x = normals(6, 3, 1);
const moved = (theta: Float64Array, seed: number, size = 1): Float64Array => {
  const { data } = normals(1, theta.length, seed);
  return theta.map((value, k) => value + size * data[k]!);
};

const tanhNetwork = denseNetwork(engine, { inputs: 3, widths: [5, 4], outputs: 2, activation: "tanh" });

describeModel("the quadratic model of a tanh network", () => {
  const theta0 = tanhNetwork.initialize(1);
  return { model: quadratize(tanhNetwork, theta0), theta: moved(theta0, 2, 0.3) };
});

describeModel("the quadratic model of a network with frozen layers", () => {
  const layer = serial(dense({ weightRate: 0.1 }), erf(), dense());
  const model = graphNetwork(engine, layer, { inputs: 3, width: 4 });
  const theta0 = model.initialize(1);
  return { model: quadratize(model, theta0), theta: theta0 };
});

describe("the quadratic model", () => {
  test("is Taylor's polynomial of degree 2", async () => {
    const theta0 = tanhNetwork.initialize(3);
    const theta = moved(theta0, 4);
    const { data } = await quadratize(tanhNetwork, theta0).value(theta, x);
    const expansion = await taylorExpansion(tanhNetwork, theta0, theta, x, 4);
    expectClose(data, expansion.at(1, 2).data, 1e-13);
  });

  test("of a quadratic model is the model itself, wherever it is expanded", async () => {
    const theta0 = tanhNetwork.initialize(5);
    const quadratic = quadratize(tanhNetwork, theta0);
    const again = quadratize(quadratic, moved(theta0, 6));
    const theta = moved(theta0, 7);
    expectClose((await again.value(theta, x)).data, (await quadratic.value(theta, x)).data, 1e-12);
    const r = normals(6, 2, 8);
    const [left, right] = [await again.pullback(theta, x), await quadratic.pullback(theta, x)];
    expectClose(await left.pull(r), await right.pull(r), 1e-11);
  });

  test("has the Hessians of θ₀ everywhere", async () => {
    const theta0 = tanhNetwork.initialize(9);
    const [r, v] = [normals(6, 2, 10), normals(1, theta0.length, 11).data];
    const quadratic = quadratize(tanhNetwork, theta0);
    expectClose(
      await quadratic.curvature(moved(theta0, 12), x, r, v),
      await tanhNetwork.curvature(theta0, x, r, v),
      0,
    );
  });

  test("does not follow later changes of the θ₀ it was given", async () => {
    const theta0 = tanhNetwork.initialize(13);
    const theta = moved(theta0, 14);
    const quadratic = quadratize(tanhNetwork, theta0);
    const before = (await quadratic.value(theta, x)).data.slice();
    theta0.fill(0);
    expectClose((await quadratic.value(theta, x)).data, before, 0);
  });

  test("is trained by the same loop as networks", async () => {
    const theta0 = tanhNetwork.initialize(15);
    const quadratic = quadratize(tanhNetwork, theta0);
    const y = normals(6, 2, 16);
    const options = { x, y, learningRate: 0.05, steps: 300 };
    const { loss } = await train(quadratic, theta0, options);
    const { data } = await quadratic.value(theta0, x);
    const first = data.reduce((sum, f, at) => sum + 0.5 * (f - y.data[at]!) ** 2, 0);
    expect(loss).toBeLessThan(0.2 * first);
  });

  test("refuses a θ₀ of another length", () => {
    expect(() => quadratize(tanhNetwork, new Float64Array(3))).toThrow(RangeError);
  });
});

const kinks = [
  "identity",
  "relu",
  "absolute",
  { name: "leaky-relu", slope: 0.2 },
  { name: "piecewise-linear", negative: -0.5, positive: 2 },
] as const;

describe.for(kinks)("with gates of %o frozen", (kink) => {
  const layer: Layer = serial(dense({ biasStd: 0.5 }), activation(kink), dense({ biasStd: 0.2 }));
  const sizes = { inputs: 3, width: 6, outputs: 2 };
  const network = graphNetwork(engine, layer, sizes);
  const theta0 = network.initialize(1);
  const frozen = frozenGates(engine, layer, sizes, theta0);
  const theta = moved(theta0, 2);

  describeModel("a two-layer network", () => ({ model: frozen, theta }));

  test("a two-layer network is its quadratic model", async () => {
    const quadratic = quadratize(network, theta0);
    expectClose((await frozen.value(theta, x)).data, (await quadratic.value(theta, x)).data, 1e-13);
    const r = normals(6, 2, 3);
    const [left, right] = [await frozen.pullback(theta, x), await quadratic.pullback(theta, x)];
    expectClose(await left.pull(r), await right.pull(r), 1e-13);
  });

  test("a two-layer network starts as the network", async () => {
    expectClose((await frozen.value(theta0, x)).data, (await network.value(theta0, x)).data, 1e-15);
  });
});

describe("frozen gates", () => {
  test("make a network of three layers a polynomial of degree 3", async () => {
    const layer = serial(dense(), relu(), dense(), relu(), dense());
    const sizes = { inputs: 3, width: 6 };
    const theta0 = graphNetwork(engine, layer, sizes).initialize(1);
    const frozen = frozenGates(engine, layer, sizes, theta0);
    const jet = await frozen.jet(theta0, x, moved(theta0, 2), 5);
    const sizesOf = jet.map(({ data }) => Math.max(...data.map(Math.abs)));
    expect(sizesOf[3]).toBeGreaterThan(0.01);
    expect(sizesOf.slice(4)).toEqual([0, 0]);
  });

  test("follow no later changes of θ₀", async () => {
    const layer = serial(dense(), relu(), dense());
    const theta0 = graphNetwork(engine, layer, { inputs: 3, width: 6 }).initialize(1);
    const frozen = frozenGates(engine, layer, { inputs: 3, width: 6 }, theta0);
    const theta = theta0.slice();
    const before = (await frozen.value(theta, x)).data.slice();
    theta0.fill(-1);
    expectClose((await frozen.value(theta, x)).data, before, 0);
  });

  test("are refused for smooth activations and parameters of another length", () => {
    const make = (chosen: "tanh" | "relu", parameters: number) => () =>
      frozenGates(
        engine,
        serial(dense(), activation(chosen), dense()),
        { inputs: 3, width: 2 },
        new Float64Array(parameters),
      );
    expect(make("tanh", 8)).toThrow(/tanh.*quadratize/);
    expect(make("relu", 7)).toThrow("8 parameters");
    expect(make("relu", 8)).not.toThrow();
  });
});

/** WN-V4: two relu layers, one example, gradient descent on ½ (f − y)². */
describe("gradient descent follows the vectors", () => {
  const {
    inputs,
    expected,
    tol_rel: tolerance,
  } = vectors.cases.find(({ id }) => id === "WN-V4") as unknown as {
    inputs: { U: number[][]; v: number[]; x: number[]; y: number };
    expected: { eta: number; nqm_g: number[]; nqm_lam: number[]; net_g: number[]; net_lam: number[] }[];
    tol_rel: number;
  };
  const layer = serial(dense(), relu(), dense());
  const sizes = { inputs: 3, width: inputs.v.length };
  const network = graphNetwork(engine, layer, sizes);
  const theta0 = Float64Array.from([...inputs.U.flat(), ...inputs.v]);
  const example = matrix(Float64Array.from(inputs.x), 1, 3);

  const follow = async (model: Model, learningRate: number): Promise<{ g: number[]; lambda: number[] }> => {
    const y: Matrix = matrix(Float64Array.of(inputs.y), 1, 1);
    const [g, lambda]: [number[], number[]] = [[], []];
    for await (const { outputs, parameters } of trainingSteps(model, theta0, {
      x: example,
      y,
      learningRate,
      steps: 8,
    })) {
      g.push(outputs.data[0]!);
      lambda.push((await tangentKernel(model, parameters, example)).kernel.data[0]!);
    }
    return { g, lambda };
  };

  test.for(expected)("of the network and of both quadratic models, η = $eta", async (path) => {
    const own = await follow(network, path.eta);
    expectClose(own.g, path.net_g, tolerance);
    expectClose(own.lambda, path.net_lam, tolerance);
    for (const model of [quadratize(network, theta0), frozenGates(engine, layer, sizes, theta0)]) {
      const { g, lambda } = await follow(model, path.eta);
      expectClose(g, path.nqm_g, tolerance);
      expectClose(lambda, path.nqm_lam, tolerance);
    }
  });
});
