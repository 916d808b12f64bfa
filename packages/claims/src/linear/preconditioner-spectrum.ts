import { balancedFactors, type Engine, type Matrix, preconditioner, random, zeros } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { gaussianMatrix, rowsOf } from "../data/index.ts";
import { curves, heatMap } from "../figures/index.ts";
import { distance, layerVelocity } from "../measures/index.ts";
import {
  leastPreconditionerEigenvalue,
  preconditionerEigenvalue,
  preconditionerSpectrum,
  singularValues,
} from "../predictions/index.ts";

const settings = z.object({
  depths: z.array(z.int().min(1).max(12)).min(1).max(6).default([1, 2, 3, 8]).describe("layers n"),
  shapes: z
    .array(z.tuple([z.int().min(1).max(10), z.int().min(1).max(10)]))
    .min(1)
    .max(6)
    .default([
      [3, 3],
      [4, 4],
      [5, 2],
    ]) // prettier-ignore
    .describe("rows and columns of the matrices W, a Gaussian one each"),
  balanced: z
    .boolean()
    .default(true)
    .describe("whether layers are balanced; if not, each is turned into 2W_1, W_2/2"),
  seed: z.int().min(0).default(0).describe("seed of the matrices"),
});
type Settings = z.output<typeof settings>;

/** Singular values that are drawn as heat maps. */
const grid = Array.from({ length: 12 }, (_, i) => Number((0.1 + (1.9 * i) / 11).toFixed(2)));

export default claim({
  code: "LN-07",
  id: "linear/preconditioner-spectrum",
  title: "Depth is a preconditioner that favors what is already large",
  statement: String.raw`Along gradient flow of $n$ balanced layers $\mathrm{vec}(\dot W)=-P_W\,\mathrm{vec}(\nabla\ell(W))$ with
    $P_W=\sum_{j=1}^n(W^\top W)^{(j-1)/n}\otimes(WW^\top)^{(n-j)/n}\succeq0$. It has the eigenvectors $\mathrm{vec}(u_rv_s^\top)$ with
    $$\lambda_{rs}=\sum_{j=1}^n\sigma_r^{2(n-j)/n}\sigma_s^{2(j-1)/n};$$
    the smallest is $n\,\sigma_{\min}^{2-2/n}$ for square $W$ and $\sigma_{\min}^{2-2/n}$ for others.`,
  source: "Arora, Cohen & Hazan, arXiv:1802.06509, Claim 1; Arora, Cohen, Golowich & Hu, arXiv:1810.02281",
  status: "proved",
  seconds: 1,
  settings,
  full: {
    depths: [1, 2, 3, 5, 8, 12],
    shapes: [[3, 3], [4, 4], [5, 2], [2, 7], [8, 8], [10, 6]], // prettier-ignore
  },

  predict: (chosen) => ({
    cases: cases(chosen).map(({ w, depth }) => {
      const matrix = rowsOf(w);
      return {
        spectrum: preconditionerSpectrum(matrix, depth),
        least: leastPreconditionerEigenvalue(singularValues(matrix).at(-1)!, depth, {
          square: w.rows === w.cols,
        }),
      };
    }),
    /** λ_rs over the grid of singular values, by depth. */
    maps: chosen.depths.map((depth) =>
      grid.map((r) => grid.map((s) => preconditionerEigenvalue(r, s, depth))),
    ),
  }),

  async measure(chosen, { engine, signal, progress }) {
    const all = cases(chosen);
    const found: { spectrum: number[]; matrixError: number; spectrumOfLibrary: number[] }[] = [];
    for (const [k, { w, depth, seed }] of all.entries()) {
      signal.throwIfAborted();
      const explicit = await explicitPreconditioner(engine, w, depth, { seed, balanced: chosen.balanced });
      const { values } = await engine.eigenSymmetric(explicit);
      const offered = await preconditioner(engine, w, depth);
      const size = Math.hypot(...explicit.data);
      found.push({
        spectrum: Array.from(values).sort((a, b) => a - b),
        matrixError: distance((await offered.toMatrix()).data, explicit.data) / size,
        spectrumOfLibrary: Array.from(offered.eigenvalues()),
      });
      progress((k + 1) / all.length);
    }
    return found;
  },

  judge({ cases: predicted }, measured, chosen) {
    const told = cases(chosen).map(({ w, depth }) => `${w.rows} × ${w.cols}, n = ${depth}`);
    const worst = (errors: readonly number[]) => {
      const error = Math.max(...errors);
      return { error, at: told[errors.indexOf(error)] ?? "" };
    };
    /** Relative to the largest eigenvalue. */
    const errors = (spectra: readonly (readonly number[])[]): number[] =>
      spectra.map((spectrum, k) => {
        const theory = predicted[k]!.spectrum;
        return Math.max(...spectrum.map((value, i) => Math.abs(value - theory[i]!))) / theory.at(-1)!;
      });
    const spectra = worst(errors(measured.map(({ spectrum }) => spectrum)));
    const offered = worst(errors(measured.map(({ spectrumOfLibrary }) => spectrumOfLibrary)));
    const least = worst(
      measured.map(({ spectrum }, k) => Math.abs(spectrum[0]! - predicted[k]!.least) / spectrum.at(-1)!),
    );
    const matrices = worst(measured.map(({ matrixError }) => matrixError));
    return verdict([
      atMost(`largest relative error of the spectrum, explicit P_W (${spectra.at})`, spectra.error, 1e-11, 0),
      atMost(`the same without forming P_W (${offered.at})`, offered.error, 1e-11, 0),
      atMost(`largest relative error of the smallest eigenvalue (${least.at})`, least.error, 1e-11, 0),
      atMost(`relative distance of the two forms of P_W (${matrices.at})`, matrices.error, 1e-11, 0),
      atLeast(
        "smallest eigenvalue / largest",
        Math.min(...measured.map(({ spectrum }) => spectrum[0]! / spectrum.at(-1)!)),
        -1e-11,
      ),
    ]);
  },

  figures({ cases: predicted, maps }, measured, chosen) {
    const { depths, shapes } = chosen;
    const [rows, columns] = shapes.at(-1)!;
    const shown = depths.map((_, i) => i * shapes.length + shapes.length - 1);
    return [
      {
        name: "eigenvalues",
        title: "How depth speeds directions up",
        caption: String.raw`The eigenvalue $\lambda_{rs}$ of movement along $u_rv_s^\top$ by singular values of $W$. One layer treats all directions alike; with more,
          directions between large singular values are faster, and those between small ones slower, than without.`,
        spec: {
          columns: 2,
          spacing: 40,
          concat: maps.map((values, i) =>
            heatMap({
              title: `n = ${depths[i]}`,
              x: { title: "σ_s", labels: grid },
              y: { title: "σ_r", labels: grid.toReversed() },
              values: values.toReversed(),
              value: { title: "eigenvalue", scale: "log", domain: [0.1, 30] },
            }),
          ),
        },
      },
      {
        name: "spectrum",
        title: `The spectrum of a ${rows} × ${columns} matrix`,
        caption: String.raw`All eigenvalues of $P_W$: lines from the singular values of $W$, marks from a matrix put together from the product rule on balanced
          layers, one basis matrix at a time.`,
        spec: curves({
          x: { title: "number of the eigenvalue" },
          y: { title: "eigenvalue", scale: "log" },
          series: depths.flatMap((depth, i) => [
            {
              label: `n = ${depth}`,
              role: "prediction" as const,
              points: predicted[shown[i]!]!.spectrum.map((y, k) => ({ x: k + 1, y })),
            },
            {
              label: `n = ${depth}`,
              role: "measurement" as const,
              points: measured[shown[i]!]!.spectrum.map((y, k) => ({ x: k + 1, y })),
            },
          ]),
        }),
      },
    ];
  },

  contrast: {
    statement: "Layers of the same product that are not balanced have another preconditioner.",
    settings: { balanced: false, depths: [2, 3] },
  },
});

/** Shapes within depths. */
function cases({ depths, shapes, seed }: Settings) {
  const generator = random(seed);
  const matrices = shapes.map(([rows, cols]) => ({
    w: gaussianMatrix(rows, cols, generator),
    seed: generator.integer(2 ** 31),
  }));
  return depths.flatMap((depth) => matrices.map((one) => ({ ...one, depth })));
}

/** P_W on column-stacked matrices, a column for every basis matrix as gradient, by the product rule on layers. */
async function explicitPreconditioner(
  engine: Engine,
  w: Matrix<Float64Array>,
  depth: number,
  { seed, balanced }: { readonly seed: number; readonly balanced: boolean },
): Promise<Matrix<Float64Array>> {
  const { rows, cols } = w;
  const width = Math.min(rows, cols) + 1;
  const factors = await balancedFactors(engine, w, { depth, width, seed });
  const network = balanced
    ? factors
    : factors.map((layer, j) => ({
        ...layer,
        data: layer.data.map((value) => (j === 0 ? 2 : j === 1 ? 0.5 : 1) * value),
      }));
  const size = rows * cols;
  const result = zeros(size, size);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++) {
      const basis = zeros(rows, cols);
      basis.data[i * cols + j] = 1;
      const velocity = await layerVelocity(engine, network, basis);
      for (let p = 0; p < rows; p++)
        for (let q = 0; q < cols; q++)
          result.data[(q * rows + p) * size + (j * rows + i)] = -velocity.data[p * cols + q]!;
    }
  return result;
}
