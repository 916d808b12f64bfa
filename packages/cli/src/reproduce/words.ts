import type { Claim, ClaimResult, Settings } from "@lineament/claims";
import { countOf, formatSeconds } from "../report/numbers.ts";

/** How outcomes are told. */
export const outcomes = {
  holds: { mark: "✓", words: "holds", sentence: "The claim holds." },
  "does not hold": { mark: "✗", words: "does not hold", sentence: "The claim does not hold." },
  error: { mark: "!", words: "error", sentence: "The claim could not be judged." },
} as const satisfies Record<ClaimResult["outcome"], unknown>;

export function mark(holds: boolean): string {
  return holds ? "✓" : "✗";
}

/** "24 of 25 claims hold, 1 does not, in 2 min 5 s of work." */
export function summary(results: readonly ClaimResult[]): string {
  const count = (outcome: ClaimResult["outcome"]): number =>
    results.filter((result) => result.outcome === outcome).length;
  const [held, failed, errors] = [count("holds"), count("does not hold"), count("error")];
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  const parts = [
    `${held} of ${countOf(results.length, "claim")} ${held === 1 ? "holds" : "hold"}`,
    ...(failed > 0 ? [`${failed} ${failed === 1 ? "does" : "do"} not`] : []),
    ...(errors > 0 ? [countOf(errors, "error")] : []),
  ];
  return `${parts.join(", ")}; ${formatSeconds(seconds)} of work.`;
}

/** A value of a setting as `--set` takes it. */
export function valueText(value: unknown): string {
  if (Array.isArray(value) && value.every((entry) => typeof entry !== "object")) return value.join(",");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The command that runs a claim again. */
export function commandOf(
  { code }: Claim,
  {
    full,
    settings,
    seeds,
  }: { readonly full: boolean; readonly settings: Settings; readonly seeds: readonly number[] | undefined },
): string {
  const set = Object.entries(settings).map(
    ([name, value]) => ` --set ${shellWord(`${name}=${valueText(value)}`)}`,
  );
  return `lineament reproduce ${code}${full ? " --full" : ""}${set.join("")}${seeds === undefined ? "" : ` --seeds ${seeds.join(",")}`}`;
}

function shellWord(text: string): string {
  return /^[\w=.,+:@%/-]+$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
