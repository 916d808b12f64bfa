import { createHash } from "node:crypto";
import { basename } from "node:path";
import process from "node:process";
import {
  applyView,
  calibrationBins,
  confusion,
  coordinateGrid,
  type Encoder,
  encodeTarget,
  type Engine,
  FEWEST_DIAGNOSED_ROWS,
  formatDate,
  holdout,
  intervalCoverage,
  interactions,
  learnedDirections,
  type LearningProblem,
  lineamentVersion,
  type Matrix,
  type Metric,
  mostLikely,
  partialDependence,
  type Points,
  predictIntervals,
  random,
  recursiveFeatureIterations,
  sample,
  type Source,
  subsample,
  type TableFit,
  type TableModel,
  takeProblem,
  zeros,
} from "lineament";
import type { Screen } from "../output/screen.ts";
import { renderReport } from "../report/index.ts";
import type {
  Confusion,
  Importances,
  IntervalCoverage,
  Interactions,
  LabeledMatrix,
  PartialDependence,
  PredictedActual,
  Reliability,
  ReportData,
  RowSet,
  ScoreSet,
  Spectrum,
  ValidationCurve,
} from "../report/report-data.ts";
import type { Provenance } from "../tables/index.ts";
import { diagnosisOf } from "./diagnosis-of-model.ts";

export interface ReportRequest {
  readonly provenance: Provenance;
  readonly testProvenance?: Provenance | undefined;
  readonly modelPath: string | false;
  /** The bytes of the model file. */
  readonly bytes: Uint8Array;
  readonly engine: Engine;
  readonly signal: AbortSignal;
  readonly screen: Screen;
  /** Words of the command line. */
  readonly command: string;
}

/** Rows drawn as points. */
const DRAWN_ROWS = 2000;
/** Columns with a curve of their own. */
const CURVES = 6;

/** Rows that the learning curve is read off: few enough that it takes a small part of the time of the fit. */
const DIAGNOSED_ROWS = { quick: 400, default: 800, thorough: 1500 } as const;

/** The report of a fit, one page of HTML. */
export async function reportOf(fit: TableFit, request: ReportRequest): Promise<string> {
  return await renderReport(await reportData(fit, request));
}

/** Everything that the report shows. */
export async function reportData(fit: TableFit, request: ReportRequest): Promise<ReportData> {
  const { model, test, baselines } = fit;
  const { record, machine, columns } = model;
  const { state } = machine;
  const { signal, screen, engine, provenance } = request;
  const seed = record.seed;
  const progress = (fraction: number, what: string) => {
    signal.throwIfAborted();
    screen.progress("report", 0.9 + 0.1 * fraction, `report: ${what}`);
  };
  const judged = judgedRows(fit);
  const names = {
    mean: "mean",
    majority: "class frequencies",
    linear: "linear",
    kernelRidge: "kernel ridge",
  } as const;
  const words = {
    mean: "predicts the mean of the training rows",
    majority: "predicts how frequent each class is in training",
    linear:
      record.task === "regression"
        ? "ridge regression, its penalty by generalized cross-validation"
        : "multinomial logistic regression",
    kernelRidge: "Laplace kernel, ridge by validation, no feature learning",
  } as const;
  const baselineScores = baselines.map(({ name, rows }) => ({
    name: names[name],
    description: `${words[name]}${rows < record.rows.train ? ` (on ${rows} rows)` : ""}`,
    scores: record.baselines[name] ?? {},
  }));
  const validation: ScoreSet = {
    rows: state.validation.predictions.rows,
    model: record.validation,
    baselines: test ? [] : baselineScores,
  };

  progress(0.1, "importances and learned directions");
  const directions = await learnedDirections(machine, { columns, seed, signal });
  progress(0.25, "partial dependence");
  const ranked = record.importances.map(({ column }) => column);
  const curves: PartialDependence[] = [];
  for (const name of ranked.slice(0, CURVES)) {
    const curve = await dependenceOn(model, name, signal);
    if (curve) curves.push(curve);
    progress(0.25 + (0.3 * curves.length) / CURVES, "partial dependence");
  }
  progress(0.55, "interactions");
  const pairs = columns.length > 1 ? await interactionsOf(model, signal) : undefined;
  progress(0.75, "learning once more, round by round");
  const rounds = await replay(model, engine, signal);
  progress(0.9, "what more rows would do");
  const diagnosis =
    record.rows.train < FEWEST_DIAGNOSED_ROWS
      ? undefined
      : await diagnosisOf(model, { rows: DIAGNOSED_ROWS[record.effort], seed, signal });
  progress(0.95, "drawing");

  const { task, target } = { task: record.task, target: record.target };
  return {
    title: `${target} in ${provenance.path === "-" ? "standard input" : basename(provenance.path)}`,
    task,
    target,
    ...(model.target.task === "classification" ? { classes: model.target.classes } : {}),
    rows: {
      train: record.rows.train,
      ...(test ? { test: test.evaluation.rows.scored } : {}),
      ...(record.rows.withoutTarget > 0 ? { withoutTarget: record.rows.withoutTarget } : {}),
    },
    scores: {
      ...(test && record.test
        ? { test: { rows: test.evaluation.rows.scored, model: record.test, baselines: baselineScores } }
        : {}),
      validation,
    },
    columns: record.columns,
    model: {
      members: state.members.map(({ recipe, expansions }, m) => ({
        description: record.chosen.machines[m]!.name,
        weight: recipe.weight,
        rounds: recipe.ridges.length - 1,
        ridge: recipe.ridges.at(-1)!,
        centers: expansions.reduce((sum, { rows }) => sum + rows.length, 0),
      })),
      evaluated: state.summary.evaluated,
      loss: task === "regression" ? "1 − R²" : "log loss",
      averageLoss: state.summary.loss,
      leaderboard: state.summary.leaderboard.slice(0, 12).map(({ name, loss, rounds: updates }) => ({
        name,
        loss,
        rounds: updates,
        chosen: record.chosen.machines.some((chosen) => chosen.name === name),
      })),
      ...(task === "classification" ? { calibration: calibrationOf(model) } : {}),
    },
    ...importancesOf(fit),
    agop: gradientMatrix(model, directions.agop),
    ...rounds,
    ...(diagnosis ? { diagnosis } : {}),
    ...(task === "regression" ? { predictions: [predictedActual(model, judged, seed)] } : {}),
    ...(task === "classification" ? classQuality(model, judged) : {}),
    partialDependence: {
      bandOf: "middle 80 % of rows",
      rows: Math.min(dependenceRows(model), record.rows.train),
      columns: curves,
    },
    ...(pairs ? { interactions: pairs } : {}),
    ...(model.intervals ? { intervals: coverageOf(model, judged) } : {}),
    provenance: {
      data: [provenance, request.testProvenance].flatMap((one) =>
        one ? one.files.map(({ name, bytes, sha256 }) => ({ file: basename(name), sha256, bytes })) : [],
      ),
      ...(request.modelPath === false
        ? {}
        : {
            model: {
              file: basename(request.modelPath),
              sha256: createHash("sha256").update(request.bytes).digest("hex"),
              bytes: request.bytes.length,
            },
          }),
      version: lineamentVersion,
      engine: engine.name,
      ...(engine.name === "native" ? { blas: engine.description } : {}),
      threads: engine.threads,
      runtime: `Node.js ${process.versions.node}, ${process.platform} ${process.arch}`,
      seed,
      settings: Object.entries({ ...record.options, effort: record.effort })
        .filter(([name]) => name !== "seed" && name !== "target")
        .map(([name, value]) => ({ name, value: shownSetting(value) })),
      seconds: record.seconds,
      peakBytes: process.resourceUsage().maxRSS * 1024,
      date: new Date().toISOString(),
      command: request.command,
    },
    warnings: record.warnings.filter((warning) => !record.columns.some(({ notice }) => notice === warning)),
    notices: record.columns.flatMap(({ notice }) => notice ?? []),
  };
}

function shownSetting(value: TableModel["record"]["options"][string]): string {
  if (typeof value === "string") return value;
  return Array.isArray(value) && value.every((one) => typeof one === "string")
    ? value.join(", ")
    : JSON.stringify(value);
}

/** The rows that quality is shown on: test rows, or validation rows without them. */
interface JudgedRows {
  readonly on: RowSet;
  /** Rows × outputs. */
  readonly outputs: Matrix;
  /** True numbers, or class numbers. */
  readonly actual: ArrayLike<number>;
  /** Row numbers from 1, where they are known. */
  readonly rows: readonly number[] | undefined;
}

function judgedRows({ model, test }: TableFit): JudgedRows {
  if (test) {
    const { values, probabilities, rows } = test.prediction;
    const outputs = probabilities ?? { data: values, rows, cols: 1 };
    return { on: "test", outputs, actual: test.actual, rows: Array.from(test.rows, (row) => row + 1) };
  }
  const { predictions, target } = model.machine.state.validation;
  const actual = target.task === "regression" ? target.y.data : target.labels;
  return { on: "validation", outputs: predictions, actual, rows: undefined };
}

function importancesOf({ importances: measured }: TableFit): { readonly importances?: Importances } {
  if (!measured) return {};
  const { floor, columns, bands } = measured;
  return {
    importances: {
      columns: columns
        .map(({ name, share, low, high }) => ({ column: name, share, lower: low, upper: high }))
        .sort((a, b) => b.share - a.share),
      ...(floor
        ? {
            noiseFloor: floor.largest,
            noiseFloorOf: `the largest of ${floor.shares.length} columns of random numbers`,
          }
        : {}),
      bandOf: bands === "rows" ? "5–95 % over resampled rows" : "5–95 % over resampled rows and refits",
    },
  };
}

/** The AGOP over the coordinates that change the prediction most. */
function gradientMatrix({ encoder }: TableModel, agop: Matrix<Float64Array>): LabeledMatrix {
  const d = agop.rows;
  const order = Array.from({ length: d }, (_, k) => k).sort(
    (a, b) => agop.data[b * d + b]! - agop.data[a * d + a]!,
  );
  const chosen = order.slice(0, 24);
  return {
    labels: chosen.map((k) => coordinateName(encoder, k)),
    values: chosen.map((a) => chosen.map((b) => agop.data[a * d + b]!)),
    of: d,
  };
}

function coordinateName({ coordinates }: Encoder, k: number): string {
  const { column, part, level } = coordinates[k]!;
  if (part === "value") return column;
  return part === "level" || part === "sign" ? `${column}: ${level}` : `${column}: ${part}`;
}

function calibrationOf({ machine }: TableModel): string {
  const { calibration } = machine.state;
  return calibration
    ? `probabilities of the average raised to the power ${calibration.slope.toPrecision(3)}`
    : "each machine by its own scale";
}

function predictedActual(
  model: TableModel,
  { on, outputs, actual, rows }: JudgedRows,
  seed: number,
): PredictedActual {
  const chosen = sample(outputs.rows, DRAWN_ROWS, random(seed));
  const take = (values: ArrayLike<number>) => Array.from(chosen, (i) => values[i]!);
  const ends = model.hasIntervals(0.9) ? predictIntervals(model.intervals!, outputs, 0.9) : undefined;
  return {
    on,
    actual: take(actual),
    predicted: take(outputs.data),
    ...(ends ? { lower: take(ends.lower.data), upper: take(ends.upper.data), level: 0.9 } : {}),
    of: outputs.rows,
    ...(rows ? { row: take(rows) } : {}),
  };
}

function classQuality(
  { target }: TableModel,
  { on, outputs, actual }: JudgedRows,
): { readonly confusion: Confusion; readonly reliability: Reliability } {
  const classes = target.task === "classification" ? target.classes : [];
  const bins = calibrationBins(actual, outputs);
  const rows = bins.reduce((sum, { count }) => sum + count, 0);
  return {
    confusion: { on, counts: confusion(actual, mostLikely(outputs), classes.length) },
    reliability: {
      on,
      of: classes.length === 2 ? `probability of ${classes[1]!}` : "probability of the predicted class",
      bins: bins.map(({ predicted, observed, count }) => ({
        predicted,
        observed,
        rows: count,
        ...wilson(observed, count),
      })),
      error: bins.reduce(
        (sum, { predicted, observed, count }) => sum + (count / rows) * Math.abs(predicted - observed),
        0,
      ),
    },
  };
}

/** A 90 % interval of a frequency. @see Wilson, JASA 1927 */
function wilson(frequency: number, n: number): { lower: number; upper: number } {
  const z = 1.6449;
  const center = (frequency + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((frequency * (1 - frequency)) / n + (z * z) / (4 * n * n));
  return { lower: Math.max(0, center - half), upper: Math.min(1, center + half) };
}

function coverageOf(model: TableModel, { on, outputs, actual }: JudgedRows): IntervalCoverage {
  const y = { data: Float64Array.from(actual), rows: outputs.rows, cols: 1 };
  return {
    method: "split conformal, scaled by the size of the prediction's usual error",
    on,
    rows: outputs.rows,
    levels: [0.5, 0.8, 0.9, 0.95]
      .filter((level) => model.hasIntervals(level))
      .map((level) => {
        const ends = predictIntervals(model.intervals!, outputs, level);
        const width =
          ends.upper.data.reduce((sum, end, i) => sum + end - ends.lower.data[i]!, 0) / outputs.rows;
        return { nominal: level, observed: intervalCoverage(ends, y), meanWidth: width };
      }),
  };
}

async function interactionsOf(model: TableModel, signal: AbortSignal): Promise<Interactions> {
  const { columns, record, machine } = model;
  const effects = columns.map(
    ({ name }) => record.importances.find(({ column }) => column === name)?.importance ?? 0,
  );
  const { pairs } = await interactions(machine, {
    columns,
    seed: record.seed,
    among: isBroad(model) ? 6 : 10,
    effects,
    signal,
  });
  return {
    pairs: pairs
      .slice(0, 12)
      .map(({ names, strength }) => ({ columns: names, strength: Math.sqrt(strength) })),
    of: pairs.length,
  };
}

/** Whether a table has so many coordinates that its report looks at fewer rows and pairs. */
function isBroad({ encoder }: TableModel): boolean {
  return encoder.coordinates.length > 150;
}

/** Kernel values that each value of a curve may take. */
const VALUES_OF_CURVE = 1.2e7;

/** Rows that curves are averaged over: 500, fewer where each is asked of very many centers or there are very many curves. */
function dependenceRows(model: TableModel): number {
  if (isBroad(model)) return 80;
  const centers = model.machine.state.members.reduce((sum, { expansions, partition }) => {
    const rows = expansions.map((expansion) => expansion.rows.length);
    return sum + (partition ? Math.max(...rows) : rows.reduce((a, b) => a + b, 0));
  }, 0);
  return Math.min(500, Math.max(100, Math.round(VALUES_OF_CURVE / centers)));
}

/** The mean prediction as one column is set to a value in every row. */
async function dependenceOn(
  model: TableModel,
  name: string,
  signal: AbortSignal,
): Promise<PartialDependence | undefined> {
  const { encoder, machine, target, record } = model;
  const { state } = machine;
  const source = encoder.sources.find(({ column }) => column === name)!;
  const grid = gridOf(model, source);
  if (grid.length < 2) return undefined;
  const outputs =
    target.task === "regression" ? [0] : target.classes.length === 2 ? [1] : target.classes.map((_, k) => k);
  const found = await partialDependence(
    machine,
    (points, at: number) => grid[at]!.set(points),
    grid.map((_, at) => at),
    { outputs, rows: dependenceRows(model), seed: record.seed, signal },
  );
  const changing = found.outputs
    .map((curve) => ({ curve, range: Math.max(...curve.mean) - Math.min(...curve.mean) }))
    .sort((a, b) => b.range - a.range)
    .slice(0, 5)
    .map(({ curve }) => curve)
    .sort((a, b) => a.output - b.output);
  const value = encoder.coordinates.findIndex(({ column, part }) => column === name && part === "value");
  const deciles =
    source.kind === "number" && value >= 0
      ? quantiles(state.x.coordinates, value).map(
          (z) => encoder.coordinates[value]!.mean + encoder.coordinates[value]!.scale * z,
        )
      : undefined;
  return {
    column: name,
    kind: source.kind === "number" || source.kind === "date" ? source.kind : "category",
    grid: grid.map(({ label }) => label) as number[] | string[],
    curves: changing.map(({ output, mean, low, high }) => ({
      ...(outputs.length > 1 && target.task === "classification" ? { output: target.classes[output]! } : {}),
      mean,
      lower: low,
      upper: high,
    })),
    ...(deciles ? { deciles } : {}),
  };
}

/** A value of a column and how it is written into encoded rows. */
interface GridValue {
  readonly label: number | string;
  readonly set: (points: Points) => void;
}

/** Up to twenty values of a column. */
function gridOf({ encoder, machine }: TableModel, source: Source): GridValue[] {
  const { x, blockSizes } = machine.state;
  const blocks = blockSizes.length;
  const write =
    (values: ReadonlyMap<number, number>) =>
    ({ coordinates: { data, rows, cols } }: Points) => {
      for (let i = 0; i < rows; i++) for (const [k, value] of values) data[i * cols + k] = value;
    };
  const levels = source.levels.slice(0, 30);
  if (source.block !== undefined) {
    const { block } = source;
    return levels.slice(0, 20).map((label, code) => ({
      label,
      set: ({ levels: codes }) => {
        for (let at = block; at < codes!.length; at += blocks) codes![at] = code;
      },
    }));
  }
  const [first] = source.coordinates;
  if (first === undefined) return [];
  if (source.kind === "boolean" || (source.kind === "category" && source.levels.length === 2))
    return (source.kind === "boolean" ? ["false", "true"] : source.levels).map((label, code) => ({
      label,
      set: write(new Map([[first, 2 * code - 1]])),
    }));
  if (source.kind === "category")
    return levels.map((label, code) => ({
      label,
      set: write(new Map(source.coordinates.map((k, at) => [k, at === code ? 1 : 0]))),
    }));
  const known = source.coordinates.find((k) => encoder.coordinates[k]!.part === "missing");
  const present: [number, number][] =
    known === undefined
      ? []
      : [[known, -encoder.coordinates[known]!.mean / encoder.coordinates[known]!.scale]];
  if (source.kind === "number") {
    const k = source.coordinates.find((at) => encoder.coordinates[at]!.part === "value");
    if (k === undefined) return [];
    const { mean, scale } = encoder.coordinates[k]!;
    return coordinateGrid({ x }, k).map((z) => ({
      label: Number((mean + scale * z).toPrecision(6)),
      set: write(new Map([...present, [k, z]])),
    }));
  }
  // Dates: the parts of training rows at even quantiles of their age.
  const age = source.coordinates.find((at) => encoder.coordinates[at]!.part === "age");
  if (age === undefined) return [];
  const { data, rows, cols } = x.coordinates;
  const order = Array.from({ length: rows }, (_, i) => i).sort(
    (a, b) => data[a * cols + age]! - data[b * cols + age]!,
  );
  const chosen = [
    ...new Set(Array.from({ length: 20 }, (_, at) => order[Math.round((at * (rows - 1)) / 19)]!)),
  ];
  const { mean, scale } = encoder.coordinates[age]!;
  return chosen.map((i) => ({
    label: formatDate(Math.round(mean + scale * data[i * cols + age]!) * 86_400_000),
    set: write(
      new Map([...source.coordinates.map((k): [number, number] => [k, data[i * cols + k]!]), ...present]),
    ),
  }));
}

function quantiles({ data, rows, cols }: Matrix, k: number): number[] {
  const sorted = Float64Array.from({ length: rows }, (_, i) => data[i * cols + k]!).sort();
  return Array.from({ length: 9 }, (_, at) => sorted[Math.round(((at + 1) / 10) * (rows - 1))]!);
}

/** Rows that rounds are replayed on, and rounds. */
const REPLAYED_ROWS = 1200;
const REPLAYED_ROUNDS = 5;

/**
 * The heaviest machine that learned a metric, fitted once more round by round on four fifths of (at most 1,200) training
 * rows and judged on the others: how its loss and the spectrum of its metric change.
 */
async function replay(
  { machine, training, record }: TableModel,
  engine: Engine,
  signal: AbortSignal,
): Promise<{ readonly spectrum?: Spectrum; readonly validationCurve?: ValidationCurve }> {
  const { x, blockSizes, groups, members, task, outputs } = machine.state;
  const ranked = members.toSorted((a, b) => b.recipe.weight - a.recipe.weight);
  const member = ranked.find(({ recipe }) => recipe.ridges.length > 1) ?? ranked[0]!;
  const { recipe, view, coding } = member;
  const labels = task === "classification" ? Int32Array.from(training.target) : undefined;
  const n = x.coordinates.rows;
  const problem: LearningProblem = {
    x,
    blockSizes,
    groups,
    target: labels
      ? { task: "classification", labels, classes: outputs }
      : { task: "regression", y: { data: training.target, rows: n, cols: 1 } },
  };
  const generator = random(record.seed);
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const part = takeProblem(problem, subsample(all, REPLAYED_ROWS, generator, labels));
  const split = holdout(part.x.coordinates.rows, 0.2, 400, generator, {
    labels: part.target.task === "classification" ? part.target.labels : undefined,
  });
  const [train, held] = [split.train, split.validation].map((rows) => {
    const some = takeProblem(part, rows);
    return { x: applyView(view, some.x, blockSizes.length), y: encodeTarget(coding, some.target) };
  }) as [{ x: Points; y: Matrix<Float64Array> }, { x: Points; y: Matrix<Float64Array> }];
  const losses: number[] = [];
  const rounds: { round: number; shares: number[] }[] = [];
  const iterations = recursiveFeatureIterations(
    engine,
    { x: train.x, blockSizes, y: train.y },
    recipe.settings,
    {
      iterations: REPLAYED_ROUNDS,
      ridges: [...new Set(recipe.ridges)],
      judge: { x: held.x, loss: (values) => relativeError(values, held.y) },
      seed: record.seed,
      signal,
    },
  );
  for await (const { iteration, round, loss } of iterations) {
    if (loss === undefined || !Number.isFinite(loss)) break;
    losses.push(loss);
    rounds.push({ round: iteration, shares: await spectrumOf(engine, round.metric, recipe.settings.power) });
  }
  const name = record.chosen.machines[members.indexOf(member)]!.name;
  if (losses.length < 2) return {};
  return {
    spectrum: { rounds, of: name },
    validationCurve: {
      loss: task === "regression" ? "squared error ÷ variance" : "squared error of class codes ÷ variance",
      candidates: [{ name, losses, chosen: true }],
    },
  };
}

function relativeError(values: Matrix, y: Matrix): number {
  const means = Array.from({ length: y.cols }, (_, l) => {
    let sum = 0;
    for (let i = 0; i < y.rows; i++) sum += y.data[i * y.cols + l]!;
    return sum / y.rows;
  });
  let [error, variance] = [0, 0];
  y.data.forEach((value, at) => {
    error += (values.data[at]! - value) ** 2;
    variance += (value - means[at % y.cols]!) ** 2;
  });
  return variance > 0 ? error / variance : error;
}

/** Eigenvalues of M = S^(1/s) as shares of their sum, largest first. */
async function spectrumOf(engine: Engine, metric: Metric, power: number): Promise<number[]> {
  let values: Float64Array;
  if (metric.form === "diagonal") values = Float64Array.from(metric.scale);
  else {
    const copy = zeros(metric.root.rows, metric.root.cols);
    copy.data.set(metric.root.data);
    ({ values } = await engine.eigenSymmetric(copy));
  }
  const lifted = Array.from(values, (value) => Math.max(0, value) ** (1 / power)).sort((a, b) => b - a);
  const total = lifted.reduce((sum, value) => sum + value, 0);
  return lifted.slice(0, 50).map((value) => (total > 0 ? value / total : 0));
}
