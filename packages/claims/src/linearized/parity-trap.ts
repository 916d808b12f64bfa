import { random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { logSpaced, spherePoints, zonalTargets } from "../data/index.ts";
import { panels } from "../figures/index.ts";
import { kernelRegression, mean, sphereKernel } from "../measures/index.ts";
import {
  eigenframework,
  erfHermiteEnergies,
  exponentialSeries,
  type KernelSpectrum,
  powerSeriesSpectrum,
  reluKernel,
  reluKernelMasses,
  spectrumOfMasses,
  stepKernel,
  zonalSpectrum,
} from "../predictions/index.ts";

const settings = z.object({
  dimension: z.int().min(5).max(30).default(10).describe("input dimension d"),
  sizes: z
    .array(z.int().min(20).max(5000))
    .min(1)
    .max(8)
    .default([100, 400, 1000])
    .describe("training points n; the verdict is about the largest"),
  ridge: z.number().min(1e-9).max(1).default(1e-6).describe("λ, added to the kernel matrix"),
  testPoints: z.int().min(100).max(10_000).default(2000).describe("test points"),
  seed: z.int().min(0).default(0).describe("seed of points and targets"),
});

/** Degrees of the targets. */
const degrees = [3, 2] as const;

const kernels = [
  { kernel: "exponential", name: "exp(ρ)" },
  { kernel: "relu-random", name: "ReLU, readout trained" },
  { kernel: "relu-tangent", name: "ReLU, first layer trained" },
  { kernel: "relu", name: "ReLU, both" },
  { kernel: "relu-bias", name: "ReLU with bias, both" },
  { kernel: "erf", name: "erf, readout trained" },
] as const;

type KernelName = (typeof kernels)[number]["kernel"];

/** Bounds on the test error at the largest n. */
const gates: readonly {
  readonly degree: 2 | 3;
  readonly kernel: KernelName;
  readonly atLeast?: number;
  readonly atMost?: number;
}[] = [
  { degree: 3, kernel: "relu-random", atLeast: 0.9 },
  { degree: 3, kernel: "relu-tangent", atLeast: 0.9 },
  { degree: 3, kernel: "relu", atLeast: 0.9 },
  { degree: 3, kernel: "exponential", atMost: 0.05 },
  { degree: 3, kernel: "erf", atMost: 0.05 },
  { degree: 3, kernel: "relu-bias", atMost: 0.4 },
  { degree: 2, kernel: "relu-random", atMost: 0.05 },
  { degree: 2, kernel: "relu-tangent", atMost: 0.05 },
  { degree: 2, kernel: "relu", atMost: 0.05 },
  { degree: 2, kernel: "erf", atLeast: 0.9 },
];

export default claim({
  code: "LZ-11",
  id: "linearized/parity-trap",
  title: "Without biases a ReLU kernel cannot learn a cubic, nor an erf kernel a quadratic",
  statement: String.raw`On the sphere the kernels of a ReLU layer without bias, $\mathbb E[\mathrm{ReLU}\,\mathrm{ReLU}]$ and $\rho\,\frac{\pi-\theta}{2\pi}$, have no odd
    degrees from 3 on; those of odd activations such as erf and tanh have no even degrees. Targets of a missing degree are never learned,
    whatever the number of samples. A bias, $\rho\mapsto\frac{\rho+\beta^2}{1+\beta^2}$, brings all degrees back.`,
  source: "Lecture 11: Linearized Networks, Theorem 1 (needs all degrees)",
  status: "proved",
  seconds: 2,
  settings,
  full: { sizes: [100, 400, 1600] },

  predict({ dimension: d, sizes, ridge }) {
    const relu = reluKernelMasses(d, 40);
    const withBias = (rho: number): number => (rho + 1) / 2;
    const both = (rho: number): number => reluKernel(1, 1, rho) + rho * stepKernel(1, 1, rho);
    const spectra: Readonly<Record<KernelName, KernelSpectrum>> = {
      exponential: powerSeriesSpectrum(exponentialSeries(), d, 12),
      "relu-random": spectrumOfMasses(relu.randomFeature, d, 1 / 2),
      "relu-tangent": spectrumOfMasses(relu.tangent, d, 1 / 2),
      relu: spectrumOfMasses(
        relu.randomFeature.map((mass, k) => mass + relu.tangent[k]!),
        d,
        1,
      ),
      "relu-bias": zonalSpectrum((rho) => 2 * both(withBias(rho)), d, 8),
      erf: powerSeriesSpectrum(erfHermiteEnergies(81), d, 12),
    };
    const places = logSpaced(Math.min(...sizes) / 2, Math.max(...sizes) * 1.5, 41);
    return degrees.map((degree) => ({
      degree,
      curves: kernels.map(({ kernel }) =>
        places.map((n) => ({
          x: n,
          y: eigenframework({ spectrum: spectra[kernel], energies: pure(degree), ridge }, n).testError,
        })),
      ),
      atLargest: Object.fromEntries(
        kernels.map(({ kernel }) => [
          kernel,
          eigenframework({ spectrum: spectra[kernel], energies: pure(degree), ridge }, Math.max(...sizes))
            .testError,
        ]),
      ) as Readonly<Record<KernelName, number>>,
    }));
  },

  async measure({ dimension: d, sizes, ridge, testPoints, seed }, { engine, signal, progress }) {
    const generator = random(seed);
    const test = spherePoints(testPoints, d, generator);
    const targets = degrees.map((degree) => zonalTargets(d, pure(degree), 1, generator));
    const truths = targets.map((target) => target(test).data);
    /** errors[degree][kernel][size]. */
    const errors = degrees.map(() => kernels.map((): number[] => []));
    let done = 0;
    for (const n of sizes) {
      const x = spherePoints(n, d, generator);
      for (const [at, { kernel }] of kernels.entries()) {
        signal.throwIfAborted();
        for (const [which, target] of targets.entries()) {
          const predictions = await kernelRegression(engine, {
            kernel: await sphereKernel(engine, kernel, x),
            cross: await sphereKernel(engine, kernel, test, x),
            targets: target(x),
            ridge,
          });
          const truth = truths[which]!;
          errors[which]![at]!.push(mean(predictions.data.map((value, i) => (value - truth[i]!) ** 2)));
        }
        progress(
          (done += n) / (kernels.length * sizes.reduce((a, b) => a + b, 0)),
          `${kernel} kernel, n = ${n}`,
        );
      }
    }
    return { errors };
  },

  judge(predicted, { errors }, { sizes }) {
    const n = Math.max(...sizes);
    return verdict(
      gates.map((gate) => {
        const which = degrees.indexOf(gate.degree);
        const at = kernels.findIndex(({ kernel }) => kernel === gate.kernel);
        const error = errors[which]![at]![sizes.indexOf(n)]!;
        const name = `test error on degree ${gate.degree}, ${kernels[at]!.name}, n = ${n}`;
        const expected = predicted[which]!.atLargest[gate.kernel];
        return gate.atLeast === undefined
          ? atMost(name, error, gate.atMost!, expected)
          : atLeast(name, error, gate.atLeast, expected);
      }),
    );
  },

  figures: (predicted, { errors }, { dimension, sizes }) => [
    {
      name: "two-targets",
      title: "A cubic and a quadratic target, learned by six kernels",
      caption: String.raw`Test error over the squared norm of the target in $d=${dimension}$: marks measured, lines the eigenframework. Kernels without the degree of
        the target stay above 1 for ever (they fit noise); the level 1 is that of predicting 0.`,
      spec: panels({
        columns: 2,
        panels: predicted.map(({ degree, curves }, which) => ({
          title: `target of degree ${degree}`,
          x: { title: "training points n", scale: "log" as const },
          y: {
            title: "test error / squared norm of the target",
            scale: "log" as const,
            domain: [1e-4, 10] as const,
          },
          series: kernels.flatMap(({ name }, at) => [
            { label: name, role: "prediction" as const, points: curves[at]! },
            {
              label: name,
              role: "measurement" as const,
              points: sizes.map((x, i) => ({ x, y: errors[which]![at]![i]! })),
            },
          ]),
        })),
      }),
    },
  ],
});

/** All energy in one degree. */
function pure(degree: number): number[] {
  return Array.from({ length: degree + 1 }, (_, k) => (k === degree ? 1 : 0));
}
