import type { Activation } from "../../layers/index.ts";

// What one channel of an infinitely wide network is, as a function of its input x. Every dense or
// convolutional layer makes a fresh Gaussian process B_p, the same for all its channels and independent of the others; all
// layers in between are sums of products of functions of these.

/** A number that may depend on the input: factor · Π_r v_r(x), where the vectors v_r are found with the rows. */
export interface Coefficient {
  readonly factor: number;
  readonly vectors: readonly number[];
}

/** G = Σ_p α_p B_p. Without parts: 0. */
export interface Gaussian {
  readonly parts: readonly { readonly base: number; readonly coefficient: Coefficient }[];
}

/** φ(G); G itself without an activation. */
export interface Factor {
  readonly activation: Activation | undefined;
  readonly gaussian: Gaussian;
}

/** A dropout that acts on a term. */
export interface Mask {
  readonly id: number;
  readonly keep: number;
  /** Drawn for each pixel, not for the whole row. */
  readonly eachPixel: boolean;
}

/** c(x) · Π_k φ_k(G_k) with independent factors; without factors: c(x). */
export interface Term {
  readonly coefficient: Coefficient;
  readonly factors: readonly Factor[];
  readonly masks: readonly Mask[];
}

/**
 * One process per example (`rows`), one for each pixel (`pixels`), the latter side by side (`flattened`) or averaged over the
 * pixels (`pooled`).
 */
export type Place = "rows" | "pixels" | "flattened" | "pooled";

/** Channels of one kind: Σ terms. Several kinds stand side by side behind a concatenation. */
export interface Group {
  /** Of all channels; the shares of a feature sum to 1. */
  readonly share: number;
  readonly terms: readonly Term[];
  readonly place: Place;
  /** Channels, "input" for those of x, undefined if nobody said. */
  readonly width: number | "input" | undefined;
}

/** What flows between two layers. */
export interface Feature {
  readonly groups: readonly Group[];
  /** The layer that made it, for messages. */
  readonly path: string;
}

/** Base 0 is the input itself. */
export const INPUT = 0;

export const one: Coefficient = { factor: 1, vectors: [] };

export function times(a: Coefficient, b: Coefficient): Coefficient {
  return { factor: a.factor * b.factor, vectors: [...a.vectors, ...b.vectors].sort((p, q) => p - q) };
}

/** A term that is G itself. */
export function linear(gaussian: Gaussian): Term {
  return { coefficient: one, factors: [{ activation: undefined, gaussian }], masks: [] };
}

/** The Gaussian of a term that is one, undropped. */
export function gaussianOf({ coefficient, factors, masks }: Term): Gaussian | undefined {
  const [factor] = factors;
  if (factors.length !== 1 || factor!.activation !== undefined || masks.length > 0) return undefined;
  return multiplied(factor!.gaussian, coefficient);
}

/** The Gaussian that a group is, 0 included; undefined for anything else. */
export function onlyGaussian({ terms }: Pick<Group, "terms">): Gaussian | undefined {
  if (terms.length === 0) return { parts: [] };
  return terms.length === 1 ? gaussianOf(terms[0]!) : undefined;
}

function multiplied({ parts }: Gaussian, by: Coefficient): Gaussian {
  return { parts: parts.map(({ base, coefficient }) => ({ base, coefficient: times(coefficient, by) })) };
}

/** Σ of terms: Gaussians become one, parts of one base with the same vectors are added up, zeros are left out. */
export function collected(terms: readonly Term[]): readonly Term[] {
  const parts = new Map<string, Gaussian["parts"][number]>();
  const others: Term[] = [];
  for (const term of terms) {
    if (term.coefficient.factor === 0) continue;
    const gaussian = gaussianOf(term);
    if (!gaussian) others.push(term);
    for (const { base, coefficient } of gaussian?.parts ?? []) {
      const key = `${base}:${coefficient.vectors.join()}`;
      const factor = coefficient.factor + (parts.get(key)?.coefficient.factor ?? 0);
      parts.set(key, { base, coefficient: { ...coefficient, factor } });
    }
  }
  const kept = [...parts.values()].filter(({ coefficient }) => coefficient.factor !== 0);
  return kept.length > 0 ? [linear({ parts: kept }), ...others] : others;
}

/** Every term of a group changed. */
export function mapTerms(group: Group, change: (term: Term) => Term): Group {
  return { ...group, terms: collected(group.terms.map(change)) };
}

export function scaled(group: Group, by: Coefficient): Group {
  return mapTerms(group, (term) => ({ ...term, coefficient: times(term.coefficient, by) }));
}

/** All bases of some terms. */
export function basesOf(terms: readonly Term[]): Set<number> {
  return new Set(
    terms.flatMap(({ factors }) => factors.flatMap(({ gaussian }) => gaussian.parts.map(({ base }) => base))),
  );
}
