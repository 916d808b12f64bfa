import type { Kernel } from "../../kernels/index.ts";
import { VIEW_KINDS, type ViewKind } from "../view.ts";
import type { MachineSetup } from "./evaluation.ts";

/** One way to set up a feature machine: what the automatic search chooses among. */
export interface Candidate {
  readonly view: ViewKind;
  /** Add the mean target of each category as a coordinate beside its one-hot. */
  readonly targetMeans: boolean;
  /** Distance ‖Δ‖_p: 2 rotation invariant, 1 coordinate-wise (product kernel at q = 1). */
  readonly p: 1 | 2;
  /** Exponent of exp(−(r/L)^q). */
  readonly q: number;
  readonly form: "full" | "diagonal";
  readonly power: number;
  /** L in units of the median distance, measured again in every round. */
  readonly bandwidth: number;
  /** Fit the logarithm of the target. */
  readonly logarithm: boolean;
}

/** Exponents that are tried for each p. */
const EXPONENTS: Readonly<Record<1 | 2, readonly number[]>> = { 1: [0.7, 1], 2: [0.7, 1, 1.4, 1.7, 2] };

const usual: Candidate = {
  view: "standardized",
  targetMeans: false,
  p: 2,
  q: 1,
  form: "full",
  power: 0.5,
  bandwidth: 2,
  logarithm: false,
};

/** Rotation-invariant candidates that open the search. */
const rotationInvariant: readonly Candidate[] = [
  usual,
  { ...usual, view: "normal-scores" },
  { ...usual, view: "both" },
  { ...usual, view: "soft-clipped" },
  { ...usual, q: 1.4 },
  { ...usual, view: "normal-scores", q: 1.4 },
  { ...usual, form: "diagonal" },
  { ...usual, q: 0.7 },
  { ...usual, q: 1.7, bandwidth: 1 },
];

/** Candidates for columns of one unit. */
const commonScale: readonly Candidate[] = [
  { ...usual, view: "common-scale" },
  { ...usual, view: "common-scale", q: 1.7, bandwidth: 1 },
  { ...usual, view: "common-scale", q: 1.4, power: 0.25 },
];

/** Coordinate-wise candidates, which cost d times as much a pair and so are left out of wide tables. */
const coordinateWise: readonly Candidate[] = [
  { ...usual, p: 1, form: "diagonal" },
  { ...usual, p: 1, form: "diagonal", view: "normal-scores" },
  { ...usual, p: 1, form: "diagonal", bandwidth: 0.7 },
  { ...usual, p: 1, form: "diagonal", view: "normal-scores", bandwidth: 0.7 },
  { ...usual, p: 1, power: 0.25 },
  { ...usual, p: 1, view: "normal-scores" },
  { ...usual, p: 1, view: "both" },
  { ...usual, p: 1, form: "diagonal", view: "normal-scores", q: 0.7 },
];

/** What a search has to know of the table. */
export interface TableShape {
  /** So many coordinates that coordinate-wise kernels would take too long. */
  readonly wide: boolean;
  /** There are categories with more than two levels. */
  readonly categories: boolean;
  /** The continuous columns may share one unit. */
  readonly oneUnit: boolean;
}

/** The candidates that every search starts from. */
export function openingCandidates({ wide, categories, oneUnit }: TableShape): readonly Candidate[] {
  const all = [...rotationInvariant, ...(oneUnit ? commonScale : []), ...(wide ? [] : coordinateWise)];
  if (!categories) return all;
  const withMeans: Candidate[] = [{ ...usual, targetMeans: true }];
  if (!wide)
    withMeans.push(
      { ...usual, targetMeans: true, p: 1, form: "diagonal" },
      { ...usual, targetMeans: true, p: 1 },
    );
  return [...all, ...withMeans];
}

/** The neighbors of a candidate: one choice changed at a time. */
export function neighbors(candidate: Candidate, { wide, categories, oneUnit }: TableShape): Candidate[] {
  const exponents = EXPONENTS[candidate.p];
  const at = exponents.indexOf(candidate.q);
  return [
    { ...candidate, bandwidth: candidate.bandwidth / 2 },
    { ...candidate, bandwidth: candidate.bandwidth * 2 },
    ...[at - 1, at + 1]
      .filter((i) => i >= 0 && i < exponents.length)
      .map((i) => ({ ...candidate, q: exponents[i]! })),
    { ...candidate, power: candidate.power === 0.5 ? 0.25 : 0.5 },
    { ...candidate, form: candidate.form === "full" ? ("diagonal" as const) : ("full" as const) },
    ...(categories ? [{ ...candidate, targetMeans: !candidate.targetMeans }] : []),
    ...VIEW_KINDS.filter((view) => view !== candidate.view && (oneUnit || view !== "common-scale")).map(
      (view) => ({ ...candidate, view }),
    ),
    ...(!wide && candidate.q <= 1
      ? [{ ...candidate, p: candidate.p === 1 ? (2 as const) : (1 as const) }]
      : []),
  ];
}

/** Equal candidates have equal keys. */
export function candidateKey(candidate: Candidate): string {
  const { view, targetMeans, p, q, form, power, bandwidth, logarithm } = candidate;
  return JSON.stringify([view, targetMeans, p, q, form, power, bandwidth, logarithm]);
}

/** A short description for people. */
export function candidateName({
  view,
  targetMeans,
  p,
  q,
  form,
  power,
  bandwidth,
  logarithm,
}: Candidate): string {
  const kernel =
    p === 1
      ? q === 1
        ? "product Laplace"
        : `l1 exponential q=${q}`
      : q === 2
        ? "Gaussian"
        : q === 1
          ? "Laplace"
          : `Laplace q=${q}`;
  return [
    `${kernel}, bandwidth ${bandwidth} × median`,
    `${form} metric, power ${power}`,
    `${view} inputs${targetMeans ? " with target means" : ""}`,
    ...(logarithm ? ["log target"] : []),
  ].join("; ");
}

/** The machine that a candidate stands for. */
export function candidateSetup(
  { view, targetMeans, logarithm, p, q, bandwidth, form, power }: Candidate,
  agopRows: number,
): MachineSetup {
  const kernel: Kernel =
    p === 2 ? { family: "laplace", bandwidth, exponent: q } : { family: "lpq", bandwidth, exponent: q, p };
  return {
    view,
    targetMeans,
    logarithm,
    settings: { kernel, bandwidth: "adaptive", form, power, shrinkage: 0, agopRows, precision: "float32" },
  };
}
