import { type EndToEndLoss, type Engine, type Matrix, type Random, sensingLoss, zeros } from "lineament";
import { z } from "zod";
import { gaussianMatrix, orthogonalMatrix } from "../data/index.ts";

/** A matrix of low rank that is known by fewer measurements than it has entries. */
export interface LowRankSensing {
  /** W*, d × d, of the given singular values and random singular vectors. */
  readonly truth: Matrix<Float64Array>;
  /** ½ Σ_i (⟨A_i, W − W*⟩)², A_i with independent entries N(0, 1/m). */
  readonly loss: EndToEndLoss;
}

/**
 * @param problem.dimension - d
 * @param problem.singularValues - those of W* that are not 0, descending
 * @param problem.measurements - m
 */
export function lowRankSensing(
  engine: Engine,
  problem: {
    readonly dimension: number;
    readonly singularValues: readonly number[];
    readonly measurements: number;
  },
  generator: Random,
): LowRankSensing {
  const { dimension: d, singularValues, measurements: m } = problem;
  const [left, right] = [orthogonalMatrix(d, generator), orthogonalMatrix(d, generator)];
  const truth = zeros(d, d);
  singularValues.forEach((sigma, r) => {
    for (let i = 0; i < d; i++)
      for (let j = 0; j < d; j++)
        truth.data[i * d + j]! += sigma * left.data[r * d + i]! * right.data[r * d + j]!;
  });
  const matrices = gaussianMatrix(m, d * d, generator, { std: 1 / Math.sqrt(m) });
  const values = Float64Array.from({ length: m }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < d * d; k++) sum += matrices.data[i * d * d + k]! * truth.data[k]!;
    return sum;
  });
  return { truth, loss: sensingLoss(engine, { rows: d, cols: d, matrices, values }) };
}

/** The settings of a claim about such a problem. */
export const lowRankSensingSettings = {
  dimension: z.int().min(5).max(100).default(20).describe("d, rows and columns of W"),
  singularValues: z
    .array(z.number().min(0.5).max(20))
    .length(3)
    .default([10, 5, 2.5])
    .describe("those of W* that are not 0, descending"),
  measurements: z
    .int()
    .min(20)
    .max(10_000)
    .default(200)
    .describe("m, of W*, each with independent Gaussian entries"),
};
