import { createHash } from "node:crypto";
import { embeddedJson, markup, Markup } from "../markup.ts";
import { pageScript } from "./script.ts";
import { pageStyle } from "./style.ts";

export interface Page {
  readonly title: string;
  /** What made it, in the upper left corner. */
  readonly maker: string;
  readonly version: string;
  readonly main: Markup;
  /** What the page shows, as data that can be saved under a name. */
  readonly data: { readonly file: string; readonly value: unknown };
}

/**
 * One HTML file: pictures are drawn already, nothing is loaded from anywhere, and its policy lets no script run but the page's
 * own.
 */
export function page({ title, maker, version, main, data }: Page): string {
  const hash = createHash("sha256").update(pageScript).digest("base64");
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;
  const { html } = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Lineament ${version}">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>
${new Markup(pageStyle)}
</style>
</head>
<body>
<div class="sheet">
<header class="bar">
<span class="maker">${maker}</span>
<button id="save" type="button" data-file="${data.file}" hidden>Save the data</button>
<button id="theme" type="button" hidden></button>
</header>
<main>
${main}
</main>
<footer>Made by Lineament ${version}. This page holds all of its data and loads nothing.</footer>
</div>
<script type="application/json" id="report-data">${embeddedJson(rounded(data.value))}</script>
<script>${new Markup(pageScript)}</script>
</body>
</html>
`;
  return html;
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
