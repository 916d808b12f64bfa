import { z } from "zod";
import { claim, verdict, within } from "../claim.ts";
import { curves } from "../figures/index.ts";
import {
  duringTraining,
  largestByWidth,
  lazyScalings,
  lazySettings,
  lazyTraining,
  logSlope,
  powerLawThrough,
  recordedSteps,
} from "../measures/index.ts";
import { lazyExponents } from "../predictions/index.ts";

const settings = lazySettings.extend({
  activation: z.enum(["tanh", "erf", "relu"]).default("tanh").describe("nonlinearity; relu is not smooth"),
});

/** γ at the scalings. */
const powers = ["1/√N", "N^(−3/4)", "1/N"] as const;

export default claim({
  code: "LZ-21",
  id: "linearized/kernel-constancy",
  title: "The tangent kernel of a wide network hardly changes in training, unless the output scale is 1/N",
  statement: String.raw`Train both layers of $f=\gamma\sum_{i=1}^Na_i\sigma(\langle w_i,x\rangle)$ with $\gamma=N^{-a}$, $\frac12\le a\le1$, smooth $\sigma$ and
    symmetrized random signs $a_i=\pm1$. Its tangent kernel changes by $\|K_t-K_0\|/\|K_0\|\propto N^{-2(1-a)}$: by $1/N$ in the kernel regime
    $a=\frac12$, and by as much in wide networks as in narrow ones in the mean-field scaling $a=1$.`,
  source: "Jacot, Gabriel & Hongler, arXiv:1806.07572; Lecture 11: Linearized Networks, §2",
  status: "checked",
  seconds: 14,
  settings,
  full: { widths: [64, 256, 1024, 4096], steps: 400 },

  predict: () => lazyScalings.map((scaling) => lazyExponents(scaling, "canceling").kernel),

  async measure(chosen, laboratory) {
    const runs = await lazyTraining(chosen, { activation: chosen.activation, signs: "random" }, laboratory);
    const widest = Math.max(...chosen.widths);
    return lazyScalings.map((scaling) => ({
      changes: largestByWidth(runs, scaling, "kernelChanges"),
      training: duringTraining(runs, { scaling, width: widest }, "kernelChanges"),
    }));
  },

  judge(exponents, measured, { activation }) {
    return verdict(
      measured.map(({ changes }, i) =>
        within(
          `slope of ln(kernel change) against ln N, ${activation}, γ = ${powers[i]}`,
          logSlope(changes),
          exponents[i]! - 0.15,
          exponents[i]! + 0.15,
          exponents[i],
        ),
      ),
    );
  },

  figures(exponents, measured, { activation, redraws, steps, widths }) {
    const widest = Math.max(...widths);
    return [
      {
        name: "change",
        title: "Change of the tangent kernel in training against width",
        caption: String.raw`Largest $\|K_t-K_0\|_F/\|K_0\|_F$ on the training points within ${steps} steps, ${activation}, geometric mean over ${redraws} redraws;
          bars: standard error. Lines have the predicted slopes $-1$, $-\frac12$, $0$; their heights are fitted.`,
        spec: curves({
          x: { title: "neurons N", scale: "log" },
          y: { title: "largest ‖K − K₀‖ / ‖K₀‖", scale: "log" },
          series: measured.flatMap(({ changes }, i) => {
            const label = `γ = ${powers[i]}`;
            return [
              { label, role: "prediction" as const, points: powerLawThrough(changes, exponents[i]!) },
              { label, role: "measurement" as const, points: changes },
            ];
          }),
        }),
      },
      {
        name: "training",
        title: `Change of the tangent kernel in the course of training, N = ${widest}`,
        caption: String.raw`The kernel of networks with $N=${widest}$ neurons and equal starts. With $\gamma=1/N$ it is soon another one; with
          $\gamma=1/\sqrt N$ it may be taken as constant, which is what makes the network linear.`,
        spec: curves({
          x: { title: "steps of gradient descent" },
          y: { title: "‖K − K₀‖ / ‖K₀‖", scale: "log" },
          series: measured.map(({ training }, i) => ({
            label: `γ = ${powers[i]}`,
            role: "measurement" as const,
            // At the start there is no change.
            points: recordedSteps(steps).flatMap((x, at) => (at === 0 ? [] : [{ x, y: training[at]! }])),
          })),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`ReLU is not smooth: with $\gamma=1/\sqrt N$ neurons that cross their kink change the kernel by about $N^{-3/4}$, more than $1/N$.`,
    settings: { activation: "relu" },
  },
});
