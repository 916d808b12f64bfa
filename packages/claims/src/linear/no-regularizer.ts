import { singleOutputVelocity } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import type { Series } from "../figure.ts";
import { curves, panels } from "../figures/index.ts";
import { constantGradientLoop, quadraticLossLoop } from "../predictions/index.ts";

const settings = z
  .object({
    depths: z
      .array(z.int().min(1).max(50))
      .min(1)
      .max(12)
      .default([1, 2, 3, 4, 5, 6, 8])
      .describe("layers n"),
    inner: z.number().min(0.01).max(5).default(0.1).describe("r, inner radius of the loops"),
    outer: z.number().min(0.02).max(10).default(1).describe("R, outer radius of the loops"),
    gradientNorm: z.number().min(0.1).max(10).default(2).describe("|g| of the linear loss ⟨g, w⟩"),
    curvatures: z
      .tuple([z.number().min(0).max(10), z.number().min(0).max(10)])
      .default([1, 3])
      .describe("c₁ and c₂ of the quadratic loss ½ (c₁x² + c₂y²)"),
    panels: z
      .int()
      .min(10)
      .max(1000)
      .default(60)
      .describe("parts of each piece of a loop, with five nodes of Gauss–Legendre quadrature each"),
  })
  .refine(({ inner, outer }) => inner < outer, {
    path: ["outer"],
    message: "it must exceed the inner radius",
  });

const loops = ["half", "quarter"] as const;
const loopNames = {
  half: "half annulus, linear loss",
  quarter: "quarter annulus, quadratic loss",
} as const;

/** The field of one layer is a gradient, that of more is not. */
const notZero = 1e-3;

export default claim({
  code: "LN-11",
  id: "linear/no-regularizer",
  title: "No regularizer does what depth does",
  statement: String.raw`The end-to-end weights $w\in\mathbb R^d$ of $n$ balanced layers with one output move along $-F$,
    $F(w)=\|w\|^{2-2/n}\big(\nabla\ell+(n-1)\mathrm{Pr}_w\nabla\ell\big)$. With $n\ge2$ this is the gradient of no function: there is nothing that one
    could add to the loss. For constant $\nabla\ell=g$ around a half annulus of radii $r<R$, with $a=3-\frac2n$,
    $$\oint F=\frac{2|g|(n-1)(n-2)}{n\,a}\big(R^a-r^a\big),$$
    which vanishes for two layers, where $F=\nabla(\|w\|\langle w,g\rangle)$. For $\ell=\frac12(c_1x^2+c_2y^2)$ around a quarter annulus,
    with $b=4-\frac2n$, $\oint F=(R^b-r^b)(c_2-c_1)\big(\frac12-\frac nb\big)$, which vanishes for one layer only.`,
  source: "Arora, Cohen & Hazan, arXiv:1802.06509, Theorem 2; the loop for two layers is an addition",
  status: "proved",
  seconds: 1,
  settings,

  predict: ({ depths, gradientNorm, curvatures, ...annulus }) => ({
    half: depths.map((depth) => constantGradientLoop(depth, gradientNorm, annulus)),
    quarter: depths.map((depth) => quadraticLossLoop(depth, curvatures, annulus)),
  }),

  measure({ depths, inner: r, outer: R, gradientNorm, curvatures: [c1, c2], panels: parts }) {
    // Half a circle, from the side that the gradient points away from.
    const half = [ray(0, -R, -r), arc(r, Math.PI, 0), ray(0, r, R), arc(R, 0, Math.PI)];
    const quarter = [ray(0, r, R), arc(R, 0, Math.PI / 2), ray(Math.PI / 2, R, r), arc(r, Math.PI / 2, 0)];
    const along = (loop: readonly Piece[], gradientOf: (w: Point) => Point): number[][] =>
      depths.map((depth) => alongLoop(loop, (w) => singleOutputVelocity(w, gradientOf(w), depth), parts));
    return Promise.resolve({
      /** By depth: the integral of F from the start of the loop to the end of each part. */
      half: along(half, () => [gradientNorm, 0]),
      quarter: along(quarter, ([x, y]) => [c1 * x, c2 * y]),
    });
  },

  judge(predicted, measured, { depths }) {
    const whole = (loop: (typeof loops)[number], i: number): number => measured[loop][i]!.at(-1)!;
    return verdict([
      ...loops.flatMap((loop) =>
        depths.map((depth, i) =>
          atMost(
            `|integral − formula|, ${loopNames[loop]}, n = ${depth}`,
            Math.abs(whole(loop, i) - predicted[loop][i]!),
            1e-9,
          ),
        ),
      ),
      ...depths.flatMap((depth, i) => {
        const name = `|integral| around a loop, n = ${depth}`;
        const most = Math.max(...loops.map((loop) => Math.abs(whole(loop, i))));
        return depth === 1 ? [atMost(name, most, 1e-9)] : [atLeast(name, most, notZero)];
      }),
    ]);
  },

  figures(predicted, measured, { depths, panels: parts }) {
    const byDepth = (loop: (typeof loops)[number]): Series[] => {
      const points = (values: readonly number[]) => depths.map((x, i) => ({ x, y: values[i]! }));
      const label = loopNames[loop];
      return [
        { label, role: "prediction", points: points(predicted[loop]) },
        { label, role: "measurement", points: points(measured[loop].map((values) => values.at(-1)!)) },
      ];
    };
    return [
      {
        name: "integrals",
        title: "The integral around a closed loop against depth",
        caption: String.raw`Were the field a gradient, it would be 0. It is for one layer; for two it is around one of the loops. Lines
          join the values of the formulas.`,
        spec: curves({
          x: { title: "layers n" },
          y: { title: "∮ F" },
          series: loops.flatMap(byDepth),
        }),
      },
      {
        name: "along",
        title: "The integral on the way around the loop",
        caption: String.raw`Each quarter of the way is a piece of the loop: radius, arc, radius, arc. With one layer what was gained is lost again.`,
        spec: panels({
          panels: loops.map((loop) => ({
            title: loopNames[loop],
            x: { title: "part of the way around the loop" },
            y: { title: "∫ F up to here" },
            series: depths.slice(0, 4).map((depth, i) => ({
              label: `n = ${depth}`,
              role: "measurement" as const,
              points: measured[loop][i]!.flatMap((y, k) =>
                k % Math.ceil(parts / 8) === 0 || k === 4 * parts ? [{ x: k / (4 * parts), y }] : [],
              ),
            })),
          })),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`With $c_1=c_2$ the quadratic loss turns with $w$, and around the quarter annulus two layers follow a gradient like one.`,
    settings: { curvatures: [2, 2], depths: [2] },
  },
});

type Point = readonly [number, number];

/** A piece of a loop for s in [0, 1], and its derivative. */
type Piece = (s: number) => { readonly at: Point; readonly tangent: Point };

/** From one signed distance to another along the direction of an angle. */
function ray(angle: number, from: number, to: number): Piece {
  const [x, y] = [Math.cos(angle), Math.sin(angle)];
  return (s) => {
    const distance = from + s * (to - from);
    return { at: [distance * x, distance * y], tangent: [(to - from) * x, (to - from) * y] };
  };
}

function arc(radius: number, from: number, to: number): Piece {
  return (s) => {
    const angle = from + s * (to - from);
    const [x, y] = [radius * Math.cos(angle), radius * Math.sin(angle)];
    return { at: [x, y], tangent: [-(to - from) * y, (to - from) * x] };
  };
}

const [near, far] = [Math.sqrt(5 - 2 * Math.sqrt(10 / 7)) / 3, Math.sqrt(5 + 2 * Math.sqrt(10 / 7)) / 3];
const [heavy, light] = [(322 + 13 * Math.sqrt(70)) / 900, (322 - 13 * Math.sqrt(70)) / 900];
/** Gauss–Legendre nodes in [−1, 1] and their weights. */
const rule = [
  [-far, light],
  [-near, heavy],
  [0, 128 / 225],
  [near, heavy],
  [far, light],
] as const;

/** −∫ velocity from the start of the loop to the end of each part. */
function alongLoop(
  loop: readonly Piece[],
  velocity: (w: Point) => ArrayLike<number>,
  parts: number,
): number[] {
  const integrals = [0];
  for (const piece of loop)
    for (let part = 0; part < parts; part++) {
      let sum = 0;
      for (const [node, weight] of rule) {
        const { at, tangent } = piece((part + (1 + node) / 2) / parts);
        const v = velocity(at);
        sum -= (weight / 2 / parts) * (v[0]! * tangent[0] + v[1]! * tangent[1]);
      }
      integrals.push(integrals.at(-1)! + sum);
    }
  return integrals;
}
