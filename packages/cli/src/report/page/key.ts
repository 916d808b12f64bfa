import { type Content, markup, type Markup } from "../markup.ts";
import { seriesDashes, seriesNames } from "../theme.ts";

/** The key of lines in colors and dashes, in the order of the series, then of the gray ones. */
export function lineKey(series: readonly Content[], others?: string): Markup {
  const items = series.map((name, i) => {
    const dash = seriesDashes[i % seriesDashes.length]!.join(" ");
    return markup`<li>${swatch(`var(--${seriesNames[i % seriesNames.length]!})`, "2", dash)}<span>${name}</span></li>`;
  });
  const rest =
    others === undefined ? "" : markup`<li>${swatch("var(--quiet)", "1", "1 0")}<span>${others}</span></li>`;
  return markup`<ul class="key">${items}${rest}</ul>`;
}

function swatch(color: string, width: string, dash: string): Markup {
  return markup`<svg width="28" height="8" aria-hidden="true"><line x1="1" x2="27" y1="4" y2="4" stroke="${color}" stroke-width="${width}" stroke-dasharray="${dash}"/></svg>`;
}
