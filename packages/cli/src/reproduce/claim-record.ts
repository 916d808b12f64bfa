import { type ClaimResult, plain, type SeedRun } from "@lineament/claims";
import type { ClaimRecord } from "../output/documents.ts";

/** A result as `reproduce --json` prints it. */
export function claimRecord(
  result: ClaimResult,
  files: (figure: string) => { readonly svg?: string; readonly png?: string } = () => ({}),
): ClaimRecord {
  const { code, id, title, outcome, figures, runs, stack } = result;
  return plain({
    code,
    id,
    title,
    outcome,
    ...run(result),
    figures: figures.map((figure) => ({ ...figure, ...files(figure.name) })),
    runs: runs.length > 1 ? runs.map(run) : undefined,
    stack,
  }) as ClaimRecord;
}

function run({ holds, why, seconds, settings, predicted, measured, checks, contrast }: SeedRun) {
  return { holds, why, seconds, settings, predicted, measured, checks, contrast };
}
