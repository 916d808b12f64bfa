import type { Axis, Series } from "../figure.ts";
import { below, domainOf, placeable, quantitative } from "./axis.ts";
import { heading } from "./heading.ts";
import { type Look, lookOf, looks } from "./look.ts";
import { legend, omitted, only, scaled, short, type Spec } from "./parts.ts";

export interface Curves {
  readonly title?: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Small lines under the title. */
  readonly notes?: readonly string[];
}

/**
 * Curves over x: predictions as lines, measurements as marks with bars of their errors, bounds as thin dashed lines. A
 * prediction and a measurement with equal labels share a color. Points that an axis cannot place (not finite, or not positive
 * on a logarithmic axis) are left out, and a note says how many.
 */
export function curves(given: Curves): Spec {
  return drawing(given, looks(given.series), { width: 440, height: 280 }, 440);
}

/** One drawing among several that share their looks. */
export function drawing(
  { title, x, y, series, notes = [] }: Curves,
  all: readonly Look[],
  { width, height }: { readonly width: number; readonly height: number },
  legendWidth: number,
): Spec {
  const rows = series.flatMap((one) => {
    const { name } = lookOf(all, one);
    return one.points.map(({ x, y, error }) => ({
      series: name,
      role: one.role,
      x,
      y,
      error: Number.isFinite(error) ? error : undefined,
    }));
  });
  const kept = rows.filter((row) => placeable(x, row.x) && placeable(y, row.y));
  const lost = rows.filter(
    (row) => !(placeable(x, row.x) || below(x, row.x)) || !(placeable(y, row.y) || below(y, row.y)),
  );
  const xDomain = domainOf(
    x,
    kept.map((row) => row.x),
  );
  // A bar may reach down to nearly zero: a logarithmic axis does not follow it farther than a decade.
  const reach = kept.flatMap((row) => [
    row.y,
    ...ends(row).filter((end) => Number.isFinite(end) && (y.scale !== "log" || end >= row.y / 10)),
  ]);
  const yDomain = domainOf(y, reach);
  const values = kept.map((row) => {
    const [low, high] = ends(row);
    return {
      ...row,
      inside: row.x >= xDomain[0] && row.x <= xDomain[1] && row.y >= yDomain[0] && row.y <= yDomain[1],
      // On a logarithmic axis a bar that goes below zero ends at the edge.
      ...(row.error === undefined ? {} : { low: Math.max(low, yDomain[0]), high }),
      note: `${row.series}: ${short(row.x)}, ${short(row.y)}${row.error === undefined ? "" : ` ± ${short(row.error)}`}`,
    };
  });
  const crowded = kept.filter(({ role }) => role === "measurement").length > 300;
  const key = legend(all, legendWidth);
  const stroke = scaled(all, ({ color }) => color, key);
  const strokeDash = scaled(all, ({ dash }) => dash, key);
  const shape = scaled(all, ({ symbol }) => symbol, key);
  const lines = (role: Series["role"], strokeWidth: number): Spec => ({
    transform: only(`datum.role === '${role}'`),
    mark: { type: "line", clip: true, strokeWidth, strokeCap: "butt", aria: false },
    encoding: { stroke, strokeDash },
  });
  return {
    ...heading(title, [...notes, ...omitted(lost.length, x, y)]),
    width,
    height,
    data: { values },
    encoding: {
      x: { field: "x", ...quantitative(x, xDomain) },
      y: { field: "y", ...quantitative(y, yDomain) },
    },
    layer: [
      lines("bound", 1.5),
      lines("prediction", 2),
      {
        transform: only("isValid(datum.low)"),
        mark: { type: "rule", clip: true, strokeWidth: 1.25, aria: false },
        encoding: { y: { field: "low", type: "quantitative" }, y2: { field: "high" }, stroke },
      },
      {
        // Not clipped: marks on the edge are seen whole.
        transform: only("datum.role === 'measurement' && datum.inside"),
        mark: { type: "point", size: crowded ? 12 : 42, strokeWidth: 1, opacity: 1 },
        encoding: { stroke, fill: stroke, shape, strokeDash, description: { field: "note" } },
      },
    ],
  };
}

function ends({
  y,
  error = 0,
}: {
  readonly y: number;
  readonly error?: number | undefined;
}): [number, number] {
  return [y - error, y + error];
}
