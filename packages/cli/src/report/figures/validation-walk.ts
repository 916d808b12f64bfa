import { formatNumber } from "../numbers.ts";
import type { Figure } from "../picture.ts";
import { colors } from "../theme.ts";
import { descentSteps, extent, numberAxis } from "./axis.ts";

/** Error on held-out entries along the way, and the point that was chosen. */
export function validationWalk(
  search: readonly { readonly step: number; readonly validation?: number | undefined }[],
): Figure {
  const rows = search.flatMap(({ step, validation }) =>
    validation === undefined
      ? []
      : [{ step, value: validation, note: `after ${step} steps: ${formatNumber(validation, 4)}` }],
  );
  const values = rows.map(({ value }) => value);
  const best = Math.min(...values);
  const domain = extent(values, 0.08);
  return {
    width: 340,
    height: 230,
    data: { values: rows.map((row) => ({ ...row, best: row.value === best })) },
    encoding: {
      x: descentSteps(6),
      y: {
        field: "value",
        type: "quantitative",
        title: "RMSE on held-out entries",
        scale: { domain, zero: false, nice: false },
        axis: { tickCount: 5, ...numberAxis(domain) },
      },
    },
    layer: [
      { mark: { type: "line", color: colors.accent, aria: false } },
      {
        mark: { type: "point", filled: true, color: colors.accent, opacity: 1 },
        encoding: {
          size: { condition: { test: "datum.best", value: 90 }, value: 20 },
          description: { field: "note" },
        },
      },
    ],
  };
}
