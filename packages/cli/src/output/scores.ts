import type { Scores } from "lineament";
import { type ScoreName, scoreNames } from "../report/report-data.ts";
import { formatNumber } from "../report/numbers.ts";
import type { Screen } from "./screen.ts";

const words: Readonly<Record<ScoreName, string>> = {
  r2: "R²",
  rmse: "RMSE",
  mae: "MAE",
  accuracy: "accuracy",
  logLoss: "log loss",
  brier: "Brier",
  auc: "AUC",
  f1: "F1",
};

const largerIsBetter: readonly ScoreName[] = ["r2", "accuracy", "auc", "f1"];

/** A table of scores, one learner a row; the best of each column is bold. */
export function scoreTable(
  screen: Screen,
  learners: readonly { readonly name: string; readonly scores: Scores }[],
): string {
  const values = learners.map(({ scores }) => scores as Partial<Record<ScoreName, number>>);
  const names = scoreNames.filter((name) => values.some((scores) => scores[name] !== undefined));
  const best = new Map(
    names.map((name) => {
      const all = values.flatMap((scores) => scores[name] ?? []);
      return [name, largerIsBetter.includes(name) ? Math.max(...all) : Math.min(...all)];
    }),
  );
  const rows = learners.map(({ name }, i) => [
    name,
    ...names.map((score) => {
      const value = values[i]![score];
      const text = scoreText(score, value);
      return learners.length > 1 && value !== undefined && value === best.get(score)
        ? screen.style("bold", text)
        : text;
    }),
  ]);
  return screen.table(["", ...names.map((name) => words[name])], rows, { right: names.map((_, j) => j + 1) });
}

function scoreText(name: ScoreName, value: number | undefined): string {
  if (value === undefined) return "–";
  return name === "rmse" || name === "mae" ? formatNumber(value, 4) : value.toFixed(4);
}
