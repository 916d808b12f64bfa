import type { Axis, Series } from "../figure.ts";
import { domainOf, placeable, quantitative } from "./axis.ts";
import { heading } from "./heading.ts";
import { lookOf, looks } from "./look.ts";
import { legend, omitted, only, scaled, short, type Spec } from "./parts.ts";

export interface Bars {
  readonly title?: string;
  readonly x: { readonly title: string; readonly categories: readonly string[] };
  readonly y: Axis;
  /** `values[i]` belongs to category i; `errors[i]` draws a bar of value ± error. */
  readonly series: readonly (Pick<Series, "label" | "role"> & {
    readonly values: readonly (number | undefined)[];
    readonly errors?: readonly (number | undefined)[];
  })[];
  /** Small lines under the title. */
  readonly notes?: readonly string[];
}

/**
 * Groups of bars: measurements are filled, predictions hollow, bounds are dashed lines across the group. A logarithmic axis has
 * no zero: there the bars stand on its edge.
 */
export function bars({ title, x, y, series, notes = [] }: Bars): Spec {
  const all = looks(series);
  const inGroup = all.filter(({ role }) => role !== "bound");
  const share = 0.78 / Math.max(1, inGroup.length);
  const rows = series.flatMap((one) => {
    const look = lookOf(all, one);
    const left = look.role === "bound" ? -0.43 : -0.39 + share * inGroup.indexOf(look) + 0.06 * share;
    const width = look.role === "bound" ? 0.86 : 0.88 * share;
    return x.categories.flatMap((category, i) => {
      const value = one.values[i];
      if (value === undefined) return [];
      const place = { left: i + left, middle: i + left + width / 2, right: i + left + width };
      return [{ series: look.name, role: look.role, category, ...place, value, error: one.errors?.[i] }];
    });
  });
  const kept = rows.filter(({ value }) => placeable(y, value));
  const reach = kept.flatMap(({ value, error = 0 }) => [value, value - error, value + error]);
  const domain = domainOf(
    y,
    (y.scale === "log" ? reach : [0, ...reach]).filter((end) => placeable(y, end)),
  );
  // The shortest bar is to be seen.
  if (y.scale === "log" && y.domain === undefined) domain[0] /= Math.max(2, (domain[1] / domain[0]) ** 0.1);
  const from = y.scale === "log" ? domain[0] : 0;
  // Nothing is below zero: the axis begins there.
  if (y.domain === undefined && from === 0 && reach.every((end) => !(end < 0))) domain[0] = 0;
  const values = kept.map(({ category, error, ...row }) => {
    const low = row.value - (error ?? 0);
    return {
      ...row,
      from,
      ...(error === undefined ? {} : { low: placeable(y, low) ? low : domain[0], high: row.value + error }),
      note: `${category}, ${row.series}: ${short(row.value)}${error === undefined ? "" : ` ± ${short(error)}`}`,
    };
  });
  const width = Math.max(320, Math.min(640, 26 * x.categories.length * (inGroup.length + 1)));
  const key = legend(all, width);
  const stroke = scaled(all, ({ color }) => color, key);
  const strokeDash = scaled(all, ({ role, dash }) => (role === "bound" ? dash : [1, 0]), key);
  const fill = scaled(all, ({ role, color }) => (role === "measurement" ? color : "transparent"), key);
  const shape = scaled(all, ({ role, symbol }) => (role === "bound" ? symbol : "square"), key);
  const field = (name: string): Spec => ({ field: name, type: "quantitative" });
  return {
    ...heading(title, [...notes, ...omitted(rows.length - kept.length, y)]),
    width,
    height: 260,
    data: { values },
    encoding: {
      x: { ...field("left"), title: x.title, ...categorical(x.categories, width) },
      y: { field: "value", ...quantitative(y, domain) },
    },
    layer: [
      {
        transform: only("datum.role !== 'bound'"),
        mark: { type: "rect", clip: true, strokeWidth: 2 },
        encoding: {
          x2: { field: "right" },
          y2: { field: "from" },
          stroke,
          fill,
          description: { field: "note" },
        },
      },
      {
        transform: only("isValid(datum.low)"),
        mark: { type: "rule", clip: true, strokeWidth: 1.5, style: "on-paper", aria: false },
        encoding: { x: field("middle"), y: field("low"), y2: { field: "high" } },
      },
      {
        transform: only("datum.role === 'bound'"),
        mark: { type: "rule", clip: true, strokeWidth: 2, aria: false },
        encoding: { x2: { field: "right" }, stroke, strokeDash },
      },
      {
        // Draws nothing: it brings the shapes into the legend and carries the notes of the bounds.
        transform: only("datum.role === 'bound'"),
        mark: { type: "point", opacity: 0, size: 200 },
        encoding: { x: field("middle"), stroke, shape, description: { field: "note" } },
      },
    ],
  };
}

/** Category i in the middle of [i − ½, i + ½]. */
function categorical(categories: readonly string[], width: number): Spec {
  const room = width / categories.length / 7;
  return {
    scale: { domain: [-0.5, categories.length - 0.5], nice: false, zero: false },
    axis: {
      values: categories.map((_, i) => i),
      labelExpr: `${JSON.stringify(categories)}[datum.value]`,
      labelAngle: categories.some((category) => category.length > room) ? -30 : 0,
      ticks: false,
      grid: false,
    },
  };
}
