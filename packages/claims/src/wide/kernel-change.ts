import {
  denseNetwork,
  type Engine,
  matrix,
  type Matrix,
  type Network,
  random,
  tangentKernel,
  train,
} from "lineament";
import { z } from "zod";
import { atMost, claim, verdict, within } from "../claim.ts";
import { rowsOf, spherePoints, type TwoLayerStart, twoLayerStart } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { averaged, distance, logSlope, mean, powerLawThrough } from "../measures/index.ts";
import { nonlinearities, twoLayerDerivatives } from "../predictions/index.ts";

const widths = (most: number, widest: number) =>
  z
    .array(z.int().min(16).max(65_536))
    .min(2)
    .max(most)
    .default([64, 256, 1024, 4096, 16_384].filter((width) => width <= widest));

const settings = z.object({
  dimension: z.int().min(2).max(100).default(10).describe("input dimension d"),
  widths: widths(8, 16_384).describe("neurons m of the networks that are displaced by a unit vector"),
  draws: z.int().min(1).max(200).default(20).describe("networks of each width that are displaced"),
  trainedWidths: widths(6, 4096).describe("neurons m of the networks that are trained"),
  trained: z.int().min(1).max(20).default(3).describe("networks of each width that are trained"),
  samples: z.int().min(2).max(100).default(20).describe("training points n"),
  steps: z.int().min(10).max(20_000).default(2000).describe("steps of gradient descent"),
  scale: z
    .number()
    .min(0.5)
    .max(1)
    .default(0.5)
    .describe("a of the output scale m^−a of the networks that are trained"),
  seed: z.int().min(0).default(0).describe("seed of inputs and networks"),
});

type Chosen = z.output<typeof settings>;

/** From this width on the first order is to be enough. */
const wideEnough = 256;

export default claim({
  code: "WN-02",
  id: "wide/kernel-change",
  title: "Training changes the kernel of a wide network by less than the worst direction does",
  statement: String.raw`Within a unit ball about its start the tangent kernel $K=\|\nabla f\|^2$ of a network of width $m$ can change by as much as
    $\Delta K\approx2\,\|Hg\|\propto m^{-1/2}$, $g=\nabla f$, namely in the direction of $Hg$. In the direction of the gradient it changes by
    $1/m$ only, because $g^\top Hg$ is a sum of $m$ terms of random signs, and so it does when gradient descent fits labels,
    $\|K_T-K_0\|/\|K_0\|\propto1/m$, while the weights move equally far at every width. The bound $m^{-1/2}$ of the theory is a worst case:
    training does not show it.`,
  source: "Liu, Zhu & Belkin, arXiv:2010.01092",
  status: "checked",
  seconds: 20,
  settings,
  full: { draws: 100, trained: 10 },

  predict: (chosen) => ({
    /** 2 ‖Hg‖ / K by closed form: by width, the mean of the draws. */
    worst: displaced(chosen).map(({ width, draws }) =>
      averaged(
        width,
        draws.map(({ x, start }) => {
          const network = { weights: rowsOf(start.weights), readout: Array.from(start.readout) };
          const { gradient, hessianGradient } = twoLayerDerivatives(
            network,
            Array.from(x.data),
            nonlinearities.tanh,
          );
          return (2 * hessianGradient) / gradient ** 2;
        }),
      ),
    ),
    exponents: { worst: -1 / 2, gradient: -1, training: -1 },
  }),

  async measure(chosen, { engine, signal, progress }) {
    const { dimension, samples, trainedWidths, trained, seed } = chosen;
    const changes = { worst: [] as Point[], gradient: [] as Point[] };
    for (const { width, draws } of displaced(chosen)) {
      const network = denseNetwork(engine, { inputs: dimension, widths: [width], activation: "tanh" });
      const found = [];
      for (const { x, start } of draws) found.push(await kernelChanges(network, start.parameters, x));
      for (const direction of ["worst", "gradient"] as const)
        changes[direction].push(
          averaged(
            width,
            found.map((change) => change[direction]),
          ),
        );
      signal.throwIfAborted();
    }
    const generator = random(seed);
    const work = trained * trainedWidths.reduce((sum, width) => sum + width, 0);
    let done = 0;
    const runs: TrainedRun[] = [];
    for (let run = 0; run < trained; run++) {
      const x = spherePoints(samples, dimension, generator);
      for (const width of trainedWidths) {
        const { parameters } = twoLayerStart(width, dimension, generator);
        runs.push({ width, ...(await trainedChange(engine, parameters, x, chosen, signal)) });
        done += width;
        progress(done / work, `m = ${width}`);
      }
    }
    const byWidth = (of: (run: TrainedRun) => number): Point[] =>
      trainedWidths.map((width) => averaged(width, runs.filter((run) => run.width === width).map(of)));
    const training = byWidth(({ change }) => change);
    const movement = byWidth(({ moved }) => moved);
    return { ...changes, training, movement };
  },

  judge({ worst, exponents }, measured, { steps }) {
    const distances = measured.movement.map(({ y }) => y);
    return verdict([
      within(
        "slope of ln(ΔK/K) against ln m, direction Hg",
        logSlope(measured.worst),
        -0.6,
        -0.42,
        exponents.worst,
      ),
      ...measured.worst.flatMap(({ x, y }, at) =>
        x < wideEnough ? [] : [within(`ΔK / 2‖Hg‖, direction Hg, m = ${x}`, y / worst[at]!.y, 0.85, 1.15, 1)],
      ),
      atMost(
        "slope of ln(|ΔK|/K) against ln m, direction g",
        logSlope(measured.gradient),
        -0.85,
        exponents.gradient,
      ),
      atMost(
        `slope of ln(‖K_T − K₀‖/‖K₀‖) against ln m, ${steps} steps of training`,
        logSlope(measured.training),
        -0.7,
        exponents.training,
      ),
      atMost(
        "largest / smallest distance of trained weights from their start",
        Math.max(...distances) / Math.min(...distances),
        1.3,
        1,
      ),
    ]);
  },

  figures({ worst, exponents }, measured, { draws, trained, steps, samples }) {
    return [
      {
        name: "change",
        title: "Change of the tangent kernel against width",
        caption: String.raw`Means of ${draws} networks that are displaced by a unit vector, and of ${trained} that fit ${samples} labels in ${steps} steps; bars: standard
          error. The line of the worst direction is the closed form $2\|Hg\|/K$ with no constant fitted. The other lines have slope $-1$,
          and their heights are fitted.`,
        spec: curves({
          x: { title: "neurons m", scale: "log" },
          y: { title: "relative change of the kernel", scale: "log" },
          series: [
            {
              label: "worst direction Hg",
              role: "prediction",
              points: worst.map(({ x, y }) => ({ x, y })),
            },
            { label: "worst direction Hg", role: "measurement", points: measured.worst },
            ...(["gradient", "training"] as const).flatMap((name) => {
              const label = { gradient: "direction of the gradient", training: "training" }[name];
              const points = measured[name];
              return [
                { label, role: "prediction" as const, points: powerLawThrough(points, exponents[name]) },
                { label, role: "measurement" as const, points },
              ];
            }),
          ],
        }),
      },
      {
        name: "movement",
        title: "Distance of trained weights from their start",
        caption: String.raw`$\|w_T-w_0\|$ after ${steps} steps. It is no smaller in wide networks: not the distance vanishes, but the curvature. The line is
          the mean.`,
        spec: curves({
          x: { title: "neurons m", scale: "log" },
          y: {
            title: "distance ‖w − w₀‖",
            domain: [0, 1.3 * Math.max(...measured.movement.map(({ y }) => y))],
          },
          series: [
            {
              label: "training",
              role: "prediction",
              points: measured.movement.map(({ x }) => ({ x, y: mean(measured.movement.map(({ y }) => y)) })),
            },
            { label: "training", role: "measurement", points: measured.movement },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`With the output scale $1/m$ instead of $1/\sqrt m$ weights must move $\sqrt m$ times as far to fit the labels, and the kernel of wide
      networks changes as much as that of narrow ones.`,
    settings: { scale: 1, widths: [64, 256, 1024], trainedWidths: [64, 256, 1024], trained: 1, steps: 500 },
  },
});

type Point = ReturnType<typeof averaged>;

interface Drawn {
  readonly x: Matrix<Float64Array>;
  readonly start: TwoLayerStart;
}

/** By width: networks and inputs, the same for whoever asks. */
function displaced({ dimension, widths, draws, seed }: Chosen): { width: number; draws: Drawn[] }[] {
  const generator = random(seed);
  return widths.map((width) => ({
    width,
    draws: Array.from({ length: draws }, () => ({
      x: spherePoints(1, dimension, generator),
      start: twoLayerStart(width, dimension, generator),
    })),
  }));
}

/** |K(w + u) − K(w)|/K(w) at one input, for u = Hg/‖Hg‖ and for u = g/‖g‖. */
async function kernelChanges(
  network: Network,
  theta: Float64Array,
  x: Matrix<Float64Array>,
): Promise<{ readonly worst: number; readonly gradient: number }> {
  const one = matrix(Float64Array.of(1), 1, 1);
  const gradientAt = async (at: Float64Array): Promise<Float64Array> =>
    (await network.pullback(at, x)).pull(one);
  const g = await gradientAt(theta);
  const kernel = squared(g);
  const change = async (direction: Float64Array): Promise<number> => {
    const length = Math.sqrt(squared(direction));
    const moved = await gradientAt(theta.map((value, k) => value + direction[k]! / length));
    return Math.abs(squared(moved) / kernel - 1);
  };
  return { worst: await change(await network.curvature(theta, x, one, g)), gradient: await change(g) };
}

function squared(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value ** 2;
  return sum;
}

interface TrainedRun {
  readonly width: number;
  /** ‖K_T − K_0‖/‖K_0‖ at the training points. */
  readonly change: number;
  /** ‖w_T − w_0‖. */
  readonly moved: number;
}

/** Fits y = sgn x_1 by gradient descent on (1/2n) Σ (f − y)² with η = n/λ_max(K_0). */
async function trainedChange(
  engine: Engine,
  start: Float64Array,
  x: Matrix<Float64Array>,
  { dimension, samples: n, steps, scale }: Chosen,
  signal: AbortSignal,
): Promise<Omit<TrainedRun, "width">> {
  const width = start.length / (dimension + 1);
  const y = matrix(
    Float64Array.from({ length: n }, (_, i) => Math.sign(x.data[i * dimension]!)),
    n,
    1,
  );
  const slope = width ** (1 / 2 - scale);
  const network = denseNetwork(engine, {
    inputs: dimension,
    widths: [width],
    activation: "tanh",
    outputActivation: { name: "piecewise-linear", negative: slope, positive: slope },
  });
  const { kernel: first } = await tangentKernel(network, start, x);
  const size = await spectralNorm(engine, first);
  const { parameters } = await train(network, start, {
    x,
    y,
    loss: "half-mean-squares",
    learningRate: n / size,
    steps,
    signal,
  });
  const { kernel: last } = await tangentKernel(network, parameters, x);
  const difference = { ...last, data: last.data.map((value, k) => value - first.data[k]!) };
  return {
    change: (await spectralNorm(engine, difference)) / size,
    moved: distance(parameters, start),
  };
}

/** ‖A‖ of a symmetric matrix. */
async function spectralNorm(engine: Engine, a: Matrix<Float64Array>): Promise<number> {
  const { values } = await engine.eigenSymmetric({ ...a, data: a.data.slice() });
  return Math.max(Math.abs(values[0]!), Math.abs(values.at(-1)!));
}
