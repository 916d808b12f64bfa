import { z } from "zod";
import { alternatingLeastSquaresPath } from "./alternating-least-squares.ts";
import { biasPath, meanPath } from "./biases.ts";
import type { BiasRidges } from "./completion.ts";
import type { CompletionPath } from "./completion-path.ts";
import { deepFactorizationPath } from "./deep-factorization.ts";
import { softImputePath } from "./soft-impute.ts";

const rank = z.int().min(1);

/** How a matrix is completed: deep factorization, or something simpler to compare it with. */
export const CompletionMethod = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("deep-factorization"),
    depth: z
      .int()
      .min(2)
      .max(8)
      .optional()
      .describe("layers; 2, 3 and 4 are compared on validation entries when absent"),
    rank: rank
      .optional()
      .describe(
        "inner width, at most min(rows, cols); the smaller of that and 24 when absent, of which training fills what it needs",
      ),
  }),
  z.strictObject({ kind: z.literal("soft-impute"), rank: rank.optional().describe("at most; default 40") }),
  z.strictObject({
    kind: z.literal("alternating-least-squares"),
    rank: rank.optional().describe("default 20"),
  }),
  z.strictObject({ kind: z.literal("biases") }),
  z.strictObject({ kind: z.literal("mean") }),
]);
export type CompletionMethod = z.output<typeof CompletionMethod>;

/** Deep factorization, soft-impute, … for people. */
export function completionMethodName(method: CompletionMethod): string {
  switch (method.kind) {
    case "deep-factorization":
      return method.depth === undefined ? "deep factorization" : `factorization of depth ${method.depth}`;
    case "alternating-least-squares":
      return "alternating least squares";
    case "mean":
      return "global mean";
    default:
      return method.kind;
  }
}

const DEFAULT_RANK = {
  "deep-factorization": 24,
  "soft-impute": 40,
  "alternating-least-squares": 20,
} as const;

/** What is compared where the method leaves something open. */
export function candidatesOf(method: CompletionMethod): CompletionMethod[] {
  return method.kind === "deep-factorization" && method.depth === undefined
    ? [2, 3, 4].map((depth) => ({ ...method, depth }))
    : [method];
}

/** The path of a method. @param ridges - of its biases; those of the method "biases" are `pairs`, in turn */
export function pathOf(
  method: CompletionMethod,
  ridges: BiasRidges,
  pairs: readonly BiasRidges[],
): CompletionPath {
  switch (method.kind) {
    case "deep-factorization":
      return deepFactorizationPath({
        depth: method.depth ?? 2,
        rank: method.rank ?? DEFAULT_RANK[method.kind],
        ridges,
      });
    case "soft-impute":
      return softImputePath({ rank: method.rank ?? DEFAULT_RANK[method.kind], ridges });
    case "alternating-least-squares":
      return alternatingLeastSquaresPath({ rank: method.rank ?? DEFAULT_RANK[method.kind], ridges });
    case "biases":
      return biasPath(pairs);
    case "mean":
      return meanPath;
  }
}
