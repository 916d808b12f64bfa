import { type Engine, type Matrix, type Points, precisionOf, zeros } from "../linalg/index.ts";
import type { Member } from "./automatic/refit.ts";
import { type Calibration, calibrate } from "./calibration.ts";
import type { TransformedExpansion } from "./average-gradient-outer-product.ts";
import { evaluate, transformed } from "./kernel-expansion.ts";
import { decodeValues, pointRange, takePoints, type Target } from "./learning-problem.ts";
import { type LeafShare, leafShares } from "./tree/partition.ts";
import { applyView, type OneHotGroup } from "./view.ts";

/** What the choice of the machine looked at, for reports. */
export interface SearchSummary {
  readonly evaluated: number;
  /** 1 − R² or smoothed log loss of the average, on rows its members were not fitted on. */
  readonly loss: number;
  readonly bestSingleLoss: number;
  readonly leaderboard: readonly { readonly name: string; readonly loss: number; readonly rounds: number }[];
  /** What ended early because it was enough: the search, or the fit to all rows after it; absent when nothing did. */
  readonly cutShort?: readonly CutStage[] | undefined;
}

/** A part of a fit that can end early. */
export type CutStage = "search" | "fit";

/**
 * Everything a fitted feature machine is: plain numbers, never changed. `x` are its training rows in input coordinates;
 * a member is a view of them and kernel expansions over them.
 */
export interface FeatureMachineState {
  readonly task: "regression" | "classification";
  /** Regression: target columns. Classification: classes. */
  readonly outputs: number;
  readonly x: Points;
  /** Which of the given rows `x` are, where the machine keeps only some; not in files. */
  readonly rows?: Int32Array | undefined;
  readonly blockSizes: readonly number[];
  readonly groups: readonly OneHotGroup[];
  readonly members: readonly Member[];
  /** Calibration of the averaged probabilities. */
  readonly calibration: Calibration | undefined;
  /** Predictions of training rows by machines that were not fitted on them, and what was true. */
  readonly validation: { readonly predictions: Matrix<Float64Array>; readonly target: Target };
  readonly summary: SearchSummary;
}

/** Rows that are predicted together have so many numbers, little memory, … */
const BATCH_NUMBERS = 2 ** 22;
/** … but are at least so many, so that every leaf of a tree is asked by some. */
const BATCH_ROWS = 2 ** 14;

/** A state on an engine: centers are transformed once, at the first use. */
export class FeatureMachine {
  readonly state: FeatureMachineState;
  readonly engine: Engine;
  readonly #expansions = new Map<Member, Promise<readonly TransformedExpansion[]>>();

  constructor(engine: Engine, state: FeatureMachineState) {
    this.engine = engine;
    this.state = state;
  }

  /**
   * Predictions for rows in input coordinates: rows × outputs, targets in their units or class probabilities.
   * Each row's prediction depends on that row alone.
   */
  async predict(x: Points, signal?: AbortSignal): Promise<Matrix<Float64Array>> {
    const { state } = this;
    if (x.coordinates.cols !== state.x.coordinates.cols)
      throw new RangeError(
        `predict: x has ${x.coordinates.cols} columns, expected ${state.x.coordinates.cols}`,
      );
    const { rows, cols } = x.coordinates;
    const predictions = zeros(rows, state.outputs);
    const most = Math.max(BATCH_ROWS, Math.floor(BATCH_NUMBERS / Math.max(1, cols)));
    const batch = Math.ceil(rows / Math.ceil(rows / most));
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < rows) {
        const start = next;
        next = Math.min(rows, start + batch);
        const part = pointRange(x, start, next, state.blockSizes.length);
        const { data } = await this.#predictBatch(part, signal);
        predictions.data.set(data, start * state.outputs);
      }
    };
    // Two at a time: one is prepared while the engine evaluates the other.
    await Promise.all([work(), work()]);
    return predictions;
  }

  async #predictBatch(x: Points, signal: AbortSignal | undefined): Promise<Matrix<Float64Array>> {
    const { state } = this;
    const average = zeros(x.coordinates.rows, state.outputs);
    for (const member of state.members) {
      const decoded = decodeValues(member.coding, await this.memberValues(member, x, signal));
      const outputs = member.recipe.calibration ? calibrate(member.recipe.calibration, decoded) : decoded;
      for (let at = 0; at < average.data.length; at++)
        average.data[at]! += member.recipe.weight * outputs.data[at]!;
    }
    if (state.task === "regression") return average;
    const probabilities = state.calibration ? calibrate(state.calibration, average) : average;
    // As if one more training row had been seen, spread over all classes: no probability is ever 0.
    const n = state.x.coordinates.rows;
    for (let at = 0; at < probabilities.data.length; at++)
      probabilities.data[at] = (n * probabilities.data[at]! + 1 / state.outputs) / (n + 1);
    return probabilities;
  }

  /** The mean value of a member's expansions before decoding, rows × c (c target columns, or classes less one). */
  async memberValues(member: Member, x: Points, signal?: AbortSignal): Promise<Matrix<Float64Array>> {
    return this.valuesInView(member, applyView(member.view, x, this.state.blockSizes.length), signal);
  }

  /** The same for rows in the coordinates of the member's view. */
  async valuesInView(member: Member, seen: Points, signal?: AbortSignal): Promise<Matrix<Float64Array>> {
    const expansions = await this.memberExpansions(member);
    const c = expansions[0]!.coefficients.cols;
    const sum = zeros(seen.coordinates.rows, c);
    for (const [leaf, { rows, weights }] of expansionShares(member, seen).entries()) {
      if (rows.length === 0) continue;
      const part = rows.length === sum.rows ? seen : takePoints(seen, rows, this.state.blockSizes.length);
      const { data } = await evaluate(this.engine, expansions[leaf]!, part, signal);
      for (let l = 0; l < c; l++) {
        const offset = member.partition?.offsets.data[leaf * c + l] ?? 0;
        for (let at = 0; at < rows.length; at++)
          sum.data[rows[at]! * c + l]! += weights[at]! * (data[at * c + l]! + offset);
      }
    }
    return sum;
  }

  /** A member's expansions with their centers transformed. */
  memberExpansions(member: Member): Promise<readonly TransformedExpansion[]> {
    let ready = this.#expansions.get(member);
    if (!ready) {
      ready = this.#transform(member);
      this.#expansions.set(member, ready);
    }
    return ready;
  }

  async #transform(member: Member): Promise<readonly TransformedExpansion[]> {
    const { x, blockSizes } = this.state;
    const result: TransformedExpansion[] = [];
    for (const { rows, kernel, metric, coefficients } of member.expansions) {
      const centers = applyView(member.view, takePoints(x, rows, blockSizes.length), blockSizes.length);
      result.push(
        await transformed(this.engine, { kernel, metric, centers, coefficients }, precisionOf(coefficients)),
      );
    }
    return result;
  }
}

/** Which rows (in view coordinates) each expansion of a member has a part in: as leaves of its partition, or all evenly. */
export function expansionShares({ partition, expansions }: Member, seen: Points): readonly LeafShare[] {
  if (partition) return leafShares(partition, seen.coordinates);
  const n = seen.coordinates.rows;
  const rows = Int32Array.from({ length: n }, (_, i) => i);
  const weights = new Float64Array(n).fill(1 / expansions.length);
  return expansions.map(() => ({ rows, weights }));
}
