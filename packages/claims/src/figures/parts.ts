import type { Axis } from "../figure.ts";
import type { Look } from "./look.ts";

/** A Vega-Lite specification, or a part of one. */
export type Spec = Readonly<Record<string, unknown>>;

/** A channel that gives each series what `of` says of its look. All such channels share one legend. */
export function scaled(all: readonly Look[], of: (look: Look) => unknown, legend: Spec): Spec {
  const scale = { domain: all.map(({ name }) => name), range: all.map(of) };
  return { field: "series", type: "nominal", scale, legend };
}

/** The legend: as many entries in a line as the width has room for. */
export function legend(all: readonly Look[], width: number): Spec {
  const longest = Math.max(...all.map(({ name }) => name.length));
  const columns = Math.max(1, Math.min(all.length, Math.floor(width / (6.2 * longest + 50))));
  return { title: null, symbolSize: 60, symbolStrokeWidth: 2, symbolOffset: 12, labelOffset: 18, columns };
}

export function only(test: string): readonly Spec[] {
  return [{ filter: test }];
}

/** The note about points that the axes cannot place. */
export function omitted(count: number, ...axes: readonly Axis[]): string[] {
  if (count === 0) return [];
  const positive = axes.some(({ scale }) => scale === "log") ? " or not positive" : "";
  return [`${count} ${count === 1 ? "point is" : "points are"} not shown: not finite${positive}`];
}

/** Four digits, as they are typeset. */
export function short(value: number): string {
  return String(Number(value.toPrecision(4))).replaceAll("-", "−");
}
