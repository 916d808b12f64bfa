import {
  averageGradientOuterProduct,
  evaluate,
  gradients,
  type Kernel,
  type Matrix,
  random,
  transformed,
  zeros,
} from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { gaussianMatrix, rowsOf } from "../data/index.ts";
import { panels } from "../figures/index.ts";
import {
  gaussKernel,
  gradientOuterProducts,
  kernelMachine,
  laplaceKernel,
  lpqKernel,
  type MetricKernel,
  quadraticKernel,
} from "../predictions/index.ts";

const settings = z.object({
  dimension: z.int().min(2).max(30).default(5).describe("inputs d"),
  centers: z.int().min(3).max(100).default(12).describe("centers n, standard normal"),
  points: z.int().min(3).max(200).default(20).describe("points that gradients are taken at"),
  closeness: z
    .number()
    .min(1e-9)
    .max(10)
    .default(1)
    .describe("standard deviation of a point's coordinates about a center"),
  bandwidth: z.number().min(0.1).max(100).default(1.5).describe("L"),
  step: z.number().min(1e-9).max(0.1).default(1e-6).describe("half the width of central differences"),
  seed: z.int().min(0).default(0).describe("seed of metric, centers, coefficients and points"),
});
type Settings = z.output<typeof settings>;

/** Of the machines. */
const outputs = 2;
/** Gradient entries of a kernel that are drawn. */
const drawn = 20;

interface Compared {
  readonly name: string;
  readonly kernel: (bandwidth: number) => Kernel;
  readonly formula: (m: number[][], root: number[][], bandwidth: number) => MetricKernel;
}

const compared: readonly Compared[] = [
  {
    name: "Laplace",
    kernel: (bandwidth) => ({ family: "laplace", exponent: 1, bandwidth }),
    formula: (m, _, bandwidth) => laplaceKernel(m, bandwidth),
  },
  {
    name: "Gauss",
    kernel: (bandwidth) => ({ family: "gaussian", bandwidth }),
    formula: (m, _, bandwidth) => gaussKernel(m, bandwidth),
  },
  {
    name: "quadratic",
    kernel: () => ({ family: "polynomial", bandwidth: 1, degree: 2, constant: 0 }),
    formula: (m) => quadraticKernel(m),
  },
  ...[
    { p: 2, q: 1 },
    { p: 2, q: 0.7 },
    { p: 1.5, q: 1 },
    { p: 1.2, q: 0.8 },
    { p: 1, q: 1 },
  ].map(({ p, q }): Compared => ({
    name: `p = ${p}, q = ${q}`,
    kernel: (bandwidth) => ({ family: "lpq", p, exponent: q, bandwidth }),
    formula: (_, root, bandwidth) => lpqKernel(root, { p, q, bandwidth }),
  })),
];

export default claim({
  code: "FL-01",
  id: "features/kernel-gradients",
  title: "Gradients of kernel machines, and their outer products, in closed form",
  statement: String.raw`Under a metric $M$ the Laplace kernel $e^{-\|x-z\|_M/L}$ has the gradient $-\frac{K}{L\|x-z\|_M}M(x-z)$, the Gaussian
    $e^{-\|x-z\|_M^2/2L^2}$ has $-\frac K{L^2}M(x-z)$, the quadratic $(x^\top Mz)^2$ has $2(x^\top Mz)Mz$, and $e^{-\|\delta\|_p^q/L^q}$ with
    $\delta=M^{1/2}(x-z)$ has $-\frac q{L^q}K\|\delta\|_p^{q-p}M^{1/2}\big(|\delta_k|^{p-1}\mathrm{sgn}\,\delta_k\big)_k$. At a center, where there is a kink, its own term
    counts as 0, the mean of the one-sided slopes. Sums over centers give gradients of machines, and their average outer products.`,
  source: "Radhakrishnan et al., arXiv:2212.13881; Beaglehole et al., arXiv:2508.10053",
  status: "proved",
  seconds: 1,
  settings,
  full: { dimension: 8, centers: 20, points: 40 },

  predict(chosen) {
    const { root, centers, coefficients, points } = draw(chosen);
    const rows = rowsOf(root);
    const m = rows.map((row) =>
      rows.map((_, j) => row.reduce((sum, value, k) => sum + value * rows[k]![j]!, 0)),
    );
    return compared.map(({ formula }) => {
      const kernel = formula(m, rows, chosen.bandwidth);
      const at = (x: Matrix<Float64Array>) =>
        rowsOf(x).map((point) => kernelMachine(kernel, rowsOf(centers), rowsOf(coefficients), point));
      const own = at(centers).map(({ gradients: all }) => all);
      return {
        gradients: at(points).flatMap(({ gradients: all }) => all.flat()),
        agop: gradientOuterProducts(own).flat(),
        centered: gradientOuterProducts(own, { centered: true }).flat(),
      };
    });
  },

  async measure(chosen, { engine, progress }) {
    const { root, centers, coefficients, points } = draw(chosen);
    const { step, bandwidth } = chosen;
    const results = [];
    for (const [at, { name, kernel }] of compared.entries()) {
      progress(at / compared.length, name);
      const machine = await transformed(engine, {
        kernel: kernel(bandwidth),
        metric: { form: "full", root, blocks: [] },
        centers: { coordinates: centers },
        coefficients,
      });
      const agop = async (isCentered: boolean): Promise<number[]> => {
        const { values } = await averageGradientOuterProduct(engine, machine, { centered: isCentered });
        return Array.from("data" in values ? values.data : values);
      };
      const differences = zeros(points.rows, outputs * points.cols);
      for (let k = 0; k < points.cols; k++) {
        const moved = (by: number) =>
          evaluate(engine, machine, {
            coordinates: {
              ...points,
              data: points.data.map((value, i) => (i % points.cols === k ? value + by : value)),
            },
          });
        const [up, down] = [await moved(step), await moved(-step)];
        for (let i = 0; i < up.data.length; i++)
          differences.data[i * points.cols + k] = (up.data[i]! - down.data[i]!) / (2 * step);
      }
      results.push({
        gradients: Array.from((await gradients(engine, machine, { coordinates: points })).data),
        differences: Array.from(differences.data),
        agop: await agop(false),
        centered: await agop(true),
      });
    }
    return results;
  },

  judge(predicted, measured, { step }) {
    return verdict(
      compared.flatMap(({ name }, at) => {
        const [formula, found] = [predicted[at]!, measured[at]!];
        return [
          atMost(
            `${name}: largest |gradient − central difference of step ${step}|`,
            largestDifference(found.gradients, found.differences),
            1e-7,
          ),
          atMost(
            `${name}: largest |gradient − closed form|`,
            largestDifference(found.gradients, formula.gradients),
            1e-12,
          ),
          atMost(
            `${name}: largest |entry of AGOP at the centers − closed form|`,
            largestDifference(found.agop, formula.agop),
            1e-12,
          ),
          atMost(
            `${name}: the same, gradients centered`,
            largestDifference(found.centered, formula.centered),
            1e-12,
          ),
        ];
      }),
    );
  },

  figures(predicted, measured, { points, dimension }) {
    const series = compared.map(({ name }, at) => {
      const stride = Math.max(1, Math.floor((points * outputs * dimension) / drawn));
      const chosen = Array.from({ length: drawn }, (_, i) => i * stride);
      return {
        label: name,
        role: "measurement" as const,
        points: chosen.flatMap((i) => {
          const [x, y] = [measured[at]!.differences[i], predicted[at]!.gradients[i]];
          return x === undefined || y === undefined ? [] : [{ x, y }];
        }),
      };
    });
    const panel = (title: string, first: number, last: number) => {
      const shown = series.slice(first, last);
      const ends = shown.flatMap((one) => one.points.map(({ x }) => x));
      const equal = [Math.min(...ends), Math.max(...ends)].map((end) => ({ x: end, y: end }));
      return {
        title,
        x: { title: "central difference" },
        y: { title: "closed form" },
        series: [{ label: "equal", role: "bound" as const, points: equal }, ...shown],
      };
    };
    return [
      {
        name: "gradients",
        title: "Closed forms of gradients against central differences",
        caption: String.raw`Entries of gradients of machines of two outputs under a random metric, for eight kernels. All lie on the line; the largest distance from it is
          ${Math.max(...measured.map((one) => largestDifference(one.gradients, one.differences))).toExponential(1)}.`,
        spec: panels({
          panels: [panel("Laplace and Gauss", 0, 2), panel("quadratic", 2, 3), panel("other norms", 3, 8)],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`Nearer to a center than the step, the kink lies between the two values of a central difference: it is no derivative, and differs.`,
    settings: { closeness: 3e-7 },
  },
});

/** A symmetric root of a metric M = R² of trace 1, a machine, and points that are no centers. */
function draw({ dimension, centers: n, points: m, closeness, seed }: Settings) {
  const generator = random(seed);
  const factor = gaussianMatrix(dimension, dimension, generator);
  const square = zeros(dimension, dimension);
  for (let i = 0; i < dimension; i++)
    for (let j = 0; j < dimension; j++)
      for (let k = 0; k < dimension; k++)
        square.data[i * dimension + j]! += factor.data[i * dimension + k]! * factor.data[j * dimension + k]!;
  const size = Math.hypot(...square.data);
  const root = { ...square, data: square.data.map((value) => value / size) };
  const centers = gaussianMatrix(n, dimension, generator);
  const coefficients = gaussianMatrix(n, outputs, generator);
  const offsets = gaussianMatrix(m, dimension, generator, { std: closeness });
  const points = {
    ...offsets,
    data: offsets.data.map((value, at) => value + centers.data[at % centers.data.length]!),
  };
  return { root, centers, coefficients, points };
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  return a.reduce((largest, value, at) => Math.max(largest, Math.abs(value - b[at]!)), 0);
}
