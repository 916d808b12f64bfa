import { createHash } from "node:crypto";
import { embeddedJson, markup, Markup } from "./markup.ts";
import { pageScript } from "./page/script.ts";
import { pageStyle } from "./page/style.ts";
import type { ReportData } from "./report-data.ts";
import { learned } from "./sections/learned.ts";
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
    { id: "search", title: "How it was found", body: await search(data) },
    { id: "table", title: "What it was given", body: columnsSection(data) },
    { id: "origin", title: "Where it comes from", body: origin(data) },
  ].filter(({ body }) => body !== undefined);
  const hash = createHash("sha256").update(pageScript).digest("base64");
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Lineament ${data.provenance.version}">
<title>${data.title} · Lineament</title>
<link rel="icon" href="data:,">
<style>
${new Markup(pageStyle)}
</style>
</head>
<body>
<div class="sheet">
<header class="bar">
<span class="maker">Lineament report</span>
<button id="save" type="button" hidden>Save the data</button>
<button id="theme" type="button" hidden></button>
</header>
<main>
${await overview(data)}
<nav aria-label="Parts of the report"><ul>
${parts.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>`)}
</ul></nav>
${parts.map(({ body }) => body)}
</main>
<footer>Made by Lineament ${data.provenance.version}. This page holds all of its data and loads nothing.</footer>
</div>
<script type="application/json" id="report-data">${embeddedJson(rounded(data))}</script>
<script>${new Markup(pageScript)}</script>
</body>
</html>
`;
  return page.html;
}

/** The data with seven significant digits, and null where a number is not finite. */
function rounded(value: unknown): unknown {
  if (typeof value === "number")
    return Number.isFinite(value) ? (Number.isInteger(value) ? value : Number(value.toPrecision(7))) : null;
  if (Array.isArray(value)) return value.map(rounded);
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rounded(inner)]));
  return value;
}
