import { activationFunctions, type ActivationChoice, depthLimit, dualOf } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { panels } from "../figures/index.ts";
import { hermiteMixture } from "../measures/index.ts";
import {
  type DualMap,
  optimalActivation,
  optimalPowers,
  optimalSine,
  polynomialMap,
  sineActivation,
  sineMap,
} from "../predictions/index.ts";

const settings = z.object({
  dimensions: z
    .array(z.int().min(2).max(20))
    .min(1)
    .max(6)
    .default([2, 3, 4, 8])
    .describe("d ≥ 2, dimensions of the manifold, besides 1"),
  variance: z.number().min(0.1).max(10).default(1).describe("variance of preactivations"),
  correlations: z
    .array(z.number().min(-1).max(1))
    .min(1)
    .max(40)
    .default([-0.9, -0.6, -0.3, 0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.99])
    .describe("ξ at which duals are compared"),
});

interface Row {
  readonly name: string;
  readonly dimension: number;
  readonly map: DualMap;
  readonly formula: (x: number) => number;
  readonly activation: ActivationChoice;
}

/** Where activations are compared and drawn. */
const places = Array.from({ length: 61 }, (_, i) => (i - 30) / 10);

export default claim({
  code: "IN-19",
  id: "interpolation/optimal-activations",
  title: "Explicit activations whose deep limit is the Hilbert kernel",
  statement: String.raw`For data on a manifold of dimension $d$ the singular kernel of exponent $\alpha=d$ classifies consistently. Activations that have it:
    $\frac1{\sqrt2}(h_1+h_7)$ for $d=1$; $2^{-d/4}h_1+\sqrt{1-2^{1-d/2}}\,h_2+2^{-d/4}h_3$ for $d\ge2$ ($h_k=He_k/\sqrt{k!}$);
    $\sqrt{e^s/\sinh s}\,\sin(\sqrt s\,x)$ with $2\ln\frac{\sinh s}s=d\ln(s\coth s)$, $d\ge2$. Their duals are $\frac12(\xi+\xi^7)$, a cubic
    polynomial, and $\sinh(s\xi)/\sinh s$. erf and tanh have $\alpha<1$: they are optimal in no dimension.`,
  source: "Radhakrishnan, Belkin & Uhler, arXiv:2204.14126; general d and sines derived",
  status: "checked",
  seconds: 1,
  settings,

  predict: (chosen) =>
    rowsOf(chosen).map(({ name, dimension, map, formula }) => ({
      name,
      dimension,
      values: places.map(formula),
      duals: chosen.correlations.map(map.value),
      line: Array.from({ length: 81 }, (_, i) => (i - 40) / 40).map((x) => ({ x, y: map.value(x) })),
    })),

  measure: async (chosen) => ({
    rows: rowsOf(chosen).map(({ name, activation }) => {
      const functions = activationFunctions(activation);
      const root = Math.sqrt(chosen.variance);
      // Without its name, so that its dual is integrated rather than looked up.
      const anonymous: ActivationChoice = {
        name: "custom",
        label: name,
        value: (x) => functions.value(root * x),
        slope: (x) => root * functions.slope(root * x),
      };
      const dual = dualOf(anonymous);
      return {
        values: places.map(functions.value),
        duals: chosen.correlations.map((xi) => dual.value(1, 1, xi) / dual.variance(1)),
        exponent: depthLimit(anonymous).exponent ?? Infinity,
      };
    }),
    erf: depthLimit("erf").exponent!,
    tanh: depthLimit("tanh").exponent!,
  }),

  judge(predicted, { rows, erf, tanh }) {
    const largest = (of: (k: number) => readonly number[]): number =>
      Math.max(...predicted.flatMap((_, k) => of(k)));
    return verdict([
      atMost(
        "largest |φ(x) − formula|/max|φ|",
        largest((k) => {
          const size = Math.max(...predicted[k]!.values.map(Math.abs));
          return predicted[k]!.values.map((value, i) => Math.abs(rows[k]!.values[i]! - value) / size);
        }),
        1e-10,
      ),
      atMost(
        "largest |E φ(u)φ(v) − dual|",
        largest((k) => predicted[k]!.duals.map((value, i) => Math.abs(rows[k]!.duals[i]! - value))),
        1e-10,
      ),
      atMost(
        "largest |α − d|",
        largest((k) => [Math.abs(rows[k]!.exponent - predicted[k]!.dimension)]),
        1e-9,
      ),
      atMost("α of erf", erf, 1),
      atMost("α of tanh", tanh, 1),
    ]);
  },

  figures(predicted, { rows }, { correlations, dimensions }) {
    // d = 1, the first two dimensions above it, and the sine of the first.
    const chosen = [0, 1, 2, dimensions.length + 1].filter((k) => k < predicted.length);
    return [
      {
        name: "activations",
        title: "Activations that are optimal at infinite depth",
        caption: String.raw`Left: activations for manifolds of dimension $d$, by formula and as the library has them. Right: their duals
          $E[\varphi(u)\varphi(v)]$, by formula and integrated.`,
        spec: panels({
          columns: 2,
          panels: [
            {
              title: "activations",
              x: { title: "x", domain: [-3, 3] },
              y: { title: "φ(x)", domain: [-4, 4] },
              series: chosen.flatMap((k) => [
                {
                  label: predicted[k]!.name,
                  role: "prediction" as const,
                  points: places.map((x, i) => ({ x, y: predicted[k]!.values[i]! })),
                },
                {
                  label: predicted[k]!.name,
                  role: "measurement" as const,
                  points: places.flatMap((x, i) => (i % 5 === 0 ? [{ x, y: rows[k]!.values[i]! }] : [])),
                },
              ]),
            },
            {
              title: "duals",
              x: { title: "correlation ξ of the inputs", domain: [-1, 1] },
              y: { title: "E φ(u) φ(v)", domain: [-1, 1] },
              series: chosen.flatMap((k) => [
                { label: predicted[k]!.name, role: "prediction" as const, points: predicted[k]!.line },
                {
                  label: predicted[k]!.name,
                  role: "measurement" as const,
                  points: correlations.map((x, i) => ({ x, y: rows[k]!.duals[i]! })),
                },
              ]),
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`At preactivations of variance 1.2 the same functions have other duals and exponents: weights must keep variances at 1.`,
    settings: { variance: 1.2 },
  },
});

/** Polynomials for 1 and the given dimensions, then sines for these. */
function rowsOf({ dimensions }: z.output<typeof settings>): Row[] {
  const polynomials = [1, ...dimensions].map((dimension) => ({
    name: `polynomial, d = ${dimension}`,
    dimension,
    map: polynomialMap(optimalPowers(dimension)),
    formula: optimalActivation(dimension),
    activation: hermiteMixture(optimalPowers(dimension)),
  }));
  const sines = dimensions.map((dimension): Row => {
    const s = optimalSine(dimension);
    return {
      name: `sine, d = ${dimension}`,
      dimension,
      map: sineMap(s),
      formula: sineActivation(s),
      activation: {
        name: "sin",
        amplitude: Math.sqrt(Math.exp(s) / Math.sinh(s)),
        frequency: Math.sqrt(s),
      },
    };
  });
  return [...polynomials, ...sines];
}
