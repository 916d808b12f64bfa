import { activationName, tabulatedDual } from "../../layers/index.ts";
import type { Activation, TabulatedDual } from "../../layers/index.ts";
import type { Link, Plan, Reading } from "../plan/plan.ts";
import type { RowSet } from "./rows.ts";

/** A nonlinearity whose dual has no closed form. */
export interface Approximation {
  /** Two names for what correlated branches make of each other. */
  readonly activations: readonly string[];
  /** How its dual is computed; `differences`: κ was given, and κ̇ is its difference quotient. */
  readonly route: TabulatedDual["route"] | "differences";
  /** Of its dual, relative to the largest value. */
  readonly error: number;
}

/** Duals without closed form, made fast for the variances of all rows. */
export interface Tables {
  readonly byLink: ReadonlyMap<Link, { readonly table: TabulatedDual; readonly pixels: boolean }>;
  readonly approximations: readonly Approximation[];
}

/** The dual of a link at the variances of its rows and columns. */
export function tableOf(
  { factors }: Reading,
  { left, right }: Link,
  rows: Float64Array,
  columns: Float64Array,
): TabulatedDual {
  return tabulatedDual({
    first: activationOf(factors[left]!),
    second: activationOf(factors[right]!),
    rows,
    columns,
  });
}

export async function tablesOf(
  plan: Plan,
  lefts: readonly RowSet[],
  rights: readonly RowSet[],
  pause: () => Promise<void>,
): Promise<Tables> {
  const byLink = new Map<Link, { readonly table: TabulatedDual; readonly pixels: boolean }>();
  const approximations = new Map<string, Approximation>();
  const note = (names: readonly string[], route: Approximation["route"], error: number): void => {
    const activations = [...new Set(names)].sort();
    const key = `${activations.join()} ${route}`;
    const before = approximations.get(key)?.error ?? 0;
    approximations.set(key, { activations, route, error: Math.max(before, error) });
  };
  for (const [index, step] of plan.steps.entries()) {
    if (step.kind === "normalize" || step.slopes) continue;
    const { factors, groups } = step.from;
    const variances = (rows: readonly RowSet[], factor: number): Float64Array =>
      joined(rows.map(({ readings }) => readings[index]!.factors[factor]!.variance));
    for (const { place, pairs } of groups)
      for (const link of pairs.flatMap(({ links }) => links)) {
        if (!link.dual) continue;
        const names = [link.left, link.right].map((factor) => activationName(activationOf(factors[factor]!)));
        const { form, slopeError } = link.dual;
        if (slopeError !== undefined) note(names, "differences", slopeError);
        if (form === "closed") continue;
        const table = tableOf(step.from, link, variances(lefts, link.left), variances(rights, link.right));
        byLink.set(link, { table, pixels: place !== "rows" });
        note(names, table.route, table.error);
        await pause();
      }
  }
  return { byLink, approximations: [...approximations.values()] };
}

function activationOf({ activation }: Reading["factors"][number]): Activation {
  return activation ?? { name: "identity" };
}

function joined(arrays: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    whole.set(array, at);
    at += array.length;
  }
  return whole;
}
