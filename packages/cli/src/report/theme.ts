import type { Config } from "vega-lite";

/**
 * The colors of the report, light and dark. Figures are drawn with the light ones; on the page each becomes a CSS variable, so
 * one picture serves both. No two light values may be equal, and figures use no other colors.
 * Series are blue, orange, green and purple of different lightness (told apart with any color vision); pictures that need
 * them to be told apart also use dashes, shapes or labels.
 */
export const palette = {
  page: ["#f5f5f2", "#131619"],
  paper: ["#ffffff", "#1b1f24"],
  ink: ["#1c2126", "#e9ebee"],
  soft: ["#59626c", "#a9b1ba"],
  /** Text on fills of middle strength. */
  onMiddle: ["#1b2027", "#121518"],
  /** Text on full fills. */
  onFill: ["#fefefe", "#0f1214"],
  line: ["#cfd4d9", "#434a53"],
  grid: ["#e9ecef", "#2a3037"],
  accent: ["#1d5fa6", "#74b3f0"],
  second: ["#c2560c", "#f29d5f"],
  third: ["#157a5e", "#5fcaa5"],
  fourth: ["#7847ad", "#c0a0f2"],
  fifth: ["#a8326a", "#ef8fb9"],
  sixth: ["#7d6608", "#d6bb4a"],
  seventh: ["#0b7285", "#5cc5d9"],
  eighth: ["#5c4a3d", "#c5ad9a"],
  quiet: ["#98a1ab", "#6b747e"],
} as const satisfies Record<string, readonly [light: string, dark: string]>;

export type ColorName = keyof typeof palette;

export const colors = Object.fromEntries(
  Object.entries(palette).map(([name, [light]]) => [name, light]),
) as Readonly<Record<ColorName, string>>;

/** Colors of series that are compared, and the dashes that go with them. */
export const seriesNames = ["accent", "second", "third", "fourth"] as const satisfies readonly ColorName[];
export const seriesColors = seriesNames.map((name) => colors[name]);
export const seriesDashes: readonly (readonly number[])[] = [
  [1, 0],
  [7, 3],
  [2, 2.5],
  [9, 3, 2, 3],
];

export const seriesShapes = ["circle", "square", "triangle-up", "diamond"] as const;

export const fontStack = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

/** The look of all figures. */
export const figureConfig: Config = {
  background: "transparent",
  font: "sans-serif",
  padding: 2,
  view: { stroke: null },
  axis: {
    labelColor: colors.soft,
    labelFontSize: 12,
    labelLimit: 0,
    labelPadding: 5,
    titleColor: colors.ink,
    titleFontSize: 12,
    titleFontWeight: "normal",
    titlePadding: 8,
    domainColor: colors.line,
    tickColor: colors.line,
    tickSize: 4,
    gridColor: colors.grid,
  },
  axisX: { grid: false, labelFlush: false },
  axisY: { domain: false, ticks: false },
  legend: {
    labelColor: colors.soft,
    labelFontSize: 12,
    labelLimit: 0,
    titleColor: colors.ink,
    titleFontSize: 12,
    titleFontWeight: "normal",
    titleLimit: 0,
    orient: "bottom",
  },
  title: {
    color: colors.ink,
    fontSize: 12,
    fontWeight: "bold",
    anchor: "start",
    limit: 0,
    offset: 8,
    subtitleColor: colors.soft,
    subtitleFontSize: 12,
    subtitlePadding: 4,
  },
  text: { color: colors.soft, fontSize: 12 },
  rule: { color: colors.soft },
  line: { strokeWidth: 2, strokeJoin: "round", strokeCap: "round" },
  bar: { discreteBandSize: { band: 0.68 } },
  style: {
    "on-paper": { color: colors.ink },
    "on-fill": { color: colors.onFill },
    "group-subtitle": { fill: colors.soft, fontSize: 12 },
  },
};

/** `--ink: #1c2126; …` for style sheets. */
export function cssVariables(theme: "light" | "dark"): string {
  return Object.entries(palette)
    .map(([name, pair]) => `${cssVariable(name as ColorName)}: ${pair[theme === "light" ? 0 : 1]};`)
    .join(" ");
}

/** The CSS variable of a color. */
export function cssVariable(name: ColorName): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The color of text on a fill of this strength (a field from 0 to 1), readable in both themes. */
export const textOnFill = {
  condition: [
    { test: "datum.strength > 0.8", value: colors.onFill },
    { test: "datum.strength > 0.58", value: colors.onMiddle },
  ],
  value: colors.ink,
};
