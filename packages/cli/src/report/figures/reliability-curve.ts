import { formatCount, formatShare } from "../numbers.ts";
import type { Reliability } from "../report-data.ts";
import { shorten } from "../labels.ts";
import type { Figure, Position } from "../picture.ts";
import { colors } from "../theme.ts";

/** How often stated probabilities came true, above how many rows got them. */
export function reliabilityCurve({ bins, of }: Reliability): Figure {
  const rows = bins
    .filter(({ predicted, observed }) => Number.isFinite(predicted) && Number.isFinite(observed))
    .map(({ predicted, observed, rows: count, lower, upper }) => ({
      predicted,
      observed,
      count,
      lower: lower ?? observed,
      upper: upper ?? observed,
      note: `stated ${formatShare(predicted)}, came true ${formatShare(observed)} of ${formatCount(count)} rows`,
    }));
  const scale = { domain: [0, 1], nice: false, padding: 0 };
  const x: Position = {
    field: "predicted",
    type: "quantitative",
    scale,
    axis: { format: ".0%", values: [0, 0.25, 0.5, 0.75, 1] },
  };
  const y: Position = {
    type: "quantitative",
    scale,
    title: "came true",
    axis: { format: ".0%", values: [0, 0.25, 0.5, 0.75, 1] },
  };
  return {
    spacing: 14,
    vconcat: [
      {
        width: 300,
        height: 260,
        layer: [
          {
            data: { values: [{ at: 0 }, { at: 1 }] },
            mark: { type: "line", color: colors.soft, strokeWidth: 1, strokeDash: [5, 3], aria: false },
            encoding: { x: { ...x, field: "at" }, y: { ...y, field: "at" } },
          },
          {
            data: { values: rows },
            mark: { type: "rule", color: colors.accent, opacity: 0.45, strokeWidth: 2, aria: false },
            encoding: { x, y: { ...y, field: "lower" }, y2: { field: "upper" } },
          },
          {
            data: { values: rows },
            mark: { type: "line", color: colors.accent, aria: false },
            encoding: {
              x: { ...x, title: null, axis: { ...x.axis, labels: false } },
              y: { ...y, field: "observed" },
            },
          },
          {
            data: { values: rows },
            mark: { type: "point", filled: true, color: colors.accent, size: 55, opacity: 1 },
            encoding: { x, y: { ...y, field: "observed" }, description: { field: "note" } },
          },
        ],
      },
      {
        width: 300,
        height: 56,
        data: { values: rows },
        mark: { type: "bar", color: colors.quiet, width: 9, cornerRadiusEnd: 1 },
        encoding: {
          x: { ...x, title: shorten(of, 48) },
          y: { field: "count", type: "quantitative", title: "rows", axis: { tickCount: 2, format: ",~r" } },
          description: { field: "note" },
        },
      },
    ],
  };
}
