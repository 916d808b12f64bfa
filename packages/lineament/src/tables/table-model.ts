import { z } from "zod";
import { type ExplainedColumn, Intervals, intervalCoverage, predictIntervals } from "../explain/index.ts";
import { FileFormatError, readModelFile, writeModelFile } from "../files/index.ts";
import { convert, type Engine, type Matrix, type Points } from "../linalg/index.ts";
import {
  classificationScores,
  confusion,
  FeatureMachine,
  type FeatureMachineState,
  mostLikely,
  regressionScores,
} from "../machines/index.ts";
import { parseNumber } from "./cells.ts";
import { type Encoded, type Encoder, type EncodingNotes, encode, encoderSchema } from "./encoder.ts";
import { InputError } from "./errors.ts";
import { FitRecord, type Scores } from "./fit-record.ts";
import { type Column, quote, sourceOf, type Table } from "./table.ts";
import { type TargetSpec, targetSpecSchema, targetValues } from "./target.ts";

export interface TablePrediction {
  readonly rows: number;
  /** Predicted numbers, or for classes the number of the most probable one. */
  readonly values: Float64Array;
  /** Classification: rows × classes. */
  readonly probabilities: Matrix<Float64Array> | undefined;
  /** Ends of the prediction intervals, when asked for. */
  readonly lower: Float64Array | undefined;
  readonly upper: Float64Array | undefined;
  /** What the table had that training did not. */
  readonly notes: EncodingNotes;
  /** The same for people, one line each. */
  readonly warnings: readonly string[];
}

/** Rows whose predicted probability lies in a range, and how often the class was true among them. */
export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Mean predicted probability. */
  readonly predicted: number;
  /** Part of the rows where the class was true. */
  readonly observed: number;
}

export interface Evaluation {
  readonly task: "regression" | "classification";
  readonly target: string;
  readonly rows: {
    readonly scored: number;
    readonly withoutTarget: number;
    readonly unknownClass: number;
  };
  readonly test: Scores;
  /** Regression: the part of rows inside their intervals, and the median width of these. */
  readonly intervals?:
    | { readonly coverage: number; readonly covered: number; readonly medianWidth: number }
    | undefined;
  /** Classification: counts[actual][predicted]. */
  readonly confusion?:
    | { readonly classes: readonly string[]; readonly counts: readonly (readonly number[])[] }
    | undefined;
  /** Classification: probabilities of the second of two classes, or of the most probable class, against what was true. */
  readonly calibration?: { readonly of: string; readonly bins: readonly CalibrationBin[] } | undefined;
  readonly warnings: readonly string[];
}

/** An evaluation with the numbers behind it. */
export interface EvaluatedTable {
  readonly evaluation: Evaluation;
  /** The row of the table, the true value (or class number) and the prediction of every scored row. */
  readonly rows: Int32Array;
  readonly actual: Float64Array;
  readonly prediction: TablePrediction;
}

/** The training rows as the model remembers them. */
export interface TrainingRows {
  /** Row numbers (from 0) in the table that was read. */
  readonly sourceRows: Int32Array;
  /** Their target: numbers, or class numbers. */
  readonly target: Float64Array;
}

export interface TableModelParts {
  readonly encoder: Encoder;
  readonly target: TargetSpec;
  readonly intervals?: Intervals | undefined;
  readonly training: TrainingRows;
  readonly record: FitRecord;
}

const tablePart = z.object({
  encoder: encoderSchema,
  target: targetSpecSchema,
  intervals: Intervals.optional(),
  record: FitRecord,
});

/** A machine fitted on a table, with everything needed to read other tables the same way. Never changed after the fit. */
export class TableModel implements TableModelParts {
  readonly encoder: Encoder;
  readonly target: TargetSpec;
  readonly machine: FeatureMachine;
  readonly intervals: Intervals | undefined;
  readonly training: TrainingRows;
  readonly record: FitRecord;

  constructor(machine: FeatureMachine, { encoder, target, intervals, training, record }: TableModelParts) {
    this.machine = machine;
    this.encoder = encoder;
    this.target = target;
    this.intervals = intervals;
    this.training = training;
    this.record = record;
  }

  /** The columns that are used, and the coordinates and block of the machine that each fills. */
  get columns(): ExplainedColumn[] {
    return this.encoder.sources.map(({ column, coordinates, block }) => ({
      name: column,
      coordinates,
      block,
    }));
  }

  /** The table as the machine sees it. @throws InputError as `encode` does */
  encode(table: Table): { readonly x: Points; readonly encoded: Encoded } {
    const encoded = encode(this.encoder, table);
    return { x: pointsOf(encoded), encoded };
  }

  /**
   * Predicts every row of a table. Columns may come in any order, others are ignored, levels that training did not have
   * are predicted and reported.
   *
   * @param options.coverage - also give intervals that hold the truth in this part of new rows (regression)
   * @throws InputError for missing columns and cells that cannot be read
   */
  async predict(
    table: Table,
    {
      coverage,
      signal,
    }: { readonly coverage?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<TablePrediction> {
    if (coverage !== undefined) this.checkCoverage(coverage);
    const { x, encoded } = this.encode(table);
    const outputs = await this.machine.predict(x, signal);
    const ends = coverage === undefined ? undefined : predictIntervals(this.intervals!, outputs, coverage);
    const classes = this.target.task === "classification";
    const addedColumns = encoded.notes.addedColumns.filter((name) => !this.record.roles.includes(name));
    const notes = { ...encoded.notes, addedColumns };
    return {
      rows: table.rows,
      values: classes ? Float64Array.from(mostLikely(outputs)) : outputs.data,
      probabilities: classes ? outputs : undefined,
      lower: ends?.lower.data,
      upper: ends?.upper.data,
      notes,
      warnings: describeNotes(notes, sourceOf(table)),
    };
  }

  /** @throws InputError when the model cannot give intervals of this coverage */
  checkCoverage(coverage: number): void {
    if (!(coverage > 0 && coverage < 1))
      throw new InputError(`intervals: the coverage is ${coverage}; it lies between 0 and 1, such as 0.9`);
    if (!this.intervals)
      throw new InputError(
        "intervals: the model predicts classes, and their probabilities already say how sure it is",
      );
    const rows = this.machine.state.validation.predictions.rows;
    if (rows < coverage / (1 - coverage))
      throw new InputError(
        `intervals: a coverage of ${coverage} needs at least ${Math.ceil(coverage / (1 - coverage))} validation rows, and the model has ${rows}; ask for at most ${(Math.floor((100 * rows) / (rows + 1)) / 100).toFixed(2)}`,
      );
  }

  /** Whether intervals of this coverage can be given. */
  hasIntervals(coverage: number): boolean {
    const rows = this.machine.state.validation.predictions.rows;
    return this.intervals !== undefined && rows >= coverage / (1 - coverage);
  }

  /**
   * Scores the model on a table that has the target. Rows without a target or with a class unknown to training are left
   * out and counted.
   *
   * @param options.coverage - of the intervals that are judged; default 0.9
   * @throws InputError when the table cannot be read as training was, or no row can be scored
   */
  async evaluate(
    table: Table,
    {
      coverage = 0.9,
      signal,
    }: { readonly coverage?: number; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<EvaluatedTable> {
    const { target } = this;
    const known = targetValues(target, table);
    if (known.rows.length === 0)
      throw new InputError(
        `${sourceOf(table)}: no row has a target ${quote(target.column)} that can be scored`,
      );
    const all = known.rows.length === table.rows;
    const judged = this.hasIntervals(coverage);
    const complete = await this.predict(table, { coverage: judged ? coverage : undefined, signal });
    const prediction = all ? complete : takePredictions(complete, known.rows);
    const { values, probabilities, lower, upper } = prediction;
    const unknownClass = known.unknownClasses.reduce((sum, { count }) => sum + count, 0);
    const n = known.rows.length;
    const common = {
      task: target.task,
      target: target.column,
      rows: { scored: n, withoutTarget: known.missing, unknownClass },
      warnings: [
        ...prediction.warnings,
        ...(unknownClass > 0
          ? [
              `${rowsOf(unknownClass)} of classes that training did not have (${known.unknownClasses
                .slice(0, 5)
                .map(({ label }) => quote(label))
                .join(", ")}) cannot be scored and are left out`,
            ]
          : []),
        ...(known.missing > 0 ? [`${rowsOf(known.missing)} without a target left out`] : []),
      ],
    };
    let evaluation: Evaluation;
    if (target.task === "regression") {
      const ends = { lower: column(lower), upper: column(upper) };
      const widths = lower && upper ? upper.map((end, i) => end - lower[i]!).sort() : undefined;
      evaluation = {
        ...common,
        test: regressionScores(known.values, values),
        ...(widths
          ? {
              intervals: {
                coverage,
                covered: intervalCoverage(ends, column(known.values)),
                medianWidth: widths[widths.length >> 1]!,
              },
            }
          : {}),
      };
    } else {
      const { classes } = target;
      evaluation = {
        ...common,
        test: plainScores(classificationScores(known.codes!, probabilities!)),
        confusion: { classes, counts: confusion(known.codes!, mostLikely(probabilities!), classes.length) },
        calibration: {
          of: classes.length === 2 ? `class ${quote(classes[1]!)}` : "the most probable class",
          bins: calibrationBins(known.codes!, probabilities!),
        },
      };
    }
    return { evaluation, rows: known.rows, actual: known.values, prediction };
  }

  /** Predictions as a table: `prediction`, `probability_<class>`, `lower`, `upper`. */
  predictionTable({ rows, values, probabilities, lower, upper }: TablePrediction): Table {
    const numbers = (name: string, data: Float64Array): Column => ({ name, type: "number", values: data });
    const columns: Column[] = [this.#predictionColumn(values)];
    if (this.target.task === "classification")
      this.target.classes.forEach((label, k) =>
        columns.push(
          numbers(
            `probability_${label}`,
            Float64Array.from({ length: rows }, (_, i) => probabilities!.data[i * probabilities!.cols + k]!),
          ),
        ),
      );
    if (lower) columns.push(numbers("lower", lower));
    if (upper) columns.push(numbers("upper", upper));
    return { rows, columns };
  }

  /** Numbers stay numbers and truth values truth values, so that predictions can be joined with the target. */
  #predictionColumn(values: Float64Array): Column {
    const name = "prediction";
    const { target } = this;
    if (target.task === "regression") return { name, type: "number", values };
    const { classes } = target;
    const numbers = classes.map(parseNumber);
    if (classes.length === 2 && classes[0] === "false" && classes[1] === "true")
      return { name, type: "boolean", values };
    if (numbers.every((value, k) => String(value) === classes[k]))
      return { name, type: "number", values: values.map((code) => numbers[code]!) };
    return { name, type: "text", levels: classes, codes: Int32Array.from(values) };
  }

  /** The bytes of the model file: one safetensors file with everything in it. */
  toBytes(): Uint8Array {
    const { encoder, target, intervals, record, training } = this;
    return writeModelFile({
      state: this.machine.state,
      parts: { table: tablePart.parse({ encoder, target, intervals, record }) },
      tensors: new Map([
        ["training.rows", { shape: [training.sourceRows.length], data: training.sourceRows }],
        ["training.target", { shape: [training.target.length], data: training.target }],
      ]),
    });
  }

  /**
   * Opens a model file. Nothing in it is run; predictions are those of the model that was written, bit for bit on the same
   * engine.
   *
   * @param source - how messages name the file
   * @throws InputError in one line when it is damaged, cut off, or something else
   */
  static fromBytes(engine: Engine, bytes: Uint8Array, source = "the model file"): TableModel {
    try {
      const { state, parts, tensors } = readModelFile(bytes);
      const part = tablePart.safeParse(parts["table"]);
      if (parts["table"] === undefined)
        throw new FileFormatError("a model of plain matrices, which knows no columns");
      if (!part.success) {
        const [issue] = part.error.issues;
        throw new FileFormatError(
          `damaged model file: table.${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`,
        );
      }
      const { encoder, target, intervals, record } = part.data;
      checkFit(state, encoder, target);
      const sourceRows = tensors.get("training.rows")?.data;
      const values = tensors.get("training.target")?.data;
      const n = state.x.coordinates.rows;
      if (
        !(sourceRows instanceof Int32Array && values instanceof Float64Array) ||
        sourceRows.length !== n ||
        values.length !== n
      )
        throw new FileFormatError("damaged model file: its training rows do not fit");
      return new TableModel(new FeatureMachine(engine, state), {
        encoder,
        target,
        intervals,
        training: { sourceRows, target: values },
        record,
      });
    } catch (error) {
      if (error instanceof FileFormatError || error instanceof InputError)
        throw new InputError(`${source}: ${error.message}`);
      throw error;
    }
  }
}

/** The columns of an encoder as explanations name them. */
export function explainedColumns({ sources }: Encoder): ExplainedColumn[] {
  return sources.map(({ column, coordinates, block }) => ({ name: column, coordinates, block }));
}

/** Rows as the machine stores them: numbers in float32. */
export function pointsOf({ x, levels }: Encoded): Points {
  const coordinates = convert(x, "float32");
  return levels ? { coordinates, levels } : { coordinates };
}

/** The scores of predictions of known rows. */
export function scoresOf(target: FeatureMachineState["validation"]["target"], predictions: Matrix): Scores {
  return target.task === "regression"
    ? regressionScores(target.y.data, predictions.data)
    : plainScores(classificationScores(target.labels, predictions));
}

function plainScores({ auc, ...scores }: ReturnType<typeof classificationScores>): Scores {
  return auc === undefined ? scores : { ...scores, auc };
}

/** What encoding met, for people. */
export function describeNotes(notes: EncodingNotes, source: string): string[] {
  const examples = (list: readonly string[]) => list.slice(0, 3).map(quote).join(", ");
  return [
    ...notes.unknownLevels.map(
      ({ column: name, count, examples: levels }) =>
        `${source}: column ${quote(name)} has ${count} cell${count === 1 ? "" : "s"} with levels that training did not have (${examples(levels)}); predicted as unknown`,
    ),
    ...notes.unreadable.map(
      ({ column: name, count, examples: cells }) =>
        `${source}: column ${quote(name)} has ${count} cell${count === 1 ? "" : "s"} that ${count === 1 ? "is no number" : "are no numbers"} (${examples(cells)}); read as missing`,
    ),
    ...notes.imputed.map(
      ({ column: name, count }) =>
        `${source}: column ${quote(name)} has ${count} missing cell${count === 1 ? "" : "s"}, and training had none; the training mean is taken`,
    ),
    ...notes.clipped.map(
      ({ column: name, count }) =>
        `${source}: column ${quote(name)} has ${count} value${count === 1 ? "" : "s"} more than a million standard deviations from training; cut there`,
    ),
    ...(notes.addedColumns.length > 0
      ? [
          `${source}: ${notes.addedColumns.length} column${notes.addedColumns.length === 1 ? "" : "s"} that training did not have ignored (${examples(notes.addedColumns)}${notes.addedColumns.length > 3 ? ", …" : ""})`,
        ]
      : []),
  ];
}

function checkFit(state: FeatureMachineState, encoder: Encoder, target: TargetSpec): void {
  const { x, blockSizes, outputs, task } = state;
  const fits =
    x.coordinates.cols === encoder.coordinates.length &&
    blockSizes.length === encoder.blocks.length &&
    encoder.blocks.every(({ levels }, g) => levels.length === blockSizes[g]) &&
    encoder.sources.every(
      ({ kind, levels, coordinates, block }) =>
        kind !== "category" ||
        (block === undefined
          ? coordinates.length === (levels.length === 2 ? 1 : levels.length)
          : levels.length === blockSizes[block]),
    ) &&
    task === target.task &&
    (target.task === "regression" ? outputs === 1 : outputs === target.classes.length);
  if (!fits) throw new FileFormatError("damaged model file: columns and machine do not belong together");
}

function takePredictions(all: TablePrediction, rows: Int32Array): TablePrediction {
  const take = (values: Float64Array | undefined) => values && Float64Array.from(rows, (i) => values[i]!);
  const { probabilities } = all;
  const k = probabilities?.cols ?? 0;
  const data = new Float64Array(rows.length * k);
  if (probabilities)
    rows.forEach((i, at) => data.set(probabilities.data.subarray(i * k, (i + 1) * k), at * k));
  return {
    ...all,
    rows: rows.length,
    values: take(all.values)!,
    probabilities: probabilities && { data, rows: rows.length, cols: k },
    lower: take(all.lower),
    upper: take(all.upper),
  };
}

/** How often the shown class was true, in ten bins of its probability: the second of two classes, else the most probable one. */
export function calibrationBins(labels: ArrayLike<number>, { data, rows, cols }: Matrix): CalibrationBin[] {
  const bins = Array.from({ length: 10 }, () => ({ count: 0, predicted: 0, observed: 0 }));
  for (let i = 0; i < rows; i++) {
    let shown = 1;
    if (cols > 2) {
      shown = 0;
      for (let k = 1; k < cols; k++) if (data[i * cols + k]! > data[i * cols + shown]!) shown = k;
    }
    const p = data[i * cols + shown]!;
    const bin = bins[Math.min(9, Math.floor(p * 10))]!;
    bin.count++;
    bin.predicted += p;
    if (labels[i] === shown) bin.observed++;
  }
  return bins
    .map(({ count, predicted, observed }, b) => ({
      from: b / 10,
      to: (b + 1) / 10,
      count,
      predicted: predicted / count,
      observed: observed / count,
    }))
    .filter(({ count }) => count > 0);
}

function column(values: Float64Array | undefined): Matrix<Float64Array> {
  return { data: values ?? new Float64Array(0), rows: values?.length ?? 0, cols: 1 };
}

function rowsOf(count: number): string {
  return `${count} row${count === 1 ? "" : "s"}`;
}
