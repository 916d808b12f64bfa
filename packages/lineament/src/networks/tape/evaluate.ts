import { type Engine, zeros } from "../../linalg/index.ts";
import type { Workspace } from "../workspace.ts";
import { type Expression, readsOf, type ScalarFunction, type Values } from "./expression.ts";

/**
 * Σ_k c_k t^k with matrix coefficients, cut after t^degree; an absent coefficient is zero. Evaluated at degree 0 an
 * expression has its value, at degree 1 its directional derivative too, at degree k its jet.
 */
export type Series = (Values | undefined)[];

/** How a tape is evaluated. */
export interface Evaluation {
  readonly engine: Engine;
  /** Highest power of t that is kept. */
  readonly degree: number;
  /** Where results and everything in between are put; new memory when absent. */
  readonly room?: Workspace | undefined;
}

/**
 * Every expression of the tape as a power series in t, given those of the variables.
 * @param keep - keep all of them, for the way back; else only the last, the root
 */
export async function forward(
  evaluation: Evaluation,
  tape: readonly Expression[],
  variables: readonly Series[],
  keep: boolean,
): Promise<Map<Expression, Series>> {
  const known = new Map<Expression, Series>();
  const readers = new Map<Expression, number>();
  for (const expression of tape)
    for (const read of readsOf(expression)) readers.set(read, (readers.get(read) ?? 0) + 1);
  for (const expression of tape) {
    known.set(expression, await seriesOf(evaluation, expression, known, variables));
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
  { engine, degree, room }: Evaluation,
  expression: Expression,
  known: ReadonlyMap<Expression, Series>,
  variables: readonly Series[],
): Promise<Series> {
  const series: Series = [];
  const coefficient = (k: number): Values => (series[k] ??= zero(expression, room));
  switch (expression.kind) {
    case "constant":
      return [expression.value];
    case "variable":
      return variables[expression.index]!.slice(0, degree + 1);
    case "linear":
      for (const { of, map } of expression.terms)
        for (const [k, a] of known.get(of)!.entries()) if (a) map.apply(a, coefficient(k));
      return series;
    case "bilinear": {
      const [a, b] = [known.get(expression.left)!, known.get(expression.right)!];
      for (const [i, j] of cauchy(a, b, degree))
        await expression.map.product(engine, a[i]!, b[j]!, coefficient(i + j));
      return series;
    }
    case "pointwise":
      return compose(expression.scalar, known.get(expression.of)!, degree, room);
  }
}

/**
 * The way back. With the root as a power series f(t) = Σ f_k t^k, adds to `gradients[p]` the coefficient of t^degree of the
 * gradient of ⟨seed, f(t)⟩ with respect to variable p. At degree 0 that is a vector-Jacobian product, at degree 1 along v the
 * Hessian of ⟨seed, f⟩ times v: the way back of a power series is forward over reverse.
 *
 * @param values - of the whole tape, by `forward` at the same degree
 */
export async function reverse(
  { engine, degree, room }: Evaluation & { readonly degree: 0 | 1 },
  tape: readonly Expression[],
  values: ReadonlyMap<Expression, Series>,
  seed: Values,
  gradients: readonly Values[],
): Promise<void> {
  const adjoints = new Map<Expression, Series>([[tape.at(-1)!, [seed]]]);
  const wanted = (expression: Expression, k: number): boolean =>
    expression.active && (expression.kind !== "variable" || k === degree);
  const adjoint = (expression: Expression, k: number): Values => {
    if (expression.kind === "variable") return gradients[expression.index]!;
    let series = adjoints.get(expression);
    if (series === undefined) adjoints.set(expression, (series = []));
    return (series[k] ??= zero(expression, room));
  };
  for (const expression of tape.toReversed()) {
    const out = adjoints.get(expression);
    if (out === undefined) continue;
    adjoints.delete(expression);
    switch (expression.kind) {
      case "constant":
        break;
      case "variable": // the root itself
        if (out[degree])
          for (const [at, r] of out[degree].data.entries()) gradients[expression.index]!.data[at]! += r;
        break;
      case "linear":
        for (const { of, map } of expression.terms)
          for (const [k, r] of out.entries()) if (r && wanted(of, k)) map.adjoint(r, adjoint(of, k));
        break;
      case "bilinear": {
        const { left, right, map } = expression;
        const [a, b] = [values.get(left)!, values.get(right)!];
        for (const [i, j] of cauchy(out, b, degree))
          if (wanted(left, i + j)) await map.left(engine, out[i]!, b[j]!, adjoint(left, i + j));
        for (const [i, j] of cauchy(a, out, degree))
          if (wanted(right, i + j)) await map.right(engine, a[i]!, out[j]!, adjoint(right, i + j));
        break;
      }
      case "pointwise": {
        const { of, scalar } = expression;
        if (!of.active) break;
        const slope = slopes(scalar, values.get(of)!, room);
        for (const [i, j] of cauchy(out, slope, degree))
          if (wanted(of, i + j)) addProduct(adjoint(of, i + j), out[i]!, slope[j]!);
        break;
      }
    }
  }
}

function zero({ rows, cols }: Expression, room: Workspace | undefined): Values {
  if (room === undefined) return zeros(rows, cols);
  const matrix = room.take(rows, cols);
  matrix.data.fill(0);
  return matrix;
}

/** The pairs (i, j) with i + j ≤ degree whose coefficients are there. */
function cauchy(a: Series, b: Series, degree: number): readonly (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0; i <= degree; i++)
    for (let j = 0; i + j <= degree; j++) if (a[i] && b[j]) pairs.push([i, j]);
  return pairs;
}

/** f(Σ_k a_k t^k) for every entry. */
function compose(scalar: ScalarFunction, a: Series, degree: number, room: Workspace | undefined): Series {
  const { rows, cols, data: middle } = a[0]!;
  const highest = a.length > 1 ? degree : 0;
  const series = Array.from({ length: highest + 1 }, () => room?.take(rows, cols) ?? zeros(rows, cols));
  if (highest > 1) {
    horner(scalar, a, series);
    return series;
  }
  const values = series[0]!.data;
  for (let at = 0; at < middle.length; at++) values[at] = scalar.value(middle[at]!);
  if (highest === 0) return series;
  const [along, tangents] = [a[1]!.data, series[1]!.data];
  for (let at = 0; at < middle.length; at++) tangents[at] = scalar.slope(middle[at]!) * along[at]!;
  return series;
}

/** f(Σ_k a_k t^k) for every entry into `series`, by Horner's rule for Taylor's polynomial at a_0. */
function horner(scalar: ScalarFunction, a: Series, series: readonly Values[]): void {
  const middle = a[0]!.data;
  const degree = series.length - 1;
  const taylor = new Float64Array(degree + 1);
  const u = new Float64Array(degree + 1); // a − a_0
  const result = new Float64Array(degree + 1);
  for (let at = 0; at < middle.length; at++) {
    scalar.taylor(middle[at]!, degree, taylor);
    for (let k = 1; k <= degree; k++) u[k] = a[k] ? a[k]!.data[at]! : 0;
    result.fill(0);
    result[0] = taylor[degree]!;
    for (let power = degree - 1; power >= 0; power--) {
      // What is yet to be multiplied with u^power needs no coefficients above degree − power.
      for (let k = degree - power; k > 0; k--) {
        let sum = 0;
        for (let j = 1; j <= k; j++) sum += u[j]! * result[k - j]!;
        result[k] = sum;
      }
      result[0] = taylor[power]!;
    }
    for (let k = 0; k <= degree; k++) series[k]!.data[at] = result[k]!;
  }
}

/** f′(a_0 + a_1 t) for every entry, to degree 1. */
function slopes(scalar: ScalarFunction, [middle, along]: Series, room: Workspace | undefined): Series {
  const { rows, cols, data } = middle!;
  const matrix = (entry: (at: number) => number): Values => {
    const result = room?.take(rows, cols) ?? zeros(rows, cols);
    for (let at = 0; at < data.length; at++) result.data[at] = entry(at);
    return result;
  };
  const constant = matrix((at) => scalar.slope(data[at]!));
  if (along === undefined) return [constant];
  return [constant, matrix((at) => scalar.curvature(data[at]!) * along.data[at]!)];
}

function addProduct({ data: target }: Values, { data: a }: Values, { data: b }: Values): void {
  for (let at = 0; at < target.length; at++) target[at]! += a[at]! * b[at]!;
}
