import { convert, type Engine, type Matrix, transpose, zeros } from "../linalg/index.ts";
import type { FeatureMachine } from "../machines/index.ts";
import { checkColumns, coordinateColumns, type ExplainedColumn } from "./columns.ts";
import { featureDirections } from "./feature-directions.ts";
import { sampleGradients, type SampleOptions, spreadAgop } from "./predictor-gradients.ts";

export interface LearnedDirectionsOptions extends SampleOptions {
  /** Default one column a coordinate. */
  readonly columns?: readonly ExplainedColumn[] | undefined;
  /** Directions described; default 5. */
  readonly count?: number | undefined;
  /** Entries listed a direction; default 8. */
  readonly entries?: number | undefined;
}

/** One eigenvector of the AGOP. */
export interface LearnedDirection {
  /** Part of the trace. */
  readonly share: number;
  /** Unit vector over coordinates in their spreads; its entry of largest size is positive. */
  readonly vector: readonly number[];
  /** Largest columns first; weight = Σ of squared entries over the column's coordinates, entry = that of largest size. */
  readonly columns: readonly { readonly name: string; readonly weight: number; readonly entry: number }[];
}

/** What the predictor varies along. */
export interface LearnedDirections {
  readonly directions: readonly LearnedDirection[];
  /** All eigenvalues as shares of the trace, descending; zeros when the predictor is constant. */
  readonly spectrum: readonly number[];
  /** How many directions count: (Σλ)² / Σλ². */
  readonly effectiveRank: number;
  /** The AGOP in spreads of the coordinates, d × d. */
  readonly agop: Matrix<Float64Array>;
}

/**
 * The eigenvectors of the AGOP of the returned predictor: directions of input space along which the predictions change, by their
 * share of the mean squared change (of class scores before calibration, for classes). Coordinates are measured in their spread as the machine sees it (their standard deviation where it
 * sees them standardized, that of their normal scores where it sees ranks), so that units and skewed columns do not rule. Categorical blocks have no
 * derivative and are left out. An off-diagonal of the AGOP is E[∂_jF ∂_kF]: columns that matter *together* in one linear combination, not an interaction.
 */
export async function learnedDirections(
  machine: FeatureMachine,
  { columns, count = 5, entries = 8, ...options }: LearnedDirectionsOptions = {},
): Promise<LearnedDirections> {
  const shown = columns ?? coordinateColumns(machine.state);
  checkColumns("learnedDirections", shown, machine.state);
  const agop = await spreadAgop(machine, await sampleGradients(machine, options));
  const { spectrum, vectors, effectiveRank } = await featureDirections(machine.engine, agop);
  const directions = vectors.slice(0, count).map((vector, at): LearnedDirection => {
    const weights = shown
      .filter(({ coordinates }) => coordinates.length > 0)
      .map(({ name, coordinates }) => {
        const own = coordinates.map((k) => vector[k]!);
        return {
          name,
          weight: own.reduce((sum, entry) => sum + entry * entry, 0),
          entry: own.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a)),
        };
      });
    return {
      share: spectrum[at]!,
      vector,
      columns: weights.toSorted((a, b) => b.weight - a.weight).slice(0, entries),
    };
  });
  return { directions, spectrum, effectiveRank, agop };
}

/**
 * Angles in radians, ascending, between the spans of the leading `count` eigenvectors of two symmetric d × d matrices:
 * arccos of the singular values of Q_aᵀ Q_b. All 0 when the spaces are the same, all π/2 when they are orthogonal.
 */
export async function principalAngles(
  engine: Engine,
  a: Matrix,
  b: Matrix,
  count: number,
): Promise<number[]> {
  const d = a.rows;
  if (a.cols !== d || b.rows !== d || b.cols !== d)
    throw new RangeError(
      `principalAngles: got ${a.rows} × ${a.cols} and ${b.rows} × ${b.cols}, expected two square matrices of one size`,
    );
  if (!(Number.isInteger(count) && count >= 1 && count <= d))
    throw new RangeError(`principalAngles: count is ${count}; it must be between 1 and ${d}`);
  const leading = async (m: Matrix): Promise<Matrix<Float64Array>> => {
    const { vectors } = await engine.eigenSymmetric(convert(m, "float64"));
    const out = zeros(d, count);
    for (let k = 0; k < d; k++)
      for (let l = 0; l < count; l++) out.data[k * count + l] = vectors.data[k * d + (d - 1 - l)]!;
    return out;
  };
  const [qa, qb] = [await leading(a), await leading(b)];
  const product = zeros(count, count);
  await engine.gemm({ a: transpose(qa), b: qb, c: product });
  const { values } = await engine.singularValues(product);
  return Array.from(values, (value) => Math.acos(Math.min(1, value))).toSorted((x, y) => x - y);
}
