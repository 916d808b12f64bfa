import {
  type ActivationChoice,
  correlationMap,
  depthLimit,
  type Engine,
  fullyConnected,
  infiniteKernel,
  type Matrix,
  random,
} from "lineament";
import { z } from "zod";
import { atLeast, type Check, claim, verdict, within } from "../claim.ts";
import { orthantPoints, randomSigns, rowsOf } from "../data/index.ts";
import { curves, decisionMaps } from "../figures/index.ts";
import {
  column,
  deepClassifier,
  hermiteMixture,
  kernelRegression,
  mean,
  nearestNeighbors,
  signAgreement,
} from "../measures/index.ts";
import { deepLimit, logSingularKernel, polynomialMap, singularVote } from "../predictions/index.ts";

const settings = z
  .object({
    samples: z.int().min(3).max(200).default(40).describe("training points in the orthant of S²"),
    majority: z.int().min(2).max(200).default(24).describe("points of class +1 among them, more than half"),
    nearestSamples: z
      .int()
      .min(10)
      .max(1000)
      .default(200)
      .describe("training points of the network that becomes the nearest neighbor rule, with random labels"),
    testPoints: z.int().min(50).max(5000).default(500).describe("test points"),
    nearestLayers: z
      .array(z.int().min(1).max(40))
      .min(2)
      .max(10)
      .default([1, 5, 10, 12, 14])
      .describe("hidden layers L of that network, ascending"),
    voteLayers: z
      .array(z.int().min(1).max(2000))
      .min(2)
      .max(10)
      .default([10, 30, 60, 100, 300])
      .describe("hidden layers of the network that becomes a vote, ascending"),
    reluLayers: z
      .array(z.int().min(1).max(100_000))
      .min(2)
      .max(10)
      .default([10, 100, 1000, 10_000])
      .describe("hidden layers of ReLU networks, ascending"),
    collapseLayers: z
      .array(z.int().min(1).max(25))
      .min(1)
      .max(10)
      .default([5, 10, 20])
      .describe("hidden layers of the network whose correlations tend to 1, with 7 training points"),
    collapseDraws: z.int().min(1).max(200).default(20).describe("data sets of these 7 points"),
    mapLayers: z
      .array(z.int().min(1).max(1000))
      .min(1)
      .max(4)
      .default([1, 5, 20, 100])
      .describe("hidden layers of the maps"),
    mapCells: z.int().min(10).max(120).default(48).describe("cells along each side of a map"),
    seed: z.int().min(0).default(0).describe("seed of points and labels"),
  })
  .refine(({ samples, majority }) => 2 * majority > samples && majority < samples, {
    path: ["majority"],
    message: "it must be more than half of the samples, and not all",
  });

type Settings = z.output<typeof settings>;

/** p_k of a dual in each class. */
const cases = [
  { name: "nearest-neighbor", dual: "ξ²", powers: [0, 0, 1] },
  { name: "singular-kernel", dual: "(ξ + ξ³)/2", powers: [0, 0.5, 0, 0.5] },
  { name: "majority", dual: "(3 + 2ξ + 5ξ²)/10", powers: [0.3, 0.2, 0.5] },
  { name: "collapse", dual: "(5 + 3ξ + 2ξ²)/10", powers: [0.5, 0.3, 0.2] },
] as const;

type Name = (typeof cases)[number]["name"];

const titles: Readonly<Record<Name, string>> = {
  "nearest-neighbor": "nearest neighbor",
  "singular-kernel": "singular kernel",
  majority: "majority vote",
  collapse: "collapse",
};

const kernels = ["nngp", "ntk"] as const;
const kernelNames = { nngp: "NNGP", ntk: "NTK" } as const;

/** Added to kernel matrices of diagonal 1 for the maps: behind one layer they have fewer ranks than rows. */
const mapRidge = 1e-9;

export default claim({
  code: "IN-15",
  id: "interpolation/deep-limits",
  title: "What infinitely deep classifiers become: nearest neighbor, singular kernel, vote, or none of these",
  statement: String.raw`For inputs in an orthant of the sphere and $E\varphi^2=1$, $\mathrm{sgn}\,y^\top K_L^{-1}k_L(x)$ tends with depth to
    (1) the label of the nearest neighbor, if $E\varphi=E\varphi'=0$; (2) $\mathrm{sgn}\sum_iy_i\psi(\langle x,x_i\rangle)$ with a singular kernel, if
    $E\varphi=0<(E\varphi')^2<1$; (3) the label that most training points have, everywhere, if $E\varphi\ne0$ and $E\varphi'^2\ge1$ (at 1, as for ReLU,
    by the tangent kernel); (4) if $E\varphi\ne0$ and $E\varphi'^2<1$ to none of these: an interpolant that depends on $x$.`,
  source:
    "Radhakrishnan, Belkin & Uhler, arXiv:2204.14126 (three classes); conditions derived, fourth class added",
  status: "checked",
  seconds: 9,
  settings,
  full: { testPoints: 2000, mapCells: 80, reluLayers: [10, 100, 1000, 10_000, 30_000], collapseDraws: 100 },

  predict(chosen) {
    const map = polynomialMap(cases[1].powers);
    const { votes } = problemsOf(chosen);
    const places = rowsOf(votes.train);
    return {
      rules: cases.map(({ powers }) => deepLimit(polynomialMap(powers))),
      singular: rowsOf(votes.test).map((x) =>
        singularVote(
          places.map((place) => x.reduce((sum, value, k) => sum + (value - place[k]!) ** 2, 0) / 2),
          votes.labels,
          (u) => logSingularKernel(map, u),
        ),
      ),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { nearest, votes, few } = problemsOf(chosen);
    const networks = cases.map(({ powers }) => {
      const activation: ActivationChoice = hermiteMixture(powers);
      return { map: correlationMap(activation), rule: depthLimit(activation).rule };
    });
    const mapOf = (name: Name) => networks[cases.findIndex((one) => one.name === name)]!.map;

    const neighbors = Array.from(nearestNeighbors(nearest.train, nearest.test), (i) => nearest.labels[i]!);
    const toNearest = [];
    for (const depth of chosen.nearestLayers) {
      signal.throwIfAborted();
      const map = mapOf("nearest-neighbor");
      const values = await deepClassifier(engine, {
        map,
        depth,
        kernel: "nngp",
        ...nearest,
        ridge: mapRidge,
      });
      toNearest.push({ depth, share: signAgreement(values, neighbors) });
    }
    progress(0.1, "nearest neighbor");

    const settled = await deepClassifier(engine, {
      map: mapOf("singular-kernel"),
      depth: 100,
      kernel: "nngp",
      ...votes,
    });
    const toVote = [];
    for (const depth of chosen.voteLayers)
      for (const kernel of kernels) {
        signal.throwIfAborted();
        const values = await deepClassifier(engine, { map: mapOf("majority"), depth, kernel, ...votes });
        toVote.push({ depth, kernel, share: positiveShare(values) });
      }
    progress(0.3, "vote");

    const relu = [];
    for (const depth of chosen.reluLayers) {
      relu.push({ depth, share: positiveShare(await reluClassifier(engine, depth, votes, signal)) });
      progress(0.3 + (0.4 * relu.length) / chosen.reluLayers.length, `ReLU, L = ${depth}`);
    }

    const collapse = [];
    for (const depth of chosen.collapseLayers)
      for (const kernel of kernels) {
        const shares: number[] = [];
        for (const problem of few) {
          signal.throwIfAborted();
          const map = mapOf("collapse");
          shares.push(positiveShare(await deepClassifier(engine, { map, depth, kernel, ...problem })));
        }
        collapse.push({ depth, kernel, share: mean(shares) });
      }
    progress(0.8, "collapse");

    const cells = orthantGrid(chosen.mapCells);
    const maps = [];
    for (const { map } of networks)
      for (const depth of chosen.mapLayers) {
        signal.throwIfAborted();
        const given = { map, depth, train: votes.train, test: cells, labels: votes.labels };
        const values = await deepClassifier(engine, { ...given, kernel: "nngp", ridge: mapRidge });
        maps.push(Array.from(values, Math.sign));
      }
    return {
      rules: networks.map(({ rule }) => rule),
      toNearest,
      singular: Array.from(settled),
      toVote,
      relu,
      collapse,
      maps,
      points: rowsOf(votes.train).map((row, i) => ({ ...chart(row), label: votes.labels[i]! })),
    };
  },

  judge(predicted, measured) {
    const last = <T>(all: readonly T[]): T => all.at(-1)!;
    const nearest = last(measured.toNearest);
    const relu = last(measured.relu);
    const vote = (kernel: "nngp" | "ntk", from: number): Check => {
      const deep = measured.toVote.find((one) => one.kernel === kernel && one.depth >= from);
      return within(
        `share of +1, ${titles.majority}, ${kernelNames[kernel]}, L = ${deep?.depth ?? from}`,
        deep?.share ?? NaN,
        1,
        1,
        1,
      );
    };
    return verdict([
      atLeast(
        "activations whose class the library names as predicted",
        measured.rules.filter((rule, k) => rule === predicted.rules[k]!).length,
        cases.length,
      ),
      atLeast(`agreement with the nearest neighbor, dual ξ², L = ${nearest.depth}`, nearest.share, 0.99),
      atLeast(
        "agreement with the singular kernel, dual (ξ + ξ³)/2, L = 100",
        signAgreement(measured.singular, predicted.singular),
        0.99,
      ),
      vote("nngp", 100),
      vote("ntk", 300),
      atLeast(`share of +1, ReLU NTK, L = ${relu.depth}`, relu.share, 0.99),
      ...measured.collapse.map(({ depth, kernel, share }) =>
        within(`mean share of +1, collapse, ${kernelNames[kernel]}, L = ${depth}`, share, 0.4, 0.9),
      ),
    ]);
  },

  figures(_, measured, { mapLayers, mapCells, samples, majority, nearestSamples }) {
    return [
      ...cases.map(({ name, dual }, k) => ({
        name: `map-${name}`,
        title: `Decisions by depth: ${titles[name]}`,
        caption: String.raw`The orthant of $\mathbb S^2$ in coordinates that keep areas, networks with the dual ${dual} (NNGP kernel), ${majority} examples of class +1
          and ${samples - majority} of class −1 at random places. Behind one
          layer kernel matrices have fewer ranks than rows: $10^{-9}$ is added to their diagonal of 1.`,
        spec: decisionMaps({
          x: { title: "azimuth (degrees)", domain: [0, 90] },
          y: { title: "height x₃", domain: [0, 1] },
          classes: ["+1", "−1"],
          panels: mapLayers.map((depth, d) => ({
            title: `L = ${depth}`,
            values: Array.from({ length: mapCells }, (_, row) =>
              measured.maps[k * mapLayers.length + d]!.slice(row * mapCells, (row + 1) * mapCells),
            ),
          })),
          points: measured.points,
        }),
      })),
      {
        name: "approach",
        title: "How deep networks approach their limits",
        caption: String.raw`Agreement with the nearest neighbor for the dual $\xi^2$ (${nearestSamples} random labels); share of test points that get the majority label for the
          others. Of the collapsing network (7 points, 4 of class +1) about as many do at any depth.`,
        spec: curves({
          x: { title: "hidden layers L", scale: "log" },
          y: { title: "share of test points", domain: [0.3, 1.02] },
          series: [
            {
              label: "limit",
              role: "prediction",
              points: [1, measured.relu.at(-1)!.depth].map((x) => ({ x, y: 1 })),
            },
            measurement("ξ²: as the nearest neighbor", measured.toNearest),
            ...kernels.map((kernel) =>
              measurement(
                `b = 1.2, ${kernelNames[kernel]}: majority label`,
                measured.toVote.filter((one) => one.kernel === kernel),
              ),
            ),
            measurement("ReLU, NTK: majority label", measured.relu),
            ...kernels.map((kernel) =>
              measurement(
                `b = 0.7, ${kernelNames[kernel]}: majority label`,
                measured.collapse.filter((one) => one.kernel === kernel),
              ),
            ),
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`Ten layers are too few for the nearest neighbor, and a hundred for the vote of ReLU networks.`,
    settings: { nearestLayers: [5, 10], reluLayers: [10, 100], collapseDraws: 5, mapCells: 10 },
  },
});

function measurement(label: string, points: readonly { readonly depth: number; readonly share: number }[]) {
  return {
    label,
    role: "measurement" as const,
    points: points.map(({ depth, share }) => ({ x: depth, y: share })),
  };
}

function positiveShare(values: Float64Array): number {
  return mean(values.map((value) => (value > 0 ? 1 : 0)));
}

interface Problem {
  readonly train: Matrix<Float64Array>;
  readonly test: Matrix<Float64Array>;
  readonly labels: Float64Array;
}

function problemsOf(chosen: Settings) {
  const { samples, majority, nearestSamples, testPoints, collapseDraws, seed } = chosen;
  const generator = random(seed);
  const problem = (n: number, labels: Float64Array): Problem => ({
    train: orthantPoints(n, 3, generator),
    test: orthantPoints(testPoints, 3, generator),
    labels,
  });
  const labels = (n: number, positive: number): Float64Array =>
    Float64Array.from({ length: n }, (_, i) => (i < positive ? 1 : -1));
  return {
    nearest: problem(nearestSamples, randomSigns(nearestSamples, generator)),
    votes: problem(samples, labels(samples, majority)),
    few: Array.from({ length: collapseDraws }, () => problem(7, labels(7, 4))),
  };
}

/** yᵀΘ⁻¹Θ(x) for ReLU networks. */
async function reluClassifier(
  engine: Engine,
  depth: number,
  { train, test, labels }: Problem,
  signal: AbortSignal,
): Promise<Float64Array> {
  const network = fullyConnected(depth, "relu", { weightStd: Math.SQRT2 });
  const options = { get: "ntk", signal } as const;
  const kernel = (await infiniteKernel(engine, network, train, undefined, options)).ntk!;
  const cross = (await infiniteKernel(engine, network, test, train, options)).ntk!;
  return (await kernelRegression(engine, { kernel, cross, targets: column(labels), ridge: 0 })).data;
}

/** Azimuth in degrees and height: areas are kept (Archimedes). */
function chart([x, y, z]: readonly number[]): { readonly x: number; readonly y: number } {
  return { x: (180 / Math.PI) * Math.atan2(y!, x!), y: z! };
}

/** Middles of cells of that chart, row by row from height 0. */
function orthantGrid(cells: number): Matrix<Float64Array> {
  const data = new Float64Array(3 * cells * cells);
  for (let i = 0, at = 0; i < cells; i++)
    for (let j = 0; j < cells; j++, at += 3) {
      const [height, azimuth] = [(i + 0.5) / cells, ((j + 0.5) / cells) * (Math.PI / 2)];
      const radius = Math.sqrt(1 - height ** 2);
      data.set([radius * Math.cos(azimuth), radius * Math.sin(azimuth), height], at);
    }
  return { data, rows: cells * cells, cols: 3 };
}
