import { quantitative } from "./axis.ts";
import { heading } from "./heading.ts";
import { seriesColors } from "./look.ts";
import { only, short, type Spec } from "./parts.ts";

type Edge = HeatMap["x"];

export interface HeatMap {
  readonly title?: string;
  readonly x: { readonly title: string; readonly labels: readonly (string | number)[] };
  /** The first row is drawn on top. */
  readonly y: { readonly title: string; readonly labels: readonly (string | number)[] };
  /** `values[i][j]` belongs to row i and column j; cells that are not finite stay empty. */
  readonly values: readonly (readonly number[])[];
  /** What the strength of the color says, with its unit. */
  readonly value: {
    readonly title: string;
    /** From the smallest value to the largest, on both sides of zero, or logarithmic (positive values only). */
    readonly scale: "sequential" | "diverging" | "log";
    readonly domain?: readonly [number, number];
  };
  /** Words for some cells, of one or two letters. */
  readonly marks?: readonly { readonly row: number; readonly column: number; readonly text: string }[];
  readonly notes?: readonly string[];
}

/** Matrices of one shape on one scale of colors. */
export interface HeatMaps extends Omit<HeatMap, "values" | "marks"> {
  readonly maps: readonly (Pick<HeatMap, "values" | "marks"> & { readonly title?: string })[];
  /** Maps in a row, by default up to three. */
  readonly columns?: number;
}

/**
 * A matrix in colors, with a bar that says what they mean. Strength is opacity on one color; on a diverging scale negative
 * cells have another color and, where there is room and something to see, a minus sign.
 */
export function heatMap({ values, marks = [], ...rest }: HeatMap): Spec {
  return heatMaps({ ...rest, maps: [{ values, marks }] });
}

/** Matrices in colors, side by side, with one bar for all. */
export function heatMaps({
  title,
  x,
  y,
  maps,
  value,
  notes = [],
  columns = Math.min(3, maps.length),
}: HeatMaps): Spec {
  const [height, width] = [y.labels.length, x.labels.length];
  const room = columns === 1 ? 360 : columns === 2 ? 250 : 180;
  const cell = Math.max(3, Math.min(36, Math.floor(room / Math.max(height, width))));
  const all = maps.flatMap(({ values }) => values.flat());
  const [low, high] = value.domain ?? range(all, value.scale);
  const strength = (number: number): number => {
    if (value.scale === "diverging") return Math.min(1, Math.abs(number) / Math.max(-low, high));
    const part =
      value.scale === "log" ? Math.log(number / low) / Math.log(high / low) : (number - low) / (high - low);
    return high > low ? Math.min(1, Math.max(0, part)) : 1;
  };
  const shownIn = (number: number): boolean =>
    Number.isFinite(number) && !(value.scale === "log" && number <= 0);
  const colored = {
    fill: {
      field: "sign",
      type: "nominal",
      scale: { domain: ["positive", "negative"], range: seriesColors.slice(0, 2) },
      legend: null,
    },
    fillOpacity: {
      field: "strength",
      type: "quantitative",
      scale: { domain: [0, 1], range: [0.03, 1] },
      legend: null,
    },
  };
  const views = maps.map(({ title, values, marks = [] }): Spec => {
    const cells = values.flatMap((row, i) =>
      row.flatMap((number, j) => {
        if (!shownIn(number)) return [];
        const sign = value.scale === "diverging" && number < 0 ? "negative" : "positive";
        const mark = marks.find(({ row, column }) => row === i && column === j);
        const isSeen = strength(number) >= 0.01;
        const [across, down] = [String(x.labels[j]), String(y.labels[i])];
        return [
          {
            row: i,
            column: j,
            strength: strength(number),
            sign,
            text: mark?.text ?? (cell >= 26 ? digits(number) : isSeen && sign === "negative" ? "−" : ""),
            note: `${y.title} ${down}, ${x.title} ${across}: ${short(number)}`,
          },
        ];
      }),
    );
    return {
      ...(title === undefined ? {} : { title }),
      width: cell * width,
      height: cell * height,
      data: { values: cells },
      encoding: { x: discrete("column", x, cell), y: discrete("row", y, cell) },
      layer: [
        { mark: { type: "rect", clip: true }, encoding: { ...colored, description: { field: "note" } } },
        ...(cell < 12
          ? []
          : ["datum.strength <= 0.65", "datum.strength > 0.65"].map((test, i) => ({
              transform: only(test),
              mark: {
                type: "text",
                fontSize: cell >= 26 ? 9 : 11,
                aria: false,
                style: i === 0 ? "on-paper" : "on-fill",
              },
              encoding: { text: { field: "text" } },
            }))),
      ],
    };
  });
  const missing = all.filter((number) => !shownIn(number)).length;
  // Whole pixels, so that no seams are seen.
  const steps = 40;
  const at = (part: number): number =>
    value.scale === "log" ? low * (high / low) ** part : low + part * (high - low);
  const bar = Array.from({ length: steps }, (_, k) => ({
    from: at(k / steps),
    to: at((k + 1) / steps),
    strength: strength(at((k + 0.5) / steps)),
    sign: value.scale === "diverging" && at((k + 0.5) / steps) < 0 ? "negative" : "positive",
  }));
  const along = quantitative(
    { title: value.title, scale: value.scale === "log" ? "log" : "linear", domain: [low, high] },
    [low, high],
  );
  return {
    ...heading(
      title,
      missing === 0
        ? notes
        : [
            ...notes,
            `${missing} ${missing === 1 ? "cell is" : "cells are"} empty: not finite${value.scale === "log" ? " or not positive" : ""}`,
          ],
    ),
    spacing: 18,
    hconcat: [
      views.length === 1 ? views[0] : { columns, spacing: 24, concat: views },
      {
        width: 14,
        height: steps * Math.max(3, Math.round((cell * height) / steps)),
        data: { values: bar },
        mark: { type: "rect", aria: false },
        encoding: {
          y: { field: "from", ...along, axis: { ...(along["axis"] as Spec), orient: "right", grid: false } },
          y2: { field: "to" },
          ...colored,
        },
      },
    ],
  };
}

function range(values: readonly number[], scale: HeatMap["value"]["scale"]): [number, number] {
  const kept = values.filter((value) => Number.isFinite(value) && (scale !== "log" || value > 0));
  const low = kept.reduce((least, value) => Math.min(least, value), Infinity);
  const high = kept.reduce((most, value) => Math.max(most, value), -Infinity);
  if (low > high) return scale === "diverging" ? [-1, 1] : [1, 10];
  if (scale !== "diverging") return low < high ? [low, high] : [low, low === 0 ? 1 : low + Math.abs(low)];
  const largest = Math.max(-low, high) || 1;
  return [-largest, largest];
}

/** Cells along an edge, by number; labels as many as have room. */
function discrete(field: string, { title, labels }: Edge, cell: number): Spec {
  const longest = Math.max(...labels.map((label) => shown(label).length));
  const room = field === "column" ? 8 * longest + 10 : 18;
  const step = Math.ceil(room / cell);
  const places = labels.map((_, i) => i);
  const texts = JSON.stringify(labels.map(shown));
  return {
    field,
    type: "ordinal",
    title,
    scale: { domain: places, paddingInner: 0 },
    axis: {
      values: places.filter((i) => i % step === 0),
      labelExpr: `${texts}[datum.value]`,
      labelAngle: 0,
      ticks: false,
      domain: false,
      grid: false,
    },
  };
}

function shown(label: string | number): string {
  return typeof label === "number" ? short(label) : label;
}

function digits(value: number): string {
  return String(Number(value.toPrecision(2))).replace("-", "−");
}
