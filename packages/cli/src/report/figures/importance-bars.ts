import { labels } from "../labels.ts";
import { formatShare } from "../numbers.ts";
import type { Importances } from "../report-data.ts";
import { type Figure, layersIf, type Position } from "../picture.ts";
import { colors } from "../theme.ts";
import { extent } from "./axis.ts";

/** Shares of the columns, with the band over refits and the line that noise reaches. Hollow bars do not rise above it. */
export function importanceBars({ columns, noiseFloor }: Importances, most = 20): Figure {
  const shown = columns.slice(0, most).filter(({ share }) => Number.isFinite(share));
  const names = labels(shown.map(({ column }) => column));
  const rows = shown.map(({ column, share, lower, upper }, i) => ({
    column: names[i]!,
    share,
    lower: lower ?? share,
    upper: upper ?? share,
    end: Math.max(share, upper ?? share),
    text: formatShare(share),
    noise: noiseFloor !== undefined && share <= noiseFloor,
    note: `${column}: ${formatShare(share)}${lower !== undefined && upper !== undefined ? ` (${formatShare(lower)} to ${formatShare(upper)})` : ""}`,
  }));
  const banded = shown.some(({ lower, upper }) => lower !== undefined && upper !== undefined);
  const [, high] = extent([0, noiseFloor, ...rows.map(({ end }) => end)]);
  const y: Position = {
    field: "column",
    type: "nominal",
    sort: names,
    scale: { domain: names },
    title: null,
    axis: { labelColor: colors.ink },
  };
  const x: Position = { type: "quantitative", scale: { domain: [0, high], nice: false } };
  return {
    width: 250,
    height: { step: rows.length > 12 ? 20 : 24 },
    data: { values: rows },
    encoding: { y },
    layer: [
      {
        mark: { type: "bar", cornerRadiusEnd: 2, strokeWidth: 1 },
        encoding: {
          x: {
            ...x,
            field: "share",
            title: "share of how the prediction reacts",
            axis: { format: ".0%", tickCount: 4, grid: true },
          },
          fill: { condition: { test: "datum.noise", value: colors.paper }, value: colors.accent },
          stroke: { condition: { test: "datum.noise", value: colors.quiet }, value: colors.accent },
          description: { field: "note" },
        },
      },
      ...layersIf(
        banded,
        {
          mark: { type: "rule", color: colors.ink, strokeWidth: 1.25, aria: false },
          encoding: { x: { ...x, field: "lower" }, x2: { field: "upper" } },
        },
        {
          mark: { type: "tick", color: colors.ink, size: 7, thickness: 1.25, aria: false },
          encoding: { x: { ...x, field: "lower" } },
        },
        {
          mark: { type: "tick", color: colors.ink, size: 7, thickness: 1.25, aria: false },
          encoding: { x: { ...x, field: "upper" } },
        },
      ),
      {
        mark: { type: "text", align: "left", dx: 6, aria: false },
        encoding: { x: { ...x, field: "end" }, text: { field: "text" } },
      },
      ...layersIf(
        noiseFloor !== undefined,
        {
          data: { values: [{ floor: noiseFloor }] },
          mark: { type: "rule", color: colors.second, strokeDash: [5, 3], strokeWidth: 1.5, aria: false },
          encoding: { x: { ...x, field: "floor" }, y: { value: 0 }, y2: { value: "height" } },
        },
        {
          data: { values: [{ floor: noiseFloor, text: `noise reaches ${formatShare(noiseFloor)}` }] },
          mark: { type: "text", color: colors.second, align: "left", baseline: "bottom", dx: 2, aria: false },
          encoding: { x: { ...x, field: "floor" }, y: { value: -4 }, text: { field: "text" } },
        },
      ),
    ],
  };
}
