import {
  balancedFactors,
  endToEnd,
  type Engine,
  type LinearNetwork,
  type Matrix,
  random,
  type Random,
  transpose,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { gaussianMatrix, logSpaced, orthogonalMatrix, rowsOf } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { distance, product, scaledColumns } from "../measures/index.ts";
import { factorizationNorm, singularValues } from "../predictions/index.ts";

const settings = z.object({
  rows: z.int().min(1).max(40).default(5).describe("rows of W"),
  columns: z.int().min(1).max(40).default(4).describe("columns of W"),
  depths: z.array(z.int().min(2).max(10)).min(1).max(4).default([2, 3, 4]).describe("numbers of layers n"),
  factorizations: z.int().min(10).max(5000).default(200).describe("random factorizations at each depth"),
  seed: z.int().min(0).default(0).describe("seed of W and of the factorizations"),
});

type Settings = z.output<typeof settings>;

/** Standard deviations of the logarithms of the singular values of Q, from nearly orthogonal to far from it. */
const [leastStretch, largestStretch] = [1e-3, 1] as const;

export default claim({
  code: "LN-22",
  id: "linear/factorization-norm",
  title: "Weight decay on layers is a Schatten quasi-norm of their product",
  statement: String.raw`$$\min\Big\{\sum_{j=1}^n\|W_j\|_F^2:\;W_n\cdots W_1=W\Big\}=n\sum_r\sigma_r(W)^{2/n}=n\,\|W\|_{S_{2/n}}^{2/n},$$
    attained when the layers are balanced; for $n=2$ it is twice the nuclear norm. Any other factorization, such as
    $W_{j+1}Q^{-1},\,QW_j$ with $Q$ not orthogonal, has a larger sum. Weight decay on a linear network of depth $n$ therefore
    regularizes its end-to-end matrix by the Schatten quasi-norm of exponent $2/n$.`,
  source: "Srebro, Rennie & Jaakkola 2004 (n = 2); Shang, Liu & Cheng 2016; Dai, Karzand & Srebro 2021",
  status: "proved",
  seconds: 1,
  settings,
  full: { rows: 20, columns: 15, factorizations: 2000 },

  predict(chosen) {
    const values = singularValues(rowsOf(randomMatrix(chosen)));
    return chosen.depths.map((depth) => factorizationNorm(values, depth));
  },

  async measure(chosen, { engine, signal, progress }) {
    const { depths, factorizations, seed } = chosen;
    const w = randomMatrix(chosen);
    const generator = random(seed + 1);
    const runs: {
      balanced: number;
      /** ‖W_n ⋯ W_1 − W‖/‖W‖, the largest of all. */
      mismatch: number;
      others: { stretch: number; squares: number }[];
    }[] = [];
    for (const [at, depth] of depths.entries()) {
      const layers = await balancedFactors(engine, w, { depth });
      let mismatch = relativeDistance(await endToEnd(engine, layers), w);
      const others: { stretch: number; squares: number }[] = [];
      for (const stretch of logSpaced(leastStretch, largestStretch, factorizations)) {
        signal.throwIfAborted();
        const other = await refactored(engine, layers, stretch, generator);
        mismatch = Math.max(mismatch, relativeDistance(await endToEnd(engine, other), w));
        others.push({ stretch, squares: sumOfSquares(other) });
      }
      runs.push({ balanced: sumOfSquares(layers), mismatch, others });
      progress((at + 1) / depths.length, `depth ${depth}`);
    }
    return runs;
  },

  judge(predicted, measured, { depths, factorizations }) {
    return verdict(
      depths.flatMap((depth, at) => {
        const { balanced, mismatch, others } = measured[at]!;
        const formula = predicted[at]!;
        const least = Math.min(...others.map(({ squares }) => squares));
        return [
          atMost(
            `relative difference of Σ‖W_j‖² of balanced layers from n Σσ^(2/n), n = ${depth}`,
            Math.abs(balanced / formula - 1),
            1e-12,
          ),
          atLeast(
            `least Σ‖W_j‖² of ${factorizations} factorizations / n Σσ^(2/n) − 1, n = ${depth}`,
            least / formula - 1,
            0,
          ),
          atMost(`largest ‖W_n⋯W_1 − W‖ / ‖W‖, n = ${depth}`, mismatch, 1e-12),
        ];
      }),
    );
  },

  figures(predicted, measured, { depths }) {
    return [
      {
        name: "excess",
        title: "A minimum to second order",
        caption: String.raw`How far random factorizations are above $n\sum_r\sigma_r^{2/n}$. Near orthogonal $Q$ the excess grows like the
          square of the spread of $\ln\sigma(Q)$.`,
        spec: curves({
          x: { title: "spread of ln σ(Q)", scale: "log" },
          y: { title: "Σ‖W_j‖² / n Σσ^(2/n) − 1", scale: "log" },
          series: depths.map((depth, at) => ({
            label: `depth ${depth}`,
            role: "measurement",
            points: measured[at]!.others.filter((_, i, all) => i % Math.ceil(all.length / 60) === 0).map(
              ({ stretch, squares }) => ({ x: stretch, y: squares / predicted[at]! - 1 }),
            ),
          })),
        }),
      },
    ];
  },
});

function randomMatrix({ rows, columns, seed }: Settings): Matrix<Float64Array> {
  return gaussianMatrix(rows, columns, random(seed));
}

/** Q_j W_j Q_{j−1}⁻¹ with random Q_j = A diag(e^{s g}) B, A and B orthogonal, and nothing at both ends. */
async function refactored(
  engine: Engine,
  layers: LinearNetwork,
  stretch: number,
  generator: Random,
): Promise<LinearNetwork> {
  const result = [...layers];
  for (let j = 0; j + 1 < layers.length; j++) {
    const size = layers[j]!.rows;
    const [a, b] = [orthogonalMatrix(size, generator), orthogonalMatrix(size, generator)];
    const factors = Array.from({ length: size }, () => Math.exp(stretch * generator.normal()));
    const q = await product(engine, scaledColumns(a, factors), b);
    const inverse = await product(
      engine,
      scaledColumns(
        transpose(b),
        factors.map((factor) => 1 / factor),
      ),
      transpose(a),
    );
    result[j] = await product(engine, q, result[j]!);
    result[j + 1] = await product(engine, result[j + 1]!, inverse);
  }
  return result;
}

function sumOfSquares(layers: LinearNetwork): number {
  return layers.reduce((sum, { data }) => sum + data.reduce((part, x) => part + x * x, 0), 0);
}

function relativeDistance(a: Matrix<Float64Array>, b: Matrix<Float64Array>): number {
  return distance(a.data, b.data) / Math.hypot(...b.data);
}
