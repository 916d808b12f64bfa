import type { Axis, Series } from "../figure.ts";
import { domainOf, placeable, quantitative } from "./axis.ts";
import { legend, omitted, only, scaled, short, type Spec } from "./parts.ts";
import { heading } from "./heading.ts";
import { lookOf, looks } from "./look.ts";

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
 * no zero: there the bars stand on the edge.
 */
export function bars({ title, x, y, series, notes = [] }: Bars): Spec {
  const all = looks(series);
  const rows = series.flatMap((one) =>
    x.categories.flatMap((category, i) => {
      const value = one.values[i];
      const error = one.errors?.[i];
      return value === undefined
        ? []
        : [{ series: lookOf(all, one).name, role: one.role, category, value, error }];
    }),
  );
  const kept = rows.filter(({ value }) => placeable(y, value));
  const reach = kept.flatMap(({ value, error = 0 }) => [value, value - error, value + error]);
  const ground = y.scale === "log" ? [] : [0];
  const domain = domainOf(
    y,
    [...ground, ...reach].filter((end) => placeable(y, end)),
  );
  const from = y.scale === "log" ? domain[0] : 0;
  const values = kept.map(({ error, ...row }) => {
    const low = row.value - (error ?? 0);
    return {
      ...row,
      from,
      ...(error === undefined ? {} : { low: placeable(y, low) ? low : domain[0], high: row.value + error }),
      note: `${row.category}, ${row.series}: ${short(row.value)}${error === undefined ? "" : ` ± ${short(error)}`}`,
    };
  });
  const inGroup = all.filter(({ role }) => role !== "bound");
  const xOffset = { field: "series", type: "nominal", scale: { domain: inGroup.map(({ name }) => name) } };
  const key = legend(all);
  const stroke = scaled(all, ({ color }) => color, key);
  const strokeDash = scaled(all, ({ dash }) => dash, key);
  const fillOpacity = scaled(all, ({ role }) => (role === "measurement" ? 1 : 0), key);
  const shape = scaled(all, ({ role, symbol }) => (role === "bound" ? symbol : "square"), key);
  return {
    ...heading(title, [...notes, ...omitted(rows.length - kept.length, y)]),
    width: Math.max(320, Math.min(640, 26 * x.categories.length * (inGroup.length + 1))),
    height: 260,
    data: { values },
    encoding: {
      x: {
        field: "category",
        type: "nominal",
        title: x.title,
        sort: x.categories,
        scale: { domain: x.categories, paddingInner: 0.25 },
        axis: { labelAngle: x.categories.some((category) => category.length > 10) ? -30 : 0 },
      },
      y: { field: "value", ...quantitative(y, domain) },
    },
    layer: [
      {
        transform: only("datum.role !== 'bound'"),
        mark: { type: "bar", clip: true, strokeWidth: 2 },
        encoding: {
          xOffset,
          y2: { field: "from" },
          stroke,
          fill: stroke,
          fillOpacity,
          strokeDash,
          description: { field: "note" },
        },
      },
      {
        transform: only("isValid(datum.low)"),
        mark: { type: "rule", clip: true, strokeWidth: 1.5, aria: false },
        encoding: { xOffset, y: { field: "low", type: "quantitative" }, y2: { field: "high" } },
      },
      {
        transform: only("datum.role === 'bound'"),
        mark: { type: "rule", clip: true, strokeWidth: 2, aria: false },
        encoding: {
          x: { field: "category", type: "nominal", bandPosition: 0 },
          x2: { field: "category", bandPosition: 1 },
          stroke,
          strokeDash,
        },
      },
      {
        // Draws nothing: it brings the shapes into the legend and carries the notes of the bounds.
        transform: only("datum.role === 'bound'"),
        mark: { type: "point", opacity: 0, size: 200 },
        encoding: { shape, description: { field: "note" } },
      },
    ],
  };
}
