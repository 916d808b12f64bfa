import { random, transpose } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { logSpaced, whitenedFeatures } from "../data/index.ts";
import type { Series } from "../figure.ts";
import { curves } from "../figures/index.ts";
import { averaged, noiseGain, rowProducts, scaledColumns } from "../measures/index.ts";
import {
  eigenframework,
  exponentialSpectrum,
  type KernelSpectrum,
  logarithmicSpectrum,
  overfittingOf,
  powerLawNoiseLimit,
  powerLawSpectrum,
  superPolynomialSpectrum,
} from "../predictions/index.ts";

const settings = z.object({
  exponents: z
    .array(z.number().min(1.1).max(5))
    .min(1)
    .max(5)
    .default([1.2, 1.5, 2, 3])
    .describe("α of the eigenvalues i^−α"),
  rate: z.number().min(0.05).max(0.4).default(0.2).describe("c of the eigenvalues e^(−c i)"),
  samples: z
    .array(z.int().min(5).max(400))
    .min(1)
    .max(5)
    .default([30, 100])
    .describe("training points n of simulated interpolation; theory goes to 10,000"),
  modesPerSample: z
    .int()
    .min(10)
    .max(100)
    .default(20)
    .describe("eigenvalues for each sample; the tail beyond is added to the kernel's diagonal"),
  tail: z.boolean().default(true).describe("whether it is added"),
  draws: z.int().min(5).max(200).default(20).describe("draws of the training points"),
  seed: z.int().min(0).default(0).describe("seed of the features"),
});

type Settings = z.output<typeof settings>;

/** Where curves begin, and where limits must be seen. */
const [fewest, many, most] = [10, 1000, 10_000] as const;

interface Family {
  readonly label: string;
  readonly spectrum: (modes: number) => KernelSpectrum;
  /** lim 𝓔₀. */
  readonly limit: number;
  /** lim 𝓔₀/n, where it is known not to be 0. */
  readonly growth?: number;
  /** The largest n at which eigenvalues are far above underflow. */
  readonly until: number;
  /** Whether simulations are held against the curve: eigenvalues must fall slowly for the eigenframework to be exact. */
  readonly slow: boolean;
}

export default claim({
  code: "IN-06",
  id: "interpolation/spectral-taxonomy",
  title: "Benign, tempered, catastrophic: the spectrum decides",
  statement: String.raw`Interpolate noise with a kernel of eigenvalues $\lambda_i$. As $n\to\infty$ the noise ratio $\mathcal E_0$, test error over noise variance, goes to 1 (*benign*), to a
    finite number above 1 (*tempered*), or to infinity (*catastrophic*). A power law $\lambda_i=i^{-\alpha}$ has $\mathcal E_0\to\alpha$, since $\sum\mathcal L_i=n$ and
    $\sum\mathcal L_i^2\to n(1-1/\alpha)$; $\lambda_i=i^{-1}\ln^{-2}i$ is benign, slowly; decay faster than any power is catastrophic, with $\mathcal E_0\to cn$ for
    $e^{-ci}$. Kernels and networks in use have power laws: their overfitting is tempered.`,
  source: "Mallinar et al., arXiv:2207.06569, Theorem 3.1; eigenframework of Simon et al., arXiv:2110.03922",
  status: "proved",
  seconds: 4,
  settings,
  full: { samples: [30, 100, 300], draws: 40 },

  predict(chosen) {
    const inflation = (spectrum: KernelSpectrum, n: number): number =>
      eigenframework({ spectrum, energies: [] }, n).noiseInflation;
    const sizes = [...logSpaced(fewest, many, 9), 3000, most].map(Math.round);
    return {
      families: familiesOf(chosen).map(({ label, spectrum, limit, until }) => {
        const at = (n: number) => ({ n, ratio: inflation(spectrum(chosen.modesPerSample * n), n) });
        return {
          label,
          limit,
          kind: overfittingOf(limit),
          curve: sizes.filter((n) => n <= until).map(at),
          simulated: chosen.samples.map((n) => at(n)),
        };
      }),
      /** At the smallest n, against α. */
      byExponent: Array.from({ length: 20 }, (_, i) => 1.1 + 0.15 * i).map((exponent) => ({
        exponent,
        ratio: inflation(powerLawSpectrum(exponent, chosen.modesPerSample * fewest), fewest),
        limit: powerLawNoiseLimit(exponent),
      })),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { samples, modesPerSample, draws, seed } = chosen;
    const generator = random(seed);
    const families = familiesOf(chosen);
    const ratios = families.map(() => samples.map((): number[] => []));
    for (const [at, n] of samples.entries())
      for (let draw = 0; draw < draws; draw++) {
        const modes = modesPerSample * n;
        const features = whitenedFeatures("gaussian", n, modes, generator);
        for (const [i, { spectrum }] of families.entries()) {
          signal.throwIfAborted();
          const { eigenvalues, tail } = spectrum(modes);
          const scaled = scaledColumns(features, eigenvalues.map(Math.sqrt));
          const gain = await noiseGain(engine, {
            kernel: await rowProducts(engine, scaled),
            cross: transpose(scaledColumns(features, eigenvalues)),
            ridge: tail,
          });
          // The mean over new points of k(x) k(x)ᵀ is the sum over modes of λ_i² φ_i φ_iᵀ.
          ratios[i]![at]!.push(1 + eigenvalues.length * gain);
        }
        progress((at + draw / draws) / samples.length, `n = ${n}`);
      }
    return ratios.map((bySize) => bySize.map((values, at) => averaged(samples[at]!, values)));
  },

  judge({ families }, measured, chosen) {
    const described = familiesOf(chosen);
    return verdict(
      families.flatMap(({ label, limit, kind, curve, simulated }, i) => {
        const { growth, slow } = described[i]!;
        const at = (size: number): number => curve.find(({ n }) => n === size)!.ratio;
        const ofLimit = {
          tempered: () => [
            atMost(`|𝓔₀/α − 1| at n = ${many}, ${label}`, Math.abs(at(many) / limit - 1), 0.01),
          ],
          benign: () => [
            atMost(`𝓔₀ at n = ${most}, ${label}`, at(most), 1.15, limit),
            atMost(
              `largest step of 𝓔₀ from one n to the next, ${label}`,
              Math.max(...curve.slice(1).map(({ ratio }, k) => ratio - curve[k]!.ratio)),
              -1e-9,
            ),
          ],
          catastrophic: () =>
            growth === undefined
              ? []
              : [
                  atMost(
                    `|𝓔₀/(c n) − 1| at n = ${many}, ${label}`,
                    Math.abs(at(many) / (growth * many) - 1),
                    0.01,
                  ),
                ],
        };
        const simulations = measured[i]!.map(({ y, error }, k) => {
          const { n, ratio } = simulated[k]!;
          return atMost(
            `|simulated 𝓔₀ − predicted| / the larger of 8 % and 3 standard errors, n = ${n}, ${label}`,
            Math.abs(y - ratio) / Math.max(0.08 * ratio, 3 * error),
            1,
          );
        });
        return [...ofLimit[kind](), ...(slow ? simulations : [])];
      }),
    );
  },

  figures({ families, byExponent }, measured, { exponents, samples, draws }) {
    const last = samples.length - 1;
    return [
      {
        name: "noise-ratio",
        title: "Noise ratio of interpolation against the number of samples",
        caption: String.raw`Lines: the eigenframework. Marks: ridgeless kernel regression on independent Gaussian features with these eigenvalues, means of
          ${draws} draws with standard errors.`,
        spec: curves({
          x: { title: "samples n", scale: "log" },
          y: { title: "test error / noise variance", scale: "log", domain: [1, 300] },
          series: families.flatMap(({ label, kind, curve }, i): Series[] => {
            const name = `${label}, ${kind}`;
            return [
              { label: name, role: "prediction", points: curve.map(({ n, ratio }) => ({ x: n, y: ratio })) },
              { label: name, role: "measurement", points: measured[i]! },
            ];
          }),
        }),
      },
      {
        name: "exponent",
        title: "The noise ratio of a power law is its exponent",
        caption: String.raw`Eigenvalues $i^{-\alpha}$, no ridge: already with ${fewest} samples the ratio is near its limit. Marks: simulations at $n=${samples[last]!}$.`,
        spec: curves({
          x: { title: "exponent α", domain: [1, 4] },
          y: { title: "test error / noise variance", domain: [1, 4] },
          series: [
            {
              label: "limit, α",
              role: "bound",
              points: byExponent.map(({ exponent, limit }) => ({ x: exponent, y: limit })),
            },
            {
              label: `eigenframework, n = ${fewest}`,
              role: "prediction",
              points: byExponent.map(({ exponent, ratio }) => ({ x: exponent, y: ratio })),
            },
            {
              label: `simulated, n = ${samples[last]!}`,
              role: "measurement",
              points: exponents.map((x, i) => ({ ...measured[i]![last]!, x })),
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`Cut off at $10n$ eigenvalues, without the tail, a power law with $\alpha$ near 1 has another ratio: few eigenvalues are left over to spread the noise on.`,
    settings: { tail: false, modesPerSample: 10, samples: [30], draws: 5 },
  },
});

function familiesOf({ exponents, rate, tail }: Settings): Family[] {
  const cut = (spectrum: KernelSpectrum): KernelSpectrum => (tail ? spectrum : { ...spectrum, tail: 0 });
  return [
    ...exponents.map((exponent): Family => ({
      label: `i^−${exponent}`,
      spectrum: (modes) => cut(powerLawSpectrum(exponent, modes)),
      limit: powerLawNoiseLimit(exponent),
      until: Infinity,
      slow: true,
    })),
    {
      label: "1/(i ln² i)",
      spectrum: (modes) => cut(logarithmicSpectrum(modes)),
      limit: 1,
      until: Infinity,
      slow: true,
    },
    {
      label: `e^(−${rate} i)`,
      // Beyond 400/rate eigenvalues are too small to matter at n below that, and near underflow.
      spectrum: (modes) => cut(exponentialSpectrum(rate, Math.min(modes, Math.floor(650 / rate)))),
      limit: Infinity,
      growth: rate,
      until: 400 / rate,
      slow: false,
    },
    {
      label: "i^(−ln i)",
      spectrum: (modes) => cut(superPolynomialSpectrum(modes)),
      limit: Infinity,
      until: Infinity,
      slow: false,
    },
  ];
}
