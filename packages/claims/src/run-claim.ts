import type { Engine } from "lineament";
import type { Check, Claim, Laboratory, Outcome, Verdict } from "./claim.ts";
import type { Figure } from "./figure.ts";
import { plain } from "./plain.ts";
import { hasSetting, parseSettings, type Settings } from "./settings.ts";

/** How far a run of a claim is. */
export interface ClaimProgress {
  /** In [0, 1], over all seeds and contrasts. */
  readonly fraction: number;
  readonly doing: string;
}

export interface RunOptions {
  readonly engine: Engine;
  /** What differs from the defaults of the schema. */
  readonly settings?: Settings | undefined;
  /** Whether the settings of the full run take the place of the quick ones. */
  readonly full?: boolean | undefined;
  /** Each is one run. Default: one run with the seed among the settings. Claims without chance run once. */
  readonly seeds?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ClaimProgress) => void) | undefined;
}

/** What a claim says with one seed. */
export interface SeedRun {
  /** Absent where a claim has no chance in it. */
  readonly seed: number | undefined;
  readonly holds: boolean;
  readonly why: string;
  readonly checks: readonly Check[];
  /** The verdict where the statement should stop holding; absent where the claim names no such place. */
  readonly contrast: Verdict | undefined;
  readonly seconds: number;
  readonly predicted: unknown;
  readonly measured: unknown;
}

/** What became of a claim. Plain JSON but for numbers in checks, which may be NaN. */
export interface ClaimResult {
  readonly code: string;
  readonly id: string;
  readonly title: string;
  /** "error" when it threw: then nothing is known about the claim. */
  readonly outcome: "holds" | "does not hold" | "error";
  readonly holds: boolean;
  /** The numbers that decided it, or the message of the error. */
  readonly why: string;
  readonly seconds: number;
  /** Of the run that is shown: the first that does not hold, or else the first. */
  readonly settings: Settings;
  readonly predicted: unknown;
  readonly measured: unknown;
  readonly figures: readonly Figure[];
  readonly checks: readonly Check[];
  readonly contrast: Verdict | undefined;
  readonly runs: readonly SeedRun[];
  /** Where it threw. */
  readonly stack?: string | undefined;
}

/**
 * Runs a claim and its contrast with each seed. The claim holds when all verdicts hold and no contrast does. Contrasts run at
 * quick settings, whatever those of the claim are: they show that the verdict can fail.
 *
 * @throws InputError for wrong settings, before anything runs; the reason of `signal` when it is aborted. What a claim throws is
 * an outcome.
 */
export async function runClaim(
  claim: Claim,
  { engine, settings = {}, full = false, seeds, signal, onProgress }: RunOptions,
): Promise<ClaimResult> {
  const chance = hasSetting(claim, "seed");
  const chosen = chance && seeds !== undefined ? seeds.map((seed) => ({ seed })) : [{}];
  const plans = chosen.map((seed) => parseSettings(claim, { ...settings, ...seed }, { full }));
  const stop = signal ?? new AbortController().signal;
  const total = plans.length * (claim.contrast === undefined ? 1 : 2);
  let done = 0;
  const measured = (run: Settings, doing: string): Promise<Outcome> => {
    const before = done++;
    const laboratory: Laboratory = {
      engine,
      signal: stop,
      progress: (fraction, what = doing) =>
        onProgress?.({ fraction: (before + Math.min(1, Math.max(0, fraction))) / total, doing: what }),
    };
    stop.throwIfAborted();
    laboratory.progress(0);
    return claim.run(run, laboratory);
  };

  const started = performance.now();
  const { code, id, title } = claim;
  const finished: {
    readonly run: SeedRun;
    readonly figures: readonly Figure[];
    readonly settings: Settings;
  }[] = [];
  try {
    for (const plan of plans) {
      const begun = performance.now();
      const seed = chance ? (plan["seed"] as number) : undefined;
      const outcome = await measured(plan, seed === undefined ? "measuring" : `measuring, seed ${seed}`);
      const contrast =
        claim.contrast === undefined
          ? undefined
          : (await measured(contrastSettings(claim, claim.contrast.settings, seed), "checking the contrast"))
              .verdict;
      finished.push({
        run: {
          seed,
          ...judged(outcome.verdict, contrast),
          contrast,
          seconds: since(begun),
          ...numbers(outcome),
        },
        figures: outcome.figures,
        settings: plan,
      });
    }
  } catch (error) {
    stop.throwIfAborted();
    const settings = plans[finished.length]!;
    return {
      ...{
        code,
        id,
        title,
        outcome: "error",
        holds: false,
        why: messageOf(error),
        seconds: since(started),
        settings,
      },
      ...{ predicted: null, measured: null, figures: [], checks: [], contrast: undefined },
      runs: finished.map(({ run }) => run),
      stack: error instanceof Error ? error.stack : undefined,
    };
  }
  const shown = finished.find(({ run }) => !run.holds) ?? finished[0]!;
  const { predicted, measured: found, checks, contrast, holds } = shown.run;
  return {
    ...{
      code,
      id,
      title,
      outcome: holds ? "holds" : "does not hold",
      holds,
      why: told(finished.map(({ run }) => run)),
    },
    ...{
      seconds: since(started),
      settings: shown.settings,
      predicted,
      measured: found,
      figures: shown.figures,
    },
    ...{ checks, contrast, runs: finished.map(({ run }) => run) },
  };
}

/** The settings where the statement should stop holding. */
function contrastSettings(claim: Claim, settings: Settings, seed: number | undefined): Settings {
  return parseSettings(claim, { ...(seed === undefined ? {} : { seed }), ...settings });
}

/** A verdict that its contrast has been held against. */
function judged({ holds, why, checks }: Verdict, contrast: Verdict | undefined): Verdict {
  if (!holds || !contrast?.holds) return { holds, why, checks };
  return { holds: false, why: `the contrast holds too: ${contrast.why}`, checks };
}

/** One line for all seeds. */
function told(runs: readonly SeedRun[]): string {
  const failed = runs.filter(({ holds }) => !holds);
  const first = failed[0] ?? runs[0]!;
  if (runs.length === 1) return first.why;
  const count =
    failed.length === 0 ? `all ${runs.length} seeds` : `${failed.length} of ${runs.length} seeds fail`;
  return `${count}; seed ${first.seed}: ${first.why}`;
}

function numbers({ predicted, measured }: Outcome): Pick<SeedRun, "predicted" | "measured"> {
  return { predicted: plain(predicted) ?? null, measured: plain(measured) ?? null };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function since(start: number): number {
  return (performance.now() - start) / 1000;
}
