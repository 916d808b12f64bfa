import { checkDepth } from "./check-depth.ts";

/** One mode of ½ ‖W − Φ‖_F² under gradient flow, when W(0) has the singular vectors of Φ: σ̇ = n σ^{2−2/n} (φ − σ). */
export interface SingularValueFlow {
  /** n. */
  readonly depth: number;
  /** φ, a singular value of Φ; below 0 when W starts with the wrong sign, and then σ falls to 0 (the sign trap). */
  readonly target: number;
  /** σ(0) > 0; for depth 1 any number. */
  readonly start: number;
}

/**
 * The time at which σ has the given value, Infinity for the limit itself and for a rest. In closed form: with x = σ^{1/n} the
 * equation is dt = dx / (x^{n−1} (φ − xⁿ)), partial fractions over the roots x_k of xⁿ = φ give t = F(x) − F(x(0)),
 * F = (1/φ) [x^{2−n}/(2−n) − (1/(nφ)) Σ_k Re(x_k² ln(x_k − x))], ln x for the first term when n = 2.
 *
 * @param value - between the start and the limit of the flow
 * @see Saxe, McClelland & Ganguli, arXiv:1312.6120 for two layers; claim LN-17 lists n = 1 … 4
 */
export function singularValueTime(flow: SingularValueFlow, value: number): number {
  check("singularValueTime", flow);
  const limit = limitOf(flow);
  if (!((value - flow.start) * (limit - value) >= 0))
    throw new RangeError(
      `singularValueTime: never at ${value} on the way from ${flow.start} to ${limit}; give a value between them`,
    );
  if (value === flow.start) return 0;
  return value === limit ? Infinity : clock(flow, value) - clock(flow, flow.start);
}

/** σ(t), from its time by bisection of ln σ; t may be Infinity. */
export function singularValueAt(flow: SingularValueFlow, t: number): number {
  check("singularValueAt", flow);
  if (!(t >= 0)) throw new RangeError(`singularValueAt: time ${t}; give one of 0 or more`);
  const { depth, target, start } = flow;
  if (depth === 1) return target + (start - target) * Math.exp(-t);
  const limit = limitOf(flow);
  if (t === Infinity || start === limit) return start === 0 ? 0 : limit;
  if (start === 0 || t === 0) return start;
  const end = t + clock(flow, start);
  const late = (logarithm: number): boolean => clock(flow, Math.exp(logarithm)) > end;
  let early = Math.log(start);
  let beyond = Math.log(limit);
  if (limit === 0) for (beyond = early - 1; !late(beyond);) beyond += 2 * (beyond - early);
  while (Math.abs(beyond - early) > 2 * Number.EPSILON * Math.max(1, Math.abs(beyond))) {
    const middle = (early + beyond) / 2;
    if (late(middle)) beyond = middle;
    else early = middle;
  }
  return Math.exp((early + beyond) / 2);
}

/** The time at which a mode that starts at α has half of its final value φ: when it appears. */
export function escapeTime(depth: number, alpha: number, target: number): number {
  return singularValueTime({ depth, start: alpha, target }, target / 2);
}

/**
 * Its leading order for small α: ln(φ/α)/(2φ) at depth 2, α^{−(1−2/n)}/((n − 2) φ) at more. Modes appear in the order of φ.
 *
 * @see claim LN-18, LN-10 (e)
 */
export function escapeTimeLaw(depth: number, alpha: number, target: number): number {
  checkDepth("escapeTimeLaw", depth, 2);
  if (depth === 2) return Math.log(target / alpha) / (2 * target);
  return alpha ** -(1 - 2 / depth) / ((depth - 2) * target);
}

/** F up to a constant. */
function clock({ depth: n, target }: SingularValueFlow, value: number): number {
  if (n === 1) return -Math.log(Math.abs(target - value));
  const x = value ** (1 / n);
  if (target === 0) return x ** (2 - 2 * n) / (2 * n - 2);
  const radius = Math.abs(target) ** (1 / n);
  let roots = 0;
  for (let k = 0; k < n; k++) {
    const angle = ((2 * k + (target > 0 ? 0 : 1)) * Math.PI) / n;
    const re = radius * Math.cos(angle) - x;
    const im = radius * Math.sin(angle);
    roots += Math.cos(2 * angle) * Math.log(Math.hypot(re, im)) - Math.sin(2 * angle) * Math.atan2(im, re);
  }
  const power = n === 2 ? Math.log(x) : x ** (2 - n) / (2 - n);
  return (power - (radius ** 2 * roots) / (n * target)) / target;
}

/** Where σ goes: to φ, or to 0 where it may not cross. */
function limitOf({ depth, target }: SingularValueFlow): number {
  return depth === 1 ? target : Math.max(0, target);
}

function check(call: string, { depth, target, start }: SingularValueFlow): void {
  checkDepth(call, depth);
  if (!Number.isFinite(target) || !Number.isFinite(start) || (depth > 1 && start < 0))
    throw new RangeError(`${call}: from ${start} to ${target}; give finite numbers and a start of 0 or more`);
}
