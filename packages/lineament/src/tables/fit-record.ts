import { z } from "zod";
import { Effort } from "../machines/index.ts";
import { columnKinds } from "./column-kinds.ts";

/** The version of this library; the test suite holds it against package.json. */
export const lineamentVersion = "0.1.0";

const count = z.int().nonnegative();

export const RegressionScoresRecord = z.strictObject({
  r2: z.number().describe("1 − squared error / variance of the scored rows"),
  rmse: z.number().describe("root mean squared error, in units of the target"),
  mae: z.number().describe("mean absolute error, in units of the target"),
});
export const ClassificationScoresRecord = z.strictObject({
  accuracy: z.number(),
  logLoss: z.number().describe("mean −log p(true class), p at least 1e-6"),
  brier: z.number().describe("mean squared error of the probabilities"),
  auc: z
    .number()
    .optional()
    .describe("area under the ROC curve, mean over one-against-rest; absent when only one class occurs"),
  f1: z.number().describe("F1 of the second of two classes, else the mean over classes"),
});
export const ScoresRecord = z.union([RegressionScoresRecord, ClassificationScoresRecord]);
export type Scores = z.output<typeof ScoresRecord>;

export const ColumnRecord = z.strictObject({
  name: z.string(),
  kind: z.enum(columnKinds),
  used: z.boolean().describe("whether the machine sees the column"),
  reason: z.string(),
  notice: z.string().optional(),
  missing: count,
  distinct: count,
});

export const MachineRecord = z.strictObject({
  name: z.string(),
  weight: z.number().describe("share in the average"),
  updates: count.describe("metric updates; 0 is kernel ridge regression"),
  ridge: z.number().describe("λ of the last solve"),
});

export const ImportanceRecord = z.strictObject({
  column: z.string(),
  importance: z.number().describe("share of the mean squared change of the prediction; all columns sum to 1"),
  lower: z.number().optional().describe("5 % end of the bootstrap band"),
  upper: z.number().optional().describe("95 % end of the bootstrap band"),
  aboveNoise: z.boolean().optional().describe("whether it exceeds that of random columns"),
});

/** What a fit did and found, a plain JSON value: part of the model. */
export const FitRecord = z.strictObject({
  task: z.enum(["regression", "classification"]),
  taskReason: z.string(),
  target: z.string(),
  roles: z.array(z.string()).describe("columns that are no features: target, split, weights, groups"),
  classes: z.array(z.string()).optional(),
  rows: z.strictObject({
    train: count,
    test: count,
    withoutTarget: count.describe("rows left out because their target is missing"),
    sampled: count
      .optional()
      .describe(
        "of a table larger than memory: training rows that the machine was chosen on; the last solve passes over all",
      ),
  }),
  columns: z.array(ColumnRecord),
  chosen: z.strictObject({
    machines: z.array(MachineRecord),
    candidates: count.describe("candidates that were compared"),
    coordinates: count.describe("columns of numbers after encoding"),
    method: z
      .enum(["direct", "tree", "nystrom"])
      .optional()
      .describe("how the machines were fitted to all rows; direct when absent"),
    solveRows: count.describe("rows of the largest kernel matrix solved"),
    pieces: count.describe(
      "solves that were averaged because all rows at once would be too many, or leaves of a tree",
    ),
  }),
  test: ScoresRecord.optional().describe("scores of the test rows; absent without test rows"),
  validation: ScoresRecord.describe(
    "scores on rows that the judged machines were not fitted on; the choice was made on them, so they flatter a little",
  ),
  baselines: z
    .strictObject({
      mean: ScoresRecord.optional(),
      majority: ScoresRecord.optional(),
      linear: ScoresRecord.optional(),
      kernelRidge: ScoresRecord.optional(),
    })
    .describe("simple learners on the test rows, or by cross-validation without them"),
  importances: z.array(ImportanceRecord).describe("columns, most important first"),
  seconds: z.number(),
  engine: z.string(),
  effort: Effort,
  seed: count,
  options: z.record(z.string(), z.json()).describe("options that were given"),
  version: z.string().describe("version of Lineament"),
  data: z.json().optional().describe("where the training table came from"),
  cutShort: z
    .array(z.enum(["search", "fit", "baselines", "importances"]))
    .optional()
    .describe(
      "what ended early or was left out, because time was over or by an interrupt; absent when nothing was",
    ),
  warnings: z.array(z.string()),
});
export type FitRecord = z.output<typeof FitRecord>;
