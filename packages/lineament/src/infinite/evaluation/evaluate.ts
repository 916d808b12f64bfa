import type { TabulatedDual } from "../../layers/index.ts";
import { sineMinusArc } from "../../linalg/dense-kernels.ts";
import type { Batch, Geometry, Pairs } from "./geometry.ts";
import type { LinearStep, Link, Plan, ReadGroup, Reading, TermPair } from "../plan/plan.ts";
import type { Multiplier, RowFactor, RowSet } from "./rows.ts";
import type { LinearNumbers } from "./scales.ts";
import type { Slopes } from "../plan/slopes.ts";
import { tableOf } from "./tables.ts";
import type { Tables } from "./tables.ts";
import type { Workspace } from "./workspace.ts";

// Kernels of a batch of pairs, step by step: every pass below goes once over all entries of the batch.

/** K of a base and its Θ, for every entry of a batch. K is the gap 1 − c/√(ab) for bases that carry it, except in self batches. */
export interface Register {
  readonly covariance: Float64Array;
  /** Undefined where only K is asked for. */
  readonly tangent: Float64Array | undefined;
}

export interface Evaluation {
  readonly plan: Plan;
  readonly geometry: Geometry;
  readonly batch: Batch;
  readonly left: RowSet;
  readonly right: RowSet;
  readonly memory: Workspace;
  /** By base. */
  readonly registers: Map<number, Register>;
  /** K of bases that carry gaps, as far as it was asked for. */
  readonly covariances: Map<number, Float64Array>;
  readonly tangents: boolean;
  /** Self batches: dropout divides by its keep rate. */
  readonly training: boolean;
  /** Of numeric duals, for rows of which the first of either side has these numbers. */
  readonly tables?: { readonly byLink: Tables["byLink"]; readonly left: number; readonly right: number };
}

/** The base that a step makes, from the bases that it reads. */
export function pairStep(e: Evaluation, step: LinearStep, index: number, numbers: LinearNumbers): Register {
  return step.slopes
    ? gapStep(e, step, index, numbers)
    : linearStep(e, step, readFeature(e, step.from, index, step.window ? "pixels" : "rows"), numbers);
}

/** Weights and biases on K_F and Θ_F, which are overwritten. */
export function linearStep(
  e: Evaluation,
  step: LinearStep,
  feature: Register,
  { weight, bias, own, ownBias }: LinearNumbers,
): Register {
  const out = step.window ? convolved(e, feature, step.window) : feature;
  const { covariance: k, tangent: t } = out;
  if (t) for (let i = 0; i < t.length; i++) t[i] = own * k[i]! + ownBias + weight * t[i]!;
  for (let i = 0; i < k.length; i++) k[i] = weight * k[i]! + bias;
  return out;
}

/**
 * K_F and Θ_F of the features that a step reads: groups by their shares, flattened images averaged over pixels, pooled ones over
 * pairs of pixels.
 */
export function readFeature(
  e: Evaluation,
  reading: Reading,
  index: number,
  place: "rows" | "pixels",
): Register {
  const only = reading.groups.length === 1 && reading.groups[0]!.place === place;
  const total = zeroRegister(e, pairsAt(e, place).left.length);
  reading.groups.forEach((group, g) => {
    const sum = only ? total : zeroRegister(e, pairsAt(e, group.place).left.length);
    group.pairs.forEach((pair, p) => addPair(e, reading, group, pair, index, g, p, sum));
    if (only) return;
    deposit(e, group, place, sum.covariance, total.covariance);
    if (sum.tangent && total.tangent) deposit(e, group, place, sum.tangent, total.tangent);
    release(e, sum);
  });
  return total;
}

/** sum += c_k(x) c_l(z) E[φ_k φ_l], and its Θ by the product rule. */
function addPair(
  e: Evaluation,
  reading: Reading,
  group: ReadGroup,
  pair: TermPair,
  index: number,
  g: number,
  p: number,
  sum: Register,
): void {
  const { left, right } = pairsAt(e, group.place);
  const count = left.length;
  const links = pair.links.map((link) => linked(e, reading, link, index, { left, right }));
  const masks = e.batch.self && e.training ? pair.masks : [];
  const first = links.shift() ?? (masks.length > 0 ? constant(e, count) : undefined);
  for (const other of links) {
    const { covariance: k, tangent: t } = other;
    if (first!.tangent && t)
      for (let i = 0; i < count; i++)
        first!.tangent[i] = first!.tangent[i]! * k[i]! + first!.covariance[i]! * t[i]!;
    for (let i = 0; i < count; i++) first!.covariance[i]! *= k[i]!;
    release(e, other);
  }
  for (const { keep, eachPixel } of masks)
    for (let i = 0; i < count; i++)
      if (!eachPixel || left[i] === right[i]) {
        first!.covariance[i]! /= keep;
        if (first!.tangent) first!.tangent[i]! /= keep;
      }
  const l = e.left.readings[index]!.pairs[g]![p]!.left;
  const r = e.right.readings[index]!.pairs[g]![p]!.right;
  addProduct(l, r, left, right, first?.covariance, sum.covariance);
  if (first?.tangent && sum.tangent) addProduct(l, r, left, right, first.tangent, sum.tangent);
  if (first) release(e, first);
}

/** out += l(x) r(z) values; values are 1 when absent. */
function addProduct(
  l: Multiplier,
  r: Multiplier,
  left: Int32Array,
  right: Int32Array,
  values: Float64Array | undefined,
  out: Float64Array,
): void {
  const factor = l.factor * r.factor;
  const [lv, rv] = [l.values, r.values];
  if (!lv && !rv && values) for (let i = 0; i < out.length; i++) out[i]! += factor * values[i]!;
  else
    for (let i = 0; i < out.length; i++)
      out[i]! += factor * (lv ? lv[left[i]!]! : 1) * (rv ? rv[right[i]!]! : 1) * (values ? values[i]! : 1);
}

/** κ and κ̇ Θ of two factors with common bases. */
function linked(e: Evaluation, reading: Reading, link: Link, index: number, pairs: Pairs): Register {
  const l = e.left.readings[index]!.factors[link.left]!;
  const r = e.right.readings[index]!.factors[link.right]!;
  const register = gaussianPairs(e, l, r, pairs);
  if (!link.dual) return register;
  const dual = pairDual(e, reading, link, l, r, pairs.left.length);
  const own = link.same ? reading.duals[link.left] : undefined;
  const { covariance: k, tangent: t } = register;
  const { left, right } = pairs;
  for (let i = 0; i < k.length; i++) {
    const [p, q] = [left[i]!, right[i]!];
    const [a, b] = [l.variance[p]!, r.variance[q]!];
    const most = a === b ? a : l.deviation[p]! * r.deviation[q]!;
    if (own && a === b && (k[i]! >= a || (e.batch.self && p === q))) {
      // One row and itself, or its double: u = v.
      k[i] = own.variance(a);
      if (t) t[i]! *= own.slopeVariance(a);
    } else {
      const c = Math.max(-most, Math.min(most, k[i]!));
      k[i] = dual.value(p, q, c);
      if (t) t[i]! *= dual.slope(p, q, c);
    }
  }
  return register;
}

/** From the row numbers of a pair and its covariance to κ and κ̇. */
type PairDual = Pick<TabulatedDual, "value" | "slope">;

function pairDual(
  e: Evaluation,
  reading: Reading,
  link: Link,
  { variance: a }: RowFactor,
  { variance: b }: RowFactor,
  entries: number,
): PairDual {
  const known = e.tables?.byLink.get(link);
  if (e.tables && known) {
    const { table, pixels } = known;
    const scale = pixels ? e.geometry.pixels : 1;
    const [left, right] = [scale * e.tables.left, scale * e.tables.right];
    return {
      value: (p, q, c) => table.value(left + p, right + q, c),
      slope: (p, q, c) => table.slope(left + p, right + q, c),
    };
  }
  const dual = link.dual!;
  if (dual.form === "numeric" && entries > worthTables) return tableOf(reading, link, a, b);
  return {
    value: (p, q, c) => dual.value(a[p]!, b[q]!, c),
    slope: (p, q, c) => dual.slope(a[p]!, b[q]!, c),
  };
}

/** Fewer entries are integrated one by one. */
const worthTables = 4096;

/** cov(G(x), G′(z)) and ⟨∇G(x), ∇G′(z)⟩, sums over common bases. */
function gaussianPairs(e: Evaluation, l: RowFactor, r: RowFactor, { left, right }: Pairs): Register {
  const out = zeroRegister(e, left.length);
  for (const u of l.parts) {
    const v = r.parts.find(({ base }) => base === u.base);
    if (!v) continue;
    const { tangent } = e.registers.get(u.base)!;
    addProduct(u, v, left, right, covarianceOf(e, u.base), out.covariance);
    if (tangent && out.tangent) addProduct(u, v, left, right, tangent, out.tangent);
  }
  return out;
}

/** K of a base, also of one that carries its gap. */
export function covarianceOf(e: Evaluation, base: number): Float64Array {
  const { covariance: gaps } = e.registers.get(base)!;
  if (!e.plan.bases[base]!.gap || e.batch.self) return gaps;
  const known = e.covariances.get(base);
  if (known) return known;
  const { left, right } = e.batch.rows;
  const [a, b] = [e.left.variances[base]!, e.right.variances[base]!];
  const [u, v] = [e.left.deviations[base]!, e.right.deviations[base]!];
  const values = e.memory.take(gaps.length);
  for (let i = 0; i < values.length; i++) {
    const [p, q] = [left[i]!, right[i]!];
    // Doubles of a row have its variance as their covariance, to the last bit.
    values[i] = (a[p] === b[q] ? a[p]! : u[p]! * v[q]!) * (1 - gaps[i]!);
  }
  e.covariances.set(base, values);
  return values;
}

/**
 * A dense layer behind at most one piecewise linear activation (of each group), in terms of gaps γ = 1 − cos θ, which keep all
 * digits of small angles. A direction that is put together of others with shares s, s′ has the gap
 * Σ_p s_p s′_p γ_p + ½ Σ_p (s_p − s′_p)², an activation takes γ to γ − (α − β)²/(π(α² + β²)) (sin θ − θ cos θ).
 */
function gapStep(e: Evaluation, step: LinearStep, index: number, numbers: LinearNumbers): Register {
  const { left, right } = e.batch.rows;
  const count = left.length;
  const [l, r] = [e.left.gaps[index]!, e.right.gaps[index]!];
  const out = zeroRegister(e, count);
  const feature = e.memory.take(count).fill(0);
  const gaps = e.memory.take(count);
  step.from.groups.forEach((group, g) => {
    const [factor] = group.terms[0]!.factors;
    const [u, v] = [e.left.readings[index]!, e.right.readings[index]!];
    const [inner, outer] = [u.factors[factor!]!, v.factors[factor!]!];
    const [from, to] = [l.groups[g]!, r.groups[g]!];
    gaps.fill(0);
    const tangents = out.tangent && e.memory.take(count).fill(0);
    inner.parts.forEach((part, p) => {
      const { covariance, tangent } = e.registers.get(part.base)!;
      if (from.parts) addShare(from.parts[p]!, to.parts![p]!, left, right, covariance, gaps);
      else gaps.set(covariance);
      if (tangents) addProduct(part, outer.parts[p]!, left, right, tangent, tangents);
    });
    throughKink(step.slopes![g]!, gaps, tangents);
    addShare(from.share, to.share, left, right, gaps, out.covariance);
    if (tangents) {
      const [x, z] = [u.pairs[g]![0]!.left, v.pairs[g]![0]!.right];
      addProduct({ ...x, factor: group.share * x.factor }, z, left, right, tangents, out.tangent);
      e.memory.give(tangents);
      for (let i = 0; i < count; i++)
        feature[i]! += from.before[left[i]!]! * to.before[right[i]!]! * (1 - gaps[i]!);
    }
  });
  const { weight, own, ownBias } = numbers;
  const [bl, br] = [l.biasShare, r.biasShare];
  for (let i = 0; i < count; i++) out.covariance[i]! += (bl[left[i]!]! - br[right[i]!]!) ** 2 / 2;
  if (out.tangent)
    for (let i = 0; i < count; i++) out.tangent[i] = own * feature[i]! + ownBias + weight * out.tangent[i]!;
  e.memory.give(feature);
  e.memory.give(gaps);
  return out;
}

/** out += s s′ γ + ½ (s − s′)². */
function addShare(
  s: Float64Array,
  t: Float64Array,
  left: Int32Array,
  right: Int32Array,
  gaps: Float64Array,
  out: Float64Array,
): void {
  for (let i = 0; i < out.length; i++) {
    const [p, q] = [s[left[i]!]!, t[right[i]!]!];
    out[i]! += p * q * gaps[i]! + (p - q) ** 2 / 2;
  }
}

/** γ and Θ through a piecewise linear activation. */
function throughKink(
  [negative, positive]: Slopes,
  gaps: Float64Array,
  tangents: Float64Array | undefined,
): void {
  const half = (negative ** 2 + positive ** 2) / 2;
  const kink = (negative - positive) ** 2 / (2 * Math.PI);
  const relativeKink = kink / half;
  if (kink > 0)
    for (let i = 0; i < gaps.length; i++) {
      const gap = gaps[i]!;
      const cos = 1 - gap;
      const sin = Math.sqrt(Math.max(0, gap * (2 - gap)));
      const theta = Math.atan2(sin, cos);
      gaps[i] = Math.max(0, gap - relativeKink * sineMinusArc(theta, sin, cos));
      if (tangents) tangents[i]! *= half - kink * theta;
    }
  else if (tangents) for (let i = 0; i < tangents.length; i++) tangents[i]! *= half;
}

/** Means over the pixels that the window covers; pixels outside of the image count as 0. */
function convolved(e: Evaluation, feature: Register, window: NonNullable<LinearStep["window"]>): Register {
  const table = e.geometry.covered(window);
  const size = e.geometry.left.length;
  const cells = window.rows * window.cols;
  const mean = (values: Float64Array): Float64Array => {
    const out = e.memory.take(values.length);
    for (let start = 0; start < values.length; start += size)
      for (let s = 0; s < size; s++) {
        let sum = 0;
        for (let at = s * cells; at < (s + 1) * cells; at++)
          if (table[at]! >= 0) sum += values[start + table[at]!]!;
        out[start + s] = sum / cells;
      }
    e.memory.give(values);
    return out;
  };
  return { covariance: mean(feature.covariance), tangent: feature.tangent && mean(feature.tangent) };
}

/** Adds the values of a group to those of its feature. */
function deposit(
  e: Evaluation,
  { place: from, share }: ReadGroup,
  to: "rows" | "pixels",
  values: Float64Array,
  out: Float64Array,
): void {
  if (from === to) {
    for (let i = 0; i < out.length; i++) out[i]! += share * values[i]!;
    return;
  }
  const { left, right } = e.geometry;
  const chosen = Array.from(left.keys()).filter((s) => from === "pooled" || left[s] === right[s]);
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (const s of chosen) sum += values[i * left.length + s]!;
    out[i]! += (share * sum) / chosen.length;
  }
}

export function pairsAt(e: Evaluation, place: ReadGroup["place"]): Pairs {
  return place === "rows" ? e.batch.rows : e.batch.pixels;
}

function zeroRegister(e: Evaluation, count: number): Register {
  return {
    covariance: e.memory.take(count).fill(0),
    tangent: e.tangents ? e.memory.take(count).fill(0) : undefined,
  };
}

/** K = 1, Θ = 0. */
function constant(e: Evaluation, count: number): Register {
  const { covariance, tangent } = zeroRegister(e, count);
  return { covariance: covariance.fill(1), tangent };
}

/** Gives back what belongs to a base. */
export function releaseBase(e: Evaluation, base: number): void {
  release(e, e.registers.get(base)!);
  e.registers.delete(base);
  const covariances = e.covariances.get(base);
  if (covariances) e.memory.give(covariances);
  e.covariances.delete(base);
}

export function release(e: Evaluation, { covariance, tangent }: Register): void {
  e.memory.give(covariance);
  if (tangent) e.memory.give(tangent);
}
