import {
  type Calibration,
  type Engine,
  FeatureMachine,
  type Kernel,
  type LearningProblem,
  type Matrix,
  type OneHotGroup,
  type Points,
  type Precision,
  random,
  type Target,
  type ViewKind,
  zeros,
} from "lineament";
import { refitMember } from "../../src/machines/automatic/refit.ts";

/** Rows of independent standard normals. */
export function normals(rows: number, cols: number, seed: number): Matrix<Float64Array> {
  const generator = random(seed);
  const x = zeros(rows, cols);
  for (let at = 0; at < x.data.length; at++) x.data[at] = generator.normal();
  return x;
}

/** y = f(row) + noise · normal. */
export function regression(x: Matrix, f: (row: Float64Array) => number, noise = 0, seed = 1): Target {
  const generator = random(seed);
  const y = zeros(x.rows, 1);
  for (let i = 0; i < x.rows; i++)
    y.data[i] =
      f(Float64Array.from(x.data.subarray(i * x.cols, (i + 1) * x.cols))) + noise * generator.normal();
  return { task: "regression", y };
}

/** The class of a row is the position of the largest score. */
export function classification(x: Matrix, scores: (row: Float64Array) => number[]): Target {
  const rows = Array.from({ length: x.rows }, (_, i) =>
    scores(Float64Array.from(x.data.subarray(i * x.cols, (i + 1) * x.cols))),
  );
  return {
    task: "classification",
    labels: Int32Array.from(rows, (row) => row.indexOf(Math.max(...row))),
    classes: rows[0]!.length,
  };
}

export function problem(
  x: Matrix | Points,
  target: Target,
  more: Partial<LearningProblem> = {},
): LearningProblem {
  return { x: "coordinates" in x ? x : { coordinates: x }, blockSizes: [], groups: [], target, ...more };
}

interface Settings {
  readonly kernel: Kernel;
  readonly metric: "full" | "diagonal";
  readonly view: ViewKind;
  readonly targetMeans: boolean;
  readonly logarithm: boolean;
  readonly precision: Precision;
  readonly bandwidth: "constant" | "adaptive";
  readonly ridges: readonly number[];
}

/** A machine without search; in float64, so that central differences have digits to show. One metric update by default. */
export async function fitted(
  engine: Engine,
  of: LearningProblem,
  settings: Partial<Settings> = {},
  seed = 0,
): Promise<FeatureMachine> {
  const {
    kernel = { family: "laplace", bandwidth: 3, exponent: 1 },
    metric = "full",
    view = "standardized",
    targetMeans = false,
    logarithm = false,
  } = settings;
  const { precision = "float64", bandwidth = "constant", ridges = [1e-2, 1e-2] } = settings;
  const recipe = {
    view,
    targetMeans,
    logarithm,
    settings: { kernel, bandwidth, form: metric, power: 0.5, shrinkage: 0, agopRows: 1000, precision },
    ridges,
    calibration: undefined,
    weight: 1,
  };
  const plan = { metricRows: Infinity, solveRows: Infinity, heldOutAbove: Infinity };
  const { member } = await refitMember(engine, of, recipe, plan, new Int32Array(0), { seed });
  const { target, x, groups, blockSizes } = of;
  const outputs = target.task === "regression" ? target.y.cols : target.classes;
  return new FeatureMachine(engine, {
    task: target.task,
    outputs,
    x,
    blockSizes,
    groups,
    members: [member],
    calibration: undefined,
    validation: { predictions: zeros(0, outputs), target },
    summary: { evaluated: 1, loss: 0, bestSingleLoss: 0, leaderboard: [] },
  });
}

/** The average of machines that were fitted on the same rows, each with its calibration, and one of the average. */
export function averaged(
  machines: readonly FeatureMachine[],
  calibrations: readonly (Calibration | undefined)[] = [],
  calibration?: Calibration,
): FeatureMachine {
  const first = machines[0]!;
  const members = machines.flatMap(({ state }, at) =>
    state.members.map((member) => ({
      ...member,
      recipe: {
        ...member.recipe,
        weight: (at + 1) / ((machines.length * (machines.length + 1)) / 2),
        calibration: calibrations[at],
      },
    })),
  );
  return new FeatureMachine(first.engine, { ...first.state, members, calibration });
}

/** A column of random levels as one-hot coordinates after the given ones. */
export function withOneHot(
  x: Matrix,
  levels: number,
  seed: number,
): { x: Matrix<Float64Array>; codes: Int32Array; group: OneHotGroup } {
  const generator = random(seed);
  const codes = Int32Array.from({ length: x.rows }, () => generator.integer(levels));
  const out = zeros(x.rows, x.cols + levels);
  for (let i = 0; i < x.rows; i++) {
    for (let k = 0; k < x.cols; k++) out.data[i * out.cols + k] = x.data[i * x.cols + k]!;
    out.data[i * out.cols + x.cols + codes[i]!] = 1;
  }
  return { x: out, codes, group: { start: x.cols, end: out.cols } };
}

/** One row of points with some coordinates moved. */
export function moved(
  points: Points,
  row: number,
  moves: readonly (readonly [coordinate: number, by: number])[],
  blocks = 0,
): Points {
  const { data, cols } = points.coordinates;
  const copy = Float64Array.from(data.subarray(row * cols, (row + 1) * cols));
  for (const [k, by] of moves) copy[k]! += by;
  const coordinates = { data: copy, rows: 1, cols };
  return points.levels
    ? { coordinates, levels: points.levels.slice(row * blocks, (row + 1) * blocks) }
    : { coordinates };
}
