import {
  averageGradientOuterProduct,
  type Engine,
  gradients,
  identityMetric,
  type Matrix,
  random,
  type Random,
  rowRange,
  transformed,
  type TransformedExpansion,
  transpose,
  zeros,
} from "lineament";
import { z } from "zod";
import { atMost, claim, verdict, within } from "../claim.ts";
import { gaussianMatrix, orthogonalMatrix, productTarget, rowsOf } from "../data/index.ts";
import { curves, heatMaps } from "../figures/index.ts";
import { column, featureIterations, product, rowProducts } from "../measures/index.ts";
import {
  linearGradients,
  productGradients,
  quadraticGradients,
  quadraticGradientsError,
} from "../predictions/index.ts";

const settings = z
  .object({
    dimension: z.int().min(3).max(50).default(10).describe("inputs d, standard normal"),
    directions: z.int().min(1).max(10).default(3).describe("rows r of U in f = g(Ux), fewer than d"),
    points: z.int().min(100).max(200_000).default(20_000).describe("points that known functions are seen at"),
    rows: z
      .array(z.int().min(50).max(5000))
      .min(1)
      .max(5)
      .default([500, 1000])
      .describe("training rows n of the machine"),
    draws: z
      .int()
      .min(1)
      .max(50)
      .default(3)
      .describe("training sets for each n; entries are means over them"),
    noise: z.number().min(0).max(10).default(0).describe("standard deviation of noise on the targets"),
    bandwidth: z.number().min(0.5).max(100).default(10).describe("L of the Laplace kernel"),
    ridge: z.number().min(1e-8).max(10).default(1e-3).describe("λ in K + λI"),
    iterations: z.int().min(0).max(20).default(5).describe("metric updates T"),
    seed: z.int().min(0).default(0).describe("seed of the functions, points and training sets"),
  })
  .refine(({ directions, dimension }) => directions < dimension, {
    path: ["directions"],
    message: "it must be less than the dimension",
  });
type Settings = z.output<typeof settings>;

export default claim({
  code: "FL-03",
  id: "features/known-functions",
  title: "Average gradient outer products of known functions, found again in a fitted machine",
  statement: String.raw`Of $f=w^\top x$ the average gradient outer product is $ww^\top$, and 0 when gradients are centered: the centered one does not see linear
    dependence. Of $f=\frac12x^\top Ax$ with $x\sim N(0,I)$ it is $A^2$ on average, $\mathrm{diag}(1,1,0,\dots)$ for $x_0x_1$. Of $f=g(Ux)$ with $U$ of $r$
    rows it has rank at most $r$, and its range lies in the row space of $U$. A recursive feature machine fitted to noiseless
    values of $x_0x_1$ has nearly $\mathrm{diag}(1,1,0,\dots)$.`,
  source: "Radhakrishnan et al., arXiv:2212.13881",
  status: "proved",
  seconds: 5,
  settings,
  full: { rows: [500, 1000, 2000, 4000], draws: 5, points: 100_000 },

  predict(chosen) {
    const { w, a } = functionsOf(chosen);
    return {
      linear: linearGradients(Array.from(w.data)),
      quadratic: quadraticGradients(rowsOf(a)),
      quadraticError: quadraticGradientsError(rowsOf(a), chosen.points),
      product: productGradients(chosen.dimension),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { dimension, points, rows, draws, noise, bandwidth, ridge, iterations } = chosen;
    const { w, a, u, generator } = functionsOf(chosen);
    const at = { coordinates: gaussianMatrix(points, dimension, generator) };
    const linear = await gradients(engine, await linearFunction(engine, w), at);
    const quadratic = await gradients(engine, await quadraticFunction(engine, a), at);
    const multiIndex = await gradients(engine, await multiIndexFunction(engine, u, generator), at);
    const agop = await outerProduct(engine, multiIndex);
    const { values } = await engine.eigenSymmetric(agop);
    const fitted = [];
    for (const [k, n] of rows.entries()) {
      const sum = zeros(dimension, dimension);
      const diagonals: number[][] = [];
      for (let draw = 0; draw < draws; draw++) {
        progress((k + draw / draws) / rows.length, `n = ${n}`);
        const { x: inputs, y } = productTarget(n, dimension, generator);
        for (let i = 0; i < n; i++) y.data[i]! += noise * generator.normal();
        const iterates = await featureIterations(engine, {
          x: inputs,
          y,
          unseen: zeros(0, dimension),
          kernel: { family: "laplace", bandwidth, exponent: 1 },
          ridge,
          iterations,
          signal,
        });
        const { values: m } = await averageGradientOuterProduct(engine, iterates.at(-1)!.expansion);
        const entries = "data" in m ? m.data : m;
        entries.forEach((value, k) => (sum.data[k]! += value / draws));
        diagonals.push(Array.from({ length: dimension }, (_, k) => entries[k * (dimension + 1)]!));
      }
      fitted.push({ n, mean: rowsOf(sum), diagonals });
    }
    return {
      linear: rowsOf(await outerProduct(engine, linear)),
      centeredLinear: rowsOf(await outerProduct(engine, centered(linear))),
      quadratic: rowsOf(await outerProduct(engine, quadratic)),
      multiIndex: {
        /** λ_{r+1}/λ_1. */
        beyond: Math.abs(values[dimension - 1 - chosen.directions]!) / values[dimension - 1]!,
        /** The share of the trace outside of the row space of U, whose rows are orthonormal. */
        outside: 1 - (await energyIn(engine, agop, u)),
      },
      fitted,
    };
  },

  judge(predicted, { linear, centeredLinear, quadratic, multiIndex, fitted }, { directions: r }) {
    const scale = norm(predicted.linear);
    const deviations = quadratic.flatMap((row, i) =>
      row.map((value, j) => (value - predicted.quadratic[i]![j]!) / predicted.quadraticError[i]![j]!),
    );
    return verdict([
      atMost("wᵀx: relative distance of AGOP and wwᵀ", norm(minus(linear, predicted.linear)) / scale, 1e-12),
      atMost("wᵀx: centered AGOP / ‖w‖²", norm(centeredLinear) / scale, 1e-12),
      atMost(
        "½xᵀAx: largest |AGOP − A²|, in standard errors of the mean over points",
        Math.max(...deviations.map(Math.abs)),
        5,
      ),
      atMost(`g(Ux): eigenvalue ${r + 1} / eigenvalue 1`, multiIndex.beyond, 1e-12),
      atMost("g(Ux): share of the trace outside of the rows of U", Math.abs(multiIndex.outside), 1e-12),
      ...fitted.flatMap(({ n, mean: m }) => {
        const diagonal = m.map((row, k) => row[k]!);
        return [
          within(`machine on x₀x₁, n = ${n}: AGOP entry (0, 0)`, diagonal[0]!, 0.85, 1.15, 1),
          within(`machine on x₀x₁, n = ${n}: AGOP entry (1, 1)`, diagonal[1]!, 0.85, 1.15, 1),
          atMost(
            `machine on x₀x₁, n = ${n}: largest other diagonal entry`,
            Math.max(...diagonal.slice(2)),
            0.05,
            0,
          ),
        ];
      }),
    ]);
  },

  figures(predicted, { fitted }, { dimension, draws, iterations, bandwidth }) {
    const labels = Array.from({ length: dimension }, (_, k) => k);
    const most = fitted.at(-1)!;
    const line = (label: string, y: number) => ({
      label,
      role: "prediction" as const,
      points: fitted.map(({ n }) => ({ x: n, y })),
    });
    return [
      {
        name: "agop",
        title: "The average gradient outer product of a fitted machine, and the exact one",
        caption: String.raw`$y=x_0x_1$, $x\sim N(0,I_{${dimension}})$, $n=${most.n}$, ${iterations} metric updates of a Laplace machine with $L=${bandwidth}$, mean of ${draws} training
          sets. Only the two coordinates that matter are left, with their exact sizes.`,
        spec: heatMaps({
          x: { title: "input", labels },
          y: { title: "input", labels },
          maps: [
            { title: "fitted", values: most.mean },
            { title: "exact", values: predicted.product },
          ],
          value: { title: "entry of the AGOP", scale: "diverging", domain: [-1, 1] },
        }),
      },
      {
        name: "rows",
        title: "Entries of the AGOP against the number of training rows",
        caption: String.raw`Diagonal entries (0, 0) and (1, 1), and the largest of the others, of every training set. They scatter about 1 by as much
          as $\frac1n\sum x_1^2$ does, of which (0, 0) is an estimate.`,
        spec: curves({
          x: { title: "training rows n", scale: "log" },
          y: { title: "diagonal entry of the AGOP" },
          series: [
            line("relevant inputs", 1),
            line("other inputs", 0),
            {
              label: "relevant inputs",
              role: "measurement",
              points: fitted.flatMap(({ n, diagonals }) =>
                diagonals.flatMap((diagonal) => diagonal.slice(0, 2).map((y) => ({ x: n, y }))),
              ),
            },
            {
              label: "other inputs",
              role: "measurement",
              points: fitted.flatMap(({ n, diagonals }) =>
                diagonals.map((diagonal) => ({ x: n, y: Math.max(...diagonal.slice(2)) })),
              ),
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`With noise as strong as the signal the machine fits the noise too, and its gradients are three times as large as those of the function.`,
    settings: { noise: 1, rows: [500], draws: 1 },
  },
});

/** w, a symmetric A, and U with orthonormal rows. */
function functionsOf({ dimension, directions, seed }: Settings) {
  const generator = random(seed);
  const w = gaussianMatrix(1, dimension, generator);
  const half = gaussianMatrix(dimension, dimension, generator);
  const a = zeros(dimension, dimension);
  for (let i = 0; i < dimension; i++)
    for (let j = 0; j < dimension; j++)
      a.data[i * dimension + j] = (half.data[i * dimension + j]! + half.data[j * dimension + i]!) / 2;
  const u = rowRange(orthogonalMatrix(dimension, generator), 0, directions);
  return { w, a, u, generator };
}

const inner = { family: "polynomial", bandwidth: 1, constant: 0 } as const;

/** wᵀx: a kernel ⟨x, z⟩ with the one center w. */
function linearFunction(engine: Engine, w: Matrix<Float64Array>): Promise<TransformedExpansion> {
  return transformed(engine, {
    kernel: { ...inner, degree: 1 },
    metric: identityMetric(w.cols),
    centers: { coordinates: w },
    coefficients: column(Float64Array.of(1)),
  });
}

/** ½ xᵀAx = Σ_k ½ λ_k ⟨x, q_k⟩²: a quadratic kernel with the eigenvectors of A as centers. */
async function quadraticFunction(engine: Engine, a: Matrix<Float64Array>): Promise<TransformedExpansion> {
  const { values, vectors } = await engine.eigenSymmetric(a);
  return transformed(engine, {
    kernel: { ...inner, degree: 2 },
    metric: identityMetric(a.rows),
    centers: { coordinates: transpose(vectors) },
    coefficients: column(values.map((value) => value / 2)),
  });
}

/** g(Ux): a Laplace expansion under the metric UᵀU, its own root as the rows of U are orthonormal. */
async function multiIndexFunction(
  engine: Engine,
  u: Matrix<Float64Array>,
  generator: Random,
): Promise<TransformedExpansion> {
  const root = zeros(u.cols, u.cols);
  await engine.syrk({ a: u, c: root, transpose: true });
  return transformed(engine, {
    kernel: { family: "laplace", bandwidth: 2, exponent: 1 },
    metric: { form: "full", root, blocks: [] },
    centers: { coordinates: gaussianMatrix(30, u.cols, generator) },
    coefficients: gaussianMatrix(30, 1, generator),
  });
}

/** Rows less their mean. */
function centered(rows: Matrix<Float64Array>): Matrix<Float64Array> {
  const means = new Float64Array(rows.cols);
  rows.data.forEach((value, at) => (means[at % rows.cols]! += value / rows.rows));
  return { ...rows, data: rows.data.map((value, at) => value - means[at % rows.cols]!) };
}

/** (1/m) Σ_i g_i g_iᵀ of m gradients. */
async function outerProduct(engine: Engine, rows: Matrix<Float64Array>): Promise<Matrix<Float64Array>> {
  const c = zeros(rows.cols, rows.cols);
  await engine.syrk({ a: rows, c, transpose: true, alpha: 1 / rows.rows });
  return c;
}

/** tr(U G Uᵀ) / tr G. */
async function energyIn(engine: Engine, g: Matrix<Float64Array>, u: Matrix<Float64Array>): Promise<number> {
  const trace = ({ data, rows }: Matrix<Float64Array>): number =>
    data.reduce((sum, value, at) => (at % (rows + 1) === 0 ? sum + value : sum), 0);
  return trace(await rowProducts(engine, await product(engine, u, g), u)) / trace(g);
}

function minus(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number[][] {
  return a.map((row, i) => row.map((value, j) => value - b[i]![j]!));
}

function norm(a: readonly (readonly number[])[]): number {
  return Math.hypot(...a.flat());
}
