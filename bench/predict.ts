import { fitFeatureMachine, parseFitOptions } from "lineament";
import { type Benchmark, native, wasm } from "./timing/benchmark.ts";
import { normals, regressionProblem, table, twoTerms } from "./timing/data.ts";

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
        parseFitOptions({
          machine: {
            kernel: { family: "laplace", bandwidth: 10 },
            ridge: 1e-3,
            iterations: 0,
            refit: true,
          },
        }),
      );
      const points = { coordinates: normals(engine, rows!, d!) };
      return async () => void (await machine.predict(points));
    },
  },
];
