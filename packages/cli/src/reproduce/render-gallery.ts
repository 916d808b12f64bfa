import { type Claim, type ClaimResult, describeSettings, type SeedRun } from "@lineament/claims";
import { lineamentVersion } from "lineament";
import { type Content, markup, type Markup } from "../report/markup.ts";
import { formatNumber, formatSeconds, noNumber } from "../report/numbers.ts";
import { card, frame, more } from "../report/page/card.ts";
import { page } from "../report/page/page.ts";
import { table } from "../report/page/table.ts";
import { pagePicture } from "../report/picture.ts";
import { claimRecord } from "./claim-record.ts";
import { typeset } from "./typeset.ts";
import { mark, outcomes, summary, valueText } from "./words.ts";

/** A claim that was run, and its drawings by the names of its figures. */
export interface Exhibit {
  readonly claim: Claim;
  readonly result: ClaimResult;
  readonly drawings: ReadonlyMap<string, string>;
  /** The command that runs it again. */
  readonly command: string;
}

/** The gallery as one HTML file that loads nothing: what was claimed, predicted and measured, and how to do it again. */
export function renderGallery(exhibits: readonly Exhibit[], unfinished: readonly Claim[] = []): string {
  const results = exhibits.map(({ result }) => result);
  return page({
    title: "Claims · Lineament",
    maker: "Lineament claims",
    version: lineamentVersion,
    main: markup`<h1>Claims that ran</h1>
<p class="lead">${summary(results)}</p>
${unfinished.length === 0 ? "" : markup`<div class="warnings"><h2>Interrupted</h2><p>${unfinished.map(({ code }) => code).join(", ")} did not finish.</p></div>`}
<nav aria-label="Contents">${contents(exhibits)}</nav>
${exhibits.map(exhibitSection)}`,
    data: {
      file: "claims.json",
      value: { claims: results.map((result) => ({ ...claimRecord(result), figures: undefined })) },
    },
  });
}

function contents(exhibits: readonly Exhibit[]): Markup {
  return table(exhibits, [
    { title: "claim", cell: ({ claim }) => markup`<a href="#${claim.code}">${claim.code}</a>` },
    { title: "", kind: "words", cell: ({ claim }) => claim.title },
    { title: "status", cell: ({ claim }) => claim.status },
    { title: "verdict", cell: ({ result }) => badge(result) },
    { title: "time", numeric: true, cell: ({ result }) => formatSeconds(result.seconds) },
  ]);
}

function badge({ outcome }: Pick<ClaimResult, "outcome">): Markup {
  return markup`<span class="verdict ${outcome.replaceAll(" ", "-")}">${outcomes[outcome].mark} ${outcomes[outcome].words}</span>`;
}

function exhibitSection({ claim, result, drawings, command }: Exhibit): Markup {
  const { code, id, title, statement, source, status } = claim;
  const widths = result.figures.map(({ name }) => pictureWidth(drawings.get(name)!));
  const narrow = widths.map((width) => width < 560);
  // One that would stand alone has its words beside it, where there is room.
  const alone = narrow.filter(Boolean).length % 2 === 1 ? narrow.lastIndexOf(true) : -1;
  const pictures = result.figures.map(({ name, title, caption }, i) => {
    const drawing = pagePicture(drawings.get(name)!, `${code}-${name}`, title);
    const wide = !narrow[i]! || i === alone;
    return card(title, typeset(caption), frame(drawing), { wide, beside: wide && widths[i]! < 700 });
  });
  return markup`<section id="${code}" aria-labelledby="${code}-title">
    <h2 id="${code}-title">${code} · ${title}</h2>
    <p class="facts">${[badge(result), markup`<span>${id}</span>`, markup`<span>${status}</span>`, markup`<span class="words">${source}</span>`, markup`<span>${formatSeconds(result.seconds)}</span>`]}</p>
    <div class="statement">${typeset(statement)}</div>
    <div class="cards">
      ${pictures}
      ${verdictCard(result)}
      ${contrastCard(claim, result)}
      ${card("Do it again", markup`<code>${command}</code>`, settingsTable(claim, result), { wide: true })}
    </div>
  </section>`;
}

function pictureWidth(svg: string): number {
  return Number(/width="([\d.]+)"/u.exec(svg)?.[1]);
}

function verdictCard(result: ClaimResult): Markup {
  if (result.outcome === "error")
    return card("Prediction and measurement", markup`<strong>It threw an error:</strong> ${result.why}`, "", {
      wide: true,
    });
  const seeds =
    result.runs.length > 1 ? more(`All ${result.runs.length} seeds`, seedsTable(result.runs)) : "";
  const shown = result.runs.length > 1 ? ` The table is of seed ${String(result.settings["seed"])}.` : "";
  return card(
    "Prediction and measurement",
    markup`<strong>${outcomes[result.outcome].sentence}</strong>${shown}`,
    [checksTable(result), seeds],
    { wide: true },
  );
}

function checksTable({ checks }: Pick<SeedRun, "checks">): Markup {
  const known = checks.some(({ predicted }) => predicted !== undefined);
  return table(checks, [
    { title: "what", kind: "words", cell: ({ name }) => name },
    { title: "measured", numeric: true, cell: ({ measured }) => formatNumber(measured, 4) },
    ...(known
      ? [
          {
            title: "predicted",
            numeric: true,
            cell: ({ predicted }: { readonly predicted?: number | undefined }) => formatNumber(predicted, 4),
          },
        ]
      : []),
    { title: "must be", cell: ({ condition }) => withPowers(condition) },
    { title: "", cell: ({ holds }) => mark(holds) },
  ]);
}

function seedsTable(runs: readonly SeedRun[]): Markup {
  return table(runs, [
    { title: "seed", numeric: true, cell: ({ settings }) => String(settings["seed"]) },
    { title: "", cell: ({ holds }) => mark(holds) },
    { title: "why", kind: "words", cell: ({ why }) => withPowers(why) },
    { title: "time", numeric: true, cell: ({ seconds }) => formatSeconds(seconds) },
  ]);
}

function contrastCard({ contrast }: Claim, result: ClaimResult): Content {
  if (contrast === undefined || result.contrast === undefined) return undefined;
  const { holds, why } = result.contrast;
  const changed = Object.entries(contrast.settings).map(([name, value]) => `${name} = ${valueText(value)}`);
  return card(
    "Where it stops holding",
    typeset(contrast.statement),
    markup`<p>With ${changed.join(", ")} ${holds ? markup`<strong>it holds all the same, which it must not:</strong>` : "it does not hold, as it should:"} ${withPowers(why)}.</p>`,
    { wide: true },
  );
}

/** Numbers such as 1e-9 in a text, as people write them. */
function withPowers(text: string): string {
  return text
    .replaceAll(/\b\d+(?:\.\d+)?e[+-]?\d+/gu, (number) =>
      formatNumber(Number(number), 4).replace(/^1 × /u, ""),
    )
    .replaceAll(/(?<![\w\d)])-(?=\d)/gu, "−");
}

function settingsTable(claim: Claim, { settings }: ClaimResult): Markup {
  return table(describeSettings(claim), [
    { title: "setting", cell: ({ name }) => markup`<code>${name}</code>` },
    { title: "value", numeric: true, cell: ({ name }) => valueText(settings[name]) },
    { title: "meaning", kind: "words", cell: ({ description }) => description || noNumber },
    { title: "may be", kind: "words", cell: ({ range }) => withPowers(range) },
  ]);
}
