import process from "node:process";
import { z } from "zod";
import { type Area, atMost, type Claim, claim, curves, verdict } from "@lineament/claims";

/** Claims that hold, fail, throw, wait and end their process: what `reproduce` is tested with, also in its workers. */
export const claims: readonly Claim[] = [
  example("EX-01", "linearized/holding", async ({ scale }) => scale),
  example("EX-02", "linearized/failing", async ({ scale }) => 5 * scale),
  example("EX-03", "wide/throwing", () => Promise.reject(new Error("the matrix is singular"))),
  example("EX-04", "wide/ending", async () => process.exit(3)),
  example("EX-05", "features/waiting", () => new Promise((resolve) => setTimeout(resolve, 60_000))),
  claim({
    code: "EX-06",
    id: "interpolation/certain",
    title: "No chance in it",
    statement: "$1=1$",
    source: "Arithmetic",
    status: "proved",
    seconds: 1,
    settings: z.object({ digits: z.int().min(1).max(15).default(3).describe("digits") }),
    predict: () => 1,
    measure: async () => ({ one: 1, none: NaN }),
    judge: (predicted, { one }) => verdict([atMost("1", one, predicted)]),
    figures: () => [],
  }),
];

function example(
  code: string,
  id: `${Area}/${string}`,
  measure: (settings: { readonly scale: number; readonly seed: number }) => Promise<number>,
): Claim {
  return claim({
    code,
    id,
    title: `The claim ${code}`,
    statement: String.raw`$x \le 2$`,
    source: "Test",
    status: "checked",
    seconds: 1,
    settings: z.object({
      scale: z.number().min(0.5).max(100).default(1).describe("factor"),
      seed: z.int().min(0).default(0).describe("seed"),
    }),
    full: { scale: 2 },
    predict: () => ({ limit: 2 }),
    measure,
    judge: ({ limit }, x) => verdict([atMost("x", x, limit, 1)]),
    figures: (_, x) => [
      {
        name: "x",
        title: "The number x",
        caption: String.raw`$x$ and its limit`,
        spec: curves({
          x: { title: "scale" },
          y: { title: "x (no unit)", scale: "log" },
          series: [{ label: "x", role: "measurement", points: [{ x: 1, y: x }] }],
        }),
      },
    ],
    contrast: { statement: "It is larger where $s$ is.", settings: { scale: 100 } },
  });
}
