import type { Engine } from "lineament";
import type { z } from "zod";
import type { Figure } from "./figure.ts";

/** Parts of the theory, as in the names of claims: `linearized/kernel-concentration`. */
export type Area = "linearized" | "linear" | "features" | "wide" | "interpolation";

/** What a measurement may use besides its settings. */
export interface Laboratory {
  readonly engine: Engine;
  readonly signal: AbortSignal;
  /** Says how far the measurement is: a fraction in [0, 1], and optionally what is being done. */
  readonly progress: (fraction: number, doing?: string) => void;
}

/** One number that a verdict rests on. */
export interface Check {
  /** What was compared, in words and units: "slope of ln Δ against ln N (ReLU, n=100, d=20)". */
  readonly name: string;
  readonly measured: number;
  /** What theory says, where it says a number. */
  readonly predicted?: number | undefined;
  /** The condition in words: "in [−0.60, −0.43]". */
  readonly condition: string;
  readonly holds: boolean;
}

/** Who is right. `holds` is true only when every check holds. */
export interface Verdict {
  readonly holds: boolean;
  /** One line with the numbers that decided it; when it does not hold, the first failing checks. */
  readonly why: string;
  readonly checks: readonly Check[];
}

/** How much the source knows: proved there, seen by the authors of the specification, or reported by others. */
export type Status = "proved" | "checked" | "reported" | "unverified";

/** What a claim is made of. `S` is the schema of its settings, whose defaults are the quick ones. */
export interface ClaimDefinition<S extends z.ZodObject, P, M> {
  /** LZ-06. */
  readonly code: string;
  /** Area, a slash, and a readable name in kebab-case: linearized/kernel-concentration. */
  readonly id: `${Area}/${string}`;
  readonly title: string;
  /** What is claimed, in prose with TeX between dollar signs. */
  readonly statement: string;
  /** Lecture, paper, equation. */
  readonly source: string;
  readonly status: Status;
  /** Seconds on one core at quick settings, rounded up. */
  readonly seconds: number;
  /** Every setting has a default (the quick one), a range and a description with its unit. `seed` is one of them where chance plays. */
  readonly settings: S;
  /** What changes for the full run; absent when there is no fuller one. */
  readonly full?: Partial<z.input<S>>;
  /** What theory says. Imports formulas from `predictions/` only, never what is measured. */
  predict(settings: z.output<S>): P | Promise<P>;
  /** What happens. Never imports `predictions/`. */
  measure(settings: z.output<S>, laboratory: Laboratory): Promise<M>;
  judge(predicted: P, measured: M, settings: z.output<S>): Verdict;
  /** At least one, unless the text says that there is nothing to see. */
  figures(predicted: P, measured: M, settings: z.output<S>): readonly Figure[];
  /** Where the statement stops holding: with these settings the verdict must be that it does not. */
  readonly contrast?: {
    readonly statement: string;
    readonly settings: Partial<z.input<S>>;
  };
}

/** A claim as everybody but its author sees it: the types of its prediction and measurement are its own business. */
export interface Claim {
  readonly code: string;
  readonly id: string;
  readonly area: Area;
  readonly title: string;
  readonly statement: string;
  readonly source: string;
  readonly status: Status;
  readonly seconds: number;
  readonly settings: z.ZodObject;
  readonly full: Readonly<Record<string, unknown>> | undefined;
  readonly contrast:
    | { readonly statement: string; readonly settings: Readonly<Record<string, unknown>> }
    | undefined;
  /** Predicts, measures, judges and draws. Settings must have been parsed by `settings`. */
  run(settings: Readonly<Record<string, unknown>>, laboratory: Laboratory): Promise<Outcome>;
}

/** One run of a claim. Predictions and measurements are plain JSON. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly predicted: unknown;
  readonly measured: unknown;
  readonly figures: readonly Figure[];
}

/** Makes a claim of its definition. */
export function claim<S extends z.ZodObject, P, M>(definition: ClaimDefinition<S, P, M>): Claim {
  const { code, id, title, statement, source, status, seconds, settings, full, contrast } = definition;
  return {
    code,
    id,
    area: id.slice(0, id.indexOf("/")) as Area,
    title,
    statement,
    source,
    status,
    seconds,
    settings,
    full,
    contrast,
    async run(given, laboratory) {
      const parsed = given as z.output<S>;
      const predicted = await definition.predict(parsed);
      const measured = await definition.measure(parsed, laboratory);
      return {
        verdict: definition.judge(predicted, measured, parsed),
        predicted,
        measured,
        figures: definition.figures(predicted, measured, parsed),
      };
    },
  };
}

/** The verdict of checks that must all hold. */
export function verdict(checks: readonly Check[]): Verdict {
  const failed = checks.filter((check) => !check.holds);
  const told = (failed.length > 0 ? failed : checks).slice(0, 3).map(sentence).join("; ");
  const more = Math.max(0, (failed.length > 0 ? failed : checks).length - 3);
  return {
    holds: checks.length > 0 && failed.length === 0,
    why: more > 0 ? `${told}; and ${more} more` : told,
    checks,
  };
}

function sentence({ name, measured, predicted, condition }: Check): string {
  const against = predicted === undefined ? "" : ` (predicted ${short(predicted)})`;
  return `${name}: ${short(measured)}${against}, ${condition}`;
}

function short(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value);
}

/** A check that a number lies in [low, high]; NaN never does. */
export function within(name: string, measured: number, low: number, high: number, predicted?: number): Check {
  return {
    name,
    measured,
    predicted,
    condition: `in [${short(low)}, ${short(high)}]`,
    holds: measured >= low && measured <= high,
  };
}

/** A check that a number is at most `limit`. */
export function atMost(name: string, measured: number, limit: number, predicted?: number): Check {
  return { name, measured, predicted, condition: `at most ${short(limit)}`, holds: measured <= limit };
}

/** A check that a number is at least `limit`. */
export function atLeast(name: string, measured: number, limit: number, predicted?: number): Check {
  return { name, measured, predicted, condition: `at least ${short(limit)}`, holds: measured >= limit };
}
