import { activationFunctions, activationName, compose, slopesOf } from "../../layers/index.ts";
import type { Activation, Pointwise } from "../../layers/index.ts";
import type { Factor, Gaussian, Term } from "./feature.ts";

/**
 * φ applied to a sum of functions of one Gaussian, Σ_k c_k φ_k(β_k G), as one function of G: two activations in a row, or
 * φ(G + ψ(G)). Undefined for anything else, and where φ bends at 0 and the sum crosses 0 away from 0: numerical duals are for
 * functions that are smooth on each half-line.
 */
export function composed(outer: Activation, terms: readonly Term[]): Factor | undefined {
  const gaussian = terms[0]?.factors[0]?.gaussian;
  const parts: Part[] = [];
  for (const { coefficient, factors, masks } of terms) {
    const [factor] = factors;
    const stretch = factor && gaussian && ratio(factor.gaussian, gaussian);
    if (stretch === undefined || factors.length > 1 || masks.length + coefficient.vectors.length > 0)
      return undefined;
    parts.push({
      weight: coefficient.factor,
      stretch,
      activation: factor!.activation ?? { name: "identity" },
    });
  }
  if (gaussian === undefined) return undefined;
  const inner = sum(parts);
  const activation = compose(inner, outer);
  if ([outer, ...parts.map((part) => part.activation)].every((part) => slopesOf(part))) {
    const { value } = activationFunctions(activation);
    return {
      gaussian,
      activation: { name: "piecewise-linear", negative: -value(-1), positive: value(1) },
    };
  }
  const bends = bendsAtZero(activationFunctions(outer)) && crossesZero(activationFunctions(inner));
  return bends ? undefined : { gaussian, activation };
}

/** β with a = β b, where there is one. */
function ratio(a: Gaussian, b: Gaussian): number | undefined {
  const same = ({ base, coefficient }: Gaussian["parts"][number]): number =>
    b.parts.find((q) => q.base === base && q.coefficient.vectors.join() === coefficient.vectors.join())
      ?.coefficient.factor ?? NaN;
  const [first] = a.parts;
  if (!first || a.parts.length !== b.parts.length) return undefined;
  const beta = first.coefficient.factor / same(first);
  return a.parts.every((p) => p.coefficient.factor === beta * same(p)) ? beta : undefined;
}

/** x ↦ c φ(βx). */
interface Part {
  readonly weight: number;
  readonly stretch: number;
  readonly activation: Activation;
}

function sum(parts: readonly Part[]): Activation {
  const [first] = parts as readonly [Part, ...Part[]];
  if (parts.length === 1 && first.weight === 1 && first.stretch === 1) return first.activation;
  const all = parts.map((part) => ({ ...part, functions: activationFunctions(part.activation) }));
  return {
    name: "custom",
    label: `(${parts.map(({ activation }) => activationName(activation)).join(" + ")})`,
    value: (x) =>
      all.reduce((total, { weight, stretch, functions }) => total + weight * functions.value(stretch * x), 0),
    slope: (x) =>
      all.reduce(
        (total, { weight, stretch, functions }) => total + weight * stretch * functions.slope(stretch * x),
        0,
      ),
  };
}

function bendsAtZero({ value, slope }: Pointwise): boolean {
  const h = 1e-9;
  return Math.abs(value(h) - value(-h)) > 1e-6 || Math.abs(slope(h) - slope(-h)) > 1e-6;
}

/** Whether a function changes its sign on either side of 0, within 20. */
function crossesZero({ value }: Pointwise): boolean {
  return [1, -1].some((side) => {
    const signs = new Set<number>();
    for (let k = 1; k <= 2000; k++) signs.add(Math.sign(value((side * k) / 100)));
    return signs.has(1) && signs.has(-1);
  });
}
