import { z } from "zod";
import { RegressionScoresRecord } from "./fit-record.ts";

const count = z.int().nonnegative();

const CompletionTraceRecord = z.strictObject({
  step: count.describe("descent steps so far"),
  penalty: z
    .number()
    .describe("weight decay, as a part of the largest singular value at the start; 0 for none"),
  singularValues: z.array(z.number()).describe("of the interactions, as they are learned, descending"),
  validation: z.number().optional().describe("root mean squared error on the validation entries"),
});

/** One way to complete the matrix, and how good it was. */
export const CompletionScoreRecord = z.strictObject({
  name: z.string(),
  validation: z
    .number()
    .describe("root mean squared error on the validation entries, on which it was chosen"),
  test: RegressionScoresRecord.optional().describe("absent without test rows"),
});
export type CompletionScoreRecord = z.output<typeof CompletionScoreRecord>;

/** What the completion of a table did and found, a plain JSON value: part of the model. */
export const CompletionRecord = z.strictObject({
  row: z.string().describe("column of the table that names the rows of the matrix"),
  column: z.string().describe("column of the table that names the columns of the matrix"),
  value: z.string().describe("column of the table with the entries"),
  matrix: z.strictObject({ rows: count, columns: count }),
  entries: z.strictObject({
    train: count,
    test: count,
    withoutValue: count.describe("rows of the table left out because they have no value"),
    cold: count.describe("test rows whose row or column has no training entry"),
  }),
  chosen: z.strictObject({
    name: z.string(),
    depth: count.optional(),
    rank: count.describe("singular values of the interactions above 1 % of the largest"),
    penalty: z
      .number()
      .describe("weight decay at the end, as a part of the largest singular value at the start"),
    steps: count,
    rowRidge: z.number(),
    columnRidge: z.number(),
  }),
  scores: z.array(CompletionScoreRecord).describe("this model first, then simpler ones"),
  candidates: z.array(z.strictObject({ name: z.string(), validation: z.number(), steps: count })),
  search: z.array(CompletionTraceRecord).describe("the walk that was judged on validation entries"),
  trace: z.array(CompletionTraceRecord).describe("the final walk, on all training entries"),
  seconds: z.number(),
  engine: z.string(),
  seed: count,
  version: z.string().describe("version of Lineament"),
  data: z.json().optional().describe("where the table came from"),
  cutShort: z.literal(true).optional().describe("it was ended early by an interrupt; absent when it was not"),
  warnings: z.array(z.string()),
});
export type CompletionRecord = z.output<typeof CompletionRecord>;
