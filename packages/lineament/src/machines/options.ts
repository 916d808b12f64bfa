import { z } from "zod";
import { isDifferenceKernel, Kernel, METRIC_NORMALIZATIONS } from "../kernels/index.ts";
import type { Precision } from "../linalg/index.ts";
import { parseOptions } from "./parse-options.ts";
import { VIEW_KINDS } from "./view.ts";

/** How much a fit tries: `quick` seconds, `default` up to a minute or two, `thorough` several minutes on a laptop. */
export const Effort = z.enum(["quick", "default", "thorough"]);
export type Effort = z.output<typeof Effort>;

/**
 * Options of every fit. With `machine` absent, kernel, view, metric, ridge and their average are chosen by validation on the
 * training rows; with it, exactly that machine is fitted and validation only picks the iterate (and the ridge, if not given).
 */
export const FitOptions = z.strictObject({
  effort: Effort.default("default").describe("how much the automatic choice tries"),
  seconds: z
    .number()
    .positive()
    .optional()
    .describe(
      "time for the fit, in seconds: the search ends in time to fit its best to all rows, and when it is over the best machine so far is the answer",
    ),
  seed: z.int().nonnegative().default(0).describe("seed of every random choice"),
  task: z
    .enum(["auto", "regression", "classification"])
    .default("auto")
    .describe("auto: text and boolean labels are classes, numbers are regression"),
  method: z
    .enum(["direct", "tree", "nystrom"])
    .optional()
    .describe(
      "how the chosen machines are fitted to all rows: by kernel matrices, averaged where one is too large, in the leaves of trees, or on some of the rows as centers; default by the number of rows",
    ),
  centers: z
    .int()
    .positive()
    .optional()
    .describe("rows that a chosen Nyström machine is an expansion over; default by effort"),
  classWeights: z
    .enum(["none", "balanced"])
    .default("none")
    .describe("balanced: every class counts the same"),
  machine: z
    .strictObject({
      kernel: Kernel.describe(
        "kernel; the bandwidth is in units of the median distance when `bandwidth` is adaptive",
      ),
      bandwidth: z
        .enum(["constant", "adaptive"])
        .default("constant")
        .describe("constant: as given; adaptive: times the median distance, before every solve"),
      iterations: z.int().nonnegative().default(5).describe("metric updates T; 0 is kernel ridge regression"),
      ridge: z.number().nonnegative().optional().describe("λ in K + λ I; chosen by validation when absent"),
      metric: z.enum(["full", "diagonal"]).default("full").describe("form of the metric"),
      power: z.number().positive().max(2).default(0.5).describe("s in S = M^s"),
      normalization: z
        .enum(METRIC_NORMALIZATIONS)
        .default("agop-maximum")
        .describe("scale of the metric: largest entry of M or of S² is 1, tr S² = d, or as it comes"),
      centered: z
        .boolean()
        .default(false)
        .describe("subtract mean gradients first, so that linear parts are not seen"),
      shrinkage: z.number().min(0).max(1).default(0).describe("η in M ← (1 − η) M + η (tr M / d) I"),
      view: z
        .enum(VIEW_KINDS)
        .default("standardized")
        .describe("how continuous columns are shown to the kernel"),
      logarithm: z.boolean().default(false).describe("fit the logarithm of a positive target"),
      stopFactor: z
        .number()
        .min(1)
        .default(1.1)
        .describe("stop when the validation loss exceeds this multiple of the best"),
      refit: z
        .boolean()
        .optional()
        .describe(
          "fit the chosen iterate again on all rows, validation rows included; default below 5,000 rows",
        ),
      metricRows: z
        .int()
        .min(2)
        .optional()
        .describe(
          "learn the metric, and choose iterate and ridge, on samples of so many rows, beginning with a metric from products of gradients of different machines, then solve once for all; default all rows, in leaves of a tree 2,000",
        ),
      tree: z
        .strictObject({
          capacity: z.int().min(50).default(8000).describe("most rows of a leaf"),
          overlap: z
            .number()
            .min(0)
            .max(0.4)
            .default(0.05)
            .describe("ω: a child learns from ½ + ω of the rows of its parent"),
          trees: z.int().positive().default(1).describe("trees that are averaged"),
        })
        .optional()
        .describe("divide more rows than the capacity by a tree into leaves that each learn a machine"),
      agopRows: z.int().positive().default(20_000).describe("rows that gradients are averaged over"),
      precision: z
        .enum(["float32", "float64"])
        .optional()
        .describe(
          "precision of kernel matrices; default float32, for polynomial and network kernels float64",
        ),
    })
    .refine(({ kernel, bandwidth }) => kernel.family !== "sum-power" || bandwidth === "constant", {
      message: "sum-power is no function of a distance, so its bandwidth must be constant",
      path: ["bandwidth"],
    })
    .optional()
    .describe("fit exactly this machine instead of choosing one"),
});
export type FitOptions = z.input<typeof FitOptions>;
/** `FitOptions` with every default filled in. */
export type ResolvedFitOptions = z.output<typeof FitOptions>;

/**
 * The precision of a machine's kernel matrices. Those of networks and polynomials have no even tail in their spectrum, so that
 * float32 spoils them.
 */
export function machinePrecision({
  kernel,
  precision,
}: NonNullable<ResolvedFitOptions["machine"]>): Precision {
  return precision ?? (isDifferenceKernel(kernel) ? "float32" : "float64");
}

/** The ridges that validation chooses among: that of the machine, or a few far apart. */
export function machineRidges({ ridge }: { readonly ridge?: number | undefined }): readonly number[] {
  return ridge === undefined ? [1e-3, 1e-1, 10] : [ridge];
}

/** Options with their defaults. @throws RangeError that lists what is wrong with them */
export function parseFitOptions(options: unknown): ResolvedFitOptions {
  return parseOptions(FitOptions, options);
}
