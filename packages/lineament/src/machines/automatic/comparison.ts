import type { Crew } from "../crew/crew.ts";
import type { CandidateWork } from "../crew/work.ts";
import { type EarlyEnd, unlessEnough } from "../unless-enough.ts";
import { type Candidate, candidateName, candidateSetup } from "./candidate.ts";
import { type Evaluated, type RidgeRule, validationTruth, type ValidationTruth } from "./evaluation.ts";

/** A candidate after some rounds, judged on the rows of a comparison. */
export interface Judged extends Evaluated {
  readonly candidate: Candidate;
}

/** A candidate that enters a comparison. */
export interface Entrant {
  readonly candidate: Candidate;
  /** Most metric updates. */
  readonly rounds: number;
  readonly ridges: RidgeRule;
}

/** Candidates that are judged on the same rows. */
export interface Comparison extends ValidationTruth {
  /** All rounds of all candidates, these in the order in which they entered. */
  readonly judged: readonly Judged[];
  /** Candidates so far. */
  readonly done: number;
  /** Judges candidates, side by side where the crew has threads. */
  judge(entrants: readonly Entrant[]): Promise<void>;
}

export interface ComparisonOptions extends EarlyEnd {
  /** Rows that gradients are averaged over. */
  readonly agopRows: number;
  /** One candidate is judged even when it is enough. Default true. */
  readonly needed?: boolean | undefined;
  /** Told, after each candidate, how many there are so far and the least loss. */
  readonly onJudged?: ((done: number, loss: number) => void) | undefined;
}

/** A comparison without candidates yet. When it is enough, those that are not judged yet are left out. */
export function openComparison(
  crew: Crew,
  work: CandidateWork,
  { agopRows, needed = true, signal, enough, onJudged }: ComparisonOptions,
): Comparison {
  const judged: Judged[] = [];
  let done = 0;
  let least = Infinity;
  const satisfied = (): boolean => (enough?.aborted ?? false) && (!needed || least < Infinity);

  const judgeTogether = async (entrants: readonly Entrant[]): Promise<void> => {
    const jobs = entrants.map(({ candidate, rounds, ridges }) => ({
      address: candidateName(candidate),
      setup: candidateSetup(candidate, agopRows),
      rounds,
      ridges,
    }));
    const results: (readonly Evaluated[])[] = [];
    const rest = new AbortController();
    const leaveOutRest = (): void => {
      if (satisfied()) rest.abort();
    };
    const keep = (rounds: readonly Evaluated[], at: number): void => {
      results[at] = rounds;
      least = rounds.reduce((a, { loss }) => Math.min(a, loss), least);
      onJudged?.(++done, least);
      leaveOutRest();
    };
    leaveOutRest();
    enough?.addEventListener("abort", leaveOutRest);
    try {
      await unlessEnough((stop) => crew.run(work, jobs, keep, { signal: stop, enough }), {
        signal,
        enough: rest.signal,
      });
    } finally {
      enough?.removeEventListener("abort", leaveOutRest);
    }
    results.forEach((rounds, at) =>
      judged.push(...rounds.map((round) => ({ ...round, candidate: entrants[at]!.candidate }))),
    );
  };

  return {
    ...validationTruth(work.problem, work.folds),
    judged,
    get done() {
      return done;
    },
    async judge(entrants) {
      if (!enough?.aborted) return judgeTogether(entrants);
      // Without time one after the other until there is one: which one it is must not depend on threads.
      for (const entrant of entrants) if (!satisfied()) await judgeTogether([entrant]);
    },
  };
}
