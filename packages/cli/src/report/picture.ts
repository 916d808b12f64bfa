import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { PositionFieldDef } from "vega-lite/types_unstable/channeldef.js";
import type { Encoding as ChannelEncoding } from "vega-lite/types_unstable/encoding.js";
import type { LayerSpec, UnitSpec } from "vega-lite/types_unstable/spec/index.js";
import { escapeText, Markup, printable } from "./markup.ts";
import { textWidth } from "./text-width.ts";
import { type ColorName, colors, cssVariable, figureConfig } from "./theme.ts";

export type Figure = TopLevelSpec;
export type { LayerSpec };
export type Layer = LayerSpec<string> | UnitSpec<string>;
export type Encoding = Partial<ChannelEncoding<string>>;
export type Position = PositionFieldDef<string>;

/** These layers, or none. */
export function layersIf(condition: boolean, ...layers: Layer[]): Layer[] {
  return condition ? layers : [];
}

/** What Vega has to say about a figure: nothing, if it is well made. */
export interface FigureLog {
  warnings: string[];
}

interface TextMetrics {
  width: (
    item: { readonly fontSize?: number; readonly fontWeight?: string | number },
    text: string | number | null | undefined,
  ) => number;
}

/** A figure as an SVG document with its light colors, the same for the same figure. */
export async function figureSvg(figure: Figure, log: FigureLog = { warnings: [] }): Promise<string> {
  const { textMetrics } = vega as unknown as { readonly textMetrics: TextMetrics };
  textMetrics.width = (item, text) =>
    textWidth(String(text ?? ""), item.fontSize ?? 11) * (item.fontWeight === "bold" ? 1.06 : 1);
  const note = (...args: readonly unknown[]): void => void log.warnings.push(args.map(String).join(" "));
  const logger = {
    level: () => logger,
    error: note,
    warn: note,
    info: () => logger,
    debug: () => logger,
  } as unknown as vega.LoggerInterface;
  // A copy, because Vega numbers the rows of its data in place.
  const { spec } = compile(structuredClone(figure), { config: figureConfig, logger });
  const view = new vega.View(vega.parse(spec), { renderer: "none", logger });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/**
 * A figure as a part of the page: colors become CSS variables, descriptions of marks become notes for the pointer, and what
 * Vega writes for editors is left out, which makes a scatter of 2,000 points a sixth of its size.
 *
 * @param name - unique in the page; prefix of the ids in the picture
 * @param description - what is to be seen, for those who don't
 */
export async function picture(
  figure: Figure,
  name: string,
  description: string,
  log?: FigureLog,
): Promise<Markup> {
  return pagePicture(await figureSvg(figure, log), name, description);
}

/** What `picture` makes of a figure that is drawn already. */
export function pagePicture(svg: string, name: string, description: string): Markup {
  const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg)!;
  let body = printable(svg)
    .replace(/^<svg[^>]*>/, "")
    .replace(/<\/svg>\s*$/, "");
  const ids = [...body.matchAll(/\bid="([^"]+)"/g)].map((match) => match[1]!);
  body = rewriteTags(body, (tag) => pageTag(tag, name, ids));
  // Groups that hold nothing, from the inside out.
  for (let before = ""; before !== body;) {
    before = body;
    body = body.replace(/<g[^>]*><\/g>/g, "");
  }
  body = gatherCircles(body);
  return new Markup(
    `<svg class="picture" role="img" aria-label="${escapeText(description)}" viewBox="0 0 ${width} ${height}" ` +
      `width="${width}" height="${height}" style="--natural: ${width}px">${body}</svg>`,
  );
}

/** Texts never contain "<", so that a tag begins at every "<"; quotes in attributes are escaped, so that it ends at ">" outside of quotes. */
function rewriteTags(svg: string, rewrite: (tag: string) => string): string {
  return svg.replace(/<[^"<>]*(?:"[^"]*"[^"<>]*)*>/g, rewrite);
}

const colorVariables = new Map(
  Object.entries(colors).map(([name, hex]) => [hex, `var(${cssVariable(name as ColorName)})`]),
);

function pageTag(tag: string, name: string, ids: readonly string[]): string {
  if (tag.startsWith("</")) return tag;
  const element = /^<([\w-]+)/.exec(tag)![1]!;
  const attributes = new Map(
    [...tag.matchAll(/([\w:-]+)="([^"]*)"/g)].map((match) => [match[1]!, match[2]!]),
  );
  const invisible =
    element === "path" &&
    (attributes.get("d") === "" ||
      attributes.get("d") === "M0,0h0v0h0Z" ||
      attributes.get("display") === "none");
  if (invisible) return tag.endsWith("/>") ? "" : `<path>`;
  const label = attributes.get("aria-label");
  const kept: string[] = [];
  for (const [key, value] of attributes) {
    if (
      key.startsWith("aria-") ||
      key === "role" ||
      key === "class" ||
      key === "font-family" ||
      key === "xmlns:xlink"
    )
      continue;
    if (
      key === "pointer-events" ||
      (key.endsWith("opacity") && value === "1") ||
      (key === "transform" && value === "translate(0,0)")
    )
      continue;
    if (key === "id") kept.push(`id="${name}-${ids.indexOf(value)}"`);
    else if (key === "fill" || key === "stroke") kept.push(`${key}="${colorVariables.get(value) ?? value}"`);
    else if (/^(d|transform|[xy][12]?|width|height|stroke-dasharray)$/.test(key))
      kept.push(`${key}="${rounded(value)}"`);
    else
      kept.push(
        `${key}="${value.replace(/url\(#([^)]+)\)/g, (_, id: string) => `url(#${name}-${ids.indexOf(id)})`)}"`,
      );
  }
  // Vega describes axes and legends too; only marks carry a note.
  if (
    label !== undefined &&
    attributes.get("role") === "graphics-symbol" &&
    !/^(axis|legend|title)/.test(attributes.get("aria-roledescription") ?? "")
  )
    kept.push(`data-note="${label}"`);
  return `<${[element, ...kept].join(" ")}${tag.endsWith("/>") ? "/" : ""}>`;
}

function rounded(numbers: string): string {
  return numbers.replace(/-?\d*\.\d+(?:e[+-]?\d+)?/g, (text) => String(Number(Number(text).toFixed(2))));
}

/** Round points as circles; what all neighbors have in common is said once. */
function gatherCircles(svg: string): string {
  const circle =
    /<path ((?:data-note="[^"]*" )?)transform="translate\(([-\d.]+),([-\d.]+)\)" d="M([\d.]+),0A\4,\4,0,1,1,-\4,0A\4,\4,0,1,1,\4,0"([^>]*?)((?: data-note="[^"]*")?)\/>/g;
  return svg.replace(/(?:<path [^>]*\/>)+/g, (run) => {
    const circles = [...run.matchAll(circle)];
    const common = circles[0]?.[5] ?? "";
    if (
      circles.length < 3 ||
      circles.map((match) => match[0]).join("") !== run ||
      circles.some((match) => match[5] !== common)
    )
      return run;
    const body = circles
      .map(
        ([, , x, y, r, , note]) =>
          `<circle cx="${x}" cy="${y}" r="${Number(Number(r).toFixed(2))}"${note ?? ""}/>`,
      )
      .join("");
    return `<g${common}>${body}</g>`;
  });
}
