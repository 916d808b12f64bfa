import { type Engine, rowRange, zeros } from "../../linalg/index.ts";
import type { Elementwise } from "../elementwise.ts";
import type { Workspace } from "../workspace.ts";
import { type Expression, readsOf, type Values } from "./expression.ts";

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
      return compose(expression.phi, known.get(expression.of)!, degree, room);
  }
}

/**
 * The way back. With the root as a power series f(t) = Σ f_k t^k, adds to `gradients[p]` the coefficient of t^degree of the
 * gradient of ⟨seed, f(t)⟩ with respect to variable p. At degree 0 that is a vector-Jacobian product, at degree 1 along v the
 * Hessian of ⟨seed, f⟩ times v: the way back of a power series is forward over reverse.
 *
 * @param tape - ends with something computed
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
      case "variable":
        break; // nothing below
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
        const { of, phi } = expression;
        if (!of.active) break;
        const slope = slopes(phi, values.get(of)!, values.get(expression)!, room);
        for (const [i, j] of cauchy(out, slope, degree))
          if (wanted(of, i + j)) addProduct(adjoint(of, i + j), out[i]!, slope[j]!);
        break;
      }
    }
  }
}

function zero({ rows, cols }: Expression, room: Workspace | undefined): Values {
  const matrix = take(rows, cols, room);
  if (room) matrix.data.fill(0);
  return matrix;
}

/** A matrix with arbitrary contents. */
function take(rows: number, cols: number, room: Workspace | undefined): Values {
  return room?.take(rows, cols) ?? zeros(rows, cols);
}

/** The pairs (i, j) with i + j ≤ degree whose coefficients are there. */
function cauchy(a: Series, b: Series, degree: number): readonly (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0; i <= degree; i++)
    for (let j = 0; i + j <= degree; j++) if (a[i] && b[j]) pairs.push([i, j]);
  return pairs;
}

/** φ(Σ_k a_k t^k) for every entry. */
function compose(phi: Elementwise, a: Series, degree: number, room: Workspace | undefined): Series {
  const { rows, cols, data } = a[0]!;
  if (degree === 0 || a.length === 1) {
    const result = take(rows, cols, room);
    phi.compose(data, result.data, data.length, 0);
    return [result];
  }
  const stacked = take((degree + 1) * rows, cols, room);
  const result = take((degree + 1) * rows, cols, room);
  const coefficients = Array.from({ length: degree + 1 }, (_, k) => k * rows);
  for (const [k, start] of coefficients.entries()) {
    const part = rowRange(stacked, start, start + rows);
    if (a[k]) part.data.set(a[k].data);
    else part.data.fill(0);
  }
  phi.compose(stacked.data, result.data, data.length, degree);
  return coefficients.map((start) => rowRange(result, start, start + rows));
}

/** φ′(a_0 + a_1 t) for every entry, to degree 1. `h` is φ(a). */
function slopes(phi: Elementwise, [z, along]: Series, [h]: Series, room: Workspace | undefined): Series {
  const { rows, cols, data } = z!;
  const slope = take(rows, cols, room);
  phi.slopes(data, h!.data, slope.data);
  if (along === undefined) return [slope];
  const change = take(rows, cols, room);
  phi.curvatures(data, h!.data, change.data);
  for (let at = 0; at < data.length; at++) change.data[at]! *= along.data[at]!;
  return [slope, change];
}

function addProduct({ data: target }: Values, { data: a }: Values, { data: b }: Values): void {
  for (let at = 0; at < target.length; at++) target[at]! += a[at]! * b[at]!;
}
