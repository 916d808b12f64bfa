import type { Plan } from "../plan/plan.ts";
import type { Geometry } from "./geometry.ts";
import type { StepNumbers } from "./scales.ts";

/** A plan with its numbers. */
export interface Prepared {
  readonly plan: Plan;
  readonly geometry: Geometry;
  readonly steps: readonly StepNumbers[];
  /** The output is 2^exponent times what is stored, its kernels 4^exponent. */
  readonly exponent: number;
  /** What is stored of K(x, x) and Θ(x, x) for the row that exponents were chosen on. */
  readonly longest: { readonly nngp: number; readonly ntk: number };
}
