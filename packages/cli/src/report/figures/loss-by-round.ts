import { formatNumber } from "../numbers.ts";
import type { ValidationCurve } from "../report-data.ts";
import type { Encoding, Figure } from "../picture.ts";
import { colors, seriesColors, seriesDashes } from "../theme.ts";
import { finite, numberAxis } from "./axis.ts";

/** The candidates that are drawn in color: at most as many as there are colors, of the chosen ones. */
export function coloredCandidates({ candidates }: ValidationCurve): ValidationCurve["candidates"] {
  return candidates.filter(({ chosen }) => chosen).slice(0, seriesColors.length);
}

/** Validation loss after each metric update: chosen candidates in color, the others in gray behind them. */
export function lossByRound(curve: ValidationCurve): Figure {
  const { loss, candidates } = curve;
  const chosen = coloredCandidates(curve);
  const all = finite(candidates.flatMap(({ losses }) => losses));
  const leading = finite((chosen.length > 0 ? chosen : candidates).flatMap(({ losses }) => losses));
  const low = Math.min(...all);
  // The worst candidates would press all others together: the picture ends a little above what was chosen.
  const high = Math.min(
    Math.max(...all),
    Math.max(...leading, 1.6 * low) + 0.15 * (Math.max(...leading) - low),
  );
  const domain =
    low < high
      ? [low - 0.05 * (high - low), high]
      : [low - Math.abs(low || 1) / 10, low + Math.abs(low || 1) / 10];
  const lines = candidates.map((candidate, at) => {
    const rank = chosen.indexOf(candidate);
    return { ...candidate, at, rank, key: String(rank) };
  });
  const rows = lines.flatMap(({ losses, name, at, rank, key }) =>
    losses.flatMap((value, round) => {
      if (!Number.isFinite(value)) return [];
      const note = `${name}, after ${round} updates: ${formatNumber(value, 4)}`;
      return [
        {
          line: at,
          key,
          rank,
          round,
          value,
          note,
          best: value === Math.min(...finite(losses)),
        },
      ];
    }),
  );
  const rounds = Math.max(1, ...rows.map(({ round }) => round));
  const keys = chosen.map((_, i) => String(i));
  const encoding: Encoding = {
    x: {
      field: "round",
      type: "quantitative",
      title: "metric updates",
      scale: { domain: [0, rounds], nice: false },
      axis: { tickMinStep: 1, format: "d", tickCount: Math.min(10, rounds) },
    },
    y: {
      field: "value",
      type: "quantitative",
      title: `validation loss (${loss})`,
      scale: { domain, zero: false, nice: false },
      axis: { tickCount: 5, ...numberAxis(domain) },
    },
  };
  const series: Encoding = {
    color: {
      field: "key",
      type: "nominal",
      scale: { domain: keys, range: keys.map((_, i) => seriesColors[i]!) },
      legend: null,
    },
  };
  return {
    width: 340,
    height: 230,
    data: { values: rows },
    encoding,
    layer: [
      {
        transform: [{ filter: "datum.rank < 0" }],
        mark: { type: "line", color: colors.quiet, strokeWidth: 1, opacity: 0.55, clip: true, aria: false },
        encoding: { detail: { field: "line", type: "nominal" } },
      },
      {
        transform: [{ filter: "datum.rank < 0 && datum.value <= " + String(domain[1]) }],
        mark: { type: "point", filled: true, color: colors.quiet, size: 14, opacity: 0.8 },
        encoding: { description: { field: "note" } },
      },
      {
        transform: [{ filter: "datum.rank >= 0" }],
        mark: { type: "line", clip: true, aria: false },
        encoding: {
          ...series,
          strokeDash: {
            field: "key",
            type: "nominal",
            scale: { domain: keys, range: keys.map((_, i) => [...seriesDashes[i]!]) },
            legend: null,
          },
        },
      },
      {
        transform: [{ filter: "datum.rank >= 0" }],
        mark: { type: "point", filled: true, opacity: 1 },
        encoding: {
          ...series,
          size: { condition: { test: "datum.best", value: 80 }, value: 24 },
          description: { field: "note" },
        },
      },
    ],
  };
}
