import { markup, type Markup } from "../markup.ts";
import { explainedTrace } from "../figures/explained-trace.ts";
import { coloredCandidates, lossByRound } from "../figures/loss-by-round.ts";
import { card, frame, more, section } from "../page/card.ts";
import { lineKey } from "../page/key.ts";
import { table } from "../page/table.ts";
import { countOf, formatCount, formatNumber, formatShare } from "../numbers.ts";
import { picture } from "../picture.ts";
import type { ModelReport, ReportData, Spectrum, ValidationCurve } from "../report-data.ts";

/** Which machines were chosen, and how they learned. */
export async function search(data: ReportData): Promise<Markup | undefined> {
  const { model, validationCurve, spectrum } = data;
  return section(
    "search",
    "How it was found",
    "A kernel machine predicts a row from similar training rows. What counts as similar is learned: after every solve, distances are stretched along the directions that moved the prediction, and the machine is solved again.",
    [
      model.members.length > 0 ? membersCard(model) : undefined,
      validationCurve && validationCurve.candidates.some(({ losses }) => losses.some(Number.isFinite))
        ? await curveCard(validationCurve)
        : undefined,
      spectrum && spectrum.rounds.some(({ shares }) => shares.length > 0)
        ? await spectrumCard(spectrum)
        : undefined,
    ],
  );
}

function membersCard({
  members,
  evaluated,
  loss,
  averageLoss,
  leaderboard = [],
  calibration,
}: ModelReport): Markup {
  const total = members.reduce((sum, { weight }) => sum + (Number.isFinite(weight) ? weight : 0), 0);
  const items = members.map(({ description, weight, rounds, ridge, centers }) => {
    const facts = [
      rounds === 0 ? "no metric update: plain kernel ridge regression" : countOf(rounds, "metric update"),
      ...(ridge === undefined ? [] : [`λ = ${formatNumber(ridge)}`]),
      ...(centers === undefined ? [] : [`over ${countOf(centers, "training row")}`]),
    ];
    return markup`<li>
      <b>${formatShare(total > 0 ? weight / total : undefined, 0)}</b><span>${description}<small>${facts.join(" · ")}</small></span>
    </li>`;
  });
  const tried =
    evaluated === undefined
      ? ""
      : ` ${members.length === 1 ? "It was" : "They were"} chosen among ${countOf(evaluated, "candidate")} by validation on training rows.`;
  const lossName = loss ?? "loss";
  const reached =
    averageLoss === undefined ? "" : ` Its validation loss (${lossName}) is ${formatNumber(averageLoss, 3)}.`;
  const board = more(
    `Leaderboard (${formatCount(leaderboard.length)})`,
    table(
      leaderboard,
      [
        { title: "machine", kind: "words", cell: ({ name }) => name },
        {
          title: `validation ${lossName}`,
          numeric: true,
          cell: ({ loss: value }) => formatNumber(value, 4),
          value: ({ loss: value }) => value,
        },
        {
          title: "updates",
          numeric: true,
          cell: ({ rounds }) => formatCount(rounds),
          value: ({ rounds }) => rounds,
        },
        ...(leaderboard.some(({ chosen }) => chosen !== undefined)
          ? [
              {
                title: "in the model",
                cell: ({ chosen }: { chosen?: boolean | undefined }) => (chosen ? "yes" : ""),
              },
            ]
          : []),
      ],
      { sortable: true },
    ),
  );
  return card(
    members.length === 1 ? "The machine" : `An average of ${formatCount(members.length)} machines`,
    `${members.length === 1 ? "One kernel machine." : "The model averages them with the weights on the left."}${tried}${reached}${calibration === undefined ? "" : ` Probabilities: ${calibration}.`}`,
    markup`<ul class="machines">
        ${items}
      </ul>
      ${leaderboard.length > 0 ? board : ""}`,
    { wide: true },
  );
}

async function curveCard(curve: ValidationCurve): Promise<Markup> {
  const shown = coloredCandidates(curve);
  const svg = await picture(
    lossByRound(curve),
    "validation",
    `Validation ${curve.loss} of ${countOf(curve.candidates.length, "candidate")} after each metric update.`,
  );
  const others = curve.candidates.length - shown.length;
  return card(
    "Error while learning features",
    "Error on rows held back, after each metric update; lower is better. At 0 the metric is the plain one. The large point is the best round.",
    markup`${frame(svg)}${lineKey(
      shown.map(({ name }) => name),
      others > 0 && shown.length > 0
        ? `${countOf(others, "other candidate")}; much worse ones are not in the picture`
        : undefined,
    )}`,
  );
}

async function spectrumCard(spectrum: Spectrum): Promise<Markup> {
  const { rounds, of } = spectrum;
  const last = rounds.at(-1)!.shares;
  let sum = 0;
  const needed = last.findIndex((share) => (sum += share) >= 0.9) + 1;
  const svg = await picture(
    explainedTrace(spectrum),
    "spectrum",
    `Share of the learned metric in its first directions${needed > 0 ? `; ${needed} hold 90%` : ""}.`,
  );
  const start =
    rounds.length > 1 ? " The earliest line is where learning started, with all directions alike." : "";
  const numbers = table(
    last.map((share, i) => ({ share, rank: i + 1 })),
    [
      { title: "direction", numeric: true, cell: ({ rank }) => formatCount(rank) },
      { title: "share", numeric: true, cell: ({ share }) => formatShare(share) },
    ],
  );
  return card(
    "How many directions it uses",
    markup`Share of the metric that lies in its strongest directions; a steep rise means that few combinations
    of columns
    suffice.${needed > 0 ? markup` In the end <strong>${formatCount(needed)} of ${formatCount(last.length)}</strong> hold 90%.` : ""}${start}${of === undefined ? "" : ` Machine: ${of}.`}`,
    markup`${frame(svg)}${more("Numbers", numbers)}`,
  );
}
