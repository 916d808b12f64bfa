import type { TabulatedDual } from "../../layers/index.ts";
import type { Link, ReadGroup, Reading, TermPair } from "../plan/plan.ts";
import { addProduct, covarianceOf, pairsAt, release, zeroRegister } from "./evaluation.ts";
import type { Evaluation, Register } from "./evaluation.ts";
import type { Pairs } from "./geometry.ts";
import type { RowFactor } from "./rows.ts";
import { tableOf } from "./tables.ts";

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

/** κ and κ̇ Θ of two factors with common bases. */
function linked(e: Evaluation, reading: Reading, link: Link, index: number, pairs: Pairs): Register {
  const l = e.left.readings[index]!.factors[link.left]!;
  const r = e.right.readings[index]!.factors[link.right]!;
  const register = gaussianPairs(e, l, r, pairs);
  if (!link.dual) return register;
  const { dual } = link;
  const table = tableFor(e, reading, link, l, r, pairs.left.length);
  const own = link.same ? reading.duals[link.left] : undefined;
  const { covariance: k, tangent: t } = register;
  const { left, right } = pairs;
  for (let i = 0; i < k.length; i++) {
    const p = left[i]!;
    const q = right[i]!;
    const a = l.variance[p]!;
    const b = r.variance[q]!;
    const most = a === b ? a : l.deviation[p]! * r.deviation[q]!;
    const c = Math.max(-most, Math.min(most, k[i]!));
    let slope: number;
    if (own && a === b && (c >= a || (e.batch.self && p === q))) {
      // One row and itself, or its double: u = v.
      k[i] = own.variance(a);
      slope = t ? own.slopeVariance(a) : 0;
    } else if (table) {
      k[i] = table.value(p, q, c);
      slope = t ? table.slope(p, q, c) : 0;
    } else {
      k[i] = dual.value(a, b, c);
      slope = t ? dual.slope(a, b, c) : 0;
    }
    if (t) t[i]! *= slope;
  }
  return register;
}

/** Fewer entries without a table are integrated one by one. */
const worthTables = 4096;

/** The dual of a link by row numbers, where it is made of tables. */
function tableFor(
  e: Evaluation,
  reading: Reading,
  link: Link,
  { variance: a }: RowFactor,
  { variance: b }: RowFactor,
  entries: number,
): Pick<TabulatedDual, "value" | "slope"> | undefined {
  const known = e.tables?.byLink.get(link);
  if (!e.tables || !known)
    return link.dual?.form === "numeric" && entries > worthTables ? tableOf(reading, link, a, b) : undefined;
  const { table, pixels } = known;
  const scale = pixels ? e.geometry.pixels : 1;
  const [left, right] = [scale * e.tables.left, scale * e.tables.right];
  return {
    value: (p, q, c) => table.value(left + p, right + q, c),
    slope: (p, q, c) => table.slope(left + p, right + q, c),
  };
}

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

/** K = 1, Θ = 0. */
function constant(e: Evaluation, count: number): Register {
  const { covariance, tangent } = zeroRegister(e, count);
  return { covariance: covariance.fill(1), tangent };
}
