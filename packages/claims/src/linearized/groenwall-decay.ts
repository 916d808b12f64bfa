import { random } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { curves } from "../figures/index.ts";
import { groenwallBound } from "../predictions/groenwall-bound.ts";

const settings = z
  .object({
    dimension: z.int().min(2).max(500).default(20).describe("size of Q(t)"),
    rank: z.int().min(1).max(499).default(5).describe("columns of A(t), fewer than the dimension"),
    lambda: z.number().min(0.01).max(10).default(0.5).describe("λ, lower bound on Q(t), per unit of time"),
    excess: z
      .number()
      .min(-10)
      .max(10)
      .default(1)
      .describe("c in Q(t) = λI + c A(t)A(t)ᵀ; below 0, λI is no lower bound on Q(t)"),
    rotations: z
      .array(z.number().min(0).max(50))
      .min(1)
      .max(4)
      .default([0, 2, 10])
      .describe("how fast A(t) turns, a trajectory each, in radians per unit of time"),
    duration: z.number().min(0.1).max(20).default(3).describe("last time t"),
    steps: z.int().min(100).max(100_000).default(600).describe("Runge–Kutta steps of a trajectory"),
    seed: z.int().min(0).default(0).describe("seed of A(t) and of the start"),
  })
  .refine(({ rank, dimension }) => rank < dimension, {
    path: ["rank"],
    message: "it must be less than the dimension, so that λ is an eigenvalue of Q",
  });

/** Times that losses are looked at, besides t = 0. */
const points = 15;

export default claim({
  code: "LZ-16",
  id: "linearized/groenwall-decay",
  title: "The loss decays as fast as the smallest eigenvalue says",
  statement: String.raw`Let $\dot g_t=-Q(t)\,(g_t-y)$ with symmetric $Q(t)\succeq\lambda I$. Then
    $$\tfrac12\|g_t-y\|^2\;\le\;\tfrac12\|g_0-y\|^2\,e^{-2\lambda t},$$
    with equality when $Q$ is constant and $g_0-y$ lies in its eigenspace of $\lambda$.`,
  source: "Lecture 11: Linearized Networks, Lemma 1 (Grönwall)",
  status: "proved",
  seconds: 1,
  settings,
  full: { dimension: 60, rank: 20, steps: 3000 },

  predict({ lambda, duration }) {
    const times = Array.from({ length: points + 1 }, (_, k) => (k * duration) / points);
    return { times, bound: times.map((t) => groenwallBound(lambda, t)) };
  },

  async measure({ dimension, rank, lambda, excess, rotations, duration, steps, seed }, { progress }) {
    const generator = random(seed);
    const normals = () => Array.from({ length: dimension }, () => generator.normal());
    const columns = () => Array.from({ length: rank }, () => scaled(normals(), 1 / Math.sqrt(dimension)));
    const [a, quarterTurn] = [columns(), columns()];
    const start = normals();

    /** Q(t) r = λr + c Σ_j ⟨a_j(t), r⟩ a_j(t). */
    const turning = (omega: number) => (t: number, r: Vector) =>
      a.reduce(
        (sum, column, j) => {
          const turned = plus(
            scaled(column, Math.cos(omega * t)),
            scaled(quarterTurn[j]!, Math.sin(omega * t)),
          );
          return plus(sum, scaled(turned, excess * dot(turned, r)));
        },
        scaled(r, lambda),
      );

    const turned = rotations.map((omega, k) => {
      progress(k / (rotations.length + 1));
      return relativeLosses(turning(omega), start, duration, steps);
    });
    return { turned, inEigenspace: relativeLosses(turning(0), orthogonalTo(a, start), duration, steps) };
  },

  judge({ bound }, { turned, inEigenspace }) {
    // At t = 0 the two are equal.
    const logRatios = (losses: Vector) => losses.map((loss, k) => Math.log(loss / bound[k]!)).slice(1);
    return verdict([
      atMost("largest ln(loss / bound), random Q(t)", Math.max(...turned.flatMap(logRatios)), 1e-9),
      atMost(
        "largest |ln(loss / bound)|, start in the eigenspace of λ",
        Math.max(...logRatios(inEigenspace).map(Math.abs)),
        1e-9,
      ),
    ]);
  },

  figures({ times, bound }, { turned, inEigenspace }, { rotations }) {
    const along = (values: Vector) => values.map((y, k) => ({ x: times[k]!, y }));
    return [
      {
        name: "loss",
        title: "The loss stays under its bound",
        caption: String.raw`However fast $A(t)$ turns, the loss stays below $e^{-2\lambda t}$; from a start in the eigenspace of
          $\lambda$ it follows it exactly.`,
        spec: curves({
          x: { title: "time t" },
          y: { title: "loss / loss at the start", scale: "log" },
          series: [
            { label: "exp(−2λt)", role: "bound", points: along(bound) },
            { label: "start in the eigenspace of λ", role: "measurement", points: along(inEigenspace) },
            ...turned.map((losses, k) => ({
              label: `random start, A turns at ${rotations[k]!} rad per unit of time`,
              role: "measurement" as const,
              points: along(losses),
            })),
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`With $Q(t)=\lambda I-A(t)A(t)^\top$, which is not bounded below by $\lambda I$, the loss exceeds the bound.`,
    settings: { excess: -1 },
  },
});

type Vector = readonly number[];

/** ‖r_t‖² / ‖r_0‖² at equally spaced times along dr/dt = −Q(t) r, by the Runge–Kutta method of order four. */
function relativeLosses(
  product: (t: number, r: Vector) => Vector,
  start: Vector,
  duration: number,
  steps: number,
): Vector {
  const between = Math.ceil(steps / points);
  const h = duration / (points * between);
  const losses = [1];
  let r = start;
  for (let step = 0; step < points * between; step++) {
    const t = step * h;
    const k1 = product(t, r);
    const k2 = product(t + h / 2, plus(r, scaled(k1, -h / 2)));
    const k3 = product(t + h / 2, plus(r, scaled(k2, -h / 2)));
    const k4 = product(t + h, plus(r, scaled(k3, -h)));
    const slope = plus(plus(k1, scaled(plus(k2, k3), 2)), k4);
    r = plus(r, scaled(slope, -h / 6));
    if ((step + 1) % between === 0) losses.push(dot(r, r) / dot(start, start));
  }
  return losses;
}

/** The part of a vector that is orthogonal to the columns. */
function orthogonalTo(columns: readonly Vector[], vector: Vector): Vector {
  const basis: Vector[] = [];
  for (const column of [...columns, vector]) {
    // Twice is enough for orthogonality to rounding.
    const rest = [...basis, ...basis].reduce((left, q) => plus(left, scaled(q, -dot(q, left))), column);
    basis.push(scaled(rest, 1 / Math.sqrt(dot(rest, rest))));
  }
  return basis.at(-1)!;
}

function plus(a: Vector, b: Vector): Vector {
  return a.map((value, i) => value + b[i]!);
}

function scaled(a: Vector, factor: number): Vector {
  return a.map((value) => value * factor);
}

function dot(a: Vector, b: Vector): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
