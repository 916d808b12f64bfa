import { type Content, markup, type Markup } from "./markup.ts";
import { countOf, fixed, formatNumber, formatScores, formatShare, listed, scoreWords } from "./numbers.ts";
import type { ReportData, RowSet, ScoreName, Scores, ScoreSet } from "./report-data.ts";
import { shorten } from "./labels.ts";
import { leadingScores } from "./figures/score-bars.ts";

/** The scores that the page leads with, and where they are from. */
export function leadingSet({
  scores,
}: ReportData): { readonly set: ScoreSet; readonly on: RowSet } | undefined {
  if (scores.test) return { set: scores.test, on: "test" };
  return scores.validation ? { set: scores.validation, on: "validation" } : undefined;
}

/** "test rows", in a sentence. */
export function rowsOf(on: RowSet): string {
  return on === "train" ? "training rows" : `${on} rows`;
}

export function targetName({ target }: ReportData): string {
  return shorten(typeof target === "string" ? target : listed(target), 60);
}

/** The best baseline by the leading score, if any has it. */
export function bestBaseline(set: ScoreSet): ScoreSet["baselines"][number] | undefined {
  const [first] = leadingScores(set);
  if (first === undefined) return undefined;
  const sign = scoreWords[first].better === "higher" ? 1 : -1;
  return set.baselines
    .filter(({ scores }) => Number.isFinite(scores[first]))
    .reduce<ScoreSet["baselines"][number] | undefined>(
      (best, baseline) =>
        best === undefined || sign * baseline.scores[first]! > sign * best.scores[first]! ? baseline : best,
      undefined,
    );
}

/** What was learned, how good it is beside baselines, what matters: two or three sentences. */
export function summarySentences(data: ReportData): Markup {
  const sentences = [quality(data), besideBaselines(data), whatMatters(data)].filter(
    (sentence) => sentence !== undefined,
  );
  return markup`${sentences.map((sentence, i) => (i === 0 ? sentence : markup` ${sentence}`))}`;
}

function quality(data: ReportData): Markup | undefined {
  const leading = leadingSet(data);
  if (leading === undefined) return undefined;
  const { set, on } = leading;
  const { r2, mae, accuracy, logLoss } = set.model;
  const where =
    on === "test"
      ? markup`On ${countOf(set.rows, "test row")} that it never saw`
      : markup`On ${countOf(set.rows, "validation row")}, predicted by machines not fitted on them`;
  const target = markup`<strong>${targetName(data)}</strong>`;
  if (data.task === "classification") {
    if (accuracy !== undefined && Number.isFinite(accuracy))
      return markup`${where}, the model names the right ${target} in <strong>${formatScores("accuracy", [accuracy])[0]}</strong> of cases.`;
    return logLoss === undefined
      ? undefined
      : markup`${where}, the log loss of ${target} is <strong>${formatNumber(logLoss)}</strong>.`;
  }
  const off =
    mae === undefined || !Number.isFinite(mae)
      ? ""
      : markup` and misses by
          <strong>${formatNumber(mae)}${data.unit === undefined ? "" : ` ${data.unit}`}</strong> on average`;
  if (r2 === undefined || !Number.isFinite(r2)) return undefined;
  if (r2 <= 0)
    return markup`${where}, the model does not predict ${target} better than its mean does (R²
    ${fixed(r2, 3)})${off}.`;
  return markup`${where}, the model explains <strong>${formatShare(r2)}</strong> of the variance of
    ${target}${off}.`;
}

/** How much smaller the model's leading error is than another's: 0.3 is 30 % smaller. */
function errorReduction(data: ReportData, model: Scores, other: Scores): number | undefined {
  const name = data.task === "regression" ? "r2" : "accuracy";
  const [mine, its] = [model[name], other[name]];
  if (mine === undefined || its === undefined || !(its < 1)) return undefined;
  const reduction = 1 - (1 - mine) / (1 - its);
  return Number.isFinite(reduction) ? reduction : undefined;
}

function besideBaselines(data: ReportData): Markup | undefined {
  const leading = leadingSet(data);
  const best = leading && bestBaseline(leading.set);
  if (!leading || !best) return undefined;
  const reduction = errorReduction(data, leading.set.model, best.scores);
  if (reduction === undefined) return undefined;
  const name = markup`the best baseline, ${best.name}`;
  const [first] = leadingScores(leading.set);
  const score = `${scoreInSentence(first!)}\u00a0${formatScores(first!, [best.scores[first!]])[0]!}`;
  const less = data.task === "regression" ? "less squared error" : "fewer mistakes";
  if (reduction >= 0.005)
    return markup`It leaves <strong>${formatShare(reduction, 0)} ${less}</strong> than ${name} (${score}).`;
  if (reduction > -0.005) return markup`It is as good as ${name} (${score}).`;
  return markup`<strong>A baseline does better</strong>: ${best.name} (${score}).`;
}

function whatMatters({ importances }: ReportData): Markup | undefined {
  if (!importances) return undefined;
  const { columns, noiseFloor } = importances;
  const real = columns.filter(({ share }) => Number.isFinite(share) && share > (noiseFloor ?? 0));
  if (real.length === 0) return columns.length === 0 ? undefined : markup`No column stands out from noise.`;
  const named: string[] = [];
  let sum = 0;
  for (const { column, share } of real.slice(0, 3)) {
    if (sum >= 0.8) break;
    named.push(shorten(column, 60));
    sum += share;
  }
  const below = columns.length - real.length;
  const words: Content = named.map(
    (name, i) => markup`${i === 0 ? "" : i === named.length - 1 ? " and " : ", "}<strong>${name}</strong>`,
  );
  const noise =
    noiseFloor === undefined || below === 0
      ? ""
      : `; ${below} of ${countOf(columns.length, "column")} ${below === 1 ? "does" : "do"} not stand out from noise`;
  if (columns.length === 1) return markup`It has one column to go by, ${words}.`;
  return markup`The prediction reacts most to ${words} (${formatShare(sum, 0)} of its reaction)${noise}.`;
}

function scoreInSentence(name: ScoreName): string {
  return name === "accuracy" ? "accuracy" : scoreWords[name].label;
}
