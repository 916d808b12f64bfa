import { correlationMap, deepCorrelations } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { panels } from "../figures/index.ts";
import { deepReluGap, deepReluTangent } from "../predictions/index.ts";

const settings = z.object({
  layers: z
    .array(z.int().min(1).max(10_000_000))
    .min(2)
    .max(20)
    .default([10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000])
    .describe("hidden layers L, ascending; the last is judged"),
  correlations: z
    .array(z.number().min(0).max(1))
    .min(1)
    .max(8)
    .default([0, 0.5, 0.9])
    .describe("ξ₀, correlations of the inputs, at most 0.999"),
});

export default claim({
  code: "IN-16",
  id: "interpolation/deep-relu",
  title: "Deep ReLU networks vote: their tangent kernel is a quarter off the diagonal",
  statement: String.raw`Behind $L$ ReLU layers $1-\xi_L\sim\frac{9\pi^2}{2L^2}$, and the tangent kernel, divided by its diagonal $L+1$, tends to $\frac14$ for any two
    different directions. Then $K\to\frac34I+\frac14\mathbf 1\mathbf 1^\top$ and $k(x)\to\frac14\mathbf 1$ everywhere: the classifier
    is the label that most training points have. Limits are reached for $L^2\gg1/\|x-z\|^2$.`,
  source:
    "Radhakrishnan, Belkin & Uhler, arXiv:2204.14126, for the majority vote; constants derived and checked",
  status: "checked",
  seconds: 1,
  settings,

  predict: () => ({ gap: deepReluGap, tangent: deepReluTangent }),

  measure: async ({ layers, correlations }, { signal, progress }) => {
    const map = correlationMap("relu");
    const gaps = correlations.map((xi) => 1 - xi);
    return layers.map((depth, i) => {
      signal.throwIfAborted();
      const { gap, logNtk } = deepCorrelations(map, gaps, depth);
      progress((i + 1) / layers.length, `L = ${depth}`);
      return {
        depth,
        scaledGap: Array.from(gap, (u) => u * depth ** 2),
        tangent: Array.from(logNtk, (log) => Math.exp(log) / (depth + 1)),
      };
    });
  },

  judge(predicted, measured, { correlations }) {
    const { depth, scaledGap, tangent } = measured.at(-1)!;
    return verdict(
      correlations.flatMap((xi, i) => [
        atMost(`|T/(L + 1) − ¼|, L = ${depth}, ξ₀ = ${xi}`, Math.abs(tangent[i]! - predicted.tangent), 1e-3),
        atMost(
          `|L²(1 − ξ_L)/44.41 − 1|, L = ${depth}, ξ₀ = ${xi}`,
          Math.abs(scaledGap[i]! / predicted.gap - 1),
          0.005,
        ),
      ]),
    );
  },

  figures(predicted, measured, { correlations, layers }) {
    const x = { title: "hidden layers L", scale: "log" } as const;
    const panel = (
      title: string,
      limit: number,
      of: (one: (typeof measured)[number]) => readonly number[],
    ) => ({
      title,
      x,
      y: { title },
      series: [
        {
          label: "limit",
          role: "prediction" as const,
          points: [layers[0]!, layers.at(-1)!].map((depth) => ({ x: depth, y: limit })),
        },
        ...correlations.map((xi, i) => ({
          label: `ξ₀ = ${xi}`,
          role: "measurement" as const,
          points: measured.map((one) => ({ x: one.depth, y: of(one)[i]! })),
        })),
      ],
    });
    return [
      {
        name: "limits",
        title: "Deep ReLU networks forget the angle between inputs",
        caption: String.raw`Left: the tangent kernel over its diagonal, which tends to $\frac14$. Right: $L^2(1-\xi_L)$, which tends to $9\pi^2/2=44.41$.`,
        spec: panels({
          columns: 2,
          panels: [
            panel("T/(L + 1)", predicted.tangent, ({ tangent }) => tangent),
            panel("L² (1 − ξ_L)", predicted.gap, ({ scaledGap }) => scaledGap),
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`A hundred layers are too few: $T/(L+1)$ is still far from $\frac14$.`,
    settings: { layers: [10, 100] },
  },
});
