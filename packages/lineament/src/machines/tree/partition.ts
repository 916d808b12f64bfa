import type { Matrix } from "../../linalg/index.ts";

/**
 * A binary tree of half spaces, and how rows are shared among its leaves. Node j sends x low when v_j · x ≤ b_j; with a
 * temperature θ > 0 it sends it low with weight σ(−η_j) and high with weight σ(η_j), η_j = (v_j · x − b_j) / (θ s_j), and a leaf
 * has the product of the weights on its path.
 *
 * @see Beaglehole et al., arXiv:2508.10053
 */
export interface Partition {
  /** v of every node, nodes × k in the coordinates of a view; the root is node 0, children come after their parents. */
  readonly directions: Matrix<Float64Array>;
  /** b of every node. */
  readonly thresholds: Float64Array;
  /** s of every node: the interquartile range of v · x over its rows. */
  readonly spreads: Float64Array;
  /** Low and high child of every node: the number of a node, or −1 − the number of a leaf. */
  readonly children: Int32Array;
  /** θ; 0 sends every row to one leaf. */
  readonly temperature: number;
  /** What the values of a leaf are added to, leaves × c: the mean target of its rows. */
  readonly offsets: Matrix<Float64Array>;
}

/** The rows that a leaf has a part in, and how much of each. */
export interface LeafShare {
  readonly rows: Int32Array;
  /** Positive; over all leaves those of a row sum to 1. */
  readonly weights: Float64Array;
}

/** The heaviest leaves of a row that together have so much of its weight are evaluated, … */
const MASS = 0.99;
/** … but at most so many. */
const MOST_LEAVES = 12;
/** Branches of less weight are not followed. */
const NEGLIGIBLE = 1e-9;

/** v_j · x for row i of `coordinates`: training and routing must agree to the last bit. */
export function projection(directions: Matrix, j: number, coordinates: Matrix, i: number): number {
  const { cols: k } = directions;
  let sum = 0;
  for (let a = 0; a < k; a++) sum += directions.data[j * k + a]! * coordinates.data[i * k + a]!;
  return sum;
}

/** How rows in view coordinates are shared among the leaves: one share a leaf. */
export function leafShares(
  partition: Partition,
  coordinates: Matrix,
  temperature: number = partition.temperature,
): LeafShare[] {
  const rows: number[][] = [];
  const weights: number[][] = [];
  for (let leaf = 0; leaf < partition.offsets.rows; leaf++) {
    rows.push([]);
    weights.push([]);
  }
  for (let i = 0; i < coordinates.rows; i++)
    for (const { leaf, weight } of rowShares(partition, coordinates, i, temperature)) {
      rows[leaf]!.push(i);
      weights[leaf]!.push(weight);
    }
  return rows.map((own, leaf) => ({
    rows: Int32Array.from(own),
    weights: Float64Array.from(weights[leaf]!),
  }));
}

/** The leaves of one row with their weights, heaviest first. */
function rowShares(
  { directions, thresholds, spreads, children }: Partition,
  coordinates: Matrix,
  i: number,
  temperature: number,
): readonly { readonly leaf: number; readonly weight: number }[] {
  if (temperature === 0) {
    let at = children.length > 0 ? 0 : -1;
    while (at >= 0)
      at = children[2 * at + (projection(directions, at, coordinates, i) <= thresholds[at]! ? 0 : 1)]!;
    return [{ leaf: -1 - at, weight: 1 }];
  }
  const found: { leaf: number; weight: number }[] = [];
  const descend = (at: number, weight: number): void => {
    if (weight < NEGLIGIBLE) return;
    if (at < 0) return void found.push({ leaf: -1 - at, weight });
    const eta = (projection(directions, at, coordinates, i) - thresholds[at]!) / (temperature * spreads[at]!);
    descend(children[2 * at]!, weight * sigmoid(-eta));
    descend(children[2 * at + 1]!, weight * sigmoid(eta));
  };
  descend(children.length > 0 ? 0 : -1, 1);
  found.sort((a, b) => b.weight - a.weight || a.leaf - b.leaf);
  let total = 0;
  let kept = 0;
  while (kept < Math.min(found.length, MOST_LEAVES) && total < MASS) total += found[kept++]!.weight;
  return found.slice(0, kept).map(({ leaf, weight }) => ({ leaf, weight: weight / total }));
}

/**
 * ∇ log of the weight of a leaf before weights are normalized, at the rows of its share: Σ over its path of
 * ∓ σ(± η_j) v_j / (θ s_j), the upper signs for a low turn. Zero for hard routing.
 *
 * @returns share.rows × k
 */
export function logWeightGradients(
  partition: Partition,
  leaf: number,
  coordinates: Matrix,
  rows: ArrayLike<number>,
): Float64Array {
  const { directions, thresholds, spreads, temperature } = partition;
  const { cols: k } = directions;
  const out = new Float64Array(rows.length * k);
  if (temperature === 0) return out;
  for (const { node, side } of pathOf(partition, leaf)) {
    const scale = 1 / (temperature * spreads[node]!);
    for (let at = 0; at < rows.length; at++) {
      const eta = (projection(directions, node, coordinates, rows[at]!) - thresholds[node]!) * scale;
      const factor = side === 0 ? -sigmoid(eta) * scale : sigmoid(-eta) * scale;
      for (let a = 0; a < k; a++) out[at * k + a]! += factor * directions.data[node * k + a]!;
    }
  }
  return out;
}

/** The nodes above a leaf, and which child leads to it. */
function pathOf({ children }: Partition, leaf: number): { readonly node: number; readonly side: 0 | 1 }[] {
  const path: { node: number; side: 0 | 1 }[] = [];
  for (let at = children.indexOf(-1 - leaf); at >= 0; at = children.indexOf(at >> 1))
    path.push({ node: at >> 1, side: (at & 1) as 0 | 1 });
  return path;
}

function sigmoid(t: number): number {
  return t >= 0 ? 1 / (1 + Math.exp(-t)) : Math.exp(t) / (1 + Math.exp(t));
}
