import { availableParallelism } from "node:os";
import {
  type FeatureMachine,
  fitFeatureMachine,
  fitNystromMachine,
  type Matrix,
  nystromRidge,
  parseFitOptions,
  parseNystromFitOptions,
  rowRange,
  rowsInMemory,
} from "lineament";
import { type Benchmark, type Judged, native, type Sweep, wasm } from "./timing/benchmark.ts";
import { r2, regressionProblem, secondsOf, table, threeTerms } from "./timing/data.ts";

const testRows = 10_000;
const rows: Sweep = { along: "n", values: [10_000, 30_000, 100_000, 300_000, 1_000_000], at: { d: 30 } };

/** Names that requirements refer to. */
export const treeLabel = "tree, native";
export const nystromLabel = "Nyström, native";

const machine = { kernel: { family: "laplace", bandwidth: 2 }, bandwidth: "adaptive" } as const;

const shared = {
  precision: "float32",
  traffic: ({ n, d }) => 4 * n! * d!,
  storage: ({ n, d }) => 4 * n! * d! + 8 * n!,
  count: { of: "rows", in: ({ n }) => n! },
} satisfies Partial<Benchmark>;

/** Fits once, and judges by rows of the same kind. */
async function judged<Fit>(
  d: number,
  fit: () => Promise<Fit>,
  predict: (fitted: Fit, x: Matrix) => Promise<Matrix>,
): Promise<Judged> {
  const test = table(testRows, d, threeTerms, 7);
  let fitted: Fit | undefined;
  const seconds = await secondsOf(async () => (fitted = await fit()));
  let predicted: Matrix | undefined;
  const predicting = await secondsOf(async () => (predicted = await predict(fitted!, test.x)));
  return { seconds, score: r2(test.y, predicted!), predictionsPerSecond: testRows / predicting };
}

/** Fits of more rows than a kernel matrix holds: y = x₀x₁ + sin 3x₂ + ½|x₃| + 0.1 ε. */
export const longTableBenchmarks: readonly Benchmark[] = [
  {
    ...shared,
    id: "long-table",
    title: "Long tables",
    what: "a fit of n rows by a tree of feature machines with leaves of at most 10,000 rows (xRFM: 8,000), and by a Nyström machine with 5,000 centers (n/4 where that is less), beside boosted trees with their default settings",
    sweeps: [rows],
    quick: [{ along: "n", values: [5000, 12_500], at: { d: 30 } }],
    ours: [
      { ...native, label: treeLabel },
      { ...native, label: "tree, native, a thread a leaf", variant: "workers" },
      { ...wasm, label: "tree, wasm" },
      { ...native, label: nystromLabel, variant: "nystrom" },
      { ...wasm, label: "Nyström, wasm", variant: "nystrom" },
    ],
    peers: ["xgboost", "scikit-learn", "xrfm"],
    async prepare(engine, { n, d }, variant) {
      const problem = regressionProblem(table(n!, d!, threeTerms));
      const tree = parseFitOptions({ machine: { ...machine, ridge: 1e-3, tree: { capacity: 10_000 } } });
      const nystrom = parseNystromFitOptions({ centers: Math.min(5000, Math.floor(n! / 4)), machine });
      const workers = variant === "workers" ? availableParallelism() : 0;
      return () =>
        judged<FeatureMachine>(
          d!,
          () =>
            variant === "nystrom"
              ? fitNystromMachine(engine, problem, nystrom)
              : fitFeatureMachine(engine, problem, tree, { workers }),
          (fitted, x) => fitted.predict({ coordinates: x }),
        );
    },
  },
  {
    ...shared,
    id: "nystrom",
    title: "Nyström ridge regression",
    what: "Gaussian kernel, L = 10, on the first rows as centers, λ = 10⁻³, preconditioned conjugate gradients",
    sweeps: [
      { ...rows, at: { d: 30, centers: 5000 } },
      { along: "centers", values: [500, 1500, 5000], at: { n: 100_000, d: 30 } },
    ],
    quick: [{ along: "n", values: [5000, 20_000], at: { d: 30, centers: 500 } }],
    ours: [native, wasm],
    peers: ["scikit-learn", "falkon"],
    async prepare(engine, { n, d, centers }) {
      const { x, y } = table(n!, d!, threeTerms);
      const z = { coordinates: rowRange(x, 0, Math.min(n!, centers!)) };
      const kernel = { family: "gaussian", bandwidth: 10 } as const;
      return () =>
        judged(
          d!,
          () =>
            nystromRidge(
              engine,
              {
                source: rowsInMemory({ coordinates: x }, y),
                centers: z,
                kernel: (call) => engine.kernelMatrix({ kernel, ...call }),
              },
              { ridges: [1e-3] },
            ),
          async ({ solutions, outcome }, test) => {
            if (solutions.length === 0) throw new Error(outcome);
            const v = engine.allocate(z.coordinates.rows, 1, "float32");
            v.data.set(solutions[0]!.coefficients.data);
            const out = engine.allocate(test.rows, 1, "float32");
            await engine.kernelProduct({ kernel, x: { coordinates: test }, z, v, out });
            return out;
          },
        );
    },
  },
];
