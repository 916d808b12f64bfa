import { polynomialDual, type FiniteExpansion } from "../polynomial-dual.ts";
import type { Pointwise } from "../activation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

/** h_k(x) = He_k(x)/√k!, the polynomials that are orthonormal under N(0, 1); κ = c^k where both variances are 1. */
export function hermite(degree: number): Nonlinearity {
  const expansion = hermiteExpansion(degree);
  return { functions: pointwise(degree), dual: polynomialDual(expansion), expansion };
}

/** h_n(x) by √(n + 1) h_{n+1} = x h_n − √n h_{n−1}; 0 for n < 0. */
function normalized(x: number, n: number): number {
  if (n < 0) return 0;
  let before = 0;
  let value = 1;
  for (let i = 0; i < n; i++)
    [before, value] = [value, (x * value - Math.sqrt(i) * before) / Math.sqrt(i + 1)];
  return value;
}

function pointwise(n: number): Pointwise {
  return {
    value: (x) => normalized(x, n),
    slope: (x) => Math.sqrt(n) * normalized(x, n - 1),
    curvature: (x) => Math.sqrt(n * (n - 1)) * normalized(x, n - 2),
    // h_n^(k) = √(n!/(n − k)!) h_{n−k}
    taylor(x, degree, out) {
      let factor = 1;
      for (let k = 0; k <= degree; k++) {
        out[k] = k > n ? 0 : factor * normalized(x, n - k);
        factor *= Math.sqrt(Math.max(n - k, 0)) / (k + 1);
      }
    },
  };
}

/** t_{n−m}(a) = √C(n, m) (m − 1)!!/√m! (a − 1)^(m/2) for even m, 0 for odd m: exact for every variance. */
function hermiteExpansion(n: number): FiniteExpansion {
  const factors = new Float64Array(n + 1);
  let binomial = 1;
  let even = 1;
  for (let m = 0; m <= n; m++) {
    if (m > 0) binomial *= (n - m + 1) / m;
    if (m > 0 && m % 2 === 0) even *= Math.sqrt((m - 1) / m);
    factors[n - m] = m % 2 === 0 ? Math.sqrt(binomial) * even : 0;
  }
  return {
    degree: n,
    terms(a, out) {
      out.fill(0, 0, n + 1);
      let power = 1;
      for (let j = n; j >= 0; j -= 2) {
        out[j] = factors[j]! * power;
        power *= a - 1;
      }
    },
  };
}
