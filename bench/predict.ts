import {
  type Engine,
  FeatureMachine,
  type FeatureMachineState,
  fitFeatureMachine,
  matrix,
  parseFitOptions,
  type Partition,
  random,
} from "lineament";
import { type Benchmark, native, wasm } from "./timing/benchmark.ts";
import { normals, regressionProblem, table, twoTerms } from "./timing/data.ts";

const laplaceRidge = parseFitOptions({
  machine: {
    kernel: { family: "laplace", bandwidth: 10 },
    ridge: 1e-3,
    iterations: 0,
    refit: true,
  },
});

/** Leaves of at most 10,000 rows have so many when rows are halved until they fit. */
const centersOfLeaf = 8000;
/** What trees of this size choose for y = x₀x₁ + sin 3x₂ + ½|x₃| + 0.1 ε. */
const temperature = 0.025;

/** What a fitted machine does all day. */
export const predictionBenchmarks: readonly Benchmark[] = [
  {
    id: "predict",
    title: "Predictions",
    what: "Rows through a Laplace machine with one output (XGBoost: its default trees, learned from as many rows as there are centers), float32",
    precision: "float32",
    sweeps: [
      { along: "rows", values: [10_000, 100_000, 1_000_000], at: { centers: 5000, d: 50 } },
      { along: "d", values: [10, 50, 250], at: { centers: 5000, rows: 100_000 } },
    ],
    quick: [{ along: "rows", values: [5000, 20_000], at: { centers: 2000, d: 50 } }],
    flops: ({ rows, centers, d }) => 2 * rows! * centers! * d! + 2 * rows! * centers!,
    uncounted: ["xgboost"],
    traffic: ({ rows, d }) => 4 * rows! * (d! + 1),
    storage: ({ rows, centers, d }) => 4 * (rows! + centers!) * d!,
    count: { of: "rows", in: ({ rows }) => rows! },
    ours: [native, wasm],
    peers: ["numpy", "torch", "xgboost"],
    async prepare(engine, { rows, centers, d }) {
      const machine = await fitFeatureMachine(
        engine,
        regressionProblem(table(centers!, d!, twoTerms)),
        laplaceRidge,
      );
      const points = { coordinates: normals(engine, rows!, d!) };
      return async () => void (await machine.predict(points));
    },
  },
  {
    id: "predict-tree",
    title: "Predictions of a tree",
    what: `Rows through a tree of Laplace machines with full metrics and ${centersOfLeaf} centers each (coefficients are drawn, not fitted), float32; at its temperature a row asks 1.6 of 128 leaves`,
    precision: "float32",
    sweeps: [
      { along: "rows", values: [10_000, 100_000, 1_000_000], at: { leaves: 128, d: 30 } },
      { along: "leaves", values: [8, 32, 128], at: { rows: 100_000, d: 30 } },
    ],
    quick: [{ along: "rows", values: [10_000, 40_000], at: { leaves: 16, d: 30 } }],
    flops: ({ rows, d }) => 2 * rows! * centersOfLeaf * (d! + 1),
    uncounted: ["native", "wasm"],
    traffic: ({ rows, d }) => 4 * rows! * (d! + 1),
    storage: ({ rows, leaves, d }) => 4 * (rows! + leaves! * centersOfLeaf) * d!,
    count: { of: "rows", in: ({ rows }) => rows! },
    ours: [native, { label: "native, one leaf a row", engine: "native", variant: "hard" }, wasm],
    peers: [],
    async prepare(engine, { rows, leaves, d }, variant) {
      const machine = await orthantTree(engine, leaves!, d!, variant === "hard" ? 0 : temperature);
      await machine.memberExpansions(machine.state.members[0]!);
      const points = { coordinates: normals(engine, rows!, d!, "float32", 2) };
      return async () => void (await machine.predict(points));
    },
  },
];

/** A tree as one is after fitting: level j divides at x_j = 0, leaves have the centers on their side of all levels. */
async function orthantTree(
  engine: Engine,
  leaves: number,
  d: number,
  softness: number,
): Promise<FeatureMachine> {
  const small = await fitFeatureMachine(engine, regressionProblem(table(1000, d, twoTerms)), laplaceRidge);
  const [member] = small.state.members;
  const x = normals(engine, leaves * centersOfLeaf, d);
  const levels = Math.log2(leaves);
  for (let i = 0; i < x.rows; i++)
    for (let j = 0; j < levels; j++) {
      const isHigh = (Math.floor(i / centersOfLeaf) >> (levels - 1 - j)) & 1;
      x.data[i * d + j] = Math.abs(x.data[i * d + j]!) * (isHigh ? 1 : -1);
    }
  const generator = random(3);
  const identity = matrix(new Float64Array(d * d), d, d);
  for (let k = 0; k < d; k++) identity.data[k * d + k] = 1;
  const state: FeatureMachineState = {
    ...small.state,
    x: { coordinates: x },
    members: [
      {
        ...member!,
        expansions: Array.from({ length: leaves }, (_, leaf) => ({
          rows: Int32Array.from({ length: centersOfLeaf }, (__, i) => leaf * centersOfLeaf + i),
          kernel: { family: "laplace", bandwidth: 10, exponent: 1 },
          metric: { form: "full", root: identity, blocks: [] },
          coefficients: matrix(
            Float32Array.from({ length: centersOfLeaf }, () => generator.normal()),
            centersOfLeaf,
            1,
          ),
        })),
        partition: orthants(levels, d, softness),
      },
    ],
  };
  return new FeatureMachine(engine, state);
}

/** A balanced tree whose nodes at level j divide at x_j = 0, numbered level by level. */
function orthants(levels: number, d: number, softness: number): Partition {
  const leaves = 2 ** levels;
  const nodes = leaves - 1;
  const directions = matrix(new Float64Array(nodes * d), nodes, d);
  const children = new Int32Array(2 * nodes);
  for (let j = 0; j < nodes; j++) {
    directions.data[j * d + Math.floor(Math.log2(j + 1))] = 1;
    for (const side of [0, 1]) {
      const child = 2 * j + 1 + side;
      children[2 * j + side] = child < nodes ? child : nodes - 1 - child;
    }
  }
  return {
    directions,
    thresholds: new Float64Array(nodes),
    // The interquartile range of a standard normal coordinate.
    spreads: new Float64Array(nodes).fill(1.349),
    children,
    temperature: softness,
    offsets: matrix(new Float64Array(leaves), leaves, 1),
  };
}
