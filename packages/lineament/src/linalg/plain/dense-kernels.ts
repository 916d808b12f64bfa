import { checkDenseKernels } from "../checks.ts";
import { firstPair, firstRows, inputRows, pairThroughLayer, rowsThroughLayer } from "../dense-kernels.ts";
import type { RowTerms, Rows } from "../dense-kernels.ts";
import type { DenseKernelsCall, DenseLayer } from "../engine.ts";
import { breather } from "../queue.ts";

/** The kernels of an infinitely wide dense network, pair by pair. */
export async function denseKernels(call: DenseKernelsCall): Promise<void> {
  checkDenseKernels(call);
  const { x, z, layers, scale, nngp, ntk, derivatives, signal } = call;
  const own = sideOf(inputRows(x, scale), layers);
  const other = z ? sideOf(inputRows(z, scale), layers) : own;
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
  readonly directions: Float64Array;
  readonly terms: readonly RowTerms[];
  /** Behind the last layer. */
  readonly rows: Rows;
}

function sideOf(
  { directions, variances }: { directions: Float64Array; variances: Float64Array },
  layers: readonly DenseLayer[],
): Side {
  let rows = firstRows(variances);
  const terms: RowTerms[] = [];
  for (const layer of layers) {
    const next = rowsThroughLayer(layer, rows);
    terms.push(next.terms);
    rows = next.rows;
  }
  return { directions, terms, rows };
}
