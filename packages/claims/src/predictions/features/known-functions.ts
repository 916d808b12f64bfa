type Rows = readonly (readonly number[])[];

/** The AGOP of f(x) = ⟨w, x⟩, whatever x is: w wᵀ. With gradients centered it is 0. */
export function linearGradients(w: readonly number[]): number[][] {
  return w.map((a) => w.map((b) => a * b));
}

/** The expected AGOP of f(x) = ½ xᵀ A x with symmetric A, x ~ N(0, I): the gradient is A x, so it is A². */
export function quadraticGradients(a: Rows): number[][] {
  return a.map((row) => a.map((_, j) => row.reduce((sum, value, k) => sum + value * a[k]![j]!, 0)));
}

/** The expected AGOP of x_0 x_1, x ~ N(0, I_d): diag(1, 1, 0, …). */
export function productGradients(d: number): number[][] {
  const exchange = Array.from({ length: d }, (_, i) =>
    Array.from({ length: d }, (_, j) => (i + j === 1 ? 1 : 0)),
  );
  return quadraticGradients(exchange);
}

/**
 * The standard deviation of entry (i, j) of the AGOP of ½ xᵀ A x over m points x ~ N(0, I): that of (A x)_i (A x)_j, whose
 * covariance matrix is C = A², over √m, i.e. √((C_ii C_jj + C_ij²)/m).
 */
export function quadraticGradientsError(a: Rows, m: number): number[][] {
  const c = quadraticGradients(a);
  return c.map((row, i) => row.map((value, j) => Math.sqrt((c[i]![i]! * c[j]![j]! + value ** 2) / m)));
}
