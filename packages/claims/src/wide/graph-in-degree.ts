import { type NeuronGraph, neuronNetwork, random, randomGraph } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import { spherePoints } from "../data/index.ts";
import { curves, nodeLink, type Spec } from "../figures/index.ts";
import {
  averaged,
  logSlope,
  type OutputDerivatives,
  outputDerivatives,
  powerLawThrough,
} from "../measures/index.ts";

const settings = z.object({
  inputs: z.int().min(1).max(100).default(8).describe("inputs d, which all neurons of the first level see"),
  levels: z.int().min(4).max(8).default(4).describe("levels of neurons, 2m neurons each"),
  inDegrees: z
    .array(z.int().min(4).max(512))
    .min(2)
    .max(8)
    .default([8, 16, 32, 64, 128])
    .describe("m, predecessors of every neuron above the first level"),
  narrowNeurons: z
    .int()
    .min(1)
    .max(64)
    .default(2)
    .describe("neurons of the third level of the narrow graphs, which all later paths go through"),
  judged: z.enum(["wide", "narrow"]).default("wide").describe("graphs whose Hessian must vanish"),
  draws: z
    .int()
    .min(1)
    .max(50)
    .default(10)
    .describe("graphs of each kind and in-degree, each with its weights and input"),
  seed: z.int().min(0).default(0).describe("seed of graphs, weights and inputs"),
});

type Chosen = z.output<typeof settings>;

const kinds = ["wide", "narrow"] as const;
type Kind = (typeof kinds)[number];

export default claim({
  code: "WN-09",
  id: "wide/graph-in-degree",
  title: "On a graph of neurons, width is the smallest in-degree",
  statement: String.raw`Let every neuron $v$ of a directed acyclic graph of bounded depth compute
    $\tanh\big(\frac1{\sqrt{\mathrm{in}(v)}}\sum_{u\to v}w_{uv}h_u\big)$ with normal weights, and let $m$ be the smallest in-degree among neurons that do not
    see inputs only. The Hessian of the (linear) output in all weights falls as $m^{-1/2}$, up to logarithms, whatever edges skip levels,
    while the gradient keeps its size. Where all paths go through two neurons the in-degree above them is 2, and the Hessian does not
    vanish however many neurons there are elsewhere.`,
  source: "Zhu, Liu & Belkin, arXiv:2205.11786",
  status: "checked",
  seconds: 8,
  settings,
  full: { draws: 30, inDegrees: [8, 16, 32, 64, 128, 256] },

  predict: () => ({ exponents: { wide: -1 / 2, narrow: 0 } }),

  async measure(chosen, { engine, signal, progress }) {
    const { inputs, inDegrees, draws, seed } = chosen;
    const generator = random(seed);
    const work = kinds.length * draws * inDegrees.reduce((sum, m) => sum + m ** 2, 0);
    let done = 0;
    const measured: Measured[] = [];
    for (const kind of kinds)
      for (const inDegree of inDegrees)
        for (let draw = 0; draw < draws; draw++) {
          const graph = randomGraph(graphOptions(kind, inDegree, chosen, generator.integer(2 ** 32)));
          const network = neuronNetwork(engine, graph, { activation: "tanh" });
          const theta = network.initialize(generator.integer(2 ** 32));
          const x = spherePoints(1, inputs, generator);
          const options = { tolerance: 0.02, signal };
          measured.push({ kind, inDegree, ...(await outputDerivatives(network, theta, x, options)) });
          done += inDegree ** 2;
          progress(done / work, `${kind}, m = ${inDegree}`);
        }
    return measured;
  },

  judge({ exponents }, measured, { inDegrees, judged }) {
    const slope = (kind: Kind, quantity: keyof OutputDerivatives): number =>
      logSlope(against(inDegrees, measured, kind, quantity));
    return verdict([
      atMost(
        `slope of ln ‖H‖ against ln m, ${judged} graphs`,
        slope(judged, "hessian"),
        -0.35,
        exponents.wide,
      ),
      atLeast(
        "slope of ln ‖H‖ against ln m, narrow graphs",
        slope("narrow", "hessian"),
        -0.2,
        exponents.narrow,
      ),
      ...kinds.map((kind) =>
        within(`slope of ln ‖∇f‖ against ln m, ${kind} graphs`, slope(kind, "gradient"), -0.15, 0.15, 0),
      ),
    ]);
  },

  figures({ exponents }, measured, chosen) {
    const { inDegrees, draws, narrowNeurons, seed } = chosen;
    const small = { ...chosen, inputs: 4, levels: 4, narrowNeurons: Math.min(narrowNeurons, 3) };
    const drawing = (kind: Kind): Spec =>
      picture(`${titles[kind]}, m = 3`, randomGraph(graphOptions(kind, 3, small, seed)));
    return [
      {
        name: "graphs",
        title: "Hessian and gradient of graphs of neurons against in-degree",
        caption: String.raw`Left, small examples: every neuron above the first level has 3 predecessors on any lower level (edges that skip levels in color), or all
          paths go through ${small.narrowNeurons} neurons. Right, means of ${draws} such graphs with standard errors. Lines have the predicted slopes
          $-\frac12$ and $0$, and their heights are fitted.`,
        spec: {
          spacing: 40,
          hconcat: [
            { vconcat: kinds.map(drawing), spacing: 24 },
            curves({
              x: { title: "in-degree m", scale: "log" },
              y: { title: "norm", scale: "log" },
              series: [
                ...kinds.flatMap((kind) => {
                  const points = against(inDegrees, measured, kind, "hessian");
                  const label = `‖H‖, ${titles[kind]}`;
                  return [
                    { label, role: "prediction" as const, points: powerLawThrough(points, exponents[kind]) },
                    { label, role: "measurement" as const, points },
                  ];
                }),
                ...kinds.map((kind) => ({
                  label: `‖∇f‖, ${titles[kind]}`,
                  role: "measurement" as const,
                  points: against(inDegrees, measured, kind, "gradient"),
                })),
              ],
            }),
          ],
        },
      },
    ];
  },

  contrast: {
    statement: String.raw`In graphs with a level of two neurons that all paths go through the Hessian does not vanish.`,
    settings: { judged: "narrow", inDegrees: [8, 16, 32, 64] },
  },
});

const titles = { wide: "wide graph", narrow: "narrow graph" } as const;

interface Measured extends OutputDerivatives {
  readonly kind: Kind;
  readonly inDegree: number;
}

/** The options of a graph whose narrow level, if it has one, is the third. */
function graphOptions(
  kind: Kind,
  inDegree: number,
  { inputs, levels, narrowNeurons }: Pick<Chosen, "inputs" | "levels" | "narrowNeurons">,
  seed: number,
): Parameters<typeof randomGraph>[0] {
  const bottleneck = kind === "narrow" ? { level: 3, neurons: narrowNeurons } : undefined;
  return { inputs, inDegree, levels, bottleneck, seed };
}

/** Means over the draws of each in-degree. */
function against(
  inDegrees: readonly number[],
  measured: readonly Measured[],
  kind: Kind,
  quantity: keyof OutputDerivatives,
): ReturnType<typeof averaged>[] {
  return inDegrees.map((inDegree) =>
    averaged(
      inDegree,
      measured.filter((one) => one.kind === kind && one.inDegree === inDegree).map((one) => one[quantity]),
    ),
  );
}

/** A graph of neurons with its output. */
function picture(title: string, { inputs, levels }: NeuronGraph): Spec {
  const columns = [
    { name: "inputs", nodes: inputs },
    ...levels.map(({ neurons }, k) => ({ name: `level ${k + 1}`, nodes: neurons })),
    { name: "output", nodes: 1 },
  ];
  const column = columns.flatMap(({ nodes }, k) => Array<number>(nodes).fill(k));
  const links: { readonly from: number; readonly to: number; readonly emphasized: boolean }[] = [];
  const connect = (from: number, to: number): void =>
    void links.push({ from, to, emphasized: column[to]! - column[from]! > 1 });
  let first = inputs;
  for (const { neurons, inDegree, predecessors } of levels) {
    predecessors.forEach((from, at) => connect(from, first + Math.floor(at / inDegree)));
    first += neurons;
  }
  const last = levels.at(-1)!.neurons;
  for (let from = first - last; from < first; from++) connect(from, first);
  return nodeLink({ title, columns, links });
}
