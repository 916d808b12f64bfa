import { type Curves, drawing } from "./curves.ts";
import { heading } from "./heading.ts";
import { looks } from "./look.ts";
import type { Spec } from "./parts.ts";

export interface Panels {
  readonly title?: string;
  /** Each with its own title. */
  readonly panels: readonly Curves[];
  /** Panels in a row, by default up to three. */
  readonly columns?: number;
  readonly notes?: readonly string[];
}

/** Several drawings side by side with one legend: series with equal label and role look the same in all of them. */
export function panels({ title, panels, columns = Math.min(3, panels.length), notes = [] }: Panels): Spec {
  const all = looks(panels.flatMap(({ series }) => series));
  const width = columns === 1 ? 440 : columns === 2 ? 300 : 230;
  return {
    ...heading(title, notes),
    columns,
    spacing: 28,
    concat: panels.map((panel) =>
      drawing(panel, all, { width, height: Math.round(width * 0.75) }, width * columns),
    ),
    resolve: { legend: { stroke: "shared", fill: "shared", shape: "shared", strokeDash: "shared" } },
  };
}
