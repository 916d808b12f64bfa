import {
  correlationGaps,
  type CorrelationMap,
  deepCorrelations,
  type Engine,
  type Matrix,
  zeros,
} from "lineament";
import { kernelRegression } from "./kernel-regression.ts";
import { column } from "./products.ts";

/**
 * What infinitely wide networks of L equal hidden layers predict when they interpolate: f(x) = yᵀK_L⁻¹k_L(x), up to a positive factor
 * that depends on x, at m points of the unit sphere. Correlations may become as small or as near to 1 as they like: kernels are used
 * by their logarithms, and where all training points have come together (NNGP kernel only), by their gaps.
 *
 * @param call - map: of one layer; train: n × d and test: m × d, in one orthant; labels: y, n of them; ridge: added to K_L of diagonal 1,
 * by default 0
 * @throws RangeError when K_L is not positive definite
 */
export async function deepClassifier(
  engine: Engine,
  {
    map,
    depth,
    kernel,
    train,
    test,
    labels,
    ridge = 0,
  }: {
    readonly map: CorrelationMap;
    readonly depth: number;
    readonly kernel: "nngp" | "ntk";
    readonly train: Matrix;
    readonly test: Matrix;
    readonly labels: Float64Array;
    readonly ridge?: number;
  },
): Promise<Float64Array> {
  const [own, other] = [
    deepCorrelations(map, correlationGaps(train), depth),
    deepCorrelations(map, correlationGaps(test, train), depth),
  ];
  const largest = own.gap.reduce((most, gap) => Math.max(most, gap), 0);
  if (kernel === "nngp" && largest > 0 && largest < 0.5)
    return collapsed(engine, own.gap, other.gap, largest, { labels, ridge });
  const name = kernel === "nngp" ? "logNngp" : "logNtk";
  const top = own[name][0]!;
  const n = train.rows;
  const cross = zeros(test.rows, n);
  for (let i = 0; i < test.rows; i++) {
    const row = other[name].subarray(i * n, (i + 1) * n);
    const most = row.reduce((max, value) => Math.max(max, value), -Infinity);
    row.forEach((value, j) => (cross.data[i * n + j] = most === -Infinity ? 0 : Math.exp(value - most)));
  }
  const gram = { data: own[name].map((value) => Math.exp(value - top)), rows: n, cols: n };
  const fitted = await kernelRegression(engine, { kernel: gram, cross, targets: column(labels), ridge });
  return fitted.data;
}

/**
 * f for K = 11ᵀ − G with small G = largest · X. With K̃ = 2 · 11ᵀ − X, a = K̃⁻¹y and e = K̃⁻¹1 it is k̃ᵀa + t (1 − k̃ᵀe),
 * t = D 1ᵀa/(1 + D 1ᵀe) with D = 1/largest − 2: nothing of G is lost beside 1.
 */
async function collapsed(
  engine: Engine,
  own: Float64Array,
  other: Float64Array,
  largest: number,
  { labels, ridge }: { readonly labels: Float64Array; readonly ridge: number },
): Promise<Float64Array> {
  const n = labels.length;
  const m = other.length / n;
  const near = (gaps: Float64Array): Float64Array => gaps.map((gap) => 2 - gap / largest);
  const targets = zeros(n, 2);
  labels.forEach((label, i) => targets.data.set([label, 1], 2 * i));
  // The sums 1ᵀa and 1ᵀe are one more row of "predictions".
  const cross = zeros(m + 1, n);
  cross.data.set(near(other));
  cross.data.fill(1, m * n);
  const { data } = await kernelRegression(engine, {
    kernel: { data: near(own), rows: n, cols: n },
    cross,
    targets,
    ridge,
  });
  const far = 1 / largest - 2;
  const level = (far * data[2 * m]!) / (1 + far * data[2 * m + 1]!);
  return Float64Array.from({ length: m }, (_, i) => data[2 * i]! + level * (1 - data[2 * i + 1]!));
}
