import { factorizationLoss, factorSteps, linearNetwork } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { curves } from "../figures/index.ts";
import { linearNeuronAt, neuronTangentKernel } from "../predictions/index.ts";

const settings = z.object({
  imbalances: z
    .array(z.number().min(0.01).max(20))
    .min(1)
    .max(4)
    .default([0.1, 0.8, 5])
    .describe("δ = a² − b² at the start, a run each"),
  target: z.number().min(0.1).max(5).default(1.5).describe("φ, what ab shall become"),
  learningRate: z.number().min(1e-5).max(0.2).default(1e-3).describe("step η of gradient descent"),
  duration: z.number().min(0.5).max(20).default(3).describe("last time t = η · steps"),
});

/** Times that are compared, besides t = 0. */
const points = 30;

export default claim({
  code: "LN-23",
  id: "linear/lazy-rich-neuron",
  title: "The imbalance of two weights is a dial from lazy to rich",
  statement: String.raw`Train $f=ab$ on $\frac12(ab-\varphi)^2$ by gradient flow. It conserves $\delta=a^2-b^2$, so that the tangent kernel is
    $a^2+b^2=\sqrt{\delta^2+4w^2}$ with $w=ab$, and
    $$\dot w=\sqrt{\delta^2+4w^2}\,(\varphi-w).$$
    With $c=\delta/2$, $R=\sqrt{\varphi^2+c^2}$ and $z_\pm=(\varphi\pm R)/c$ the solution is $w=c\sinh\ln z$, where
    $\frac{z-z_-}{z_+-z}$ grows like $e^{2Rt}$. For $\delta\gg\varphi$ it is exponential at the rate $\delta$, with a kernel at rest (lazy); for
    $\delta\to0$ a sigmoid (rich). From $w=0$ the kernel changes by the relative amount $\sqrt{1+4\varphi^2/\delta^2}-1$.`,
  source:
    "Saxe, McClelland & Ganguli, arXiv:1312.6120; Woodworth et al., arXiv:2002.09277; Cohen & Razin, arXiv:2408.13767",
  status: "proved",
  seconds: 1,
  settings,
  full: { learningRate: 1e-4 },

  predict({ imbalances, target, duration }) {
    const times = Array.from({ length: points + 1 }, (_, k) => (k * duration) / points);
    return {
      times,
      runs: imbalances.map((imbalance) => {
        const outputs = times.map((t) => linearNeuronAt({ imbalance, start: 0, target }, t));
        return { outputs, kernels: outputs.map((w) => neuronTangentKernel(imbalance, w)) };
      }),
    };
  },

  async measure({ imbalances, target, learningRate, duration }, { engine, signal, progress }) {
    const loss = factorizationLoss([[target]]);
    const steps = Math.max(points, Math.round(duration / learningRate));
    const due = Array.from({ length: points + 1 }, (_, k) => Math.round((k * steps) / points));
    const runs: { outputs: number[]; kernels: number[] }[] = [];
    for (const [k, imbalance] of imbalances.entries()) {
      const start = linearNetwork([[[Math.sqrt(imbalance)]], [[0]]]);
      const run: (typeof runs)[number] = { outputs: [], kernels: [] };
      for await (const state of factorSteps(engine, start, loss, { learningRate, steps, signal })) {
        if (state.step !== due[run.outputs.length]) continue;
        const [a, b] = state.parameters.map(({ data }) => data[0]!);
        run.outputs.push(a! * b!);
        run.kernels.push(a! ** 2 + b! ** 2);
      }
      runs.push(run);
      progress((k + 1) / imbalances.length, `δ = ${imbalance}`);
    }
    return { runs };
  },

  judge(predicted, { runs }, { imbalances, target }) {
    return verdict(
      imbalances.flatMap((imbalance, k) => {
        const { outputs, kernels } = runs[k]!;
        const gaps = predicted.runs[k]!.outputs.map((w, i) => Math.abs(outputs[i]! - w) / target);
        const exact = predicted.runs[k]!.kernels.map((kernel, i) => Math.abs(kernels[i]! / kernel - 1));
        return [
          atMost(`largest |w − formula| / φ, δ = ${imbalance}`, largest(gaps), 0.005),
          atMost(
            `largest relative difference of a² + b² from √(δ² + 4w²), δ = ${imbalance}`,
            largest(exact),
            0.01,
          ),
        ];
      }),
    );
  },

  figures(predicted, { runs }, { imbalances }) {
    const labels = imbalances.map((imbalance) => `δ = ${imbalance}`);
    const series = (quantity: "outputs" | "kernels") =>
      labels.flatMap((label, k) => {
        const along = (values: readonly number[]) =>
          values.map((value, i) => ({
            x: predicted.times[i]!,
            y: quantity === "kernels" ? value / values[0]! : value,
          }));
        return [
          { label, role: "prediction" as const, points: along(predicted.runs[k]![quantity]) },
          { label, role: "measurement" as const, points: along(runs[k]![quantity]) },
        ];
      });
    return [
      {
        name: "output",
        title: "From an exponential to a sigmoid",
        caption: String.raw`$w=ab$ along gradient descent from $b=0$, and the closed form. At large $\delta=a^2-b^2$ it goes exponentially; at small
          $\delta$ it waits, and then jumps.`,
        spec: curves({ x: { title: "time t" }, y: { title: "w = ab" }, series: series("outputs") }),
      },
      {
        name: "kernel",
        title: "How far the tangent kernel moves",
        caption: String.raw`$a^2+b^2$ relative to its start. It stays where it is when $\delta\gg\varphi$; when $\delta\ll\varphi$ it grows manifold, to
          $\sqrt{1+4\varphi^2/\delta^2}$.`,
        spec: curves({
          x: { title: "time t" },
          y: { title: "tangent kernel / at the start", scale: "log" },
          series: series("kernels"),
        }),
      },
    ];
  },

  contrast: {
    statement: "With steps of 0.1 gradient descent is no longer close to the flow.",
    settings: { learningRate: 0.1 },
  },
});

function largest(values: readonly number[]): number {
  return Math.max(...values);
}
