import type { DenseLayer } from "lineament";
import { type Benchmark, native, type Size, wasm } from "./timing/benchmark.ts";
import { normals } from "./timing/data.ts";

const relu = { form: "piecewise-linear", negative: 0, positive: 1 } as const;
const dense: DenseLayer = { weightVariance: 2, biasVariance: 0, weightRate: 1, biasRate: 1 };

function network({ layers }: Size): DenseLayer[] {
  return [...Array.from({ length: layers! }, () => ({ ...dense, activation: relu })), dense];
}

const shared = {
  flops: ({ n, d }: Size) => n! ** 2 * d!,
  ours: [native, wasm],
};

/** Kernels of infinitely wide networks. What they cost above the inner products is n² activations a layer. */
export const infiniteBenchmarks: readonly Benchmark[] = [
  {
    ...shared,
    id: "ntk",
    title: "Neural tangent kernel",
    what: "NNGP and NTK matrices of an infinitely wide relu network, float64",
    precision: "float64",
    sweeps: [
      { along: "n", values: [1000, 2000, 4000, 8000], at: { d: 100, layers: 3 } },
      { along: "d", values: [25, 100, 400, 1600], at: { n: 4000, layers: 3 } },
      { along: "layers", values: [1, 3, 10], at: { n: 4000, d: 100 } },
    ],
    quick: [{ along: "n", values: [1000, 2000], at: { d: 100, layers: 3 } }],
    traffic: ({ n }) => 16 * n! ** 2,
    storage: ({ n, d }) => 16 * n! ** 2 + 8 * n! * d!,
    peers: ["numpy"],
    async prepare(engine, size) {
      const x = normals(engine, size.n!, size.d!, "float64");
      const [nngp, ntk] = [0, 1].map(() => engine.allocate(size.n!, size.n!, "float64"));
      return () => engine.denseKernels({ x, layers: network(size), scale: 1 / size.d!, nngp, ntk });
    },
  },
  {
    ...shared,
    id: "ntk-derivatives",
    title: "Derivatives of the neural tangent kernel",
    what: "Derivatives of the NTK by the covariances and variances of the inputs, float64",
    precision: "float64",
    sweeps: [{ along: "n", values: [1000, 2000, 4000], at: { d: 100, layers: 3 } }],
    quick: [],
    traffic: ({ n }) => 16 * n! ** 2,
    storage: ({ n, d }) => 16 * n! ** 2 + 8 * n! * d!,
    peers: [],
    async prepare(engine, size) {
      const x = normals(engine, size.n!, size.d!, "float64");
      const [byCovariance, byVariance] = [0, 1].map(() => engine.allocate(size.n!, size.n!, "float64"));
      const derivatives = { of: "ntk", byCovariance: byCovariance!, byVariance: byVariance! } as const;
      return () => engine.denseKernels({ x, layers: network(size), scale: 1 / size.d!, derivatives });
    },
  },
  {
    ...shared,
    id: "ntk-float32",
    title: "Neural tangent kernel of many rows",
    what: "The NTK matrix alone, stored in float32",
    precision: "float32",
    sweeps: [{ along: "n", values: [5000, 10_000, 20_000], at: { d: 100, layers: 3 } }],
    quick: [],
    traffic: ({ n }) => 4 * n! ** 2,
    storage: ({ n, d }) => 4 * (n! ** 2 + n! * d!),
    peers: [],
    async prepare(engine, size) {
      const x = normals(engine, size.n!, size.d!);
      const ntk = engine.allocate(size.n!, size.n!, "float32");
      return () => engine.denseKernels({ x, layers: network(size), scale: 1 / size.d!, ntk });
    },
  },
];
