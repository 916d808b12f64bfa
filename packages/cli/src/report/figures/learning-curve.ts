import { formatCount, formatNumber } from "../numbers.ts";
import type { Diagnosis } from "../report-data.ts";
import { type Figure, layersIf, type Position } from "../picture.ts";
import { colors } from "../theme.ts";
import { finite, logarithmicTicks } from "./axis.ts";

/** Error against rows, both logarithmic: a line where it is predicted, dashed beyond what the rows show, marks where it was measured. */
export function learningCurve({ curve, measured, fitted, noise, leaveOneOut }: Diagnosis): Figure {
  const predicted = drawnPoints(curve);
  const spread = Math.min(0.9, (2 * leaveOneOut.standardError) / leaveOneOut.error || 0);
  const band = predicted.map((point) => ({
    rows: point.rows,
    lower: point.error * (1 - spread),
    upper: point.error * (1 + spread),
  }));
  const points = measured
    .filter(({ error }) => error > 0 && error < Infinity)
    .map((point) => ({
      ...point,
      low: Math.max(point.error / 3, point.error - 2 * (point.standardError || 0)),
      high: point.error + 2 * (point.standardError || 0),
      note: `${formatCount(point.rows)} rows: ${formatNumber(point.error)} on rows left out`,
    }));
  const tested = points
    .filter(
      (point): point is typeof point & { test: number } =>
        point.test !== undefined && point.test > 0 && point.test < Infinity,
    )
    .map((point) => ({
      ...point,
      note: `${formatCount(point.rows)} rows: ${formatNumber(point.test)} on test rows`,
    }));
  // The solid line ends where the dashed one begins.
  const resolved = predicted.filter(({ extrapolated }) => !extrapolated);
  const beyond = [...resolved.slice(-1), ...predicted.filter(({ extrapolated }) => extrapolated)];
  const values = finite([
    ...band.flatMap(({ lower, upper }) => [lower, upper]),
    ...points.flatMap(({ low, high }) => [low, high]),
    ...tested.map(({ test }) => test),
  ]);
  const [low, high] = logDomain(values);
  const rowsDomain = logDomain(predicted.map((point) => point.rows));
  const x: Position = {
    field: "rows",
    type: "quantitative",
    title: "training rows",
    scale: { type: "log", nice: false, domain: rowsDomain },
    axis: { values: logarithmicTicks(rowsDomain), format: ",~r" },
  };
  const y: Position = {
    type: "quantitative",
    title: "squared error ÷ that of the mean",
    scale: { type: "log", nice: false, domain: [low, high] },
    axis: { values: logarithmicTicks([low, high]), format: "~r" },
  };
  const line = (data: readonly object[], dash: readonly number[]) => ({
    data: { values: data as object[] },
    mark: { type: "line" as const, color: colors.accent, strokeDash: [...dash], aria: false },
    encoding: { x, y: { ...y, field: "error" } },
  });
  return {
    width: 340,
    height: 240,
    layer: [
      {
        data: { values: band },
        mark: { type: "area", color: colors.accent, opacity: 0.13, clip: true, aria: false },
        encoding: { x, y: { ...y, field: "lower" }, y2: { field: "upper" } },
      },
      ...layersIf(noise.estimate > low && noise.estimate < high, {
        data: { values: [{ noise: noise.estimate }] },
        mark: { type: "rule", color: colors.quiet, strokeDash: [2, 3] },
        encoding: { y: { ...y, field: "noise" } },
      }),
      ...layersIf(Number.isFinite(fitted), {
        data: { values: [{ rows: fitted }] },
        mark: { type: "rule", color: colors.line, aria: false },
        encoding: { x },
      }),
      line(resolved, [1, 0]),
      line(beyond, [5, 4]),
      {
        data: { values: points },
        mark: { type: "rule", color: colors.soft, aria: false },
        encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" } },
      },
      {
        data: { values: points },
        mark: { type: "point", filled: true, color: colors.ink, size: 45, opacity: 1 },
        encoding: { x, y: { ...y, field: "error" }, description: { field: "note" } },
      },
      ...layersIf(tested.length > 0, {
        data: { values: tested },
        mark: {
          type: "point",
          filled: true,
          shape: "diamond",
          color: colors.second,
          size: 70,
          opacity: 1,
        },
        encoding: { x, y: { ...y, field: "test" }, description: { field: "note" } },
      }),
    ],
  };
}

/** The predicted points that have a place on logarithmic axes. */
export function drawnPoints(curve: Diagnosis["curve"]): Diagnosis["curve"] {
  return curve.filter(({ error, rows }) => error > 0 && error < Infinity && rows > 0);
}

function logDomain(values: readonly number[]): [number, number] {
  return [Math.min(...values) * 0.9, Math.max(...values) * 1.1];
}
