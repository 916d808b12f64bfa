import katex from "katex";
import { type Content, markup, Markup } from "../report/markup.ts";

/** Prose with TeX between dollar signs ($…$ in the line, $$…$$ on its own) as text and MathML, which needs no fonts and prints. */
export function typeset(prose: string): Markup {
  const parts = prose.split(/(\$\$[^$]+\$\$|\$[^$]+\$)/u).map((part): Content => {
    if (!part.startsWith("$")) return part;
    const displayMode = part.startsWith("$$");
    return formula(part.replaceAll(/^\$+|\$+$/gu, ""), displayMode);
  });
  return markup`${parts}`;
}

/** What is no TeX stands as it is written. */
function formula(tex: string, displayMode: boolean): Markup {
  try {
    const html = katex.renderToString(tex, { output: "mathml", displayMode, strict: "error" });
    const math = new Markup(html.replace(/^<span class="katex">|<\/span>$/gu, ""));
    return displayMode ? markup`<span class="formula">${math}</span>` : math;
  } catch (error) {
    if (error instanceof katex.ParseError) return markup`<code class="bad-tex">${tex}</code>`;
    throw error;
  }
}
