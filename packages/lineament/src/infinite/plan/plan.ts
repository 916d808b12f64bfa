import type { CrossDual, Dual, Slopes, Window } from "../../layers/index.ts";
import type { Factor, Group, Mask, Term } from "./feature.ts";

/** How to evaluate a network on pairs of inputs: steps in order, each makes a base process or two vectors of the rows. */
export interface Plan {
  readonly steps: readonly (LinearStep | NormalizeStep)[];
  readonly bases: readonly Base[];
  /** By step: the bases that it is the last one to read. */
  readonly released: readonly (readonly number[])[];
  /** The base that the network ends with. */
  readonly output: number;
  /** With convolutions: rows are images. */
  readonly image: boolean;
  /** Covariances of different pixels are needed (global average pooling), not only those of a pixel with itself. */
  readonly pixelPairs: boolean;
}

export interface Base {
  readonly path: string;
  readonly place: "rows" | "pixels";
  /** Pairs of different rows carry the gap 1 − c/√(ab) instead of c: nothing is lost near equal directions. */
  readonly gap: boolean;
}

/**
 * B = σ_w (weights) F + σ_b (biases): K = σ_w² K_F + σ_b², Θ = own K_F + σ_w² Θ_F + …, see `scales.ts` for the numbers.
 * Averages over pixels and results that no dense layer makes are such steps too, with weight 1 and nothing trained.
 */
export interface LinearStep {
  readonly kind: "linear";
  readonly path: string;
  readonly base: number;
  readonly from: Reading;
  readonly weightVariance: number;
  readonly biasVariance: number;
  /** ρ_w and ρ_b of NTK parameterization. */
  readonly weightRate: number;
  readonly biasRate: number;
  /** Standard parameterization: the rates are per weight, and multiplied by the in-width and 1/σ_w², by 1/σ_b². */
  readonly standard: boolean;
  readonly window?: Window | undefined;
  /** For each group the slopes of a piecewise linear activation (identity: 1 and 1), if the gap is carried through all. */
  readonly slopes?: readonly Slopes[] | undefined;
}

/** v_deviation = 1/√(var F + ε) and v_mean = −E F, over the channels. */
export interface NormalizeStep {
  readonly kind: "normalize";
  readonly path: string;
  readonly from: Reading;
  readonly epsilon: number;
  readonly deviation: number;
  readonly mean?: number | undefined;
}

/** A feature as a step reads it: its factors numbered, its terms paired. */
export interface Reading {
  readonly factors: readonly Factor[];
  /** Of each factor; undefined for identities. */
  readonly duals: readonly (Dual | undefined)[];
  readonly groups: readonly ReadGroup[];
}

export interface ReadGroup extends Omit<Group, "terms"> {
  readonly terms: readonly ReadTerm[];
  readonly pairs: readonly TermPair[];
}

export interface ReadTerm extends Omit<Term, "factors"> {
  /** Their numbers. */
  readonly factors: readonly number[];
}

/**
 * E[F_k(x) F_l(z)] of two terms: factors that share a base are linked one to one, the others give their means. Links and means
 * are independent, so that the expectation is a product.
 */
export interface TermPair {
  readonly left: number;
  readonly right: number;
  readonly links: readonly Link[];
  readonly leftMeans: readonly number[];
  readonly rightMeans: readonly number[];
  /** Dropouts that both terms went through: for a row and itself each divides by its keep rate. */
  readonly masks: readonly Mask[];
}

export interface Link {
  /** Numbers of factors. */
  readonly left: number;
  readonly right: number;
  /** E[φ(u) ψ(v)] and E[φ′(u) ψ′(v)]; undefined when both are identities. */
  readonly dual: CrossDual | undefined;
  /** Both factors are the same: the diagonal has its own formulas. */
  readonly same: boolean;
}
