import { slopesOf } from "../../layers/index.ts";
import type { Activation } from "../../layers/index.ts";
import type { Coefficient } from "../plan/feature.ts";
import type { LinearStep, NormalizeStep, Reading } from "../plan/plan.ts";

// Variances of deep networks leave the range of float64, e.g. 2^−1100 behind 1100 bias-free relu layers. What is stored of a
// process B is B̃ = 2^−e B with an exponent for each base; piecewise linear layers carry exponents through, biases are divided
// by them. Exponents are chosen on one row, the longest: rows may differ in variance by 10^±100 beside it.

/** Variances in this range are stored as they are. */
const comfortable = [1e-100, 1e100] as const;

/** Exponents found so far: of bases, and of the vectors of the rows. */
export interface Exponents {
  readonly bases: number[];
  readonly vectors: number[];
}

/** The numbers of a reading: its coefficients divided by their powers of two. */
export interface ScaledReading {
  /** By factor: the parts of its Gaussian. */
  readonly factors: readonly (readonly ScaledPart[])[];
  /** By group and term. */
  readonly terms: readonly (readonly Coefficient[])[];
  /** e of the feature. */
  readonly exponent: number;
}

export interface ScaledPart {
  readonly base: number;
  readonly coefficient: Coefficient;
}

/** K̃′ = weight K̃_F + bias and Θ̃′ = own K̃_F + ownBias + weight Θ̃_F. */
export interface LinearNumbers {
  readonly weight: number;
  readonly bias: number;
  readonly own: number;
  readonly ownBias: number;
}

/**
 * @param variance - of each base on the row that exponents are chosen on
 * @param floor - the least exponent of the feature: 0 where a number of size 1 is added to it
 */
export function scaleReading(
  { factors, groups }: Reading,
  { bases, vectors }: Exponents,
  variance: (base: number) => number,
  floor: number,
): ScaledReading {
  const exponentOf = (coefficient: Coefficient): number =>
    coefficient.vectors.reduce((sum, vector) => sum + vectors[vector]!, 0);
  const exponents: number[] = [];
  const scaledFactors = factors.map(({ activation, gaussian }) => {
    const degree = degreeOf(activation);
    const parts = gaussian.parts.map((part) => ({
      ...part,
      exponent: bases[part.base]! + exponentOf(part.coefficient),
    }));
    let exponent = 0;
    if (degree !== undefined && parts.length > 0) {
      exponent = Math.max(...parts.map((part) => part.exponent));
      const size = Math.max(
        ...parts.map(({ base, coefficient }) => variance(base) * coefficient.factor ** 2),
      );
      // Powers of it must stay in range as well.
      const most = degree > 1 ? 1e20 : comfortable[1];
      if (size < 1 / most || size > most) exponent += halfLog2(size);
    }
    exponents.push((degree ?? 0) * exponent);
    return parts.map((part) => ({
      base: part.base,
      coefficient: shifted(part.coefficient, part.exponent - exponent),
    }));
  });
  const termExponents = groups.map(({ terms }) =>
    terms.map((term) =>
      term.factors.reduce((sum, factor) => sum + exponents[factor]!, exponentOf(term.coefficient)),
    ),
  );
  const exponent = Math.max(floor, ...termExponents.flat());
  const common = Number.isFinite(exponent) ? exponent : 0;
  return {
    factors: scaledFactors,
    terms: groups.map(({ terms }, g) =>
      terms.map(({ coefficient }, t) => shifted(coefficient, termExponents[g]![t]! - common)),
    ),
    exponent: common,
  };
}

/** How far to shift the exponent of a base with this variance, so that numbers stay in range: 0 for most. */
export function rescaling(variance: number): number {
  return variance === 0 || (variance >= comfortable[0] && variance <= comfortable[1])
    ? 0
    : halfLog2(variance);
}

/** The numbers of one step. ε is that of a normalization, the others those of a dense layer. */
export interface StepNumbers extends LinearNumbers {
  readonly reading: ScaledReading;
  readonly epsilon: number;
}

/**
 * @param shift - the exponent of the base beyond that of the feature
 * @param inputs - the in-width, for standard parameterization
 */
export function linearNumbers(
  step: LinearStep,
  reading: ScaledReading,
  shift: number,
  inputs: number,
): StepNumbers {
  const down = 4 ** -shift;
  const scaledBias = (value: number): number =>
    step.biasVariance === 0 ? 0 : value * 4 ** -(reading.exponent + shift);
  const weight = step.weightVariance * down;
  const bias = scaledBias(step.biasVariance);
  const [own, ownBias] = step.standard
    ? [step.weightRate * inputs * down, scaledBias(step.biasRate)]
    : [step.weightRate * weight, step.biasRate * bias];
  return { reading, weight, bias, own, ownBias, epsilon: 0 };
}

export function normalizeNumbers(step: NormalizeStep, reading: ScaledReading): StepNumbers {
  const epsilon = step.epsilon === 0 ? 0 : step.epsilon * 4 ** -reading.exponent;
  return { reading, weight: 1, bias: 0, own: 0, ownBias: 0, epsilon };
}

/** k with φ(tx) = t^k φ(x) for t > 0. */
export function degreeOf(activation: Activation | undefined): number | undefined {
  if (slopesOf(activation)) return 1;
  switch (activation?.name) {
    case "sign":
      return 0;
    case "monomial":
    case "rectified-monomial":
      return activation.degree;
    default:
      return undefined;
  }
}

function shifted(coefficient: Coefficient, exponent: number): Coefficient {
  return exponent === 0 ? coefficient : { ...coefficient, factor: coefficient.factor * 2 ** exponent };
}

function halfLog2(variance: number): number {
  return variance > 0 && variance < Infinity ? Math.round(Math.log2(variance) / 2) : 0;
}
