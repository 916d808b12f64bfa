import type { Plan, ReadGroup } from "../plan/plan.ts";
import type { Batch, Geometry, Pairs } from "./geometry.ts";
import type { Multiplier, RowSet } from "./rows.ts";
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

export function pairsAt(e: Evaluation, place: ReadGroup["place"]): Pairs {
  return place === "rows" ? e.batch.rows : e.batch.pixels;
}

/** K = 0, Θ = 0. */
export function zeroRegister(e: Evaluation, count: number): Register {
  return {
    covariance: e.memory.take(count).fill(0),
    tangent: e.tangents ? e.memory.take(count).fill(0) : undefined,
  };
}

/** out += l(x) r(z) values; values are 1 when absent. */
export function addProduct(
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
    const p = left[i]!;
    const q = right[i]!;
    // Doubles of a row have its variance as their covariance, to the last bit.
    values[i] = (a[p] === b[q] ? a[p]! : u[p]! * v[q]!) * (1 - gaps[i]!);
  }
  e.covariances.set(base, values);
  return values;
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
