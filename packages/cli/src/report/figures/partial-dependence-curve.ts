import { labels, shorten } from "../labels.ts";
import { formatNumber, formatShare } from "../numbers.ts";
import type { PartialDependence } from "../report-data.ts";
import { type Encoding, type Figure, layersIf, type Position } from "../picture.ts";
import { colors, seriesColors, seriesDashes, seriesShapes } from "../theme.ts";
import { numberAxis } from "./axis.ts";

export interface DependenceFrame {
  /** One range of predictions for all columns, so that their pictures can be compared. */
  readonly domain: readonly [number, number];
  /** Title of the predictions' axis. */
  readonly title: string;
  /** Predictions are probabilities. */
  readonly probability: boolean;
  /** Outputs drawn in color, when there are several; the others are gray. At most four. */
  readonly leading: readonly string[];
}

/** The mean prediction along one column: a line and band for numbers and dates, points for categories. */
export function partialDependenceCurve(dependence: PartialDependence, frame: DependenceFrame): Figure {
  return dependence.kind === "category" ? levels(dependence, frame) : curve(dependence, frame);
}

const width = 222;
const height = 165;

function predictionAxis({ domain, title, probability }: DependenceFrame): Position {
  return {
    type: "quantitative",
    title,
    scale: { domain: [...domain], nice: false, zero: false },
    axis: { tickCount: 4, grid: true, ...(probability ? { format: ".0%" } : numberAxis(domain)) },
  };
}

function curve(
  { column, unit, kind, grid, curves, deciles }: PartialDependence,
  frame: DependenceFrame,
): Figure {
  const said = (y: number): string => (frame.probability ? formatShare(y) : formatNumber(y));
  const several = curves.length > 1;
  const rows = curves.flatMap(({ output, mean, lower, upper }, line) =>
    grid.flatMap((at, i) => {
      const y = mean[i];
      const place = kind === "date" ? Date.parse(String(at)) : Number(at);
      if (y === undefined || !Number.isFinite(y) || !Number.isFinite(place)) return [];
      return [
        {
          at: place,
          y,
          lower: lower?.[i] ?? y,
          upper: upper?.[i] ?? y,
          line,
          series: String(frame.leading.indexOf(output ?? "")),
          leading: !several || frame.leading.includes(output ?? ""),
          note: `${column} ${typeof at === "number" ? formatNumber(at) : at}${output === undefined ? "" : `, ${output}`}: ${said(y)}`,
        },
      ];
    }),
  );
  const values = grid.filter((at) => typeof at === "number");
  const x: Position = {
    field: "at",
    type: kind === "date" ? "temporal" : "quantitative",
    title: `${shorten(column, 34)}${unit === undefined ? "" : ` (${unit})`}`,
    scale: { nice: false, padding: 0, ...(kind === "date" ? { type: "utc" } : { zero: false }) },
    axis: { tickCount: 4, labelFlush: true, ...(kind === "date" ? {} : numberAxis(values)) },
  };
  const y = predictionAxis(frame);
  const scale = { domain: frame.leading.map((_, i) => String(i)) };
  const series: Encoding = {
    color: { field: "series", type: "nominal", scale: { ...scale, range: [...seriesColors] }, legend: null },
    strokeDash: {
      field: "series",
      type: "nominal",
      scale: { ...scale, range: seriesDashes.map((dash) => [...dash]) },
      legend: null,
    },
  };
  return {
    width,
    height,
    data: { values: rows },
    layer: [
      ...layersIf(!(several || curves.every(({ lower }) => lower === undefined)), {
        mark: { type: "area", color: colors.accent, opacity: 0.15, clip: true, aria: false },
        encoding: { x, y: { ...y, field: "lower" }, y2: { field: "upper" } },
      }),
      ...layersIf(
        several,
        {
          transform: [{ filter: "!datum.leading" }],
          mark: { type: "line", color: colors.quiet, strokeWidth: 1, opacity: 0.5, clip: true, aria: false },
          encoding: { x, y: { ...y, field: "y" }, detail: { field: "line", type: "nominal" } },
        },
        {
          transform: [{ filter: "datum.leading" }],
          mark: { type: "line", clip: true, aria: false },
          encoding: { x, y: { ...y, field: "y" }, ...series },
        },
      ),
      ...layersIf(!several, {
        mark: { type: "line", color: colors.accent, clip: true, aria: false },
        encoding: { x, y: { ...y, field: "y" } },
      }),
      // Invisible, for the pointer.
      {
        transform: [{ filter: "datum.leading" }],
        mark: {
          type: "point",
          filled: true,
          size: rows.length === 1 ? 40 : 60,
          opacity: rows.length === 1 ? 1 : 0,
          color: colors.accent,
        },
        encoding: { x, y: { ...y, field: "y" }, description: { field: "note" } },
      },
      ...layersIf(kind === "number" && deciles !== undefined, {
        data: { values: (deciles ?? []).filter(Number.isFinite).map((at) => ({ at })) },
        mark: { type: "rule", color: colors.soft, strokeWidth: 1, clip: true, aria: false },
        encoding: { x, y: { value: height }, y2: { value: height - 6 } },
      }),
    ],
  };
}

function levels({ column, grid, curves, counts }: PartialDependence, frame: DependenceFrame): Figure {
  const most = 10;
  const kept = grid
    .map((level, i) => ({ level: String(level), i, count: counts?.[i] ?? 0 }))
    .toSorted((a, b) => b.count - a.count || a.i - b.i)
    .slice(0, most);
  const first = curves.find(({ output }) => output === frame.leading[0]) ?? curves[0];
  kept.sort((a, b) => (first?.mean[b.i] ?? 0) - (first?.mean[a.i] ?? 0) || a.i - b.i);
  const names = labels(
    kept.map(({ level }) => level),
    18,
  );
  const several = curves.length > 1;
  const shown = several ? curves.filter(({ output }) => frame.leading.includes(output ?? "")) : curves;
  const said = (y: number): string => (frame.probability ? formatShare(y) : formatNumber(y));
  const rows = shown.flatMap(({ output, mean, lower, upper }) =>
    kept.flatMap(({ level, i }, at) => {
      const y = mean[i];
      if (y === undefined || !Number.isFinite(y)) return [];
      return [
        {
          level: names[at]!,
          y,
          lower: lower?.[i] ?? y,
          upper: upper?.[i] ?? y,
          series: String(frame.leading.indexOf(output ?? "")),
          note: `${column} ${level}${output === undefined ? "" : `, ${output}`}: ${said(y)}`,
        },
      ];
    }),
  );
  const left = grid.length - kept.length;
  const x: Position = { ...predictionAxis(frame) };
  const level: Position = {
    field: "level",
    type: "nominal",
    sort: names,
    scale: { domain: names },
    title: null,
    axis: { labelColor: colors.ink },
  };
  const scale = { domain: frame.leading.map((_, i) => String(i)) };
  const series: Encoding = {
    color: { field: "series", type: "nominal", scale: { ...scale, range: [...seriesColors] }, legend: null },
    shape: { field: "series", type: "nominal", scale: { ...scale, range: [...seriesShapes] }, legend: null },
  };
  return {
    width: width - 40,
    height: Math.max(60, Math.min(height, 24 * names.length)),
    title: {
      text: `${shorten(column, 34)}${left > 0 ? ` (${most} most frequent of ${grid.length})` : ""}`,
      fontWeight: "normal",
    },
    data: { values: rows },
    encoding: { y: level },
    layer: [
      ...layersIf(!(several || curves.every(({ lower }) => lower === undefined)), {
        mark: { type: "rule", color: colors.accent, strokeWidth: 5, opacity: 0.2, aria: false },
        encoding: { x: { ...x, field: "lower" }, x2: { field: "upper" } },
      }),
      {
        mark: { type: "point", filled: true, size: 60, opacity: 1, color: colors.accent },
        encoding: {
          x: { ...x, field: "y" },
          description: { field: "note" },
          ...(several ? series : {}),
        },
      },
    ],
  };
}
