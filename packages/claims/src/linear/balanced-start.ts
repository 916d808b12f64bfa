import {
  balancedFactors,
  endToEnd,
  factorFlow,
  factorizationLoss,
  gaussianFactors,
  identityFactors,
  lossAt,
  type Matrix,
  random,
  unbalancedness,
  zeros,
} from "lineament";
import { z } from "zod";
import { atMost, claim, verdict, within } from "../claim.ts";
import { gaussianMatrix, rowsOf } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { distance, rootMeanSquare } from "../measures/index.ts";
import {
  gaussianStartNorm,
  relativeImbalance,
  singularValues,
  smallStartImbalance,
} from "../predictions/index.ts";

const settings = z.object({
  depths: z.array(z.int().min(2).max(8)).min(1).max(5).default([2, 3, 4]).describe("layers n"),
  rows: z.int().min(1).max(30).default(5).describe("rows of the matrix A that is factored"),
  columns: z.int().min(1).max(30).default(3).describe("columns of A"),
  scale: z.number().min(1e-6).max(1).default(0.1).describe("α of identity and Gaussian starts"),
  width: z.int().min(2).max(100).default(20).describe("neurons of their layers, d"),
  redraws: z.int().min(50).max(5000).default(200).describe("Gaussian starts at each depth"),
  entryScale: z
    .number()
    .min(0.001)
    .max(2)
    .default(0.1)
    .describe("largest entry, up or down, of the uniform start that must end nearly balanced"),
  duration: z.number().min(1).max(200).default(40).describe("time of training from small starts"),
  seed: z.int().min(0).default(0).describe("seed of A and of the starts"),
});
type Settings = z.output<typeof settings>;

/** Singular values of the target of training, two layers of four neurons. */
const targetValues = [3, 2, 1, 0.5];
/** Starts that are trained, in units of the entry scale; the first two are compared. */
const multiples = [1, 3, 10, 0.3, 0.1, 0.03];

export default claim({
  code: "LN-05",
  id: "linear/balanced-start",
  title: "Balanced starts exist for every matrix, and small ones are nearly balanced",
  statement: String.raw`From the singular value decomposition $A=U\Sigma V^\top$, $W_1=\Sigma^{1/n}V^\top$, $W_j=\Sigma^{1/n}$, $W_n=U\Sigma^{1/n}$ has the
    product $A$ and all imbalances 0; wider hidden layers are filled with zeros and turned at will. $W_j=\alpha^{1/n}I$ gives $\alpha I$, and
    Gaussian entries of variance $\alpha^{2/n}/d$ give $\|W\|_F\approx\alpha\sqrt d$. From a start with all $\|W_j\|_2\le\epsilon$,
    $\|D_j\|_2\le\epsilon^2$ for ever, while layers grow: after training, the imbalance relative to $\|W_j\|_2^2$ is of the order
    $\epsilon^2/\sigma_1^{2/n}$.`,
  source: "Arora, Cohen, Golowich & Hu, arXiv:1810.02281, Procedure 1; Cohen & Razin, arXiv:2408.13767",
  status: "checked",
  seconds: 1,
  settings,
  full: { rows: 20, columns: 12, redraws: 2000 },

  predict(chosen) {
    return {
      norm: gaussianStartNorm(chosen.scale, chosen.width),
      starts: smallStarts(chosen).map((layers) => {
        const epsilon = Math.max(...layers.map((w) => singularValues(rowsOf(w))[0]!));
        return {
          bound: smallStartImbalance(epsilon),
          relative: relativeImbalance(epsilon, targetValues[0]!, layers.length),
        };
      }),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { depths, rows, columns, scale, width, redraws, duration, seed } = chosen;
    const a = gaussianMatrix(rows, columns, random(seed));
    const least = Math.min(rows, columns);
    const imbalanceOf = async (network: readonly Matrix<Float64Array>[]): Promise<number> =>
      Math.max(...(await unbalancedness(engine, network)).frobenius);

    const balanced: { depth: number; wider: number; error: number; imbalance: number }[] = [];
    const identity: { error: number; imbalance: number }[] = [];
    const norms: number[] = [];
    const alphaI = zeros(width, width);
    for (let i = 0; i < width; i++) alphaI.data[i * (width + 1)] = scale;
    for (const [k, depth] of depths.entries()) {
      for (const wider of [0, 2]) {
        const network = await balancedFactors(engine, a, {
          depth,
          width: least + wider,
          seed: wider > 0 ? seed : undefined,
        });
        balanced.push({
          depth,
          wider,
          error: distance((await endToEnd(engine, network)).data, a.data),
          imbalance: await imbalanceOf(network),
        });
      }
      const widths = Array<number>(depth + 1).fill(width);
      const same = identityFactors(widths, { scale });
      identity.push({
        error: distance((await endToEnd(engine, same)).data, alphaI.data),
        imbalance: await imbalanceOf(same),
      });
      const sizes: number[] = [];
      for (let draw = 0; draw < redraws; draw++) {
        signal.throwIfAborted();
        const start = gaussianFactors(widths, { scale, seed: seed * redraws + draw });
        sizes.push(Math.hypot(...(await endToEnd(engine, start)).data));
      }
      norms.push(rootMeanSquare(sizes));
      progress((0.5 * (k + 1)) / depths.length, `n = ${depth}`);
    }

    const target = zeros(targetValues.length, targetValues.length);
    targetValues.forEach((value, i) => (target.data[i * (targetValues.length + 1)] = value));
    const loss = factorizationLoss(target);
    const trained: { loss: number; imbalance: number; relative: number }[] = [];
    for (const start of smallStarts(chosen)) {
      const { states } = await factorFlow(engine, start, loss, {
        times: [duration],
        tolerance: 1e-10,
        signal,
      });
      const end = states[0]!;
      const imbalance = (await unbalancedness(engine, end)).spectral[0]!;
      const first = (await engine.singularValues(end[0]!)).values[0]!;
      const lossAfter = (await lossAt(loss, await endToEnd(engine, end))).loss;
      trained.push({ loss: lossAfter, imbalance, relative: imbalance / first ** 2 });
    }
    return { balanced, identity, norms, trained };
  },

  judge({ norm, starts }, { balanced, identity, norms, trained }, { depths, entryScale }) {
    const most = (values: readonly number[]): number => Math.max(...values);
    return verdict([
      atMost("balanced factors: ‖W_n⋯W_1 − A‖_F", most(balanced.map(({ error }) => error)), 1e-12, 0),
      atMost("balanced factors: largest ‖D_j‖_F", most(balanced.map(({ imbalance }) => imbalance)), 1e-12, 0),
      atMost("identity: ‖W − αI‖_F", most(identity.map(({ error }) => error)), 1e-12, 0),
      atMost("identity: largest ‖D_j‖_F", most(identity.map(({ imbalance }) => imbalance)), 1e-12, 0),
      ...depths.map((depth, k) =>
        within(`Gaussian start: rms ‖W‖_F / (α√d), n = ${depth}`, norms[k]! / norm, 0.95, 1.05, 1),
      ),
      atMost("loss after training", most(trained.slice(0, 2).map(({ loss }) => loss)), 1e-6),
      atMost(
        "largest ‖D_1‖_2 / ε² after training",
        most(trained.map(({ imbalance }, i) => imbalance / starts[i]!.bound)),
        1,
      ),
      atMost(
        `‖D_1‖_2 / ‖W_1‖_2² after training from entries of size ${entryScale}`,
        trained[0]!.relative,
        0.05,
        starts[0]!.relative,
      ),
      atMost(
        "the same / its value from a start three times as large",
        trained[0]!.relative / trained[1]!.relative,
        1 - 1e-12,
      ),
    ]);
  },

  figures({ starts, norm }, { trained, norms }, { entryScale, depths, scale, width, redraws }) {
    const bySize = multiples
      .map((multiple, i) => ({ x: multiple * entryScale, i }))
      .sort((a, b) => a.x - b.x);
    return [
      {
        name: "relative-imbalance",
        title: "The smaller the start, the closer to balance the end",
        caption: String.raw`Imbalance $\|D_1\|_2/\|W_1\|_2^2$ after training two layers to $\mathrm{diag}(3,2,1,0.5)$, from one random start in several sizes.
          The line is the order $\epsilon^2/\sigma_1$ with $\epsilon=\max_j\|W_j(0)\|_2$, not fitted.`,
        spec: curves({
          x: { title: "largest entry at the start", scale: "log" },
          y: { title: "‖D₁‖₂ / ‖W₁‖₂² after training", scale: "log" },
          series: [
            {
              label: "ε²/σ₁",
              role: "prediction",
              points: bySize.map(({ x, i }) => ({ x, y: starts[i]!.relative })),
            },
            {
              label: "nearly balanced",
              role: "bound",
              points: bySize.map(({ x }) => ({ x, y: 0.05 })),
            },
            {
              label: "gradient flow",
              role: "measurement",
              points: bySize.map(({ x, i }) => ({ x, y: trained[i]!.relative })),
            },
          ],
        }),
      },
      {
        name: "gaussian-norm",
        title: "Gaussian starts have the same size at every depth",
        caption: String.raw`Root mean square of $\|W\|_F$ over ${redraws} Gaussian starts with $\alpha=${scale}$, $d=${width}$.`,
        spec: curves({
          x: { title: "layers n" },
          y: { title: "rms ‖W‖_F", domain: [0, 1.5 * norm] },
          series: [
            { label: "α√d", role: "prediction", points: depths.map((x) => ({ x, y: norm })) },
            { label: "drawn", role: "measurement", points: depths.map((x, k) => ({ x, y: norms[k]! })) },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: "From entries ten times as large, training does not end nearly balanced.",
    settings: { entryScale: 1 },
  },
});

/** One start of two layers in several sizes, entries uniform up to them. */
function smallStarts({ entryScale, seed }: Settings): Matrix<Float64Array>[][] {
  const size = targetValues.length;
  const generator = random(seed + 1);
  const layers = Array.from({ length: 2 }, () =>
    Float64Array.from({ length: size ** 2 }, () => 2 * generator.uniform() - 1),
  );
  return multiples.map((multiple) =>
    layers.map((entries) => ({
      data: entries.map((entry) => multiple * entryScale * entry),
      rows: size,
      cols: size,
    })),
  );
}
