import { type Engine, random, type Random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import { gaussianVector, logSpaced, spherePoints } from "../data/index.ts";
import type { Series } from "../figure.ts";
import { curves } from "../figures/index.ts";
import {
  averaged,
  column,
  filteredFits,
  flowFilter,
  mean,
  ridgeFilter,
  sphereKernel,
} from "../measures/index.ts";
import {
  angleQuadrature,
  eigenframework,
  powerLawNoiseLimit,
  powerLawSpectrum,
  zonalSpectrum,
} from "../predictions/index.ts";

const settings = z.object({
  samples: z
    .array(z.int().min(20).max(2000))
    .min(2)
    .max(6)
    .default([50, 200, 800])
    .describe("training points n on the sphere, ascending"),
  ridge: z.number().min(1e-6).max(100).default(1).describe("δ, a constant ridge"),
  noise: z.number().min(0.01).max(10).default(1).describe("σ², variance of the label noise"),
  places: z.int().min(100).max(5000).default(1000).describe("new points"),
  draws: z
    .int()
    .min(1)
    .max(50)
    .default(8)
    .describe("training sets of the largest size; of smaller ones more, with as many points in all"),
  seed: z.int().min(0).default(0).describe("seed of points and noise"),
});

type Settings = z.output<typeof settings>;

/** The power law and the ridges n^−b of the threshold. */
const alpha = 2;
const ridgeExponents = [0, 0.5, 1, 1.5];
const many = 10_000;

/** Ridges, and times of stopping, among which the best is chosen by the true error. */
const ridges = logSpaced(1e-3, 1e3, 37);
const times = logSpaced(1e-4, 1e3, 43);

const methods = ["no ridge", "constant ridge", "best ridge", "best early stopping"] as const;

export default claim({
  code: "IN-08",
  id: "interpolation/benign-ridge",
  title: "A little ridge, or stopping early, makes overfitting benign",
  statement: String.raw`With eigenvalues $i^{-\alpha}$, a ridge $\delta_n$ that falls more slowly than $n^{1-\alpha}$, any constant for example, makes the noise ratio go to 1: benign. At
    $\delta_n\sim n^{1-\alpha}$ it tends to a number between 1 and $\alpha$, below that to $\alpha$, as without ridge: tempered. So the Laplace kernel on $\mathbb S^2$ interpolates
    noisy labels with an excess risk that hardly falls with $n$, while that of ridge regression, and of kernel gradient flow stopped early, goes to 0.`,
  source:
    "Mallinar et al., arXiv:2207.06569 (ridge and early stopping); eigenframework of Simon et al., arXiv:2110.03922",
  status: "checked",
  seconds: 5,
  settings,
  full: { samples: [50, 100, 200, 400, 800, 1600], draws: 10 },

  predict({ samples, ridge: constant, noise }) {
    const spectrum = zonalSpectrum((t) => Math.exp(-Math.sqrt(2 - 2 * t)), 3, 300, {
      rule: angleQuadrature(3, 20_000),
    });
    // E[(2 x_0 x_1)²] = 4/15, E[x_2²] = 1/3.
    const excess = (ridge: number, n: number): number =>
      eigenframework({ spectrum, energies: [0, 1 / 3, 4 / 15], ridge, noise }, n).testError - noise;
    const sizes = logSpaced(samples[0]!, samples.at(-1)!, 9);
    return {
      threshold: ridgeExponents.map((exponent) => ({
        exponent,
        limit: powerLawNoiseLimit(alpha, exponent),
        curve: logSpaced(10, many, 10)
          .map(Math.round)
          .map((n) => {
            const problem = {
              spectrum: powerLawSpectrum(alpha, 20 * n),
              energies: [],
              ridge: n ** -exponent,
            };
            return { n, ratio: eigenframework(problem, n).noiseInflation };
          }),
      })),
      sphere: sizes.map((n) => ({
        n,
        "no ridge": excess(0, n),
        "constant ridge": excess(constant, n),
        "best ridge": Math.min(...ridges.map((ridge) => excess(ridge, n))),
      })),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { samples, draws, seed } = chosen;
    const generator = random(seed);
    const runs = [];
    for (const [at, n] of samples.entries()) {
      const found: Record<(typeof methods)[number], number>[] = [];
      const sets = Math.ceil((draws * samples.at(-1)!) / n);
      for (let draw = 0; draw < sets; draw++) {
        signal.throwIfAborted();
        found.push(await excesses(engine, n, chosen, generator));
        progress((at + (draw + 1) / sets) / samples.length, `n = ${n}`);
      }
      runs.push({
        n,
        excess: methods.map((method) =>
          averaged(
            n,
            found.map((one) => one[method]),
          ),
        ),
      });
    }
    return runs;
  },

  judge({ threshold }, measured) {
    const ratio = (exponent: number): number =>
      threshold.find((one) => one.exponent === exponent)!.curve.at(-1)!.ratio;
    const limit = (exponent: number): number => powerLawNoiseLimit(alpha, exponent);
    const [first, last] = [measured[0]!, measured.at(-1)!];
    const excess = ({ excess: of }: typeof first, method: (typeof methods)[number]): number =>
      of[methods.indexOf(method)]!.y;
    const n = `n = ${last.n}`;
    return verdict([
      atMost(`noise ratio at δ = 1, α = ${alpha}, n = ${many}`, ratio(0), 1.02, limit(0)),
      within(`noise ratio at δ = 1/n, α = ${alpha}, n = ${many}`, ratio(1), 1.5, 1.7, limit(1)),
      atLeast(`noise ratio at δ = n^−1.5, α = ${alpha}, n = ${many}`, ratio(1.5), 1.95, limit(1.5)),
      within(`excess without ridge, ${n}`, excess(last, "no ridge"), 0.35, 0.5),
      atMost(`excess at a constant ridge, ${n}`, excess(last, "constant ridge"), 0.08),
      atMost(`excess of the best early stopping, ${n}`, excess(last, "best early stopping"), 0.04),
      atLeast(
        `excess at a constant ridge, n = ${first.n} / ${n}`,
        excess(first, "constant ridge") / excess(last, "constant ridge"),
        3,
      ),
    ]);
  },

  figures({ threshold, sphere }, measured, { ridge, draws, noise }) {
    const names = methods.map((method) => (method === "constant ridge" ? `ridge δ = ${ridge}` : method));
    const predicted = ["no ridge", "constant ridge", "best ridge"] as const;
    return [
      {
        name: "excess",
        title: "Excess risk on the sphere against the number of samples",
        caption: String.raw`Laplace kernel on $\mathbb S^2$, $f=2x_0x_1+x_2$, $\sigma^2=${noise}$; means of ${draws} training sets at the largest $n$ and of more below, with standard errors. The best ridge and time
          are chosen by the true error. Lines: the eigenframework, which has no formula for early stopping.`,
        spec: curves({
          x: { title: "samples n", scale: "log" },
          y: { title: "excess risk", scale: "log" },
          series: methods.flatMap((method, i): Series[] => {
            const label = names[i]!;
            const line = predicted.find((one) => one === method);
            const marks: Series = {
              label,
              role: "measurement",
              points: measured.map(({ excess }) => excess[i]!),
            };
            return line === undefined
              ? [marks]
              : [
                  { label, role: "prediction", points: sphere.map((row) => ({ x: row.n, y: row[line] })) },
                  marks,
                ];
          }),
        }),
      },
      {
        name: "threshold",
        title: "How fast a ridge may fall and still be benign",
        caption: String.raw`Eigenvalues $i^{-${alpha}}$: the threshold is $\delta\sim1/n$, where the ratio tends to $${powerLawNoiseLimit(alpha, 1).toFixed(3)}$.`,
        spec: curves({
          x: { title: "samples n", scale: "log" },
          y: { title: "test error / noise variance", domain: [1, 2.1] },
          series: [
            ...threshold.map(({ exponent, curve }): Series => ({
              label: exponent === 0 ? "δ = 1" : `δ = n^−${exponent}`,
              role: "prediction",
              points: curve.map(({ n, ratio }) => ({ x: n, y: ratio })),
            })),
            {
              label: "limit at the threshold",
              role: "bound",
              points: [10, many].map((x) => ({ x, y: powerLawNoiseLimit(alpha, alpha - 1) })),
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`A constant ridge of $10^{-3}$ does as much as none at these $n$: it is below the threshold until $n$ is a million.`,
    settings: { ridge: 1e-3, samples: [50, 800], draws: 1 },
  },
});

/** Mean squared errors against f of one training set, by method. */
async function excesses(
  engine: Engine,
  n: number,
  { ridge, noise, places }: Settings,
  generator: Random,
): Promise<Record<(typeof methods)[number], number>> {
  const [x, everywhere] = [spherePoints(n, 3, generator), spherePoints(places, 3, generator)];
  const errors = gaussianVector(n, generator);
  const labels = target(x.data).map((value, i) => value + Math.sqrt(noise) * errors[i]!);
  const filters = [
    ridgeFilter(0),
    ridgeFilter(ridge),
    ...ridges.map((value) => ridgeFilter(value)),
    ...times.map((time) => flowFilter(time)),
  ];
  const { data } = await filteredFits(engine, {
    kernel: await sphereKernel(engine, "laplace", x),
    cross: await sphereKernel(engine, "laplace", everywhere, x),
    targets: column(labels),
    filters,
  });
  const truth = target(everywhere.data);
  const excess = filters.map((_, j) =>
    mean(truth.map((value, i) => (data[i * filters.length + j]! - value) ** 2)),
  );
  return {
    "no ridge": excess[0]!,
    "constant ridge": excess[1]!,
    "best ridge": Math.min(...excess.slice(2, 2 + ridges.length)),
    "best early stopping": Math.min(...excess.slice(2 + ridges.length)),
  };
}

/** 2 x_0 x_1 + x_2 on the unit sphere, from points of √3 times its size. */
function target(points: Float64Array): Float64Array {
  return Float64Array.from({ length: points.length / 3 }, (_, i) => {
    const [a, b, c] = points.subarray(3 * i, 3 * i + 3);
    return (2 * a! * b!) / 3 + c! / Math.sqrt(3);
  });
}
