import type { Layer } from "../picture.ts";
import { colors, textOnFill } from "../theme.ts";

/** How the cells of a heat map look; their rows have `strength` from 0 to 1, `text` and `note`. */
interface Cells {
  /** A test over a row, and the colors of cells that pass it and of others. */
  readonly test: string;
  readonly fill: readonly [passed: string, other: string];
  /** Pixels between cells. */
  readonly gap: number;
  /** Of the text in the cells; undefined for none. */
  readonly fontSize: number | undefined;
}

/** Cells colored by strength, with their texts. */
export function heatMapCells({ test, fill: [passed, other], gap, fontSize }: Cells): Layer[] {
  const squares: Layer = {
    mark: { type: "rect", stroke: colors.paper, strokeWidth: gap },
    encoding: {
      fill: { condition: { test, value: passed }, value: other },
      fillOpacity: {
        field: "strength",
        type: "quantitative",
        scale: { domain: [0, 1], range: [0.04, 1] },
        legend: null,
      },
      description: { field: "note" },
    },
  };
  if (fontSize === undefined) return [squares];
  const texts: Layer = {
    mark: { type: "text", fontSize, aria: false },
    encoding: { text: { field: "text" }, color: textOnFill },
  };
  return [squares, texts];
}
