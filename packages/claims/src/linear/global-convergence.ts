import {
  balancedFactors,
  breather,
  endToEnd,
  factorFlow,
  factorizationLoss,
  lossAt,
  type Matrix,
  random,
  zeros,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import { gaussianMatrix, orthogonalMatrix, rowsOf } from "../data/index.ts";
import { curves, panels } from "../figures/index.ts";
import {
  convergenceRate,
  convergenceTheorem,
  deficiencyMargin,
  marginProbability,
} from "../predictions/index.ts";

const settings = z.object({
  depths: z.array(z.int().min(2).max(8)).min(1).max(5).default([2, 3, 4]).describe("layers n along the flow"),
  shapes: z
    .array(z.tuple([z.int().min(2).max(20), z.int().min(2).max(20)]))
    .min(1)
    .max(4)
    .default([
      [5, 5],
      [3, 6],
    ]) // prettier-ignore
    .describe("rows and columns of the matrices along the flow"),
  distance: z
    .number()
    .min(0.01)
    .max(5)
    .default(0.42)
    .describe("‖W(0) − Φ‖_F; the smallest singular value of Φ is 0.7"),
  duration: z.number().min(0.1).max(50).default(6).describe("last time T of the flow"),
  neuronDepths: z
    .array(z.int().min(2).max(4))
    .max(3)
    .default([2, 3])
    .describe("layers n of the scalar networks that gradient descent trains"),
  inputs: z.int().min(2).max(200).default(20).describe("inputs d of the single output with a random start"),
  draws: z.int().min(100).max(1_000_000).default(20_000).describe("random starts"),
  seed: z.int().min(0).default(0).describe("seed of Φ, W(0) and the random starts"),
});
type Settings = z.output<typeof settings>;

const points = 60;
/** Losses below are rounding. */
const floor = 1e-18;
/** The scalar network: Φ = 1, W(0) = 0.9, imbalances of 0.4 δ, trained until the loss is a thousandth. */
const neuron = { start: 0.9, imbalance: 0.4, lossRatio: 1e-3 };
/** More than the theorem grants any of the scalar networks. */
const mostSteps = 1e7;
const radii = [0.01, 0.1, 0.5, 1];
const drawnRadii = Array.from({ length: 41 }, (_, i) => 0.03 * i);

export default claim({
  code: "LN-09",
  id: "linear/global-convergence",
  title: "From a start that beats every singular matrix, layers reach the global minimum",
  statement: String.raw`Let $\ell(W)=\frac12\|W-\Phi\|_F^2$ and $c=\sigma_{\min}(\Phi)-\|W(0)-\Phi\|_F>0$. Gradient flow of $n$ balanced layers keeps
    $\sigma_{\min}(W(t))\ge c$ and converges, $\ell(t)\le\ell(0)\,e^{-\rho t}$ with $\rho=2n\,c^{2-2/n}$ for square $W$ and $2c^{2-2/n}$ for others.
    Gradient descent from nearly balanced layers with a small step has the loss $\epsilon$ after at most
    $\frac1{\eta c^{2(n-1)/n}}\ln\frac{\ell(0)}\epsilon$ steps. With one output, a start of norm $\rho_0$ in a random direction has $c>0$ with the
    probability $P(u_1>\rho_0/2)$, $\to\frac12$ as $\rho_0\to0$.`,
  source: "Arora, Cohen, Golowich & Hu, arXiv:1810.02281, Theorems 1 and 2",
  status: "checked",
  seconds: 1,
  settings,
  full: { depths: [2, 3, 4, 6], shapes: [[5, 5], [3, 6], [12, 12]], draws: 200_000 }, // prettier-ignore

  predict(chosen) {
    return {
      flows: flows(chosen).map(({ target, start, depth }) => {
        const margin = deficiencyMargin(rowsOf(target), rowsOf(start));
        const square = target.rows === target.cols;
        return { margin, rate: margin > 0 ? convergenceRate(margin, depth, { square }) : 0 };
      }),
      descents: chosen.neuronDepths.map((depth) =>
        convergenceTheorem({ depth, targetNorm: 1, margin: neuron.start, lossRatio: neuron.lossRatio }),
      ),
      probabilities: radii.map((radius) => marginProbability(chosen.inputs, radius)),
      line: drawnRadii.map((x) => ({ x, y: marginProbability(chosen.inputs, x) })),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { duration, neuronDepths, inputs, draws, seed } = chosen;
    const times = Array.from({ length: points + 1 }, (_, k) => (k * duration) / points);
    const flowing: { t: number; loss: number; least: number }[][] = [];
    const all = flows(chosen);
    for (const [k, { target, start, depth }] of all.entries()) {
      const loss = factorizationLoss(target);
      const network = await balancedFactors(engine, start, { depth });
      const { states } = await factorFlow(engine, network, loss, { times, tolerance: 1e-12, signal });
      const path: { t: number; loss: number; least: number }[] = [];
      for (const [i, state] of states.entries()) {
        const w = await endToEnd(engine, state);
        const value = (await lossAt(loss, w)).loss;
        path.push({ t: times[i]!, loss: value, least: (await engine.singularValues(w)).values.at(-1)! });
        if (value < floor) break;
      }
      flowing.push(path);
      progress((0.6 * (k + 1)) / all.length, `flow, n = ${depth}`);
    }
    const descents: { steps: number; losses: { step: number; loss: number }[] }[] = [];
    for (const depth of neuronDepths) descents.push(await neuronDescent(depth, signal));
    progress(0.9, "random starts");
    const generator = random(seed + 1);
    const counts = radii.map(() => 0);
    for (let draw = 0; draw < draws; draw++) {
      // Φ is the first basis vector; c = 1 − ‖ρu − Φ‖.
      const u = Array.from({ length: inputs }, () => generator.normal());
      const norm = Math.hypot(...u);
      radii.forEach((radius, i) => {
        const away = Math.hypot(...u.map((value, j) => (radius * value) / norm - (j === 0 ? 1 : 0)));
        if (away < 1) counts[i]!++;
      });
    }
    return { flowing, descents, fractions: counts.map((count) => count / draws) };
  },

  judge(predicted, { flowing, descents, fractions }, chosen) {
    const { draws, neuronDepths } = chosen;
    const excess = (k: number, from = 0): number => {
      const path = flowing[k]!;
      return Math.max(
        ...path
          .slice(from)
          .map(({ t, loss }) => Math.log(loss / path[0]!.loss) + predicted.flows[k]!.rate * t),
      );
    };
    return verdict([
      atLeast("smallest deficiency margin c", Math.min(...predicted.flows.map(({ margin }) => margin)), 1e-6),
      ...flows(chosen).map(({ depth, target }, k) =>
        atMost(`largest ln(ℓ(t)/ℓ(0)) + ρt, ${target.rows} × ${target.cols}, n = ${depth}`, excess(k), 1e-9),
      ),
      atLeast(
        "smallest σ_min(W(t)) − c",
        Math.min(
          ...flowing.flatMap((path, k) => path.map(({ least }) => least - predicted.flows[k]!.margin)),
        ),
        -1e-12,
      ),
      ...neuronDepths.map((depth, i) =>
        atMost(
          `steps of gradient descent to a loss of ${neuron.lossRatio} ℓ(0), n = ${depth}`,
          descents[i]!.steps,
          predicted.descents[i]!.steps,
        ),
      ),
      ...radii.map((radius, i) => {
        const p = predicted.probabilities[i]!;
        const error = 4 * Math.sqrt((p * (1 - p)) / draws);
        return within(
          `fraction of starts with c > 0, ρ₀ = ${radius}`,
          fractions[i]!,
          p - error,
          p + error,
          p,
        );
      }),
    ]);
  },

  figures(predicted, { flowing, descents, fractions }, chosen) {
    const { depths, shapes, inputs, draws, neuronDepths } = chosen;
    return [
      {
        name: "loss",
        title: "The loss stays under its bound",
        caption: String.raw`Loss along gradient flow of $n$ balanced layers from the same start, and the bounds $\ell(0)e^{-\rho t}$.
          The bounds know the start by its margin $c$ only; the flow does better.`,
        spec: panels({
          columns: Math.min(2, shapes.length),
          panels: shapes.map(([rows, columns], s) => ({
            title: `${rows} × ${columns}`,
            x: { title: "time t" },
            y: { title: "loss / loss at the start", scale: "log" as const, domain: [1e-12, 2] as const },
            series: depths.flatMap((depth, i) => {
              const path = flowing[s * depths.length + i]!;
              const { rate } = predicted.flows[s * depths.length + i]!;
              return [
                {
                  label: `n = ${depth}`,
                  role: "bound" as const,
                  points: [0, chosen.duration].map((x) => ({ x, y: Math.exp(-rate * x) })),
                },
                {
                  label: `n = ${depth}`,
                  role: "measurement" as const,
                  points: path
                    .filter((_, k) => k % 3 === 0)
                    .map(({ t, loss }) => ({ x: t, y: loss / path[0]!.loss })),
                },
              ];
            }),
          })),
        }),
      },
      ...(neuronDepths.length === 0
        ? []
        : [
            {
              name: "descent",
              title: "Gradient descent needs fewer steps than granted",
              caption: String.raw`Scalar networks, $\Phi=1$, $W(0)=0.9$, at the largest step size and with four tenths of the largest imbalance that the theorem
                allows. Dashed: a geometric decay that reaches the end just in the number of steps that it grants.`,
              spec: curves({
                x: { title: "thousands of steps of gradient descent" },
                y: { title: "loss / loss at the start", scale: "log" as const },
                series: neuronDepths.flatMap((depth, i) => [
                  {
                    label: `n = ${depth}`,
                    role: "bound" as const,
                    points: [
                      { x: 0, y: 1 },
                      { x: predicted.descents[i]!.steps / 1000, y: neuron.lossRatio },
                    ],
                  },
                  {
                    label: `n = ${depth}`,
                    role: "measurement" as const,
                    points: descents[i]!.losses.map(({ step, loss }) => ({ x: step / 1000, y: loss })),
                  },
                ]),
              }),
            },
          ]),
      {
        name: "probability",
        title: "How often a random start has a margin",
        caption: String.raw`Starts of norm $\rho_0$ in random directions, one output, $d=${inputs}$, $\|\Phi\|=1$: the fraction with $c>0$ among ${draws}, with two
          standard errors.`,
        spec: curves({
          x: { title: "norm of the start ρ₀ / norm of the target" },
          y: { title: "fraction with c > 0", domain: [0, 0.55] },
          series: [
            { label: "P(u₁ > ρ₀/2)", role: "prediction", points: predicted.line },
            {
              label: "random starts",
              role: "measurement",
              points: radii.map((x, i) => {
                const y = fractions[i]!;
                return { x, y, error: 2 * Math.sqrt((y * (1 - y)) / draws) };
              }),
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`Farther from $\Phi$ than its smallest singular value, no rate is granted.`,
    settings: { distance: 1.2, neuronDepths: [] },
  },
});

/** Shapes, and depths within them: Φ with singular values from 1.5 to 0.7, and W(0) at the given distance in a random direction. */
function flows({ depths, shapes, distance, seed }: Settings) {
  const generator = random(seed);
  return shapes.flatMap(([rows, cols]) => {
    const target = zeros(rows, cols);
    const [u, v] = [orthogonalMatrix(rows, generator), orthogonalMatrix(cols, generator)];
    const rank = Math.min(rows, cols);
    for (let r = 0; r < rank; r++) {
      const value = 1.5 - (0.8 * r) / (rank - 1);
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < cols; j++)
          target.data[i * cols + j]! += value * u.data[r * rows + i]! * v.data[r * cols + j]!;
    }
    const away = gaussianMatrix(rows, cols, generator);
    const length = Math.hypot(...away.data);
    const start: Matrix<Float64Array> = {
      ...target,
      data: target.data.map((value, i) => value + (distance / length) * away.data[i]!),
    };
    return depths.map((depth) => ({ depth, target, start }));
  });
}

/**
 * Gradient descent on ½ (w_n ⋯ w_1 − 1)² at the largest step and four tenths of the largest imbalance of the theorem, until the loss is a
 * thousandth.
 */
async function neuronDescent(
  depth: number,
  signal: AbortSignal,
): Promise<{ readonly steps: number; readonly losses: { step: number; loss: number }[] }> {
  const margin = neuron.start;
  const step = margin ** ((4 * depth - 2) / depth) / (6144 * depth ** 3);
  const imbalance = (neuron.imbalance * margin ** 2) / (256 * depth ** 3);
  const w = unbalancedWeights(depth, imbalance);
  const product = (): number => w.reduce((result, value) => result * value, 1);
  const first = (product() - 1) ** 2;
  const losses: { step: number; loss: number }[] = [];
  const pause = breather(signal);
  for (let k = 0; ; k++) {
    const whole = product();
    const loss = (whole - 1) ** 2 / first;
    if (k % 10_000 === 0) {
      losses.push({ step: k, loss });
      await pause();
    }
    const reached = loss <= neuron.lossRatio;
    if (reached || k === mostSteps) {
      losses.push({ step: k, loss });
      return { steps: reached ? k : Infinity, losses };
    }
    const slope = step * (whole - 1) * whole;
    for (let j = 0; j < depth; j++) w[j]! -= slope / w[j]!;
  }
}

/** Positive weights of product 0.9 with w_{j+1}² − w_j² = imbalance for all j. */
function unbalancedWeights(depth: number, imbalance: number): number[] {
  const weights = (least: number): number[] =>
    Array.from({ length: depth }, (_, j) => Math.sqrt(least + j * imbalance));
  let [low, high] = [0, 1];
  for (let k = 0; k < 60; k++) {
    const middle = (low + high) / 2;
    if (weights(middle).reduce((result, value) => result * value, 1) < neuron.start) low = middle;
    else high = middle;
  }
  return weights(low);
}
