import type { Engine } from "../linalg/index.ts";
import { type DescentOptions, type DescentStep, descentSteps } from "./descent.ts";
import type { EndToEndLoss } from "./end-to-end-loss.ts";
import { layerProduct } from "./layer-product.ts";
import { checkNetwork, type LinearNetwork } from "./linear-network.ts";

/**
 * Trains a deep linear network on a loss of its end-to-end matrix, step by step: gradient descent, heavy ball, or steps by a
 * rule. Yields the states 0 … steps (fewer when the target is reached or it diverges); the last one says how it ended. A step
 * is 3 (N − 1) matrix products, the loss, and one pass over the weights; memory does not grow with the number of steps.
 *
 * @param network - where it starts; left as it is
 * @throws RangeError for weights, rates or numbers that make no sense, or a loss of another shape; the signal's reason when aborted
 * @see Arora et al., arXiv:1905.13655
 */
export async function* factorSteps(
  engine: Engine,
  network: LinearNetwork,
  loss: EndToEndLoss,
  options: DescentOptions,
): AsyncGenerator<DescentStep, void> {
  const layers = checkNetwork("factorSteps", network);
  checkLoss("factorSteps", layers, loss);
  yield* descentSteps("factorSteps", engine, layerProduct(engine), layers, loss, options);
}

/** Trains to the end: the last of the `factorSteps`. */
export async function trainFactors(
  engine: Engine,
  network: LinearNetwork,
  loss: EndToEndLoss,
  options: DescentOptions,
): Promise<DescentStep> {
  let last: DescentStep | undefined;
  for await (const step of factorSteps(engine, network, loss, options)) last = step;
  return last!;
}

/** @throws RangeError when the loss is of a matrix of another shape */
export function checkLoss(call: string, network: LinearNetwork, { rows, cols }: EndToEndLoss): void {
  const [outputs, inputs] = [network.at(-1)!.rows, network[0]!.cols];
  if (rows !== outputs || cols !== inputs)
    throw new RangeError(
      `${call}: the loss is of a ${rows} × ${cols} matrix, but the end-to-end matrix is ${outputs} × ${inputs}`,
    );
}
