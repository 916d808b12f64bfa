import {
  balancedTensorFactors,
  componentNorms,
  type Engine,
  factorizationLoss,
  lossAt,
  type Matrix,
  random,
  tensorFlow,
  tensorGradients,
  tensorOf,
  zeros,
} from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { gaussianMatrix, orthogonalMatrix, rowsOf } from "../data/index.ts";
import { curves, panels } from "../figures/index.ts";
import { singularValueAt, type Tensor, tensorComponentVelocity } from "../predictions/index.ts";

const settings = z.object({
  shape: z
    .array(z.int().min(2).max(12))
    .min(2)
    .max(5)
    .default([3, 4, 5])
    .describe("sizes of the tensor whose components' velocities are measured"),
  components: z.int().min(1).max(20).default(4).describe("components R there"),
  stretch: z
    .number()
    .min(1)
    .max(4)
    .default(1)
    .describe("factor on the first mode, divided out of the second; components are balanced at 1 only"),
  orders: z
    .array(z.int().min(2).max(5))
    .min(1)
    .max(3)
    .default([2, 3, 4])
    .describe("orders N of the tensors that are learned from a small start"),
  targets: z
    .array(z.number().min(0.6).max(10))
    .min(1)
    .max(4)
    .default([3, 2, 1])
    .describe("norms of the orthogonal components of these tensors"),
  alpha: z.number().min(1e-4).max(0.5).default(0.01).describe("α, norm of each component at the start"),
  seed: z.int().min(0).default(0).describe("seed of tensors, bases and starts"),
});

type Settings = z.output<typeof settings>;

const points = 40;

/** Relative step of the central differences. */
const difference = 1e-4;

export default claim({
  code: "LN-27",
  id: "linear/tensor-components",
  title: "The order of a tensor acts like the depth of a network",
  statement: String.raw`Learn a tensor as $\sum_rw_r^1\otimes\cdots\otimes w_r^N$ by gradient flow, each component balanced: $\|w_r^k\|$ equal for all
    modes $k$, which the flow conserves. Then, for any differentiable loss $\ell$ of the tensor,
    $$\frac d{dt}\Big\|\bigotimes_kw_r^k\Big\|=-N\,\Big\|\bigotimes_kw_r^k\Big\|^{2-2/N}\Big\langle\nabla\ell,\bigotimes_k\hat w_r^k\Big\rangle,$$
    the law of the singular values of $N$ linear layers. From a small start, components rise one after another: greedy low tensor
    rank. $N$ modes belong to a shallow convolutional arithmetic network.`,
  source: "Razin, Maman & Cohen, arXiv:2102.09972, Theorem 1",
  status: "proved",
  seconds: 2,
  settings,
  full: { shape: [6, 7, 8], components: 10 },

  predict(chosen) {
    const { factors, gradient } = velocityProblem(chosen);
    return {
      velocities: tensorComponentVelocity(factors.map(rowsOf), nested([...gradient.data], chosen.shape))
        .velocities,
      curves: chosen.orders.map((order) => {
        const times = timesOf(chosen, order);
        return {
          times,
          norms: chosen.targets.map((target) =>
            times.map((t) => singularValueAt({ depth: order, start: chosen.alpha, target }, t)),
          ),
        };
      }),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const velocities = await measuredVelocities(engine, chosen);
    const runs: number[][][] = [];
    for (const [at, order] of chosen.orders.entries()) {
      runs.push(await normsAlongFlow(engine, chosen, order, signal));
      progress((at + 1) / chosen.orders.length, `order ${order}`);
    }
    return { velocities, runs };
  },

  judge(predicted, measured, { orders }) {
    const scale = Math.max(...predicted.velocities.map(Math.abs));
    return verdict([
      ...predicted.velocities.map((velocity, r) =>
        atMost(
          `difference of the velocity of component ${r + 1} from the law / largest velocity`,
          Math.abs(measured.velocities[r]! - velocity) / scale,
          1e-6,
        ),
      ),
      ...orders.map((order, at) => {
        const gaps = predicted.curves[at]!.norms.map((norms, r) => {
          const end = Math.max(...norms);
          return Math.max(...norms.map((norm, i) => Math.abs(measured.runs[at]![r]![i]! - norm) / end));
        });
        return atMost(
          `largest relative difference from the closed form, order ${order}`,
          Math.max(...gaps),
          1e-4,
        );
      }),
    ]);
  },

  figures(predicted, measured, { orders, targets }) {
    const velocities = predicted.velocities.map((x, r) => ({ x, y: measured.velocities[r]! }));
    const ends = [Math.min(...predicted.velocities), Math.max(...predicted.velocities)];
    return [
      {
        name: "norms",
        title: "Components rise one after another",
        caption: String.raw`Norms of the components of a tensor with orthogonal components of norms ${targets.join(", ")}, along gradient flow from a
          small start, and the closed form of singular values at depth $N$. The higher the order, the sharper the steps.`,
        spec: panels({
          panels: orders.map((order, at) => {
            const { times, norms } = predicted.curves[at]!;
            const along = (values: readonly number[]) => values.map((y, i) => ({ x: times[i]!, y }));
            return {
              title: `order ${order}`,
              x: { title: "time t" },
              y: { title: "norm of the component" },
              series: targets.flatMap((target, r) => {
                const label = `component of norm ${target}`;
                return [
                  { label, role: "prediction" as const, points: along(norms[r]!) },
                  { label, role: "measurement" as const, points: along(measured.runs[at]![r]!) },
                ];
              }),
            };
          }),
        }),
      },
      {
        name: "velocities",
        title: "Velocities of components",
        caption: String.raw`Central differences of the norms of random balanced components along the flow of a factorization loss, against
          $-N\,\|\cdot\|^{2-2/N}\langle\nabla\ell,\cdot\rangle$.`,
        spec: curves({
          x: { title: "velocity by the law (per unit of time)" },
          y: { title: "velocity measured (per unit of time)" },
          series: [
            { label: "equal", role: "bound", points: ends.map((x) => ({ x, y: x })) },
            { label: "components", role: "measurement", points: velocities },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`With the first mode of each component stretched by 1.5 and the second shrunk, the tensor is the same, but not balanced, and
      the velocities are others.`,
    settings: { stretch: 1.5 },
  },
});

/** Random components, and the gradient of ½ ‖T − Φ‖² at their sum for a random Φ. */
function velocityProblem({ shape, components, stretch, seed }: Settings): {
  readonly factors: readonly Matrix<Float64Array>[];
  readonly gradient: Matrix<Float64Array>;
} {
  const balanced = balancedTensorFactors(shape, { components, scale: 0.5, seed });
  const factors = balanced.map((factor, k) => ({
    ...factor,
    data: factor.data.map((value) => (k === 0 ? value * stretch : k === 1 ? value / stretch : value)),
  }));
  const size = shape.slice(1).reduce((product, d) => product * d, 1);
  return { factors, gradient: gaussianMatrix(shape[0]!, size, random(seed + 1)) };
}

/** d/dt ‖⊗_k w_r^k‖ by central differences along −∂ℓ/∂w_r^k. */
async function measuredVelocities(engine: Engine, chosen: Settings): Promise<number[]> {
  const { factors, gradient } = velocityProblem(chosen);
  const target = await tensorOf(engine, factors);
  target.data.forEach((value, at) => (target.data[at] = value - gradient.data[at]!));
  const { gradient: slope } = await lossAt(factorizationLoss(target), await tensorOf(engine, factors));
  const slopes = await tensorGradients(engine, factors, slope);
  const moved = (by: number): Float64Array =>
    componentNorms(
      factors.map((factor, k) => ({
        ...factor,
        data: factor.data.map((value, at) => value - by * slopes[k]!.data[at]!),
      })),
    );
  const [before, after] = [moved(-difference), moved(difference)];
  return Array.from(after, (norm, r) => (norm - before[r]!) / (2 * difference));
}

/** Norms of all components along the flow to a tensor with orthogonal components, started along these. */
async function normsAlongFlow(
  engine: Engine,
  chosen: Settings,
  order: number,
  signal: AbortSignal,
): Promise<number[][]> {
  const { targets, alpha, seed } = chosen;
  const count = targets.length;
  const generator = random(seed + order);
  const size = Math.max(2, count);
  const bases = Array.from({ length: order }, () => orthogonalMatrix(size, generator));
  const factorsOf = (norms: readonly number[]) =>
    bases.map((basis) => {
      const factor = zeros(count, size);
      norms.forEach((norm, r) => {
        for (let i = 0; i < size; i++)
          factor.data[r * size + i] = norm ** (1 / order) * basis.data[r * size + i]!;
      });
      return factor;
    });
  const loss = factorizationLoss(await tensorOf(engine, factorsOf(targets)));
  const start = factorsOf(targets.map(() => alpha));
  const { states } = await tensorFlow(engine, start, loss, { times: timesOf(chosen, order), signal });
  const norms = states.map(componentNorms);
  return targets.map((_, r) => norms.map((all) => all[r]!));
}

/** From 0 to when the smallest component has come halfway, and a half more. */
function timesOf({ targets, alpha }: Settings, order: number): number[] {
  const least = Math.min(...targets);
  const wait =
    order === 2 ? Math.log(least / alpha) / (2 * least) : alpha ** -(1 - 2 / order) / ((order - 2) * least);
  return Array.from({ length: points + 1 }, (_, i) => (1.5 * wait * i) / points);
}

/** Numbers in the order of a tensor's entries, last index fastest, as lists of lists. */
function nested(entries: readonly number[], [, ...rest]: readonly number[]): Tensor {
  if (rest.length === 0) return entries;
  const part = rest.reduce((product, d) => product * d, 1);
  return Array.from({ length: entries.length / part }, (_, i) =>
    nested(entries.slice(i * part, (i + 1) * part), rest),
  );
}
