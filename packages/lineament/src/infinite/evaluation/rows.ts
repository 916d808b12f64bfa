import type { Dual } from "../../layers/index.ts";
import type { Coefficient } from "../plan/feature.ts";
import type { Reading } from "../plan/plan.ts";
import type { LinearNumbers, ScaledReading } from "./scales.ts";
import type { Slopes } from "../../layers/index.ts";

/** What some rows of x are on their own: everything of a pair's kernel that belongs to one of its sides. */
export interface RowSet {
  readonly count: number;
  readonly pixels: number;
  /** By base: K(x, x) and its root, for each row or pixel. */
  readonly variances: Float64Array[];
  readonly deviations: Float64Array[];
  /** By vector. */
  readonly vectors: Float64Array[];
  /** By step. */
  readonly readings: RowReading[];
  readonly gaps: (GapRows | undefined)[];
}

export interface RowReading {
  readonly factors: readonly RowFactor[];
  /** By group and pair of terms: what multiplies the links from the left and from the right. */
  readonly pairs: readonly (readonly { readonly left: Multiplier; readonly right: Multiplier }[])[];
}

export interface RowFactor {
  /** Of the Gaussian, and its root. */
  readonly variance: Float64Array;
  readonly deviation: Float64Array;
  readonly parts: readonly RowPart[];
  /** E φ(G); not for identities, whose mean is 0. */
  readonly mean: () => Float64Array;
}

/** α_p, for each row or pixel where it depends on them. */
export interface RowPart extends Multiplier {
  readonly base: number;
  /** α_p √K_p(x, x), by which 1 − gap becomes a covariance. */
  readonly deviations: Float64Array;
}

export interface Multiplier {
  readonly factor: number;
  readonly values: Float64Array | undefined;
}

/**
 * What carries gaps through a dense layer. Rows have directions: unit vectors with cos θ = ⟨direction, direction′⟩. That of a sum
 * of Gaussians is (share_p · direction_p)_p, that behind a dense layer (share_g · direction_g, …, biasShare) for groups g.
 */
export interface GapRows {
  readonly groups: readonly GapGroup[];
  readonly biasShare: Float64Array;
}

export interface GapGroup {
  /** By part of the Gaussian: α_p √(K_p/K_G); undefined for a single part, whose direction is that of the Gaussian. */
  readonly parts: readonly Float64Array[] | undefined;
  /** √K of the group's channels, times the root of their share. */
  readonly before: Float64Array;
  readonly share: Float64Array;
}

/** The rows' side of a reading, when the bases and vectors that it reads are known. */
export function rowReading(reading: Reading, scaled: ScaledReading, rows: RowSet): RowReading {
  const factors: RowFactor[] = [];
  const pairs = reading.groups.map(({ place, terms, pairs }, g) => {
    const size = place === "rows" ? rows.count : rows.count * rows.pixels;
    for (const number of terms.flatMap((term) => term.factors))
      factors[number] = rowFactor(scaled.factors[number]!, reading.duals[number], rows, size);
    const side = (term: number, means: readonly number[]): Multiplier =>
      multiplier(
        scaled.terms[g]![term]!,
        rows,
        means.map((number) => factors[number]!.mean()),
      );
    return pairs.map(({ left, right, leftMeans, rightMeans }) => ({
      left: side(left, leftMeans),
      right: side(right, rightMeans),
    }));
  });
  return { factors, pairs };
}

function rowFactor(
  parts: ScaledReading["factors"][number],
  dual: Dual | undefined,
  rows: RowSet,
  size: number,
): RowFactor {
  const variance = new Float64Array(size);
  const rowParts = [...new Set(parts.map(({ base }) => base))].map((base): RowPart => {
    const alpha = total(
      parts.filter((part) => part.base === base).map(({ coefficient }) => multiplier(coefficient, rows)),
    );
    const own = rows.variances[base]!;
    const deviations = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const value = alpha.factor * (alpha.values ? alpha.values[i]! : 1);
      variance[i]! += value * value * own[i]!;
      deviations[i] = value * rows.deviations[base]![i]!;
    }
    return { base, ...alpha, deviations };
  });
  let mean: Float64Array | undefined;
  return {
    variance,
    deviation: variance.map(Math.sqrt),
    parts: rowParts,
    mean: () => (mean ??= variance.map((a) => dual!.mean(a))),
  };
}

/** The sum of some multipliers, at least one of them. */
function total(multipliers: readonly Multiplier[]): Multiplier {
  const [first, ...others] = multipliers as readonly [Multiplier, ...Multiplier[]];
  if (others.length === 0) return first;
  const values = multipliers.find((each) => each.values)?.values;
  const factor = multipliers.reduce((sum, each) => sum + (each.values ? 0 : each.factor), 0);
  const sums = values?.map((_, i) =>
    multipliers.reduce((sum, each) => sum + (each.values ? each.factor * each.values[i]! : 0), factor),
  );
  return sums ? { factor: 1, values: sums } : { factor, values: undefined };
}

/** A coefficient times further values. */
function multiplier(
  { factor, vectors }: Coefficient,
  rows: RowSet,
  more: readonly Float64Array[] = [],
): Multiplier {
  const [first, ...others] = [...vectors.map((vector) => rows.vectors[vector]!), ...more];
  if (!first) return { factor, values: undefined };
  const values = first.slice();
  for (const other of others) for (let i = 0; i < values.length; i++) values[i]! *= other[i]!;
  return { factor, values };
}

/** E F(x) over all channels. */
export function meanRows(
  { groups, duals }: Reading,
  scaled: ScaledReading,
  { factors }: RowReading,
  rows: RowSet,
): Float64Array {
  const mean = new Float64Array(rows.count * (groups[0]!.place === "rows" ? 1 : rows.pixels));
  for (const [g, { share, terms }] of groups.entries())
    for (const [t, term] of terms.entries()) {
      if (term.factors.some((number) => duals[number] === undefined)) continue;
      const means = term.factors.map((number) => factors[number]!.mean());
      const { factor, values } = multiplier(scaled.terms[g]![t]!, rows, means);
      for (let i = 0; i < mean.length; i++) mean[i]! += share * factor * (values ? values[i]! : 1);
    }
  return mean;
}

/** How a dense layer turns the directions of rows, which lead through activations with these slopes. */
export function gapRows(
  { groups }: Reading,
  slopes: readonly Slopes[],
  { factors, pairs }: RowReading,
  { weight, bias }: LinearNumbers,
): GapRows {
  const before = groups.map(({ share, terms }, g) => {
    const { variance } = factors[terms[0]!.factors[0]!]!;
    const { factor, values } = pairs[g]![0]!.left;
    const [negative, positive] = slopes[g]!;
    const scale = (share * (negative ** 2 + positive ** 2)) / 2;
    return variance.map((a, i) => Math.abs(factor * (values ? values[i]! : 1)) * Math.sqrt(scale * a));
  });
  const after = before[0]!.map((_, i) =>
    Math.sqrt(weight * before.reduce((sum, root) => sum + root[i]! ** 2, 0) + bias),
  );
  const alone = groups.length === 1 && bias === 0;
  const share = (root: number, i: number): number => (after[i]! > 0 ? root / after[i]! : 0);
  return {
    biasShare: after.map((_, i) => share(Math.sqrt(bias), i)),
    groups: groups.map(({ terms }, g) => {
      const { deviation, parts } = factors[terms[0]!.factors[0]!]!;
      const directed = parts.length > 1 || parts[0]!.values !== undefined;
      return {
        parts: directed
          ? parts.map(({ deviations }) =>
              deviations.map((own, i) => (deviation[i]! > 0 ? own / deviation[i]! : 0)),
            )
          : undefined,
        before: before[g]!,
        share: before[g]!.map((root, i) => (alone ? 1 : share(Math.sqrt(weight) * root, i))),
      };
    }),
  };
}
