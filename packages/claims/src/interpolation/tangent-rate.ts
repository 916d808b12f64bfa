import { correlationMap, deepCorrelations, random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import { orthantPoints, randomSigns, rowsOf } from "../data/index.ts";
import { panels } from "../figures/index.ts";
import { deepClassifier, hermiteMixture, mean, signAgreement } from "../measures/index.ts";
import { logSingularKernel, optimalPowers, polynomialMap, singularVote } from "../predictions/index.ts";

const settings = z.object({
  kernel: z.enum(["ntk", "nngp"]).default("ntk").describe("the kernel whose approach to ψ is measured"),
  gaps: z
    .array(z.number().min(1e-6).max(0.5))
    .min(1)
    .max(8)
    .default([1e-1, 1e-2, 1e-3, 1e-4])
    .describe("gaps u = ‖x − z‖²/2, descending"),
  layers: z
    .array(z.int().min(50).max(1_000_000))
    .min(2)
    .max(8)
    .default([50, 1000, 10_000, 100_000])
    .describe("hidden layers L"),
  samples: z.int().min(10).max(1000).default(200).describe("n, training points in the orthant of S²"),
  testPoints: z.int().min(100).max(10_000).default(500).describe("test points"),
  classifierLayers: z
    .array(z.int().min(1).max(1_000_000))
    .min(2)
    .max(8)
    .default([10, 100, 1000, 10_000, 50_000])
    .describe("hidden layers of the classifiers, ascending"),
  draws: z.int().min(1).max(50).default(2).describe("data sets that agreements are averaged over"),
  seed: z.int().min(0).default(0).describe("seed of points and labels"),
});

type Settings = z.output<typeof settings>;

/** The dual (ξ + ξ³)/2. */
const powers = optimalPowers(2);

export default claim({
  code: "IN-22",
  id: "interpolation/tangent-rate",
  title: "Tangent kernels reach the singular limit only at depth ≫ 1/distance²",
  statement: String.raw`For the dual $\check\varphi=\frac12(\xi+\xi^3)$: $\frac{T_L(\xi)}{(L+1)a^L}=\psi(\xi)\left(1+\frac{C(u)}{(L+1)u}\right)$ with $C(u)\to2$ as $u=1-\xi\to0$,
    whatever $L$. The NTK classifier becomes that of $\psi$ for $L\gg2/u$ of the nearest pairs, where the NNGP kernel needs
    $\ln(1/u)$ layers; at moderate depth the NTK is more singular than $\psi$, with exponent $\alpha+2$.`,
  source: "derived and checked; setting of Radhakrishnan, Belkin & Uhler, arXiv:2204.14126",
  status: "checked",
  seconds: 3,
  settings,

  predict(chosen) {
    const map = polynomialMap(powers);
    return {
      limit: 2,
      singular: chosen.gaps.map((u) => logSingularKernel(map, u)),
      signs: problemsOf(chosen).map(({ train, test, labels }) =>
        rowsOf(test).map((x) =>
          Math.sign(
            singularVote(
              rowsOf(train).map((z) => x.reduce((sum, value, k) => sum + (value - z[k]!) ** 2, 0) / 2),
              labels,
              (u) => logSingularKernel(map, u),
            ),
          ),
        ),
      ),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const map = correlationMap(hermiteMixture(powers));
    const kernels = chosen.layers.map((depth) => {
      const { logNngp, logNtk } = deepCorrelations(map, chosen.gaps, depth);
      const logs = chosen.kernel === "ntk" ? logNtk.map((log) => log - Math.log(depth + 1)) : logNngp;
      return { depth, logs: Array.from(logs, (log) => log - depth * Math.log(map.slopeAtZero)) };
    });
    const problems = problemsOf(chosen);
    const classifiers = [];
    for (const [at, depth] of chosen.classifierLayers.entries()) {
      const signs: number[][] = [];
      for (const problem of problems) {
        signal.throwIfAborted();
        const values = await deepClassifier(engine, { map, depth, kernel: chosen.kernel, ...problem });
        signs.push(Array.from(values, Math.sign));
      }
      classifiers.push({ depth, signs });
      progress((at + 1) / chosen.classifierLayers.length, `L = ${depth}`);
    }
    return { kernels, classifiers };
  },

  judge(predicted, measured, { gaps }) {
    const constants = constantsOf(predicted, measured, gaps);
    const agreements = agreementsOf(predicted, measured);
    return verdict([
      ...gaps.map((u, i) => {
        const all = constants.map(({ values }) => values[i]!);
        return atMost(
          `largest |C(u)/mean − 1| over L, u = ${u}`,
          Math.max(...all.map((value) => Math.abs(value / mean(all) - 1))),
          0.01,
        );
      }),
      ...gaps.flatMap((u, i) =>
        u <= 1e-3
          ? constants.map(({ depth, values }) =>
              within(`C(u), u = ${u}, L = ${depth}`, values[i]!, 1.98, 2.02, predicted.limit),
            )
          : [],
      ),
      atLeast(
        "least gain of agreement with ψ from depth to depth",
        Math.min(...agreements.slice(1).map(({ y }, k) => y - agreements[k]!.y)),
        1e-9,
      ),
    ]);
  },

  figures(predicted, measured, { gaps, samples, draws }) {
    const constants = constantsOf(predicted, measured, gaps);
    return [
      {
        name: "rate",
        title: "How tangent kernels approach the singular kernel",
        caption: String.raw`Left: $(\mathrm{ratio}-1)(L+1)u$ for the ratio of $T_L/((L+1)a^L)$ to $\psi$: constant in $L$, and near 2 for small $u$. Right: share of test
          points at which the NTK classifier of ${samples} random labels agrees with $\mathrm{sgn}\sum_iy_i\psi$; means of ${draws} data sets.`,
        spec: panels({
          columns: 2,
          panels: [
            {
              title: "correction",
              x: { title: "hidden layers L", scale: "log" },
              y: { title: "(ratio − 1)(L + 1) u", domain: [1.4, 2.1] },
              series: [
                {
                  label: "limit for u → 0",
                  role: "prediction",
                  points: [constants[0]!.depth, constants.at(-1)!.depth].map((x) => ({
                    x,
                    y: predicted.limit,
                  })),
                },
                ...gaps.map((u, i) => ({
                  label: `u = ${u}`,
                  role: "measurement" as const,
                  points: constants.map(({ depth, values }) => ({ x: depth, y: values[i]! })),
                })),
              ],
            },
            {
              title: "classifiers",
              x: { title: "hidden layers L", scale: "log" },
              y: { title: "agreement with the rule of ψ" },
              series: [
                { label: "NTK classifier", role: "measurement", points: agreementsOf(predicted, measured) },
              ],
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`The NNGP kernel has no such correction: its ratio to $\psi$ is 1 behind a few dozen layers.`,
    settings: { kernel: "nngp", draws: 1, testPoints: 100 },
  },
});

/** By depth and gap: (kernel/(L + 1)a^L/ψ − 1)(L + 1)u. */
function constantsOf(
  { singular }: { readonly singular: readonly number[] },
  { kernels }: { readonly kernels: readonly { readonly depth: number; readonly logs: readonly number[] }[] },
  gaps: readonly number[],
) {
  return kernels.map(({ depth, logs }) => ({
    depth,
    values: gaps.map((u, i) => Math.expm1(logs[i]! - singular[i]!) * (depth + 1) * u),
  }));
}

/** By depth: the share of test points at which signs agree. */
function agreementsOf(
  { signs }: { readonly signs: readonly (readonly number[])[] },
  {
    classifiers,
  }: {
    readonly classifiers: readonly {
      readonly depth: number;
      readonly signs: readonly (readonly number[])[];
    }[];
  },
) {
  return classifiers.map(({ depth, signs: measured }) => ({
    x: depth,
    y: mean(measured.map((one, k) => signAgreement(one, signs[k]!))),
  }));
}

function problemsOf({ samples, testPoints, draws, seed }: Settings) {
  const generator = random(seed);
  return Array.from({ length: draws }, () => ({
    train: orthantPoints(samples, 3, generator),
    test: orthantPoints(testPoints, 3, generator),
    labels: randomSigns(samples, generator),
  }));
}
