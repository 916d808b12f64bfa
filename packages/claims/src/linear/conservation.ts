import {
  endToEnd,
  factorFlow,
  factorizationLoss,
  factorSteps,
  imbalances,
  lossAt,
  random,
  unbalancedness,
} from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { gaussianLayers, gaussianMatrix } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { largestDistance } from "../measures/index.ts";
import { imbalanceDecay } from "../predictions/index.ts";

const settings = z.object({
  depth: z.int().min(2).max(8).default(3).describe("layers n"),
  width: z.int().min(1).max(50).default(5).describe("neurons of every layer, inputs and outputs"),
  std: z.number().min(0.01).max(1).default(0.4).describe("standard deviation of the entries at the start"),
  duration: z.number().min(0.1).max(20).default(4).describe("last time T of the flow"),
  weightDecay: z
    .number()
    .min(0.01)
    .max(5)
    .default(0.3)
    .describe("λ of the flow with weight decay, up to T/2"),
  step: z.number().min(1e-4).max(0.02).default(0.01).describe("η of gradient descent"),
  trained: z
    .enum(["gradient flow", "gradient descent"])
    .default("gradient flow")
    .describe("what is held to conservation"),
  seed: z.int().min(0).default(0).describe("seed of the target and of the start"),
});

/** Times that are looked at, besides t = 0. */
const points = 20;

export default claim({
  code: "LN-03",
  id: "linear/conservation",
  title: "Gradient flow conserves the imbalance of neighboring layers",
  statement: String.raw`For any differentiable loss of $W_n\cdots W_1$, any widths and any start, gradient flow conserves all
    $D_j=W_{j+1}^\top W_{j+1}-W_jW_j^\top$, because $W_{j+1}^\top G_{j+1}=G_jW_j^\top$ makes both parts change alike. With weight decay
    $\dot W_j=-G_j-\lambda W_j$ they shrink: $D_j(t)=e^{-2\lambda t}D_j(0)$.`,
  source:
    "Cohen & Razin, arXiv:2408.13767, Lemma 1; Arora, Cohen & Hazan, arXiv:1802.06509; Du, Hu & Lee, arXiv:1806.00900",
  status: "proved",
  seconds: 1,
  settings,
  full: { width: 20, std: 0.2 },

  predict({ duration, weightDecay }) {
    const times = Array.from({ length: points + 1 }, (_, k) => (k * duration) / points);
    const decayTimes = times.map((t) => t / 2);
    return { times, decayTimes, left: decayTimes.map((t) => imbalanceDecay(weightDecay, t)) };
  },

  async measure(
    { depth, width, std, duration, weightDecay, step, trained, seed },
    { engine, signal, progress },
  ) {
    const generator = random(seed);
    const loss = factorizationLoss(gaussianMatrix(width, width, generator));
    const start = gaussianLayers(Array<number>(depth + 1).fill(width), generator, { std });
    const before = await imbalances(engine, start);
    const drift = async (network: typeof start, kept = 1): Promise<number> =>
      largestDistance(
        await imbalances(engine, network),
        before.map((d) => ({ ...d, data: d.data.map((value) => kept * value) })),
      );
    const lossOf = async (network: typeof start): Promise<number> =>
      (await lossAt(loss, await endToEnd(engine, network))).loss;
    const times = Array.from({ length: points + 1 }, (_, k) => (k * duration) / points);
    const options = { tolerance: 1e-12, signal };

    const flow = await factorFlow(engine, start, loss, { times, ...options });
    progress(0.4, "weight decay");
    const decaying = await factorFlow(engine, start, loss, {
      times: times.map((t) => t / 2),
      weightDecay,
      ...options,
    });
    progress(0.7, "gradient descent");
    const descent: { t: number; drift: number }[] = [];
    const steps = Math.round(duration / step);
    const apart = Math.ceil(steps / points);
    for await (const { step: k, parameters } of factorSteps(engine, start, loss, {
      learningRate: step,
      steps,
      signal,
    }))
      if (k % apart === 0 || k === steps)
        descent.push({ t: k * step, drift: await drift(parameters as typeof start) });

    const drifts: number[] = [];
    const losses: number[] = [];
    for (const state of flow.states) {
      drifts.push(await drift(state as typeof start));
      losses.push(await lossOf(state as typeof start));
    }
    const sizes: number[] = [];
    const decayErrors: number[] = [];
    for (const [k, state] of decaying.states.entries()) {
      sizes.push(Math.max(...(await unbalancedness(engine, state)).frobenius));
      decayErrors.push(await drift(state as typeof start, Math.exp(-2 * weightDecay * decaying.times[k]!)));
    }
    const reached = flow.outcome === "reached" && decaying.outcome === "reached";
    return { reached, trained, drifts, losses, sizes, decayErrors, descent };
  },

  judge(_, { reached, drifts, losses, decayErrors, descent }, { trained }) {
    const held = trained === "gradient flow" ? Math.max(...drifts) : descent.at(-1)!.drift;
    return verdict([
      atMost(`largest ‖D_j(t) − D_j(0)‖_F of ${trained}`, reached ? held : NaN, 1e-9, 0),
      atMost("loss(T) / loss(0)", losses.at(-1)! / losses[0]!, 0.1),
      atMost("with weight decay: largest ‖D_j(t) − e^{−2λt} D_j(0)‖_F", Math.max(...decayErrors), 1e-9, 0),
    ]);
  },

  figures({ times, decayTimes, left }, { drifts, descent, sizes }, { step, weightDecay }) {
    const along = (ts: readonly number[], values: readonly number[]) =>
      values.map((y, k) => ({ x: ts[k]!, y }));
    return [
      {
        name: "drift",
        title: "The flow keeps the imbalance, steps do not",
        caption: String.raw`Change of $D_j$ since the start. Along the flow it is what the integrator makes of it, rounding and its tolerance; gradient
          descent drifts, and stops drifting once the loss no longer falls.`,
        spec: curves({
          x: { title: "time t" },
          y: { title: "max_j ‖D_j(t) − D_j(0)‖_F", scale: "log", domain: [1e-16, 1] },
          series: [
            {
              label: `gradient descent, η = ${step}`,
              role: "measurement",
              points: descent.filter(({ t }) => t > 0).map(({ t, drift }) => ({ x: t, y: drift })),
            },
            { label: "gradient flow", role: "measurement", points: along(times, drifts).slice(1) },
            {
              label: "largest drift of the flow that passes",
              role: "bound",
              points: [
                { x: 0, y: 1e-9 },
                { x: times.at(-1)!, y: 1e-9 },
              ],
            },
          ],
        }),
      },
      {
        name: "weight-decay",
        title: "Weight decay balances layers",
        caption: String.raw`The largest $\|D_j(t)\|_F$ at weight decay $\lambda=${weightDecay}$ falls like $e^{-2\lambda t}$, whatever the loss does.`,
        spec: curves({
          x: { title: "time t" },
          y: { title: "max_j ‖D_j(t)‖_F", scale: "log" },
          series: [
            {
              label: "exp(−2λt) ‖D_j(0)‖_F",
              role: "prediction",
              points: along(
                decayTimes,
                left.map((part) => part * sizes[0]!),
              ),
            },
            {
              label: "gradient flow with weight decay",
              role: "measurement",
              points: along(decayTimes, sizes),
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: "Gradient descent does not conserve the imbalance.",
    settings: { trained: "gradient descent" },
  },
});
