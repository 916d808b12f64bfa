import { checkedLayer, type Layer } from "../../layers/index.ts";

type Combination = { readonly layer: "combine" } & Pick<
  Extract<Layer, { layer: "parallel" }>,
  "combine" | "fractions"
>;

/** One layer of a network that is written as a list: it reads the results of earlier steps. */
export interface Step {
  /** Where in the description it stands, for error messages: `layers[1].branches[0]`. */
  readonly name: string;
  readonly reads: readonly number[];
  readonly layer:
    | { readonly layer: "input" }
    | Combination
    | Exclude<Layer, { layer: "serial" | "parallel" | "graph" | "identity" | "dropout" }>;
}

/**
 * The tree of layers as a list of steps; step 0 is the input, the last one the output.
 * @throws RangeError when a layer is not one; when a graph names nodes that are not there, twice, or in an order that no evaluation can follow; and for
 * dropout, which belongs to training kernels
 */
export function stepsOf(description: Layer): readonly Step[] {
  const steps: Step[] = [{ name: "input", reads: [], layer: { layer: "input" } }];
  const push = (name: string, reads: readonly number[], layer: Step["layer"]): number =>
    steps.push({ name, reads, layer }) - 1;

  const visit = (layer: Layer, input: number, path: string): number => {
    switch (layer.layer) {
      case "identity":
        return input;
      case "serial":
        return layer.layers.reduce((at, next, i) => visit(next, at, `${path}.layers[${i}]`), input);
      case "parallel":
        return combine(
          path,
          layer.branches.map((branch, i) => visit(branch, input, `${path}.branches[${i}]`)),
          layer,
        );
      case "graph":
        return graph(layer, input, path);
      case "dropout":
        if (layer.keep === 1) return input;
        throw new RangeError(
          `graphNetwork: ${label(path, layer.layer)} is for training kernels (infinite networks) only: leave it out of finite networks`,
        );
      default:
        return push(label(path, layer.layer), [input], layer);
    }
  };

  const combine = (
    path: string,
    reads: readonly number[],
    { combine, fractions }: Pick<Combination, "combine" | "fractions">,
  ): number => {
    return reads.length === 1
      ? reads[0]!
      : push(label(path, combine), reads, { layer: "combine", combine, fractions });
  };

  const graph = (layer: Extract<Layer, { layer: "graph" }>, input: number, path: string): number => {
    const known = new Map([["input", input]]);
    for (const node of layer.nodes) {
      const place = `${path}.node ${JSON.stringify(node.name)}`;
      const reads = node.inputs.map((read) => known.get(read)!);
      known.set(node.name, visit(node.layer, combine(place, reads, { combine: node.combine }), place));
    }
    return known.get(layer.output)!;
  };

  const output = visit(checkedLayer("graphNetwork", description), 0, "");
  // Nodes that the output does not need may stand after it: the output is last all the same.
  return reachable(steps, output);
}

/** The steps that `output` needs, in their order; `output` comes last. */
function reachable(steps: readonly Step[], output: number): readonly Step[] {
  const needed = new Set([0, output]);
  for (let at = output; at > 0; at--)
    if (needed.has(at)) for (const read of steps[at]!.reads) needed.add(read);
  const position = new Map([...needed].sort((a, b) => a - b).map((old, at) => [old, at]));
  return [...position.keys()].map((old) => ({
    ...steps[old]!,
    reads: steps[old]!.reads.map((read) => position.get(read)!),
  }));
}

function label(path: string, layer: string): string {
  return path === "" ? `the ${layer} layer` : `${path.slice(1)} (${layer})`;
}
