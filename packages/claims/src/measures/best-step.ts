import { type EndToEndLoss, type Engine, factorSteps, type LinearNetwork } from "lineament";

/** The constant step of gradient descent that reaches a loss first. */
export interface BestStep {
  /** Infinity when none of the steps reached it. */
  readonly iterations: number;
  /** NaN when none did. */
  readonly step: number;
}

/**
 * Trains with each of the steps and tells which needs the fewest iterations to bring the loss to `target`. Large steps are tried
 * first, and none is followed for longer than the best so far took.
 *
 * @param problem.cap - iterations at most
 */
export async function bestStep(
  engine: Engine,
  problem: {
    readonly start: LinearNetwork;
    readonly loss: EndToEndLoss;
    readonly target: number;
    readonly steps: readonly number[];
    readonly cap: number;
  },
  signal?: AbortSignal,
): Promise<BestStep> {
  let best: BestStep = { iterations: Infinity, step: NaN };
  for (const step of [...problem.steps].sort((a, b) => b - a)) {
    const { loss, target, start, cap } = problem;
    const limit = Math.min(cap, best.iterations - 1);
    const options = { learningRate: step, steps: limit, target, signal };
    let last: { readonly step: number; readonly outcome: string } | undefined;
    for await (const state of factorSteps(engine, start, loss, options)) last = state;
    if (last?.outcome === "reached") best = { iterations: last.step, step };
  }
  return best;
}

/** The losses of gradient descent, from the start to the target. */
export async function lossCurve(
  engine: Engine,
  {
    start,
    loss,
    target,
  }: { readonly start: LinearNetwork; readonly loss: EndToEndLoss; readonly target: number },
  { step, iterations }: BestStep,
  signal?: AbortSignal,
): Promise<number[]> {
  const losses: number[] = [];
  const options = { learningRate: step, steps: iterations, target, signal };
  for await (const state of factorSteps(engine, start, loss, options)) losses.push(state.loss);
  return losses;
}
