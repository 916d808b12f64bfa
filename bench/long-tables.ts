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
import { type Benchmark, type Judged, native, type Size, type Sweep, wasm } from "./timing/benchmark.ts";
import { r2, regressionProblem, secondsOf, table, threeTerms } from "./timing/data.ts";

/** Of the rows that a fit predicts: as many as it learned from, and no more than this. */
const mostTestRows = 100_000;
const rows = (at: Size): Sweep => ({
  along: "n",
  values: [10_000, 30_000, 100_000, 300_000, 1_000_000],
  at: { d: 30, ...at },
});

/** Names that requirements refer to. */
export const treeLabel = "tree, native";
export const nystromLabel = "Nyström, native";

/** A million rows. */
export const million: Size = { n: 1_000_000, d: 30, capacity: 10_000 };

const machine = { kernel: { family: "laplace", bandwidth: 2 }, bandwidth: "adaptive" } as const;

const shared = {
  precision: "float32",
  traffic: ({ n, d }) => 4 * n! * d!,
  storage: ({ n, d }) => 4 * n! * d! + 8 * n!,
  count: { of: "rows", in: ({ n }) => n! },
} satisfies Partial<Benchmark>;

/** Fits once, and judges by rows of the same kind. */
async function judged<Fit>(
  { n, d }: Size,
  fit: () => Promise<Fit>,
  predict: (fitted: Fit, x: Matrix) => Promise<Matrix>,
): Promise<Judged> {
  const test = table(Math.min(n!, mostTestRows), d!, threeTerms, 7);
  let fitted: Fit | undefined;
  const seconds = await secondsOf(async () => (fitted = await fit()));
  // Centers are transformed at the first use.
  await predict(fitted!, rowRange(test.x, 0, 1));
  let predicted: Matrix | undefined;
  const predicting = await secondsOf(async () => (predicted = await predict(fitted!, test.x)));
  return { seconds, score: r2(test.y, predicted!), predictionsPerSecond: test.y.rows / predicting };
}

/** Fits of more rows than a kernel matrix holds: y = x₀x₁ + sin 3x₂ + ½|x₃| + 0.1 ε. */
export const longTableBenchmarks: readonly Benchmark[] = [
  {
    ...shared,
    id: "long-table",
    title: "Long tables",
    what: "A fit of n rows by a tree of feature machines with leaves of limited capacity, and by a Nyström machine with half as many centers, beside boosted trees with their default settings",
    sweeps: [rows({ capacity: 10_000 })],
    quick: [{ along: "n", values: [2500, 10_000], at: { d: 30, capacity: 1000 } }],
    ours: [
      { ...native, label: treeLabel },
      { ...native, label: "tree, native, a thread a leaf", variant: "workers" },
      { ...wasm, label: "tree, wasm" },
      { ...native, label: nystromLabel, variant: "nystrom" },
      { ...wasm, label: "Nyström, wasm", variant: "nystrom" },
    ],
    peers: ["xgboost", "scikit-learn", "xrfm"],
    async prepare(engine, size, variant) {
      const { n, d, capacity } = size;
      const problem = regressionProblem(table(n!, d!, threeTerms));
      const tree = parseFitOptions({ machine: { ...machine, ridge: 1e-3, tree: { capacity: capacity! } } });
      const nystrom = parseNystromFitOptions({ centers: capacity! / 2, machine });
      const workers = variant === "workers" ? availableParallelism() : 0;
      return () =>
        judged<FeatureMachine>(
          size,
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
      rows({ centers: 5000 }),
      { along: "centers", values: [500, 1500, 5000], at: { n: 100_000, d: 30 } },
    ],
    quick: [{ along: "n", values: [5000, 20_000], at: { d: 30, centers: 500 } }],
    ours: [native, wasm],
    peers: ["scikit-learn", "falkon"],
    async prepare(engine, size) {
      const { n, d, centers } = size;
      const { x, y } = table(n!, d!, threeTerms);
      const z = { coordinates: rowRange(x, 0, Math.min(n!, centers!)) };
      const kernel = { family: "gaussian", bandwidth: 10 } as const;
      return () =>
        judged(
          size,
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
