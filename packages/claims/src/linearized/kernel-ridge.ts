import { type Engine, type Matrix, random, RidgeSystem, transpose, zeros } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict, within } from "../claim.ts";
import { gaussianMatrix, gaussianVector, logSpaced, rowsOf } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { column, kernelRegression, logSlope, product, rowProducts } from "../measures/index.ts";
import { ridgeCoefficients } from "../predictions/index.ts";

const settings = z.object({
  samples: z.int().min(2).max(500).default(40).describe("training points n"),
  features: z
    .array(z.int().min(1).max(1000))
    .min(1)
    .max(4)
    .default([15, 100])
    .describe("numbers of features p, one problem each"),
  ridge: z.number().min(1e-6).max(100).default(0.1).describe("λ of the three forms"),
  path: z
    .array(z.number().min(1e-9).max(1000))
    .min(2)
    .max(20)
    .default([1, 0.1, 0.01, 0.001, 1e-4, 1e-5])
    .describe("λ along which the solution goes to the one of minimum norm"),
  seed: z.int().min(0).default(0).describe("seed of features and labels"),
});

/** Points at which predictions are compared. */
const newPoints = 20;

export default claim({
  code: "LZ-02",
  id: "linearized/kernel-ridge",
  title: "Ridge regression on features: primal, dual and kernel form are one",
  statement: String.raw`The minimizer of $\|y-\Phi b\|^2+\lambda\|b\|^2$ is
    $$b^*=(\Phi^\top\Phi+\lambda I_p)^{-1}\Phi^\top y=\Phi^\top(\lambda I_n+\Phi\Phi^\top)^{-1}y,$$
    it predicts $K(x,\cdot)^\top(\lambda I_n+K_n)^{-1}y$ with $K=\Phi\Phi^\top$, and as $\lambda\to0^+$ it tends to the least-squares solution of minimum
    norm, at a rate proportional to $\lambda$.`,
  source: "Lecture 11: Linearized Networks, §1",
  status: "proved",
  seconds: 1,
  settings,

  predict(chosen) {
    return problems(chosen).map(({ phi, newPhi, y }) => {
      const [rows, newRows, targets] = [rowsOf(phi), rowsOf(newPhi), Array.from(y)];
      const coefficients = ridgeCoefficients(rows, targets, chosen.ridge);
      const minimumNorm = ridgeCoefficients(rows, targets, 0);
      return {
        coefficients,
        outputs: newRows.map((row) => row.reduce((sum, value, j) => sum + value * coefficients[j]!, 0)),
        minimumNorm,
        line: logSpaced(Math.min(...chosen.path), Math.max(...chosen.path), 21).map((x) => ({
          x,
          y: distance(ridgeCoefficients(rows, targets, x), minimumNorm),
        })),
      };
    });
  },

  async measure(chosen, { engine }) {
    const runs = [];
    for (const { phi, newPhi, y } of problems(chosen)) {
      const primal = await primalCoefficients(engine, phi, y, chosen.ridge);
      const dual = await dualCoefficients(engine, phi, y, chosen.ridge);
      const predictions = await kernelRegression(engine, {
        kernel: await rowProducts(engine, phi),
        cross: await rowProducts(engine, newPhi, phi),
        targets: column(y),
        ridge: chosen.ridge,
      });
      const smaller = phi.cols < phi.rows ? primalCoefficients : dualCoefficients;
      const path: number[][] = [];
      for (const ridge of chosen.path) path.push(Array.from(await smaller(engine, phi, y, ridge)));
      runs.push({
        primal: Array.from(primal),
        dual: Array.from(dual),
        primalOutputs: Array.from((await product(engine, newPhi, column(primal))).data),
        kernelOutputs: Array.from(predictions.data),
        path,
      });
    }
    return runs;
  },

  judge(predicted, measured, { features, samples, path }) {
    return verdict(
      predicted.flatMap(({ coefficients, outputs, minimumNorm }, i) => {
        const found = measured[i]!;
        const of = `p = ${features[i]!}, n = ${samples}`;
        const gaps = path.map((x, at) => ({ x, y: distance(found.path[at]!, minimumNorm) }));
        return [
          atMost(
            `largest difference of primal coefficients, ${of}`,
            largest(found.primal, coefficients),
            1e-10,
          ),
          atMost(`largest difference of dual coefficients, ${of}`, largest(found.dual, coefficients), 1e-10),
          atMost(
            `largest difference of primal predictions, ${of}`,
            largest(found.primalOutputs, outputs),
            1e-10,
          ),
          atMost(
            `largest difference of kernel predictions, ${of}`,
            largest(found.kernelOutputs, outputs),
            1e-10,
          ),
          within(
            `slope of ln ‖b_λ − b_minimum norm‖ against ln λ for the smaller half of the λ, ${of}`,
            logSlope(smallerHalf(gaps)),
            0.99,
            1.01,
            1,
          ),
        ];
      }),
    );
  },

  figures: (predicted, measured, { features, samples, path }) => [
    {
      name: "minimum-norm",
      title: "As the ridge vanishes, the solution of minimum norm is reached",
      caption: String.raw`Distance of $b_\lambda$ to the least-squares solution of minimum norm, by the primal form where $p<n$ and the dual form where
        $p>n$, against the closed form. For small $\lambda$ it is proportional to $\lambda$.`,
      spec: curves({
        x: { title: "ridge λ", scale: "log" },
        y: { title: "‖b_λ − b_minimum norm‖", scale: "log" },
        series: predicted.flatMap(({ minimumNorm, line }, i) => {
          const label = `p = ${features[i]!}, n = ${samples}`;
          const points = path.map((x, at) => ({ x, y: distance(measured[i]!.path[at]!, minimumNorm) }));
          return [
            { label, role: "prediction" as const, points: line },
            { label, role: "measurement" as const, points },
          ];
        }),
      }),
    },
  ],
});

/** A regression problem for each number of features. */
function problems({ samples, features, seed }: z.output<typeof settings>): {
  readonly phi: Matrix<Float64Array>;
  readonly newPhi: Matrix<Float64Array>;
  readonly y: Float64Array;
}[] {
  const generator = random(seed);
  return features.map((p) => {
    const std = 1 / Math.sqrt(p);
    return {
      phi: gaussianMatrix(samples, p, generator, { std }),
      newPhi: gaussianMatrix(newPoints, p, generator, { std }),
      y: gaussianVector(samples, generator),
    };
  });
}

/** (ΦᵀΦ + λI)⁻¹ Φᵀ y. */
async function primalCoefficients(
  engine: Engine,
  phi: Matrix<Float64Array>,
  y: Float64Array,
  ridge: number,
): Promise<Float64Array> {
  const normal = zeros(phi.cols, phi.cols);
  await engine.syrk({ a: phi, c: normal, transpose: true });
  const system = new RidgeSystem(engine, normal);
  await system.factor(ridge);
  return (await system.solve(await product(engine, transpose(phi), column(y)))).coefficients.data;
}

/** Φᵀ (ΦΦᵀ + λI)⁻¹ y. */
async function dualCoefficients(
  engine: Engine,
  phi: Matrix<Float64Array>,
  y: Float64Array,
  ridge: number,
): Promise<Float64Array> {
  const system = new RidgeSystem(engine, await rowProducts(engine, phi));
  await system.factor(ridge);
  const { coefficients } = await system.solve(column(y));
  return (await product(engine, transpose(phi), coefficients)).data;
}

function smallerHalf<Point extends { readonly x: number }>(points: readonly Point[]): Point[] {
  return [...points].sort((a, b) => a.x - b.x).slice(0, Math.max(2, Math.ceil(points.length / 2)));
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((value, i) => value - b[i]!));
}

function largest(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
}
