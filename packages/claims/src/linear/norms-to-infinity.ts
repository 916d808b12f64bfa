import {
  completionLoss,
  type EndToEndLoss,
  type Engine,
  factorSteps,
  identityFactors,
  type LearningRateRule,
  observedEntries,
  rankMeasures,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import { logSpaced } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { logSlope } from "../measures/index.ts";
import { runawayBounds, runawayEntryLaw, runawayFlow } from "../predictions/index.ts";

const settings = z.object({
  depths: z.array(z.int().min(2).max(6)).min(1).max(4).default([2, 3, 4]).describe("numbers of layers n"),
  alphas: z
    .array(z.number().min(1e-4).max(2))
    .min(1)
    .max(4)
    .default([1, 0.1, 1e-3])
    .describe("scales α of the start α I; the last one's law is measured"),
  steps: z.int().min(1000).max(1_000_000).default(40_000).describe("steps of gradient descent"),
  step: z
    .number()
    .min(1e-3)
    .max(1)
    .default(0.03)
    .describe("largest relative change of the largest singular value of a layer in a step"),
  determinant: z
    .enum(["positive", "negative"])
    .default("positive")
    .describe("sign of det W at the start; descent conserves it"),
});

/** Looks at the state, at equal ratios of steps. */
const looks = 120;

/** Below this loss the power law is fitted, and bounds on |w_11| hold below ½. */
const [smallLoss, halfLoss] = [0.02, 0.5] as const;

/** Layers and scale of the run whose time is compared with the flow, and its scale of the start. */
const timed = { depth: 2, alpha: 0.1 } as const;

/** The start with the other sign, until the loss is so small. */
const control = { alpha: 0.1, target: 1e-21 } as const;

interface Look {
  /** Σ η. */
  readonly time: number;
  readonly loss: number;
  /** |w_11|. */
  readonly entry: number;
  readonly largest: number;
  readonly second: number;
  readonly effectiveRank: number;
}

export default claim({
  code: "LN-20",
  id: "linear/norms-to-infinity",
  title: "Depth lowers rank, even when all norms go to infinity",
  statement: String.raw`Complete $\begin{pmatrix}?&1\\1&0\end{pmatrix}$ with $n\ge2$ balanced layers from $\det W(0)>0$, by gradient flow on
    $\ell=\frac12\sum_\Omega(w_{ij}-b_{ij})^2$. All completions have rank two; the rank one is approached only as $|w_{11}|\to\infty$, while every norm or
    quasi-norm is smallest at bounded $|w_{11}|$. The determinant keeps its sign, hence for $\ell<\frac12$
    $$|w_{11}|\ge\frac{(1-\sqrt{2\ell})^2}{\sqrt{2\ell}},\qquad\mathrm{erank}(W)\le1+\frac{2\sqrt{12}}{\ln2}\sqrt\ell,\qquad\sigma_2\le3\sqrt2\sqrt\ell:$$
    as the loss goes to 0 all norms go to infinity, $w_{11}\sqrt{2\ell}\to1$, and the effective rank to one. From $\det W(0)<0$ descent comes to a
    finite matrix. Two layers from $\alpha I$ go like $w_{11}\simeq(6t)^{1/3}$.`,
  source: "Razin & Cohen, arXiv:2005.06398, Theorem 1",
  status: "proved",
  seconds: 5,
  settings,
  full: { steps: 400_000 },

  predict({ depths, alphas }) {
    const times = logSpaced(0.1, 3000, 60);
    const losses = logSpaced(1e-4, 0.3, 60);
    const along = (law: (loss: number) => number) => losses.map((x) => ({ x, y: law(x) }));
    return {
      slope: -0.5,
      entryLaw: along(runawayBounds.entryLaw),
      leastEntry: along(runawayBounds.leastEntry),
      largestEffectiveRank: along((loss) => runawayBounds.largestEffectiveRank(loss) - 1),
      flow:
        depths.includes(timed.depth) && alphas.includes(timed.alpha)
          ? runawayFlow(timed.alpha, times).map(({ entry }, i) => ({ x: times[i]!, y: entry }))
          : [],
      late: times.map((x) => ({ x, y: runawayEntryLaw(x) })),
    };
  },

  async measure({ depths, alphas, steps, step, determinant }, { engine, signal, progress }) {
    const loss = completionLoss(
      observedEntries([
        [NaN, 1],
        [1, 0],
      ]),
    );
    const runs: Look[][][] = [];
    const ends: Look[] = [];
    const total = depths.length * (alphas.length + 1);
    let done = 0;
    const run = async (options: { depth: number; alpha: number; positive: boolean; target?: number }) => {
      const result = await descent(engine, loss, { ...options, steps, step, signal });
      progress(++done / total, `depth ${options.depth}, α = ${options.alpha}`);
      return result;
    };
    for (const depth of depths) {
      const byAlpha: Look[][] = [];
      for (const alpha of alphas)
        byAlpha.push(await run({ depth, alpha, positive: determinant === "positive" }));
      runs.push(byAlpha);
      ends.push((await run({ depth, positive: false, ...control })).at(-1)!);
    }
    return { runs, ends };
  },

  judge({ slope }, { runs, ends }, { depths, alphas }) {
    const all = runs.flat(2);
    const late = all.filter(({ loss }) => loss < halfLoss);
    const last = alphas.length - 1;
    return verdict([
      atLeast(
        "least |w_11| − (1 − √(2ℓ))²/√(2ℓ) where ℓ < ½",
        Math.min(...late.map(({ entry, loss }) => entry - runawayBounds.leastEntry(loss))),
        0,
      ),
      atMost(
        "largest erank(W) − its bound",
        Math.max(
          ...all.map(({ effectiveRank, loss }) => effectiveRank - runawayBounds.largestEffectiveRank(loss)),
        ),
        0,
      ),
      atMost(
        "largest σ_2 − 3 √2 √ℓ",
        Math.max(...all.map(({ second, loss }) => second - runawayBounds.largestSecondSingularValue(loss))),
        0,
      ),
      ...depths.flatMap((depth, at) => {
        const looks = runs[at]![last]!;
        const small = looks.filter(({ loss }) => loss > 0 && loss < smallLoss);
        const end = looks.at(-1)!;
        const where = `n = ${depth}, α = ${alphas[last]!}`;
        return [
          within(
            `slope of ln σ_1 against ln ℓ where ℓ < ${smallLoss}, ${where}`,
            small.length > 1 ? logSlope(small.map(({ loss, largest }) => ({ x: loss, y: largest }))) : NaN,
            -0.53,
            -0.47,
            slope,
          ),
          within(`w_11 √(2ℓ) at the end, ${where}`, end.entry * Math.sqrt(2 * end.loss), 0.95, 1.05, 1),
          atMost(`loss at the end from det W(0) < 0, n = ${depth}`, ends[at]!.loss, 1e-20),
          atMost(`|w_11| at the end from det W(0) < 0, n = ${depth}`, ends[at]!.entry, 2),
        ];
      }),
    ]);
  },

  figures(predicted, { runs }, { depths, alphas }) {
    const last = alphas.length - 1;
    const thinned = (looks: readonly Look[]) => looks.filter((_, i) => i % 2 === 0);
    const timedRun = runs[depths.indexOf(timed.depth)]?.[alphas.indexOf(timed.alpha)];
    return [
      {
        name: "norm-against-loss",
        title: "The smaller the loss, the larger every norm",
        caption: String.raw`The largest singular value of $W$ while descent lowers the loss (to the left), from $\alpha=$ ${alphas[last]!}, the law
          $1/\sqrt{2\ell}$, and the lower bound on $|w_{11}|$.`,
        spec: curves({
          x: { title: "loss ℓ", scale: "log" },
          y: { title: "σ_1", scale: "log", domain: [0.5, 30] },
          series: [
            { label: "1/√(2ℓ)", role: "prediction", points: predicted.entryLaw.filter(({ x }) => x > 1e-3) },
            {
              label: "(1 − √(2ℓ))²/√(2ℓ)",
              role: "bound",
              points: predicted.leastEntry.filter(({ x, y }) => x > 1e-3 && y > 0.5),
            },
            ...depths.map((depth, at) => ({
              label: `depth ${depth}`,
              role: "measurement" as const,
              points: thinned(runs[at]![last]!)
                .filter(({ loss }) => loss < halfLoss)
                .map(({ loss, largest }) => ({ x: loss, y: largest })),
            })),
          ],
        }),
      },
      {
        name: "rank-against-loss",
        title: "The smaller the loss, the lower the rank",
        caption: String.raw`$\mathrm{erank}(W)-1$ from $\alpha=$ ${alphas[0]!}, and its bound $\frac{2\sqrt{12}}{\ln2}\sqrt\ell$: what norms cannot say about where
          descent goes, rank does.`,
        spec: curves({
          x: { title: "loss ℓ", scale: "log" },
          y: { title: "effective rank − 1", scale: "log", domain: [1e-8, 10] },
          series: [
            {
              label: "bound",
              role: "bound",
              points: predicted.largestEffectiveRank.filter(({ x }) => x > 1e-3),
            },
            ...depths.map((depth, at) => ({
              label: `depth ${depth}`,
              role: "measurement" as const,
              points: thinned(runs[at]![0]!)
                .filter(({ loss }) => loss < halfLoss)
                .map(({ loss, effectiveRank }) => ({ x: loss, y: effectiveRank - 1 })),
            })),
          ],
        }),
      },
      ...(timedRun
        ? [
            {
              name: "time",
              title: "Slowly to infinity",
              caption: String.raw`$w_{11}$ of two layers from $\alpha=$ ${timed.alpha}: descent, the flow, and $(6t)^{1/3}$.`,
              spec: curves({
                x: { title: "time t = Σ η", scale: "log", domain: [0.1, 3000] },
                y: { title: "w_11", scale: "log" },
                series: [
                  { label: "depth 2", role: "prediction", points: predicted.flow },
                  { label: "(6t)^(1/3)", role: "bound", points: predicted.late.filter(({ x }) => x > 3) },
                  {
                    label: "depth 2",
                    role: "measurement",
                    points: timedRun
                      .filter(({ time }) => time >= 0.1)
                      .map(({ time, entry }) => ({ x: time, y: entry })),
                  },
                ],
              }),
            },
          ]
        : []),
    ];
  },

  contrast: {
    statement: String.raw`From $\det W(0)<0$ descent comes to a finite matrix: $|w_{11}|$ falls below the bound.`,
    settings: { determinant: "negative" },
  },
});

/** Gradient descent, looked at now and then. */
async function descent(
  engine: Engine,
  loss: EndToEndLoss,
  options: {
    readonly depth: number;
    readonly alpha: number;
    readonly positive: boolean;
    readonly steps: number;
    readonly step: number;
    readonly target?: number;
    readonly signal: AbortSignal;
  },
): Promise<Look[]> {
  const { depth, alpha, positive, steps, step, target = -Infinity, signal } = options;
  const start = identityFactors(Array<number>(depth + 1).fill(2), { scale: alpha });
  if (!positive) start[0]!.data[3]! *= -1;
  const due = new Set([0, ...logSpaced(1, steps, looks).map(Math.round)]);
  const result: Look[] = [];
  let time = 0;
  const learningRate: LearningRateRule = () => {
    const rateOf = stepRule(depth, step);
    return (update) => {
      const rate = rateOf(update.endToEnd.data, update.gradient.data);
      time += rate;
      return rate;
    };
  };
  for await (const state of factorSteps(engine, start, loss, { learningRate, steps, target, signal })) {
    if (!due.has(state.step) && state.outcome === "running") continue;
    const { singularValues, effectiveRank } = await rankMeasures(engine, state.endToEnd);
    const [largest, second] = singularValues;
    const entry = Math.abs(state.endToEnd.data[0]!);
    result.push({ time, loss: state.loss, entry, largest: largest!, second: second!, effectiveRank });
  }
  return result;
}

/**
 * No layer changes its singular value σ_1^{1/n} by more than a given part, lest W cross to the other sign of its determinant, and
 * steps are below what is stable.
 */
function stepRule(depth: number, part: number): (w: Float64Array, gradient: Float64Array) => number {
  return (w, gradient) => {
    const largest = largestSingularValue(w);
    const slope = Math.hypot(...gradient);
    return Math.min(
      (part * largest ** (2 / depth - 1)) / (depth * slope),
      0.1 / (depth * largest ** (2 - 2 / depth)),
    );
  };
}

/** Of a 2 × 2 matrix. */
function largestSingularValue([a, b, c, d]: Float64Array): number {
  return (Math.hypot(a! + d!, b! - c!) + Math.hypot(a! - d!, b! + c!)) / 2;
}
