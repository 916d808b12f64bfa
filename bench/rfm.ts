import { fitFeatureMachine, parseFitOptions, RidgeSystem } from "lineament";
import { type Benchmark, native, type Size, type Sweep, wasm } from "./timing/benchmark.ts";
import { regressionProblem, table, twoTerms } from "./timing/data.ts";

const updates = 5;
/** Rows that the metric is learned from in the variant "schedule". */
const metricRows = 1500;

const kernelRidge: Benchmark = {
  id: "kernel-ridge",
  title: "Kernel ridge regression",
  what: "(K + I) a = y with a Gaussian kernel, L = 10: kernel matrix, factorization and solution, float32 (scikit-learn: float64)",
  precision: "float32",
  sweeps: [
    { along: "n", values: [1250, 2500, 5000, 10_000, 20_000], at: { d: 100 } },
    { along: "d", values: [10, 30, 100, 300, 1000], at: { n: 5000 } },
  ],
  quick: [{ along: "n", values: [1000, 3000], at: { d: 100 } }],
  flops: ({ n, d }) => n! ** 3 / 3 + n! ** 2 * d! + 2 * n! ** 2,
  traffic: ({ n }) => 3 * 4 * n! ** 2,
  storage: ({ n, d }) => 4 * (n! ** 2 + n! * d!),
  ours: [native, wasm],
  peers: ["numpy", "torch", "scikit-learn"],
  async prepare(engine, { n, d }) {
    const { x, y } = table(n!, d!, twoTerms);
    const k = engine.allocate(n!, n!, "float32");
    return async () => {
      await engine.kernelMatrix({
        kernel: { family: "gaussian", bandwidth: 10 },
        x: { coordinates: x },
        out: k,
      });
      const system = new RidgeSystem(engine, k);
      await system.factor(1);
      await system.solve(y, 0);
    };
  },
};

const alongRows = (d: number): Sweep => ({ along: "n", values: [2000, 5000, 10_000], at: { d } });
const validationRows = ({ n }: Size): number => n! / 4;

const rfm: Benchmark = {
  id: "rfm",
  title: "Recursive feature machine",
  what: `${updates} metric updates and ${updates + 1} solves: y = x₀x₁ + sin 3x₂ + 0.1 ε, Laplace kernel, L = 10, λ = 10⁻³, full metric, float32, n training and n/4 validation rows. By schedule, the metric is learned on ${metricRows} rows`,
  precision: "float32",
  sweeps: [
    alongRows(20),
    alongRows(100),
    alongRows(400),
    { along: "d", values: [20, 50, 100, 400], at: { n: 5000 } },
    { along: "d", values: [20, 100, 400], at: { n: 10_000 } },
  ],
  quick: [{ along: "n", values: [1000, 2000], at: { d: 20 } }],
  // A solve: kernel matrix n² d, factorization, validation; an update: derivative weights and gradients of all pairs, their products.
  flops: (size) => {
    const [n, d, held] = [size.n!, size.d!, validationRows(size)];
    return (
      (updates + 1) * (n ** 3 / 3 + n ** 2 * d + 2 * n * held * d) + updates * (4 * n ** 2 * d + n * d ** 2)
    );
  },
  uncounted: ["native, by schedule"],
  traffic: ({ n }) => (updates + 1) * 3 * 4 * n! ** 2,
  storage: (size) => 4 * (size.n! ** 2 + (size.n! + validationRows(size)) * size.d!),
  ours: [native, { label: "native, by schedule", engine: "native", variant: "schedule" }, wasm],
  peers: ["xrfm"],
  published: {
    label: "xRFM 0.4.4, published",
    seconds: { "n=2000 d=20": 2.14, "n=5000 d=50": 8.95, "n=10000 d=100": 29.6 },
  },
  async prepare(engine, size, variant) {
    // The machine holds a fifth of its rows out, so that it learns from n.
    const problem = regressionProblem(table(size.n! + validationRows(size), size.d!, twoTerms));
    const options = parseFitOptions({
      machine: {
        kernel: { family: "laplace", bandwidth: 10 },
        ridge: 1e-3,
        iterations: updates,
        refit: false,
        stopFactor: 1e9,
        ...(variant === "schedule" ? { metricRows: Math.min(metricRows, size.n!) } : {}),
      },
    });
    return async () => ({
      score: 1 - (await fitFeatureMachine(engine, problem, options)).state.summary.loss,
    });
  },
};

/** Machines that solve with all pairs of rows. */
export const machineBenchmarks: readonly Benchmark[] = [kernelRidge, rfm];
