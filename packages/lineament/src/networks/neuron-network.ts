import { type ActivationChoice, checkedActivation } from "../layers/index.ts";
import type { Engine } from "../linalg/index.ts";
import { elementwise } from "./elementwise.ts";
import type { NeuronGraph } from "./random-graph.ts";
import { pointwise } from "./tape/expression.ts";
import { concatenate, gatherColumns, groupedMatmul, matmul, reshape } from "./tape/primitives.ts";
import { tapeModel, type TapeModel } from "./tape/tape-model.ts";

/**
 * A graph of neurons as a network: neuron v is h_v = φ(Σ_u w_uv h_u / √in(v)) over its predecessors u, inputs are h_u = x_u, and
 * f = Σ_u a_u h_u / √m over the m neurons of the last level. θ holds, level by level, the weights (one row a neuron, in the order
 * of its predecessors), which start standard normal, and then a, which starts ±1.
 *
 * @throws RangeError when predecessors are not nodes of lower levels, and for unknown activations
 * @see Zhu, Liu and Belkin, arXiv:2205.11786
 */
export function neuronNetwork(
  engine: Engine,
  graph: NeuronGraph,
  { activation = "tanh" }: { readonly activation?: ActivationChoice } = {},
): TapeModel {
  const phi = elementwise(checkedActivation("neuronNetwork", activation));
  let nodes = graph.inputs;
  for (const [at, { neurons, inDegree, predecessors }] of graph.levels.entries()) {
    if (!(neurons >= 1 && inDegree >= 1 && predecessors.length === neurons * inDegree))
      throw new RangeError(
        `neuronNetwork: level ${at + 1} has ${predecessors.length} predecessors, expected ${neurons} × ${inDegree}`,
      );
    const wrong = predecessors.find((node) => !(node >= 0 && node < nodes));
    if (wrong !== undefined)
      throw new RangeError(
        `neuronNetwork: level ${at + 1} reads node ${wrong}, but below it are nodes 0 to ${nodes - 1} only: order levels so that neurons read lower ones (a cycle has no such order)`,
      );
    nodes += neurons;
  }
  const last = graph.levels.at(-1)?.neurons ?? graph.inputs;
  return tapeModel(engine, {
    inputs: graph.inputs,
    outputs: 1,
    matrices: [
      ...graph.levels.map(({ neurons, inDegree }, at) => ({
        name: `weights of level ${at + 1}`,
        rows: neurons,
        cols: inDegree,
      })),
      { name: "output weights", rows: 1, cols: last, start: "signs" },
    ],
    output(x, parameters) {
      let below = x;
      let top = x;
      for (const [at, { neurons, inDegree, predecessors }] of graph.levels.entries()) {
        const read = reshape(gatherColumns(below, predecessors), x.rows * neurons, inDegree);
        const sums = groupedMatmul(read, parameters[at]!, {
          groups: neurons,
          alpha: 1 / Math.sqrt(inDegree),
        });
        top = pointwise(reshape(sums, x.rows, neurons), phi);
        below = concatenate([below, top]);
      }
      return matmul(top, parameters.at(-1)!, { transposed: true, alpha: 1 / Math.sqrt(last) });
    },
  });
}
