import type { Activation, Pointwise } from "../../layers/index.ts";
import { elementwise, elementwiseOf } from "../elementwise.ts";
import { bilinear, type Expression, linear, type LinearMap, pointwise, type Values } from "./expression.ts";
import { shiftedPower } from "./scalar-functions.ts";

/** alpha A B, or alpha A Bᵀ with `transposed`. a: m × k, op(b): k × n. */
export function matmul(
  a: Expression,
  b: Expression,
  { alpha = 1, transposed = false }: { readonly alpha?: number; readonly transposed?: boolean } = {},
): Expression {
  agree("matmul", "columns of a", a.cols, "rows of op(b)", transposed ? b.cols : b.rows);
  return bilinear(a.rows, transposed ? b.rows : b.cols, a, b, {
    product: (engine, a, b, c) => engine.gemm({ a, b, c, transposeB: transposed, alpha, beta: 1 }),
    left: (engine, out, b, a) => engine.gemm({ a: out, b, c: a, transposeB: !transposed, alpha, beta: 1 }),
    right: (engine, a, out, b) =>
      transposed
        ? engine.gemm({ a: out, b: a, c: b, transposeA: true, alpha, beta: 1 })
        : engine.gemm({ a, b: out, c: b, transposeA: true, alpha, beta: 1 }),
  });
}

/**
 * alpha A W_qᵀ with a weight matrix W_q for each of `groups` kinds of rows: rows come in consecutive blocks of `block`, and
 * those of block b belong to q = b mod groups. a: (n groups block) × k; w: (groups c) × k, the weight matrices one below the
 * other → (n groups block) × c.
 */
export function groupedMatmul(
  a: Expression,
  w: Expression,
  {
    groups,
    block = 1,
    alpha = 1,
  }: { readonly groups: number; readonly block?: number; readonly alpha?: number },
): Expression {
  if (groups === 1) return matmul(a, w, { alpha, transposed: true });
  agree("groupedMatmul", "columns of a", a.cols, "columns of w", w.cols);
  const inner = a.cols;
  const cols = w.rows / groups;
  if (!Number.isInteger(cols) || a.rows % (groups * block) !== 0)
    throw new RangeError(
      `groupedMatmul: ${a.rows} rows of a and ${w.rows} of w do not make ${groups} groups in blocks of ${block}`,
    );
  /** For every entry of the product the places where its row of a and its row of w begin. */
  const visit = (rows: number, each: (a: number, w: number, out: number) => void): void => {
    for (let row = 0; row < rows; row++) {
      const group = Math.floor(row / block) % groups;
      for (let c = 0; c < cols; c++) each(row * inner, (group * cols + c) * inner, row * cols + c);
    }
  };
  return bilinear(a.rows, cols, a, w, {
    product: (_, { data: a, rows }, { data: w }, { data: out }) =>
      visit(rows, (i, j, o) => {
        let sum = 0;
        for (let k = 0; k < inner; k++) sum += a[i + k]! * w[j + k]!;
        out[o]! += alpha * sum;
      }),
    left: (_, { data: out, rows }, { data: w }, { data: a }) =>
      visit(rows, (i, j, o) => {
        const factor = alpha * out[o]!;
        for (let k = 0; k < inner; k++) a[i + k]! += factor * w[j + k]!;
      }),
    right: (_, { data: a, rows }, { data: out }, { data: w }) =>
      visit(rows, (i, j, o) => {
        const factor = alpha * out[o]!;
        for (let k = 0; k < inner; k++) w[j + k]! += factor * a[i + k]!;
      }),
  });
}

/** Entry by entry. */
export function multiply(a: Expression, b: Expression): Expression {
  sameShape("multiply", a, b);
  const accumulate = ({ data: a }: Values, { data: b }: Values, { data: out }: Values): void => {
    for (let at = 0; at < out.length; at++) out[at]! += a[at]! * b[at]!;
  };
  return bilinear(a.rows, a.cols, a, b, {
    product: (_, a, b, out) => accumulate(a, b, out),
    left: (_, out, b, a) => accumulate(out, b, a),
    right: (_, a, out, b) => accumulate(a, out, b),
  });
}

/** A function of one number, of every entry. */
export function map(a: Expression, functions: Pointwise): Expression {
  return pointwise(a, elementwiseOf(functions));
}

/** An activation, of every entry. */
export function activate(a: Expression, activation: Activation): Expression {
  const phi = elementwise(activation);
  return phi.identity ? a : pointwise(a, phi);
}

/** Entry by entry; where b is 0 the result is not finite. */
export function divide(a: Expression, b: Expression): Expression {
  return multiply(a, map(b, shiftedPower(-1)));
}

/** a + b + … */
export function add(first: Expression, ...others: readonly Expression[]): Expression {
  for (const other of others) sameShape("add", first, other);
  return linear(first.rows, first.cols, ...[first, ...others].map((of) => ({ of, map: scaling(1) })));
}

/**
 * Adds rows of b, taken in turn, to the rows of a: row r gets factor times row ⌊r / block⌋ mod (rows of b). With one row a bias
 * for all. a: n × c, b: q × c.
 */
export function addRows(
  a: Expression,
  b: Expression,
  { factor = 1, block = 1 }: { readonly factor?: number; readonly block?: number } = {},
): Expression {
  agree("addRows", "columns of b", b.cols, "columns of a", a.cols);
  const { rows, cols } = a;
  const source = (row: number): number => (Math.floor(row / block) % b.rows) * cols;
  const map: LinearMap = {
    apply({ data: b }, { data: out }) {
      for (let row = 0; row < rows; row++)
        for (let c = 0, from = source(row); c < cols; c++) out[row * cols + c]! += factor * b[from + c]!;
    },
    adjoint({ data: out }, { data: b }) {
      for (let row = 0; row < rows; row++)
        for (let c = 0, to = source(row); c < cols; c++) b[to + c]! += factor * out[row * cols + c]!;
    },
  };
  return linear(rows, cols, { of: a, map: scaling(1) }, { of: b, map });
}

export function scale(a: Expression, factor: number): Expression {
  return linear(a.rows, a.cols, { of: a, map: scaling(factor) });
}

export function subtract(a: Expression, b: Expression): Expression {
  sameShape("subtract", a, b);
  return linear(a.rows, a.cols, { of: a, map: scaling(1) }, { of: b, map: scaling(-1) });
}

function scaling(factor: number): LinearMap {
  const accumulate = ({ data: from }: Values, { data: to }: Values): void => {
    for (let at = 0; at < to.length; at++) to[at]! += factor * from[at]!;
  };
  return { apply: accumulate, adjoint: accumulate };
}

/** Aᵀ. */
export function transposed(a: Expression): Expression {
  const flip = (from: Values, to: Values): void => {
    for (let i = 0; i < from.rows; i++)
      for (let j = 0; j < from.cols; j++) to.data[j * from.rows + i]! += from.data[i * from.cols + j]!;
  };
  return linear(a.cols, a.rows, { of: a, map: { apply: flip, adjoint: flip } });
}

/** The same entries in the same row-major order as a matrix of another shape. */
export function reshape(a: Expression, rows: number, cols: number): Expression {
  agree("reshape", "entries", a.rows * a.cols, "rows × columns asked for", rows * cols);
  if (rows === a.rows && cols === a.cols) return a;
  return linear(rows, cols, { of: a, map: scaling(1) });
}

/** Column j of the result is column columns[j] of a, or 0 where that is −1: repetitions, permutations, patches of images. */
export function gatherColumns(a: Expression, columns: Int32Array): Expression {
  const wrong = columns.find((column) => !(column >= -1 && column < a.cols));
  if (wrong !== undefined)
    throw new RangeError(`gatherColumns: there is no column ${wrong} among the ${a.cols}`);
  return linear(a.rows, columns.length, {
    of: a,
    map: {
      apply({ data: a, cols: stride }, { data: out, rows, cols }) {
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < cols; j++)
            if (columns[j]! >= 0) out[i * cols + j]! += a[i * stride + columns[j]!]!;
      },
      adjoint({ data: out, rows, cols }, { data: a, cols: stride }) {
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < cols; j++)
            if (columns[j]! >= 0) a[i * stride + columns[j]!]! += out[i * cols + j]!;
      },
    },
  });
}

/** Columns `start` to `end`. */
export function slice(a: Expression, start: number, end: number): Expression {
  if (!(0 <= start && start <= end && end <= a.cols))
    throw new RangeError(`slice: columns ${start} to ${end} are not within the ${a.cols} columns`);
  return linear(a.rows, end - start, { of: a, map: transpose(columnsFrom(start)) });
}

/** Matrices of as many rows, side by side. */
export function concatenate(parts: readonly Expression[]): Expression {
  const rows = parts[0]!.rows;
  let cols = 0;
  const terms = parts.map((of) => {
    agree("concatenate", "rows", of.rows, "rows of the first part", rows);
    const map = columnsFrom(cols);
    cols += of.cols;
    return { of, map };
  });
  return linear(rows, cols, ...terms);
}

/** Weighted sums of consecutive rows: row i of the result is Σ_g weights[g] a[i G + g]. a: (n G) × c → n × c. */
export function sumRows(a: Expression, weights: ArrayLike<number>): Expression {
  const rows = a.rows / weights.length;
  if (!Number.isInteger(rows))
    throw new RangeError(`sumRows: ${a.rows} rows do not come in groups of ${weights.length}`);
  return linear(rows, a.cols, { of: a, map: contraction(rows, weights, a.cols) });
}

/** Weighted sums of columns, a w. a: n × c → n × 1. */
export function sumColumns(a: Expression, weights: ArrayLike<number>): Expression {
  agree("sumColumns", "weights", weights.length, "columns", a.cols);
  return linear(a.rows, 1, { of: a, map: contraction(a.rows, weights, 1) });
}

/** Every row `times` times in a row. n × c → (n times) × c. */
export function repeatRows(a: Expression, times: number): Expression {
  if (times === 1) return a;
  const map = contraction(a.rows, ones(times), a.cols);
  return linear(a.rows * times, a.cols, { of: a, map: transpose(map) });
}

/** A column `times` times side by side. n × 1 → n × times. */
export function repeatColumn(a: Expression, times: number): Expression {
  agree("repeatColumn", "columns", a.cols, "columns that it can repeat", 1);
  return linear(a.rows, times, { of: a, map: transpose(contraction(a.rows, ones(times), 1)) });
}

/** Every row minus its mean, over √(its variance + epsilon): layer normalization. With epsilon = 0 rows must not be constant. */
export function normalize(a: Expression, epsilon: number): Expression {
  const mean = new Float64Array(a.cols).fill(1 / a.cols);
  const centered = subtract(a, repeatColumn(sumColumns(a, mean), a.cols));
  const variance = sumColumns(multiply(centered, centered), mean);
  return multiply(centered, repeatColumn(map(variance, shiftedPower(-1 / 2, epsilon)), a.cols));
}

/** The transposed map. */
function transpose({ apply, adjoint }: LinearMap): LinearMap {
  return { apply: adjoint, adjoint: apply };
}

/** From outer × groups × inner numbers to outer × inner: Σ_g weights[g] a[o, g, i]. */
function contraction(outer: number, weights: ArrayLike<number>, inner: number): LinearMap {
  const groups = weights.length;
  return {
    apply({ data: a }, { data: out }) {
      for (let o = 0; o < outer; o++)
        for (let g = 0; g < groups; g++) {
          const weight = weights[g]!;
          const from = (o * groups + g) * inner;
          for (let i = 0; i < inner; i++) out[o * inner + i]! += weight * a[from + i]!;
        }
    },
    adjoint({ data: out }, { data: a }) {
      for (let o = 0; o < outer; o++)
        for (let g = 0; g < groups; g++) {
          const weight = weights[g]!;
          const to = (o * groups + g) * inner;
          for (let i = 0; i < inner; i++) a[to + i]! += weight * out[o * inner + i]!;
        }
    },
  };
}

/** Into the columns of a wider matrix, from `start` on. */
function columnsFrom(start: number): LinearMap {
  return {
    apply({ data: a, rows, cols }, { data: out, cols: stride }) {
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < cols; j++) out[i * stride + start + j]! += a[i * cols + j]!;
    },
    adjoint({ data: out, cols: stride }, { data: a, rows, cols }) {
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < cols; j++) a[i * cols + j]! += out[i * stride + start + j]!;
    },
  };
}

function ones(count: number): Float64Array {
  return new Float64Array(count).fill(1);
}

function sameShape(call: string, a: Expression, b: Expression): void {
  if (a.rows !== b.rows || a.cols !== b.cols)
    throw new RangeError(`${call}: ${a.rows} × ${a.cols} and ${b.rows} × ${b.cols} do not match`);
}

function agree(call: string, what: string, came: number, other: string, expected: number): void {
  if (came !== expected) throw new RangeError(`${call}: ${came} ${what} do not match ${expected} ${other}`);
}
