import { z } from "zod";
import { atMost, type Claim, claim, type ClaimDefinition, curves, verdict } from "@lineament/claims";

const settings = z
  .object({
    width: z.int().min(1).max(4096).default(8).describe("neurons"),
    rate: z.number().positive().max(2).default(0.5).describe("step, in units of 1 / eigenvalue"),
    widths: z.array(z.int().min(8).max(64)).min(1).max(3).default([8, 16]),
    activation: z.enum(["relu", "erf"]).default("relu"),
    centered: z.boolean().default(true),
    range: z.tuple([z.number(), z.number()]).default([0, 1]),
    fail: z.boolean().default(false),
    seed: z.int().min(0).default(0),
  })
  .refine(({ rate, width }) => rate * width <= 100, {
    path: ["rate"],
    message: "rate × width must be at most 100",
  });

type Example = ClaimDefinition<typeof settings, { limit: number }, { error: number; seed: number }>;

/** A claim about nothing that holds, and stops holding with `fail`. */
export function exampleClaim(changes: Partial<Example> = {}): Claim {
  return claim({
    code: "EX-01",
    id: "linearized/example-of-claims",
    title: "One is at most two",
    statement: "$1 \\le 2$.",
    source: "Arithmetic",
    status: "proved",
    seconds: 1,
    settings,
    full: { width: 64, rate: 0.25 },
    predict: () => ({ limit: 2 }),
    measure: async ({ fail, seed }) => ({ error: fail ? 3 : 1, seed }),
    judge: ({ limit }, { error }) => verdict([atMost("error", error, limit, 1)]),
    figures: ({ limit }, { error }) => [
      {
        name: "error",
        title: "Error",
        caption: "$1$ and $2$",
        spec: curves({
          x: { title: "width" },
          y: { title: "error" },
          series: [
            {
              label: "error",
              role: "measurement",
              points: [
                { x: 1, y: error },
                { x: 2, y: limit },
              ],
            },
          ],
        }),
      },
    ],
    contrast: { statement: "$3 \\le 2$ is false.", settings: { fail: true } },
    ...changes,
  });
}
