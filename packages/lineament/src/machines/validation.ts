import { permutation, type Random } from "../linalg/index.ts";

/** Row numbers of one train/validation division, each ascending. */
export interface Split {
  readonly train: Int32Array;
  readonly validation: Int32Array;
}

/** What a division of rows respects. */
export interface SplitOptions {
  /** Class numbers: every fold gets each class in proportion. */
  readonly labels?: ArrayLike<number> | undefined;
  /** Group numbers: rows of a group stay together (stratification then gives way). */
  readonly groups?: ArrayLike<number> | undefined;
}

/**
 * Divides 0 … n − 1 into `folds` parts of nearly equal size and returns, for each, that part as validation and the rest
 * as train. Seeded; stratified by class or kept together by group.
 */
export function crossValidationFolds(
  n: number,
  folds: number,
  generator: Random,
  { labels, groups }: SplitOptions = {},
): Split[] {
  const fold = new Int32Array(n);
  const order = permutation(n, generator);
  if (groups) {
    const members = new Map<number, number[]>();
    for (const i of order) {
      const group = members.get(groups[i]!);
      if (group) group.push(i);
      else members.set(groups[i]!, [i]);
    }
    const sizes = new Int32Array(folds);
    for (const rows of [...members.values()].sort((a, b) => b.length - a.length)) {
      const smallest = sizes.indexOf(sizes.reduce((a, b) => Math.min(a, b)));
      sizes[smallest]! += rows.length;
      for (const i of rows) fold[i] = smallest;
    }
  } else {
    const sorted = labels ? order.toSorted((a, b) => labels[a]! - labels[b]!) : order;
    sorted.forEach((i, at) => (fold[i] = at % folds));
  }
  return Array.from({ length: folds }, (_, f) => {
    const split = { train: [] as number[], validation: [] as number[] };
    for (let i = 0; i < n; i++) (fold[i] === f ? split.validation : split.train).push(i);
    return { train: Int32Array.from(split.train), validation: Int32Array.from(split.validation) };
  }).filter((split) => split.train.length > 0 && split.validation.length > 0);
}

/**
 * One division with `fraction` of the rows as validation, but at most `cap` of them and at least one; about that many where
 * groups must stay together. Seeded; stratified by class like the folds.
 *
 * @throws RangeError when nothing would be left to train on
 */
export function holdout(
  n: number,
  fraction: number,
  cap: number,
  generator: Random,
  options: SplitOptions = {},
): Split {
  if (n < 2) throw new RangeError(`holdout: ${n} rows cannot be divided`);
  const wanted = Math.max(1, Math.min(cap, Math.round(n * fraction), n - 1));
  if (options.groups) {
    const [split] = crossValidationFolds(n, Math.max(2, Math.round(n / wanted)), generator, options);
    if (!split)
      throw new RangeError("holdout: all rows belong to one group; validation needs at least two groups");
    return split;
  }
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const validation = subsample(all, wanted, generator, options.labels);
  const chosen = new Set(validation);
  return { train: all.filter((i) => !chosen.has(i)), validation };
}

/** At most `size` of the given rows, seeded, each class in proportion; ascending. */
export function subsample(
  rows: Int32Array,
  size: number,
  generator: Random,
  labels?: ArrayLike<number>,
): Int32Array {
  if (rows.length <= size) return rows;
  const order = permutation(rows.length, generator);
  if (!labels)
    return order
      .subarray(0, size)
      .map((at) => rows[at]!)
      .sort();
  const sorted = order.toSorted((a, b) => labels[rows[a]!]! - labels[rows[b]!]!);
  const chosen = new Int32Array(size);
  for (let at = 0; at < size; at++)
    chosen[at] = rows[sorted[Math.floor(((at + 0.5) * rows.length) / size)]!]!;
  return chosen.sort();
}
