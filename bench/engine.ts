import type { FusedKernel } from "lineament";
import { type Benchmark, native, type Sweep, wasm } from "./timing/benchmark.ts";
import { normals, secondsOf } from "./timing/data.ts";

const squares = (values: readonly number[]): Sweep => ({ along: "n", values, at: {} });

const gemm: Benchmark = {
  id: "gemm",
  title: "Matrix product",
  what: "C = A B, all n × n, float32",
  precision: "float32",
  sweeps: [squares([500, 1000, 2000, 4000, 8000])],
  quick: [squares([500, 1000, 2000])],
  flops: ({ n }) => 2 * n! ** 3,
  traffic: ({ n }) => 12 * n! ** 2,
  storage: ({ n }) => 12 * n! ** 2,
  ours: [
    native,
    wasm,
    { label: "native, one thread", engine: "native", threads: 1 },
    { label: "wasm, one thread", engine: "wasm", threads: 1 },
  ],
  peers: ["numpy", "torch"],
  async prepare(engine, { n }) {
    const [a, b] = [normals(engine, n!, n!), normals(engine, n!, n!, "float32", 2)];
    const c = engine.allocate(n!, n!, "float32");
    return () => engine.gemm({ a, b, c });
  },
};

/** n² d flops for the inner products of pairs, n² values written. */
function gram(
  id: string,
  title: string,
  what: string,
  kernel: FusedKernel,
  peers: Benchmark["peers"],
): Benchmark {
  return {
    id,
    title,
    what: `${what} for all pairs of n rows with d columns, L = 10, float32`,
    precision: "float32",
    sweeps: [
      { along: "n", values: [1250, 2500, 5000, 10_000, 20_000], at: { d: 100 } },
      { along: "d", values: [10, 30, 100, 300, 1000], at: { n: 5000 } },
    ],
    quick: [
      { along: "n", values: [1000, 4000], at: { d: 100 } },
      { along: "d", values: [20, 400], at: { n: 2000 } },
    ],
    flops: ({ n, d }) => n! ** 2 * d!,
    traffic: ({ n, d }) => 4 * (n! ** 2 + n! * d!),
    storage: ({ n, d }) => 4 * (n! ** 2 + n! * d!),
    ours: [native, wasm],
    peers,
    async prepare(engine, { n, d }) {
      const x = normals(engine, n!, d!);
      const out = engine.allocate(n!, n!, "float32");
      return () => engine.kernelMatrix({ kernel, x: { coordinates: x }, out });
    },
  };
}

const cholesky: Benchmark = {
  id: "cholesky",
  title: "Cholesky factorization",
  what: "L Lᵀ = K + 0.1 I of a Laplace kernel matrix of 100 columns, in place, float32",
  precision: "float32",
  sweeps: [squares([1250, 2500, 5000, 10_000, 20_000])],
  quick: [squares([1000, 4000])],
  flops: ({ n }) => n! ** 3 / 3,
  traffic: ({ n }) => 4 * n! ** 2,
  storage: ({ n }) => 4 * n! ** 2,
  ours: [native, wasm],
  peers: ["numpy", "torch"],
  async prepare(engine, { n }) {
    const x = { coordinates: normals(engine, n!, 100) };
    const out = engine.allocate(n!, n!, "float32");
    const kernel = { family: "laplace", bandwidth: 10, exponent: 1 } as const;
    return async () => {
      await engine.kernelMatrix({ kernel, x, out });
      for (let i = 0; i < n!; i++) out.data[i * n! + i]! += 0.1;
      return {
        seconds: await secondsOf(async () => {
          const { outcome } = await engine.cholesky(out);
          if (outcome !== "factored") throw new Error(outcome);
        }),
      };
    };
  },
};

/** What everything else is made of. */
export const engineBenchmarks: readonly Benchmark[] = [
  gemm,
  gram(
    "gram-laplace",
    "Laplace kernel matrix",
    "exp(−‖x − z‖ / L)",
    { family: "laplace", bandwidth: 10, exponent: 1 },
    ["numpy", "torch"],
  ),
  gram(
    "gram-gaussian",
    "Gaussian kernel matrix",
    "exp(−‖x − z‖² / 2L²)",
    { family: "gaussian", bandwidth: 10 },
    ["numpy", "torch", "scikit-learn"],
  ),
  cholesky,
];
