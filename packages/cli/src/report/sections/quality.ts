import { markup, type Markup } from "../markup.ts";
import { confusionHeatMap } from "../figures/confusion-heat-map.ts";
import { predictedActual } from "../figures/predicted-actual.ts";
import { reliabilityCurve } from "../figures/reliability-curve.ts";
import { card, frame, more, section } from "../page/card.ts";
import { table } from "../page/table.ts";
import {
  formatAlike,
  countOf,
  formatCount,
  formatNumber,
  formatScores,
  formatShare,
  scoreWords,
} from "../numbers.ts";
import { picture } from "../picture.ts";
import {
  type Confusion,
  type IntervalCoverage,
  type PredictedActual,
  type Reliability,
  type ReportData,
  type RowSet,
  type Scores,
  scoreNames,
  type ScoreSet,
} from "../report-data.ts";
import { rowsOf, targetName } from "../summary.ts";

/** How good the predictions are. */
export async function quality(data: ReportData): Promise<Markup | undefined> {
  const { scores, predictions = [], confusion, reliability, intervals, classes = [] } = data;
  const introduction = scores.test
    ? "Test rows took no part in fitting or in choosing the model."
    : scores.validation
      ? "There were no test rows. These scores are on training rows that the machines in question were not fitted on; since the choice looked at them, expect slightly worse on new rows."
      : undefined;
  const target = targetName(data);
  return section("quality", "How good it is", introduction, [
    scores.test && scoreTable(scores.test, "test", data.unit),
    scores.validation && scoreTable(scores.validation, "validation", data.unit, scores.test !== undefined),
    ...(await Promise.all(predictions.map((part, i) => predictedCard(part, target, data.unit, i)))),
    confusion && classes.length > 0 ? await confusionCard(confusion, classes) : undefined,
    confusion && classes.length > 2 ? mistakesCard(confusion, classes) : undefined,
    reliability && reliability.bins.length > 0 ? await reliabilityCard(reliability) : undefined,
    intervals && intervals.levels.length > 0 ? intervalCard(intervals, data.unit) : undefined,
  ]);
}

function scoreTable(set: ScoreSet, on: RowSet, unit: string | undefined, explained = false): Markup {
  const learners: { name: string; description?: string | undefined; scores: Scores; model: boolean }[] = [
    { name: "this model", scores: set.model, model: true },
    ...set.baselines.map((baseline) => ({ ...baseline, model: false })),
  ];
  const names = scoreNames.filter((name) => learners.some(({ scores }) => Number.isFinite(scores[name])));
  const described = learners.some(({ description }) => description);
  const columns = names.map((name) => {
    const text = formatScores(
      name,
      learners.map(({ scores }) => scores[name]),
    );
    const values = learners
      .map(({ scores }) => scores[name])
      .filter((x): x is number => x !== undefined && Number.isFinite(x));
    const best = scoreWords[name].better === "higher" ? Math.max(...values) : Math.min(...values);
    const inUnits = unit !== undefined && (name === "rmse" || name === "mae") ? ` (${unit})` : "";
    return {
      title: `${scoreWords[name].label}${inUnits}`,
      numeric: true,
      meaning: scoreWords[name].meaning,
      cell: (_: unknown, at: number) => text[at],
      mark: ({ scores }: { scores: Scores }) =>
        learners.length > 1 && scores[name] === best ? "best" : undefined,
    };
  });
  return card(
    `Scores on ${countOf(set.rows, `${on} row`)}`,
    learners.length > 1 ? "★ marks the best of each column." : undefined,
    markup`${table(
      learners,
      [
        { title: "learner", kind: "name", cell: ({ name }) => name },
        ...columns,
        ...(described
          ? [
              {
                title: "what it does",
                kind: "words" as const,
                cell: ({ description }: { description?: string | undefined }) => description ?? "",
              },
            ]
          : []),
      ],
      { kind: ({ model }) => (model ? "model" : undefined) },
    )}${
      explained
        ? ""
        : more(
            "What the scores mean",
            markup`<ul class="notices">
        ${names.map((name) => markup`<li>${scoreWords[name].label}: ${scoreWords[name].meaning} (${scoreWords[name].better} is better)</li>`)}
      </ul>`,
          )
    }`,
    { wide: true },
  );
}

async function predictedCard(
  part: PredictedActual,
  target: string,
  unit: string | undefined,
  index: number,
): Promise<Markup | undefined> {
  const { actual, predicted, lower, upper, level, on, of, output } = part;
  const count = actual.length;
  if (count === 0) return undefined;
  const outside = lower && upper ? actual.filter((y, i) => y < lower[i]! || y > upper[i]!).length : undefined;
  const svg = await picture(
    predictedActual(part, target, unit),
    `predicted-${index}`,
    `Scatter of ${countOf(Math.min(count, predicted.length), "row")}: actual against predicted ${output ?? target}.`,
  );
  const sampled =
    count < of
      ? ` ${formatCount(count)} of ${countOf(of, `${on === "train" ? "training" : on} row`)}, drawn at random.`
      : "";
  const band =
    outside === undefined
      ? ""
      : markup` The band is the ${level === undefined ? "" : `${formatShare(level, 0)} `}prediction interval;
        diamonds are rows outside of theirs (<strong>${formatCount(outside)}</strong>,
        ${formatShare(outside / count)}${level === undefined ? "" : `; ${formatShare(1 - level, 0)} is expected`}).`;
  return card(
    output === undefined ? "Predicted and actual" : `Predicted and actual: ${output}`,
    markup`Each point is one of the ${rowsOf(on)}; on the dashed line prediction and truth
    agree.${band}${sampled}`,
    frame(svg),
  );
}

async function confusionCard(confusion: Confusion, classes: readonly string[]): Promise<Markup> {
  const { counts, on } = confusion;
  const drawn = counts.length <= 60;
  const total = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0);
  const rows = classes.map((name, k) => {
    const right = counts[k]?.[k] ?? 0;
    const actual = total(counts[k] ?? []);
    const claimed = total(counts.map((row) => row[k] ?? 0));
    return {
      name,
      actual,
      claimed,
      recall: actual > 0 ? right / actual : undefined,
      precision: claimed > 0 ? right / claimed : undefined,
    };
  });
  const perClass = table(
    rows,
    [
      { title: "class", kind: "name", cell: ({ name }) => name },
      {
        title: "rows",
        numeric: true,
        cell: ({ actual }) => formatCount(actual),
        value: ({ actual }) => actual,
      },
      {
        title: "predicted",
        numeric: true,
        cell: ({ claimed }) => formatCount(claimed),
        value: ({ claimed }) => claimed,
      },
      {
        title: "found",
        numeric: true,
        meaning: "recall: share of the class’s rows that were named so",
        cell: ({ recall }) => formatShare(recall),
        value: ({ recall }) => recall,
      },
      {
        title: "right when named",
        numeric: true,
        meaning: "precision: share of rows named so that are of the class",
        cell: ({ precision }) => formatShare(precision),
        value: ({ precision }) => precision,
      },
    ],
    { sortable: true },
  );
  if (!drawn)
    return card(`Each of ${formatCount(classes.length)} classes`, `On ${rowsOf(on)}.`, perClass, {
      wide: true,
    });
  const svg = await picture(
    confusionHeatMap(confusion, classes),
    "confusion",
    `Confusion matrix of ${countOf(classes.length, "class", "classes")}; the numbers of each class are in the table below it.`,
  );
  return card(
    "Which classes are taken for which",
    `Counts of ${rowsOf(on)}. Each row of the picture is an actual class; blue on the diagonal is right, orange beside it is wrong, and stronger color is a larger share of the row.`,
    markup`${frame(svg)}${classes.length <= 6 ? perClass : more("Each class", perClass)}`,
    classes.length > 12 ? { wide: true, beside: true } : {},
  );
}

function mistakesCard({ counts }: Confusion, classes: readonly string[]): Markup | undefined {
  const mistakes = counts
    .flatMap((row, i) =>
      row.map((count, j) => ({
        actual: classes[i] ?? "",
        predicted: classes[j] ?? "",
        count,
        of: row.reduce((sum, x) => sum + x, 0),
        wrong: i !== j,
      })),
    )
    .filter(({ wrong, count }) => wrong && count > 0)
    .toSorted((a, b) => b.count - a.count)
    .slice(0, 8);
  if (mistakes.length === 0) return undefined;
  return card(
    "Most frequent mistakes",
    undefined,
    table(mistakes, [
      { title: "actual", kind: "name", cell: ({ actual }) => actual },
      { title: "predicted", kind: "name", cell: ({ predicted }) => predicted },
      { title: "rows", numeric: true, cell: ({ count }) => formatCount(count) },
      { title: "of the class", numeric: true, cell: ({ count, of }) => formatShare(count / of) },
    ]),
  );
}

async function reliabilityCard(reliability: Reliability): Promise<Markup> {
  const { bins, error, on, of } = reliability;
  const svg = await picture(
    reliabilityCurve(reliability),
    "reliability",
    `Stated ${of} against how often it came true, in ${countOf(bins.length, "bin")}.`,
  );
  const distance =
    error === undefined || !Number.isFinite(error)
      ? ""
      : markup` On average they are <strong>${formatNumber(100 * error, 2)} percentage points</strong> apart.`;
  const numbers = table(bins, [
    { title: "stated", numeric: true, cell: ({ predicted }) => formatShare(predicted) },
    { title: "came true", numeric: true, cell: ({ observed }) => formatShare(observed) },
    {
      title: "90% interval",
      numeric: true,
      cell: ({ lower, upper }) =>
        lower === undefined || upper === undefined ? "" : `${formatShare(lower)} to ${formatShare(upper)}`,
    },
    { title: "rows", numeric: true, cell: ({ rows }) => formatCount(rows) },
  ]);
  return card(
    "Can its probabilities be believed?",
    markup`${of[0]?.toUpperCase() ?? ""}${of.slice(1)}, as stated, and how often it came true among
    ${rowsOf(on)}. On the dashed line they agree; below it the model is too sure.${distance} The gray bars
    count the rows.`,
    markup`${frame(svg)}${more("Numbers", numbers)}`,
  );
}

function intervalCard({ method, on, levels, rows }: IntervalCoverage, unit: string | undefined): Markup {
  const widths = formatAlike(levels.map(({ meanWidth }) => meanWidth));
  return card(
    "Do its intervals hold?",
    markup`Prediction intervals (${method}) are made to contain a stated share of the actual values. Among
    ${countOf(rows, `${on === "train" ? "training" : on} row`)} they contained:`,
    table(levels, [
      { title: "stated", numeric: true, cell: ({ nominal }) => formatShare(nominal, 0) },
      { title: "observed", numeric: true, cell: ({ observed }) => formatShare(observed) },
      {
        title: `mean width${unit === undefined ? "" : ` (${unit})`}`,
        numeric: true,
        cell: (_, at) => widths[at],
      },
    ]),
  );
}
