import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import type { Series } from "../figure.ts";
import { curves, panels } from "../figures/index.ts";
import {
  duringTraining,
  largestByWidth,
  lazyScalings,
  lazySettings,
  lazyTraining,
  logSlope,
  powerLawThrough,
  recordedSteps,
  type WidthLaw,
} from "../measures/index.ts";
import { lazyExponents } from "../predictions/index.ts";

const settings = lazySettings.extend({
  activation: z
    .enum(["tanh", "erf", "relu"])
    .default("tanh")
    .describe("nonlinearity of the networks with random output signs; relu is not smooth, and slower"),
  coherent: z.boolean().default(true).describe("whether ReLU networks with all a_i = +1 are trained too"),
});

export default claim({
  code: "LZ-14",
  id: "linearized/lazy-training",
  title: "Wide networks follow their linearization, unless the output scale is 1/N",
  statement: String.raw`Train both layers of $f=\gamma\sum_{i=1}^Na_i\sigma(\langle w_i,x\rangle)$ with $\gamma=N^{-a}$, $\frac12\le a\le1$, and beside it the linearized
    network. Relative to their start the weights move by $N^{-(1-a)}$, the lazy parameter $1/(\gamma N)$. For smooth $\sigma$ and random signs
    $a_i=\pm1$ the outputs differ by $N^{-2(1-a)}$, because first-order changes of the kernel cancel between neurons; for ReLU and all
    $a_i=+1$ they add up, and the gap is $N^{-(1-a)}$, the rate of the theorem. In the mean-field scaling $a=1$ nothing depends on $N$: the
    network never becomes lazy.`,
  source: "Lecture 11: Linearized Networks, Theorem 3; Chizat, Oyallon & Bach, arXiv:1812.07956",
  status: "checked",
  seconds: 18,
  settings,
  full: { widths: [64, 256, 1024, 4096], steps: 400 },

  predict: () => ({
    canceling: lazyScalings.map((scaling) => lazyExponents(scaling, "canceling")),
    coherent: lazyScalings.map((scaling) => lazyExponents(scaling, "coherent")),
  }),

  async measure(chosen, laboratory) {
    const { activation, coherent } = chosen;
    const share = coherent ? 0.7 : 1;
    const part = (from: number, to: number): typeof laboratory => ({
      ...laboratory,
      progress: (fraction, doing) => laboratory.progress(from + (to - from) * fraction, doing),
    });
    const canceling = await lazyTraining(chosen, { activation, signs: "random" }, part(0, share));
    const added = coherent
      ? await lazyTraining(chosen, { activation: "relu", signs: "all +1" }, part(share, 1))
      : [];
    const laws = (runs: typeof canceling, quantity: "gaps" | "movements"): WidthLaw[][] =>
      lazyScalings.map((scaling) => largestByWidth(runs, scaling, quantity));
    const widest = Math.max(...chosen.widths);
    return {
      canceling: { gaps: laws(canceling, "gaps"), movements: laws(canceling, "movements") },
      coherent: { gaps: laws(added, "gaps") },
      /** By scaling: the gap in the course of training, widest networks. */
      training: lazyScalings.map((scaling) => duringTraining(canceling, { scaling, width: widest }, "gaps")),
    };
  },

  judge(predicted, { canceling, coherent }, { activation }) {
    const name = (quantity: string, networks: string, i: number): string =>
      `slope of ln(${quantity}) against ln N, ${networks}, γ = ${powers[i]}`;
    const gapRanges = [[-Infinity, -0.85], [-0.62, -0.38], [-0.15, 0.1]] as const; // prettier-ignore
    return verdict([
      ...gapRanges.map(([low, high], i) => {
        const told = [name("gap", activation, i), logSlope(canceling.gaps[i]!)] as const;
        const exponent = predicted.canceling[i]!.gap;
        return low === -Infinity ? atMost(...told, high, exponent) : within(...told, low, high, exponent);
      }),
      atLeast("gap / rms label at the largest N, γ = 1/N", canceling.gaps[2]!.at(-1)!.y, 0.1),
      ...canceling.movements.map((law, i) => {
        const { movement } = predicted.canceling[i]!;
        const low = movement - 0.06;
        return within(name("movement", activation, i), logSlope(law), low, movement + 0.06, movement);
      }),
      ...coherent.gaps.flatMap((law, i) => {
        if (law.length === 0) return [];
        const { gap } = predicted.coherent[i]!;
        return [within(name("gap", "ReLU with a = +1", i), logSlope(law), gap - 0.12, gap + 0.12, gap)];
      }),
    ]);
  },

  figures(
    predicted,
    { canceling, coherent, training },
    { activation, coherent: shown, redraws, steps, targetNorm, widths },
  ) {
    const axes = {
      x: { title: "neurons N", scale: "log" },
      y: { title: "largest gap / rms label", scale: "log" },
    } as const;
    const gapSeries = (laws: typeof canceling.gaps, exponents: typeof predicted.canceling): Series[] =>
      laws.flatMap((law, i) => lawSeries(i, law, exponents[i]!.gap));
    const [left, right] = [
      {
        ...axes,
        title: `${activation}, random signs`,
        series: gapSeries(canceling.gaps, predicted.canceling),
      },
      { ...axes, title: "ReLU, all a = +1", series: gapSeries(coherent.gaps, predicted.coherent) },
    ];
    const widest = Math.max(...widths);
    return [
      {
        name: "gap",
        title: "Distance of a network from its linearization against width",
        caption: String.raw`Largest root mean square difference of test outputs within ${steps} steps, geometric mean over ${redraws} redraws; bars:
          standard error. Lines have the predicted slopes $-2(1-a)$ (left) and $-(1-a)$ (right); their heights are
          fitted. The textbook rate $N^{-1/2}$ for $\gamma=N^{-1/2}$ is only an upper bound when neurons have random signs.
          The powers hold where labels are small beside $\gamma N$: with larger ones than here ($\|b\|=${targetNorm}$) the middle line sets
          in at larger $N$.`,
        spec: shown ? panels({ panels: [left, right] }) : curves(left),
      },
      {
        name: "movement",
        title: "Movement of the weights against width",
        caption: String.raw`Relative movement of all weights, ${activation}, random signs, with lines of slope $-(1-a)$: the lazy parameter
          $1/(\gamma N)$. With $\gamma=1/N$ weights move by as much in wide networks as in narrow ones.`,
        spec: curves({
          x: axes.x,
          y: { title: "largest ‖θ − θ₀‖ / ‖θ₀‖", scale: "log" },
          series: canceling.movements.flatMap((law, i) =>
            lawSeries(i, law, predicted.canceling[i]!.movement),
          ),
        }),
      },
      {
        name: "training",
        title: `The gap in the course of training, N = ${widest}`,
        caption: String.raw`Networks of $N=${widest}$ neurons with equal starts (${activation}, random signs) leave their linearization in the first steps
          above all, and as far as the output scale lets them: far with $\gamma=1/N$, hardly with $\gamma=1/\sqrt N$.`,
        spec: curves({
          x: { title: "steps of gradient descent" },
          y: { title: "gap / rms label", scale: "log" },
          series: training.map((gaps, i) => ({
            label: `γ = ${powers[i]}`,
            role: "measurement" as const,
            // At the start there is no gap.
            points: recordedSteps(steps).flatMap((x, at) => (at === 0 ? [] : [{ x, y: gaps[at]! }])),
          })),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`ReLU is not smooth: neurons that cross their kink change the kernel more than the cancellation allows, and with random signs and
      $\gamma=N^{-1/2}$ the gap is not proportional to $1/N$ but to about $N^{-3/4}$.`,
    settings: { activation: "relu", coherent: false },
  },
});

const powers = ["1/√N", "N^(−3/4)", "1/N"] as const;

function lawSeries(i: number, law: readonly WidthLaw[], exponent: number): Series[] {
  const label = `γ = ${powers[i]}`;
  return [
    { label, role: "prediction", points: powerLawThrough(law, exponent) },
    { label, role: "measurement", points: law },
  ];
}
