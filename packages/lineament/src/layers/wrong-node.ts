import type { GraphNode } from "./layer.ts";

/** Where a graph is no network, and why. */
export interface WrongNode {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** The first node (or output) by which the nodes of a graph cannot be evaluated in their order, if there is one. */
export function wrongNode(
  nodes: readonly Pick<GraphNode, "name" | "inputs">[],
  output: string,
): WrongNode | undefined {
  const quoted = (name: string): string => JSON.stringify(name);
  const all = new Set(["input", ...nodes.map(({ name }) => name)]);
  const known = new Set(["input"]);
  const missing = (reader: string, name: string): string =>
    `${reader} reads ${quoted(name)}, which ${
      all.has(name)
        ? "comes later or is itself; list the nodes so that each reads earlier ones (a cycle has no such order)"
        : `is not there; the nodes are ${[...all].map(quoted).join(", ")}`
    }`;
  for (const [k, { name, inputs }] of nodes.entries()) {
    const reader = `node ${quoted(name)}`;
    if (known.has(name))
      return { path: ["nodes", k, "name"], message: `${reader} has the name of another; rename one of them` };
    const at = inputs.findIndex((read) => !known.has(read));
    if (at >= 0) return { path: ["nodes", k, "inputs", at], message: missing(reader, inputs[at]!) };
    known.add(name);
  }
  return known.has(output) ? undefined : { path: ["output"], message: missing("the output", output) };
}
