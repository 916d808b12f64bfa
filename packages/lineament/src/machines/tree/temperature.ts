import { type Engine, type Matrix, type Points, zeros } from "../../linalg/index.ts";
import { evaluate, transformed } from "../kernel-expansion.ts";
import { takePoints } from "../learning-problem.ts";
import type { FittedLeaf, LeafProblem } from "./fit-leaf.ts";
import { leafShares, type Partition } from "./partition.ts";

/** 0, and twenty values from 0.025 to 4.5 in equal proportion. */
const TEMPERATURES = [0, ...Array.from({ length: 20 }, (_, i) => 0.025 * 180 ** (i / 19))];
/** A higher temperature, which asks more leaves for every prediction, must lower the loss by more than this part of it, … */
const WORTH = 0.005;
/** … and may ask so many leaves a row on average: predictions take that many times as long as those of one leaf. */
const MOST_ASKED = 1.5;

/** A temperature, and what the tree predicts with it. */
export interface ChosenTemperature {
  readonly temperature: number;
  /** Before decoding, rows × c. */
  readonly values: Matrix<Float64Array>;
}

/** A grown tree whose leaves are fitted. */
export interface FittedLeaves {
  readonly problem: LeafProblem;
  readonly partition: Partition;
  readonly leaves: readonly FittedLeaf[];
}

/**
 * Chooses the temperature by rows that no leaf was fitted on. Every leaf is evaluated once, at the rows that ask it at any
 * affordable temperature; each temperature then is a weighted average.
 *
 * @param loss - of values before decoding, smaller is better
 */
export async function chooseTemperature(
  engine: Engine,
  { problem, partition, leaves }: FittedLeaves,
  seen: Points,
  loss: (values: Matrix<Float64Array>) => number,
  signal?: AbortSignal,
): Promise<ChosenTemperature> {
  const { coordinates } = seen;
  const blocks = problem.blockSizes.length;
  const m = coordinates.rows;
  const c = partition.offsets.cols;
  const affordable = TEMPERATURES.map((temperature) => ({
    temperature,
    shares: leafShares(partition, coordinates, temperature),
  })).filter(({ shares }) => shares.reduce((sum, { rows }) => sum + rows.length, 0) <= MOST_ASKED * m);
  const shares = affordable.map((one) => one.shares);
  const averages = affordable.map(() => zeros(m, c));
  for (const [leaf, { rows: own, kernel, metric, coefficients }] of leaves.entries()) {
    const asked = new Set(shares.flatMap((share) => [...share[leaf]!.rows]));
    if (asked.size === 0) continue;
    const rows = Int32Array.from(asked).sort();
    const place = new Map(Array.from(rows, (row, at) => [row, at]));
    const centers = takePoints(problem.x, own, blocks);
    const expansion = await transformed(engine, { kernel, metric, centers, coefficients });
    const values = await evaluate(engine, expansion, takePoints(seen, rows, blocks), signal);
    averages.forEach(({ data }, t) => {
      const share = shares[t]![leaf]!;
      share.rows.forEach((row, at) => {
        for (let l = 0; l < c; l++)
          data[row * c + l]! +=
            share.weights[at]! *
            (values.data[place.get(row)! * c + l]! + partition.offsets.data[leaf * c + l]!);
      });
    });
  }
  const losses = averages.map(loss);
  const least = Math.min(...losses);
  const chosen = losses.findIndex((value) => value <= least + WORTH * Math.abs(least));
  return { temperature: affordable[chosen]!.temperature, values: averages[chosen]! };
}
