import {
  balancedFactors,
  completionLoss,
  endToEndFlow,
  type EndToEndLoss,
  factorizationLoss,
  factorSteps,
  gaussianFactors,
  groupRmsProp,
  type Matrix,
  minimumNuclearNorm,
  observedEntries,
  regressionLoss,
} from "lineament";
import { type Benchmark, type Contestant, native, wasm } from "./timing/benchmark.ts";
import { secondsOf } from "./timing/data.ts";

const normals = (rows: number, cols: number, seed: number): Matrix<Float64Array> =>
  gaussianFactors([cols, rows], { std: 1, seed })[0]!;

const variant = (label: string, name: string): Contestant => ({ label, engine: "native", variant: name });

type StepOptions = Omit<Parameters<typeof factorSteps>[3], "learningRate" | "steps">;

function factorization(n: number, kind: string | undefined): readonly [EndToEndLoss, StepOptions] {
  const target = normals(n, n, 1);
  if (kind !== "completion") return [factorizationLoss(target), kind === "momentum" ? { momentum: 0.9 } : {}];
  const everyThird = { ...target, data: target.data.map((x, at) => (at % 3 === 0 ? x : Number.NaN)) };
  return [completionLoss(observedEntries(everyThird)), {}];
}

/** Deep linear networks and matrix completion. */
export const linearBenchmarks: readonly Benchmark[] = [
  {
    id: "factorization-step",
    title: "Step of deep matrix factorization",
    what: "One step of gradient descent on three n × n factors, float64; six products. Completion: of a third of the entries, by group RMSprop",
    precision: "float64",
    sweeps: [{ along: "n", values: [125, 250, 500, 1000, 2000], at: {} }],
    quick: [{ along: "n", values: [250, 500], at: {} }],
    flops: ({ n }) => 12 * n! ** 3,
    storage: ({ n }) => 8 * 4 * n! ** 2,
    ours: [
      native,
      wasm,
      variant("native, momentum", "momentum"),
      variant("native, completion", "completion"),
    ],
    peers: ["torch"],
    async prepare(engine, { n }, kind) {
      const [loss, options] = factorization(n!, kind);
      const start = gaussianFactors([n!, n!, n!, n!], { scale: 0.1 });
      const learningRate = kind === "completion" ? groupRmsProp({ rate: 1e-6 }) : 1e-6;
      const steps = factorSteps(engine, start, loss, { learningRate, steps: 1e6, ...options });
      return async () => void (await steps.next());
    },
  },
  {
    id: "regression-step",
    title: "Step of a deep linear regression",
    what: "One step on the ℓ₄ loss of 400 rows, depth 3, one neuron a hidden layer: what a step costs beside its arithmetic",
    precision: "float64",
    sweeps: [{ along: "d", values: [5, 20, 80], at: { n: 400 } }],
    quick: [],
    ours: [native, wasm],
    peers: [],
    async prepare(engine, { n, d }) {
      const loss = regressionLoss(engine, normals(n!, d!, 1), normals(n!, 1, 2), { p: 4 });
      const start = await balancedFactors(engine, normals(1, d!, 3), { depth: 3 });
      const count = 1000;
      return async () => ({
        seconds:
          (await secondsOf(async () => {
            for await (const { outcome } of factorSteps(engine, start, loss, {
              learningRate: 1e-5,
              steps: count,
            }))
              if (outcome === "diverged") throw new Error(outcome);
          })) / count,
      });
    },
  },
  {
    id: "end-to-end-velocity",
    title: "Velocity of the end-to-end flow",
    what: "One velocity of the product matrix, n × n, depth 3, float64",
    precision: "float64",
    sweeps: [{ along: "n", values: [5, 10, 20, 40], at: {} }],
    quick: [],
    ours: [native],
    peers: [],
    async prepare(engine, { n }) {
      const loss = factorizationLoss(normals(n!, n!, 1));
      return async () => {
        let evaluations = 0;
        const seconds = await secondsOf(async () => {
          const flow = await endToEndFlow(engine, normals(n!, n!, 2), loss, { depth: 3, times: [1] });
          evaluations = flow.evaluations;
        });
        return { seconds: seconds / evaluations };
      };
    },
  },
  {
    id: "nuclear-norm",
    title: "Minimum nuclear norm",
    what: "Completion of an n × n matrix of rank 3 with half of its entries observed, float64",
    precision: "float64",
    sweeps: [{ along: "n", values: [25, 50, 100], at: {} }],
    quick: [],
    ours: [native],
    peers: [],
    async prepare(engine, { n }) {
      const [u, v] = [normals(n!, 3, 1).data, normals(n!, 3, 2).data];
      const entries = normals(n!, n!, 3);
      for (let at = 0; at < entries.data.length; at++) {
        const [i, j] = [Math.floor(at / n!), at % n!];
        const entry = [0, 1, 2].reduce((sum, r) => sum + u[3 * i + r]! * v[3 * j + r]!, 0);
        entries.data[at] = entries.data[at]! < 0 ? Number.NaN : entry;
      }
      return async () => void (await minimumNuclearNorm(engine, observedEntries(entries)));
    },
  },
];
