import { expect } from "vitest";
import type { Matrix } from "../../src/linalg/index.ts";
import cases from "../vectors/linear-networks.json" with { type: "json" };

/** A case of the reference vectors. */
export interface Vector<Inputs, Expected> {
  readonly inputs: Inputs;
  readonly expected: Expected;
  /** got − expected is at most abs + rel |expected|. */
  readonly tol: { readonly abs: number; readonly rel: number };
}

export function vector<Inputs, Expected>(id: string): Vector<Inputs, Expected> {
  const found = cases.cases.find((one) => one.id === id);
  if (!found) throw new Error(`no vector ${id}`);
  return found as unknown as Vector<Inputs, Expected>;
}

export type Rows = readonly (readonly number[])[];

export function rowsOf({ data, rows, cols }: Matrix): number[][] {
  return Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * cols, (i + 1) * cols)));
}

type Numbers = number | ArrayLike<number> | readonly Numbers[];

function flat(values: Numbers): number[] {
  return typeof values === "number" ? [values] : Array.from(values as ArrayLike<number>).flatMap(flat);
}

/** Every number within the tolerance of the vector. */
export function expectWithin(
  actual: Numbers,
  expected: Numbers,
  { abs, rel }: { readonly abs: number; readonly rel: number },
): void {
  const [got, want] = [flat(actual), flat(expected)];
  expect(got).toHaveLength(want.length);
  got.forEach((value, i) =>
    expect(Math.abs(value - want[i]!), `number ${i}: ${value} for ${want[i]}`).toBeLessThanOrEqual(
      abs + rel * Math.abs(want[i]!),
    ),
  );
}
