import type { ActivationChoice } from "./activation.ts";
import { activationKey } from "./activation-key.ts";
import { angleTable } from "./angle-table.ts";
import { angle, checkVariances, clip, geometricMean } from "./correlation.ts";
import { crossDual, type CrossDual } from "./cross-dual.ts";
import { crossRules } from "./cross-rules.ts";
import { dualTables } from "./dual-tables.ts";
import { hermiteExpansion, hermiteSeries, type HermiteCoefficients } from "./hermite-expansion.ts";
import { varianceTableEvaluator, type VarianceTable } from "./variance-table.ts";

/** The dual of two activations at the entries of one matrix; fastest along rows, where only j changes. */
export interface TabulatedDual {
  /** How entries are computed. */
  readonly route: "closed-form" | "polar-rule" | "angle-table" | "hermite-series" | "variance-table";
  /** Estimate relative to the largest κ and κ̇ of the matrix: remainder of a series, last coefficients of a table, quadrature. */
  readonly error: number;
  /** κ(a_i, b_j, c). */
  readonly value: (i: number, j: number, c: number) => number;
  /** κ̇(a_i, b_j, c). */
  readonly slope: (i: number, j: number, c: number) => number;
}

const tolerance = 1e-11;
/** Largest error seen of polar rules that agree with finer ones. */
const quadrature = 2e-11;
/** More terms cost more than a variance table. */
const longestSeries = 128;
/** What a table takes to set up, in values of φ. */
const tableCost = 1e7;

/**
 * The dual of an activation, or the cross dual of two, made fast for whole matrices whose rows and columns have known
 * variances:
 *
 * | route            | when                                                        | an entry of κ |
 * |------------------|-------------------------------------------------------------|---------------|
 * | `closed-form`    | the dual has one                                            |               |
 * | `polar-rule`     | few entries                                                 | 50 to 500 µs  |
 * | `angle-table`    | one variance for all rows, one for all columns              | 0.1 µs        |
 * | `hermite-series` | 128 Hermite terms leave out less than 1e-11 at ρ = ±1: variances up to 1 for tanh, 4 for swish | 0.1 to 0.2 µs |
 * | `variance-table` | anything else: kinks, large variances                       | 0.3 to 1 µs   |
 *
 * Entries are within 1e-10 of the largest value of the matrix (tested) for activations that are smooth on each half-line; for
 * others `error` says. Tables take 0.02 to 0.5 s to set up, a few seconds where rows differ in variance by many orders of magnitude, and
 * the last few are kept. The diagonal of a kernel matrix should come from `Dual.variance`.
 *
 * @param first - φ, of the rows
 * @param second - ψ, of the columns; φ when absent
 * @param rows - a_i ≥ 0
 * @param columns - b_j ≥ 0; those of the rows when absent
 * @throws RangeError for variances that are negative or not finite
 */
export function tabulatedDual({
  first,
  second = first,
  rows,
  columns = rows,
}: {
  readonly first: ActivationChoice;
  readonly second?: ActivationChoice | undefined;
  readonly rows: Float64Array;
  readonly columns?: Float64Array | undefined;
}): TabulatedDual {
  checkVariances("tabulatedDual", "rows", rows);
  checkVariances("tabulatedDual", "columns", columns);
  const dual = crossDual(first, second);
  const entrywise = (route: "closed-form" | "polar-rule", error: number): TabulatedDual => ({
    route,
    error,
    value: (i, j, c) => dual.value(rows[i]!, columns[j]!, c),
    slope: (i, j, c) => dual.slope(rows[i]!, columns[j]!, c),
  });
  if (dual.form === "closed") return entrywise("closed-form", 1e-15);
  const entries = rows.length * columns.length;
  const rules = crossRules(first, second);
  const largestVariance = Math.max(largest(rows), largest(columns));
  const ruleError = Math.max(
    quadrature,
    rules.values.error(largestVariance),
    rules.slopes.error(largestVariance),
  );
  const entryCost = rules.values.cost(largestVariance) + rules.slopes.cost(largestVariance);
  if (entries <= 64) return entrywise("polar-rule", ruleError);
  const problem = { first, second, rows, columns, dual, ruleError };
  if (isConstant(rows) && isConstant(columns)) return byAngle(problem);
  if (entries * entryCost <= tableCost) return entrywise("polar-rule", ruleError);
  return bySeries(problem) ?? byVariance(problem);
}

interface Problem {
  readonly first: ActivationChoice;
  readonly second: ActivationChoice;
  readonly rows: Float64Array;
  readonly columns: Float64Array;
  readonly dual: CrossDual;
  readonly ruleError: number;
}

/** Up to what layer normalization with a small ε leaves. */
function isConstant(variances: Float64Array): boolean {
  return variances.every((a) => Math.abs(a - variances[0]!) <= tolerance * variances[0]!);
}

function byAngle({ first, second, rows, columns, ruleError }: Problem): TabulatedDual {
  const table = angleTable(first, second, rows[0]!, columns[0]!);
  const theta = (i: number, j: number, c: number): number => angle(geometricMean(rows[i]!, columns[j]!), c);
  return {
    route: "angle-table",
    error: Math.max(ruleError, table.tail),
    value: (i, j, c) => table.value(theta(i, j, c)),
    slope: (i, j, c) => table.slope(theta(i, j, c)),
  };
}

/** Undefined when the series would be too long. */
function bySeries({ first, second, rows, columns }: Problem): TabulatedDual | undefined {
  // The largest variance needs the most terms.
  const probe = { terms: longestSeries };
  const left = hermiteExpansion(first, [largest(rows)], probe);
  const right = hermiteExpansion(second, [largest(columns)], probe);
  const lengths = [lengthOf(left.value, right.value), lengthOf(left.slope, right.slope)];
  const terms = Math.max(...lengths);
  if (terms > longestSeries) return undefined;
  const ofRows = hermiteExpansion(first, rows, { terms });
  const symmetric =
    activationKey(first) === activationKey(second) &&
    rows.length === columns.length &&
    rows.every((a, i) => a === columns[i]);
  const ofColumns = symmetric ? ofRows : hermiteExpansion(second, columns, { terms });
  const evaluator =
    (f: HermiteCoefficients, g: HermiteCoefficients) =>
    (i: number, j: number, c: number): number => {
      const r = geometricMean(rows[i]!, columns[j]!);
      const rho = r === 0 ? 0 : clip(c, r) / r;
      return hermiteSeries(f, i, g, j, rho, Math.min(terms, termsAt(rho)));
    };
  return {
    route: "hermite-series",
    error: tolerance,
    value: evaluator(ofRows.value, ofColumns.value),
    slope: evaluator(ofRows.slope, ofColumns.slope),
  };
}

/** How many terms of two one-row expansions leave out less than the tolerance at ρ = ±1; more than there are when all do not. */
function lengthOf(left: HermiteCoefficients, right: HermiteCoefficients): number {
  let leftOut = left.remainders[0]!;
  let rightOut = right.remainders[0]!;
  const total = (f: HermiteCoefficients): number =>
    f.coefficients.reduce((sum, h) => sum + h * h, f.remainders[0]!);
  const allowed = tolerance ** 2 * total(left) * total(right);
  let terms = longestSeries + 1;
  while (terms > 1 && leftOut * rightOut <= allowed) {
    terms--;
    leftOut += left.coefficients[terms - 1]! ** 2;
    rightOut += right.coefficients[terms - 1]! ** 2;
  }
  return terms;
}

/** Enough terms for |ρ|^terms < 1e-13. */
function termsAt(rho: number): number {
  const size = Math.abs(rho);
  return size < 0.01 ? 7 : size > 0.8 ? Infinity : Math.ceil(-30 / Math.log(size));
}

function byVariance({ first, second, rows, columns, dual }: Problem): TabulatedDual {
  const p = rows.map(Math.sqrt);
  const q = columns.map(Math.sqrt);
  const [least, most] = [Math.min(smallest(p), smallest(q)), Math.max(largest(p), largest(q))];
  const { values, slopes } = dualTables(first, second, least, most);
  const evaluator = (table: VarianceTable, atZero: CrossDual["value"]): TabulatedDual["value"] => {
    const evaluate = varianceTableEvaluator(table, p, q);
    return (i, j, c) => {
      const r = geometricMean(rows[i]!, columns[j]!);
      return r === 0 ? atZero(rows[i]!, columns[j]!, 0) : evaluate(i, j, angle(r, c));
    };
  };
  return {
    route: "variance-table",
    error: Math.max(values.error, slopes.error),
    value: evaluator(values, dual.value),
    slope: evaluator(slopes, dual.slope),
  };
}

function largest(values: Float64Array): number {
  return values.reduce((max, value) => Math.max(max, value), 0);
}

function smallest(values: Float64Array): number {
  return values.reduce((min, value) => Math.min(min, value), Infinity);
}
