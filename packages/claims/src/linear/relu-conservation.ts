import {
  type ActivationChoice,
  denseNetwork,
  type DenseNetwork,
  parametersOf,
  random,
  trainingSteps,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import { gaussianMatrix } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { logSlope } from "../measures/index.ts";
import { imbalanceDriftBound } from "../predictions/index.ts";

const settings = z.object({
  activation: z
    .enum(["relu", "tanh"])
    .default("relu")
    .describe("nonlinearity; tanh is not positively homogeneous"),
  learningRates: z
    .array(z.number().min(1e-5).max(0.1))
    .min(2)
    .max(8)
    .default([0.01, 0.005, 0.0025])
    .describe("steps η of gradient descent, descending"),
  duration: z.number().min(1).max(100).default(10).describe("last time T = η · steps"),
  inputs: z.int().min(1).max(50).default(5).describe("input dimension d"),
  width: z.int().min(2).max(200).default(10).describe("neurons of a hidden layer"),
  examples: z.int().min(2).max(500).default(20).describe("training examples n"),
  seed: z.int().min(0).default(0).describe("seed of data and weights"),
});

type Settings = z.output<typeof settings>;

const hiddenLayers = [1, 2] as const;
const points = 40;

/** Drift of ‖out‖² − ‖in‖² along a run. */
interface Run {
  readonly times: readonly number[];
  /** The largest over neurons, at each of these times. */
  readonly drifts: readonly number[];
  readonly startLoss: number;
  readonly endLoss: number;
}

export default claim({
  code: "LN-26",
  id: "linear/relu-conservation",
  title: "ReLU neurons keep the difference of squared weights in and out",
  statement: String.raw`For $f=\sum_ia_i\,\mathrm{ReLU}(\langle w_i,x\rangle)$ and any loss, gradient flow conserves $a_i^2-\|w_i\|^2$ for every neuron $i$,
    because the ReLU is positively homogeneous: $\langle w_i,\partial_{w_i}\ell\rangle=a_i\,\partial_{a_i}\ell$. In deep networks it is
    $\|W_{j+1}[:,i]\|^2-\|W_j[i,:]\|^2$. Gradient descent with step $\eta$ drifts by $O(\eta)$ in total, at most by
    $\eta\,(\phi(0)-\phi(T))$ to leading order. With $\tanh$ nothing is conserved.`,
  source: "Du, Hu & Lee, arXiv:1806.00900, Theorem 2.1 and Corollary 2.1",
  status: "proved",
  seconds: 3,
  settings,
  full: { learningRates: [0.01, 0.005, 0.0025, 0.00125, 0.000625], duration: 20, width: 50 },

  predict: () => ({ slope: 1 }),

  async measure(chosen, { engine, signal, progress }) {
    const { inputs, width, examples, learningRates, seed } = chosen;
    const generator = random(seed);
    const x = gaussianMatrix(examples, inputs, generator);
    const y = gaussianMatrix(examples, 1, generator);
    const network = (activation: ActivationChoice, layers: number): DenseNetwork =>
      denseNetwork(engine, {
        inputs,
        widths: Array<number>(layers).fill(width),
        activation,
        parameterization: { kind: "standard" },
      });
    const total = (hiddenLayers.length + 1) * learningRates.length;
    let done = 0;
    const runsOf = async (model: DenseNetwork): Promise<Run[]> => {
      const runs: Run[] = [];
      for (const learningRate of learningRates) {
        runs.push(await drifting(model, { x, y, learningRate, chosen, signal }));
        progress(++done / total);
      }
      return runs;
    };
    const byDepth: Run[][] = [];
    for (const layers of hiddenLayers) byDepth.push(await runsOf(network(chosen.activation, layers)));
    return { byDepth, control: await runsOf(network("tanh", 1)) };
  },

  judge({ slope }, { byDepth, control }, { learningRates, activation }) {
    const least = learningRates.length - 1;
    return verdict([
      ...byDepth.flatMap((runs, at) => {
        const where = `${activation}, ${words(hiddenLayers[at]!)}`;
        return [
          within(
            `slope of ln drift against ln η (${where})`,
            logSlope(runs.map((run, k) => ({ x: learningRates[k]!, y: endOf(run) }))),
            0.9,
            1.1,
            slope,
          ),
          atMost(
            `largest drift / η (φ(0) − φ(T)) (${where})`,
            Math.max(...runs.map((run, k) => endOf(run) / boundOf(run, learningRates[k]!))),
            1.1,
          ),
        ];
      }),
      atLeast(
        `drift with tanh / drift with ${activation}, one hidden layer, η = ${learningRates[least]!}`,
        endOf(control[least]!) / endOf(byDepth[0]![least]!),
        10,
      ),
    ]);
  },

  figures(_, { byDepth, control }, { learningRates, activation }) {
    const drifts = (runs: readonly Run[]) => runs.map((run, k) => ({ x: learningRates[k]!, y: endOf(run) }));
    const lines = [
      { label: "control: tanh, one hidden layer", runs: control },
      ...byDepth.map((runs, at) => ({ label: `${activation}, ${words(hiddenLayers[at]!)}`, runs })),
    ];
    const least = learningRates.length - 1;
    return [
      {
        name: "drift",
        title: "The drift is due to the step",
        caption: String.raw`How far $\|W_{j+1}[:,i]\|^2-\|W_j[i,:]\|^2$ is from its start after training, for the neuron that drifts most. With
          ReLU it goes to 0 like the step $\eta$, below $\eta\,(\phi(0)-\phi(T))$; with $\tanh$ it does not depend on $\eta$.`,
        spec: curves({
          x: { title: "step η", scale: "log" },
          y: { title: "largest drift at the end", scale: "log" },
          series: [
            ...lines.map(({ label, runs }) => ({
              label,
              role: "measurement" as const,
              points: drifts(runs),
            })),
            ...byDepth.map((runs, at) => ({
              label: `η (φ(0) − φ(T)), ${words(hiddenLayers[at]!)}`,
              role: "bound" as const,
              points: runs.map((run, k) => ({ x: learningRates[k]!, y: boundOf(run, learningRates[k]!) })),
            })),
          ],
        }),
      },
      {
        name: "time",
        title: "Conserved with ReLU, not with tanh",
        caption: String.raw`The largest drift of a neuron along gradient descent with $\eta=$ ${learningRates[least]!}.`,
        spec: curves({
          x: { title: "time t = η · steps" },
          y: { title: "largest drift", scale: "log" },
          series: lines.map(({ label, runs }) => ({
            label,
            role: "measurement",
            points: runs[least]!.drifts.slice(1).map((y, i) => ({ x: runs[least]!.times[i + 1]!, y })),
          })),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`$\tanh$ is not positively homogeneous: the differences drift, however small the step is.`,
    settings: { activation: "tanh" },
  },
});

/** Trains on ½ of the mean squared error. */
async function drifting(
  network: DenseNetwork,
  {
    x,
    y,
    learningRate,
    chosen: { duration, seed },
    signal,
  }: Pick<Parameters<typeof trainingSteps>[2], "x" | "y" | "learningRate" | "signal"> & {
    readonly chosen: Settings;
  },
): Promise<Run> {
  const steps = Math.max(points, Math.round(duration / learningRate));
  const start = network.initialize(seed);
  const before = differences(network, start);
  const [times, drifts, losses]: [number[], number[], number[]] = [[], [], []];
  for await (const { step, loss, parameters } of trainingSteps(network, start, {
    x,
    y,
    loss: "half-mean-squares",
    learningRate,
    steps,
    signal,
  })) {
    if (step !== Math.round((times.length * steps) / points)) continue;
    const now = differences(network, parameters);
    times.push(step * learningRate);
    drifts.push(Math.max(...now.map((value, i) => Math.abs(value - before[i]!))));
    losses.push(loss);
  }
  return { times, drifts, startLoss: losses[0]!, endLoss: losses.at(-1)! };
}

/** ‖W_{j+1}[:, i]‖² − ‖W_j[i, :]‖² of all hidden neurons. */
function differences(network: DenseNetwork, theta: Float64Array): number[] {
  const layers = parametersOf(network, theta).map(({ weights }) => weights);
  return layers.slice(1).flatMap((next, j) => {
    const { data, rows, cols } = layers[j]!;
    return Array.from({ length: rows }, (_, i) => {
      let difference = 0;
      for (let o = 0; o < next.rows; o++) difference += next.data[o * next.cols + i]! ** 2;
      for (let k = 0; k < cols; k++) difference -= data[i * cols + k]! ** 2;
      return difference;
    });
  });
}

function endOf({ drifts }: Run): number {
  return drifts.at(-1)!;
}

function boundOf({ startLoss, endLoss }: Run, learningRate: number): number {
  return imbalanceDriftBound(learningRate, startLoss, endLoss);
}

function words(layers: number): string {
  return layers === 1 ? "one hidden layer" : `${layers} hidden layers`;
}
