import { type Engine, random, zeros } from "../../linalg/index.ts";
import { subsample } from "../validation.ts";
import type { LeafJob, LeafProblem } from "./fit-leaf.ts";
import { type Partition, projection } from "./partition.ts";
import { splitDirections } from "./split-directions.ts";
import { type RowSplit, splitRows } from "./split-rows.ts";

/** How a tree divides rows. None of it depends on the machine that runs it. */
export interface GrowthOptions {
  /** Most rows of a leaf. */
  readonly capacity: number;
  /** ω: at an even division each child learns from ½ + ω of the rows. */
  readonly overlap: number;
  /** The number of this tree, the first part of the addresses of its leaves. */
  readonly tree: number;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** When it is aborted, no further rows are divided. */
  readonly enough?: AbortSignal | undefined;
}

/** A tree with its leaves still to be fitted: its offsets are 0, its temperature is 0. */
export interface GrownTree {
  readonly partition: Partition;
  /** One a leaf, in its order. */
  readonly jobs: readonly LeafJob[];
}

/** A direction is passed over when less of the rows than this would be on one side. */
const LEAST_BALANCE = 0.2;

interface Node {
  readonly direction: Float64Array;
  readonly threshold: number;
  readonly spread: number;
}

/**
 * Divides rows until no leaf has more than `capacity` of them: at the gap nearest to the median along the direction of most change
 * (see `splitDirections`), or the next one where that leaves a side nearly empty. Validation rows go to the side they are on. Rows that
 * no direction divides are one leaf, which learns from a sample of `capacity` of them.
 *
 * @see Beaglehole et al., arXiv:2508.10053
 */
export async function growTree(
  engine: Engine,
  problem: Pick<LeafProblem, "x" | "blockSizes" | "y" | "weights" | "start">,
  rows: Int32Array,
  validation: Int32Array,
  { capacity, overlap, tree, seed, signal, enough }: GrowthOptions,
): Promise<GrownTree> {
  const { coordinates } = problem.x;
  const nodes: Node[] = [];
  const children: number[] = [];
  const jobs: LeafJob[] = [];

  const grow = async (own: Int32Array, held: Int32Array, path: string): Promise<number> => {
    const address = `${tree}.${path}`;
    const leafSeed = addressSeed(address, seed);
    const found = own.length > capacity && !enough?.aborted ? await divide(own, leafSeed) : undefined;
    if (!found) {
      const kept = subsample(own, capacity, random(leafSeed));
      jobs.push({ address, rows: kept, validation: held, seed: leafSeed });
      return -jobs.length;
    }
    const { split, node } = found;
    const at = nodes.push(node) - 1;
    children.push(0, 0);
    const direction = { data: node.direction, rows: 1, cols: node.direction.length };
    const isLow = (i: number): boolean => projection(direction, 0, coordinates, i) <= node.threshold;
    for (const [side, name, part] of [
      [0, "L", split.low],
      [1, "H", split.high],
    ] as const)
      children[2 * at + side] = await grow(
        part.map((position) => own[position]!),
        held.filter((i) => isLow(i) === (side === 0)),
        path + name,
      );
    return at;
  };

  const divide = async (
    own: Int32Array,
    splitSeed: number,
  ): Promise<{ readonly split: RowSplit; readonly node: Node } | undefined> => {
    signal?.throwIfAborted();
    const directions = await splitDirections(engine, problem, own, splitSeed, signal);
    let best: { readonly split: RowSplit; readonly node: Node } | undefined;
    for (let j = 0; j < directions.rows; j++) {
      const split = splitRows(
        Float64Array.from(own, (i) => projection(directions, j, coordinates, i)),
        overlap,
      );
      if (!split || (best && split.balance <= best.split.balance)) continue;
      const direction = directions.data.slice(j * directions.cols, (j + 1) * directions.cols);
      best = { split, node: { direction, threshold: split.threshold, spread: split.spread } };
      if (split.balance >= LEAST_BALANCE) break;
    }
    return best;
  };

  await grow(rows, validation, "");
  const k = coordinates.cols;
  const directions = zeros(nodes.length, k);
  nodes.forEach(({ direction }, j) => directions.data.set(direction, j * k));
  return {
    partition: {
      directions,
      thresholds: Float64Array.from(nodes, ({ threshold }) => threshold),
      spreads: Float64Array.from(nodes, ({ spread }) => spread),
      children: Int32Array.from(children),
      temperature: 0,
      offsets: zeros(jobs.length, problem.y.cols),
    },
    jobs,
  };
}

/** A seed of its own for every address (FNV-1a), so that the order in which leaves are fitted does not matter. */
function addressSeed(address: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (const character of address) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return hash;
}
