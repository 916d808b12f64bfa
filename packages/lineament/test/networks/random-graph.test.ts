import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { extremeEigenvalues, matrix } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import {
  neuronNetwork,
  randomGraph,
  type RandomGraphOptions,
  type TapeModel,
} from "../../src/networks/index.ts";
import { expectClose, normals } from "../contracts/data.ts";
import { describeModel } from "../contracts/model.ts";

const engine = plainEngine();

describe("a random graph", () => {
  test("has neurons with the asked number of different predecessors on lower levels", () => {
    fc.assert(
      fc.property(
        fc.record({
          inputs: fc.integer({ min: 1, max: 9 }),
          inDegree: fc.integer({ min: 1, max: 8 }),
          levels: fc.integer({ min: 1, max: 5 }),
          seed: fc.nat(),
        }),
        (options) => {
          const { inputs, levels } = randomGraph(options);
          expect(inputs).toBe(options.inputs);
          expect(levels).toHaveLength(options.levels);
          let below = inputs;
          for (const [at, { neurons, inDegree, predecessors }] of levels.entries()) {
            expect(neurons).toBe(2 * options.inDegree);
            expect(inDegree).toBe(at === 0 ? inputs : options.inDegree);
            for (let neuron = 0; neuron < neurons; neuron++) {
              const read = predecessors.subarray(neuron * inDegree, (neuron + 1) * inDegree);
              expect(new Set(read).size).toBe(inDegree);
              // Level 1 sees the inputs, those above see neurons only.
              expect(read.every((node) => node < below && (at === 0 || node >= inputs))).toBe(true);
            }
            below += neurons;
          }
        },
      ),
    );
  });

  test("skips levels", () => {
    const { inputs, levels } = randomGraph({ inDegree: 16 });
    const secondLevel = inputs + levels[0]!.neurons;
    expect(levels[3]!.predecessors.some((node) => node < secondLevel)).toBe(true);
  });

  test("is the same for the same seed, another for another", () => {
    expect(randomGraph({ inDegree: 6, seed: 1 })).toEqual(randomGraph({ inDegree: 6, seed: 1 }));
    expect(randomGraph({ inDegree: 6, seed: 1 })).not.toEqual(randomGraph({ inDegree: 6, seed: 2 }));
  });

  test("with a bottleneck goes through it", () => {
    const { inputs, levels } = randomGraph({ inDegree: 6, levels: 5, bottleneck: { level: 3, neurons: 2 } });
    expect(levels.map(({ neurons }) => neurons)).toEqual([12, 12, 2, 12, 12]);
    expect(levels.map(({ inDegree }) => inDegree)).toEqual([8, 6, 6, 2, 6]);
    const narrow = inputs + 24;
    expect(new Set(levels[3]!.predecessors)).toEqual(new Set([narrow, narrow + 1]));
    expect(levels[4]!.predecessors.every((node) => node >= narrow)).toBe(true);
  });

  test.for<readonly [string, RandomGraphOptions, string]>([
    ["in-degree 0", { inDegree: 0 }, "inDegree is 0"],
    ["half a level", { inDegree: 2, levels: 0.5 }, "levels is 0.5"],
    ["more predecessors than neurons", { inDegree: 5, neurons: 4 }, "5 different predecessors"],
    ["a bottleneck at the top", { inDegree: 2, bottleneck: { level: 4, neurons: 2 } }, "below the last"],
    ["an empty bottleneck", { inDegree: 2, bottleneck: { level: 3, neurons: 0 } }, "bottleneck.neurons is 0"],
  ])("with %s is refused", ([, options, word]) => {
    expect(() => randomGraph(options)).toThrow(RangeError);
    expect(() => randomGraph(options)).toThrow(word);
  });
});

describe("a network of neurons", () => {
  const graph = randomGraph({ inputs: 3, inDegree: 4, levels: 3, bottleneck: { level: 2, neurons: 5 } });
  const network = neuronNetwork(engine, graph);

  describeModel("a random one", () => ({ model: network, theta: network.initialize(1) }));
  describeModel("a random one of gelu", () => {
    const model = neuronNetwork(engine, graph, { activation: { name: "gelu" } });
    return { model, theta: model.initialize(1) };
  });

  test("computes neuron after neuron", async () => {
    const theta = network.initialize(2);
    const x = normals(2, 3, 3);
    const expected = [0, 1].map((i) => {
      const h = [...x.data.subarray(3 * i, 3 * i + 3)];
      let weight = 0;
      for (const { neurons, inDegree, predecessors } of graph.levels)
        for (let neuron = 0; neuron < neurons; neuron++) {
          let sum = 0;
          for (let k = 0; k < inDegree; k++)
            sum += theta[weight++]! * h[predecessors[neuron * inDegree + k]!]!;
          h.push(Math.tanh(sum / Math.sqrt(inDegree)));
        }
      const last = graph.levels.at(-1)!.neurons;
      return h.slice(-last).reduce((sum, value) => sum + (theta[weight++]! * value) / Math.sqrt(last), 0);
    });
    expectClose((await network.value(theta, x)).data, expected, 1e-14);
  });

  test("starts with signs as output weights", () => {
    const { offset, rows, cols } = network.matrices.at(-1)!;
    const signs = network.initialize(4).subarray(offset, offset + rows * cols);
    expect(signs.every((sign) => Math.abs(sign) === 1)).toBe(true);
  });

  test("without levels is linear in the inputs", async () => {
    const linear = neuronNetwork(engine, { inputs: 4, levels: [] });
    expectClose(
      (await linear.value(Float64Array.of(1, -1, 1, 1), normals(1, 4, 1))).data,
      [[1, -1, 1, 1].reduce((sum, sign, k) => sum + (sign * normals(1, 4, 1).data[k]!) / 2, 0)],
      1e-15,
    );
  });

  test("is refused when neurons read nodes that are not below them", () => {
    const level = (predecessors: number[]) => ({
      neurons: 2,
      inDegree: 2,
      predecessors: Int32Array.from(predecessors),
    });
    const make = (predecessors: number[]) => () =>
      neuronNetwork(engine, { inputs: 2, levels: [level([0, 1, 0, 1]), level(predecessors)] });
    expect(make([0, 1, 2, 3])).not.toThrow();
    expect(make([0, 1, 2, 4])).toThrow(RangeError); // node 4 is on the same level
    expect(make([0, 1, 2, 4])).toThrow(/level 2 reads node 4.*0 to 3.*cycle/);
    expect(make([0, 1, 2])).toThrow("3 predecessors, expected 2 × 2");
  });

  test("has a Hessian that shrinks with the in-degree, unless paths go through a bottleneck", async () => {
    const x = normals(1, 8, 5);
    const length = Math.hypot(...x.data);
    x.data.forEach((value, k) => (x.data[k] = (value * Math.sqrt(8)) / length));
    const norm = async (model: TapeModel, seed: number): Promise<number> => {
      const theta = model.initialize(seed);
      const one = matrix(Float64Array.of(1), 1, 1);
      const product = (v: Float64Array): Promise<Float64Array> => model.curvature(theta, x, one, v);
      // Ten percent are enough for a slope over a factor of 16.
      return (await extremeEigenvalues(product, model.parameters, { tolerance: 0.1 })).norm;
    };
    const slope = async (bottleneck: RandomGraphOptions["bottleneck"]): Promise<number> => {
      const logarithms: number[] = [];
      for (const inDegree of [4, 64]) {
        let mean = 0;
        for (const seed of [1, 2, 3, 4])
          mean += (await norm(neuronNetwork(engine, randomGraph({ inDegree, bottleneck, seed })), seed)) / 4;
        logarithms.push(Math.log(mean));
      }
      return (logarithms[1]! - logarithms[0]!) / Math.log(16);
    };
    expect(await slope(undefined)).toBeLessThan(-0.35);
    expect(await slope({ level: 3, neurons: 2 })).toBeGreaterThan(-0.2);
  });
});
