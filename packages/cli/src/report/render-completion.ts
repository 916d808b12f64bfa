import type { CompletionRecord } from "lineament";
import { scoreBars } from "./figures/score-bars.ts";
import { singularValueTrajectories } from "./figures/singular-value-trajectories.ts";
import { validationWalk } from "./figures/validation-walk.ts";
import { shorten } from "./labels.ts";
import { markup, type Markup } from "./markup.ts";
import { countOf, fixed, formatNumber, formatSeconds, formatShare } from "./numbers.ts";
import { card, frame } from "./page/card.ts";
import { page } from "./page/page.ts";
import { table } from "./page/table.ts";
import { picture } from "./picture.ts";

/** Where the entries came from, and the command that was typed. */
export interface CompletionOrigin {
  readonly source: string;
  readonly command: string;
}

/** The report of a completed matrix as one HTML file that loads nothing. */
export async function renderCompletion(
  record: CompletionRecord,
  { source, command }: CompletionOrigin,
): Promise<string> {
  const { matrix, entries, chosen, scores, warnings } = record;
  const filled = entries.train / (matrix.rows * matrix.columns);
  const facts = [
    `${countOf(matrix.rows, "row")} × ${countOf(matrix.columns, "column")}`,
    `${countOf(entries.train, "known entry", "known entries")}, ${formatShare(filled, 2)} of all`,
    ...(entries.test > 0 ? [countOf(entries.test, "test entry", "test entries")] : []),
    `completed in ${formatSeconds(record.seconds)}`,
  ];
  return page({
    title: `${record.value} in ${shorten(source, 80)} · Lineament`,
    maker: "Lineament report",
    version: record.version,
    main: markup`<h1>${shorten(`${record.value} by ${record.row} and ${record.column}`, 140)}</h1>
<p class="facts">${facts.map((fact, i) => markup`${i === 0 ? "" : " "}<span>${fact}</span>`)}</p>
${
  warnings.length === 0
    ? ""
    : markup`<div class="warnings" role="note"><h2>Worth knowing</h2><ul>${warnings.map((warning) => markup`<li>${shorten(warning, 600)}</li>`)}</ul></div>`
}
<p class="lead">${lead(record)}</p>
<div class="cards">
${await scoresCard(record)}
${await trajectoriesCard(record)}
${await walkCard(record)}
${candidatesCard(record)}
${card("Do it again", markup`<code>${command}</code>`, settings(record), { wide: true })}
</div>`,
    data: { file: "completion.json", value: { ...record, source, command, chosen, scores } },
  });
}

function lead({ scores, chosen, entries }: CompletionRecord): Markup {
  const [mine] = scores;
  const best = scores
    .slice(1)
    .reduce<(typeof scores)[number] | undefined>(
      (least, one) => (least === undefined || error(one) < error(least) ? one : least),
      undefined,
    );
  const where = mine?.test
    ? `On ${countOf(entries.test, "test entry", "test entries")} that it never saw`
    : "On held-out entries";
  return markup`${where}, a ${chosen.name}${chosen.rank > 0 ? ` of rank ${String(chosen.rank)}` : ""} misses by <strong>${fixed(error(mine!), 4)}</strong> (root mean square)${
    best === undefined
      ? ""
      : markup`; the best simpler completion, ${best.name}, by <strong>${fixed(error(best), 4)}</strong>`
  }.`;
}

function error({ test, validation }: CompletionRecord["scores"][number]): number {
  return test?.rmse ?? validation;
}

async function scoresCard({ scores, entries }: CompletionRecord): Promise<Markup> {
  const [mine, ...simpler] = scores;
  const drawing = mine?.test
    ? frame(
        await picture(
          scoreBars({
            rows: entries.test,
            model: mine.test,
            baselines: simpler.flatMap(({ name, test }) => (test ? [{ name, scores: test }] : [])),
          }),
          "scores",
          "Scores of the model and of simpler completions",
        ),
      )
    : "";
  return card(
    "How good it is",
    mine?.test
      ? `Scores on ${countOf(entries.test, "test entry", "test entries")}.`
      : "Root mean squared errors on the entries that choices were made on, which flatters them a little.",
    [
      drawing,
      table(scores, [
        { title: "", cell: ({ name }, at) => (at === 0 ? markup`<strong>${name}</strong>` : name) },
        { title: "RMSE, held out", numeric: true, cell: ({ validation }) => fixed(validation, 4) },
        ...(mine?.test
          ? [
              {
                title: "RMSE",
                numeric: true,
                cell: ({ test }: (typeof scores)[number]) => fixed(test?.rmse, 4),
              },
              {
                title: "MAE",
                numeric: true,
                cell: ({ test }: (typeof scores)[number]) => fixed(test?.mae, 4),
              },
            ]
          : []),
      ]),
    ],
    { wide: true },
  );
}

async function trajectoriesCard({ trace, chosen }: CompletionRecord): Promise<Markup | undefined> {
  const points = trace.filter(({ singularValues }) => singularValues.length > 0);
  if (points.length < 2) return undefined;
  const decay =
    chosen.depth === undefined || chosen.depth > 2
      ? ""
      : " The weight decay falls in stages, and lets in what was below it.";
  return card(
    "How the rank grew",
    `Singular values of the interactions while they were learned, from near zero: one component after another leaves it, the largest first, so that the matrix has low rank for as long as descent goes on.${decay} The final fit, on all training entries, stopped at step ${String(chosen.steps)}.`,
    frame(
      await picture(
        singularValueTrajectories(points),
        "trajectories",
        "Singular values against descent steps",
      ),
    ),
    { wide: true },
  );
}

async function walkCard({ search }: CompletionRecord): Promise<Markup | undefined> {
  if (search.length < 2) return undefined;
  return card(
    "When to stop",
    "Walks on nine tenths of the entries, judged on the others, mean over up to three divisions. The large point is the one that was chosen.",
    frame(await picture(validationWalk(search), "walk", "Error on held-out entries against descent steps")),
  );
}

function candidatesCard({ candidates }: CompletionRecord): Markup {
  return card(
    "What was compared",
    "Each at its best step on the held-out entries.",
    table(candidates, [
      { title: "", cell: ({ name }) => name },
      { title: "RMSE, held out", numeric: true, cell: ({ validation }) => fixed(validation, 4) },
      { title: "steps", numeric: true, cell: ({ steps }) => String(steps) },
    ]),
  );
}

function settings({ chosen, seed, engine, entries }: CompletionRecord): Markup {
  const rows: readonly (readonly [string, string])[] = [
    ["method", chosen.name],
    ["rank", String(chosen.rank)],
    ["weight decay at the end", formatNumber(chosen.penalty)],
    ["ridge of row biases", formatNumber(chosen.rowRidge)],
    ["ridge of column biases", formatNumber(chosen.columnRidge)],
    ["test entries with a new row or column", String(entries.cold)],
    ["seed", String(seed)],
    ["engine", engine],
  ];
  return table(rows, [
    { title: "", cell: ([name]) => name },
    { title: "", kind: "words", cell: ([, value]) => value },
  ]);
}
