import { type Engine, type Matrix, random, takeRows, zeros } from "../../linalg/index.ts";
import { averageGradientOuterProduct } from "../average-gradient-outer-product.ts";
import { takePoints } from "../learning-problem.ts";
import { recursiveFeatureIterations } from "../recursive-feature-iterations.ts";
import { subsample } from "../validation.ts";
import type { LeafProblem } from "./fit-leaf.ts";

/** Rows that a direction is learned from. */
const ROWS = 2000;
/** Rows that gradients are averaged over. */
const AGOP_ROWS = 1000;
/** The machine behind a direction. Its ridge is large for targets of unit variance: a direction needs no fine detail. */
const SETTINGS = {
  kernel: { family: "laplace", bandwidth: 3, exponent: 1 },
  bandwidth: "adaptive",
  form: "full",
  power: 0.5,
  shrinkage: 0,
  agopRows: AGOP_ROWS,
  precision: "float32",
} as const;
const RIDGE = 0.1;

/**
 * Directions to divide rows by, best first: the eigenvectors of D M D, M the average gradient outer product of a kernel machine
 * on a sample of the rows and D the standard deviations of the coordinates there. In these units the first one is where
 * the function changes most over *these* rows: a coordinate that earlier divisions have made narrow counts for less. As rows
 * of a matrix in the coordinates themselves, w D⁻¹ for eigenvectors w, the largest entry of w positive.
 *
 * @param start - the metric the machine sees
 * @see Beaglehole et al., arXiv:2508.10053, where D = I
 */
export async function splitDirections(
  engine: Engine,
  { x, blockSizes, y, weights, start }: Pick<LeafProblem, "x" | "blockSizes" | "y" | "weights" | "start">,
  rows: Int32Array,
  seed: number,
  signal?: AbortSignal,
): Promise<Matrix<Float64Array>> {
  const d = x.coordinates.cols;
  const sampled = subsample(rows, ROWS, random(seed));
  const points = takePoints(x, sampled, blockSizes.length);
  const target = takeRows(y, sampled);
  center(target);
  const deviations = deviationsOf(points.coordinates);
  const problem = {
    x: points,
    blockSizes,
    y: target,
    weights: weights && Float64Array.from(sampled, (i) => weights[i]!),
  };
  const options = { iterations: 0, ridges: [RIDGE], start, refinements: 0, seed, signal };
  for await (const { expansion } of recursiveFeatureIterations(engine, problem, SETTINGS, options)) {
    const agop = await averageGradientOuterProduct(engine, expansion, {
      rows: subsample(
        Int32Array.from(sampled, (_, at) => at),
        AGOP_ROWS,
        random(seed + 1),
      ),
      weights: problem.weights,
      signal,
    });
    if (agop.form !== "full") break;
    const m = agop.values;
    for (let a = 0; a < d; a++)
      for (let b = 0; b < d; b++) m.data[a * d + b]! *= deviations[a]! * deviations[b]!;
    const { vectors } = await engine.eigenSymmetric(m);
    const directions = zeros(d, d);
    for (let j = 0; j < d; j++) {
      let largest = 0;
      for (let a = 0; a < d; a++) {
        const entry = vectors.data[a * d + (d - 1 - j)]!;
        if (Math.abs(entry) > Math.abs(largest)) largest = entry;
        directions.data[j * d + a] = deviations[a]! > 0 ? entry / deviations[a]! : 0;
      }
      if (largest < 0) for (let a = 0; a < d; a++) directions.data[j * d + a]! *= -1;
    }
    return directions;
  }
  return zeros(0, d);
}

function center({ data, rows, cols }: Matrix): void {
  for (let l = 0; l < cols; l++) {
    let mean = 0;
    for (let i = 0; i < rows; i++) mean += data[i * cols + l]! / rows;
    for (let i = 0; i < rows; i++) data[i * cols + l]! -= mean;
  }
}

function deviationsOf({ data, rows, cols }: Matrix): Float64Array {
  return Float64Array.from({ length: cols }, (_, a) => {
    let mean = 0;
    for (let i = 0; i < rows; i++) mean += data[i * cols + a]! / rows;
    let square = 0;
    for (let i = 0; i < rows; i++) square += (data[i * cols + a]! - mean) ** 2 / rows;
    return Math.sqrt(square);
  });
}
