import {
  denseNetwork,
  lossHessianProduct,
  tangentKernel,
  type TangentKernelOptions,
  trainingSteps,
} from "lineament";
import { type Benchmark, native, type Size, wasm } from "./timing/benchmark.ts";
import { normals64, secondsOf } from "./timing/data.ts";

const ours = [native, wasm];

/** Steps a run, where one is too short to be timed. */
const stepsOf = ({ n, d, width }: Size): number => Math.max(5, Math.round(2e7 / (n! * d! * width!)));

/** Seconds of one step of gradient descent of a two-layer relu network on n rows. */
const trainingStep: Benchmark["prepare"] = async (engine, size) => {
  const [n, d, width] = [size.n!, size.d!, size.width!];
  const network = denseNetwork(engine, { inputs: d, widths: [width] });
  const [x, y] = [normals64(engine, n, d), normals64(engine, n, 1, 2)];
  const count = stepsOf(size);
  return async () => ({
    seconds:
      (await secondsOf(async () => {
        const options = { x, y, learningRate: 1e-6, steps: count };
        for await (const { outcome } of trainingSteps(network, network.initialize(0), options))
          if (outcome === "diverged") throw new Error(outcome);
      })) /
      (count + 1),
  });
};

/** Finite networks: training steps, tangent kernels, Hessian products. */
export const networkBenchmarks: readonly Benchmark[] = [
  {
    id: "training-step",
    title: "Training step",
    what: "One step of gradient descent of a two-layer relu network, float64",
    precision: "float64",
    sweeps: [
      { along: "width", values: [64, 256, 1024, 4096], at: { n: 256, d: 784 } },
      { along: "width", values: [64, 256, 1024, 4096], at: { n: 20, d: 10 } },
    ],
    quick: [{ along: "width", values: [64, 1024], at: { n: 256, d: 784 } }],
    flops: ({ n, d, width }) => 4 * n! * d! * width! + 4 * n! * width!,
    traffic: ({ n, d, width }) => 8 * (n! * d! + 3 * width! * d!),
    storage: ({ n, d, width }) => 8 * (n! * d! + width! * d! + n! * width!),
    ours,
    peers: ["torch"],
    prepare: trainingStep,
  },
  {
    id: "tangent-kernel",
    title: "Tangent kernel of a finite network",
    what: "All pairs of n rows through d–300–300–1, relu, float64, by three methods",
    precision: "float64",
    sweeps: [{ along: "n", values: [32, 64, 128, 256], at: { d: 10 } }],
    quick: [{ along: "n", values: [32, 64], at: { d: 10 } }],
    storage: ({ n }) => 8 * n! ** 2,
    ours: (["structured", "jacobian", "products"] as const).map((variant) => ({
      label: variant,
      engine: "native",
      variant,
    })),
    peers: [],
    async prepare(engine, { n, d }, variant) {
      const network = denseNetwork(engine, { inputs: d!, widths: [300, 300] });
      const [theta, x] = [network.initialize(0), normals64(engine, n!, d!)];
      const method = variant as NonNullable<TangentKernelOptions["method"]>;
      return async () => void (await tangentKernel(network, theta, x, undefined, { method }));
    },
  },
  {
    id: "hessian-product",
    title: "Hessian product",
    what: "The Hessian of the loss of d–width–1, tanh, on n rows, times a vector, float64",
    precision: "float64",
    sweeps: [{ along: "width", values: [256, 1024, 4096], at: { n: 256, d: 10 } }],
    quick: [],
    ours,
    peers: [],
    async prepare(engine, { n, d, width }) {
      const network = denseNetwork(engine, { inputs: d!, widths: [width!], activation: "tanh" });
      const [x, y] = [normals64(engine, n!, d!), normals64(engine, n!, 1, 2)];
      const product = await lossHessianProduct(network, network.initialize(0), x, y);
      const v = network.initialize(1);
      return async () => void (await product(v));
    },
  },
];
