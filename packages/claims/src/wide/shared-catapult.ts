import { type Catapult, catapult, random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { gaussianVector, halfSpaceLabels, twoLayerStart } from "../data/index.ts";
import type { Series } from "../figure.ts";
import { curves, panels } from "../figures/index.ts";
import { averaged, mean, reluModels } from "../measures/index.ts";
import { catapultFate } from "../predictions/index.ts";

const settings = z.object({
  samples: z.int().min(2).max(200).default(32).describe("training points n"),
  dimension: z.int().min(2).max(50).default(8).describe("input dimension d"),
  width: z.int().min(4).max(5000).default(400).describe("neurons m"),
  multiples: z
    .array(z.number().min(1).max(8))
    .min(3)
    .max(10)
    .default([1, 1.8, 2.2, 2.6, 3, 3.4, 5])
    .describe("learning rates k in units of 1/λ_0, ascending; 2 and 4 are the borders"),
  steps: z.int().min(100).max(5000).default(400).describe("steps of gradient descent"),
  draws: z.int().min(1).max(20).default(4).describe("data sets, each with its network"),
  seed: z.int().min(0).default(0).describe("seed of data and networks"),
});

/** A descent has converged when this part of the first loss is left; neurons that are all dead leave more. */
const converged = 0.05;

const models = ["linear", "quadratic", "network"] as const;

const names = { linear: "linear model", quadratic: "quadratic model", network: "network" } as const;

/** What a draw's descents at one learning rate came to, of one model. */
interface Descent {
  readonly converged: boolean;
  /** Largest loss / first loss. */
  readonly peak: number;
  /** λ at the end / λ_0; undefined when it diverged. */
  readonly sharpness: number | undefined;
}

export default claim({
  code: "WN-14",
  id: "wide/shared-catapult",
  title: "Networks and their quadratic models share the catapult; linear models have none",
  statement: String.raw`A two-layer ReLU network, its quadratic model and its linearization learn $n$ examples from the same start at learning rates
    $\eta=k/\lambda_0$, $\lambda=\lambda_{\max}(K)/n$. The linear model converges for $k<2$ only. The other two converge beyond as well: the
    farther, the higher the loss on the way and the smaller the $\lambda$ they end with, and both by nearly the same amounts. For $k$ well above
    4 all three diverge.`,
  source: "Zhu, Liu, Radhakrishnan & Belkin, arXiv:2205.11787",
  status: "checked",
  seconds: 12,
  settings,
  full: { width: 1000 },

  predict: ({ multiples }) => ({
    fates: multiples.map((k) => ({
      linear: catapultFate(k) === "descends",
      quadratic: catapultFate(k) !== "diverges",
      network: catapultFate(k) !== "diverges",
    })),
  }),

  async measure(chosen, { engine, signal, progress }) {
    const { samples, dimension: inputs, width, multiples, steps, draws, seed } = chosen;
    const generator = random(seed);
    const descents: Record<(typeof models)[number], Descent>[][] = [];
    const losses: Record<(typeof models)[number], readonly number[]>[] = [];
    for (let draw = 0; draw < draws; draw++) {
      const { x, y } = halfSpaceLabels(samples, inputs, generator);
      const { parameters } = twoLayerStart(width, inputs, generator, gaussianVector);
      const three = reluModels(engine, { inputs, width }, parameters);
      const ofDraw = [];
      for (const [i, multiple] of multiples.entries()) {
        const run = (name: (typeof models)[number]): Promise<Catapult> =>
          catapult(three[name], parameters, { x, y, multiple, steps, signal });
        const runs = {
          linear: await run("linear"),
          quadratic: await run("quadratic"),
          network: await run("network"),
        };
        ofDraw.push({
          linear: summary(runs.linear),
          quadratic: summary(runs.quadratic),
          network: summary(runs.network),
        });
        if (draw === 0)
          losses.push({
            linear: runs.linear.losses,
            quadratic: runs.quadratic.losses,
            network: runs.network.losses,
          });
        progress((draw + (i + 1) / multiples.length) / draws);
      }
      descents.push(ofDraw);
    }
    return { descents, losses };
  },

  judge({ fates }, { descents }, { multiples }) {
    const draws = descents.length;
    const counts = models.flatMap((name) =>
      multiples.map((k, i) => {
        const count = descents.filter((ofDraw) => ofDraw[i]![name].converged).length;
        const told = `draws of ${draws} in which the ${names[name]} converges at k = ${k}`;
        return fates[i]![name] ? atLeast(told, count, draws, draws) : atMost(told, count, 0, 0);
      }),
    );
    // Means over draws at all learning rates at which both converge, and at those of them that are catapults.
    const shared = multiples.flatMap((_, i) => (fates[i]!.network ? [i] : []));
    const thrown = shared.filter((i) => !fates[i]!.linear);
    const sharpness = (name: "quadratic" | "network", i: number): number => {
      const ends = descents.flatMap((ofDraw) => ofDraw[i]![name].sharpness ?? []);
      return ends.length > 0 ? mean(ends) : Infinity;
    };
    const peak = (name: "quadratic" | "network", i: number): number =>
      mean(descents.map((ofDraw) => ofDraw[i]![name].peak));
    const steps = (of: (i: number) => number): number[] =>
      thrown.slice(1).map((i, at) => of(i) / of(thrown[at]!));
    return verdict([
      ...counts,
      ...(["quadratic", "network"] as const).flatMap((name) => [
        atLeast(
          `smallest growth of the peak loss from one k > 2 to the next, ${names[name]}`,
          Math.min(...steps((i) => peak(name, i))),
          1,
        ),
        atMost(
          `largest growth of λ_end/λ_0 from one k > 2 to the next, ${names[name]}`,
          Math.max(...steps((i) => sharpness(name, i))),
          1,
        ),
      ]),
      atMost(
        "largest difference of λ_end/λ_0 between network and quadratic model, over k",
        Math.max(...shared.map((i) => Math.abs(sharpness("network", i) - sharpness("quadratic", i)))),
        0.12,
      ),
    ]);
  },

  figures({ fates }, { descents, losses }, { multiples, steps, width }) {
    const shown = Math.min(steps, 60);
    const against = (
      name: (typeof models)[number],
      of: (descent: Descent) => number | undefined,
    ): Series => ({
      label: names[name],
      role: "measurement",
      points: multiples.flatMap((k, i) => {
        const values = descents.map((ofDraw) => of(ofDraw[i]![name])).filter((value) => value !== undefined);
        return values.length < descents.length ? [] : [averaged(k, values)];
      }),
    });
    const border = (x: number, ends: readonly [number, number]): Series => ({
      label: `k = ${x}`,
      role: "bound",
      points: ends.map((y) => ({ x, y })),
    });
    const x = { title: "k = ηλ₀", domain: [0.8, Math.max(...multiples) + 0.2] } as const;
    const peaks: readonly [number, number] = [0.5, 300];
    const at = multiples.findIndex((_, i) => fates[i]!.network && !fates[i]!.linear);
    const middle = Math.min(at + 1, multiples.length - 1);
    return [
      {
        name: "learning-rates",
        title: "What learning rates do to three models",
        caption: String.raw`Means and standard errors over ${descents.length} draws, $m=${width}$; a model that diverges at $k$ has no mark there. Left: the flatness that
          descents end in. Right: how high the loss went on the way.`,
        spec: panels({
          panels: [
            {
              title: "tangent kernel at the end",
              x,
              y: { title: "λ_end / λ₀", domain: [0, 1.2] },
              series: [
                ...models.map((name) => against(name, ({ sharpness }) => sharpness)),
                border(2, [0, 1.2]),
                border(4, [0, 1.2]),
              ],
            },
            {
              title: "catapult",
              x,
              y: { title: "largest loss / first loss", scale: "log", domain: peaks },
              series: [
                ...models.map((name) =>
                  against(name, ({ sharpness, peak }) => (sharpness === undefined ? undefined : peak)),
                ),
                border(2, peaks),
                border(4, peaks),
              ],
            },
          ],
        }),
      },
      {
        name: "losses",
        title: `Losses of three models at k = ${multiples[middle]!}`,
        caption: String.raw`First draw. The three leave the start together. The linear model goes on growing; the curvature of the other two brings them back.`,
        spec: curves({
          x: { title: "step" },
          y: { title: "loss / loss at the start", scale: "log", domain: [1e-3, 1e5] },
          series: models.map((name) => ({
            label: names[name],
            role: "measurement" as const,
            points: losses[middle]![name].slice(0, shown + 1).map((loss, t) => ({
              x: t,
              y: loss / losses[middle]![name][0]!,
            })),
          })),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`The border at 4 is that of wide models, up to $O(1/\sqrt m)$: with ten neurons some draws diverge at $k=3.4$ already.`,
    settings: { width: 10 },
  },
});

function summary({ losses, outcome, sharpness }: Catapult): Descent {
  const [first, last] = [losses[0]!, losses.at(-1)!];
  return {
    converged: outcome !== "diverged" && last <= converged * first,
    peak: Math.max(...losses) / first,
    sharpness: outcome === "diverged" ? undefined : sharpness.at(-1)!.value / sharpness[0]!.value,
  };
}
