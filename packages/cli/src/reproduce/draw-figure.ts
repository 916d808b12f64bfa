import { createRequire } from "node:module";
import { Resvg } from "@resvg/resvg-js";
import type { Figure } from "@lineament/claims";
import { figureSvg } from "../report/picture.ts";

// Without files of fonts resvg leaves out all text, and says nothing.
const require = createRequire(import.meta.url);
const fontFiles = ["DejaVuSans", "DejaVuSans-Bold"].map((name) =>
  require.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`),
);

/** The SVG of a figure, transparent, in light colors. */
export function drawFigure({ spec }: Figure): Promise<string> {
  return figureSvg(spec as unknown as Parameters<typeof figureSvg>[0]);
}

/** The same on white paper, as a file of its own. */
export function onPaper(svg: string): string {
  return svg.replace(/<svg[^>]*>/u, (tag) => `${tag}<rect width="100%" height="100%" fill="#ffffff"/>`);
}

/** An SVG as PNG, two pixels a unit. */
export function png(svg: string): Uint8Array {
  const font = {
    fontFiles,
    loadSystemFonts: false,
    defaultFontFamily: "DejaVu Sans",
    sansSerifFamily: "DejaVu Sans",
  };
  return new Resvg(svg, { font, fitTo: { mode: "zoom", value: 2 } }).render().asPng();
}
