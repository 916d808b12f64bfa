import type { Engine, Matrix } from "../../linalg/index.ts";
import type { Elementwise } from "../elementwise.ts";

/** What expressions compute with. */
export type Values = Matrix<Float64Array>;

/** A linear map between matrices. Both directions add to what is there. */
export interface LinearMap {
  /** out += L a. */
  readonly apply: (a: Values, out: Values) => void;
  /** a += Lᵀ out. */
  readonly adjoint: (out: Values, a: Values) => void;
}

/** A product out = a ∘ b, linear in each factor. All three add to their last argument. */
export interface BilinearMap {
  /** out += a ∘ b. */
  product(engine: Engine, a: Values, b: Values, out: Values): Promise<void> | void;
  /** a += the transpose of (· ∘ b) applied to out. */
  left(engine: Engine, out: Values, b: Values, a: Values): Promise<void> | void;
  /** b += the transpose of (a ∘ ·) applied to out. */
  right(engine: Engine, a: Values, out: Values, b: Values): Promise<void> | void;
}

/** Of the matrix that an expression stands for. */
export interface Shape {
  readonly rows: number;
  readonly cols: number;
  /** Whether a variable lies below. */
  readonly active: boolean;
}

/**
 * A matrix written in terms of others. There are three kinds of primitives, and each kind has one rule for power series
 * and one for the way back (`evaluate.ts`): linear maps act on every coefficient, products are Cauchy products, functions of
 * single numbers are composed by Taylor's formula.
 */
export type Expression = Shape &
  (
    | { readonly kind: "constant"; readonly value: Values }
    | { readonly kind: "variable"; readonly index: number }
    | {
        readonly kind: "linear";
        readonly terms: readonly { readonly of: Expression; readonly map: LinearMap }[];
      }
    | {
        readonly kind: "bilinear";
        readonly left: Expression;
        readonly right: Expression;
        readonly map: BilinearMap;
      }
    | { readonly kind: "pointwise"; readonly of: Expression; readonly phi: Elementwise }
  );

/** A matrix that does not depend on variables. */
export function constant(value: Values): Expression {
  return { kind: "constant", rows: value.rows, cols: value.cols, active: false, value };
}

/** The variable of that number. */
export function variable(index: number, rows: number, cols: number): Expression {
  return { kind: "variable", rows, cols, active: true, index };
}

/** rows × cols, Σ L_p a_p. */
export function linear(
  rows: number,
  cols: number,
  ...terms: readonly { readonly of: Expression; readonly map: LinearMap }[]
): Expression {
  return { kind: "linear", rows, cols, active: terms.some(({ of }) => of.active), terms };
}

/** rows × cols, left ∘ right. */
export function bilinear(
  rows: number,
  cols: number,
  left: Expression,
  right: Expression,
  map: BilinearMap,
): Expression {
  return { kind: "bilinear", rows, cols, active: left.active || right.active, left, right, map };
}

/** φ of every entry. */
export function pointwise(of: Expression, phi: Elementwise): Expression {
  return { kind: "pointwise", rows: of.rows, cols: of.cols, active: of.active, of, phi };
}

/** What an expression is directly made of. */
export function readsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "constant":
    case "variable":
      return [];
    case "linear":
      return expression.terms.map(({ of }) => of);
    case "bilinear":
      return [expression.left, expression.right];
    case "pointwise":
      return [expression.of];
  }
}

/** The tape: everything that `root` is made of, each after what it reads. */
export function tapeOf(root: Expression): readonly Expression[] {
  const tape: Expression[] = [];
  const seen = new Set<Expression>();
  const stack: { readonly expression: Expression; readonly done: boolean }[] = [
    { expression: root, done: false },
  ];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { expression, done } = top;
    if (done) tape.push(expression);
    else if (!seen.has(expression)) {
      seen.add(expression);
      stack.push({ expression, done: true });
      for (const read of readsOf(expression)) stack.push({ expression: read, done: false });
    }
  }
  return tape;
}
