import { heading } from "./heading.ts";
import { seriesColors } from "./look.ts";
import { only, type Spec } from "./parts.ts";

export interface NodeLink {
  readonly title?: string;
  /** Nodes by column, from left to right; each column has a name below it. */
  readonly columns: readonly { readonly name: string; readonly nodes: number }[];
  /** Nodes are numbered column by column. Emphasized links are drawn in a color of their own. */
  readonly links: readonly { readonly from: number; readonly to: number; readonly emphasized?: boolean }[];
  readonly width?: number;
  readonly height?: number;
}

/** A layered graph: nodes in columns, links from left to right. */
export function nodeLink({ title, columns, links, width = 300, height = 120 }: NodeLink): Spec {
  const most = Math.max(...columns.map(({ nodes }) => nodes));
  const nodes = columns.flatMap(({ name, nodes: count }, x) =>
    Array.from({ length: count }, (_, k) => ({
      x,
      // Columns are shifted a little against each other, so that links do not run through nodes between their ends.
      y: ((k + 0.5) * most) / count + (x % 2 === 0 ? -0.12 : 0.12),
      note: name,
    })),
  );
  const lines = links.map(({ from, to, emphasized = false }) => ({
    x: nodes[from]!.x,
    y: nodes[from]!.y,
    x2: nodes[to]!.x,
    y2: nodes[to]!.y,
    emphasized,
  }));
  const position = {
    x: {
      field: "x",
      type: "quantitative",
      title: null,
      scale: { domain: [-0.3, columns.length - 0.7], nice: false, zero: false },
      axis: {
        values: columns.map((_, x) => x),
        labelExpr: `${JSON.stringify(columns.map(({ name }) => name))}[datum.value]`,
        ticks: false,
        domain: false,
        grid: false,
      },
    },
    y: {
      field: "y",
      type: "quantitative",
      scale: { domain: [0, most], nice: false, zero: false },
      axis: null,
    },
  };
  const link = (test: string, mark: Spec): Spec => ({
    data: { values: lines },
    transform: only(test),
    mark: { type: "rule", aria: false, ...mark },
    encoding: { ...position, x2: { field: "x2" }, y2: { field: "y2" } },
  });
  return {
    ...heading(title, []),
    width,
    height,
    layer: [
      link("!datum.emphasized", { strokeWidth: 0.75, opacity: 0.5 }),
      link("datum.emphasized", { strokeWidth: 1, color: seriesColors[1] }),
      {
        data: { values: nodes },
        mark: { type: "circle", size: 55, opacity: 1, color: seriesColors[0] },
        encoding: { ...position, description: { field: "note" } },
      },
    ],
  };
}
