import { formatScores, scoreWords } from "../numbers.ts";
import type { ScoreName, ScoreSet } from "../report-data.ts";
import { labels } from "../labels.ts";
import type { Figure, LayerSpec } from "../picture.ts";
import { colors } from "../theme.ts";
import { extent, finite } from "./axis.ts";

/** Which two scores are drawn: the first orders the bars. */
export function leadingScores({ model }: ScoreSet): readonly ScoreName[] {
  const wanted: readonly ScoreName[] = model.r2 === undefined ? ["accuracy", "logLoss"] : ["r2", "rmse"];
  return wanted.filter((name) => model[name] !== undefined && Number.isFinite(model[name]));
}

/** The model and its baselines as bars, best on top. */
export function scoreBars(set: ScoreSet, unit?: string): Figure {
  const names = leadingScores(set);
  const learners = [
    { name: "this model", scores: set.model, model: true },
    ...set.baselines.map(({ name, scores }) => ({ name, scores, model: false })),
  ];
  const first = names[0]!;
  const sign = scoreWords[first].better === "higher" ? -1 : 1;
  const value = (x: number | undefined): number =>
    x !== undefined && Number.isFinite(x) ? sign * x : Infinity;
  learners.sort((a, b) =>
    value(a.scores[first]) < value(b.scores[first])
      ? -1
      : value(a.scores[first]) > value(b.scores[first])
        ? 1
        : 0,
  );
  const shown = labels(learners.map(({ name }) => name));
  const panels = names.map((name, at): LayerSpec<string> => {
    const all = learners.map(({ scores }) => scores[name]);
    const text = formatScores(name, all);
    const [low, high] = extent([0, ...finite(all)]);
    // Bars that are far worse than nothing would hide the others: they are cut, their number still says it.
    const floor = name === "r2" ? Math.max(-0.3, low) : Math.max(0, low);
    const ceiling =
      name === "r2" || name === "accuracy"
        ? 1
        : Math.min(high, 6 * Math.max(...finite([set.model[name]]), high / 6));
    const rows = learners.flatMap(({ model }, i) => {
      const score = all[i];
      if (score === undefined || !Number.isFinite(score)) return [];
      const end = Math.min(ceiling, Math.max(floor, score));
      return [
        {
          learner: shown[i]!,
          model,
          end,
          text: text[i]!,
          textAt: Math.max(0, end),
          note: `${learners[i]!.name}: ${scoreWords[name].label} ${text[i]!}`,
        },
      ];
    });
    const inUnits = name === "rmse" && unit !== undefined ? ` (${unit})` : "";
    return {
      title: {
        text: `${scoreWords[name].label}${inUnits}, ${scoreWords[name].better} is better`,
        fontWeight: "normal",
      },
      data: { values: rows },
      width: 104,
      height: { step: 26 },
      encoding: {
        y: {
          field: "learner",
          type: "nominal",
          sort: shown,
          title: null,
          scale: { domain: shown },
          axis:
            at === 0
              ? {
                  labelColor: {
                    condition: { test: "datum.value === 'this model'", value: colors.ink },
                    value: colors.soft,
                  },
                }
              : { labels: false },
        },
      },
      layer: [
        {
          mark: { type: "bar", cornerRadiusEnd: 2 },
          encoding: {
            x: {
              field: "end",
              type: "quantitative",
              scale: { domain: [floor, ceiling], nice: false },
              axis: null,
            },
            color: { condition: { test: "datum.model", value: colors.accent }, value: colors.quiet },
            description: { field: "note" },
          },
        },
        {
          mark: { type: "text", align: "left", dx: 5, aria: false },
          encoding: {
            x: { field: "textAt", type: "quantitative" },
            text: { field: "text" },
            color: { condition: { test: "datum.model", value: colors.ink }, value: colors.soft },
          },
        },
        {
          mark: { type: "rule", color: colors.line, aria: false },
          encoding: { x: { datum: 0, type: "quantitative" }, y: { value: 0 }, y2: { value: "height" } },
        },
      ],
    };
  });
  return { spacing: 46, hconcat: panels };
}
