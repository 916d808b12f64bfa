import { markup, type Markup } from "../markup.ts";
import { leadingScores, scoreBars } from "../figures/score-bars.ts";
import { shorten } from "../labels.ts";
import { card, frame } from "../page/card.ts";
import {
  countOf,
  formatCount,
  formatDate,
  formatScores,
  formatSeconds,
  formatShare,
  scoreWords,
} from "../numbers.ts";
import { picture } from "../picture.ts";
import { type ReportData, type ScoreName, scoreNames } from "../report-data.ts";
import { bestBaseline, leadingSet, rowsOf, summarySentences } from "../summary.ts";

/** The first screen: what was learned, how good it is beside baselines, what matters. */
export async function overview(data: ReportData): Promise<Markup> {
  const { rows, columns, provenance, warnings = [] } = data;
  const used = columns.filter((column) => column.used).length;
  const facts = [
    countOf(rows.train, "training row"),
    ...(rows.test === undefined || rows.test === 0 ? [] : [countOf(rows.test, "test row")]),
    used === columns.length
      ? countOf(columns.length, "column")
      : `${formatCount(used)} of ${countOf(columns.length, "column")} used`,
    `fitted in ${formatSeconds(provenance.seconds)}`,
    formatDate(provenance.date).split(", ").slice(0, 2).join(", "),
  ];
  return markup`<h1>${shorten(data.title, 140)}</h1>
    <p class="facts">${facts.map((fact, i) => markup`${i === 0 ? "" : " "}<span>${fact}</span>`)}</p>
    ${
      warnings.length === 0
        ? ""
        : markup`<div class="warnings" role="note">
            <h2>${warnings.length === 1 ? "A warning" : "Warnings"}</h2>
            <ul>
              ${warnings.map((warning) => markup`<li>${shorten(warning, 600)}</li>`)}
            </ul>
          </div>`
    }
    <p class="lead">${summarySentences(data)}</p>
    ${tiles(data)}
    <div class="cards">${[await besideBaselines(data), whatMatters(data)]}</div>`;
}

function tiles(data: ReportData): Markup | undefined {
  const leading = leadingSet(data);
  if (!leading) return undefined;
  const { model } = leading.set;
  const best = bestBaseline(leading.set);
  const names = scoreNames
    .filter((name) => model[name] !== undefined && Number.isFinite(model[name]))
    .slice(0, 5);
  const tile = (name: ScoreName): Markup => {
    const [mine, its] = formatScores(name, [model[name], best?.scores[name]]);
    const unit =
      data.unit !== undefined && (name === "rmse" || name === "mae")
        ? markup` <small>${data.unit}</small>`
        : "";
    const beside =
      best && Number.isFinite(best.scores[name]) ? markup`<dd class="beside">${best.name}: ${its}</dd>` : "";
    return markup`<div class="tile" title="${scoreWords[name].meaning}">
      <dt>${scoreWords[name].label}</dt>
      <dd>${mine}${unit}</dd>
      ${beside}
    </div>`;
  };
  return markup`<dl class="tiles">${names.map(tile)}</dl>`;
}

async function besideBaselines(data: ReportData): Promise<Markup | undefined> {
  const leading = leadingSet(data);
  if (!leading || leading.set.baselines.length === 0 || leadingScores(leading.set).length === 0)
    return undefined;
  const { set, on } = leading;
  const description = `Bars of this model and ${countOf(set.baselines.length, "baseline")}; the numbers are in the table of scores.`;
  const svg = await picture(scoreBars(set, data.unit), "scores", description);
  return card("Beside simpler models", `Scores on the same ${rowsOf(on)}, best on top.`, frame(svg));
}

function whatMatters({ importances }: ReportData): Markup | undefined {
  if (!importances || importances.columns.length === 0) return undefined;
  const { columns, noiseFloor = -1 } = importances;
  const shown = columns.slice(0, columns.length <= 7 ? 7 : 6).filter(({ share }) => Number.isFinite(share));
  const largest = Math.max(...shown.map(({ share }) => share), 1e-12);
  const rest = columns
    .slice(shown.length)
    .reduce((sum, { share }) => sum + (Number.isFinite(share) ? share : 0), 0);
  const bars = shown.map(({ column, share }) => {
    const width = Math.max(0, Math.min(100, (100 * share) / largest)).toFixed(1);
    return markup`<dt>${shorten(column, 60)}</dt>
      <dd><div class="length${share <= noiseFloor ? " noise" : ""}" style="width: ${width}%"></div></dd>
      <dd class="number">${formatShare(share)}</dd>`;
  });
  const left = columns.length - shown.length;
  const others =
    left > 0 ? markup`<p>The other ${countOf(left, "column")} together: ${formatShare(rest)}.</p>` : "";
  return card(
    "What the prediction reacts to",
    "Share of each column in how strongly the prediction changes with the inputs.",
    markup`<dl class="bars">${bars}</dl>
      ${others}`,
  );
}
