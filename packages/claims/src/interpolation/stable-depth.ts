import {
  type ActivationChoice,
  correlationMap,
  type CorrelationMap,
  deepCorrelations,
  dualOf,
} from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { logSpaced } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { hermiteMixture } from "../measures/index.ts";
import {
  deepRecursion,
  type DualMap,
  erfMap,
  exactGap,
  logSingularKernel,
  polynomialMap,
  reluMap,
} from "../predictions/index.ts";

const settings = z.object({
  arithmetic: z
    .enum(["gaps", "correlations"])
    .default("gaps")
    .describe("what is followed from layer to layer: 1 − ξ, or ξ itself"),
  layers: z
    .array(z.int().min(1).max(100))
    .min(1)
    .max(6)
    .default([1, 5, 10])
    .describe("hidden layers of the polynomial networks"),
  smallest: z.number().min(1e-15).max(1e-3).default(1e-12).describe("smallest gap u₀ = ‖x − z‖²/2"),
  reluLayers: z.int().min(10).max(100_000).default(1000).describe("hidden layers of the ReLU network"),
});

/** p_k of polynomial duals. */
const polynomials = [
  { name: "(ξ + ξ⁷)/2", powers: [0, 0.5, 0, 0, 0, 0, 0, 0.5] },
  { name: "(ξ + ξ³)/2", powers: [0, 0.5, 0, 0.5] },
  { name: "ξ/4 + ξ²/2 + ξ³/4", powers: [0, 0.25, 0.5, 0.25] },
] as const;

/** Correlations at which ReLU networks are compared. */
const correlations = [0, 0.5, 0.9];

export default claim({
  code: "IN-14",
  id: "interpolation/stable-depth",
  title: "Depth needs gaps: 1 − ξ is followed, not ξ",
  statement: String.raw`Two inputs at distance $r$ have correlation $\xi_0=1-u_0$, $u_0=r^2/2$, and each layer multiplies small $u$ by
    $\check\varphi'(1)$. A recursion in $\xi$ rounds $u_0$ to $\epsilon/u_0$ of itself, and what it says of deep networks at near inputs is rounding.
    A recursion in $u$, written without differences of near numbers, keeps all digits: so does $\ln\psi(\xi)=\ln\xi_0+\sum_l\ln\frac{\check\varphi(\xi_l)}{a\,\xi_l}$
    for the singular limit, which neither under- nor overflows.`,
  source: "Radhakrishnan, Belkin & Uhler, arXiv:2204.14126, for the recursions",
  status: "checked",
  seconds: 1,
  settings,
  full: { layers: [1, 5, 10, 20, 40], reluLayers: 10_000 },

  predict: ({ layers, smallest, reluLayers }) => {
    const gaps = gapsFrom(smallest);
    const singular = (map: DualMap): number[] => gaps.map((u) => logSingularKernel(map, u));
    return {
      exact: polynomials.map(({ powers }) =>
        layers.map((depth) => gaps.map((u) => exactGap(powers, u, depth))),
      ),
      singular: polynomials.map(({ powers }) => singular(polynomialMap(powers))),
      erf: singular(erfMap),
      relu: correlations.map((xi) => deepRecursion(reluMap, 1 - xi, reluLayers)),
    };
  },

  measure: async ({ layers, smallest, reluLayers }) => {
    const gaps = gapsFrom(smallest);
    return {
      gaps,
      followed: (["gaps", "correlations"] as const).map((arithmetic) => ({
        arithmetic,
        polynomials: polynomials.map(({ powers }) =>
          layers.map((depth) => deep(hermiteMixture(powers), gaps, depth, arithmetic).gap),
        ),
        singular: polynomials.map(({ powers }) => limit(hermiteMixture(powers), gaps, arithmetic)),
        erf: limit("erf", gaps, arithmetic),
        relu: correlations.map((xi) => {
          const { gap, ntk } = deep("relu", [1 - xi], reluLayers, arithmetic);
          return { gap: gap[0]!, ntk: ntk[0]! };
        }),
      })),
    };
  },

  judge(predicted, { followed }, { arithmetic, reluLayers }) {
    const got = followed.find((one) => one.arithmetic === arithmetic)!;
    return verdict([
      atMost(
        "largest relative error of u behind polynomial layers",
        relativeError(got.polynomials.flat(2), predicted.exact.flat(2)),
        1e-11,
      ),
      atMost(
        "largest relative error of ln ψ, polynomials",
        relativeError(got.singular.flat(), predicted.singular.flat()),
        1e-9,
      ),
      atMost("largest relative error of ln ψ, erf", relativeError(got.erf, predicted.erf), 1e-7),
      atMost(
        `largest relative error of u and T behind ${reluLayers} ReLU layers`,
        relativeError(
          got.relu.flatMap(({ gap, ntk }) => [gap, ntk]),
          predicted.relu.flatMap(({ gap, ntk }) => [gap, ntk]),
        ),
        1e-6,
      ),
    ]);
  },

  figures(predicted, { gaps, followed }, { layers }) {
    const depth = layers.length - 1;
    return [
      {
        name: "error",
        title: `Relative error of 1 − ξ behind ${layers[depth]!} layers`,
        caption: String.raw`Dual $(\xi+\xi^3)/2$, against arithmetic of 400 bits. Line: the rounding $\epsilon/u_0$ of $\xi_0$, $\epsilon=2^{-53}$. Errors
          below $10^{-17}$ are drawn there.`,
        spec: curves({
          x: { title: "gap of the inputs, u₀ = ‖x − z‖²/2", scale: "log" },
          y: { title: "relative error of u behind the network", scale: "log" },
          series: [
            {
              label: "rounding of ξ₀",
              role: "prediction",
              points: gaps.map((x) => ({ x, y: 2 ** -53 / x })),
            },
            ...followed.map(({ arithmetic, polynomials: all }) => ({
              label: arithmetic === "gaps" ? "1 − ξ is followed" : "ξ is followed",
              role: "measurement" as const,
              points: gaps.map((x, i) => ({
                x,
                y: Math.max(1e-17, relativeError([all[1]![depth]![i]!], [predicted.exact[1]![depth]![i]!])),
              })),
            })),
          ],
        }),
      },
      {
        name: "singular-kernel",
        title: "Logarithm of the singular kernel",
        caption: String.raw`$\ln\psi(1-u)$ for duals with exponents 1, 2 and 4: lines by its series, marks by the network kernel behind 1000 layers.`,
        spec: curves({
          x: { title: "gap of the inputs, u₀ = ‖x − z‖²/2", scale: "log" },
          y: { title: "ln ψ" },
          series: polynomials.flatMap(({ name }, k) => [
            {
              label: name,
              role: "prediction" as const,
              points: gaps.map((x, i) => ({ x, y: predicted.singular[k]![i]! })),
            },
            {
              label: name,
              role: "measurement" as const,
              points: gaps.map((x, i) => ({ x, y: followed[0]!.singular[k]![i]! })),
            },
          ]),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`Followed as $\xi$, correlations of near inputs are wrong in their first digits.`,
    settings: { arithmetic: "correlations" },
  },
});

/** Gaps up to 0.8. */
function gapsFrom(smallest: number): number[] {
  return logSpaced(smallest, 0.8, 25);
}

interface Deep {
  readonly gap: readonly number[];
  readonly logNngp: readonly number[];
  readonly ntk: readonly number[];
}

function deep(
  activation: ActivationChoice,
  gaps: readonly number[],
  depth: number,
  arithmetic: "gaps" | "correlations",
): Deep {
  if (arithmetic === "correlations") return plainly(activation, gaps, depth);
  const { gap, logNngp, logNtk } = deepCorrelations(correlationMap(activation), gaps, depth);
  return { gap: [...gap], logNngp: [...logNngp], ntk: Array.from(logNtk, Math.exp) };
}

/** ξ_{l+1} = φ̌(ξ_l) as it is written. */
function plainly(activation: ActivationChoice, gaps: readonly number[], depth: number): Deep {
  const dual = dualOf(activation);
  const square = dual.variance(1);
  const pairs = gaps.map((u) => {
    let xi = 1 - u;
    let ntk = xi;
    for (let layer = 0; layer < depth; layer++) {
      const slope = dual.slope(1, 1, xi) / square;
      xi = dual.value(1, 1, xi) / square;
      ntk = xi + ntk * slope;
    }
    return { xi, ntk };
  });
  return {
    gap: pairs.map(({ xi }) => 1 - xi),
    logNngp: pairs.map(({ xi }) => Math.log(xi)),
    ntk: pairs.map(({ ntk }) => ntk),
  };
}

/** ln ξ_L − L ln a behind 1000 layers, where ln ψ has long settled. */
function limit(
  activation: ActivationChoice,
  gaps: readonly number[],
  arithmetic: "gaps" | "correlations",
): number[] {
  const { slopeAtZero }: CorrelationMap = correlationMap(activation);
  const depth = 1000;
  const { logNngp } = deep(activation, gaps, depth, arithmetic);
  return logNngp.map((log) => log - depth * Math.log(slopeAtZero));
}

/** The largest |got − true|/|true|; infinite where nothing finite was got. */
function relativeError(got: readonly number[], truth: readonly number[]): number {
  return got.reduce((most, value, i) => {
    const error = Math.abs(value / truth[i]! - 1);
    return Math.max(most, Number.isFinite(error) ? error : Infinity);
  }, 0);
}
