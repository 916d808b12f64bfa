import { formatNumber } from "../numbers.ts";
import type { Figure } from "../picture.ts";
import { colors, seriesColors } from "../theme.ts";
import { descentSteps } from "./axis.ts";

/** A point of the way: work done, and what was learned by then. */
export interface TrajectoryPoint {
  readonly step: number;
  readonly singularValues: readonly number[];
}

/** How many singular values have a color; the others are gray. */
const COLORED = seriesColors.length;
const MOST = 24;

/** Singular values against steps: the leading ones in color, with a number where they end. */
export function singularValueTrajectories(trace: readonly TrajectoryPoint[]): Figure {
  const count = Math.min(MOST, Math.max(...trace.map(({ singularValues }) => singularValues.length)));
  const rows = trace.flatMap(({ step, singularValues }) =>
    Array.from({ length: count }, (_, r) => ({
      step,
      value: singularValues[r] ?? 0,
      key: String(r),
      note: `singular value ${r + 1} after ${step} steps: ${formatNumber(singularValues[r] ?? 0)}`,
    })),
  );
  const keys = Array.from({ length: count }, (_, r) => String(r));
  return {
    width: 560,
    height: 280,
    data: { values: rows },
    encoding: {
      x: descentSteps(8),
      y: {
        field: "value",
        type: "quantitative",
        title: "singular values of the interactions",
        axis: { tickCount: 6 },
      },
      detail: { field: "key", type: "nominal" },
      color: {
        field: "key",
        type: "nominal",
        scale: { domain: keys, range: keys.map((_, r) => seriesColors[r] ?? colors.quiet) },
        legend: null,
      },
    },
    layer: [
      {
        transform: [{ filter: `+datum.key >= ${COLORED}` }],
        mark: { type: "line", strokeWidth: 1, aria: false },
      },
      { transform: [{ filter: `+datum.key < ${COLORED}` }], mark: { type: "line", aria: false } },
      {
        transform: [{ filter: `+datum.key < ${COLORED}` }],
        mark: { type: "point", filled: true, size: 16, opacity: 1 },
        encoding: { description: { field: "note" } },
      },
    ],
  };
}
