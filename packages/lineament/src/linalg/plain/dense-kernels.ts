import { checkDenseKernels } from "../checks.ts";
import {
  firstPair,
  inputRows,
  pairThroughLayer,
  ROW_TERMS,
  rowTerms,
  takeRowsThroughLayer,
} from "../dense-kernels.ts";
import type { RowTerms, Rows } from "../dense-kernels.ts";
import type { DenseKernelsCall, DenseLayer } from "../engine.ts";
import type { Matrix } from "../matrix.ts";
import { breather } from "../queue.ts";

/** The kernels of an infinitely wide dense network, pair by pair. */
export async function denseKernels(call: DenseKernelsCall): Promise<void> {
  checkDenseKernels(call);
  const { x, z, layers, scale, nngp, ntk, derivatives, signal } = call;
  const own = sideOf(x, scale, layers);
  const other = z ? sideOf(z, scale, layers) : own;
  const [n, m, d] = [x.rows, (z ?? x).rows, x.cols];
  const pause = breather(signal);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      let pair = firstPair(own.directions, i, other.directions, j, d);
      layers.forEach((layer, l) => {
        pair = pairThroughLayer(layer, own.terms[l]!, i, other.terms[l]!, j, pair);
      });
      const [a, b] = [own.rows.variances[i]!, other.rows.variances[j]!];
      const diagonal = z === undefined && i === j;
      const at = i * m + j;
      if (nngp) nngp.data[at] = diagonal ? a : Math.sqrt(a) * Math.sqrt(b) * (1 - pair.gap);
      if (ntk) ntk.data[at] = diagonal ? own.rows.tangents[i]! : pair.tangent;
      if (derivatives) {
        const ofNtk = derivatives.of === "ntk";
        derivatives.byCovariance.data[at] = ofNtk ? pair.tangentByCovariance : pair.byCovariance;
        derivatives.byVariance.data[at] = ofNtk ? pair.tangentByVariance : pair.byVariance;
      }
    }
    await pause();
  }
}

interface Side {
  /** x̂ = x/‖x‖, 0 for a zero row. */
  readonly directions: Float64Array;
  readonly terms: readonly RowTerms[];
  /** Behind the last layer. */
  readonly rows: Rows;
}

function sideOf({ data, rows: n, cols: d }: Matrix, scale: number, layers: readonly DenseLayer[]): Side {
  const directions = Float64Array.from(data);
  const variances = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const row = directions.subarray(i * d, (i + 1) * d);
    const square = row.reduce((sum, value) => sum + value * value, 0);
    variances[i] = scale * square;
    if (square > 0) row.forEach((value, k) => (row[k] = value / Math.sqrt(square)));
  }
  const rows = inputRows(variances);
  const terms = layers.map((layer) => {
    const own = rowTerms(new Float64Array(ROW_TERMS * n), n);
    takeRowsThroughLayer(layer, rows, own);
    return own;
  });
  return { directions, terms, rows };
}
