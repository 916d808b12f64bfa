import { expect } from "vitest";
import features from "./feature-learning.json" with { type: "json" };
import interpolation from "./interpolation.json" with { type: "json" };
import linear from "./linear-networks.json" with { type: "json" };
import linearized from "./linearized-networks.json" with { type: "json" };
import wide from "./wide-networks.json" with { type: "json" };

/** One reference value: inputs, what must come out, and how exactly. */
export interface Vector<Inputs> {
  readonly id: string;
  readonly inputs: Inputs;
  readonly expected: unknown;
  readonly tol: { readonly abs: number; readonly rel: number };
}

/** A case of a file. A bare `tol` is absolute or relative, as the file says. */
interface Case extends Omit<Vector<unknown>, "tol"> {
  readonly tol?: number | Vector<unknown>["tol"];
  readonly tol_abs?: number;
  readonly tol_rel?: number;
}

function read(cases: readonly unknown[], bare: "abs" | "rel" = "abs"): readonly Vector<unknown>[] {
  return (cases as readonly Case[]).map(({ tol, tol_abs = 0, tol_rel = 0, ...rest }) => ({
    ...rest,
    tol:
      typeof tol === "object"
        ? tol
        : { abs: tol_abs, rel: tol_rel, ...(tol === undefined ? {} : { [bare]: tol }) },
  }));
}

/** All vectors of linearized networks (LZ), in the order of the file. */
export const vectors = read(linearized.cases);

/** All vectors of linear networks (LN). */
export const linearNetworkVectors = read(linear.cases);

/** All vectors of feature learning (FL). */
export const featureVectors = read(features.cases);

/** All vectors of wide networks (WN). */
export const wideVectors = read(wide.cases);

/** All vectors of interpolation (IN). */
export const interpolationVectors = read(interpolation.cases, "rel");

const files = [vectors, linearNetworkVectors, featureVectors, wideVectors, interpolationVectors];

/** The vector of an id, with the inputs that its test knows it has. */
export function vector<Inputs>(id: string): Vector<Inputs> {
  const found = files.flat().find((one) => one.id === id);
  if (found === undefined) throw new RangeError(`vector: no vector ${id} in the files of this folder`);
  return found as Vector<Inputs>;
}

/** Fails unless |got − expected| ≤ abs + rel |expected| for every number of the vector. */
export function expectVector({ id, expected, tol }: Vector<unknown>, got: unknown): void {
  expect(differences(id, got, expected, tol)).toEqual([]);
}

function differences(at: string, got: unknown, expected: unknown, tol: Vector<unknown>["tol"]): string[] {
  if (typeof expected === "number") {
    const off = typeof got === "number" ? Math.abs(got - expected) : NaN;
    return off <= tol.abs + tol.rel * Math.abs(expected) ? [] : [`${at}: ${String(got)}, not ${expected}`];
  }
  if (typeof expected !== "object" || expected === null || typeof got !== "object" || got === null)
    return [`${at}: ${typeof got}, not ${typeof expected}`];
  return Object.entries(expected).flatMap(([key, value]) =>
    differences(`${at}.${key}`, (got as Record<string, unknown>)[key], value, tol),
  );
}
