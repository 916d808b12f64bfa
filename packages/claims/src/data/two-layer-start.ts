import type { Matrix, Random } from "lineament";
import { gaussianMatrix } from "./gaussian-matrix.ts";
import { randomSigns } from "./random-signs.ts";

/** Random weights of f = (1/√m) Σ_i v_i σ(⟨u_i, x⟩/√d): normal u_i, and v_i = ±1 unless given otherwise. */
export interface TwoLayerStart {
  /** u_i as rows: m × d. */
  readonly weights: Matrix<Float64Array>;
  /** v: m numbers. */
  readonly readout: Float64Array;
  /** u_1, …, u_m, v one after the other: θ of a dense network without biases. Shares memory with both. */
  readonly parameters: Float64Array;
}

/** Draws u, then v from the same generator. */
export function twoLayerStart(
  width: number,
  d: number,
  generator: Random,
  readouts: (size: number, generator: Random) => Float64Array = randomSigns,
): TwoLayerStart {
  const parameters = new Float64Array(width * (d + 1));
  parameters.set(gaussianMatrix(width, d, generator).data);
  parameters.set(readouts(width, generator), width * d);
  return {
    weights: { data: parameters.subarray(0, width * d), rows: width, cols: d },
    readout: parameters.subarray(width * d),
    parameters,
  };
}
