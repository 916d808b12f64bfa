import type { ColumnReport, PartialDependence, ReportData } from "../../src/report/index.ts";

/** A small generator, so that the examples are the same everywhere. */
function noise(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647 - 0.5;
}

const provenance: ReportData["provenance"] = {
  data: [{ file: "table.csv", sha256: "0".repeat(64) }],
  version: "0.1.0",
  engine: "plain",
  seed: 0,
  settings: [],
  seconds: 1.5,
  date: "2026-11-22T05:31:00Z",
};

/** Only what every report has. */
export const least: ReportData = {
  title: "y from table.csv",
  task: "regression",
  target: "y",
  rows: { train: 10 },
  scores: {},
  columns: [],
  model: { members: [] },
  provenance,
};

/** The same of a classification. */
export const leastClasses: ReportData = { ...least, task: "classification", classes: ["no", "yes"] };

/** Everything that a report of a number can hold. */
export function regressionReport({
  names = ["age", "cement", "water"],
  points = 50,
  scale = 1,
}: {
  readonly names?: readonly string[];
  readonly points?: number;
  readonly scale?: number;
} = {}): ReportData {
  const random = noise(1);
  const actual = Array.from({ length: points }, () => scale * (40 + 60 * random()));
  const predicted = actual.map((y) => y + scale * 10 * random());
  const total = names.reduce((sum, _, i) => sum + 1 / (i + 1), 0);
  return {
    ...least,
    title: "strength from concrete.csv",
    target: "strength",
    unit: "MPa",
    rows: { train: 754, test: 276, withoutTarget: 2 },
    scores: {
      test: {
        rows: 276,
        model: { r2: 0.9388, rmse: 4.136 * scale, mae: 2.652 * scale },
        baselines: [
          {
            name: "mean",
            description: "always the mean",
            scores: { r2: -0.0083, rmse: 16.78 * scale, mae: 13.41 * scale },
          },
          { name: "linear", scores: { r2: 0.593, rmse: 10.66 * scale, mae: 8.59 * scale } },
        ],
      },
      validation: { rows: 754, model: { r2: 0.93, rmse: 4 * scale, mae: 3 * scale }, baselines: [] },
    },
    columns: columns(names),
    model: {
      members: [
        { description: "Laplace; full metric", weight: 0.75, rounds: 3, ridge: 0.01, centers: 754 },
        { description: "product Laplace", weight: 0.25, rounds: 0, ridge: 1e-7, centers: 754 },
      ],
      evaluated: 21,
      loss: "1 − R²",
      averageLoss: 0.0603,
      leaderboard: [
        { name: "Laplace; full metric", loss: 0.061, rounds: 3, chosen: true },
        { name: "product Laplace", loss: 0.062, rounds: 0, chosen: true },
        { name: "Gaussian", loss: 0.09, rounds: 1 },
      ],
    },
    importances: {
      columns: names.map((column, i) => {
        const share = 1 / (i + 1) / total;
        return { column, share, lower: 0.8 * share, upper: 1.2 * share, raw: share * scale ** 2 };
      }),
      noiseFloor: 0.05,
      noiseFloorOf: "the largest of 3 random columns",
      bandOf: "5–95% of 20 bootstrap fits",
    },
    agop: {
      labels: names,
      values: names.map((_, i) =>
        names.map((__, j) => (scale ** 2 * (i === j ? 1 : (-1) ** (i + j) / 3)) / (1 + i + j)),
      ),
      of: names.length + 2,
    },
    spectrum: {
      rounds: [0, 1, 2].map((round) => ({
        round,
        shares: names.map((_, i) => (round === 0 || i > 0 ? 1 / names.length / (1 + round) : 0.7)),
      })),
    },
    validationCurve: {
      loss: "1 − R²",
      candidates: [
        { name: "Laplace; full metric", losses: [0.09, 0.07, 0.061], chosen: true },
        { name: "product Laplace", losses: [0.062], chosen: true },
        { name: "Gaussian", losses: [0.5, 0.09] },
      ],
    },
    predictions: [
      {
        on: "test",
        actual,
        predicted,
        lower: predicted.map((f) => f - 4 * scale),
        upper: predicted.map((f) => f + 4 * scale),
        level: 0.9,
        of: 276,
        row: actual.map((_, i) => i + 1),
      },
    ],
    partialDependence: {
      rows: 200,
      bandOf: "the middle 80% of rows",
      columns: names.slice(0, 3).map((column, i) => dependence(column, i, scale)),
    },
    interactions: {
      pairs: names
        .slice(1)
        .map((name, i) => ({ columns: [names[0]!, name], strength: (3 * scale) / (i + 1) })),
      noiseFloor: 0.4 * scale,
      of: 28,
    },
    intervals: {
      method: "split conformal",
      on: "test",
      rows: 276,
      levels: [
        { nominal: 0.8, observed: 0.779, meanWidth: 8.04 * scale },
        { nominal: 0.9, observed: 0.895, meanWidth: 12 * scale },
      ],
    },
    diagnosis: {
      kernel: "laplace(L=7.3, q=1)",
      ridge: 1e-4,
      weight: 0.75,
      updates: 3,
      heldOut: 0.16,
      rows: 400,
      fitted: 754,
      of: 754,
      error: "squared error ÷ variance",
      guessing: 1,
      trainError: 0.004,
      leaveOneOut: { error: 0.14, standardError: 0.014, rmse: 6.2 * scale },
      curve: [94, 189, 377, 400, 754, 1508, 3016].map((rows) => ({
        rows,
        error: 3 * rows ** -0.5,
        rmse: 16.7 * scale * Math.sqrt(3 * rows ** -0.5),
        noiseFactor: 1.5,
        extrapolated: rows > 754,
      })),
      measured: [
        { rows: 100, error: 0.31, standardError: 0.02, test: 0.33 },
        { rows: 200, error: 0.2, standardError: 0.02, test: 0.22 },
        { rows: 400, error: 0.14, standardError: 0.014, test: 0.15 },
      ],
      noise: { estimate: 0.02, atMost: 0.07 },
      effectiveDimension: 380,
      spectrum: {
        eigenvalues: [1, 2, 5, 20, 100, 400].map((rank) => ({ rank, value: 0.4 * rank ** -1.5 })),
        decay: 1.5,
        amplitude: 0.4,
      },
      overfitting: {
        withRidge: { kind: "tempered", noiseFactor: 1.48, noiseFactorAtQuarter: 1.4 },
        withoutRidge: { kind: "catastrophic", noiseFactor: 60, noiseFactorAtQuarter: 15 },
      },
    },
    provenance: {
      ...provenance,
      blas: "OpenBLAS 0.3.29",
      threads: 2,
      runtime: "Node.js 24",
      model: { file: "model.safetensors", sha256: "f".repeat(64), bytes: 1_234_567 },
      settings: [{ name: "effort", value: "default" }],
      peakBytes: 3e8,
      command: "lineament fit concrete.csv --target strength",
    },
    warnings: ["Few rows."],
    notices: ["age has 3 missing cells."],
  };
}

/** Everything that a report of classes can hold. */
export function classReport(classes: readonly string[]): ReportData {
  const regression = regressionReport();
  const count = classes.length;
  const { predictions: _, intervals: __, unit: ___, ...shared } = regression;
  const multiclass = count > 2;
  return {
    ...shared,
    title: "letter from letters.csv",
    task: "classification",
    target: "letter",
    classes,
    scores: {
      test: {
        rows: 400,
        model: { accuracy: 0.897, logLoss: 0.4003, brier: 0.00568, auc: 0.994, f1: 0.896 },
        baselines: [
          {
            name: "majority",
            scores: { accuracy: 0.041, logLoss: 3.267, brier: 0.037, auc: 0.5, f1: 0.003 },
          },
        ],
      },
    },
    confusion: {
      on: "test",
      counts: classes.map((_, i) =>
        classes.map((_, j) => (i === j ? 40 : (i * 7 + j * 3) % 11 === 0 ? 3 : 0)),
      ),
    },
    reliability: {
      on: "test",
      of: multiclass ? "probability of the predicted class" : `probability of ${classes[1]!}`,
      bins: [0.1, 0.4, 0.6, 0.95].map((predicted, i) => ({
        predicted,
        observed: predicted ** 1.1,
        rows: 20 + 90 * i,
        lower: Math.max(0, predicted - 0.1),
        upper: Math.min(1, predicted + 0.1),
      })),
      error: 0.019,
    },
    partialDependence: {
      columns: ["age", "kind"].map((column, k) => ({
        column,
        ...(k === 0
          ? { kind: "number" as const, grid: [0, 1, 2] }
          : { kind: "category" as const, grid: ["a", "b", "c"] }),
        curves: (multiclass ? classes : classes.slice(1)).map((output, i) => ({
          output,
          mean: [0.1, 0.2, 0.1 + (i % 7) / 10],
          lower: [0.05, 0.1, 0.05],
          upper: [0.2, 0.4, 0.9],
        })),
      })),
    },
  };
}

function columns(names: readonly string[]): ColumnReport[] {
  return names.map((name, i) => ({
    name,
    kind: i % 2 === 0 ? "number" : "category",
    used: i !== 1,
    reason: "numbers, 14 distinct",
    notice: i === 1 ? "left out" : undefined,
    missing: i,
    distinct: 14,
  }));
}

function dependence(column: string, i: number, scale: number): PartialDependence {
  const shape = { mean: [30, 40, 50], lower: [20, 28, 36], upper: [40, 52, 64] };
  const curve = Object.fromEntries(
    Object.entries(shape).map(([name, values]) => [name, values.map((y) => y * scale)]),
  ) as unknown as { mean: number[]; lower: number[]; upper: number[] };
  if (i === 0)
    return { column, unit: "days", kind: "number", grid: [0, 10, 20], curves: [curve], deciles: [1, 5, 9] };
  if (i === 1)
    return { column, kind: "category", grid: ["low", "<b>", "high"], curves: [curve], counts: [5, 9, 2] };
  return { column, kind: "date", grid: ["2024-01-01", "2024-07-01", "2025-01-01"], curves: [curve] };
}
