import { breather, type Matrix, random, rungeKutta } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { dot, gaussianMatrix, gaussianVector, rowsOf } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { rowProducts } from "../measures/index.ts";
import {
  descentFilter,
  flowFilter,
  kernelModes,
  slowestModeBound,
  trainedOutputAt,
  trainedOutputs,
  type TrainingFilter,
  trainingCoefficients,
  trainingLoss,
} from "../predictions/index.ts";

const settings = z.object({
  samples: z.int().min(2).max(200).default(20).describe("training points n"),
  parameters: z.int().min(10).max(2000).default(80).describe("parameters of the linear model"),
  decay: z
    .number()
    .min(0)
    .max(2)
    .default(0.75)
    .describe("parameter j matters j^(−decay) as much: spreads the eigenvalues of K"),
  gamma: z.number().min(0.01).max(100).default(0.5).describe("output scale γ"),
  rate: z
    .number()
    .min(0.01)
    .max(4)
    .default(1)
    .describe("step η of gradient descent, in units of 1/λ_max; stable below 2"),
  steps: z.int().min(10).max(20_000).default(400).describe("steps of gradient descent"),
  seed: z.int().min(0).default(0).describe("seed of model and labels"),
});

/** Points besides the training points that are predicted. */
const newPoints = 10;

/** Modes shown, by rank of their eigenvalue. */
const shownModes = [0, 0.15, 0.4, 1] as const;

export default claim({
  code: "LZ-17",
  id: "linearized/linearized-dynamics",
  title: "A linearized network trains mode by mode, in closed form",
  statement: String.raw`Let $K=\gamma^2J_0J_0^\top$. Gradient flow of the linearized network on $\frac12\|f-y\|^2$ is
    $$f_t=y+e^{-Kt}(f_0-y),\quad f_t(x)=f_0(x)+k_x^\top K^{-1}(I-e^{-Kt})(y-f_0),\quad
    \tilde\theta_t=\theta_0+\gamma J_0^\top K^{-1}(I-e^{-Kt})(y-f_0),$$
    and its loss is at most $\frac12\|f_0-y\|^2\,e^{-2\gamma^2\sigma_{\min}(J_0)^2t}$. For gradient descent $e^{-Kt}$ becomes $(I-\eta K)^k$, which
    converges if and only if $\eta<2/\lambda_{\max}$.`,
  source: "Lecture 11: Linearized Networks, §2 (bound corrected: square and prefactor)",
  status: "proved",
  seconds: 1,
  settings,
  full: { samples: 100, parameters: 500, steps: 4000 },

  predict(chosen) {
    const { gamma, rate } = chosen;
    const { jacobian, start, targets, newJacobian, newStart } = model(chosen);
    const [j, jNew] = [rowsOf(jacobian), rowsOf(newJacobian)];
    const kernel = j.map((row) => j.map((other) => gamma ** 2 * dot(row, other)));
    const cross = jNew.map((row) => j.map((other) => gamma ** 2 * dot(row, other)));
    const modes = kernelModes(kernel);
    const residual = targets.map((y, i) => y - start[i]!);
    const step = rate / modes.values.at(-1)!;
    const at = (filter: TrainingFilter): State => {
      const coefficients = trainingCoefficients(modes, residual, filter);
      return {
        outputs: trainedOutputs(modes, targets, start, filter),
        newOutputs: cross.map((row, i) => trainedOutputAt(row, newStart[i]!, coefficients)),
        parameters: j[0]!.map((_, p) => gamma * coefficients.reduce((sum, c, i) => sum + c * j[i]![p]!, 0)),
      };
    };
    const counts = recordedSteps(chosen.steps);
    return {
      step,
      counts,
      eigenvalues: modes.values,
      descent: counts.map((count) => at(descentFilter(step, count))),
      flow: counts.map((count) => at(flowFilter(count * step))),
      losses: fine(chosen.steps * step).map((t) => ({
        x: t,
        y: trainingLoss(modes, residual, flowFilter(t)),
      })),
      bounds: counts.map((count) => slowestModeBound(modes, residual, count * step)),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { gamma, rate, steps } = chosen;
    const { jacobian, start, targets, newJacobian, newStart } = model(chosen);
    const kernel = await rowProducts(engine, jacobian);
    for (let at = 0; at < kernel.data.length; at++) kernel.data[at]! *= gamma ** 2;
    const { values, vectors } = await engine.eigenSymmetric(kernel);
    const step = rate / values.at(-1)!;
    const outputs = (j: Matrix, f0: readonly number[], theta: Float64Array): number[] =>
      f0.map((value, i) => value + gamma * rowTimes(j, i, theta));
    const state = (theta: Float64Array): State => ({
      outputs: outputs(jacobian, start, theta),
      newOutputs: outputs(newJacobian, newStart, theta),
      parameters: Array.from(theta),
    });
    /** γ J_0ᵀ (y − f). */
    const descentDirection = (theta: Float64Array): Float64Array => {
      const direction = new Float64Array(theta.length);
      outputs(jacobian, start, theta).forEach((value, i) => {
        const amount = gamma * (targets[i]! - value);
        for (let p = 0; p < theta.length; p++) direction[p]! += amount * jacobian.data[i * theta.length + p]!;
      });
      return direction;
    };
    const counts = recordedSteps(steps);
    const theta = new Float64Array(jacobian.cols);
    const descent: State[] = [];
    const pause = breather(signal);
    for (let count = 0; count <= steps; count++) {
      if (counts.includes(count)) descent.push(state(theta));
      descentDirection(theta).forEach((change, p) => {
        theta[p]! += step * change;
      });
      await pause();
    }
    progress(0.3, "solving the gradient flow");
    const { states } = await rungeKutta(
      (_, at) => descentDirection(at),
      new Float64Array(jacobian.cols),
      0,
      step * steps,
      { times: counts.map((count) => count * step), tolerance: 1e-13, signal },
    );
    const flow = states.map(state);
    const n = targets.length;
    return {
      descent,
      flow,
      losses: flow.map(({ outputs }) => halfSquare(targets, outputs)),
      descentLosses: descent.map(({ outputs }) => halfSquare(targets, outputs)),
      /** |⟨u_i, y − f_t⟩| by time and mode. */
      modes: flow.map(({ outputs }) =>
        Array.from(values, (_, i) =>
          Math.abs(
            outputs.reduce((sum, f, row) => sum + vectors.data[row * n + i]! * (targets[row]! - f), 0),
          ),
        ),
      ),
    };
  },

  judge(predicted, measured) {
    /** Relative to the largest number where it exceeds 1: a divergent mode carries rounding errors along. */
    const worst = (part: keyof State, kind: "descent" | "flow"): number => {
      const pairs = predicted[kind].flatMap((state, i) =>
        state[part].map((value, at) => [value, measured[kind][i]![part][at]!] as const),
      );
      const size = Math.max(1, ...pairs.map(([value]) => Math.abs(value)));
      return Math.max(...pairs.map(([value, found]) => Math.abs(value - found))) / size;
    };
    return verdict([
      atMost(
        "largest difference of outputs on training points, gradient descent",
        worst("outputs", "descent"),
        1e-10,
      ),
      atMost(
        "largest difference of outputs at new points, gradient descent",
        worst("newOutputs", "descent"),
        1e-10,
      ),
      atMost("largest difference of parameters, gradient descent", worst("parameters", "descent"), 1e-10),
      atMost(
        "largest difference of outputs on training points, gradient flow",
        worst("outputs", "flow"),
        1e-10,
      ),
      atMost(
        "largest difference of outputs at new points, gradient flow",
        worst("newOutputs", "flow"),
        1e-10,
      ),
      atMost(
        "largest ln(loss / bound of the slowest mode), gradient flow",
        Math.max(...measured.losses.map((loss, i) => Math.log(loss / predicted.bounds[i]!))),
        1e-9,
      ),
      atMost(
        "last loss of gradient descent / first",
        measured.descentLosses.at(-1)! / measured.descentLosses[0]!,
        1,
      ),
    ]);
  },

  figures({ counts, step, eigenvalues, losses, bounds }, measured) {
    const n = eigenvalues.length;
    const ranks = [...new Set(shownModes.map((part) => n - 1 - Math.round(part * (n - 1))))];
    const times = counts.map((count) => count * step);
    return [
      {
        name: "modes",
        title: "Each mode decays at its own rate",
        caption: String.raw`Component of the residual along eigenvectors of $K$: gradient flow solved numerically against $e^{-\lambda_it}$. Large
          eigenvalues are learned at once, small ones hardly at all.`,
        spec: curves({
          x: { title: "time t (units of 1/eigenvalue)" },
          y: { title: "|⟨u, f_t − y⟩| / its start", scale: "log", domain: [1e-6, 1.5] },
          series: ranks.flatMap((i) => {
            const label = `λ = ${Number(eigenvalues[i]!.toPrecision(2))}`;
            return [
              {
                label,
                role: "prediction" as const,
                points: fine(times.at(-1)!).map((t) => ({ x: t, y: Math.exp(-eigenvalues[i]! * t) })),
              },
              {
                label,
                role: "measurement" as const,
                points: times.map((t, at) => ({ x: t, y: measured.modes[at]![i]! / measured.modes[0]![i]! })),
              },
            ];
          }),
        }),
      },
      {
        name: "loss",
        title: "Training loss and the bound of the slowest mode",
        caption: String.raw`The loss is the sum over all modes; the bound $\frac12\|f_0-y\|^2e^{-2\lambda_{\min}t}$ knows only the slowest, and is far
          above until all others are gone. Of flow and descent every other time is marked.`,
        spec: curves({
          x: { title: "time t (units of 1/eigenvalue)" },
          y: { title: "loss ½‖f_t − y‖²", scale: "log" },
          series: [
            { label: "½ Σ e^(−2λt) ⟨u, f₀ − y⟩²", role: "prediction", points: losses },
            {
              label: "gradient flow",
              role: "measurement",
              points: along(times, measured.losses).filter((_, i) => i % 2 === 0),
            },
            {
              label: "gradient descent at t = kη",
              role: "measurement",
              points: along(times, measured.descentLosses).filter((_, i) => i % 2 === 1),
            },
            { label: "bound of the slowest mode", role: "bound", points: along(times, bounds) },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`With $\eta=2.1/\lambda_{\max}$ the fastest mode is multiplied by $-1.1$ in each step: gradient descent diverges.`,
    settings: { rate: 2.1 },
  },
});

/** The model at one time of its training. */
interface State {
  readonly outputs: readonly number[];
  readonly newOutputs: readonly number[];
  /** θ − θ_0. */
  readonly parameters: readonly number[];
}

/** A linear model f = f_0 + γ J (θ − θ_0) on training and on new points, and labels ±1. */
function model(chosen: z.output<typeof settings>): {
  readonly jacobian: Matrix<Float64Array>;
  readonly newJacobian: Matrix<Float64Array>;
  readonly start: readonly number[];
  readonly newStart: readonly number[];
  readonly targets: readonly number[];
} {
  const { samples, parameters, decay, seed } = chosen;
  const generator = random(seed);
  const jacobianOf = (rows: number): Matrix<Float64Array> => {
    const result = gaussianMatrix(rows, parameters, generator);
    for (let at = 0; at < result.data.length; at++) result.data[at]! *= ((at % parameters) + 1) ** -decay;
    return result;
  };
  return {
    jacobian: jacobianOf(samples),
    newJacobian: jacobianOf(newPoints),
    start: Array.from(gaussianVector(samples, generator)),
    newStart: Array.from(gaussianVector(newPoints, generator)),
    targets: Array.from(gaussianVector(samples, generator), Math.sign),
  };
}

/** Numbers of steps: twenty at equal distances, and powers of two before them. */
function recordedSteps(steps: number): number[] {
  const even = Array.from({ length: 21 }, (_, i) => Math.round((i * steps) / 20));
  const early = Array.from({ length: 20 }, (_, i) => 2 ** i).filter((count) => count < steps / 20);
  return [...new Set([...even, ...early])].sort((a, b) => a - b);
}

/** Times for smooth lines. */
function fine(last: number): number[] {
  return Array.from({ length: 201 }, (_, i) => (i * last) / 200);
}

function along(times: readonly number[], values: readonly number[]): { x: number; y: number }[] {
  return values.map((y, i) => ({ x: times[i]!, y }));
}

function halfSquare(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2 / 2, 0);
}

function rowTimes(a: Matrix, row: number, v: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.cols; j++) sum += a.data[row * a.cols + j]! * v[j]!;
  return sum;
}
