import { type Catapult, catapult, type Matrix, type Random, random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import { gaussianMatrix, gaussianVector, type TwoLayerStart, twoLayerStart } from "../data/index.ts";
import type { Series } from "../figure.ts";
import { curves, panels } from "../figures/index.ts";
import { column, reluModels } from "../measures/index.ts";
import { catapultFate, catapultMap, catapultPeakTime } from "../predictions/index.ts";

const settings = z.object({
  dimension: z.int().min(1).max(100).default(5).describe("input dimension d"),
  width: z.int().min(100).max(100_000).default(1000).describe("neurons m of the first descents"),
  target: z.number().min(-2).max(2).default(0.5).describe("target y of the first descents"),
  gates: z
    .enum(["frozen", "free"])
    .default("frozen")
    .describe("frozen: the quadratic model; free: the network itself, whose neurons switch on and off"),
  multiples: z
    .array(z.number().min(0.5).max(6))
    .min(2)
    .max(10)
    .default([1, 3, 3.7, 3.9, 4.1])
    .describe("learning rates k of the first descents in units of 1/λ_0; 2 and 4 are the borders"),
  draws: z.int().min(1).max(20).default(5).describe("examples with their networks in the first descents"),
  steps: z.int().min(100).max(5000).default(400).describe("steps of gradient descent"),
  widths: z
    .array(z.int().min(100).max(1_000_000))
    .min(2)
    .max(6)
    .default([100, 1000, 10_000, 100_000])
    .describe("neurons m of the second descents, from equal starts"),
  seed: z.int().min(0).default(0).describe("seed of examples and networks"),
});

type Chosen = z.output<typeof settings>;

/** Learning rates of the second descents; the first one is slow enough to tell when it peaks. */
const compared = [2.5, 3, 3.5] as const;

/** Learning rates of the drawn paths, one width: both borders have one on either side. */
const drawn = [1.5, 2.5, 3.5, 4.1] as const;
const drawnWidth = 1000;

/** Steps of the second descents. */
const spike = 60;

/** Chaos: from about here on rounding decides on the path above k = 3. */
const reproducible = 14;

/** A loss that only converging descents reach. */
const target = 1e-20;

export default claim({
  code: "WN-13",
  id: "wide/catapult-regimes",
  title: "Quadratic models have a catapult between 2/λ and 4/λ",
  statement: String.raw`Gradient descent of the quadratic model of a wide ReLU network, one example, has three regimes in $k=\eta\lambda_0$. $k<2$: the
    loss falls in every step and $\lambda$ hardly moves. $2<k<4$: the loss grows by $(k-1)^2$ a step until it is of the order of $m$, after
    about $\ln(1/z_0)/(2\ln(k-1))=\Theta(\ln m)$ steps; there $\lambda$ falls by an amount that does not depend on $m$, and the loss converges
    with $\eta\lambda_\infty<2$. $k>4$: it diverges. For targets other than 0 the upper end is $4-O(1/\sqrt m)$.`,
  source: "Zhu, Liu, Radhakrishnan & Belkin, arXiv:2205.11787; Lewkowycz et al., arXiv:2003.02218",
  status: "checked",
  seconds: 6,
  settings,
  full: { draws: 20, widths: [100, 1000, 10_000, 100_000, 1_000_000] },

  predict({ widths }) {
    const path = (k: number, width: number): Place[] => catapultMap({ z: k ** 2 / width, kappa: k }, spike);
    return {
      peaks: compared.map((k) => widths.map((width) => Math.max(...path(k, width).map((state) => state.z)))),
      peakTimes: widths.map((width) => catapultPeakTime(compared[0] ** 2 / width, compared[0])),
      timePerDecade: catapultPeakTime(0.1, compared[0]),
      paths: drawn.map((k) => path(k, drawnWidth)),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { dimension: inputs, width, gates, multiples, draws, steps, widths, seed } = chosen;
    const descend = (
      { x, start }: Example,
      y: number,
      options: { readonly multiple: number; readonly steps: number; readonly every?: number },
    ): Promise<Catapult> => {
      const sizes = { inputs, width: start.readout.length };
      const { quadratic, network } = reluModels(engine, sizes, start.parameters);
      const model = gates === "frozen" ? quadratic : network;
      return catapult(model, start.parameters, {
        x,
        y: column(Float64Array.of(y)),
        target,
        signal,
        ...options,
      });
    };

    const generator = random(seed);
    const descents: Descent[][] = [];
    for (let draw = 0; draw < draws; draw++) {
      const example = drawExample(chosen, width, generator);
      const ofDraw = [];
      for (const multiple of multiples) {
        const { losses, outcome, learningRate, sharpness } = await descend(example, chosen.target, {
          multiple,
          steps,
        });
        ofDraw.push({ losses, outcome, last: learningRate * sharpness.at(-1)!.value });
      }
      descents.push(ofDraw);
      progress((0.4 * (draw + 1)) / draws, "different networks");
    }

    const path = async (k: number, example: Example): Promise<Place[]> => {
      const { losses, learningRate, sharpness } = await descend(example, 0, {
        multiple: k,
        steps: spike,
        every: 1,
      });
      const unit = (learningRate ** 2 * example.c) / example.start.readout.length;
      return sharpness.map(({ step, value }) => ({
        z: 2 * unit * losses[step]!,
        kappa: learningRate * value,
      }));
    };
    const paths: Place[][][] = compared.map(() => []);
    for (const [i, m] of widths.entries()) {
      const example = levelStart(drawExample(chosen, m, generator));
      for (const [j, k] of compared.entries()) paths[j]!.push(await path(k, example));
      progress(0.4 + (0.5 * (i + 1)) / widths.length, `m = ${m}`);
    }
    const example = levelStart(drawExample(chosen, drawnWidth, generator));
    const shown = [];
    for (const k of drawn) shown.push(await path(k, example));
    return { descents, paths, shown };
  },

  judge(predicted, { descents, paths }, { multiples, widths }) {
    const draws = descents.length;
    const peaks = paths.map((ofMultiple) =>
      ofMultiple.map((path) => Math.max(...path.map((state) => state.z))),
    );
    const times = peakTimes(paths[0]!);
    const perDecade = times
      .slice(1)
      .map((time, i) => (time - times[i]!) / Math.log10(widths[i + 1]! / widths[i]!));
    return verdict([
      ...multiples.flatMap((k, i) => {
        const ofMultiple = descents.map((ofDraw) => ofDraw[i]!);
        const converged = ofMultiple.filter(({ outcome }) => outcome === "reached");
        const name = `draws of ${draws} that converge at k = ${k}`;
        const fate = catapultFate(k);
        if (fate === "diverges") return [atMost(name, converged.length, 0, 0)];
        const kept = Math.max(...ofMultiple.map(({ last }) => last));
        return [
          atLeast(name, converged.length, draws, draws),
          atMost(`largest final ηλ at k = ${k}`, kept, 2),
          ...(fate === "descends"
            ? [atLeast(`draws of ${draws} whose loss never grows at k = ${k}`, ofMultiple.filter(neverGrows).length, draws)] // prettier-ignore
            : [atLeast(`draws of ${draws} whose loss grows first at k = ${k}`, ofMultiple.filter((one) => !neverGrows(one)).length, draws)]), // prettier-ignore
        ];
      }),
      ...compared.flatMap((k, j) => [
        atMost(
          `largest / smallest peak of z over widths, k = ${k}`,
          Math.max(...peaks[j]!) / Math.min(...peaks[j]!),
          2,
        ),
        atMost(
          `largest relative difference of the peak of z from the map's, k = ${k}`,
          Math.max(...peaks[j]!.map((peak, i) => Math.abs(peak / predicted.peaks[j]![i]! - 1))),
          1e-4,
          0,
        ),
        atMost(`largest final ηλ over widths, k = ${k}`, Math.max(...paths[j]!.map((path) => path.at(-1)!.kappa)), 2), // prettier-ignore
      ]),
      ...perDecade.map(
        (steps, i) =>
        within(`steps that the peak moves per decade of m from ${widths[i]} to ${widths[i + 1]}, k = ${compared[0]}`, steps, 1.5, 4.5, predicted.timePerDecade), // prettier-ignore
      ),
    ]);
  },

  figures(predicted, { paths, shown }, { gates, widths }) {
    const start = compared[0] ** 2 / drawnWidth;
    const both = (at: (state: Place, t: number) => { x: number; y: number }): Series[] =>
      drawn.flatMap((k, i) => [
        { label: `k = ${k}`, role: "prediction", points: predicted.paths[i]!.slice(0, reproducible).map(at) },
        { label: `k = ${k}`, role: "measurement", points: shown[i]!.slice(0, reproducible).map(at) },
      ]);
    const borders: Series[] = [2, 4].map((x) => ({
      label: `ηλ = ${x}`,
      role: "bound",
      points: [1e-8, 1e3].map((y) => ({ x, y })),
    }));
    const peak = (path: readonly Place[]): number => Math.max(...path.map((state) => state.z));
    const m = { title: "width m", scale: "log" } as const;
    return [
      {
        name: "phase-portrait",
        title: "Phase portrait of the catapult",
        caption: String.raw`First ${reproducible - 1} steps of four learning rates from one start, target 0, $m=${drawnWidth}$, ${gates} gates; $z=\eta^2\frac cmg^2$ is the
          squared output in units of the width. Lines: the map, marks: gradient descent in all weights. To the left of $\eta\lambda=2$ everything falls
          to $z=0$. Between the borders $z$ rises, which takes $\eta\lambda$ to the left; beyond 4 it takes it to the right.`,
        spec: curves({
          x: { title: "ηλ", domain: [0, 6] },
          y: { title: "z = η² c g² / m", scale: "log", domain: [1e-8, 1e3] },
          series: [...both(({ z, kappa }) => ({ x: kappa, y: z })), ...borders],
        }),
      },
      {
        name: "descents",
        title: "Loss and tangent kernel during a catapult",
        caption: String.raw`The same descents step by step. The loss at $k=2.5$ and 3.5 grows as that of the linear model would, until it is of the order of the
          width; there $\eta\lambda$ falls below 2 and the loss converges.`,
        spec: panels({
          panels: [
            {
              title: "loss",
              x: { title: "step" },
              y: { title: "loss / loss at the start", scale: "log", domain: [1e-6, 1e5] },
              series: both(({ z }, t) => ({ x: t, y: z })).map((series) => ({
                ...series,
                points: series.points.map(({ x, y }) => ({ x, y: y / series.points[0]!.y })),
              })),
            },
            {
              title: "tangent kernel",
              x: { title: "step" },
              y: { title: "ηλ", domain: [0, 6] },
              series: both(({ kappa }, t) => ({ x: t, y: kappa })),
            },
          ],
        }),
      },
      {
        name: "widths",
        title: "Height and time of the peak against width",
        caption: String.raw`Left: the largest $z$ hardly depends on the width: the largest loss is proportional to it. Lines: the map. Right: at $k=${compared[0]}$ the
          peak comes $\ln10/(2\ln1.5)=2.8$ steps later for each decade; line: $\ln(1/z_0)/(2\ln(k-1))$, $z_0=k^2/m$ (here ${start.toPrecision(2)} at
          $m=${drawnWidth}$).`,
        spec: panels({
          panels: [
            {
              title: "height",
              x: m,
              y: { title: "largest z", scale: "log" },
              series: compared.flatMap((k, j) => [
                {
                  label: `k = ${k}`,
                  role: "prediction" as const,
                  points: widths.map((x, i) => ({ x, y: predicted.peaks[j]![i]! })),
                },
                {
                  label: `k = ${k}`,
                  role: "measurement" as const,
                  points: widths.map((x, i) => ({ x, y: peak(paths[j]![i]!) })),
                },
              ]),
            },
            {
              title: "time",
              x: m,
              y: { title: "step of the largest z" },
              series: [
                {
                  label: `k = ${compared[0]}`,
                  role: "prediction" as const,
                  points: widths.map((x, i) => ({ x, y: predicted.peakTimes[i]! })),
                },
                {
                  label: `k = ${compared[0]}`,
                  role: "measurement" as const,
                  points: peakTimes(paths[0]!).map((y, i) => ({ x: widths[i]!, y })),
                },
              ],
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`The network itself is no quadratic model: its neurons switch off in the spike, and some networks survive $k=4.1$.`,
    settings: { gates: "free", widths: [100, 1000] },
  },
});

interface Example {
  /** 1 × d. */
  readonly x: Matrix<Float64Array>;
  /** ‖x‖²/d. */
  readonly c: number;
  readonly start: TwoLayerStart;
}

/** Squared output in units of the width, and ηλ. */
interface Place {
  readonly z: number;
  readonly kappa: number;
}

interface Descent extends Pick<Catapult, "losses" | "outcome"> {
  /** ηλ where it was last looked at. */
  readonly last: number;
}

function drawExample({ dimension }: Chosen, width: number, generator: Random): Example {
  const x = gaussianMatrix(1, dimension, generator);
  const c = x.data.reduce((sum, value) => sum + value ** 2, 0) / dimension;
  return { x, c, start: twoLayerStart(width, dimension, generator, gaussianVector) };
}

/**
 * Moves the readout along the activations until √c |g_0| = λ_0, so that z_0 = k²/m exactly: what differs between networks is
 * then their width. By s = O(1/√m) with √c (g + s A) = λ + (c/√m)(2 s g + s² A), A = (1/√m) Σ_active a_i².
 */
function levelStart({ x, c, start: { weights, parameters } }: Example): Example {
  const { rows: m, cols: d } = weights;
  const moved = parameters.slice();
  const start = {
    weights: { ...weights, data: moved.subarray(0, m * d) },
    readout: moved.subarray(m * d),
    parameters: moved,
  };
  const root = Math.sqrt(m);
  const active = Float64Array.from({ length: m }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += weights.data[i * d + j]! * x.data[j]!;
    return Math.max(0, sum / Math.sqrt(d));
  });
  let [g, a, lambda] = [0, 0, 0];
  active.forEach((value, i) => {
    const v = start.readout[i]!;
    g += (v * value) / root;
    a += value ** 2 / root;
    if (value > 0) lambda += (value ** 2 + c * v ** 2) / m;
  });
  const [q2, q1, q0] = [(c * a) / root, (2 * c * g) / root - Math.sqrt(c) * a, lambda - Math.sqrt(c) * g];
  const s = (2 * q0) / (-q1 + Math.sqrt(q1 ** 2 - 4 * q2 * q0));
  active.forEach((value, i) => (start.readout[i]! += s * value));
  return { x, c, start };
}

function peakTimes(paths: readonly (readonly Place[])[]): number[] {
  return paths.map((path) => {
    const heights = path.map((state) => state.z);
    return heights.indexOf(Math.max(...heights));
  });
}

function neverGrows({ losses }: Descent): boolean {
  return losses.every((loss, t) => t === 0 || loss <= losses[t - 1]!);
}
