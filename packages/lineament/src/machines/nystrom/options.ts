import { z } from "zod";
import { namedKernel } from "../named-kernel.ts";
import { FitOptions } from "../options.ts";
import { parseOptions } from "../parse-options.ts";

const machine = FitOptions.shape.machine.unwrap().refine(({ tree }) => tree === undefined, {
  message: "a Nyström machine has no leaves; use FeatureMachineTree",
  path: ["tree"],
});

/** Options of a Nyström fit. Without `machine`, a Laplace kernel whose metric is updated five times. */
export const NystromFitOptions = FitOptions.pick({ seed: true, task: true, classWeights: true }).extend({
  centers: z
    .int()
    .positive()
    .default(5000)
    .describe("M: rows that the machine is an expansion over, a seeded sample of the training rows"),
  loss: z
    .enum(["squared", "logistic"])
    .default("squared")
    .describe("logistic: for classes, regression of their log-odds"),
  tolerance: z
    .number()
    .positive()
    .default(1e-3)
    .describe("relative residual of the preconditioned system at which a solve ends"),
  maxSteps: z.int().positive().default(20).describe("most steps of a solve, each a pass over the rows"),
  memory: z
    .number()
    .nonnegative()
    .default(2 ** 30)
    .describe("bytes of kernel values that may be kept between passes"),
  machine: machine
    .default(() => machine.parse(namedKernel("laplace")))
    .describe("kernel, metric and ridge, as of a feature machine; metricRows is 20,000 by default"),
});
export type NystromFitOptions = z.input<typeof NystromFitOptions>;
/** `NystromFitOptions` with every default filled in. */
export type ResolvedNystromFitOptions = z.output<typeof NystromFitOptions>;

/** Options with their defaults. @throws RangeError that lists what is wrong with them */
export function parseNystromFitOptions(options: unknown): ResolvedNystromFitOptions {
  return parseOptions(NystromFitOptions, options);
}
