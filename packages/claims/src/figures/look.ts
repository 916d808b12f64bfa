import type { Series } from "../figure.ts";

/** Light colors of series; whoever draws may give each a dark partner. Blue, orange, green, purple first: they differ in lightness. */
export const seriesColors = [
  "#1d5fa6",
  "#c2560c",
  "#157a5e",
  "#7847ad",
  "#a8326a",
  "#7d6608",
  "#0b7285",
  "#5c4a3d",
] as const;

const shapes = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right"];

/** Predictions begin with a solid line; bounds have short dashes only, so that the two are not taken for each other. */
const dashes = {
  prediction: [
    [1, 0],
    [11, 3],
    [11, 3, 2, 3],
    [7, 2, 2, 2, 2, 2],
    [15, 3, 4, 3],
    [15, 2, 2, 2, 2, 2, 2, 2],
  ],
  bound: [
    [4, 4],
    [1.5, 3.5],
    [4, 3, 1, 3],
    [2, 6],
    [4, 2, 1, 2, 1, 2],
  ],
} as const;

/** In the coordinates of a symbol: a line four times as long as a mark is wide. */
const lineSymbol = "M-4,0L4,0";

/** How one series is drawn, and its name in the legend. */
export interface Look {
  readonly name: string;
  readonly label: string;
  readonly role: Series["role"];
  readonly color: string;
  /** Vega's name of a symbol, or an SVG path. */
  readonly symbol: string;
  readonly dash: readonly number[];
}

const roleWords = { prediction: "predicted", measurement: "measured", bound: "bound" } as const;

/**
 * Looks for series: equal labels share a color (and get their role in the legend), roles differ in kind of mark, and within a
 * role each has its own shape or dash, so that no two need color to be told apart.
 */
export function looks(series: readonly Pick<Series, "label" | "role">[]): Look[] {
  const distinct = [...new Map(series.map((one) => [`${one.role} ${one.label}`, one])).values()];
  const labels = [...new Set(distinct.map(({ label }) => label))];
  const seen = { prediction: 0, measurement: 0, bound: 0 };
  return distinct.map(({ label, role }) => {
    const rank = seen[role]++;
    const shared = distinct.filter((other) => other.label === label).length > 1;
    return {
      name: shared ? `${label}, ${roleWords[role]}` : label,
      label,
      role,
      color: seriesColors[labels.indexOf(label) % seriesColors.length]!,
      symbol: role === "measurement" ? shapes[rank % shapes.length]! : lineSymbol,
      dash: role === "measurement" ? [1, 0] : dashes[role][rank % dashes[role].length]!,
    };
  });
}

/** The look of a series among those that `looks` gave. */
export function lookOf(all: readonly Look[], { label, role }: Pick<Series, "label" | "role">): Look {
  return all.find((look) => look.label === label && look.role === role)!;
}
