import { type Matrix, random } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { featureKinds, featureNames, gaussianMatrix, logSpaced, whitenedFeatures } from "../data/index.ts";
import type { Series } from "../figure.ts";
import { curves } from "../figures/index.ts";
import { averaged, mean, type ModeErrors, ridgeInModes } from "../measures/index.ts";
import { eigenframework as predictedErrors, powerLawSpectrum } from "../predictions/index.ts";

const settings = z.object({
  exponents: z
    .array(z.number().min(1.1).max(4))
    .min(1)
    .max(4)
    .default([1.5, 2, 3])
    .describe("α of the eigenvalues i^−α"),
  samples: z.array(z.int().min(10).max(1000)).min(1).max(6).default([50, 200]).describe("training points n"),
  ridges: z
    .array(z.number().min(0).max(100))
    .min(1)
    .max(4)
    .default([0, 0.01])
    .describe("δ, added to the kernel matrix as is"),
  modes: z.int().min(1000).max(20_000).default(2000).describe("eigenvalues that are not 0"),
  noise: z.number().min(0).max(10).default(0.25).describe("σ², variance of the label noise"),
  features: z.enum(featureKinds).default("gaussian").describe("eigenfunctions at random points"),
  draws: z.int().min(2).max(200).default(20).describe("draws of the training points"),
  noiseDraws: z.int().min(1).max(200).default(10).describe("draws of the label noise for each of them"),
  seed: z.int().min(0).default(0).describe("seed of features and noise"),
});

type Settings = z.output<typeof settings>;

/** v_1 … v_5; the target has no other modes. */
const target = [1, 1, 1, 1, 1];

interface Case {
  readonly exponent: number;
  readonly n: number;
  readonly ridge: number;
}

export default claim({
  code: "IN-05",
  id: "interpolation/eigenframework",
  title: "Kernel ridge regression from the spectrum alone: the eigenframework",
  statement: String.raw`A kernel $\sum_i\lambda_i\phi_i\phi_i$ with orthonormal $\phi_i$ learns a target $\sum_iv_i\phi_i$ from $n$ labels with noise of variance $\sigma^2$ and ridge $\delta$. With
    $\kappa$ from $\sum_i\mathcal L_i+\delta/\kappa=n$, $\mathcal L_i=\frac{\lambda_i}{\lambda_i+\kappa}$,
    $$\text{test}=\mathcal E_0\Big(\sum_i(1-\mathcal L_i)^2v_i^2+\sigma^2\Big),\quad\mathcal E_0=\frac n{n-\sum_i\mathcal L_i^2},\quad
      \text{train}=\Big(\frac\delta{n\kappa}\Big)^2\text{test}.$$
    Not rigorous in general: it asks that eigenfunctions at random points look like independent Gaussian features.`,
  source:
    "Simon et al., arXiv:2110.03922; Canatar, Bordelon & Pehlevan, arXiv:2006.13198; used by Mallinar et al., arXiv:2207.06569",
  status: "checked",
  seconds: 3,
  settings,
  full: { modes: 6000 },

  predict(chosen) {
    const { modes, noise, samples } = chosen;
    const energies = target.map((v) => v ** 2);
    const at = (exponent: number, ridge: number, n: number) => {
      const spectrum = { ...powerLawSpectrum(exponent, modes), tail: 0 };
      const { testError, trainError } = predictedErrors({ spectrum, energies, ridge, noise }, n);
      return { n, test: testError, training: trainError };
    };
    const sizes = logSpaced(0.4 * Math.min(...samples), 2 * Math.max(...samples), 21);
    return {
      cases: casesOf(chosen).map(({ exponent, ridge, n }) => at(exponent, ridge, n)),
      /** By α and ridge. */
      lines: chosen.exponents.map((exponent) =>
        chosen.ridges.map((ridge) => sizes.map((n) => at(exponent, ridge, n))),
      ),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { modes, noise, samples, features: kind, draws, noiseDraws, seed } = chosen;
    const generator = random(seed);
    const cases = casesOf(chosen);
    const found = cases.map((): ModeErrors[] => []);
    for (let draw = 0; draw < draws; draw++) {
      const most = Math.max(...samples);
      const all = whitenedFeatures(kind, most, modes, generator);
      const labels = gaussianMatrix(most, noiseDraws, generator, { std: Math.sqrt(noise) });
      for (let at = 0; at < labels.data.length; at++) {
        const row = Math.floor(at / noiseDraws) * modes;
        labels.data[at]! += target.reduce((sum, v, i) => sum + v * all.data[row + i]!, 0);
      }
      for (const [at, { exponent, n, ridge }] of cases.entries()) {
        signal.throwIfAborted();
        found[at]!.push(
          await ridgeInModes(engine, {
            features: firstRows(all, n),
            eigenvalues: Float64Array.from({ length: modes }, (_, i) => (i + 1) ** -exponent),
            target,
            labels: firstRows(labels, n),
            ridge,
          }),
        );
      }
      progress((draw + 1) / draws);
    }
    return found.map((errors) => ({
      test: averaged(
        0,
        errors.map(({ excess }) => excess + noise),
      ),
      training: mean(errors.map(({ training }) => training)),
    }));
  },

  judge(predicted, measured, chosen) {
    return verdict(
      casesOf(chosen).flatMap((one, i) => {
        const [theory, found] = [predicted.cases[i]!, measured[i]!];
        const of = nameOf(one);
        return [
          atMost(
            `|test error − predicted| / the larger of 8 % and 3 standard errors, ${of}`,
            Math.abs(found.test.y - theory.test) / Math.max(0.08 * theory.test, 3 * found.test.error),
            1,
          ),
          ...(one.ridge > 0
            ? [
                atMost(
                  `|training error / predicted − 1|, ${of}`,
                  Math.abs(found.training / theory.training - 1),
                  0.1,
                ),
              ]
            : []),
        ];
      }),
    );
  },

  figures({ cases: theory, lines }, measured, chosen) {
    const cases = casesOf(chosen);
    const { exponents, ridges, draws, features: kind, modes } = chosen;
    const ends = theory.flatMap(({ test, training }) => (training > 0 ? [test, training] : [test]));
    const range = [0.7 * Math.min(...ends), 1.4 * Math.max(...ends)] as const;
    const place = (i: number, of: "test" | "training") => {
      const { test, training } = measured[i]!;
      return of === "test"
        ? { x: theory[i]!.test, y: test.y, error: test.error }
        : { x: theory[i]!.training, y: training };
    };
    const marks = (exponent: number, of: "test" | "training"): Series => ({
      label: `${of === "test" ? "test" : "training"} error, α = ${exponent}`,
      role: "measurement",
      points: cases.flatMap((one, i) =>
        one.exponent === exponent && (of === "test" || one.ridge > 0) ? [place(i, of)] : [],
      ),
    });
    return [
      {
        name: "agreement",
        title: "Measured against predicted errors",
        caption: String.raw`Kernel ridge regression with ${featureNames[kind]}, ${modes} modes; means of ${draws} draws of the training points with standard errors. Training errors belong to
          $\delta>0$: without ridge they are 0.`,
        spec: curves({
          x: { title: "predicted mean squared error", scale: "log", domain: range },
          y: { title: "measured mean squared error", scale: "log", domain: range },
          series: [
            { label: "equal", role: "prediction", points: range.map((x) => ({ x, y: x })) },
            ...exponents.map((exponent) => marks(exponent, "test")),
            ...exponents.map((exponent) => marks(exponent, "training")),
          ],
        }),
      },
      {
        name: "learning-curves",
        title: "Test error against the number of samples",
        caption: String.raw`The noise is $\sigma^2=${chosen.noise}$: without ridge the curves level off at about $\alpha\sigma^2$ (and rise again where $n$ is not
          small against the number of modes), with ridge they go on to fall.`,
        spec: curves({
          x: { title: "samples n", scale: "log" },
          y: { title: "test error", scale: "log" },
          series: exponents.flatMap((exponent, i) =>
            ridges.flatMap((ridge, j): Series[] => {
              const label = `α = ${exponent}, δ = ${ridge}`;
              return [
                {
                  label,
                  role: "prediction",
                  points: lines[i]![j]!.map(({ n, test }) => ({ x: n, y: test })),
                },
                {
                  label,
                  role: "measurement",
                  points: cases.flatMap((one, at) =>
                    one.exponent === exponent && one.ridge === ridge
                      ? [{ ...measured[at]!.test, x: one.n }]
                      : [],
                  ),
                },
              ];
            }),
          ),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`With $\phi_i(x)=\sqrt2\cos(\pi ix)$ of one uniform number $x$, which are orthonormal but dependent, the same spectra have other errors.`,
    settings: { features: "cosine" },
  },
});

function casesOf({ exponents, samples, ridges }: Settings): Case[] {
  return exponents.flatMap((exponent) =>
    samples.flatMap((n) => ridges.map((ridge) => ({ exponent, n, ridge }))),
  );
}

function firstRows({ data, cols }: Matrix<Float64Array>, rows: number): Matrix<Float64Array> {
  return { data: data.subarray(0, rows * cols), rows, cols };
}

function nameOf({ exponent, n, ridge }: Case): string {
  return `α = ${exponent}, n = ${n}, δ = ${ridge}`;
}
