import { type Engine, type Random, random } from "lineament";
import { z } from "zod";
import { atMost, type Check, claim, verdict, within } from "../claim.ts";
import { logSpaced, spherePoints, zonalTargets } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import {
  kernelRegression,
  mean,
  sphereKernel,
  type SphereKernel,
  standardDeviation,
} from "../measures/index.ts";
import {
  eigenframework,
  exponentialSeries,
  type KernelSpectrum,
  powerSeriesSpectrum,
  reluKernelMasses,
  spectrumOfMasses,
  zonalSpectrum,
} from "../predictions/index.ts";

const settings = z.object({
  dimension: z.int().min(5).max(60).default(20).describe("input dimension d of the first picture"),
  sizes: z
    .array(z.int().min(10).max(8000))
    .min(2)
    .max(12)
    .default([40, 80, 160, 320, 640, 1280])
    .describe("training points n of the first picture"),
  secondDimension: z.int().min(5).max(100).default(60).describe("input dimension d of the second picture"),
  secondSizes: z
    .array(z.int().min(10).max(8000))
    .min(2)
    .max(12)
    .default([120, 240, 480, 960])
    .describe("training points n of the second picture"),
  ridge: z.number().min(1e-9).max(1).default(1e-6).describe("λ, added to the kernel matrix"),
  redraws: z.int().min(1).max(20).default(3).describe("data sets at each n"),
  targets: z.int().min(1).max(100).default(20).describe("random targets on each data set"),
  testPoints: z.int().min(100).max(10_000).default(2000).describe("test points"),
  seed: z.int().min(0).default(0).describe("seed of points and targets"),
});

/** ‖P_k f‖² of the targets, k = 0, 1, …. */
const energies = [0, 0.5, 0.3, 0.2];
const secondEnergies = [0, 0.5, 0.5];

/** Kernels, and how far a measured error may be from the predicted one. */
const kernels = [
  { kernel: "exponential", name: "exp(ρ)", gate: 0.05 },
  { kernel: "laplace", name: "Laplace", gate: 0.05 },
  { kernel: "relu", name: "ReLU, both layers", gate: 0.06 },
] as const;

/** What is left beyond degree 1. */
const plateau = 0.5;

/** Dimensions along which the asymptotic statement is looked at, by prediction only. */
const dimensions = [10, 20, 30, 60, 100, 300, 1000];

export default claim({
  code: "LZ-09",
  id: "linearized/staircase",
  title: "Kernel regression learns degree after degree, but the staircase is smooth",
  statement: String.raw`For a rotation-invariant kernel with mass at all degrees and $d^{\ell+\delta}\le n\le d^{\ell+1-\delta}$ points, the test error of kernel
    ridge regression on $\sqrt d\,\mathbb S^{d-1}$ tends to $\|P_{>\ell}f\|^2$ as $d\to\infty$. At finite $d$ it is, with
    $\sum_kB_k\frac{\lambda_k}{\lambda_k+\kappa}+\frac\lambda\kappa=n$ and $L_k=\frac{\lambda_k}{\lambda_k+\kappa}$,
    $$\mathrm{MSE}=\frac{n}{n-\sum_kB_kL_k^2}\sum_k(1-L_k)^2\|P_kf\|^2.$$
    Every step spans a decade of $n$: at no size that can be computed is a plateau seen.`,
  source:
    "Lecture 11: Linearized Networks, Theorem 1 and Figure 2 (arXiv:1904.12191); eigenframework: Canatar et al. 2021, Simon et al. 2021",
  status: "checked",
  seconds: 5,
  settings,
  full: {
    sizes: [40, 80, 160, 320, 640, 1280, 2000, 4000],
    secondSizes: [120, 240, 480, 960, 1920],
  },

  predict({ dimension, sizes, secondDimension, secondSizes, ridge }) {
    const exponential = (d: number): KernelSpectrum => powerSeriesSpectrum(exponentialSeries(), d, 12);
    const relu = reluKernelMasses(dimension, 40);
    const spectra: Readonly<Record<(typeof kernels)[number]["kernel"], KernelSpectrum>> = {
      exponential: exponential(dimension),
      laplace: zonalSpectrum((rho) => Math.exp(-Math.sqrt(2 - 2 * rho)), dimension, 8),
      relu: spectrumOfMasses(
        relu.randomFeature.map((mass, k) => mass + relu.tangent[k]!),
        dimension,
        1,
      ),
    };
    const curve = (spectrum: KernelSpectrum, target: readonly number[], places: readonly number[]) =>
      places.map((n) => ({ n, error: eigenframework({ spectrum, energies: target, ridge }, n).testError }));
    /** From d (or the least n) to d^2.5 (or the largest). */
    const along = (places: readonly number[], d: number): number[] =>
      logSpaced(Math.min(d, ...places), Math.max(d ** 2.5, ...places), 61);
    /** At n = d^1.5, where degree 1 is learned and the rest, ½, is not. */
    const afterDegreeOne = (d: number): number =>
      eigenframework({ spectrum: exponential(d), energies, ridge }, d ** 1.5).testError;
    return {
      kernels: kernels.map(({ kernel }) => ({
        at: curve(spectra[kernel], energies, sizes),
        line: curve(spectra[kernel], energies, along(sizes, dimension)),
      })),
      second: {
        at: curve(exponential(secondDimension), secondEnergies, secondSizes),
        line: curve(exponential(secondDimension), secondEnergies, along(secondSizes, secondDimension)),
      },
      asymptotics: dimensions.map(afterDegreeOne),
      asymptoticLine: logSpaced(10, 1000, 41).map((d) => ({
        x: Math.round(d),
        y: afterDegreeOne(Math.round(d)),
      })),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { dimension, sizes, secondDimension, secondSizes, redraws } = chosen;
    const generator = random(chosen.seed);
    const work = redraws * kernels.length * sum(sizes) + redraws * sum(secondSizes);
    let done = 0;
    const errors = async (
      kernel: SphereKernel,
      d: number,
      degrees: readonly number[],
      places: readonly number[],
    ): Promise<number[][]> => {
      const found: number[][] = [];
      for (const n of places) {
        const column: number[] = [];
        for (let redraw = 0; redraw < redraws; redraw++) {
          signal.throwIfAborted();
          column.push(await testError(engine, { ...chosen, kernel, d, degrees, n, generator }));
        }
        found.push(column);
        progress((done += redraws * n) / work, `${kernel} kernel, d = ${d}, n = ${n}`);
      }
      return found;
    };
    const found = [];
    for (const { kernel } of kernels) found.push(await errors(kernel, dimension, energies, sizes));
    return {
      kernels: found,
      second: await errors("exponential", secondDimension, secondEnergies, secondSizes),
    };
  },

  judge(predicted, measured, { dimension, sizes, secondDimension, secondSizes }) {
    const gates = (
      of: string,
      line: readonly { readonly error: number }[],
      found: readonly (readonly number[])[],
      places: readonly number[],
      gate: (n: number) => number,
    ): Check[] =>
      places.flatMap((n, i) => {
        const { error } = line[i]!;
        return gate(n) === Infinity
          ? []
          : [within(`test error, ${of}, n = ${n}`, mean(found[i]!), error - gate(n), error + gate(n), error)];
      });
    const distances = predicted.asymptotics.map((error) => Math.abs(error - plateau));
    return verdict([
      ...kernels.flatMap(({ name, gate }, at) =>
        gates(`${name}, d = ${dimension}`, predicted.kernels[at]!.at, measured.kernels[at]!, sizes, (n) =>
          n >= 40 ? gate : Infinity,
        ),
      ),
      ...gates(`exp(ρ), d = ${secondDimension}`, predicted.second.at, measured.second, secondSizes, (n) =>
        n >= 240 ? 0.05 : n >= 120 ? 0.1 : Infinity,
      ),
      atMost(
        "largest ratio of successive distances to the plateau at n = d^1.5, d = 10 … 1000 (prediction only)",
        Math.max(...distances.slice(1).map((distance, i) => distance / distances[i]!)),
        1,
      ),
      atMost("distance to the plateau at n = d^1.5, d = 1000 (prediction only)", distances.at(-1)!, 0.006),
    ]);
  },

  figures(predicted, measured, { dimension, sizes, secondDimension, secondSizes, redraws }) {
    return [
      {
        name: "three-kernels",
        title: `Test error against sample size, d = ${dimension}`,
        caption: String.raw`A target with parts of degree 1, 2, 3 (squared norms .5, .3, .2). Marks: means of ${redraws} data sets with their standard
          deviations; lines: the eigenframework, nothing fitted; dashed levels: the plateaus of $d\to\infty$, which are not seen at this
          size. The ReLU kernel levels off at .2: it has no odd degrees from 3 on.`,
        spec: curves({
          ...axes(dimension),
          series: [
            ...kernels.flatMap(({ name }, at) => [
              {
                label: name,
                role: "prediction" as const,
                points: powers(dimension, predicted.kernels[at]!.line),
              },
              {
                label: name,
                role: "measurement" as const,
                points: marks(dimension, sizes, measured.kernels[at]!),
              },
            ]),
            ...plateaus(energies),
          ],
        }),
      },
      {
        name: "two-degrees",
        title: `Test error against sample size, d = ${secondDimension}`,
        caption: String.raw`The kernel $e^\rho$ and a target with parts of degree 1 and 2 (squared norms .5 each). The bend near the level .5 is all
          that is left of a step.`,
        spec: curves({
          ...axes(secondDimension),
          series: [
            {
              label: "exp(ρ)",
              role: "prediction",
              points: powers(secondDimension, predicted.second.line),
            },
            {
              label: "exp(ρ)",
              role: "measurement",
              points: marks(secondDimension, secondSizes, measured.second),
            },
            ...plateaus(secondEnergies),
          ],
        }),
      },
      {
        name: "large-dimensions",
        title: "How large a dimension must be for the first plateau",
        caption: String.raw`Predicted test error of the kernel $e^\rho$ at $n=d^{1.5}$ for the target with parts of degree 1, 2, 3: the plateau of $d\to\infty$ is
          approached from above. At $d=1000$, $n=31{,}623$, it is half a percent away.`,
        spec: curves({
          x: { title: "dimension d (samples n = d^1.5)", scale: "log" },
          y: { title: "test error / squared norm of the target", domain: [0.45, 0.6] },
          series: [
            {
              label: "exp(ρ), predicted",
              role: "prediction",
              points: predicted.asymptoticLine,
            },
            {
              label: "plateau of d → ∞ after degree 1",
              role: "bound",
              points: [dimensions[0]!, dimensions.at(-1)!].map((x) => ({ x, y: plateau })),
            },
          ],
        }),
      },
    ];
  },
});

function axes(d: number) {
  return {
    x: { title: `log_d n (power of d = ${d} in the number of samples)` },
    y: { title: "test error / squared norm of the target", domain: [0, 1] as const },
  };
}

function powers(
  d: number,
  points: readonly { readonly n: number; readonly error: number }[],
): { x: number; y: number }[] {
  return points.map(({ n, error }) => ({ x: Math.log(n) / Math.log(d), y: error }));
}

function marks(d: number, sizes: readonly number[], errors: readonly (readonly number[])[]) {
  return sizes.map((n, i) => ({
    x: Math.log(n) / Math.log(d),
    y: mean(errors[i]!),
    error: standardDeviation(errors[i]!),
  }));
}

/** What is left of the target beyond each degree, where the theorem promises it. */
function plateaus(target: readonly number[]) {
  return Array.from({ length: target.length - 2 }, (_, i) => i + 1).map((degree) => ({
    label: `plateau of d → ∞ after degree ${degree}`,
    role: "bound" as const,
    points: [degree, Math.min(degree + 1, 2.5)].map((x) => ({ x, y: sum(target.slice(degree + 1)) })),
  }));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Mean squared error of kernel ridge regression on new points over the squared norm of the target, on average over targets. */
async function testError(
  engine: Engine,
  setting: {
    readonly kernel: SphereKernel;
    readonly d: number;
    readonly n: number;
    readonly degrees: readonly number[];
    readonly targets: number;
    readonly testPoints: number;
    readonly ridge: number;
    readonly generator: Random;
  },
): Promise<number> {
  const { kernel, d, n, degrees, targets, testPoints, ridge, generator } = setting;
  const x = spherePoints(n, d, generator);
  const test = spherePoints(testPoints, d, generator);
  const f = zonalTargets(d, degrees, targets, generator);
  const predictions = await kernelRegression(engine, {
    kernel: await sphereKernel(engine, kernel, x),
    cross: await sphereKernel(engine, kernel, test, x),
    targets: f(x),
    ridge,
  });
  const truth = f(test).data;
  return mean(predictions.data.map((value, i) => (value - truth[i]!) ** 2)) / sum(degrees);
}
