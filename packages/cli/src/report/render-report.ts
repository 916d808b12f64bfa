import { markup } from "./markup.ts";
import { page } from "./page/page.ts";
import type { ReportData } from "./report-data.ts";
import { learned } from "./sections/learned.ts";
import { moreRows } from "./sections/more-rows.ts";
import { columnsSection, origin } from "./sections/origin.ts";
import { overview } from "./sections/overview.ts";
import { quality } from "./sections/quality.ts";
import { search } from "./sections/search.ts";

/**
 * The report as one HTML file: pictures are drawn already, nothing is loaded from anywhere, and its policy lets no script run
 * but the page's own. Equal data give equal pages.
 */
export async function renderReport(data: ReportData): Promise<string> {
  const parts = [
    { id: "quality", title: "How good it is", body: await quality(data) },
    { id: "learned", title: "What it learned", body: await learned(data) },
    { id: "more-rows", title: "What more rows would do", body: await moreRows(data.diagnosis) },
    { id: "search", title: "How it was found", body: await search(data) },
    { id: "table", title: "What it was given", body: columnsSection(data) },
    { id: "origin", title: "Where it comes from", body: origin(data) },
  ].filter(({ body }) => body !== undefined);
  return page({
    title: `${data.title} · Lineament`,
    maker: "Lineament report",
    version: data.provenance.version,
    main: markup`${await overview(data)}
<nav aria-label="Parts of the report"><ul>
${parts.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>`)}
</ul></nav>
${parts.map(({ body }) => body)}`,
    data: { file: "report.json", value: data },
  });
}
