import { labels } from "../labels.ts";
import { formatNumber } from "../numbers.ts";
import type { LabeledMatrix } from "../report-data.ts";
import type { Figure } from "../picture.ts";
import { colors } from "../theme.ts";
import { heatMapCells } from "./heat-map-cells.ts";

/** The signed matrix of the learned metric; the strength of a color is the square root of the size, so that small entries are seen. */
export function gradientHeatMap({ labels: full, values }: LabeledMatrix, most = 30): Figure {
  const names = labels(full.slice(0, most), 22);
  const count = names.length;
  const largest = Math.max(
    0,
    ...names.flatMap((_, i) => names.map((_, j) => Math.abs(values[i]?.[j] ?? 0))).filter(Number.isFinite),
  );
  const cell = Math.max(14, Math.min(40, Math.floor(360 / count)));
  const rows = names.flatMap((row, i) =>
    names.flatMap((column, j) => {
      const value = values[i]?.[j];
      if (value === undefined || !Number.isFinite(value)) return [];
      const part = largest > 0 ? value / largest : 0;
      const rounded = Math.round(100 * part);
      return [
        {
          row,
          column,
          strength: Math.sqrt(Math.abs(part)),
          negative: part < 0,
          text: rounded === 0 ? "" : `${rounded < 0 ? "−" : ""}${Math.abs(rounded)}`,
          note: `${full[i]!} with ${full[j]!}: ${formatNumber(100 * part)}% of the largest entry`,
        },
      ];
    }),
  );
  const axis = { title: null, domain: false, ticks: false, labelColor: colors.ink };
  return {
    width: cell * count,
    height: cell * count,
    data: { values: rows },
    encoding: {
      x: {
        field: "column",
        type: "nominal",
        sort: names,
        scale: { domain: names },
        axis: { ...axis, orient: "top", labelAngle: -45 },
      },
      y: { field: "row", type: "nominal", sort: names, scale: { domain: names }, axis },
    },
    layer: heatMapCells({
      test: "datum.negative",
      fill: [colors.second, colors.accent],
      gap: count > 20 ? 0.5 : 1.5,
      fontSize: cell >= 30 ? 11 : cell >= 22 ? 9 : undefined,
    }),
  };
}
