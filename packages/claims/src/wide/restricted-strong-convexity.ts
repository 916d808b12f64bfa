import {
  denseNetwork,
  lossHessianProduct,
  type Matrix,
  random,
  restrictedStrongConvexity,
  tangentKernel,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { rowsOf, type TwoLayerStart, twoLayerStart, wavyLabels } from "../data/index.ts";
import type { Series } from "../figure.ts";
import { curves } from "../figures/index.ts";
import { averaged, mean, smallestEigenpair } from "../measures/index.ts";
import {
  nonlinearities,
  restrictedCurvatureBound,
  twoLayerDerivatives,
  twoLayerTangentKernel,
} from "../predictions/index.ts";

const settings = z.object({
  samples: z.int().min(2).max(100).default(20).describe("training points n"),
  dimension: z.int().min(2).max(50).default(10).describe("input dimension d"),
  kappa: z
    .number()
    .min(0.01)
    .max(1)
    .default(0.5)
    .describe("κ: smallest |cos| between a direction and the mean gradient"),
  widths: z
    .array(z.int().min(16).max(65_536))
    .min(2)
    .max(7)
    .default([64, 256, 1024])
    .describe("neurons m, ascending"),
  draws: z.int().min(1).max(20).default(4).describe("data sets with their networks, at each width"),
  seed: z.int().min(0).default(0).describe("seed of data and networks"),
});

type Chosen = z.output<typeof settings>;

/** From these widths on the loss must be convex in the cone, and the mean bound must show it. */
const convexFrom = 1024;
const shownFrom = 4096;

export default claim({
  code: "WN-05",
  id: "wide/restricted-strong-convexity",
  title: "The loss is not convex, but strongly convex along the mean gradient",
  statement: String.raw`Let $L=\frac1n\sum_i(f_i-y_i)^2$, $\bar g=\frac1n\sum\nabla f_i$. For unit $u$ with $|\cos(u,\bar g)|\ge\kappa$
    $$u^\top\nabla^2L\,u\;\ge\;2\kappa^2\|\bar g\|^2-\tfrac2n\sum_i|f_i-y_i|\,\|H_i\|,$$
    and $\|\bar g\|^2=\frac1{n^2}\sum_{ij}K(x_i,x_j)$, the mean entry of the tangent kernel. The last term falls with the width as $\|H_i\|$ does, as
    $1/\sqrt m$: wide networks have a loss that is strongly convex in the cone, while its smallest eigenvalue stays negative.`,
  source: "Banerjee, Cisneros-Velarde, Zhu & Belkin, arXiv:2209.15106 (version with explicit constants)",
  status: "proved",
  seconds: 6,
  settings,
  full: { widths: [64, 256, 1024, 4096, 16_384] },

  predict: (chosen) =>
    chosen.widths.map((width) =>
      examples(chosen, width).map(({ x, y, start }) => {
        const network = { weights: rowsOf(start.weights), readout: Array.from(start.readout) };
        const points = rowsOf(x);
        const { outputs, kernel } = twoLayerTangentKernel(network, points, nonlinearities.tanh);
        const parts = {
          meanGradientSquared: mean(kernel.flat()),
          residuals: outputs.map((f, i) => f - y.data[i]!),
          hessianNorms: points.map(
            (point) => twoLayerDerivatives(network, point, nonlinearities.tanh).hessian,
          ),
        };
        return {
          meanGradientSquared: parts.meanGradientSquared,
          bound: restrictedCurvatureBound(parts, chosen.kappa),
          nonlinearity: -restrictedCurvatureBound(parts, 0),
        };
      }),
    ),

  async measure(chosen, { engine, signal, progress }) {
    const { dimension, widths, kappa } = chosen;
    const work = widths.reduce((sum, width) => sum + width, 0);
    let done = 0;
    const byWidth = [];
    for (const width of widths) {
      const network = denseNetwork(engine, { inputs: dimension, widths: [width], activation: "tanh" });
      const draws = [];
      const drawn = examples(chosen, width);
      for (const { x, y, start } of drawn) {
        const theta = start.parameters;
        const quantities = await restrictedStrongConvexity(network, theta, x, y, { tolerance: 0.05, signal });
        const { meanGradient, meanGradientSquared, nonlinearity } = quantities;
        const hessian = await lossHessianProduct(network, theta, x, y, "mean-squares");
        const { value: smallest, vector } = await smallestEigenpair(hessian, theta.length, { signal });
        const curvatures = [];
        for (const u of extremes(meanGradient, vector, kappa)) curvatures.push(dot(u, await hessian(u)));
        draws.push({
          smallest,
          curvature: Math.min(...curvatures),
          meanGradientSquared,
          meanKernel: mean((await tangentKernel(network, theta, x)).kernel.data),
          nonlinearity,
        });
        done += width / drawn.length;
        progress(done / work, `m = ${width}`);
      }
      byWidth.push(draws);
    }
    return byWidth;
  },

  judge(predicted, measured, { kappa, widths }) {
    const all = measured.flatMap((draws, i) =>
      draws.map((own, draw) => ({ ...own, theory: predicted[i]![draw]! })),
    );
    const bounds = predicted.map((draws) => mean(draws.map(({ bound }) => bound)));
    const convex = measured.filter((_, i) => widths[i]! >= convexFrom).flat();
    return verdict([
      atMost(
        "largest relative difference of ‖ḡ‖² from the mean entry of the tangent kernel",
        Math.max(...all.map((own) => Math.abs(own.meanGradientSquared / own.meanKernel - 1))),
        1e-10,
        0,
      ),
      atMost(
        "largest relative difference of ‖ḡ‖² from the closed form",
        Math.max(...all.map((own) => Math.abs(own.meanGradientSquared / own.theory.meanGradientSquared - 1))),
        1e-10,
        0,
      ),
      atMost(
        "largest relative difference of (2/n) Σ |f − y| ‖H‖ from the closed form",
        Math.max(...all.map((own) => Math.abs(own.nonlinearity / own.theory.nonlinearity - 1))),
        0.05,
        0,
      ),
      atLeast(
        `smallest (curvature − bound), directions with |cos| = ${kappa}`,
        Math.min(...all.map(({ curvature, theory }) => curvature - theory.bound)),
        0,
      ),
      atMost("largest λ_min of the Hessian of the loss", Math.max(...all.map(({ smallest }) => smallest)), 0),
      ...(convex.length === 0
        ? []
        : [
            atLeast(
              `smallest curvature for m ≥ ${convexFrom}, directions with |cos| = ${kappa}`,
              Math.min(...convex.map(({ curvature }) => curvature)),
              0,
            ),
          ]),
      atLeast(
        "smallest increase of the mean bound from width to width",
        Math.min(...bounds.slice(1).map((bound, i) => bound - bounds[i]!)),
        0,
      ),
      ...widths.flatMap((width, i) =>
        width < shownFrom ? [] : [atLeast(`mean bound, m = ${width}`, bounds[i]!, 0)],
      ),
    ]);
  },

  figures(predicted, measured, { kappa, widths }) {
    const along = (label: string, of: (i: number) => readonly number[]): Series => ({
      label,
      role: "measurement",
      points: widths.map((x, i) => averaged(x, of(i))),
    });
    const ends = [widths[0]!, widths.at(-1)!];
    const limit = mean(
      predicted.at(-1)!.map(({ meanGradientSquared }) => 2 * kappa ** 2 * meanGradientSquared),
    );
    return [
      {
        name: "curvatures",
        title: "Not convex, yet strongly convex in the cone of the mean gradient",
        caption: String.raw`Means over ${measured[0]!.length} draws with standard errors; tanh, $|\cos|=${kappa}$. The smallest eigenvalue of the Hessian of the loss is
          negative at every width. Directions in the cone that lean towards its eigenvector as far as they may have positive curvature in
          wide networks, above the bound, which tends to $2\kappa^2\|\bar g\|^2$.`,
        spec: curves({
          x: { title: "width m", scale: "log" },
          y: { title: "curvature of the loss" },
          series: [
            along("worst direction tried in the cone", (i) => measured[i]!.map(({ curvature }) => curvature)),
            along("smallest eigenvalue", (i) => measured[i]!.map(({ smallest }) => smallest)),
            {
              label: "bound",
              role: "bound",
              points: widths.map((x, i) => ({ x, y: mean(predicted[i]!.map(({ bound }) => bound)) })),
            },
            { label: "2κ²‖ḡ‖²", role: "prediction", points: ends.map((x) => ({ x, y: limit })) },
            { label: "zero", role: "bound", points: ends.map((x) => ({ x, y: 0 })) },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`Directions that are nearly orthogonal to the mean gradient, $|\cos|=0.05$, may have negative curvature at $m=1024$ still.`,
    settings: { kappa: 0.05 },
  },
});

interface Example {
  readonly x: Matrix<Float64Array>;
  readonly y: Matrix<Float64Array>;
  readonly start: TwoLayerStart;
}

/** The same points at every width. */
function examples({ samples, dimension, draws, seed }: Chosen, width: number): readonly Example[] {
  const generator = random(seed);
  const points = Array.from({ length: draws }, () => wavyLabels(samples, dimension, 0.5, generator));
  return points.map((labeled) => ({ ...labeled, start: twoLayerStart(width, dimension, generator) }));
}

/** κ ĝ ± √(1 − κ²) r, with r the part of a vector orthogonal to ĝ, at length 1. */
function extremes(meanGradient: Float64Array, vector: Float64Array, kappa: number): Float64Array[] {
  const length = Math.sqrt(dot(meanGradient, meanGradient));
  const along = meanGradient.map((value) => value / length);
  const overlap = dot(vector, along);
  const rest = vector.map((value, k) => value - overlap * along[k]!);
  const size = Math.sqrt(dot(rest, rest));
  return [1, -1].map((sign) =>
    along.map((value, k) => kappa * value + (sign * Math.sqrt(1 - kappa ** 2) * rest[k]!) / size),
  );
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}
