import type { FitRecord } from "./fit-record.ts";

/** The parts of a fit that ended early. */
export type CutShort = readonly NonNullable<FitRecord["cutShort"]>[number][];

const WORDS: Readonly<Record<CutShort[number], string>> = {
  search: "fewer candidates were compared than planned",
  fit: "the chosen machines were fitted with fewer rows, machines or updates than planned",
  baselines: "baselines were left out",
  importances: "importances have no noise floor",
};

/** What ended early, in a sentence for people. */
export function cutShortSentence(parts: CutShort): string {
  return `the fit was cut short: ${parts.map((part) => WORDS[part]).join("; ")}`;
}
