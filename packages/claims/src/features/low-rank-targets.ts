import { type Matrix, random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { gatedProduct, pairProducts, rowsOf, split } from "../data/index.ts";
import { curves, heatMaps } from "../figures/index.ts";
import { coordinateEnergy, featureIterations, meanSquaredError, trainRelu } from "../measures/index.ts";

const settings = z
  .object({
    dimension: z.int().min(6).max(100).default(20).describe("inputs d"),
    rows: z.int().min(200).max(10_000).default(1000).describe("training rows n"),
    unseen: z.int().min(200).max(20_000).default(2000).describe("test rows"),
    pairs: z
      .int()
      .min(1)
      .max(50)
      .default(1)
      .describe("products of two inputs in target B; one is of low rank, d/2 are not"),
    bandwidth: z.number().min(0.5).max(100).default(10).describe("L of the Laplace kernel"),
    ridge: z.number().min(1e-8).max(10).default(1e-3).describe("λ in K + λI"),
    iterations: z.int().min(1).max(20).default(5).describe("metric updates T"),
    steps: z
      .int()
      .min(100)
      .max(100_000)
      .default(4000)
      .describe("steps of stochastic gradients of the network, batch 64, step size 0.1"),
    seed: z.int().min(0).default(0).describe("seed of data, and of start and order of rows of the network"),
  })
  .refine(({ pairs, dimension }) => 2 * pairs <= dimension, {
    path: ["pairs"],
    message: "twice as many must not exceed the dimension",
  });

export default claim({
  code: "FL-06",
  id: "features/low-rank-targets",
  title: "A machine that learns its metric pays only for the directions that matter",
  statement: String.raw`On targets that depend on few of $d$ directions an isotropic kernel pays for all $d$. A recursive feature machine does not: its test error falls
    from update to update by a factor of more than two on (A) $y=x_0x_1\mathbf 1[x_5>0]$ and more than ten on (B) $y=x_0x_1$, nearly
    all of its metric goes to the coordinates that matter, and on B it beats a trained network of two hidden layers.`,
  source: "Radhakrishnan et al., arXiv:2212.13881",
  status: "checked",
  seconds: 6,
  settings,
  full: { rows: 4000 },

  predict: ({ dimension, pairs }) => ({
    /** The share of the coordinates that matter in M_0 = I. */
    isotropic: { A: 3 / dimension, B: (2 * pairs) / dimension },
  }),

  async measure(chosen, { engine, signal, progress }) {
    const { dimension, rows, unseen, pairs, bandwidth, ridge, iterations, steps, seed } = chosen;
    const generator = random(seed);
    const tasks = [
      { all: gatedProduct(rows + unseen, dimension, generator), relevant: [0, 1, 5] },
      {
        all: pairProducts(rows + unseen, dimension, pairs, generator),
        relevant: Array.from({ length: 2 * pairs }, (_, k) => k),
      },
    ];
    const runs = [];
    for (const [at, { all, relevant }] of tasks.entries()) {
      const { train, test } = split(all, rows);
      progress(at / 3, `target ${"AB"[at]!}`);
      const iterates = await featureIterations(engine, {
        ...train,
        unseen: test.x,
        kernel: { family: "laplace", bandwidth, exponent: 1 },
        ridge,
        iterations,
        signal,
      });
      runs.push({
        errors: iterates.map(({ values }) => meanSquaredError(values.data, test.y.data)),
        energies: iterates.map(({ metric }) => coordinateEnergy(metric, relevant)),
        metrics: iterates.slice(0, 6).map(({ metric }) => rowsOf(metric)),
      });
    }
    const { train, test } = split(tasks[1]!.all, rows);
    progress(2 / 3, "training the network");
    const { network, parameters } = await trainRelu(engine, { ...train, steps, seed, signal });
    const values: Matrix = await network.value(parameters, test.x);
    return { A: runs[0]!, B: runs[1]!, network: meanSquaredError(values.data, test.y.data) };
  },

  judge(_, { A, B, network }) {
    const ratio = ({ errors }: typeof A): number => errors.at(-1)! / errors[0]!;
    return verdict([
      atMost("A: test MSE at the end / before any update", ratio(A), 0.45),
      atLeast("A: share of coordinates 0, 1 and 5 in the metric", A.energies.at(-1)!, 0.93),
      atMost("B: test MSE at the end / before any update", ratio(B), 0.1),
      atMost("B: test MSE at the end / that of the network", B.errors.at(-1)! / network, 1),
      atLeast("B: share of the coordinates that matter in the metric", B.energies.at(-1)!, 0.99),
    ]);
  },

  figures({ isotropic }, { A, B, network }, { dimension, rows, iterations }) {
    const labels = Array.from({ length: dimension }, (_, k) => k);
    const along = (values: readonly number[]) => values.map((y, x) => ({ x, y }));
    const updates = { title: "metric updates t" };
    const level = (label: string, y: number) => ({
      label,
      role: "bound" as const,
      points: [0, iterations].map((x) => ({ x, y })),
    });
    return [
      {
        name: "error",
        title: "Test error against metric updates",
        caption: String.raw`Mean squared error on unseen rows, $d=${dimension}$, $n=${rows}$: A is $x_0x_1$ where $x_5>0$, B is $x_0x_1$. $t=0$ is the plain kernel machine. The line
          is a network of two hidden layers of 64 neurons, trained on B.`,
        spec: curves({
          x: updates,
          y: { title: "test MSE", scale: "log" },
          series: [
            level("network on B", network),
            { label: "A", role: "measurement", points: along(A.errors) },
            { label: "B", role: "measurement", points: along(B.errors) },
          ],
        }),
      },
      {
        name: "energy",
        title: "Share of the coordinates that matter in the metric",
        caption: String.raw`$\mathrm{tr}(P_UM_t)/\mathrm{tr}\,M_t$; the dashed lines are the shares $r/d$ of an isotropic metric.`,
        spec: curves({
          x: updates,
          y: { title: "share of the trace", domain: [0, 1.05] },
          series: [
            level("A", isotropic.A),
            level("B", isotropic.B),
            { label: "A", role: "measurement", points: along(A.energies) },
            { label: "B", role: "measurement", points: along(B.energies) },
          ],
        }),
      },
      ...(
        [
          { name: "A", run: A },
          { name: "B", run: B },
        ] as const
      ).map(({ name, run }) => ({
        name: `metric-${name.toLowerCase()}`,
        title: `The metric update by update, target ${name}`,
        caption:
          name === "A"
            ? String.raw`$M_t$ for $y=x_0x_1\mathbf 1[x_5>0]$, largest entry 1: the two factors appear first, then the switch $x_5$.`
            : String.raw`$M_t$ for $y=x_0x_1$, largest entry 1.`,
        spec: heatMaps({
          x: { title: "input", labels },
          y: { title: "input", labels },
          maps: run.metrics.map((values, t) => ({ title: `t = ${t}`, values })),
          value: { title: "entry of the metric", scale: "diverging" as const, domain: [-1, 1] as const },
        }),
      })),
    ];
  },

  contrast: {
    statement: String.raw`A target that depends on all directions, $y=\sum_kx_{2k}x_{2k+1}$, is of full rank: learning a metric does not help, it harms.`,
    settings: { pairs: 10, steps: 500 },
  },
});
