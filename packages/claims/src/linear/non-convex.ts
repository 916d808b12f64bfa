import {
  balancedFactors,
  endToEnd,
  type Engine,
  factorizationLoss,
  layerGradients,
  type LinearNetwork,
  lossAt,
  type Matrix,
  random,
  zeros,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { gaussianMatrix, rowsOf } from "../data/index.ts";
import { curves, heatMap } from "../figures/index.ts";
import { factorizationGradient, originHessianSpectrum, signFlipPath } from "../predictions/index.ts";

const settings = z.object({
  depths: z.array(z.int().min(2).max(6)).min(1).max(5).default([2, 3, 4]).describe("layers n"),
  inputs: z.int().min(1).max(12).default(4).describe("d_0, inputs"),
  outputs: z
    .int()
    .min(1)
    .max(12)
    .default(3)
    .describe("d_n, outputs; hidden layers are as wide as the smaller"),
  instances: z.int().min(1).max(100).default(10).describe("random targets Φ"),
  targetScale: z
    .number()
    .min(0)
    .max(10)
    .default(1)
    .describe("standard deviation of the entries of Φ; with 0, the origin is a global minimum"),
  difference: z
    .number()
    .min(1e-6)
    .max(0.1)
    .default(1e-3)
    .describe("h of central differences for second derivatives"),
  seed: z.int().min(0).default(0).describe("seed of the targets"),
});
type Settings = z.output<typeof settings>;

/** Places along the segment between two global minima. */
const places = 24;

export default claim({
  code: "LN-01",
  id: "linear/non-convex",
  title: "Two global minima and a hill between them: depth breaks convexity",
  statement: String.raw`For $n\ge2$ layers without bottleneck and any loss with $\ell(0)>\inf\ell$, $\varphi(W_1,\dots,W_n)=\ell(W_n\cdots W_1)$ is not
    convex, even if $\ell$ is. Flip the signs of the last two layers of a factorization of $W^*$: the product stays, and halfway between
    the two both layers are 0, so that $\varphi$ exceeds the mean of its values at the ends by $\ell(0)-\ell(W^*)$. At the origin the
    Hessian of two layers has the eigenvalues $\pm\sigma_i(\nabla\ell(0))$, each $d_1$ times; of three or more layers it is 0.`,
  source: "Cohen & Razin, arXiv:2408.13767, Proposition 1",
  status: "proved",
  seconds: 1,
  settings,
  full: { instances: 50, inputs: 6, outputs: 5 },

  predict(chosen) {
    const { depths, inputs, outputs } = chosen;
    const hidden = Math.min(inputs, outputs);
    return {
      /** By target. */
      instances: targets(chosen).map((target) => {
        const phi = rowsOf(target);
        const slope = factorizationGradient(phi)(phi.map((row) => row.map(() => 0)));
        return {
          violation: halfSquares(phi.flat()),
          spectra: depths.map((depth) =>
            originHessianSpectrum(slope, [inputs, ...Array<number>(depth - 1).fill(hidden), outputs]),
          ),
        };
      }),
      /** φ/ℓ(0) of the first target along the segment. */
      path: Array.from({ length: places + 1 }, (_, k) => {
        const phi = rowsOf(targets(chosen)[0]!);
        const away = factorizationGradient(phi)(signFlipPath(phi, k / places));
        return { x: k / places, y: halfSquares(away.flat()) / halfSquares(phi.flat()) };
      }),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { depths, difference } = chosen;
    const all = targets(chosen);
    const violations: number[][] = [];
    const spectra: number[][][] = [];
    let paths: { x: number; y: number }[][] = [];
    for (const [k, target] of all.entries()) {
      signal.throwIfAborted();
      const loss = factorizationLoss(target);
      const valueOf = async (network: LinearNetwork) =>
        (await lossAt(loss, await endToEnd(engine, network))).loss;
      const along: typeof paths = [];
      const found: number[] = [];
      const curvatures: number[][] = [];
      for (const depth of depths) {
        const a = await balancedFactors(engine, target, { depth });
        const at = (t: number): LinearNetwork =>
          a.map((w, j) => (j < depth - 2 ? w : { ...w, data: w.data.map((value) => (1 - 2 * t) * value) }));
        const values: { x: number; y: number }[] = [];
        for (let place = 0; place <= places; place++)
          values.push({ x: place / places, y: await valueOf(at(place / places)) });
        found.push(values[places / 2]!.y - (values[0]!.y + values[places]!.y) / 2);
        const hill = values[places / 2]!.y;
        along.push(values.map(({ x, y }) => ({ x, y: y / hill })));
        const origin = a.map(({ rows, cols }) => zeros(rows, cols));
        curvatures.push(await hessianSpectrum(engine, target, origin, difference));
      }
      violations.push(found);
      spectra.push(curvatures);
      if (k === 0) paths = along;
      progress((k + 1) / all.length);
    }
    return { violations, spectra, paths };
  },

  judge({ instances }, { violations, spectra }, { depths }) {
    return verdict([
      atLeast("smallest violation of convexity", Math.min(...violations.flat()), Number.MIN_VALUE),
      atMost(
        "largest |violation / (ℓ(0) − ℓ(W*)) − 1|",
        Math.max(
          ...violations.flatMap((found, k) =>
            found.map((value) => Math.abs(value / instances[k]!.violation - 1)),
          ),
        ),
        1e-10,
        0,
      ),
      ...depths.map((depth, i) =>
        atMost(
          `largest error of an eigenvalue of the Hessian at 0, n = ${depth}`,
          Math.max(
            ...spectra.flatMap((found, k) =>
              found[i]!.map((value, r) => Math.abs(value - instances[k]!.spectra[i]![r]!)),
            ),
          ),
          1e-5,
          0,
        ),
      ),
    ]);
  },

  figures({ instances, path }, { paths, spectra }, { depths }) {
    const grid = Array.from({ length: 49 }, (_, i) => -2.4 + 0.1 * i);
    return [
      {
        name: "segment",
        title: "Between two global minima",
        caption: String.raw`Loss along the segment between two factorizations of $W^*=\Phi$ that differ in the signs of their last two layers, one target. A
          convex function would stay below the dashed chord.`,
        spec: curves({
          x: { title: "part of the way from one minimum to the other" },
          y: { title: "loss / loss at the origin", domain: [-0.05, 1.1] },
          series: [
            { label: "ℓ((1 − 2t)² Φ)", role: "prediction", points: path },
            {
              label: "above this no convex function goes",
              role: "bound",
              points: [0, 1].map((x) => ({ x, y: 0 })),
            },
            // All depths lie on one curve: each is drawn at places of its own.
            ...depths.map((depth, i) => ({
              label: `n = ${depth}`,
              role: "measurement" as const,
              points: paths[i]!.filter((_, k) => k % depths.length === i),
            })),
          ],
        }),
      },
      {
        name: "two-weights",
        title: "The smallest example",
        caption: String.raw`$\frac12(w_1w_2-1)^2$: two valleys of global minima, $w_1w_2=1$, with opposite signs, and the saddle at the origin between them.`,
        spec: heatMap({
          x: { title: "w₁", labels: grid.map((value) => Number(value.toFixed(1))) },
          y: { title: "w₂", labels: grid.map((value) => Number((-value).toFixed(1))) },
          values: grid.map((b) => grid.map((a) => Math.min(2, (-a * b - 1) ** 2 / 2))),
          value: { title: "loss, 2 and above alike", scale: "sequential", domain: [0, 2] },
        }),
      },
      {
        name: "hessian",
        title: "Curvature at the origin",
        caption: String.raw`Eigenvalues of the Hessian at the origin, first target: a strict saddle for two layers, no curvature at all for more.`,
        spec: curves({
          x: { title: "number of the eigenvalue" },
          y: { title: "eigenvalue" },
          series: depths.slice(0, 2).flatMap((depth, i) => [
            {
              label: `n = ${depth}`,
              role: "prediction" as const,
              points: instances[0]!.spectra[i]!.map((y, r) => ({ x: r + 1, y })),
            },
            {
              label: `n = ${depth}`,
              role: "measurement" as const,
              points: spectra[0]![i]!.map((y, r) => ({ x: r + 1, y })),
            },
          ]),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`With $\Phi=0$ the origin is a global minimum, $\ell(0)=\inf\ell$, and there is no hill.`,
    settings: { targetScale: 0, instances: 1 },
  },
});

function targets({ instances, inputs, outputs, targetScale, seed }: Settings): Matrix<Float64Array>[] {
  const generator = random(seed);
  return Array.from({ length: instances }, () =>
    gaussianMatrix(outputs, inputs, generator, { std: targetScale }),
  );
}

/** Eigenvalues, ascending, of the Hessian of ½ ‖W_n ⋯ W_1 − Φ‖_F², by central differences of the gradients of the layers. */
async function hessianSpectrum(
  engine: Engine,
  target: Matrix<Float64Array>,
  network: LinearNetwork,
  h: number,
): Promise<number[]> {
  const loss = factorizationLoss(target);
  const gradientAt = async (layers: LinearNetwork): Promise<number[]> => {
    const { gradient } = await lossAt(loss, await endToEnd(engine, layers));
    return (await layerGradients(engine, layers, gradient)).flatMap(({ data }) => Array.from(data));
  };
  const rows: number[][] = [];
  for (const [j, w] of network.entries())
    for (let i = 0; i < w.data.length; i++) {
      const moved = (by: number): LinearNetwork =>
        network.with(j, { ...w, data: w.data.with(i, w.data[i]! + by) });
      const [plus, minus] = [await gradientAt(moved(h)), await gradientAt(moved(-h))];
      rows.push(plus.map((value, k) => (value - minus[k]!) / (2 * h)));
    }
  const n = rows.length;
  // Differences are symmetric up to their error only.
  const data = Float64Array.from({ length: n * n }, (_, at) => {
    const [i, k] = [Math.floor(at / n), at % n];
    return (rows[i]![k]! + rows[k]![i]!) / 2;
  });
  const { values } = await engine.eigenSymmetric({ data, rows: n, cols: n });
  return Array.from(values).sort((a, b) => a - b);
}

/** ½ Σ x². */
function halfSquares(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value ** 2, 0) / 2;
}
