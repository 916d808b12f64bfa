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
const MASS = 0.95;
/** … but at most so many. */
const MOST_LEAVES = 12;

/** v_j · x for row i of `coordinates`: training and routing must agree to the last bit. */
export function projection(directions: Matrix, j: number, coordinates: Matrix, i: number): number {
  const { cols: k } = directions;
  let sum = 0;
  for (let a = 0; a < k; a++) sum += directions.data[j * k + a]! * coordinates.data[i * k + a]!;
  return sum;
}

/** How rows in view coordinates are shared among the leaves: one share a leaf, its rows ascending. */
export function leafShares(
  partition: Partition,
  coordinates: Matrix,
  temperature: number = partition.temperature,
): LeafShare[] {
  const n = coordinates.rows;
  const found = router(partition, temperature);
  const ends = new Int32Array(n);
  let pairs = { leaves: new Int32Array(2 * n + MOST_LEAVES), weights: new Float64Array(2 * n + MOST_LEAVES) };
  let end = 0;
  const counts = new Int32Array(partition.offsets.rows);
  for (let i = 0; i < n; i++) {
    if (end + MOST_LEAVES > pairs.leaves.length) pairs = enlarged(pairs);
    const count = found.route(coordinates, i);
    for (let t = 0; t < count; t++, end++) {
      const leaf = found.leaves[t]!;
      pairs.leaves[end] = leaf;
      pairs.weights[end] = found.weights[t]!;
      counts[leaf]!++;
    }
    ends[i] = end;
  }
  const shares = Array.from(counts, (count) => ({
    rows: new Int32Array(count),
    weights: new Float64Array(count),
  }));
  counts.fill(0);
  for (let i = 0, at = 0; i < n; i++)
    for (; at < ends[i]!; at++) {
      const leaf = pairs.leaves[at]!;
      const share = shares[leaf]!;
      const place = counts[leaf]!++;
      share.rows[place] = i;
      share.weights[place] = pairs.weights[at]!;
    }
  return shares;
}

/** Leaves of rows and their weights, row after row. */
interface Pairs {
  readonly leaves: Int32Array<ArrayBuffer>;
  readonly weights: Float64Array<ArrayBuffer>;
}

function enlarged(pairs: Pairs): Pairs {
  const room = 2 * pairs.leaves.length;
  const [leaves, weights] = [new Int32Array(room), new Float64Array(room)];
  leaves.set(pairs.leaves);
  weights.set(pairs.weights);
  return { leaves, weights };
}

/** Finds the leaves of one row after the other. */
interface Router extends Pairs {
  /** Writes the leaves of row i and their weights, heaviest first, into `leaves` and `weights`; their number. */
  route(coordinates: Matrix, i: number): number;
}

function router(
  { directions, thresholds, spreads, children, offsets }: Partition,
  temperature: number,
): Router {
  const leaves = new Int32Array(MOST_LEAVES + 1);
  const weights = new Float64Array(MOST_LEAVES + 1);
  const root = children.length > 0 ? 0 : -1;
  if (temperature === 0) {
    weights[0] = 1;
    return {
      leaves,
      weights,
      route(coordinates, i) {
        let at = root;
        while (at >= 0)
          at = children[2 * at + (projection(directions, at, coordinates, i) <= thresholds[at]! ? 0 : 1)]!;
        leaves[0] = -1 - at;
        return 1;
      },
    };
  }
  /** All leaves below this weight together are less than what may be left out. */
  const negligible = (1 - MASS) / offsets.rows;
  const waiting = { at: new Int32Array(offsets.rows), weights: new Float64Array(offsets.rows) };
  return {
    leaves,
    weights,
    route(coordinates, i) {
      let found = 0;
      waiting.at[0] = root;
      waiting.weights[0] = 1;
      for (let top = 1; top > 0;) {
        const at = waiting.at[--top]!;
        const weight = waiting.weights[top]!;
        if (at < 0) {
          found = insert(leaves, weights, found, -1 - at, weight);
          continue;
        }
        const eta =
          (projection(directions, at, coordinates, i) - thresholds[at]!) / (temperature * spreads[at]!);
        for (let side = 0; side < 2; side++) {
          const share = weight * sigmoid(side === 0 ? -eta : eta);
          if (share < negligible) continue;
          waiting.at[top] = children[2 * at + side]!;
          waiting.weights[top++] = share;
        }
      }
      let total = 0;
      let kept = 0;
      while (kept < found && total < MASS) total += weights[kept++]!;
      for (let t = 0; t < kept; t++) weights[t]! /= total;
      return kept;
    },
  };
}

/** Puts a leaf among the heaviest so far, of equal ones the first; how many there then are. */
function insert(
  leaves: Int32Array,
  weights: Float64Array,
  found: number,
  leaf: number,
  weight: number,
): number {
  let place = found;
  for (; place > 0; place--) {
    const heavier = weights[place - 1]!;
    if (heavier > weight || (heavier === weight && leaves[place - 1]! < leaf)) break;
    leaves[place] = leaves[place - 1]!;
    weights[place] = heavier;
  }
  leaves[place] = leaf;
  weights[place] = weight;
  return Math.min(found + 1, MOST_LEAVES);
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
