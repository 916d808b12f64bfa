import { z } from "zod";
import { Kernel, type Metric, METRIC_NORMALIZATIONS } from "../kernels/index.ts";
import type { Matrix, Points } from "../linalg/index.ts";
import {
  type Calibration,
  type FeatureMachineState,
  type Partition,
  type Target,
  type TargetCoding,
  type View,
  type ViewCoordinate,
  VIEW_KINDS,
} from "../machines/index.ts";
import { FileFormatError } from "./errors.ts";
import type { Tensor, TensorData } from "./safetensors.ts";

type Member = FeatureMachineState["members"][number];
type Expansion = Member["expansions"][number];

const index = z.int().nonnegative();
const group = z.object({ start: index, end: index });
const calibration = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("logarithmic"), slope: z.number() }),
  z.object({ kind: z.literal("linear"), slope: z.number(), offsets: z.array(z.number()) }),
]);
const settings = z.object({
  kernel: Kernel,
  bandwidth: z.enum(["constant", "adaptive"]),
  form: z.enum(["full", "diagonal"]),
  power: z.number(),
  normalization: z.enum(METRIC_NORMALIZATIONS).optional(),
  centered: z.boolean().optional(),
  shrinkage: z.number(),
  agopRows: index,
  precision: z.enum(["float32", "float64"]),
});
/** One coordinate of a view. `size` numbers of each of its lists are in the tensor `….view`. */
const viewCoordinate = z.discriminatedUnion("kind", [
  z.object({ kind: z.enum(["linear", "soft-clipped"]), source: index, shift: z.number(), scale: z.number() }),
  z.object({ kind: z.literal("normal-scores"), source: index, size: index }),
  z.object({ kind: z.literal("target-mean"), group: group.optional(), block: index.optional(), size: index }),
]);
const coding = z.discriminatedUnion("task", [
  z.object({
    task: z.literal("regression"),
    logarithm: z.boolean(),
    mean: z.array(z.number()),
    scale: z.array(z.number()),
  }),
  z.object({ task: z.literal("classification"), link: z.literal("softmax").optional() }),
]);

/** What a model file says about a machine beside its tensors (metadata `machine`). */
export const machineDescription = z.object({
  task: z.enum(["regression", "classification"]),
  outputs: z.int().positive(),
  blockSizes: z.array(index),
  groups: z.array(group),
  calibration: calibration.optional(),
  summary: z.object({
    evaluated: index,
    loss: z.number(),
    bestSingleLoss: z.number(),
    leaderboard: z.array(z.object({ name: z.string(), loss: z.number(), rounds: index })),
    cutShort: z.array(z.enum(["search", "fit"])).optional(),
  }),
  members: z
    .array(
      z.object({
        recipe: z.object({
          view: z.enum(VIEW_KINDS),
          targetMeans: z.boolean(),
          logarithm: z.boolean(),
          settings,
          ridges: z.array(z.number()),
          calibration: calibration.optional(),
          weight: z.number(),
        }),
        view: z.object({
          kind: z.enum(VIEW_KINDS),
          targetMeans: z.boolean(),
          coordinates: z.array(viewCoordinate),
        }),
        coding,
        jitter: z.number(),
        /** Forms of the metrics in tensors `….metric.K`. */
        metrics: z.array(z.enum(["full", "diagonal"])),
        expansions: z.array(z.object({ kernel: Kernel, metric: index })).min(1),
        /** The expansions are leaves of the tree in tensors `….partition.*`. */
        partition: z.object({ temperature: z.number().nonnegative() }).optional(),
      }),
    )
    .min(1),
});
export type MachineDescription = z.output<typeof machineDescription>;

/** A state as named tensors and a description of plain JSON values. Nothing is rounded. */
export function describeMachine(state: FeatureMachineState): {
  readonly tensors: Map<string, Tensor>;
  readonly description: MachineDescription;
} {
  const tensors = new Map<string, Tensor>();
  const put = (name: string, shape: readonly number[], data: TensorData): void =>
    void tensors.set(name, { shape, data });
  const putMatrix = (name: string, { data, rows, cols }: Matrix): void => put(name, [rows, cols], data);

  const { x, blockSizes, validation } = state;
  putMatrix("x", x.coordinates);
  if (x.levels) put("levels", [x.coordinates.rows, blockSizes.length], x.levels);
  putMatrix("validation.predictions", validation.predictions);
  if (validation.target.task === "regression") putMatrix("validation.y", validation.target.y);
  else put("validation.labels", [validation.target.labels.length], validation.target.labels);

  const members = state.members.map((member, m) => {
    const at = `members.${m}`;
    const numbers = member.view.coordinates.flatMap(numbersOf);
    put(`${at}.view`, [numbers.length], Float64Array.from(numbers));
    if (member.coding.task === "classification") {
      put(`${at}.prior`, [member.coding.prior.length], member.coding.prior);
      putMatrix(`${at}.basis`, member.coding.basis);
    }
    const metrics = [...new Set(member.expansions.map(({ metric }) => metric))];
    metrics.forEach((metric, k) => {
      if (metric.form === "full") putMatrix(`${at}.metric.${k}`, metric.root);
      else put(`${at}.metric.${k}`, [metric.scale.length], metric.scale);
      metric.blocks.forEach((block, g) => put(`${at}.metric.${k}.block.${g}`, [block.length], block));
    });
    const expansions = member.expansions.map(({ rows, kernel, metric, coefficients }, e) => {
      put(`${at}.expansions.${e}.rows`, [rows.length], rows);
      putMatrix(`${at}.expansions.${e}.coefficients`, coefficients);
      return { kernel, metric: metrics.indexOf(metric) };
    });
    const { recipe, view, coding: code, jitter, partition } = member;
    if (partition) {
      putMatrix(`${at}.partition.directions`, partition.directions);
      put(`${at}.partition.thresholds`, [partition.thresholds.length], partition.thresholds);
      put(`${at}.partition.spreads`, [partition.spreads.length], partition.spreads);
      put(`${at}.partition.children`, [partition.children.length], partition.children);
      putMatrix(`${at}.partition.offsets`, partition.offsets);
    }
    return {
      recipe: { ...recipe, ridges: [...recipe.ridges], calibration: plain(recipe.calibration) },
      view: { ...view, coordinates: view.coordinates.map(outline) },
      coding:
        code.task === "classification"
          ? { task: code.task, link: code.link }
          : { ...code, mean: [...code.mean], scale: [...code.scale] },
      jitter,
      metrics: metrics.map(({ form }) => form),
      expansions,
      partition: partition && { temperature: partition.temperature },
    };
  });
  const { task, outputs, groups, summary } = state;
  const description = {
    task,
    outputs,
    blockSizes: [...blockSizes],
    groups: [...groups],
    calibration: plain(state.calibration),
    summary: { ...summary, leaderboard: [...summary.leaderboard] },
    members,
  };
  // In the order of the schema: equal machines are equal files, and what is written can be read.
  return { tensors, description: machineDescription.parse(description) };
}

/**
 * The state that tensors and description stand for. Everything is checked: shapes against each other, numbers finite,
 * row, column and level numbers within bounds.
 *
 * @throws FileFormatError in one line
 */
export function restoreMachine(tensors: ReadonlyMap<string, Tensor>, value: unknown): FeatureMachineState {
  const parsed = machineDescription.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FileFormatError(
      `damaged model file: machine.${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`,
    );
  }
  const description = parsed.data;
  const { task, outputs, blockSizes, groups, summary } = description;
  const read = reader(tensors);
  const coordinates = read.matrix("x");
  const { rows: n, cols: d } = coordinates;
  require(n > 0, "x has no rows");
  require(groups.every(
    ({ start, end }) => start <= end && end <= d,
  ), "a group of one-hot columns is out of range");
  const levels = blockSizes.length > 0 ? read.integers("levels", [n, blockSizes.length]) : undefined;
  // A level number κ is the row of unknown levels.
  require(!levels ||
    levels.every(
      (level, at) => level >= 0 && level <= blockSizes[at % blockSizes.length]!,
    ), "a level is out of range");
  const x: Points = levels ? { coordinates, levels } : { coordinates };

  const predictions = read.doubles("validation.predictions", undefined, outputs);
  const v = predictions.rows;
  const target: Target =
    task === "regression"
      ? { task, y: read.doubles("validation.y", v, outputs) }
      : { task, labels: read.integers("validation.labels", [v]), classes: outputs };
  require(target.task === "regression" ||
    target.labels.every((label) => label >= 0 && label < outputs), "a class number is out of range");

  const members = description.members.map((member, m): Member => {
    const at = `members.${m}`;
    const c = task === "regression" ? outputs : outputs - 1;
    require(member.coding.task === task, `${at} is of another task`);
    let code: TargetCoding;
    if (member.coding.task === "regression") {
      code = member.coding;
      require(code.mean.length === outputs &&
        code.scale.length === outputs, `${at}: the target has other columns`);
    } else {
      code = {
        task: "classification",
        link: member.coding.link,
        prior: read.doubles(`${at}.prior`, outputs).data,
        basis: read.doubles(`${at}.basis`, outputs, c),
      };
    }
    const view = restoreView(member.view, read.doubles(`${at}.view`).data, d, blockSizes, at);
    const k = view.coordinates.length;
    const metrics = member.metrics.map((form, i): Metric => {
      const name = `${at}.metric.${i}`;
      const blocks = blockSizes.map(
        (size, g) => read.doubles(`${name}.block.${g}`, form === "full" ? size * size : size).data,
      );
      return form === "full"
        ? { form, root: read.doubles(name, k, k), blocks }
        : { form, scale: read.doubles(name, k).data, blocks };
    });
    const expansions = member.expansions.map(({ kernel, metric }, e): Expansion => {
      const rows = read.integers(`${at}.expansions.${e}.rows`);
      require(rows.every((row) => row >= 0 && row < n), `${at}: a row number is out of range`);
      require(metric < metrics.length, `${at}: there is no metric ${metric}`);
      const coefficients = read.matrix(`${at}.expansions.${e}.coefficients`, rows.length, c);
      return { rows, kernel, metric: metrics[metric]!, coefficients };
    });
    const { recipe, jitter } = member;
    checkCalibration(recipe.calibration, outputs);
    const restored = {
      recipe: { ...recipe, calibration: recipe.calibration },
      view,
      coding: code,
      expansions,
      jitter,
    };
    return member.partition
      ? { ...restored, partition: restorePartition(member.partition, read, at, [expansions.length, k, c]) }
      : restored;
  });
  checkCalibration(description.calibration, outputs);
  return {
    task,
    outputs,
    x,
    blockSizes,
    groups,
    members,
    calibration: description.calibration,
    validation: { predictions, target },
    summary,
  };
}

/** The lists of numbers in a coordinate, one after the other. */
function numbersOf(coordinate: ViewCoordinate): readonly number[] {
  if (coordinate.kind === "normal-scores") return [...coordinate.knots, ...coordinate.scores];
  return coordinate.kind === "target-mean" ? coordinate.values : [];
}

type Outline = z.output<typeof viewCoordinate>;

/** A coordinate without its lists of numbers. */
function outline(coordinate: ViewCoordinate): Outline {
  if (coordinate.kind === "normal-scores")
    return { kind: coordinate.kind, source: coordinate.source, size: coordinate.knots.length };
  if (coordinate.kind !== "target-mean") return coordinate;
  const { kind, group: columns, block, values } = coordinate;
  return { kind, group: columns, block, size: values.length };
}

function restoreView(
  {
    kind,
    targetMeans,
    coordinates,
  }: { readonly kind: View["kind"]; readonly targetMeans: boolean; readonly coordinates: readonly Outline[] },
  numbers: Float64Array,
  d: number,
  blockSizes: readonly number[],
  at: string,
): View {
  let taken = 0;
  const take = (size: number): number[] => Array.from(numbers.subarray(taken, (taken += size)));
  const restored = coordinates.map((coordinate): ViewCoordinate => {
    if (coordinate.kind === "target-mean") {
      const { kind: mean, group: columns, block, size } = coordinate;
      const expected = columns ? columns.end - columns.start : blockSizes[block ?? -1];
      require(size === expected &&
        (!columns || columns.end <= d), `${at}: a target mean does not fit its column`);
      return columns
        ? { kind: mean, group: columns, values: take(size) }
        : { kind: mean, block, values: take(size) };
    }
    require(coordinate.source < d, `${at}: the view looks at column ${coordinate.source} of ${d}`);
    if (coordinate.kind !== "normal-scores") return coordinate;
    const { kind: scores, source, size } = coordinate;
    require(size >= 2, `${at}: normal scores need two knots`);
    const knots = take(size);
    require(knots.every((knot, i) => i === 0 || knot > knots[i - 1]!), `${at}: knots must ascend`);
    return { kind: scores, source, knots, scores: take(size) };
  });
  require(taken === numbers.length, `${at}: the numbers of its view do not fit`);
  return { kind, targetMeans, coordinates: restored };
}

/** @param sizes - leaves, view coordinates, values of a leaf */
function restorePartition(
  { temperature }: { readonly temperature: number },
  read: ReturnType<typeof reader>,
  at: string,
  [leaves, k, c]: readonly [number, number, number],
): Partition {
  const name = `${at}.partition`;
  const nodes = leaves - 1;
  const children = read.integers(`${name}.children`, [2 * nodes]);
  const spreads = read.doubles(`${name}.spreads`, nodes).data;
  require(spreads.every((spread) => spread > 0), `${name}: a spread is not positive`);
  // Every node but the root and every leaf has one parent, and nodes come after theirs: it is a tree.
  const seen = new Set(children);
  require(seen.size === children.length &&
    children.every((child, place) =>
      child < 0 ? child >= -leaves : child > place >> 1 && child < nodes,
    ), `${name}: its nodes are no tree`);
  return {
    directions: read.doubles(`${name}.directions`, nodes, k),
    thresholds: read.doubles(`${name}.thresholds`, nodes).data,
    spreads,
    children,
    temperature,
    offsets: read.doubles(`${name}.offsets`, leaves, c),
  };
}

function checkCalibration(value: Calibration | undefined, outputs: number): void {
  require(value?.kind !== "linear" || value.offsets.length === outputs, "a calibration is of other classes");
}

function plain(value: Calibration | undefined): z.output<typeof calibration> | undefined {
  return value?.kind === "linear" ? { ...value, offsets: [...value.offsets] } : value;
}

function require(condition: boolean, otherwise: string): void {
  if (!condition) throw new FileFormatError(`damaged model file: ${otherwise}`);
}

/** Tensors by name, with the type and shape they must have. */
function reader(tensors: ReadonlyMap<string, Tensor>) {
  const named = (name: string): Tensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new FileFormatError(`damaged model file: tensor ${name} is missing`);
    const { data } = tensor;
    for (let i = 0; i < data.length; i++)
      if (!Number.isFinite(data[i]))
        throw new FileFormatError(`damaged model file: tensor ${name} holds ${data[i]}`);
    return tensor;
  };
  const shaped = (name: string, shape: readonly number[], rows?: number, cols?: number): void =>
    require((rows === undefined || shape[0] === rows) &&
      (cols === undefined ||
        shape[1] ===
          cols), `tensor ${name} is ${shape.join(" × ")}, not ${rows ?? "any"}${cols === undefined ? "" : ` × ${cols}`}`);
  const matrix = (name: string, rows?: number, cols?: number): Matrix => {
    const { data, shape } = named(name);
    require(shape.length === 2, `tensor ${name} is not a matrix`);
    require(data instanceof Float32Array ||
      data instanceof Float64Array, `tensor ${name} is of another type`);
    shaped(name, shape, rows, cols);
    return { data: data as Float64Array, rows: shape[0]!, cols: shape[1]! };
  };
  return {
    matrix,
    /** Float64: a matrix, or a vector as one column when `cols` is absent and the tensor has one axis. */
    doubles(name: string, rows?: number, cols?: number): Matrix<Float64Array> {
      const { data, shape } = named(name);
      require(data instanceof Float64Array, `tensor ${name} is of another type`);
      shaped(name, shape, rows, cols);
      require(cols === undefined
        ? shape.length === 1
        : shape.length === 2, `tensor ${name} has another shape`);
      return { data: data as Float64Array, rows: shape[0]!, cols: shape[1] ?? 1 };
    },
    integers(name: string, shape?: readonly number[]): Int32Array {
      const tensor = named(name);
      require(tensor.data instanceof Int32Array, `tensor ${name} is of another type`);
      require(tensor.shape.length === (shape?.length ?? 1) &&
        (shape?.every((size, i) => tensor.shape[i] === size) ?? true), `tensor ${name} has another shape`);
      return tensor.data as Int32Array;
    },
  };
}
