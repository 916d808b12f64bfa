/**
 * max ln(losses[k] / bound(k)) over k ≥ 1: by how much losses exceed their bound. Bounds below 10⁻²⁴ of the first loss are left
 * out, since doubles cannot follow there.
 */
export function logExcess(losses: readonly number[], bound: (k: number) => number): number {
  let largest = -Infinity;
  for (let k = 1; k < losses.length; k++) {
    const limit = bound(k);
    if (limit > 1e-24 * losses[0]!) largest = Math.max(largest, Math.log(losses[k]! / limit));
  }
  return largest;
}
