import { describe, expect, test } from "vitest";
import { activation, dense, type Layer, parallel, identity, relu, serial } from "../../src/layers/index.ts";
import type { Matrix } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import { overparameterize, preconditioner } from "../../src/linear/index.ts";
import { lossOf, type NetworkSizes, type TapeModel, train } from "../../src/networks/index.ts";
import { expectClose, largestDifference, normals } from "../contracts/data.ts";

const engine = plainEngine();
const standard = { parameterization: "standard", weightStd: Math.SQRT2, biasStd: 0.1 } as const;

interface Example {
  readonly layer: Layer;
  readonly sizes: NetworkSizes;
}

const examples: Readonly<Record<string, Example>> = {
  "a dense network in standard parameterization": {
    layer: serial(dense(standard), activation("tanh"), dense(standard)),
    sizes: { inputs: 4, width: 6, outputs: 2 },
  },
  "a residual network in NTK parameterization with rates": {
    layer: serial(
      dense({ biasStd: 0.3 }),
      parallel([identity(), serial(relu(), dense({ weightStd: 1.5, weightRate: 0.5, biasStd: 0.2 }))]),
      relu(),
      dense(),
    ),
    sizes: { inputs: 4, width: 5 },
  },
  "a convolutional network": {
    layer: serial(
      { layer: "convolution", window: [3, 3], padding: "zero", weightStd: 1.4, biasStd: 0.1, width: 2 },
      relu(),
      { layer: "flatten" },
      dense({ ...standard, width: 6 }),
      relu(),
      dense(standard),
    ),
    sizes: { inputs: 12, image: { height: 4, width: 3, channels: 1 }, outputs: 3 },
  },
};

const isDense = ({ weightsOf }: TapeModel["matrices"][number]): boolean => weightsOf === "dense";

for (const [name, { layer, sizes }] of Object.entries(examples))
  describe(`${name}, overparameterized,`, () => {
    const x = normals(5, sizes.inputs, 3);

    for (const depth of [1, 2, 3])
      test(`computes the same by products of ${depth}, and back`, async () => {
        const { original, network, factor, collapse } = overparameterize(engine, layer, sizes, { depth });
        const theta = original.initialize(1);
        const kept = theta.slice();
        const deep = await factor(theta);
        const value = await original.value(theta, x);
        expectClose((await network.value(deep, x)).data, value.data, 1e-12);
        expectClose(await collapse(deep), theta, 1e-13);
        expect(theta).toEqual(kept);
        const added = original.matrices
          .filter(isDense)
          .reduce((sum, { rows }) => sum + (depth - 1) * rows ** 2, 0);
        expect(network.parameters).toBe(original.parameters + added);
      });

    test("keeps its function when products are multiplied out after training", async () => {
      const { original, network, factor, collapse } = overparameterize(engine, layer, sizes);
      const y = normals(5, sizes.outputs ?? 1, 4);
      const deep = await factor(original.initialize(2));
      const { parameters, loss } = await train(network, deep, {
        x,
        y,
        loss: "half-mean-squares",
        learningRate: 0.05,
        steps: 40,
      });
      expect(loss).toBeLessThan(lossOf("half-mean-squares").value(await network.value(deep, x), y));
      const after = await network.value(parameters, x);
      expectClose((await original.value(await collapse(parameters), x)).data, after.data, 1e-12);
    });

    test("moves its effective weights by the preconditioner times what they moved before", async () => {
      const depth = 3;
      const { original, network, factor, collapse } = overparameterize(engine, layer, sizes, { depth });
      const theta = original.initialize(1);
      const deep = await factor(theta);
      const r = normals(5, sizes.outputs ?? 1, 5);
      const [plain, product] = [await original.pullback(theta, x), await network.pullback(deep, x)];
      const before = (await plain.pull(r)).map((g, k) => -(original.rates?.[k] ?? 1) * g);
      const gradient = await product.pull(r);
      const h = 1e-6;
      const moved = (t: number) =>
        collapse(deep.map((value, k) => value - t * (network.rates?.[k] ?? 1) * gradient[k]!));
      const [ahead, behind] = [await moved(h), await moved(-h)];
      const after = ahead.map((value, k) => (value - behind[k]!) / (2 * h));
      for (const matrix of original.matrices) {
        const [own, was] = [view(matrix, after), view(matrix, before)];
        if (!isDense(matrix)) expectClose(own.data, was.data, 1e-8);
        else {
          const weights = view(matrix, theta);
          const effective = { ...weights, data: weights.data.map((w) => matrix.scale * w) };
          const { apply } = await preconditioner(engine, effective, depth);
          expectClose(own.data, (await apply(was)).data, 1e-8);
          expect(largestDifference(own.data, was.data)).toBeGreaterThan(1e-4);
        }
      }
    });

    test("draws products with entries of the same variance", () => {
      const { original, network } = overparameterize(engine, layer, sizes, { depth: 3, width: 7 });
      for (const matrix of original.matrices.filter(isDense)) {
        const factors = network.matrices.filter(({ name }) => name.endsWith(` of the ${matrix.name}`));
        expect(factors.map(({ rows, cols }) => [rows, cols])).toEqual([
          [7, matrix.cols],
          [7, 7],
          [matrix.rows, 7],
        ]);
        const variance = factors.reduce((product, { std }) => product * std ** 2, 7 ** 2);
        expect(variance).toBeCloseTo((matrix.scale * matrix.std) ** 2, 14);
      }
    });
  });

function view(
  { offset, rows, cols }: TapeModel["matrices"][number],
  theta: Float64Array,
): Matrix<Float64Array> {
  return { data: theta.slice(offset, offset + rows * cols), rows, cols };
}

test("weights that do not enter are left alone", async () => {
  const silent = serial(dense({ weightStd: 0, biasStd: 1 }), relu(), dense());
  const { original, network, factor } = overparameterize(engine, silent, { inputs: 2, width: 3 });
  expect(network.matrices).toHaveLength(original.matrices.length + 1);
  const theta = original.initialize(0);
  const x = normals(2, 2);
  expectClose(
    (await network.value(await factor(theta), x)).data,
    (await original.value(theta, x)).data,
    1e-13,
  );
});

describe("what makes no sense is refused:", () => {
  const { layer, sizes } = examples["a dense network in standard parameterization"]!;
  const refused: readonly (readonly [string, () => unknown, string])[] = [
    ["a depth of −1", () => overparameterize(engine, layer, sizes, { depth: -1 }), "depth is -1"],
    ["a width of 0", () => overparameterize(engine, layer, sizes, { width: 0 }), "width is 0"],
    ["no network", () => overparameterize(engine, { layer: "dropout", keep: 0.5 }, sizes), "dropout"],
    ["no inputs", () => overparameterize(engine, layer, { inputs: 0 }), "inputs is 0"],
    [
      "parameters of another network",
      () => overparameterize(engine, layer, sizes).factor(new Float64Array(3)),
      "theta has 3 numbers",
    ],
    [
      "too few to collapse",
      () => overparameterize(engine, layer, sizes).collapse(new Float64Array(3)),
      "theta has 3 numbers",
    ],
    [
      "products narrower than the rank",
      async () => {
        const { original, factor } = overparameterize(engine, layer, sizes, { width: 1 });
        await factor(original.initialize(0));
      },
      "which a hidden layer of width 1 cannot carry",
    ],
    [
      "weights of NaN",
      async () => {
        const { original, factor } = overparameterize(engine, layer, sizes);
        await factor(new Float64Array(original.parameters).fill(NaN));
      },
      "matrix is NaN",
    ],
  ];
  for (const [what, call, message] of refused)
    test(what, async () => {
      await expect((async () => call())()).rejects.toThrow(RangeError);
      await expect((async () => call())()).rejects.toThrow(message);
    });
});
