import { averageGradientOuterProduct, type Engine, type Kernel, type Matrix, random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { gaussianMatrix, gaussianVector, orthogonalMatrix } from "../data/index.ts";
import { bars } from "../figures/index.ts";
import {
  column,
  distance,
  type FeatureIterate,
  featureIterations,
  product,
  rowProducts,
} from "../measures/index.ts";
import { type Change, isInvariant, type IterationVariant } from "../predictions/index.ts";

const settings = z.object({
  rows: z
    .int()
    .min(4)
    .max(500)
    .default(8)
    .describe("training rows n, standard normal, and as many to predict"),
  dimension: z.int().min(2).max(50).default(3).describe("inputs d"),
  kernel: z
    .enum(["laplace", "quadratic"])
    .default("laplace")
    .describe("exp(−‖x − z‖/L), a function of differences, or ⟨x, z⟩², which is none"),
  bandwidth: z.number().min(0.1).max(100).default(2).describe("L of the Laplace kernel"),
  ridge: z.number().min(1e-6).max(10).default(1e-3).describe("λ in K + λI"),
  iterations: z.int().min(1).max(10).default(3).describe("metric updates T"),
  targetScale: z.number().min(1.5).max(100).default(3).describe("s, by which targets are multiplied"),
  seed: z.int().min(0).default(0).describe("seed of rows, targets, rotation and shift"),
});
type Settings = z.output<typeof settings>;

const changes = ["rotate rows", "shift rows", "scale targets"] as const;

interface Variant extends IterationVariant {
  readonly name: string;
  readonly centered?: boolean;
}

const euclidean = { form: "full", p: 2 } as const;
const variants: readonly Variant[] = [
  { name: "none", normalization: "none", ...euclidean },
  { name: "trace", normalization: "trace", ...euclidean },
  { name: "maximum", normalization: "maximum", ...euclidean },
  { name: "centered", normalization: "trace", ...euclidean, centered: true },
  { name: "diagonal", normalization: "trace", form: "diagonal", p: 2 },
  { name: "p = 1", normalization: "trace", form: "full", p: 1 },
];

/** What rounding may leave of an equality, and the least that shows a difference. */
const [equal, different] = [1e-10, 1e-3];

export default claim({
  code: "FL-02",
  id: "features/iteration-invariants",
  title: "What a recursive feature machine does not see",
  statement: String.raw`Every $M_t$ is symmetric and positive semidefinite. Rows $x\mapsto Qx$ give $M_t\mapsto QM_tQ^\top$ and equal predictions when the metric is
    normalized by its trace or not at all, but not when its largest entry is set to 1, when only its diagonal is kept, or when the distance is
    not Euclidean. Shifts of all rows change nothing. Targets $sy$ have an average gradient outer product $s^2$ times as large: normalized machines
    learn the same metric, others do not.`,
  source: "Radhakrishnan et al., arXiv:2212.13881; Beaglehole et al., arXiv:2508.10053 (variants)",
  status: "proved",
  seconds: 1,
  settings,
  full: { rows: 60, dimension: 6, iterations: 5 },

  predict: ({ targetScale }) => ({
    /** By variant and change. */
    invariant: variants.map((variant) => changes.map((change) => isInvariant(change, variant))),
    agopFactor: targetScale ** 2,
  }),

  async measure(chosen, { engine, signal, progress }) {
    const { rows, dimension, targetScale, seed } = chosen;
    const generator = random(seed);
    const problem: Problem = {
      x: gaussianMatrix(rows, dimension, generator),
      y: column(gaussianVector(rows, generator)),
      unseen: gaussianMatrix(rows, dimension, generator),
    };
    const rotation = orthogonalMatrix(dimension, generator);
    const shift = gaussianVector(dimension, generator);
    const shifted = (a: Matrix<Float64Array>): Matrix<Float64Array> => ({
      ...a,
      data: a.data.map((value, at) => value + shift[at % dimension]!),
    });
    const changed: Record<Change, Problem> = {
      "rotate rows": {
        ...problem,
        x: await rowProducts(engine, problem.x, rotation),
        unseen: await rowProducts(engine, problem.unseen, rotation),
      },
      "shift rows": { ...problem, x: shifted(problem.x), unseen: shifted(problem.unseen) },
      "scale targets": { ...problem, y: scaled(problem.y, targetScale) },
    };
    const residuals: number[][] = [];
    const asymmetries: number[] = [];
    const leastEigenvalues: number[] = [];
    const agopFactors: number[] = [];
    for (const [at, variant] of variants.entries()) {
      progress(at / variants.length, variant.name);
      const run = (given: Problem): Promise<FeatureIterate[]> =>
        featureIterations(engine, { ...given, ...optionsOf(variant, chosen), signal });
      const own = await run(problem);
      const row: number[] = [];
      for (const change of changes) {
        const other = await run(changed[change]);
        let largest = 0;
        for (const [t, { metric, values }] of own.entries()) {
          const expected =
            change === "rotate rows"
              ? await rowProducts(engine, await product(engine, rotation, metric), rotation)
              : metric;
          const predictions = change === "scale targets" ? scaled(values, targetScale) : values;
          largest = Math.max(
            largest,
            relativeDistance(other[t]!.metric, expected),
            relativeDistance(other[t]!.values, predictions),
          );
        }
        row.push(largest);
        if (change === "scale targets")
          agopFactors.push((await agopNorm(engine, other[0]!)) / (await agopNorm(engine, own[0]!)));
      }
      residuals.push(row);
      for (const { metric } of own) {
        const { values } = await engine.eigenSymmetric(metric);
        leastEigenvalues.push(values[0]! / values.at(-1)!);
        asymmetries.push(asymmetry(metric));
      }
    }
    return {
      /** By variant and change: the largest relative error of M_t and of predictions over all iterates. */
      residuals,
      asymmetry: Math.max(...asymmetries),
      leastEigenvalue: Math.min(...leastEigenvalues),
      agopFactors,
    };
  },

  judge({ invariant, agopFactor }, { residuals, asymmetry: skew, leastEigenvalue, agopFactors }) {
    return verdict([
      atMost("largest ‖M − Mᵀ‖ / ‖M‖", skew, equal),
      atLeast("least eigenvalue of M / the largest", leastEigenvalue, -equal),
      atMost(
        "largest |factor of the first AGOP / s² − 1|",
        Math.max(...agopFactors.map((factor) => Math.abs(factor / agopFactor - 1))),
        equal,
      ),
      ...variants.flatMap(({ name }, at) =>
        changes.map((change, k) => {
          const told = `${name}, ${change}: relative change of M_t and predictions`;
          const residual = residuals[at]![k]!;
          return invariant[at]![k]! ? atMost(told, residual, equal, 0) : atLeast(told, residual, different);
        }),
      ),
    ]);
  },

  figures(_, { residuals }, { iterations }) {
    return [
      {
        name: "residuals",
        title: "What is left of each invariance",
        caption: String.raw`Largest relative error of the metric and of predictions over ${iterations} updates, when rows are rotated, rows are shifted or targets are scaled: rounding where
          theory says that nothing changes, more than a thousandth elsewhere. Names tell the normalization of a full Euclidean metric, or what
          else differs. Errors below $10^{-17}$ are drawn as that.`,
        spec: bars({
          x: { title: "variant of the iteration", categories: variants.map(({ name }) => name) },
          y: { title: "relative change", scale: "log" },
          series: [
            { label: "largest rounding", role: "bound", values: variants.map(() => equal) },
            ...changes.map((change, k) => ({
              label: change,
              role: "measurement" as const,
              values: residuals.map((row) => Math.max(row[k]!, 1e-17)),
            })),
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`The quadratic kernel $\langle x,z\rangle_M^2$ is no function of differences: shifted rows give another machine.`,
    settings: { kernel: "quadratic" },
  },
});

interface Problem {
  readonly x: Matrix<Float64Array>;
  readonly y: Matrix<Float64Array>;
  readonly unseen: Matrix<Float64Array>;
}

function optionsOf(
  { p, form, normalization, centered }: Variant,
  { kernel: family, bandwidth, ridge, iterations }: Settings,
) {
  const kernel: Kernel =
    family === "quadratic"
      ? { family: "polynomial", bandwidth: 1, degree: 2, constant: 0 }
      : { family: "lpq", p, exponent: 1, bandwidth };
  return { kernel, form, normalization, centered, ridge, iterations };
}

function scaled(a: Matrix<Float64Array>, factor: number): Matrix<Float64Array> {
  return { ...a, data: a.data.map((value) => value * factor) };
}

function relativeDistance(a: Matrix<Float64Array>, b: Matrix<Float64Array>): number {
  return distance(a.data, b.data) / Math.hypot(...b.data);
}

function asymmetry({ data, rows }: Matrix<Float64Array>): number {
  const transposed = data.map((_, at) => data[(at % rows) * rows + Math.floor(at / rows)]!);
  return distance(data, transposed) / Math.hypot(...data);
}

async function agopNorm(engine: Engine, { expansion }: FeatureIterate): Promise<number> {
  const { values } = await averageGradientOuterProduct(engine, expansion);
  return Math.hypot(...("data" in values ? values.data : values));
}
