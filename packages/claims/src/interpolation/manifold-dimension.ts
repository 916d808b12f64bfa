import { random } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict, within } from "../claim.ts";
import { spherePoints } from "../data/index.ts";
import type { Series } from "../figure.ts";
import { panels } from "../figures/index.ts";
import { averaged, noiseGain, sphereKernel } from "../measures/index.ts";
import {
  angleQuadrature,
  eigenframework,
  harmonicMultiplicity,
  reluKernel,
  stepKernel,
  zonalSpectrum,
} from "../predictions/index.ts";

const settings = z.object({
  spaces: z
    .array(z.int().min(2).max(12))
    .min(1)
    .max(6)
    .default([2, 3, 4, 5, 8])
    .describe("dimensions D of the space around the sphere of dimension d = D − 1"),
  samples: z
    .array(z.int().min(50).max(1000))
    .min(1)
    .max(3)
    .default([100, 400])
    .describe("training points n; the last is judged"),
  ridge: z.number().min(0).max(10).default(0).describe("δ; 0 interpolates"),
  places: z.int().min(100).max(5000).default(1000).describe("new points"),
  draws: z.int().min(2).max(50).default(6).describe("draws of the points"),
  seed: z.int().min(0).default(0).describe("seed of the points"),
});

/** Kernels as functions of t = ⟨x, x'⟩ on the unit sphere, and their names in measurements. */
const kernels = [
  { label: "Laplace", name: "laplace", at: (t: number) => Math.exp(-Math.sqrt(2 - 2 * t)) },
  { label: "ReLU-NTK", name: "relu", at: (t: number) => reluKernel(1, 1, t) + t * stepKernel(1, 1, t) },
] as const;

/** How far a measured ratio may be from the prediction, by D. */
const tolerances: Readonly<Record<number, number>> = { 3: 0.06, 4: 0.04, 5: 0.025, 8: 0.02 };

export default claim({
  code: "IN-07",
  id: "interpolation/manifold-dimension",
  title: "Laplace and ReLU kernels are tempered: what the dimension does",
  statement: String.raw`On a sphere of dimension $d$ the Laplace kernel and the NTK of two-layer ReLU networks have eigenvalues that fall as a power law with
    $\alpha=1+1/d$: interpolation multiplies noise by $1+1/d$ in the limit, which is nearly benign in high dimension. The eigenframework, with the kernel's own eigenvalues, gives
    the ratio at finite $n$ for $d\ge2$. At $d=1$ it says 2, and is wrong: the wide Laplace interpolant is linear between neighbors, and a uniform point in any gap sees
    $\mathbb E[t^2+(1-t)^2]=\frac23$ of the noise, a ratio of $\frac53$. Features of one variable are not like independent Gaussians.`,
  source: "Mallinar et al., arXiv:2207.06569 (tempered overfitting of Laplace and ReLU-NTK kernels)",
  status: "checked",
  seconds: 6,
  settings,
  full: { samples: [100, 400, 800], draws: 12 },

  predict: ({ spaces, samples, ridge }) =>
    kernels.map(({ at }) =>
      spaces.map((space) => {
        const degree = degreeOf(space, 300 * Math.max(...samples));
        const spectrum = zonalSpectrum(at, space, degree, { rule: angleQuadrature(space, 20_000) });
        return samples.map((n) => eigenframework({ spectrum, energies: [], ridge }, n).noiseInflation);
      }),
    ),

  async measure({ spaces, samples, ridge, places, draws, seed }, { engine, signal, progress }) {
    const generator = random(seed);
    const ratios = kernels.map(() => spaces.map(() => samples.map((): number[] => [])));
    for (const [at, space] of spaces.entries())
      for (let draw = 0; draw < draws; draw++) {
        for (const [size, n] of samples.entries()) {
          const [x, everywhere] = [spherePoints(n, space, generator), spherePoints(places, space, generator)];
          for (const [i, { name }] of kernels.entries()) {
            signal.throwIfAborted();
            const gain = await noiseGain(engine, {
              kernel: await sphereKernel(engine, name, x),
              cross: await sphereKernel(engine, name, everywhere, x),
              ridge,
            });
            ratios[i]![at]![size]!.push(1 + gain);
          }
        }
        progress((at + (draw + 1) / draws) / spaces.length, `D = ${space}`);
      }
    return ratios.map((bySpace) =>
      bySpace.map((bySize, at) => bySize.map((values) => averaged(spaces[at]! - 1, values))),
    );
  },

  judge(predicted, measured, { spaces, samples }) {
    const last = samples.length - 1;
    return verdict(
      kernels.flatMap(({ label, name }, i) =>
        spaces.flatMap((space, at) => {
          const [theory, { y: found }] = [predicted[i]![at]![last]!, measured[i]![at]![last]!];
          const of = `${label}, D = ${space}, n = ${samples[last]!}`;
          const tolerance = tolerances[space];
          if (space === 2)
            return name === "laplace" ? [within(`noise ratio, ${of}`, found, 1.64, 1.69, 5 / 3)] : [];
          return tolerance === undefined
            ? []
            : [atMost(`|noise ratio / predicted − 1|, ${of}`, Math.abs(found / theory - 1), tolerance)];
        }),
      ),
    );
  },

  figures(predicted, measured, { spaces, samples, draws }) {
    const dimensions = spaces.map((space) => space - 1);
    const limit: Series = {
      label: "1 + 1/d",
      role: "bound",
      points: Array.from({ length: 8 * Math.max(...dimensions) - 7 }, (_, i) => 1 + i / 8).map((d) => ({
        x: d,
        y: 1 + 1 / d,
      })),
    };
    return [
      {
        name: "noise-ratio",
        title: "Noise ratio of interpolation against the dimension of the sphere",
        caption: String.raw`Lines: the eigenframework at this $n$. Marks: measured, means of ${draws} draws. The limit $1+1/d$ is near for the Laplace kernel, far for the NTK. At
          $d=1$ the lines are wrong: linear interpolation between noisy neighbors has a ratio of $5/3$.`,
        spec: panels({
          columns: Math.min(2, samples.length),
          panels: samples.map((n, size) => ({
            title: `n = ${n}`,
            x: { title: "dimension d of the sphere" },
            y: { title: "test error / noise variance", domain: [1, 2.1] as const },
            series: [
              limit,
              ...kernels.flatMap(({ label }, i): Series[] => [
                {
                  label,
                  role: "prediction",
                  points: dimensions.map((x, at) => ({ x, y: predicted[i]![at]![size]! })),
                },
                { label, role: "measurement", points: measured[i]!.map((bySize) => bySize[size]!) },
              ]),
            ],
          })),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`With ridge the fit does not interpolate, and at $d=1$ as elsewhere hardly any of the noise is left.`,
    settings: { ridge: 1, spaces: [2, 3], draws: 2 },
  },
});

/** The degree by which the harmonics are at least as many, or 1000: what is beyond acts like ridge. */
function degreeOf(space: number, harmonics: number): number {
  let [degree, count] = [0, 1];
  while (count < harmonics && degree < 1000) count += harmonicMultiplicity(space, ++degree);
  return degree;
}
