import { sineMinusArc } from "../../linalg/dense-kernels.ts";
import type { LinearStep } from "../plan/plan.ts";
import type { Slopes } from "../../layers/index.ts";
import { addProduct, zeroRegister } from "./evaluation.ts";
import type { Evaluation, Register } from "./evaluation.ts";
import type { LinearNumbers } from "./scales.ts";

/**
 * A dense layer behind at most one piecewise linear activation (of each group), in terms of gaps γ = 1 − cos θ, which keep all
 * digits of small angles. A direction that is put together of others with shares s, s′ has the gap
 * Σ_p s_p s′_p γ_p + ½ Σ_p (s_p − s′_p)², an activation takes γ to γ − (α − β)²/(π(α² + β²)) (sin θ − θ cos θ).
 */
export function gapStep(e: Evaluation, step: LinearStep, index: number, numbers: LinearNumbers): Register {
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
    const p = s[left[i]!]!;
    const q = t[right[i]!]!;
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
      // arccos is several times faster, and accurate away from ±1.
      const theta = cos < 0.99 && cos > -0.99 ? Math.acos(cos) : Math.atan2(sin, cos);
      gaps[i] = Math.max(0, gap - relativeKink * sineMinusArc(theta, sin, cos));
      if (tangents) tangents[i]! *= half - kink * theta;
    }
  else if (tangents) for (let i = 0; i < tangents.length; i++) tangents[i]! *= half;
}
