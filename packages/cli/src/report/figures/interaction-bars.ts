import { labels } from "../labels.ts";
import { formatAlike, formatNumber } from "../numbers.ts";
import type { Interactions } from "../report-data.ts";
import { type Figure, layersIf, type Position } from "../picture.ts";
import { colors } from "../theme.ts";
import { extent, numberAxis } from "./axis.ts";

/** Pairs of columns by how much the effect of one depends on the other; hollow bars do not rise above noise. */
export function interactionBars({ pairs, noiseFloor }: Interactions, most = 10): Figure {
  const shown = pairs.slice(0, most).filter(({ strength }) => Number.isFinite(strength));
  const names = labels(
    shown.map(({ columns: [a, b] }) => `${labels([a], 18)[0]!} × ${labels([b], 18)[0]!}`),
    40,
  );
  const texts = formatAlike(
    shown.map(({ strength }) => strength),
    2,
  );
  const rows = shown.map(({ columns: [a, b], strength, lower, upper }, i) => ({
    pair: names[i]!,
    strength,
    lower: lower ?? strength,
    upper: upper ?? strength,
    end: Math.max(strength, upper ?? strength),
    text: texts[i]!,
    noise: noiseFloor !== undefined && strength <= noiseFloor,
    note: `${a} × ${b}: ${formatNumber(strength)}`,
  }));
  const high = extent([0, noiseFloor, ...rows.map(({ end }) => end)])[1];
  const x: Position = { type: "quantitative", scale: { domain: [0, high], nice: false } };
  const banded = shown.some(({ lower, upper }) => lower !== undefined && upper !== undefined);
  return {
    width: 190,
    height: { step: 24 },
    data: { values: rows },
    encoding: {
      y: {
        field: "pair",
        type: "nominal",
        sort: names,
        scale: { domain: names },
        title: null,
        axis: { labelColor: colors.ink },
      },
    },
    layer: [
      {
        mark: { type: "bar", cornerRadiusEnd: 2, strokeWidth: 1 },
        encoding: {
          x: {
            ...x,
            field: "strength",
            title: "strength of the interaction",
            axis: { tickCount: 4, grid: true, ...numberAxis([0, high]) },
          },
          fill: { condition: { test: "datum.noise", value: colors.paper }, value: colors.accent },
          stroke: { condition: { test: "datum.noise", value: colors.quiet }, value: colors.accent },
          description: { field: "note" },
        },
      },
      ...layersIf(banded, {
        mark: { type: "rule", color: colors.ink, strokeWidth: 1.25, aria: false },
        encoding: { x: { ...x, field: "lower" }, x2: { field: "upper" } },
      }),
      {
        mark: { type: "text", align: "left", dx: 6, aria: false },
        encoding: { x: { ...x, field: "end" }, text: { field: "text" } },
      },
      ...layersIf(noiseFloor !== undefined, {
        data: { values: [{ floor: noiseFloor }] },
        mark: { type: "rule", color: colors.second, strokeDash: [5, 3], strokeWidth: 1.5, aria: false },
        encoding: { x: { ...x, field: "floor" }, y: { value: 0 }, y2: { value: "height" } },
      }),
    ],
  };
}
