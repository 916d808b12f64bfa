import { type Matrix, type Random, zeros } from "lineament";

export interface DirichletClasses {
  /** n × d, on the simplex. */
  readonly simplex: Matrix<Float64Array>;
  /** The same directions on the unit sphere. */
  readonly x: Matrix<Float64Array>;
  /** ±1. */
  readonly labels: Float64Array;
}

/**
 * n points of two classes: +1 with probability `prior`, Dirichlet distributed with parameters `positive`, and −1 with parameters
 * `negative`; projected from the simplex to the unit sphere.
 *
 * @see data generator of Radhakrishnan, Belkin & Uhler, arXiv:2204.14126
 */
export function dirichletClasses(
  n: number,
  {
    positive,
    negative,
    prior,
  }: { readonly positive: readonly number[]; readonly negative: readonly number[]; readonly prior: number },
  generator: Random,
): DirichletClasses {
  const d = positive.length;
  const [simplex, x] = [zeros(n, d), zeros(n, d)];
  const labels = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const label = generator.uniform() < prior ? 1 : -1;
    const gammas = (label > 0 ? positive : negative).map((shape) => gamma(shape, generator));
    const sum = gammas.reduce((total, value) => total + value, 0);
    const length = Math.hypot(...gammas);
    simplex.data.set(
      gammas.map((value) => value / sum),
      i * d,
    );
    x.data.set(
      gammas.map((value) => value / length),
      i * d,
    );
    labels[i] = label;
  }
  return { simplex, x, labels };
}

/** A gamma variable of this shape and scale 1. @see Marsaglia & Tsang 2000 */
export function gamma(shape: number, generator: Random): number {
  if (shape < 1) return gamma(shape + 1, generator) * (1 - generator.uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  for (;;) {
    const z = generator.normal();
    const v = (1 + z / Math.sqrt(9 * d)) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - generator.uniform()) < (z * z) / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}
