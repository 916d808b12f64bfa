import { type Engine, type Matrix, type Points, zeros } from "../../linalg/index.ts";
import { judgePredictions, type MachineSetup } from "../automatic/evaluation.ts";
import type { Member } from "../automatic/refit.ts";
import type { Crew } from "../crew/crew.ts";
import { crossFittedMetric } from "../cross-fitted-metric.ts";
import {
  decodeValues,
  encodeTarget,
  fitTargetCoding,
  type LearningProblem,
  pointRange,
  takePoints,
  takeProblem,
  takeTarget,
  type TargetCoding,
} from "../learning-problem.ts";
import { unlessEnough } from "../unless-enough.ts";
import { applyView, fitView, type View, type ViewKind } from "../view.ts";
import type { LeafProblem } from "./fit-leaf.ts";
import { fitLeaves } from "./fit-leaves.ts";
import { growTree } from "./grow-tree.ts";
import type { Partition } from "./partition.ts";
import { chooseTemperature } from "./temperature.ts";

/** How trees are grown and their leaves fitted. */
export interface TreeRecipe
  extends
    Pick<LeafProblem, "iterations" | "ridges" | "schedule" | "stopFactor">,
    Pick<MachineSetup, "view" | "targetMeans" | "logarithm" | "settings"> {
  readonly capacity: number;
  readonly overlap: number;
  readonly trees: number;
}

export interface TreeControl {
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** When it is aborted, what is left of the first tree is as quick as can be, and others that are not done are left out. */
  readonly enough?: AbortSignal | undefined;
  /** Leaves fitted so far, and how many there are in the trees grown so far. */
  readonly onLeaf?: ((tree: number, done: number, of: number) => void) | undefined;
}

/** A tree as a member of a machine, and what it predicts at the validation rows, decoded and calibrated. */
export interface FittedTree {
  readonly member: Member;
  readonly predictions: Matrix<Float64Array>;
  readonly loss: number;
  /** Whether it was enough before all leaves were fitted. */
  readonly cutShort: boolean;
}

/**
 * Trees of feature machines as members of equal weight: rows are divided by `growTree`, every leaf learns a metric of its own
 * (`fitLeaf`) beginning with that of `crossFittedMetric`, and the validation rows choose each tree's temperature and
 * calibration. View and coding of targets are those of all training rows, so that leaves can be averaged and a
 * class that a leaf has not seen keeps its column.
 *
 * @see Beaglehole et al., arXiv:2508.10053
 */
export async function fitTreeMembers(
  crew: Crew,
  problem: LearningProblem,
  train: Int32Array,
  validation: Int32Array,
  { view: kind, targetMeans, logarithm, settings, capacity, overlap, trees, ...learning }: TreeRecipe,
  { seed, onLeaf, ...ends }: TreeControl,
): Promise<FittedTree[]> {
  const { engine } = crew;
  const { blockSizes } = problem;
  const blocks = blockSizes.length;
  const { view, coding, x, y } = prepare(engine, problem, train, { kind, targetMeans, logarithm });
  const leaves: LeafProblem = {
    x,
    blockSizes,
    y,
    weights: problem.weights,
    settings,
    start: undefined,
    ...learning,
  };
  const seen = takePoints(x, validation, blocks);
  const target = takeTarget(problem.target, validation);
  const weights = problem.weights && Float64Array.from(validation, (i) => problem.weights![i]!);

  const fitTree = async (
    tree: number,
    { signal, enough }: Pick<TreeControl, "signal" | "enough">,
  ): Promise<FittedTree> => {
    const own = seed + 1000 * tree;
    const divided = train.length > capacity && learning.iterations > 0;
    const start = divided
      ? await crossFittedMetric(engine, { problem: leaves, train, validation, seed: own, signal, enough })
      : undefined;
    const learned = { ...leaves, start };
    const grown = await growTree(engine, learned, train, validation, {
      capacity,
      overlap,
      tree,
      seed: own,
      signal,
      enough,
    });
    const done = await fitLeaves(crew, learned, grown.jobs, {
      signal,
      enough,
      onLeaf: (count, of) => onLeaf?.(tree, count, of),
    });
    const cutShort = enough?.aborted ?? false;
    const offsets = zeros(done.length, y.cols);
    done.forEach(({ offset }, leaf) => offsets.data.set(offset, leaf * y.cols));
    const partition: Partition = { ...grown.partition, offsets };
    const expansions = done.map(({ rows, kernel, metric, coefficients }) => ({
      rows,
      kernel,
      metric,
      coefficients,
    }));
    const judge = (values: Matrix<Float64Array>) =>
      judgePredictions(decodeValues(coding, values), target, weights);
    const { temperature, values } = await chooseTemperature(
      engine,
      { problem: learned, partition, leaves: done },
      seen,
      (candidate) => judge(candidate).loss,
      signal,
    );
    const { predictions, calibration, loss } = judge(values);
    const largest = done.reduce((a, b) => (b.coefficients.rows > a.coefficients.rows ? b : a));
    return {
      member: {
        recipe: {
          view: kind,
          targetMeans,
          logarithm,
          settings,
          ridges: largest.ridges,
          calibration,
          weight: 1,
        },
        view,
        coding,
        expansions,
        partition: done.length > 1 ? { ...partition, temperature } : partition,
        jitter: done.reduce((most, { jitter }) => Math.max(most, jitter), 0),
      },
      predictions,
      loss,
      cutShort,
    };
  };
  const fitted = [await fitTree(0, ends)];
  for (let tree = 1; tree < trees; tree++) {
    const next = await unlessEnough((signal) => fitTree(tree, { signal }), ends);
    if (!next) break;
    fitted.push(next);
  }
  return fitted.map((one) => {
    const { member } = one;
    return { ...one, member: { ...member, recipe: { ...member.recipe, weight: 1 / fitted.length } } };
  });
}

/** All rows as leaves see them, by a view and a coding of the training rows, in memory that threads share where there is such. */
function prepare(
  engine: Engine,
  problem: LearningProblem,
  train: Int32Array,
  {
    kind,
    targetMeans,
    logarithm,
  }: { readonly kind: ViewKind; readonly targetMeans: boolean; readonly logarithm: boolean },
): {
  readonly view: View;
  readonly coding: TargetCoding;
  readonly x: Points;
  readonly y: Matrix<Float64Array>;
} {
  const blocks = problem.blockSizes.length;
  const part = takeProblem(problem, train);
  const coding = fitTargetCoding(part.target, logarithm, part.weights);
  const view = fitView(kind, targetMeans, { ...part, y: encodeTarget(coding, part.target) });
  const encoded = encodeTarget(coding, problem.target);
  const y = engine.allocate(encoded.rows, encoded.cols, "float64") as Matrix<Float64Array>;
  y.data.set(encoded.data);
  const n = encoded.rows;
  const coordinates = engine.allocate(n, view.coordinates.length, "float64");
  // In parts, so that there are never two views of all rows.
  for (let start = 0; start < n; start += ROWS_AT_A_TIME) {
    const end = Math.min(n, start + ROWS_AT_A_TIME);
    const seen = applyView(view, pointRange(problem.x, start, end, blocks), blocks);
    coordinates.data.set(seen.coordinates.data, start * coordinates.cols);
  }
  const { levels } = problem.x;
  return { view, coding, x: levels ? { coordinates, levels } : { coordinates }, y };
}

const ROWS_AT_A_TIME = 10_000;
