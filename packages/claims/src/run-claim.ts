import type { Engine } from "lineament";
import type { Claim, Laboratory, Outcome, Verdict } from "./claim.ts";
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
export interface SeedRun extends Verdict {
  readonly settings: Settings;
  /** The verdict where the statement should stop holding; absent where the claim names no such place. */
  readonly contrast: Verdict | undefined;
  readonly seconds: number;
  readonly predicted: unknown;
  readonly measured: unknown;
  readonly figures: readonly Figure[];
}

/**
 * What became of a claim. Settings, numbers and figures are those of the run that is shown: the first that does not hold, or
 * else the first. Predictions and measurements are plain JSON; numbers in checks may be NaN.
 */
export interface ClaimResult extends SeedRun {
  readonly code: string;
  readonly id: string;
  readonly title: string;
  /** "error" when it threw: nothing is known about the claim then, and `why` is the message. */
  readonly outcome: "holds" | "does not hold" | "error";
  /** Of all runs. */
  readonly seconds: number;
  /** One a seed, as far as they finished. */
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
  if (seeds?.length === 0)
    throw new RangeError("runClaim: seeds is empty; give at least one, or none at all");
  const seeded = hasSetting(claim, "seed");
  const given = seeded && seeds !== undefined ? seeds.map((seed) => ({ ...settings, seed })) : [settings];
  const plans = given.map((one) => parseSettings(claim, one, { full }));
  const stop = signal ?? new AbortController().signal;
  const experiments = plans.length * (claim.contrast === undefined ? 1 : 2);
  let begun = 0;
  const experiment = async (plan: Settings, what: string): Promise<Outcome> => {
    const before = begun++;
    const progress: Laboratory["progress"] = (part, doing = what) =>
      onProgress?.({ fraction: (before + Math.min(1, Math.max(0, part))) / experiments, doing });
    stop.throwIfAborted();
    progress(0);
    return claim.run(plan, { engine, signal: stop, progress });
  };

  const { code, id, title, contrast: control } = claim;
  const runs: SeedRun[] = [];
  const started = performance.now();
  try {
    for (const plan of plans) {
      const start = performance.now();
      const seed = seeded ? { seed: plan["seed"] } : {};
      const outcome = await experiment(plan, seeded ? `seed ${String(plan["seed"])}` : "measuring");
      const contrast =
        control && (await experiment(parseSettings(claim, { ...seed, ...control.settings }), "the contrast"));
      runs.push({
        ...against(outcome.verdict, contrast?.verdict),
        settings: plan,
        contrast: contrast?.verdict,
        seconds: since(start),
        predicted: plain(outcome.predicted),
        measured: plain(outcome.measured),
        figures: outcome.figures,
      });
    }
  } catch (error) {
    stop.throwIfAborted();
    return errorResult(claim, error, { settings: plans[runs.length]!, seconds: since(started), runs });
  }
  const shown = runs.find(({ holds }) => !holds) ?? runs[0]!;
  return {
    ...shown,
    code,
    id,
    title,
    outcome: shown.holds ? "holds" : "does not hold",
    why: told(runs, shown),
    seconds: since(started),
    runs,
  };
}

/** The result of a claim that threw, or whose process ended. */
export function errorResult(
  { code, id, title }: Claim,
  error: unknown,
  { settings, seconds, runs }: Pick<ClaimResult, "settings" | "seconds" | "runs">,
): ClaimResult {
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  return {
    code,
    id,
    title,
    outcome: "error",
    holds: false,
    why: message,
    checks: [],
    contrast: undefined,
    seconds,
    settings,
    predicted: undefined,
    measured: undefined,
    figures: [],
    runs,
    stack,
  };
}

/** A verdict that its contrast has been held against. */
function against({ holds, why, checks }: Verdict, contrast: Verdict | undefined): Verdict {
  if (!holds || !contrast?.holds) return { holds, why, checks };
  return { holds: false, why: `the contrast holds too: ${contrast.why}`, checks };
}

/** One line for all seeds. */
function told(runs: readonly SeedRun[], { why, settings }: SeedRun): string {
  if (runs.length === 1) return why;
  const failed = runs.filter(({ holds }) => !holds).length;
  const count =
    failed === 0
      ? `all ${runs.length} seeds hold`
      : `${failed} of ${runs.length} seeds ${failed === 1 ? "fails" : "fail"}`;
  return `${count}; seed ${String(settings["seed"])}: ${why}`;
}

function since(start: number): number {
  return (performance.now() - start) / 1000;
}
