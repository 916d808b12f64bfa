import {
  activationFunctions,
  denseNetwork,
  type DenseNetwork,
  type Matrix,
  parametersOf,
  random,
  train,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { gaussianMatrix, randomSigns, spherePoints } from "../data/index.ts";
import { curves, heatMap } from "../figures/index.ts";
import { column, mean } from "../measures/index.ts";

const settings = z.object({
  dimension: z.int().min(2).max(50).default(5).describe("input dimension d"),
  width: z.int().min(2).max(64).default(8).describe("neurons N of the network"),
  teacherWidth: z.int().min(1).max(64).default(3).describe("neurons of the network that makes the labels"),
  samples: z.int().min(5).max(200).default(20).describe("training points n"),
  activation: z
    .enum(["tanh", "erf", "relu"])
    .default("tanh")
    .describe("nonlinearity; relu is not odd: flipping signs changes the network"),
  rate: z.number().min(0.001).max(0.1).default(0.05).describe("step of gradient descent on ‖f − y‖²/2n"),
  steps: z.int().min(100).max(200_000).default(20_000).describe("steps of gradient descent"),
  seed: z.int().min(0).default(0).describe("seed of points, teacher and network"),
});

/** Places along a segment between two minima. */
const along = Array.from({ length: 41 }, (_, i) => i / 40);

/** Multiples u, v of the slice u θ + v πθ. */
const multiples = Array.from({ length: 29 }, (_, i) => (i - 14) / 10);

export default claim({
  code: "LZ-22",
  id: "linearized/non-convex-landscape",
  title: "The loss of a network is not convex: its minima have copies, and hills between them",
  statement: String.raw`Permuting the neurons of $f=\gamma\sum_ia_i\sigma(\langle w_i,x\rangle)$ maps a global minimum $\theta$ of the loss to another one, $\pi\theta$, and
    halfway between them the loss is generically larger. For odd $\sigma$ so does flipping all signs, $\theta\mapsto-\theta$; halfway is
    $\theta=0$, where the loss is $\frac1n\|y\|^2$ exactly. So the loss is not convex wherever training goes below that.`,
  source: "Lecture 11: Linearized Networks, §1 and Figure 1a",
  status: "proved",
  seconds: 3,
  settings,

  predict(chosen) {
    const { y } = examples(chosen);
    return { lossAtZero: mean(y.data.map((label) => label ** 2)) };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { dimension, width, activation, rate, steps, seed } = chosen;
    const { x, y } = examples(chosen);
    const network = denseNetwork(engine, {
      inputs: dimension,
      widths: [width],
      activation,
      parameterization: { kind: "scaled", gamma: 1 / Math.sqrt(width) },
    });
    const { parameters: theta, outcome } = await train(network, network.initialize(seed), {
      x,
      y,
      loss: "half-mean-squares",
      learningRate: rate,
      steps,
      signal,
    });
    if (outcome === "diverged")
      throw new RangeError(`non-convex-landscape: training diverged with rate = ${rate}; give a smaller one`);
    progress(0.7, "looking around");

    const permuted = nextNeurons(network, theta);
    const flipped = theta.map((value) => -value);
    const loss = async (at: Float64Array): Promise<number> => {
      signal.throwIfAborted();
      return meanSquare(await network.value(at, x), y);
    };
    const segment = (end: Float64Array): Promise<number[]> =>
      inTurn(along, (t) => loss(theta.map((value, p) => (1 - t) * value + t * end[p]!)));
    return {
      permutation: await segment(permuted),
      signFlip: await segment(flipped),
      slice: await inTurn(multiples.toReversed(), (v) =>
        inTurn(multiples, (u) => loss(theta.map((value, p) => u * value + v * permuted[p]!))),
      ),
    };
  },

  judge({ lossAtZero }, { permutation, signFlip }) {
    const end = permutation[0]!;
    return verdict([
      atLeast("loss halfway to −θ / loss at the ends", middle(signFlip) / end, 10),
      atLeast("loss halfway to πθ / loss at the ends", middle(permutation) / end, 1),
      atMost("difference of the losses of θ and πθ", Math.abs(permutation.at(-1)! - end), 1e-12, 0),
      atMost("difference of the losses of θ and −θ", Math.abs(signFlip.at(-1)! - end), 1e-12, 0),
      atMost(
        "difference of the loss halfway to −θ from ‖y‖²/n",
        Math.abs(middle(signFlip) - lossAtZero),
        1e-12,
        0,
      ),
    ]);
  },

  figures({ lossAtZero }, { permutation, signFlip, slice }, { width }) {
    const zero = multiples.indexOf(0);
    const [plus, minus] = [multiples.indexOf(1), multiples.indexOf(-1)];
    const row = (v: number): number => multiples.length - 1 - v;
    return [
      {
        name: "segments",
        title: "Loss along straight lines between equal minima",
        caption: String.raw`From the trained network $\theta$ to the same network with its ${width} neurons permuted, and to the one with all signs
          flipped. A convex loss would stay at or below its values at the ends (dashed). Halfway to $-\theta$ the network is 0 and its
          loss $\frac1n\|y\|^2$.`,
        spec: curves({
          x: { title: "part of the way from θ" },
          y: { title: "mean squared loss (labels squared)" },
          series: [
            {
              label: "loss of the network f = 0",
              role: "prediction",
              points: [0, 1].map((x) => ({ x, y: lossAtZero })),
            },
            { label: "to −θ, signs flipped", role: "measurement", points: pointsOf(signFlip) },
            { label: "to πθ, neurons permuted", role: "measurement", points: pointsOf(permutation) },
            {
              label: "limit for convex functions",
              role: "bound",
              points: [0, 1].map((x) => ({ x, y: permutation[0]! })),
            },
          ],
        }),
      },
      {
        name: "slice",
        title: "Loss in the plane of the minima",
        caption: String.raw`Loss of the networks with parameters $u\,\theta+v\,\pi\theta$, logarithmic, from white (a
          three-hundredth of the loss at 0, or less) on. The plane holds four equal minima, $\pm\theta$ and $\pm\pi\theta$, around a hill
          at 0.`,
        spec: heatMap({
          x: { title: "u, multiple of θ", labels: multiples },
          y: { title: "v, multiple of πθ", labels: multiples.toReversed() },
          values: slice,
          value: {
            title: "mean squared loss (labels squared)",
            scale: "log",
            domain: [lossAtZero / 300, Math.max(...slice.flat())],
          },
          marks: [
            { row: row(zero), column: plus, text: "θ" },
            { row: row(zero), column: minus, text: "−θ" },
            { row: row(plus), column: zero, text: "πθ" },
            { row: row(minus), column: zero, text: "−πθ" },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`ReLU is not odd: the network with all signs flipped is another function, and no minimum.`,
    settings: { activation: "relu" },
  },
});

/** Points on the sphere, and what a small network with a_k = ±1 makes of them. */
function examples({ dimension: d, teacherWidth, samples, activation, seed }: z.output<typeof settings>): {
  readonly x: Matrix<Float64Array>;
  readonly y: Matrix<Float64Array>;
} {
  const generator = random(seed);
  const x = spherePoints(samples, d, generator);
  const weights = gaussianMatrix(teacherWidth, d, generator, { std: 1 / Math.sqrt(d) });
  const signs = randomSigns(teacherWidth, generator);
  const { value } = activationFunctions({ name: activation });
  const y = Float64Array.from({ length: samples }, (_, i) =>
    signs.reduce((sum, sign, k) => {
      let z = 0;
      for (let j = 0; j < d; j++) z += weights.data[k * d + j]! * x.data[i * d + j]!;
      return sum + sign * value(z);
    }, 0),
  );
  return { x, y: column(y) };
}

/** The same network with every neuron in the place of the one before it. */
function nextNeurons(network: DenseNetwork, theta: Float64Array): Float64Array {
  const moved = theta.slice();
  const [from, to] = [parametersOf(network, theta), parametersOf(network, moved)];
  const { rows, cols, data } = from[0]!.weights;
  for (let i = 0; i < rows; i++) {
    const next = (i + 1) % rows;
    to[0]!.weights.data.set(data.subarray(next * cols, (next + 1) * cols), i * cols);
    to[1]!.weights.data[i] = from[1]!.weights.data[next]!;
  }
  return moved;
}

function meanSquare(f: Matrix<Float64Array>, y: Matrix<Float64Array>): number {
  return mean(f.data.map((value, i) => (value - y.data[i]!) ** 2));
}

async function inTurn<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await act(item));
  return results;
}

function middle(losses: readonly number[]): number {
  return losses[(losses.length - 1) / 2]!;
}

function pointsOf(losses: readonly number[]): { x: number; y: number }[] {
  return losses.map((y, i) => ({ x: along[i]!, y }));
}
