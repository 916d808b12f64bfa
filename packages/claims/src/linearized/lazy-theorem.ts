import {
  denseNetwork,
  type Engine,
  linearize,
  type Matrix,
  type Model,
  random,
  tangentKernel,
  trainingSteps,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { randomSigns, rowsOf, spherePoints } from "../data/index.ts";
import type { Figure, Series } from "../figure.ts";
import { curves } from "../figures/index.ts";
import { distance, logExcess } from "../measures/index.ts";
import {
  curvatureBound,
  gaussianExpectation,
  jacobianLipschitz,
  kernelModes,
  type LazyBounds,
  lazyTheorem,
  tangentGram,
} from "../predictions/index.ts";

const settings = z
  .object({
    samples: z.int().min(2).max(50).default(5).describe("training points n"),
    dimension: z.int().min(2).max(200).default(20).describe("input dimension d"),
    width: z.int().min(2).max(200_000).multipleOf(2).default(1000).describe("neurons N"),
    label: z
      .number()
      .min(0.001)
      .max(100)
      .default(0.05)
      .describe("size of the labels, ± this: small enough for the condition at nearly every data set"),
    largerLabel: z.number().min(0.001).max(100).default(1).describe("size of the labels of further networks"),
    largerWidths: z
      .array(z.int().min(2).max(200_000).multipleOf(2))
      .max(6)
      .default([1000, 4000])
      .describe("neurons N of further networks; the condition is not demanded of them, the bounds are"),
    rate: z
      .number()
      .min(0.001)
      .max(0.5)
      .default(0.1)
      .describe(
        "step of gradient descent, in units of 1/(γ²σ_max²): small, as the theorem is about gradient flow",
      ),
    steps: z.int().min(20).max(10_000).default(400).describe("steps of gradient descent"),
    seed: z.int().min(0).default(0).describe("seed of points, labels and networks"),
  })
  .refine(({ samples, dimension }) => samples <= dimension, {
    path: ["samples"],
    message: "it must be at most the dimension, where σ_min is far from rounding",
  });

type Settings = z.output<typeof settings>;

export default claim({
  code: "LZ-18",
  id: "linearized/lazy-theorem",
  title: "A network with a large output scale trains like its linearization, with explicit constants",
  statement: String.raw`Train $\gamma f_\theta$ by gradient flow on $\hat L=\frac12\|\gamma f_\theta-y\|^2$. Let $\sigma_{\min}$ and $\sigma_{\max}$ be
    singular values of the Jacobian $J_0$ at the start, and $\|J_\theta-J_{\theta'}\|\le\beta\,\|\theta-\theta'\|$. If
    $$\gamma\ \ge\ \sqrt{288}\;\beta\,\sigma_{\max}\sqrt{\hat L_0}\,/\,\sigma_{\min}^3,$$
    then at all times the losses of the network and of its linearization are at most $\hat L_0\,e^{-\gamma^2\sigma_{\min}^2t/2}$, and neither's
    parameters move farther than $3\sqrt8\,\sigma_{\max}\sqrt{\hat L_0}/(\gamma\sigma_{\min}^2)$. The loss of the linearization is even at most
    $\hat L_0\,e^{-2\gamma^2\sigma_{\min}^2t}$.`,
  source: "Lecture 11: Linearized Networks, §2; Chizat, Oyallon & Bach, arXiv:1812.07956",
  status: "proved",
  seconds: 3,
  settings,
  full: { largerWidths: [1000, 4000, 16_000, 64_000] },

  predict(chosen) {
    const x = rowsOf(problem(chosen).x);
    const { values } = kernelModes(
      tangentGram(
        x,
        gaussianExpectation((u) => 1 - Math.tanh(u) ** 2),
      ),
    );
    return {
      beta: jacobianLipschitz(x, curvatureBound.tanh).spectral,
      /** σ²/N as N → ∞. */
      limits: { least: values[0]!, most: values.at(-1)! },
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { width, label, largerWidths, largerLabel, seed } = chosen;
    const plan = [{ width, label }, ...largerWidths.map((wider) => ({ width: wider, label: largerLabel }))];
    const work = plan.reduce((sum, one) => sum + one.width, 0);
    let done = 0;
    const runs: Run[] = [];
    for (const [at, one] of plan.entries()) {
      const before = done;
      done += one.width;
      runs.push(
        await training(engine, { ...chosen, ...one }, seed + 1 + at, signal, (part) =>
          progress((before + part * one.width) / work, `N = ${one.width}, labels ±${one.label}`),
        ),
      );
    }
    return runs;
  },

  judge({ beta }, runs) {
    const first = lazyTheorem({ beta, ...runs[0]! });
    return verdict([
      atLeast(
        `γσ_min³ / (βσ_max √L_0), N = ${runs[0]!.width}, labels ±${runs[0]!.label}`,
        first.ratio,
        Math.sqrt(288),
      ),
      ...runs.flatMap((run) => {
        const bounds = lazyTheorem({ beta, ...run });
        const of = `N = ${run.width}, labels ±${run.label}`;
        const excess = ({ losses }: Trajectory, bound: (t: number) => number): number =>
          logExcess(losses, (k) => bound(k * run.step));
        return [
          atMost(`largest ln(loss / bound), network, ${of}`, excess(run.network, bounds.loss), 1e-9),
          atMost(`largest ln(loss / bound), linearization, ${of}`, excess(run.linearized, bounds.loss), 1e-9),
          atMost(
            `largest ln(loss / its own bound), linearization, ${of}`,
            excess(run.linearized, bounds.linearizedLoss),
            1e-9,
          ),
          ...(["network", "linearized"] as const).map((model) =>
            atMost(
              `largest distance from the start / bound, ${model === "network" ? model : "linearization"}, ${of}`,
              Math.max(...run[model].distances) / bounds.radius,
              1,
            ),
          ),
        ];
      }),
    ]);
  },

  figures({ beta, limits }, runs) {
    const [run, ...larger] = runs;
    const bounds = lazyTheorem({ beta, ...run! });
    const ratio = (width: number): number =>
      lazyTheorem({
        beta,
        gamma: 1 / Math.sqrt(width),
        sigmaMin: Math.sqrt(limits.least * width),
        sigmaMax: Math.sqrt(limits.most * width),
        startLoss: larger[0]!.startLoss,
      }).ratio;
    return [
      lossFigure(run!, bounds),
      distanceFigure(run!, bounds),
      ...(larger.length > 1
        ? [conditionFigure(larger, (one) => lazyTheorem({ beta, ...one }).ratio, ratio)]
        : []),
    ];
  },

  contrast: {
    statement: String.raw`Twenty neurons with labels ±10 must move far: the condition is violated by a factor of hundreds, the neurons saturate, and
      the loss exceeds the bound.`,
    settings: { width: 20, label: 10, largerWidths: [] },
  },
});

/** One network and its linearization, from the same start, by the same steps. */
interface Run {
  readonly width: number;
  readonly label: number;
  readonly gamma: number;
  /** Of J_0, which leaves γ out. */
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  readonly startLoss: number;
  /** Time of one step of gradient descent. */
  readonly step: number;
  readonly network: Trajectory;
  readonly linearized: Trajectory;
}

/** At every step, the start included. */
interface Trajectory {
  readonly losses: readonly number[];
  /** ‖θ − θ_0‖. */
  readonly distances: readonly number[];
}

/** Points on the sphere and their signs. */
function problem({ samples: n, dimension: d, seed }: Settings): {
  readonly x: Matrix<Float64Array>;
  readonly signs: Float64Array;
} {
  const generator = random(seed);
  return { x: spherePoints(n, d, generator), signs: randomSigns(n, generator) };
}

/** Trains the first layer of γ Σ_i a_i tanh(⟨w_i, x⟩), a_i = ±1, from a symmetrized start, where it is 0. */
async function training(
  engine: Engine,
  chosen: Settings,
  networkSeed: number,
  signal: AbortSignal,
  progress: (part: number) => void,
): Promise<Run> {
  const { samples, dimension, width, label, rate, steps } = chosen;
  const { x, signs } = problem(chosen);
  const gamma = 1 / Math.sqrt(width);
  const network = denseNetwork(engine, {
    inputs: dimension,
    widths: [width],
    activation: "tanh",
    parameterization: { kind: "scaled", gamma },
    symmetrized: true,
    weightRates: [1, 0],
  });
  const start = network.initialize(networkSeed);
  const { values } = await engine.eigenSymmetric((await tangentKernel(network, start, x)).kernel);
  const step = rate / values.at(-1)!;
  const y = { data: signs.map((sign) => label * sign), rows: samples, cols: 1 };
  const trajectory = async (model: Model, begin: number): Promise<Trajectory> => {
    const losses: number[] = [];
    const distances: number[] = [];
    for await (const state of trainingSteps(model, start, { x, y, learningRate: step, steps, signal })) {
      losses.push(state.loss);
      distances.push(distance(state.parameters, start));
      if (state.step % 50 === 0) progress(begin + state.step / (2 * steps));
    }
    return { losses, distances };
  };
  const ofNetwork = await trajectory(network, 0);
  return {
    width,
    label,
    gamma,
    sigmaMin: Math.sqrt(Math.max(0, values[0]!)) / gamma,
    sigmaMax: Math.sqrt(values.at(-1)!) / gamma,
    startLoss: ofNetwork.losses[0]!,
    step,
    network: ofNetwork,
    linearized: await trajectory(linearize(network, start), 0.5),
  };
}

/** Time in units of 1/(γ²σ_min²), and marks at every so many steps. */
function along(run: Run, values: readonly number[], marks = 24) {
  const unit = (run.gamma * run.sigmaMin) ** 2 * run.step;
  const every = Math.ceil((values.length - 1) / marks);
  return values.flatMap((y, k) => (k % every === 0 ? [{ x: k * unit, y }] : []));
}

function lossFigure(run: Run, bounds: LazyBounds): Figure {
  const { startLoss, step } = run;
  const bound = (of: (t: number) => number): number[] =>
    run.network.losses.map((_, k) => of(k * step) / startLoss);
  const relative = ({ losses }: Trajectory): number[] => losses.map((loss) => loss / startLoss);
  return {
    name: "loss",
    title: "Network and linearization stay under the bounds",
    caption: String.raw`Losses of ${run.width} tanh neurons with labels ±${run.label} and of their linearization, which nearly coincide. The bound of the lazy
      theorem is safe because it lets $\sigma_{\min}$ halve; that of the linearization alone is nearly reached at first.`,
    spec: curves({
      x: { title: "time t (units of 1/(γ²σ_min²))" },
      y: { title: "loss / loss at the start", scale: "log" },
      series: [
        { label: "lazy theorem, exp(−γ²σ_min² t/2)", role: "bound", points: along(run, bound(bounds.loss)) },
        {
          label: "linearization, exp(−2γ²σ_min² t)",
          role: "bound",
          points: along(run, bound(bounds.linearizedLoss)),
        },
        ...trajectories(run, relative),
      ],
    }),
  };
}

function distanceFigure(run: Run, bounds: LazyBounds): Figure {
  const times = along(run, run.network.losses);
  return {
    name: "distance",
    title: "Neither moves farther than the theorem allows",
    caption: String.raw`Distance of all parameters from the start. The bound $3\sqrt8\,\sigma_{\max}\sqrt{\hat L_0}/(\gamma\sigma_{\min}^2)$ is larger by a
      factor of about ${Math.round(bounds.radius / run.network.distances.at(-1)!)}.`,
    spec: curves({
      x: { title: "time t (units of 1/(γ²σ_min²))" },
      y: { title: "distance from the start, ‖θ_t − θ_0‖", scale: "log" },
      series: [
        {
          label: "lazy theorem",
          role: "bound",
          points: [times[0]!, times.at(-1)!].map(({ x }) => ({ x, y: bounds.radius })),
        },
        // A logarithmic axis has no place for the start.
        ...trajectories(run, ({ distances }) => distances).map((one) => ({
          ...one,
          points: one.points.filter(({ y }) => y > 0),
        })),
      ],
    }),
  };
}

/** Marks of network and linearization in turn, so that both are seen where they coincide. */
function trajectories(run: Run, values: (of: Trajectory) => readonly number[]): Series[] {
  return [
    {
      label: "network",
      role: "measurement",
      points: along(run, values(run.network)).filter((_, i) => i % 2 === 0),
    },
    {
      label: "linearization",
      role: "measurement",
      points: along(run, values(run.linearized)).filter((_, i) => i % 2 === 1),
    },
  ];
}

function conditionFigure(
  runs: readonly Run[],
  measured: (run: Run) => number,
  predicted: (width: number) => number,
): Figure {
  const widths = runs.map(({ width }) => width);
  const least = Math.min(...widths);
  const enough = least * (Math.sqrt(288) / predicted(least)) ** 2;
  const ends = [least, Math.max(...widths, 1.5 * enough)];
  return {
    name: "condition",
    title: "How wide a network the theorem asks for",
    caption: String.raw`The two sides of the condition on $\gamma=1/\sqrt N$ with labels ±${runs[0]!.label}: it holds from $N\approx${Number(enough.toPrecision(2))}$ on. The bounds hold much
      earlier: at all widths that are marked.`,
    spec: curves({
      x: { title: "neurons N", scale: "log" },
      y: { title: "γσ_min³ / (βσ_max √L₀)", scale: "log" },
      series: [
        {
          label: "limit kernel",
          role: "prediction",
          points: ends.map((x) => ({ x, y: predicted(x) })),
        },
        {
          label: "networks",
          role: "measurement",
          points: runs.map((run) => ({ x: run.width, y: measured(run) })),
        },
        {
          label: "needed, √288",
          role: "bound",
          points: ends.map((x) => ({ x, y: Math.sqrt(288) })),
        },
      ],
    }),
  };
}
