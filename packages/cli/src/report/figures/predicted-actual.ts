import { formatCount, formatNumber } from "../numbers.ts";
import type { PredictedActual } from "../report-data.ts";
import { shorten } from "../labels.ts";
import { type Figure, layersIf, type Position } from "../picture.ts";
import { colors } from "../theme.ts";
import { extent, numberAxis } from "./axis.ts";

interface Point {
  readonly actual: number;
  readonly predicted: number;
  readonly lower: number | undefined;
  readonly upper: number | undefined;
  readonly outside: boolean;
  readonly note: string;
}

/** What happened against what was predicted; the band is the middle of the prediction intervals, points outside of their own are diamonds. */
export function predictedActual(data: PredictedActual, target: string, unit?: string): Figure {
  const points = pointsOf(data, unit);
  const values = points.flatMap(({ actual, predicted }) => [actual, predicted]);
  const domain = extent(values, 0.03);
  const band = intervalBand(points);
  const inUnits = unit === undefined ? "" : ` (${unit})`;
  const name = shorten(data.output ?? target, 30);
  const scale = { domain, nice: false, zero: false };
  const x: Position = {
    field: "predicted",
    type: "quantitative",
    scale,
    title: `predicted ${name}${inUnits}`,
    axis: { tickCount: 5, ...numberAxis(values) },
  };
  const y: Position = {
    type: "quantitative",
    scale,
    title: `actual ${name}${inUnits}`,
    axis: { tickCount: 5, ...numberAxis(values) },
  };
  const many = points.length > 400;
  return {
    width: 340,
    height: 340,
    layer: [
      ...layersIf(band.length > 0, {
        data: { values: band },
        mark: {
          type: "area",
          color: colors.accent,
          opacity: 0.13,
          clip: true,
          aria: false,
        },
        encoding: { x, y: { ...y, field: "lower" }, y2: { field: "upper" } },
      }),
      {
        data: { values: domain.map((at) => ({ predicted: at, actual: at })) },
        mark: { type: "line", color: colors.soft, strokeWidth: 1, strokeDash: [5, 3], aria: false },
        encoding: { x, y: { ...y, field: "actual" } },
      },
      {
        data: { values: points.filter(({ outside }) => !outside) },
        mark: {
          type: "point",
          filled: true,
          color: colors.accent,
          size: many ? 12 : 22,
          opacity: many ? 0.45 : 0.6,
          shape: "circle",
        },
        encoding: { x, y: { ...y, field: "actual" }, description: { field: "note" } },
      },
      {
        data: { values: points.filter(({ outside }) => outside) },
        mark: {
          type: "point",
          filled: false,
          color: colors.second,
          size: many ? 22 : 36,
          strokeWidth: 1.25,
          opacity: 0.9,
          shape: "diamond",
        },
        encoding: { x, y: { ...y, field: "actual" }, description: { field: "note" } },
      },
    ],
  };
}

function pointsOf(
  { actual, predicted, lower, upper, row }: PredictedActual,
  unit: string | undefined,
): Point[] {
  const inUnits = unit === undefined ? "" : ` ${unit}`;
  return actual.flatMap((y, i) => {
    const f = predicted[i];
    if (f === undefined || !Number.isFinite(y) || !Number.isFinite(f)) return [];
    const [low, high] = [lower?.[i], upper?.[i]];
    const at = row?.[i];
    const place = at === undefined || !Number.isFinite(at) ? "" : `row ${formatCount(at)}: `;
    const interval =
      low === undefined || high === undefined
        ? ""
        : `, interval ${formatNumber(low)} to ${formatNumber(high)}`;
    return [
      {
        actual: y,
        predicted: f,
        lower: low,
        upper: high,
        outside: low !== undefined && high !== undefined && (y < low || y > high),
        note: `${place}actual ${formatNumber(y)}${inUnits}, predicted ${formatNumber(f)}${inUnits}${interval}`,
      },
    ];
  });
}

/** Means of the interval's ends over runs of neighboring predictions. */
function intervalBand(points: readonly Point[]): { predicted: number; lower: number; upper: number }[] {
  const whole = points.filter(
    (p): p is Point & { lower: number; upper: number } =>
      Number.isFinite(p.lower) && Number.isFinite(p.upper),
  );
  const sorted = whole.toSorted((a, b) => a.predicted - b.predicted);
  const runs = Math.min(40, Math.ceil(sorted.length / 5));
  const mean = (part: readonly number[]): number => part.reduce((sum, x) => sum + x / part.length, 0);
  const inner = Array.from({ length: runs }, (_, r) => {
    const part = sorted.slice(
      Math.floor((r * sorted.length) / runs),
      Math.floor(((r + 1) * sorted.length) / runs),
    );
    return {
      predicted: mean(part.map((p) => p.predicted)),
      below: mean(part.map((p) => p.lower - p.predicted)),
      above: mean(part.map((p) => p.upper - p.predicted)),
    };
  });
  if (inner.length === 0) return [];
  const ends = [
    { ...inner[0]!, predicted: sorted[0]!.predicted },
    ...inner,
    { ...inner.at(-1)!, predicted: sorted.at(-1)!.predicted },
  ];
  return ends.map(({ predicted, below, above }) => ({
    predicted,
    lower: predicted + below,
    upper: predicted + above,
  }));
}
