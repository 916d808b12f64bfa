import { type Matrix, type Points, zeros } from "../linalg/index.ts";
import { normalQuantile } from "./normal-quantile.ts";

/**
 * How continuous coordinates are shown to a kernel: each standardized; as normal scores of its ranks; both, each over √2;
 * centered at the median, scaled by the quartiles and softly clipped at 3; or all divided by one common scale, for columns
 * of one unit such as pixels. Indicators (0 and 1, or −1 and 1) are never changed, other coordinates of two values are
 * standardized.
 */
export const VIEW_KINDS = ["standardized", "normal-scores", "both", "soft-clipped", "common-scale"] as const;
/** One of `VIEW_KINDS`. */
export type ViewKind = (typeof VIEW_KINDS)[number];

/** One-hot coordinates start … end − 1 of the input that together stand for one categorical column. */
export interface OneHotGroup {
  readonly start: number;
  readonly end: number;
}

/**
 * One coordinate of a view, a function of the input coordinates. Plain numbers: part of the model.
 *
 * - linear: (x − shift) · scale
 * - normal-scores: piecewise linear through (knots, scores), constant outside: the ranks of the training rows as normal scores
 * - soft-clipped: z / √(1 + (z/3)²), z = (x − shift) · scale
 * - target-mean: the shrunken mean target of the row's level, from one-hot coordinates `group` or from level column `block`
 */
export type ViewCoordinate =
  | {
      readonly kind: "linear" | "soft-clipped";
      readonly source: number;
      readonly shift: number;
      readonly scale: number;
    }
  | {
      readonly kind: "normal-scores";
      readonly source: number;
      readonly knots: readonly number[];
      readonly scores: readonly number[];
    }
  | {
      readonly kind: "target-mean";
      readonly group?: OneHotGroup | undefined;
      readonly block?: number | undefined;
      readonly values: readonly number[];
    };

/** A fitted view: the coordinates that a kernel sees, each a function of the input coordinates. */
export interface View {
  readonly kind: ViewKind;
  readonly targetMeans: boolean;
  readonly coordinates: readonly ViewCoordinate[];
}

/** The rows a view is fitted on. */
export interface ViewData {
  readonly x: Points;
  /** Encoded and scaled targets, n × c (for target means). */
  readonly y: Matrix;
  readonly groups: readonly OneHotGroup[];
  readonly blockSizes: readonly number[];
  /** Factors that give each coordinate back in its raw unit, for `common-scale`; 1 when absent. */
  readonly rawScale?: ArrayLike<number> | undefined;
}

/** More knots than this would describe noise: normal scores keep evenly spaced ranks. */
const MOST_KNOTS = 256;
const ROWS_IN_CACHE = 128;
/** Rows of the prior mean that a level's mean target is shrunk with. */
const PRIOR_ROWS = 5;

/** Fits a view on training rows. Constant coordinates are left out. */
export function fitView(kind: ViewKind, targetMeans: boolean, data: ViewData): View {
  const summaries = summarize(data);
  const scale = kind === "common-scale" ? commonScale(summaries) : 1;
  const coordinates = summaries.flatMap((summary): ViewCoordinate[] => {
    const { source, kind: values, sorted, mean, deviation } = summary;
    if (values === "constant") return [];
    if (values === "binary") {
      const indicator = sorted.at(-1) === 1 && (sorted[0] === 0 || sorted[0] === -1);
      return [{ kind: "linear", source, shift: indicator ? 0 : mean, scale: indicator ? 1 : 1 / deviation }];
    }
    return continuousCoordinates(kind, summary, scale);
  });
  if (targetMeans) coordinates.push(...targetMeanCoordinates(data));
  return { kind, targetMeans, coordinates };
}

/**
 * Whether the continuous coordinates may share one unit, as pixels or counts do: at least eight of them, and the raw standard
 * deviation of none above ten times the median one.
 */
export function sharesOneUnit(data: ViewData): boolean {
  const deviations = summarize(data)
    .filter(({ kind }) => kind === "continuous")
    .map(({ rawDeviation }) => rawDeviation)
    .sort((a, b) => a - b);
  return deviations.length >= 8 && deviations.at(-1)! <= 10 * deviations[deviations.length >> 1]!;
}

/** One coordinate of the training rows. */
interface CoordinateSummary {
  readonly source: number;
  readonly kind: "constant" | "binary" | "continuous";
  readonly sorted: Float64Array;
  readonly mean: number;
  readonly deviation: number;
  readonly rawDeviation: number;
}

function summarize({ x, rawScale }: ViewData): CoordinateSummary[] {
  const { rows, cols, data } = x.coordinates;
  return Array.from({ length: cols }, (_, source) => {
    const sorted = Float64Array.from({ length: rows }, (__, i) => data[i * cols + source]!).sort();
    const mean = sorted.reduce((sum, value) => sum + value, 0) / rows;
    const deviation = Math.sqrt(sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows);
    // A spread whose square is below the smallest number cannot be divided by.
    const kind =
      sorted[0] === sorted[rows - 1] || !(deviation > 1e-150)
        ? "constant"
        : isBinary(sorted)
          ? "binary"
          : "continuous";
    return { source, kind, sorted, mean, deviation, rawDeviation: deviation * (rawScale?.[source] ?? 1) };
  });
}

/** 1 / the root mean square of the raw deviations: the scale of a coordinate is that times its raw unit. */
function commonScale(summaries: readonly CoordinateSummary[]): number {
  const squares = summaries
    .filter(({ kind }) => kind === "continuous")
    .map(({ rawDeviation }) => rawDeviation ** 2);
  return 1 / Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / Math.max(1, squares.length));
}

/** The view of rows: coordinates in the view's order; levels are passed through. */
export function applyView(view: View, x: Points, blocks = 0): Points {
  const { data, rows, cols } = x.coordinates;
  const out = zeros(rows, view.coordinates.length);
  // Few rows at a time, so that they stay in cache from coordinate to coordinate.
  for (let start = 0; start < rows; start += ROWS_IN_CACHE) {
    const end = Math.min(rows, start + ROWS_IN_CACHE);
    view.coordinates.forEach((coordinate, k) => {
      if (coordinate.kind === "linear") {
        // The most frequent ones, without a call for every number.
        const { source, shift, scale } = coordinate;
        for (let i = start; i < end; i++)
          out.data[i * out.cols + k] = (data[i * cols + source]! - shift) * scale;
      } else
        for (let i = start; i < end; i++)
          out.data[i * out.cols + k] = valueOf(coordinate, data, i * cols, x.levels, i * blocks);
    });
  }
  return x.levels ? { coordinates: out, levels: x.levels } : { coordinates: out };
}

/**
 * Pulls gradients with respect to the view's coordinates (rows × view size) back to the input coordinates (rows × d) by the
 * chain rule; normal scores have the slope of their segment (0 outside), target means that of their one-hot table.
 */
export function pullBack(view: View, x: Points, gradients: Matrix): Matrix<Float64Array> {
  const { data, rows, cols } = x.coordinates;
  const out = zeros(rows, cols);
  view.coordinates.forEach((coordinate, k) => {
    for (let i = 0; i < rows; i++) {
      const gradient = gradients.data[i * gradients.cols + k]!;
      if (coordinate.kind === "target-mean") {
        const { group } = coordinate;
        if (group)
          for (let a = group.start; a < group.end; a++)
            out.data[i * cols + a]! += gradient * coordinate.values[a - group.start]!;
      } else
        out.data[i * cols + coordinate.source]! +=
          gradient * slopeOf(coordinate, data[i * cols + coordinate.source]!);
    }
  });
  return out;
}

function continuousCoordinates(kind: ViewKind, summary: CoordinateSummary, scale: number): ViewCoordinate[] {
  const { source, sorted, mean, deviation, rawDeviation } = summary;
  const n = sorted.length;
  const share = kind === "both" ? Math.SQRT1_2 : 1;
  const standardized: ViewCoordinate = { kind: "linear", source, shift: mean, scale: share / deviation };
  switch (kind) {
    case "standardized":
      return [standardized];
    case "normal-scores":
      return [normalScores(source, sorted, share)];
    case "both":
      return [standardized, normalScores(source, sorted, share)];
    case "soft-clipped": {
      const quartile = (p: number): number => sorted[Math.round(p * (n - 1))]!;
      const middle = quartile(0.75) - quartile(0.25);
      const range = sorted[n - 1]! - sorted[0]!;
      const spread = middle > 1e-12 * range ? middle : range / 2;
      return [{ kind: "soft-clipped", source, shift: quartile(0.5), scale: 1.35 / spread }];
    }
    case "common-scale":
      return [{ kind: "linear", source, shift: mean, scale: (scale * rawDeviation) / deviation }];
  }
}

/** Mid-ranks as normal scores, standardized over the training rows and times `share`. */
function normalScores(source: number, sorted: Float64Array, share: number): ViewCoordinate {
  const n = sorted.length;
  const values: number[] = [];
  const middles: number[] = [];
  const counts: number[] = [];
  for (let start = 0; start < n;) {
    let end = start;
    while (end < n && sorted[end] === sorted[start]) end++;
    values.push(sorted[start]!);
    middles.push((start + end) / 2 / n);
    counts.push(end - start);
    start = end;
  }
  const kept = thin(middles, MOST_KNOTS);
  const knots = kept.map((at) => values[at]!);
  const raw = kept.map((at) => normalQuantile(middles[at]!));
  let mean = 0;
  let square = 0;
  values.forEach((value, at) => {
    const score = interpolate(knots, raw, value);
    mean += (score * counts[at]!) / n;
    square += (score * score * counts[at]!) / n;
  });
  const deviation = Math.sqrt(Math.max(square - mean * mean, 1e-18));
  return {
    kind: "normal-scores",
    source,
    knots,
    scores: raw.map((score) => ((score - mean) / deviation) * share),
  };
}

/** Positions of at most `most` entries, first and last among them, evenly spaced in the (ascending) cumulative probabilities. */
function thin(middles: readonly number[], most: number): number[] {
  if (middles.length <= most) return middles.map((_, at) => at);
  const kept: number[] = [];
  let at = 0;
  for (let j = 0; j < most; j++) {
    const wanted = middles[0]! + ((middles.at(-1)! - middles[0]!) * j) / (most - 1);
    while (at < middles.length - 1 && middles[at]! < wanted) at++;
    if (kept.at(-1) !== at) kept.push(at);
  }
  if (kept.at(-1) !== middles.length - 1) kept.push(middles.length - 1);
  return kept;
}

function targetMeanCoordinates({ x, y, groups, blockSizes }: ViewData): ViewCoordinate[] {
  const { data, rows, cols } = x.coordinates;
  const c = y.cols;
  const overall = new Float64Array(c);
  for (let i = 0; i < rows; i++) for (let l = 0; l < c; l++) overall[l]! += y.data[i * c + l]! / rows;
  const columns = [
    ...groups.map((group) => ({
      size: group.end - group.start,
      where: { group },
      level: (i: number): number => {
        for (let a = group.start; a < group.end; a++) if (data[i * cols + a] === 1) return a - group.start;
        return -1;
      },
    })),
    ...blockSizes.map((size, block) => ({
      size,
      where: { block },
      level: (i: number): number => x.levels![i * blockSizes.length + block]!,
    })),
  ];
  return columns.flatMap(({ size, where, level }) => {
    const sums = new Float64Array(size * c);
    const counts = new Float64Array(size);
    for (let i = 0; i < rows; i++) {
      const a = level(i);
      if (a < 0 || a >= size) continue;
      counts[a]!++;
      for (let l = 0; l < c; l++) sums[a * c + l]! += y.data[i * c + l]! - overall[l]!;
    }
    const means = sums.map((sum, at) => sum / (counts[Math.floor(at / c)]! + PRIOR_ROWS));
    let variance = 0;
    for (let l = 0; l < c; l++) {
      let mean = 0;
      let square = 0;
      for (let a = 0; a < size; a++) {
        mean += (counts[a]! * means[a * c + l]!) / rows;
        square += (counts[a]! * means[a * c + l]! ** 2) / rows;
      }
      variance += square - mean * mean;
    }
    if (!(variance > 1e-16)) return [];
    const deviation = Math.sqrt(variance);
    return Array.from({ length: c }, (_, l): ViewCoordinate => ({
      kind: "target-mean",
      ...where,
      values: Array.from({ length: size }, (__, a) => means[a * c + l]! / deviation),
    }));
  });
}

function valueOf(
  coordinate: ViewCoordinate,
  data: ArrayLike<number>,
  row: number,
  levels: Int32Array | undefined,
  levelRow: number,
): number {
  switch (coordinate.kind) {
    case "linear":
    case "soft-clipped": {
      const z = (data[row + coordinate.source]! - coordinate.shift) * coordinate.scale;
      return coordinate.kind === "linear" ? z : z / Math.sqrt(1 + (z / 3) ** 2);
    }
    case "normal-scores":
      return interpolate(coordinate.knots, coordinate.scores, data[row + coordinate.source]!);
    case "target-mean": {
      if (coordinate.block !== undefined)
        return coordinate.values[levels![levelRow + coordinate.block]!] ?? 0;
      const { start, end } = coordinate.group!;
      let sum = 0;
      for (let a = start; a < end; a++) sum += data[row + a]! * coordinate.values[a - start]!;
      return sum;
    }
  }
}

function slopeOf(coordinate: Exclude<ViewCoordinate, { kind: "target-mean" }>, x: number): number {
  switch (coordinate.kind) {
    case "linear":
      return coordinate.scale;
    case "soft-clipped": {
      const z = (x - coordinate.shift) * coordinate.scale;
      return coordinate.scale / (1 + (z / 3) ** 2) ** 1.5;
    }
    case "normal-scores": {
      const { knots, scores } = coordinate;
      if (x < knots[0]! || x > knots.at(-1)!) return 0;
      const at = Math.min(Math.max(upperIndex(knots, x), 1), knots.length - 1);
      return (scores[at]! - scores[at - 1]!) / (knots[at]! - knots[at - 1]!);
    }
  }
}

/** Piecewise linear through (knots, values), constant outside. */
function interpolate(knots: readonly number[], values: readonly number[], x: number): number {
  const at = upperIndex(knots, x);
  if (at === 0) return values[0]!;
  if (at === knots.length) return values[at - 1]!;
  const t = (x - knots[at - 1]!) / (knots[at]! - knots[at - 1]!);
  return values[at - 1]! + t * (values[at]! - values[at - 1]!);
}

/** The first position whose knot is greater than x. */
function upperIndex(knots: readonly number[], x: number): number {
  let low = 0;
  let high = knots.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (knots[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether ascending values take exactly two different ones. */
function isBinary(sorted: Float64Array): boolean {
  let changes = 0;
  for (let i = 1; i < sorted.length && changes < 2; i++) if (sorted[i] !== sorted[i - 1]) changes++;
  return changes === 1;
}
