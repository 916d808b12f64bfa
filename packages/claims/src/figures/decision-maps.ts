import type { Axis } from "../figure.ts";
import { quantitative } from "./axis.ts";
import { heading } from "./heading.ts";
import { seriesColors } from "./look.ts";
import type { Spec } from "./parts.ts";

export interface DecisionMaps {
  readonly title?: string;
  /** With domains: the rectangle that is mapped. */
  readonly x: Axis & { readonly domain: readonly [number, number] };
  readonly y: Axis & { readonly domain: readonly [number, number] };
  /** Names of the class where values are positive, and of the other. */
  readonly classes: readonly [positive: string, negative: string];
  readonly panels: readonly {
    readonly title: string;
    /** `values[i][j]`: row i from the bottom, column j from the left, of cells that fill the rectangle. */
    readonly values: readonly (readonly number[])[];
  }[];
  /** Examples, which all panels show; label > 0 for the first class. */
  readonly points: readonly { readonly x: number; readonly y: number; readonly label: number }[];
  /** Panels in a row, by default all. */
  readonly columns?: number;
  readonly notes?: readonly string[];
}

const size = 150;

/** Where in a rectangle a classifier says which of two classes, panel by panel, with the examples that it has learned from. */
export function decisionMaps({
  title,
  x,
  y,
  classes,
  panels,
  points,
  columns = panels.length,
  notes = [],
}: DecisionMaps): Spec {
  const named = (value: number): string => classes[value > 0 ? 0 : 1];
  const scale = { domain: classes, range: seriesColors.slice(0, 2) };
  const legend = { title: null, orient: "bottom" };
  const examples = points.map((point) => ({ x: point.x, y: point.y, class: named(point.label) }));
  return {
    ...heading(title, notes),
    columns,
    spacing: 16,
    concat: panels.map(({ title: name, values }) => ({
      title: name,
      width: size,
      height: size,
      layer: [
        ...classes.map((one, k) => ({
          data: { values: areas(values, x.domain, y.domain, named).filter((area) => area.class === one) },
          // One class is darker, for eyes and printers without colors.
          mark: { type: "rect", clip: true, fill: seriesColors[k]!, opacity: [0.18, 0.45][k]!, aria: false },
          encoding: {
            x: { field: "left", ...quantitative(x, x.domain) },
            x2: { field: "right" },
            y: { field: "bottom", ...quantitative(y, y.domain) },
            y2: { field: "top" },
          },
        })),
        {
          data: { values: examples },
          mark: { type: "point", size: 34, strokeWidth: 1, opacity: 1 },
          encoding: {
            x: { field: "x", ...quantitative(x, x.domain) },
            y: { field: "y", ...quantitative(y, y.domain) },
            fill: { field: "class", type: "nominal", scale, legend },
            shape: {
              field: "class",
              type: "nominal",
              scale: { domain: classes, range: ["circle", "square"] },
              legend,
            },
          },
        },
      ],
    })),
  };
}

/** Cells as rectangles, those of one class side by side as one. */
function areas(
  values: readonly (readonly number[])[],
  [left, right]: readonly [number, number],
  [bottom, top]: readonly [number, number],
  named: (value: number) => string,
) {
  const height = (top - bottom) / values.length;
  return values.flatMap((row, i) => {
    const width = (right - left) / row.length;
    const starts = [...row.keys()].filter((j) => j === 0 || named(row[j]!) !== named(row[j - 1]!));
    return starts.map((start, k) => ({
      left: left + start * width,
      right: left + (starts[k + 1] ?? row.length) * width,
      bottom: bottom + i * height,
      top: bottom + (i + 1) * height,
      class: named(row[start]!),
    }));
  });
}
