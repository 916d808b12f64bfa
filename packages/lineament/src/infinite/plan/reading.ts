import { activationKey, crossDual, dualOf } from "../../layers/index.ts";
import type { Dual } from "../../layers/index.ts";
import type { Factor, Gaussian, Group, Term } from "./feature.ts";
import type { Link, ReadTerm, Reading, TermPair } from "./plan.ts";
import { refuse } from "./refuse.ts";

/** The image bases that each base is an average of, or itself: different bases with a common one are not independent. */
export type Roots = (base: number) => ReadonlySet<number>;

/**
 * How the expectations of products of the feature's terms are made of duals and means.
 * @throws RangeError where they are not: products that one Gaussian ties together, averages of one image
 */
export function readingOf(groups: readonly Group[], roots: Roots, path: string): Reading {
  const factors: Factor[] = [];
  const number = ({ terms }: Group): readonly ReadTerm[] =>
    terms.map((term) => ({ ...term, factors: term.factors.map((factor) => factors.push(factor) - 1) }));
  const numbered = groups.map((group) => ({ ...group, terms: number(group) }));
  const reading = { factors, duals: factors.map(({ activation }) => activation && dualOf(activation)) };
  return {
    ...reading,
    groups: numbered.map((group) => ({ ...group, pairs: pairsOf(group.terms, reading, roots, path) })),
  };
}

type Numbered = Pick<Reading, "factors" | "duals">;

function pairsOf(
  terms: readonly ReadTerm[],
  reading: Numbered,
  roots: Roots,
  path: string,
): readonly TermPair[] {
  const centered = (factor: number): boolean => reading.factors[factor]!.activation === undefined;
  return terms.flatMap((left, k) =>
    terms.flatMap((right, l) => {
      const links = linksOf(left, right, reading, roots, path);
      const leftMeans = left.factors.filter((factor) => links.every((link) => link.left !== factor));
      const rightMeans = right.factors.filter((factor) => links.every((link) => link.right !== factor));
      if (leftMeans.some(centered) || rightMeans.some(centered)) return [];
      const masks = left.masks.filter(({ id }) => right.masks.some((mask) => mask.id === id));
      return [{ left: k, right: l, links, leftMeans, rightMeans, masks }];
    }),
  );
}

function linksOf(
  left: ReadTerm,
  right: ReadTerm,
  { factors, duals }: Numbered,
  roots: Roots,
  path: string,
): readonly Link[] {
  const links = left.factors.flatMap((l) =>
    right.factors
      .filter((r) => tied(factors[l]!.gaussian, factors[r]!.gaussian, roots, path))
      .map((r) => ({ left: l, right: r, ...dualOfPair(factors[l]!, factors[r]!, duals[l]) })),
  );
  for (const side of ["left", "right"] as const)
    if (new Set(links.map((link) => link[side])).size < links.length)
      refuse(
        path,
        "reads a product together with a sum that both of its factors are correlated with",
        "put a dense layer behind the product, or let the sum stay out of it",
      );
  return links;
}

/** Whether any Gaussian of some terms is correlated with one of others. */
export function tiedTerms(a: readonly Term[], b: readonly Term[], roots: Roots, path: string): boolean {
  const gaussians = (terms: readonly Term[]): readonly Gaussian[] =>
    terms.flatMap(({ factors }) => factors.map(({ gaussian }) => gaussian));
  return gaussians(a).some((p) => gaussians(b).some((q) => tied(p, q, roots, path)));
}

/** Whether two Gaussians have a base in common. */
function tied(a: Gaussian, b: Gaussian, roots: Roots, path: string): boolean {
  for (const { base: p } of a.parts)
    for (const { base: q } of b.parts)
      if (p !== q && [...roots(p)].some((root) => roots(q).has(root)))
        refuse(
          path,
          "joins two different averages of one image, which are correlated",
          "average once and let both branches read it, or put a dense layer behind each average",
        );
  return a.parts.some((p) => b.parts.some((q) => p.base === q.base));
}

function dualOfPair(left: Factor, right: Factor, dual: Dual | undefined): Pick<Link, "dual" | "same"> {
  const identity = { name: "identity" } as const;
  const [phi, psi] = [left.activation ?? identity, right.activation ?? identity];
  return activationKey(phi) === activationKey(psi)
    ? { dual, same: sameGaussian(left.gaussian, right.gaussian) }
    : { dual: crossDual(phi, psi), same: false };
}

function sameGaussian(a: Gaussian, b: Gaussian): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
