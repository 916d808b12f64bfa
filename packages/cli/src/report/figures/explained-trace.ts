import { formatShare } from "../numbers.ts";
import type { Spectrum } from "../report-data.ts";
import type { Figure } from "../picture.ts";
import { colors } from "../theme.ts";

/** Share of the metric's trace in its first directions, one line a metric update. */
export function explainedTrace(spectrum: Spectrum, most = 20): Figure {
  const rounds = spectrum.rounds.filter(({ round }) => Number.isFinite(round));
  const last = rounds.length - 1;
  const rows = rounds.flatMap(({ round, shares }, at) => {
    let sum = 0;
    return shares.slice(0, most).map((share, i) => {
      sum += Number.isFinite(share) ? share : 0;
      const total = Math.min(1, sum);
      return {
        rank: i + 1,
        total,
        round: String(round),
        newest: at === last,
        note: `after ${round} updates: ${formatShare(total)} in ${i + 1} ${i === 0 ? "direction" : "directions"}`,
      };
    });
  });
  const names = rounds.map(({ round }) => String(round));
  const ranks = Math.max(1, ...rows.map(({ rank }) => rank));
  const legend =
    rounds.length > 1 ? { title: "metric updates", symbolType: "stroke", symbolStrokeWidth: 2 } : null;
  return {
    width: 340,
    height: 230,
    data: { values: rows },
    encoding: {
      x: {
        field: "rank",
        type: "quantitative",
        title: "number of directions",
        scale: { domain: [1, Math.max(2, ranks)], nice: false },
        axis: { tickMinStep: 1, format: "d", tickCount: Math.min(10, ranks) },
      },
      y: {
        field: "total",
        type: "quantitative",
        title: "share of the metric",
        scale: { domain: [0, 1] },
        axis: { format: ".0%", tickCount: 5 },
      },
      color: {
        field: "round",
        type: "nominal",
        sort: names,
        scale: {
          domain: names,
          range: names.map((_, i) => (i === last ? colors.accent : i === 0 ? colors.second : colors.quiet)),
        },
        legend,
      },
      strokeDash: {
        field: "round",
        type: "nominal",
        sort: names,
        scale: {
          domain: names,
          range: names.map((_, i) =>
            i === last ? [1, 0] : i === 0 ? [2, 3] : [2 + (5 * i) / Math.max(1, last), 3],
          ),
        },
        legend,
      },
    },
    layer: [
      { mark: { type: "line", aria: false } },
      {
        transform: [{ filter: "datum.newest" }],
        mark: { type: "point", filled: true, size: 36, opacity: 1 },
        encoding: { description: { field: "note" }, strokeDash: { value: [1, 0] } },
      },
    ],
  };
}
