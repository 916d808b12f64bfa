import { type ActivationChoice, correlationMap, deepCorrelations } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { logSpaced } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { hermiteMixture, logSlope } from "../measures/index.ts";
import {
  type DualMap,
  erfMap,
  logSingularKernel,
  optimalPowers,
  optimalSine,
  polynomialMap,
  sineMap,
  singularExponent,
} from "../predictions/index.ts";

const settings = z
  .object({
    smallest: z.number().min(1e-15).max(0.5).default(1e-12).describe("smallest gap u = ‖x − z‖²/2"),
    largest: z.number().min(1e-14).max(0.99).default(1e-3).describe("largest gap u"),
    places: z.int().min(5).max(1000).default(60).describe("gaps between them"),
    layers: z.int().min(10).max(100_000).default(1000).describe("hidden layers L at which ψ is read off"),
  })
  .refine(({ smallest, largest }) => smallest < largest, {
    path: ["largest"],
    message: "it must be larger than the smallest gap",
  });

interface Row {
  readonly name: string;
  readonly map: DualMap;
  readonly activation: ActivationChoice;
}

const polynomial = (name: string, d: number): Row => ({
  name,
  map: polynomialMap(optimalPowers(d)),
  activation: hermiteMixture(optimalPowers(d)),
});

const rows: readonly Row[] = [
  { name: "erf", map: erfMap, activation: "erf" },
  polynomial("(h₁ + h₇)/√2", 1),
  polynomial("(h₁ + h₃)/√2", 2),
  {
    name: "sine",
    map: sineMap(optimalSine(2)),
    activation: { name: "sin", frequency: Math.sqrt(optimalSine(2)) },
  },
  polynomial("h₁, h₂, h₃ for d = 4", 4),
  polynomial("h₁, h₂, h₃ for d = 8", 8),
];

export default claim({
  code: "IN-18",
  id: "interpolation/singular-exponent",
  title: "The exponent of the singular kernel is 2 ln(1/a)/ln b",
  statement: String.raw`For $E\varphi=0$, $0<a=(E\varphi')^2<1$ and $b=E\varphi'^2$ the deep kernel, divided by $a^L$, tends to a $\psi$ that solves Schröder's
    equation $\psi(\check\varphi(\xi))=a\,\psi(\xi)$. Near $\xi=1$ each layer multiplies $\|x-z\|^2$ by $b$ and $\psi$ by $a$, so that
    $\psi=R(\|x-z\|)/\|x-z\|^\alpha$ with $\alpha=\frac{2\ln(1/a)}{\ln b}$ and $R$ bounded away from 0 and $\infty$.`,
  source: "Radhakrishnan, Belkin & Uhler, arXiv:2204.14126; the exponent derived",
  status: "proved",
  seconds: 1,
  settings,

  predict: (chosen) => {
    const gaps = gapsOf(chosen);
    return rows.map(({ name, map }) => ({
      name,
      exponent: singularExponent(map),
      line: gaps.map((u) => ({ x: distanceOf(u), y: logSingularKernel(map, u) })),
    }));
  },

  measure: async (chosen) => {
    const gaps = gapsOf(chosen);
    return rows.map(({ activation }) => {
      const map = correlationMap(activation);
      const { logNngp } = deepCorrelations(map, gaps, chosen.layers);
      const logs = Array.from(logNngp, (log) => log - chosen.layers * Math.log(map.slopeAtZero));
      return {
        logs,
        exponent: -logSlope(gaps.map((u, i) => ({ x: distanceOf(u), y: Math.exp(logs[i]!) }))),
      };
    });
  },

  judge: (predicted, measured) =>
    verdict(
      predicted.map(({ name, exponent }, k) =>
        atMost(
          `|fitted exponent − α|, ${name} (α = ${exponent.toFixed(4)})`,
          Math.abs(measured[k]!.exponent - exponent),
          0.005,
        ),
      ),
    ),

  figures(predicted, measured, chosen) {
    const gaps = gapsOf(chosen);
    const every = Math.ceil(gaps.length / 12);
    return [
      {
        name: "singular-kernel",
        title: "The singular kernel against the distance of its inputs",
        caption: String.raw`Lines: $\ln\psi$ by its series; they fall by $\alpha$ a factor $e$ of distance. Marks: NNGP kernels behind ${chosen.layers} layers, divided by $a^L$.`,
        spec: curves({
          x: { title: "distance of the inputs, ‖x − z‖", scale: "log" },
          y: { title: "ln ψ" },
          series: predicted.flatMap(({ name, line, exponent }, k) => {
            const label = `${name}: α = ${Number(exponent.toPrecision(3))}`;
            return [
              { label, role: "prediction" as const, points: line },
              {
                label,
                role: "measurement" as const,
                points: gaps.flatMap((u, i) =>
                  i % every === 0 ? [{ x: distanceOf(u), y: measured[k]!.logs[i]! }] : [],
                ),
              },
            ];
          }),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`Far from the diagonal $\psi$ is no power of the distance.`,
    settings: { smallest: 0.05, largest: 0.9 },
  },
});

function gapsOf({ smallest, largest, places }: z.output<typeof settings>): number[] {
  return logSpaced(smallest, largest, places);
}

function distanceOf(gap: number): number {
  return Math.sqrt(2 * gap);
}
