import {
  balancedFactors,
  type Engine,
  factorizationLoss,
  factorSteps,
  identityFactors,
  type LinearNetwork,
  type Matrix,
  random,
  zeros,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import type { Series } from "../figure.ts";
import { gaussianMatrix } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { distance } from "../measures/index.ts";
import {
  type CatapultState,
  catapultStep,
  escapeTime,
  identityStartFloor,
  signTrap,
  signTrapLaw,
} from "../predictions/index.ts";

const settings = z.object({
  trapStep: z
    .number()
    .min(1e-4)
    .max(0.02)
    .default(0.005)
    .describe("step η from a start of the wrong determinant"),
  identityStep: z.number().min(1e-3).max(0.05).default(0.01).describe("step η from the identity"),
  identitySteps: z.int().min(100).max(100_000).default(40_000).describe("steps from the identity"),
  perturbation: z
    .number()
    .min(0)
    .max(0.1)
    .default(0)
    .describe("standard deviation of what is added to the identity at the start; more than 0 lets it escape"),
  seed: z.int().min(0).default(0).describe("seed of the perturbation"),
});

const trapTarget = [
  [1, 0.3, 0],
  [-0.2, 0.8, 0.1],
  [0, 0.4, -0.5],
];
const trapStart = [
  [0.3, 0.1, 0],
  [0, 0.2, 0.1],
  [0.1, 0, 0.25],
];
const identityTarget = [
  [1, 0, 0],
  [0, -0.5, 0],
  [0, 0, 0.8],
];

/** By depth, how long gradient descent is followed: with two layers its own imbalance lets it escape later. */
const traps = [
  { depth: 2, duration: 8 },
  { depth: 3, duration: 20 },
  { depth: 4, duration: 20 },
] as const;
const depths = [2, 3, 4] as const;

/** (d): a at the start, b is 0.9/a, and what must become of it. */
const catapults = [
  { s: 6, fate: "descends" },
  { s: 8, fate: "catapults" },
  { s: 9, fate: "diverges" },
] as const;
const catapultRate = 0.05;
const shown = 20;

const alphas = [1e-1, 1e-2, 1e-3, 1e-4] as const;

export default claim({
  code: "LN-10",
  id: "linear/ways-to-fail",
  title: "Five ways for gradient descent on linear networks to fail",
  statement: String.raw`(a) Layers of zeros stay zeros when two or more are. (b) From a balanced start with $\det W(0)\det\Phi<0$ the determinant of the flow
    keeps its sign, and $\frac12\|W-\Phi\|_F^2$ stays above $\frac12\sigma_{\min}(\Phi)^2$. (c) From $W_j=I$ a symmetric $\Phi$ with an eigenvalue
    $\mu<0$ is missed by $\frac12\mu^2$: the singular value in its direction falls as $[(n-2)|\mu|t]^{-n/(n-2)}$ for $n\ge3$. (d) For
    $\frac12(ab-1)^2$ and $\eta(a^2+b^2)$ below 2 descent is ordinary; up to about 4 the loss grows first, the weights balance, and it
    converges; beyond, it diverges. (e) A small start $\alpha$ costs a time of $\frac12\ln\frac1\alpha$ with two layers and
    $\frac{\alpha^{-(1-2/n)}}{n-2}$ with more.`,
  source: "Arora, Cohen, Golowich & Hu, arXiv:1810.02281; Lewkowycz et al., arXiv:2003.02218 (catapult)",
  status: "proved",
  seconds: 1,
  settings,

  predict({ identityStep, identitySteps }) {
    const { floor, determinant } = signTrap(trapTarget);
    return {
      floor,
      determinant,
      identityFloor: identityStartFloor(identityTarget),
      /** By depth: the trapped singular value at the end, and its law at some times. */
      trapped: depths.map((depth) => ({
        end: signTrapLaw(depth, 1, identityTarget[1]![1]!, identityStep * identitySteps),
        curve: identityTimes(identityStep, identitySteps).map((t) => ({
          t,
          value: signTrapLaw(depth, 1, identityTarget[1]![1]!, t),
        })),
      })),
      catapults: catapults.map(({ s }) =>
        catapultOrbit({ residual: 0.9 - 1, sharpness: s ** 2 + (0.9 / s) ** 2 }),
      ),
      escapes: depths.map((depth) => alphas.map((alpha) => escapeTime(depth, alpha, 1))),
    };
  },

  async measure({ trapStep, identityStep, identitySteps, perturbation, seed }, { engine, signal, progress }) {
    const origin = await movementFromZero(engine, signal);
    const trapped: Run[] = [];
    for (const { depth, duration } of traps) {
      const start = await balancedFactors(engine, matrixOf(trapStart), { depth });
      trapped.push(
        await followed(engine, start, trapTarget, { step: trapStep, duration, every: 100 }, signal),
      );
      progress(0.1 * trapped.length);
    }
    const identity: Run[] = [];
    const generator = random(seed);
    for (const depth of depths) {
      const start = identityFactors(Array<number>(depth + 1).fill(3)).map((layer) => {
        const noise = gaussianMatrix(3, 3, generator, { std: perturbation }).data;
        return { ...layer, data: layer.data.map((value, k) => value + noise[k]!) };
      });
      const duration = identityStep * identitySteps;
      identity.push(
        await followed(engine, start, identityTarget, { step: identityStep, duration, every: 100 }, signal),
      );
      progress(0.3 + 0.2 * identity.length);
    }
    const thrown: Catapult[] = [];
    for (const { s } of catapults) thrown.push(await catapulted(engine, s, signal));
    const escapes: number[][] = [];
    for (const depth of depths) {
      const row: number[] = [];
      for (const alpha of alphas) row.push(await timeToHalf(engine, depth, alpha, signal));
      escapes.push(row);
    }
    return { origin, trapped, identity, catapults: thrown, escapes };
  },

  judge(predicted, measured, { identityStep, identitySteps }) {
    const { floor, identityFloor } = predicted;
    const time = identityStep * identitySteps;
    const [low, middle, high] = measured.catapults;
    return verdict([
      atMost(
        "(a) largest change of weights in 100 steps, all layers or two of three zero",
        measured.origin,
        0,
      ),
      atMost("(b) det W(0) det Φ", predicted.determinant * determinantOf(matrixOf(trapStart)), -1e-9),
      ...traps.flatMap(({ depth, duration }, i) => {
        const { looks } = measured.trapped[i]!;
        const end = looks.at(-1)!;
        const sign = atLeast(
          `(b) smallest det W up to t = ${duration}, ${depth} layers`,
          Math.min(...looks.map(({ determinant }) => determinant)),
          Number.MIN_VALUE,
        );
        const name = `(b) loss at t = ${duration}, ${depth} layers`;
        return depth === 2 ? [sign] : [sign, within(name, end.loss, floor, 1.02 * floor, floor)];
      }),
      ...depths.flatMap((depth, i) => {
        const end = measured.identity[i]!.looks.at(-1)!;
        const expected = predicted.trapped[i]!.end;
        const name = `(c) loss at t = ${time}, ${depth} layers`;
        const loss = within(name, end.loss, identityFloor - 1e-4, identityFloor + 1e-4, identityFloor);
        if (depth === 2) return [loss];
        const entry = Math.abs(end.middle);
        return [
          loss,
          within(
            `(c) |W₂₂| at t = ${time}, ${depth} layers`,
            entry,
            0.97 * expected,
            1.03 * expected,
            expected,
          ),
        ];
      }),
      atMost("(d) η(a² + b²) = 1.80: largest growth of the loss in a step, second half", low!.lateGrowth, 1),
      atMost("(d) η(a² + b²) = 1.80: loss at the end", low!.loss, 1e-12),
      atLeast("(d) η(a² + b²) = 3.20: largest loss / loss at the start", middle!.peak, 1.1),
      atMost("(d) η(a² + b²) = 3.20: loss at the end", middle!.loss, 1e-12),
      atMost("(d) η(a² + b²) = 3.20: the same at the end", catapultRate * middle!.sharpness, 2),
      atLeast("(d) η(a² + b²) = 4.05: loss at the end", high!.loss, Infinity),
      ...depths.map((depth, i) =>
        atMost(
          `(e) largest |time to half / closed form − 1|, ${depth} layers`,
          Math.max(
            ...alphas.map((_, k) => Math.abs(measured.escapes[i]![k]! / predicted.escapes[i]![k]! - 1)),
          ),
          0.05,
        ),
      ),
    ]);
  },

  figures(predicted, measured, { identityStep, identitySteps }) {
    const layers = (depth: number): string => `${depth} layers`;
    const losses = (runs: readonly Run[]): Series[] =>
      runs.map(({ looks }, i) => ({
        label: layers(depths[i]!),
        role: "measurement",
        points: thinned(looks).map(({ t, loss }) => ({ x: t, y: loss })),
      }));
    return [
      {
        name: "sign-trap",
        title: "(b) The sign trap",
        caption: String.raw`The loss does not go below $\frac12\sigma_{\min}(\Phi)^2$ (dashed), the distance of $\Phi$ from the singular matrices. Two layers
          are shown until $t=8$: gradient descent escapes later, by the imbalance of its own steps.`,
        spec: curves({
          x: { title: "time t = η · steps" },
          y: { title: "loss", scale: "log" },
          series: [
            { label: "floor", role: "bound", points: [0, 20].map((x) => ({ x, y: predicted.floor })) },
            ...losses(measured.trapped),
          ],
        }),
      },
      {
        name: "identity",
        title: "(c) From the identity to a target with a negative eigenvalue",
        caption: String.raw`$|W_{22}|$, which should become $-\frac12$, goes to 0 and not beyond. Lines: $[(n-2)\frac t2]^{-n/(n-2)}$ for $n\ge3$, exponential for
          $n=2$.`,
        spec: curves({
          x: { title: "time t = η · steps", scale: "log", domain: [1, identityStep * identitySteps] },
          y: { title: "|W₂₂|", scale: "log", domain: [1e-9, 2] },
          series: depths.flatMap((depth, i) => [
            {
              label: layers(depth),
              role: "prediction" as const,
              points: predicted.trapped[i]!.curve.map(({ t, value }) => ({ x: t, y: value })),
            },
            {
              label: layers(depth),
              role: "measurement" as const,
              points: identityTimes(identityStep, identitySteps).flatMap((time) => {
                const look = measured.identity[i]!.looks.find(({ t }) => t >= 0.999 * time);
                return look === undefined || look.t === 0 ? [] : [{ x: look.t, y: Math.abs(look.middle) }];
              }),
            },
          ]),
        }),
      },
      {
        name: "catapult",
        title: "(d) Sharpness in the first steps of gradient descent on ½ (ab − 1)²",
        caption: String.raw`Below $\eta(a^2+b^2)=2$ (dashed) nothing happens. Above, the loss grows until the weights have balanced enough to be under it. Above about
          4 they never do. Lines: the map of $ab-1$ and $a^2+b^2$.`,
        spec: curves({
          x: { title: "steps of gradient descent", domain: [0, shown] },
          y: { title: "η (a² + b²)", domain: [0, 6] },
          series: [
            ...catapults.flatMap(({ s, fate }, i) => [
              {
                label: `a = ${s}: ${fate}`,
                role: "prediction" as const,
                points: predicted.catapults[i]!.map(({ sharpness }, x) => ({
                  x,
                  y: catapultRate * sharpness,
                })),
              },
              {
                label: `a = ${s}: ${fate}`,
                role: "measurement" as const,
                points: measured.catapults[i]!.orbit.map(({ sharpness }, x) => ({
                  x,
                  y: catapultRate * sharpness,
                })),
              },
            ]),
            {
              label: "edge of stability",
              role: "bound" as const,
              points: [0, shown].map((x) => ({ x, y: 2 })),
            },
          ],
        }),
      },
      {
        name: "plateau",
        title: "(e) Time to leave a small start",
        caption: String.raw`Until a scalar network has half of its target 1. Lines: closed form. Two layers pay a logarithm, more layers a power of the start.`,
        spec: curves({
          x: { title: "product of the weights at the start, α", scale: "log" },
          y: { title: "time to half the target", scale: "log" },
          series: depths.flatMap((depth, i) =>
            (
              [
                ["prediction", predicted.escapes],
                ["measurement", measured.escapes],
              ] as const
            ).map(([role, times]) => ({
              label: layers(depth),
              role,
              points: alphas.map((x, k) => ({ x, y: times[i]![k]! })),
            })),
          ),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`The trap is a saddle: from the identity with normal numbers of size $10^{-3}$ added, descent reaches $\Phi$.`,
    settings: { perturbation: 1e-3 },
  },
});

interface Run {
  readonly looks: readonly {
    readonly t: number;
    readonly loss: number;
    readonly determinant: number;
    /** W₂₂. */
    readonly middle: number;
  }[];
}

interface Catapult {
  /** The first steps. */
  readonly orbit: readonly CatapultState[];
  /** a² + b² at the end. */
  readonly sharpness: number;
  /** Infinity when it diverged. */
  readonly loss: number;
  /** The largest loss as a part of the first. */
  readonly peak: number;
  /** The largest ratio of successive losses in the second half, as long as they are more than rounding. */
  readonly lateGrowth: number;
}

async function followed(
  engine: Engine,
  start: LinearNetwork,
  target: readonly (readonly number[])[],
  { step, duration, every }: { readonly step: number; readonly duration: number; readonly every: number },
  signal: AbortSignal,
): Promise<Run> {
  const looks: Run["looks"][number][] = [];
  const options = { learningRate: step, steps: Math.round(duration / step), signal };
  for await (const state of factorSteps(engine, start, factorizationLoss(matrixOf(target)), options))
    if (state.step % every === 0)
      looks.push({
        t: state.step * step,
        loss: state.loss,
        determinant: determinantOf(state.endToEnd),
        middle: state.endToEnd.data[4]!,
      });
  return { looks };
}

/** All zeros with two and three layers, and three layers of which two are zero. */
async function movementFromZero(engine: Engine, signal: AbortSignal): Promise<number> {
  const zero = (): Matrix<Float64Array> => zeros(3, 3);
  const starts = [
    [zero(), zero()],
    [zero(), zero(), zero()],
    [matrixOf(trapStart), zero(), zero()],
  ];
  let most = 0;
  for (const start of starts)
    for await (const { parameters } of factorSteps(engine, start, factorizationLoss(matrixOf(trapTarget)), {
      learningRate: 0.1,
      steps: 100,
      signal,
    }))
      most = Math.max(most, ...parameters.map(({ data }, j) => distance(data, start[j]!.data)));
  return most;
}

async function catapulted(engine: Engine, s: number, signal: AbortSignal): Promise<Catapult> {
  const start = [scalar(0.9 / s), scalar(s)];
  const orbit: CatapultState[] = [];
  const losses: number[] = [];
  let sharpness = NaN;
  const options = { learningRate: catapultRate, steps: 2000, target: 1e-24, signal };
  for await (const { loss, parameters, endToEnd, outcome } of factorSteps(
    engine,
    start,
    factorizationLoss(scalar(1)),
    options,
  )) {
    losses.push(loss);
    if (outcome === "diverged") continue;
    const [b, a] = parameters.map(({ data }) => data[0]!);
    sharpness = a! ** 2 + b! ** 2;
    if (orbit.length <= shown) orbit.push({ residual: endToEnd.data[0]! - 1, sharpness });
  }
  const late = losses.slice(Math.floor(losses.length / 2));
  return {
    orbit,
    sharpness,
    loss: losses.at(-1)!,
    peak: Math.max(...losses) / losses[0]!,
    lateGrowth: Math.max(...late.slice(1).map((loss, k) => loss / late[k]!)),
  };
}

async function timeToHalf(
  engine: Engine,
  depth: number,
  alpha: number,
  signal: AbortSignal,
): Promise<number> {
  const step = 0.01;
  const start = identityFactors(Array<number>(depth + 1).fill(1), { scale: alpha });
  const options = { learningRate: step, steps: 100_000, target: 1 / 8, signal };
  let time = NaN;
  // The loss ½ (w − 1)² is 1/8 at w = ½.
  for await (const state of factorSteps(engine, start, factorizationLoss(scalar(1)), options))
    time = state.step * step;
  return time;
}

/** The map from a start, as long as it is finite. */
function catapultOrbit(start: CatapultState): CatapultState[] {
  const orbit = [start];
  while (orbit.length <= shown) {
    const next = catapultStep(orbit.at(-1)!, catapultRate);
    if (!(next.sharpness < 1e6)) break;
    orbit.push(next);
  }
  return orbit;
}

/** Some dozens of times, at equal ratios. */
function identityTimes(step: number, steps: number): number[] {
  return Array.from({ length: 31 }, (_, k) => (step * steps) ** (k / 30));
}

function thinned<T>(looks: readonly T[]): readonly T[] {
  const every = Math.ceil(looks.length / 40);
  return looks.filter((_, k) => k % every === 0);
}

function matrixOf(rows: readonly (readonly number[])[]): Matrix<Float64Array> {
  return { data: Float64Array.from(rows.flat()), rows: rows.length, cols: rows[0]!.length };
}

function scalar(value: number): Matrix<Float64Array> {
  return { data: Float64Array.of(value), rows: 1, cols: 1 };
}

/** Of a 3 × 3 matrix. */
function determinantOf({ data }: Matrix<Float64Array>): number {
  const [a, b, c, d, e, f, g, h, i] = Array.from(data) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}
