import { labels } from "../labels.ts";
import { formatCount, formatShare } from "../numbers.ts";
import type { Confusion } from "../report-data.ts";
import type { Figure } from "../picture.ts";
import { colors } from "../theme.ts";
import { heatMapCells } from "./heat-map-cells.ts";

/** Rows are what was true, columns what was predicted; colors are shares of the row, numbers are counts. */
export function confusionHeatMap({ counts }: Confusion, classes: readonly string[]): Figure {
  const names = labels(classes, classes.length > 12 ? 14 : 20);
  const cell = Math.max(6, Math.min(72, Math.floor((classes.length > 12 ? 560 : 380) / classes.length)));
  const rows = counts.flatMap((row, i) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, j) => {
      const share = total > 0 ? count / total : 0;
      return {
        actual: names[i]!,
        predicted: names[j]!,
        right: i === j,
        strength: Math.sqrt(share),
        text: count === 0 ? "" : formatCount(count),
        note: `${classes[i]!} predicted as ${classes[j]!}: ${formatCount(count)} of ${formatCount(total)} (${formatShare(share)})`,
      };
    });
  });
  const longest = Math.max(1, ...rows.map(({ text }) => text.length));
  const fontSize = Math.floor(Math.min(13, (1.5 * cell) / longest, cell * 0.55));
  const labelled = cell >= 9;
  const axis = {
    domain: false,
    ticks: false,
    labels: labelled,
    labelColor: colors.ink,
    labelFontSize: Math.min(12, Math.max(8, cell)),
  };
  const upright = Math.max(...names.map((name) => name.length)) * 7 <= cell;
  return {
    width: cell * classes.length,
    height: cell * classes.length,
    data: { values: rows },
    encoding: {
      x: {
        field: "predicted",
        type: "nominal",
        sort: names,
        scale: { domain: names },
        title: "predicted class",
        axis: { ...axis, orient: "top", labelAngle: upright ? 0 : -45 },
      },
      y: {
        field: "actual",
        type: "nominal",
        sort: names,
        scale: { domain: names },
        title: "actual class",
        axis,
      },
    },
    layer: heatMapCells({
      test: "datum.right",
      fill: [colors.accent, colors.second],
      gap: cell > 14 ? 1.5 : 0.5,
      fontSize: fontSize >= 7 ? fontSize : undefined,
    }),
  };
}
