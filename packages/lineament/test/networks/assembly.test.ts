import { describe, expect, test } from "vitest";
import { activation, dense, type Layer, parallel, relu, serial } from "../../src/layers/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import { assembly, graphNetwork, type TapeModel } from "../../src/networks/index.ts";
import { expectClose, normals } from "../contracts/data.ts";
import { describeModel } from "../contracts/model.ts";

const engine = plainEngine();
const tanh = activation("tanh");
const weights = [1, -0.5, 0.25];

const members: Readonly<Record<string, { layer: Layer; sizes: Parameters<typeof graphNetwork>[2] }>> = {
  "a network with one hidden layer": {
    layer: serial(dense({ width: 3, biasStd: 0.2 }), tanh, dense({ biasStd: 0.1 })),
    sizes: { inputs: 4, outputs: 2 },
  },
  "a graph with layer normalization": {
    layer: serial(
      parallel([serial(dense(), tanh), dense()], "concatenation"),
      { layer: "layer-norm", epsilon: 1 },
      parallel([dense(), tanh]),
      dense({ biasStd: 0.1 }),
    ),
    sizes: { inputs: 4, width: 6 },
  },
  "a convolutional network": {
    layer: serial(
      { layer: "convolution", window: [1, 3], padding: "zero", weightStd: 1, biasStd: 0.4, width: 2 },
      tanh,
      { layer: "global-average-pool" },
      dense(),
    ),
    sizes: { inputs: 8, image: { height: 2, width: 2, channels: 2 } },
  },
};

/** θ of one copy, cut out of that of all. */
function memberParameters(whole: TapeModel, theta: Float64Array, copy: number, copies: number): Float64Array {
  return Float64Array.from(
    whole.matrices.flatMap(({ offset, rows, cols }) => {
      const size = (rows * cols) / copies;
      return [...theta.subarray(offset + copy * size, offset + (copy + 1) * size)];
    }),
  );
}

describe.for(Object.entries(members))("an assembly of three copies of %s", ([, { layer, sizes }]) => {
  const whole = assembly(engine, layer, { ...sizes, weights });
  const member = graphNetwork(engine, layer, sizes);
  const theta = whole.initialize(1);
  const x = normals(5, sizes.inputs, 2);
  const r = normals(5, sizes.outputs ?? 1, 3);

  describeModel("it", () => ({ model: whole, theta }));

  test("has the parameters of three", () => {
    expect(whole.parameters).toBe(3 * member.parameters);
  });

  test("is their weighted sum", async () => {
    const sum = new Float64Array(r.data.length);
    for (const [copy, weight] of weights.entries()) {
      const { data } = await member.value(memberParameters(whole, theta, copy, 3), x);
      data.forEach((value, at) => (sum[at]! += weight * value));
    }
    expectClose((await whole.value(theta, x)).data, sum, 1e-14);
  });

  test("has a block diagonal Hessian, with those of its members as blocks", async () => {
    const v = new Float64Array(whole.parameters);
    const along = normals(1, member.parameters, 4).data;
    let next = 0;
    for (const { offset, rows, cols } of whole.matrices) {
      const size = (rows * cols) / 3;
      v.set(along.subarray(next, next + size), offset + size); // of copy 1
      next += size;
    }
    const product = await whole.curvature(theta, x, r, v);
    const own = await member.curvature(memberParameters(whole, theta, 1, 3), x, r, along);
    expectClose(
      memberParameters(whole, product, 1, 3),
      own.map((value) => weights[1]! * value),
      1e-13,
    );
    for (const other of [0, 2])
      expectClose(memberParameters(whole, product, other, 3), new Float64Array(member.parameters), 0);
  });
});

test("an assembly of one copy of weight 1 is the network", async () => {
  const { layer, sizes } = members["a network with one hidden layer"]!;
  const [one, network] = [
    assembly(engine, layer, { ...sizes, weights: [1] }),
    graphNetwork(engine, layer, sizes),
  ];
  expect(one.matrices).toEqual(network.matrices);
  const [theta, x] = [network.initialize(1), normals(3, 4)];
  expectClose((await one.value(theta, x)).data, (await network.value(theta, x)).data, 0);
});

test("an assembly without weights, or with weights that are no numbers, is refused", () => {
  const make = (weights: readonly number[]) => () =>
    assembly(engine, serial(dense(), relu(), dense()), { inputs: 2, width: 2, weights });
  expect(make([])).toThrow(RangeError);
  expect(make([])).toThrow("one for each copy");
  expect(make([1, NaN])).toThrow(RangeError);
  expect(make([1, NaN])).toThrow("weights[1] is NaN");
});
