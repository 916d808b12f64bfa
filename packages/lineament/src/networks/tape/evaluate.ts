import { type Engine, zeros } from "../../linalg/index.ts";
import { type Expression, readsOf, type ScalarFunction, type Values } from "./expression.ts";

/**
 * Σ_k c_k t^k with matrix coefficients, cut after t^degree; an absent coefficient is zero. Evaluated at degree 0 an
 * expression has its value, at degree 1 its directional derivative too, at degree k its jet.
 */
export type Series = (Values | undefined)[];

/**
 * Every expression of the tape as a power series in t, given those of the variables.
 * @param keep - keep all of them, for the way back; else only the last, the root
 */
export async function forward(
  engine: Engine,
  tape: readonly Expression[],
  variables: readonly Series[],
  degree: number,
  keep: boolean,
): Promise<Map<Expression, Series>> {
  const known = new Map<Expression, Series>();
  const readers = new Map<Expression, number>();
  for (const expression of tape)
    for (const read of readsOf(expression)) readers.set(read, (readers.get(read) ?? 0) + 1);
  for (const expression of tape) {
    known.set(expression, await seriesOf(engine, expression, known, variables, degree));
    if (keep) continue;
    for (const read of readsOf(expression)) {
      const left = readers.get(read)! - 1;
      readers.set(read, left);
      if (left === 0) known.delete(read);
    }
  }
  return known;
}

async function seriesOf(
  engine: Engine,
  expression: Expression,
  known: ReadonlyMap<Expression, Series>,
  variables: readonly Series[],
  degree: number,
): Promise<Series> {
  const { rows, cols } = expression;
  switch (expression.kind) {
    case "constant":
      return [expression.value];
    case "variable":
      return variables[expression.index]!;
    case "linear": {
      const series: Series = [];
      for (const { of, map } of expression.terms) {
        const a = known.get(of)!;
        for (let k = 0; k <= degree; k++) if (a[k]) map.apply(a[k]!, (series[k] ??= zeros(rows, cols)));
      }
      return series;
    }
    case "bilinear": {
      const [a, b] = [known.get(expression.left)!, known.get(expression.right)!];
      const series: Series = [];
      for (const [i, j] of cauchy(a, b, degree))
        await expression.map.product(engine, a[i]!, b[j]!, (series[i + j] ??= zeros(rows, cols)));
      return series;
    }
    case "pointwise":
      return compose(derivatives(expression.scalar, 0), known.get(expression.of)!, degree);
  }
}

/**
 * The way back: adds to `gradients[p]` the coefficient of t^degree of the gradient of Σ_k ⟨seed_k, root_k …⟩ with respect to
 * variable p, where seed and root are multiplied as power series. At degree 0 this is a vector-Jacobian product; at degree 1
 * along v, with a constant seed, the Hessian of ⟨seed, root⟩ times v: the way back of a power series is forward over reverse.
 *
 * @param values - of the whole tape, at this degree
 */
export async function reverse(
  engine: Engine,
  tape: readonly Expression[],
  values: ReadonlyMap<Expression, Series>,
  seed: Values,
  degree: number,
  gradients: readonly Values[],
): Promise<void> {
  const adjoints = new Map<Expression, Series>([[tape.at(-1)!, [seed]]]);
  const wanted = (expression: Expression, k: number): boolean =>
    expression.active && (expression.kind !== "variable" || k === degree);
  const adjointOf = (expression: Expression, k: number): Values => {
    if (expression.kind === "variable") return gradients[expression.index]!;
    let series = adjoints.get(expression);
    if (series === undefined) adjoints.set(expression, (series = []));
    return (series[k] ??= zeros(expression.rows, expression.cols));
  };
  for (const expression of tape.toReversed()) {
    const out = adjoints.get(expression);
    if (out === undefined) continue;
    adjoints.delete(expression);
    switch (expression.kind) {
      case "variable": // only when the root itself is one
        if (out[degree]) addTo(gradients[expression.index]!, out[degree]);
        break;
      case "linear":
        for (const { of, map } of expression.terms)
          for (let k = 0; k <= degree; k++)
            if (out[k] && wanted(of, k)) map.adjoint(out[k]!, adjointOf(of, k));
        break;
      case "bilinear": {
        const { left, right, map } = expression;
        const [a, b] = [values.get(left)!, values.get(right)!];
        for (const [i, j] of cauchy(out, b, degree))
          if (wanted(left, i + j)) await map.left(engine, out[i]!, b[j]!, adjointOf(left, i + j));
        for (const [i, j] of cauchy(a, out, degree))
          if (wanted(right, i + j)) await map.right(engine, a[i]!, out[j]!, adjointOf(right, i + j));
        break;
      }
      case "pointwise": {
        const { of, scalar } = expression;
        if (!of.active) break;
        const slope = compose(derivatives(scalar, 1), values.get(of)!, degree);
        for (const [i, j] of cauchy(out, slope, degree))
          if (wanted(of, i + j)) addProductTo(adjointOf(of, i + j), out[i]!, slope[j]!);
        break;
      }
    }
  }
}

/** The pairs (i, j) with i + j ≤ degree whose coefficients are there. */
function cauchy(a: Series, b: Series, degree: number): readonly (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0; i <= degree; i++)
    for (let j = 0; i + j <= degree; j++) if (a[i] && b[j]) pairs.push([i, j]);
  return pairs;
}

/** Writes the Taylor coefficients of order 0 … degree at x. */
type Coefficients = (x: number, degree: number, out: Float64Array) => void;

/** The Taylor coefficients of f, or with order 1 of f′. The first three by value, slope and curvature: all that many activations have. */
function derivatives(scalar: ScalarFunction, order: 0 | 1): Coefficients {
  const taylor: Coefficients = (x, degree, out) => {
    if (degree > 2) return scalar.taylor(x, degree, out);
    out[0] = scalar.value(x);
    if (degree > 0) out[1] = scalar.slope(x);
    if (degree > 1) out[2] = scalar.curvature(x) / 2;
  };
  if (order === 0) return taylor;
  return (x, degree, out) => {
    if (degree === 0) out[0] = scalar.slope(x);
    else if (degree === 1) {
      out[0] = scalar.slope(x);
      out[1] = scalar.curvature(x);
    } else {
      taylor(x, degree + 1, out);
      for (let k = 0; k <= degree; k++) out[k] = (k + 1) * out[k + 1]!;
    }
  };
}

/** f(Σ_k a_k t^k) for every entry: Horner's rule in the power series a − a_0. */
function compose(coefficients: Coefficients, a: Series, degree: number): Series {
  const { rows, cols, data: middle } = a[0]!;
  const highest = a.some((coefficient, k) => k > 0 && k <= degree && coefficient) ? degree : 0;
  const series = Array.from({ length: highest + 1 }, () => zeros(rows, cols));
  const c = new Float64Array(highest + 2);
  const u = new Float64Array(highest + 1);
  const result = new Float64Array(highest + 1);
  for (let at = 0; at < middle.length; at++) {
    coefficients(middle[at]!, highest, c);
    for (let k = 1; k <= highest; k++) u[k] = a[k] ? a[k]!.data[at]! : 0;
    result.fill(0);
    result[0] = c[highest]!;
    for (let order = highest - 1; order >= 0; order--) {
      for (let k = highest; k > 0; k--) {
        let sum = 0;
        for (let j = 1; j <= k; j++) sum += u[j]! * result[k - j]!;
        result[k] = sum;
      }
      result[0] = c[order]!;
    }
    for (let k = 0; k <= highest; k++) series[k]!.data[at] = result[k]!;
  }
  return series;
}

function addTo(target: Values, a: Values): void {
  for (let at = 0; at < a.data.length; at++) target.data[at]! += a.data[at]!;
}

function addProductTo(target: Values, a: Values, b: Values): void {
  for (let at = 0; at < a.data.length; at++) target.data[at]! += a.data[at]! * b.data[at]!;
}
