import { CompletionRecord, FitRecord, ImportanceRecord, ScoresRecord } from "lineament";
import { z } from "zod";

const count = z.int().nonnegative();
const file = z.string().nullable();

/** What `fit --json` prints: the record of the fit, and where it went. */
export const FitDocument = FitRecord.extend({
  model: file.describe("path of the model file; null when none was asked for"),
  report: file.describe("path of the report; null when none was asked for"),
}).meta({ title: "lineament fit --json" });
export type FitDocument = z.output<typeof FitDocument>;

/** What `complete --json` prints: the record of the completion, and where it went. */
export const CompleteDocument = CompletionRecord.extend({
  model: file.describe("path of the model file; null when none was asked for"),
  report: file.describe("path of the report; null when none was asked for"),
}).meta({ title: "lineament complete --json" });
export type CompleteDocument = z.output<typeof CompleteDocument>;

const predictionRecord = z
  .record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()]))
  .describe(
    "prediction, probability_<class>, lower, upper, contribution_<column>; of completed matrices the row, the column and, with --top, the rank",
  );

/** What `predict --json` prints. */
export const PredictDocument = z
  .strictObject({
    model: z.string(),
    target: z.string(),
    task: z.enum(["regression", "classification"]),
    rows: count,
    columns: z.array(z.string()).describe("columns of the predictions"),
    coverage: z.number().optional().describe("stated coverage of lower and upper"),
    out: file.describe("file that the predictions were written to"),
    predictions: z
      .array(predictionRecord)
      .optional()
      .describe("one a row; absent when they were written to a file"),
    unknownLevels: z.array(z.strictObject({ column: z.string(), count, examples: z.array(z.string()) })),
    warnings: z.array(z.string()),
  })
  .meta({ title: "lineament predict --json" });
export type PredictDocument = z.output<typeof PredictDocument>;

/** What `evaluate --json` prints. */
export const EvaluateDocument = z
  .strictObject({
    task: z.enum(["regression", "classification"]),
    target: z.string(),
    rows: z.strictObject({ scored: count, withoutTarget: count, unknownClass: count }),
    test: ScoresRecord,
    intervals: z
      .strictObject({
        coverage: z.number().describe("stated"),
        covered: z.number().describe("part of the rows inside their interval"),
        medianWidth: z.number(),
      })
      .optional(),
    confusion: z
      .strictObject({
        classes: z.array(z.string()),
        counts: z.array(z.array(count)).describe("counts[actual][predicted]"),
      })
      .optional(),
    calibration: z
      .strictObject({
        of: z.string(),
        bins: z.array(
          z.strictObject({
            from: z.number(),
            to: z.number(),
            count,
            predicted: z.number(),
            observed: z.number(),
          }),
        ),
      })
      .optional(),
    model: z.string(),
    warnings: z.array(z.string()),
  })
  .meta({ title: "lineament evaluate --json" });
export type EvaluateDocument = z.output<typeof EvaluateDocument>;

const cell = z.union([z.number(), z.string(), z.boolean(), z.null()]);

/** What `explain --json` prints: of the whole model, or with a row, of one prediction. */
export const ExplainDocument = z
  .strictObject({
    task: z.enum(["regression", "classification"]),
    target: z.string(),
    model: z.string(),
    importances: z.array(ImportanceRecord).optional(),
    directions: z
      .array(
        z.strictObject({
          share: z.number().describe("part of the mean squared change along it"),
          columns: z.array(z.strictObject({ column: z.string(), entry: z.number() })),
        }),
      )
      .optional(),
    effectiveRank: z.number().optional().describe("how many directions count"),
    interactions: z
      .array(
        z.strictObject({
          columns: z.tuple([z.string(), z.string()]),
          strength: z.number().describe("in standard deviations of the prediction"),
          share: z.number(),
        }),
      )
      .optional(),
    row: z
      .strictObject({
        row: count.describe("row of the table, from 1"),
        of: z.string().describe("the class whose probability is explained, or the target"),
        prediction: z.number(),
        reference: z
          .number()
          .describe("prediction of the average training row; contributions sum to the difference"),
        contributions: z.array(z.strictObject({ column: z.string(), value: cell, contribution: z.number() })),
        evidence: z.array(
          z.strictObject({
            trainingRow: count.describe("row of the training table, from 1"),
            target: cell,
            share: z.number().describe("part of all training rows' weight in this prediction"),
          }),
        ),
      })
      .optional(),
    table: z
      .strictObject({
        rows: count.describe("rows that were explained, a seeded sample"),
        contributions: z.array(
          z.strictObject({ column: z.string(), meanAbsolute: z.number().describe("mean of |contribution|") }),
        ),
      })
      .optional(),
    warnings: z.array(z.string()),
  })
  .meta({ title: "lineament explain --json" });
export type ExplainDocument = z.output<typeof ExplainDocument>;

const relative = z.number().describe("1 is the error of always predicting the mean");

const OverfittingRecord = z.strictObject({
  kind: z.enum(["benign", "tempered", "catastrophic"]),
  noiseFactor: z.number().describe("what overfitting multiplies noise by"),
  noiseFactorAtQuarter: z.number().describe("the same with a quarter of the rows"),
});

/** What `diagnose --json` prints. */
export const DiagnoseDocument = z
  .strictObject({
    model: z.string().optional(),
    table: z.string().optional(),
    target: z.string(),
    task: z.enum(["regression", "classification"]),
    kernel: z.string(),
    ridge: z.number().describe("λ"),
    weight: z.number().describe("share of this machine in the model's average"),
    updates: count.describe("metric updates; 0 is kernel ridge regression"),
    heldOut: z
      .number()
      .optional()
      .describe("with metric updates: relative error of the whole model on rows held out of its fits"),
    rows: count.describe("training rows looked at"),
    fitted: count.describe("training rows that the machine was fitted on"),
    of: count.describe("training rows in all"),
    error: z.string().describe("what the errors are"),
    guessing: z
      .number()
      .describe("squared error of always predicting the mean, in the units that the machine sees"),
    trainError: relative,
    leaveOneOut: z.strictObject({
      error: relative,
      standardError: z.number(),
      rmse: z.number().optional().describe("in units of the target"),
    }),
    curve: z
      .array(
        z.strictObject({
          rows: count,
          error: relative,
          rmse: z.number().optional(),
          noiseFactor: z.number(),
          extrapolated: z.boolean().describe("power laws went on beyond what the rows show"),
        }),
      )
      .describe("predicted, by number of rows"),
    measured: z
      .array(
        z.strictObject({
          rows: count,
          error: relative.describe("on rows left out one by one"),
          standardError: z.number(),
          test: relative.optional().describe("on test rows"),
        }),
      )
      .describe("of fits to parts of the rows"),
    noise: z
      .strictObject({ estimate: z.number(), atMost: z.number() })
      .describe("part of the target that no number of rows would remove"),
    effectiveDimension: z.number().describe("tr K (K + λI)⁻¹"),
    spectrum: z.strictObject({
      eigenvalues: z.array(z.strictObject({ rank: count, value: z.number() })).describe("of K ÷ rows"),
      decay: z
        .number()
        .optional()
        .describe("α of the kernel's eigenvalues C i^−α; absent without such a law"),
      amplitude: z.number().optional().describe("C"),
    }),
    overfitting: z.strictObject({ withRidge: OverfittingRecord, withoutRidge: OverfittingRecord }),
    report: file,
    warnings: z.array(z.string()),
  })
  .meta({ title: "lineament diagnose --json" });
export type DiagnoseDocument = z.output<typeof DiagnoseDocument>;

const Flops = z.number().describe("floating-point operations");
const Seconds = z.number().describe("estimated, on this machine as it is now");
const FitMethod = z.enum(["direct", "tree", "nystrom"]);

/** What `plan --json` prints. */
export const PlanDocument = z
  .strictObject({
    table: z.string(),
    target: z.string(),
    task: z.enum(["regression", "classification"]),
    rows: z.strictObject({
      train: count,
      test: count,
      withoutTarget: count.describe("rows left out because their target is missing"),
    }),
    coordinates: count.describe("columns of numbers after encoding"),
    outputs: count.describe("columns that are solved for: 1, or the classes less one"),
    effort: z.enum(["quick", "default", "thorough"]),
    method: FitMethod.describe("how the chosen machines are fitted to all rows"),
    reason: z.string(),
    solveRows: count.describe("rows of the largest kernel matrix solved"),
    pieces: count.describe("solves that are averaged, or leaves of a tree"),
    flops: Flops,
    bytes: z.number().describe("estimated peak memory above what the process takes anyway"),
    seconds: Seconds,
    memory: z.number().describe("bytes that the fit may take"),
    time: z.number().optional().describe("seconds that the fit was given"),
    stages: z.array(
      z.strictObject({
        stage: z.enum(["reading", "comparing", "fitting", "testing", "baselines", "importances"]),
        flops: Flops,
        seconds: Seconds,
      }),
    ),
    methods: z
      .array(
        z.strictObject({
          method: FitMethod,
          flops: Flops,
          bytes: z.number().describe("beside the rows themselves"),
          seconds: Seconds,
        }),
      )
      .describe(
        "what every possible method would take to fit the chosen machines to all rows, preferred ones first",
      ),
    machine: z
      .strictObject({
        engine: z.string(),
        gigaflops: z.number().describe("of a float32 matrix product, 10⁹ operations a second"),
        kernelValues: z.number().describe("Laplace kernel values a second"),
        bandwidth: z.number().describe("bytes a second that one thread reads and writes"),
      })
      .describe("what the estimates come from"),
    streamed: z
      .strictObject({
        sampled: count.describe("training rows in memory, which the machine is chosen on"),
        disk: count.describe("bytes of temporary files in which all rows are kept"),
      })
      .optional()
      .describe("how a table that does not fit into memory is fitted; absent when it fits"),
    reduced: z.string().optional().describe("why the plan is smaller than what was asked for"),
    warnings: z.array(z.string()),
  })
  .meta({ title: "lineament plan --json" });
export type PlanDocument = z.output<typeof PlanDocument>;

/** What `doctor --json` prints. */
export const DoctorDocument = z
  .strictObject({
    version: z.string(),
    node: z.string(),
    platform: z.string(),
    processor: z.string(),
    processors: count,
    simd: z.array(z.string()).describe("instruction sets of the processor, where the system tells them"),
    memory: z.strictObject({
      total: count.describe("bytes"),
      available: count.describe("bytes"),
      budget: count.describe("bytes that a fit may take unless told otherwise"),
    }),
    engines: z.array(
      z.strictObject({
        name: z.enum(["native", "wasm"]),
        available: z.boolean(),
        used: z.boolean(),
        description: z.string().describe("library and version, or why it is not there"),
        threads: count.optional(),
        gigaflops: z.number().optional().describe("matrix product in float32, 10⁹ operations a second"),
        kernelValues: z.number().optional().describe("Laplace kernel values a second"),
        bandwidth: z.number().optional().describe("bytes a second that one thread reads and writes"),
      }),
    ),
    largestSolve: count.describe("rows of the largest kernel matrix that fits the budget"),
    problems: z.array(z.string()),
  })
  .meta({ title: "lineament doctor --json" });
export type DoctorDocument = z.output<typeof DoctorDocument>;

const settingValues = z.record(z.string(), z.unknown()).describe("by name");

/** What `claims --json` prints. */
export const ClaimsDocument = z
  .strictObject({
    claims: z.array(
      z.strictObject({
        code: z.string().describe("such as LZ-06"),
        id: z.string().describe("area, a slash, a name"),
        title: z.string(),
        area: z.string(),
        statement: z.string().describe("prose with TeX between dollar signs"),
        source: z.string(),
        status: z.enum(["proved", "checked", "reported", "unverified"]),
        seconds: z.number().describe("on one core at quick settings, rounded up"),
        settings: z.array(
          z.strictObject({
            name: z.string(),
            range: z.string().describe("what fits, in words"),
            description: z.string(),
            value: z.unknown().describe("the default"),
            full: z.unknown().optional().describe("value of the full run, where it differs"),
          }),
        ),
        contrast: z
          .strictObject({ statement: z.string(), settings: settingValues })
          .optional()
          .describe("where the statement stops holding"),
      }),
    ),
  })
  .meta({ title: "lineament claims --json" });
export type ClaimsDocument = z.output<typeof ClaimsDocument>;

const number = z.number().nullable().describe("null when it is not finite");

const VerdictRecord = z.strictObject({
  holds: z.boolean(),
  why: z.string().describe("the numbers that decided it"),
  checks: z
    .array(
      z.strictObject({
        name: z.string(),
        measured: number,
        predicted: number.optional(),
        condition: z.string(),
        holds: z.boolean(),
      }),
    )
    .describe("all must hold"),
});

const RunRecord = VerdictRecord.extend({
  seconds: z.number(),
  settings: settingValues,
  predicted: z
    .unknown()
    .optional()
    .describe("what theory says, in the claim's own form; absent after an error"),
  measured: z.unknown().optional().describe("what happened, in the claim's own form; absent after an error"),
  contrast: VerdictRecord.optional().describe("the verdict where the statement should stop holding"),
});

/** What `reproduce --json` prints. */
export const ReproduceDocument = z
  .strictObject({
    claims: z.array(
      RunRecord.extend({
        code: z.string(),
        id: z.string(),
        title: z.string(),
        outcome: z
          .enum(["holds", "does not hold", "error"])
          .describe("error: it threw, and why is the message"),
        holds: z.boolean().describe("every verdict holds, and no contrast does"),
        figures: z.array(
          z.strictObject({
            name: z.string(),
            title: z.string(),
            caption: z.string(),
            spec: z.record(z.string(), z.unknown()).describe("Vega-Lite"),
            svg: z.string().optional().describe("path of the file, with --out"),
            png: z.string().optional().describe("path of the file, with --out"),
          }),
        ),
        runs: z.array(RunRecord).optional().describe("one a seed, when there are several"),
        stack: z.string().optional().describe("where it threw"),
      }),
    ),
    unfinished: z
      .array(z.string())
      .optional()
      .describe("codes of the claims that an interruption left without result"),
  })
  .meta({ title: "lineament reproduce --json" });
export type ReproduceDocument = z.output<typeof ReproduceDocument>;
export type ClaimRecord = ReproduceDocument["claims"][number];

/** Every document by the command that prints it. */
export const documents = {
  fit: FitDocument,
  complete: CompleteDocument,
  predict: PredictDocument,
  evaluate: EvaluateDocument,
  explain: ExplainDocument,
  diagnose: DiagnoseDocument,
  plan: PlanDocument,
  doctor: DoctorDocument,
  claims: ClaimsDocument,
  reproduce: ReproduceDocument,
} as const;
