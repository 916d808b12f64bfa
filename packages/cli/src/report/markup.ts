/** A piece of a page, safe to place: every text in it is escaped. */
export class Markup {
  readonly html: string;
  constructor(html: string) {
    this.html = html;
  }
}

/**
 * What a template takes. Plain numbers are not among them: they go through `numbers.ts` first, so that none is shown with
 * sixteen digits or as NaN.
 */
export type Content = Markup | string | undefined | readonly Content[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

// Control characters other than tab and line ends are not allowed in HTML; they are made visible.
// oxlint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\uFFFE\uFFFF]|\p{Surrogate}/gu;

/** Text without characters that a page may not have: they are shown as �. */
export function printable(text: string): string {
  return text.replace(forbidden, "\uFFFD");
}

/** Text as HTML, in elements and in quoted attributes. */
export function escapeText(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => entities[character]!);
}

/** markup`<b>${name}</b>`: the name is escaped, pieces of HTML are not. Attributes must be quoted. */
export function markup(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(parts.map((part, i) => part + markupOf(values[i])).join(""));
}

function markupOf(content: Content): string {
  if (content === undefined) return "";
  if (typeof content === "string") return escapeText(content);
  return content instanceof Markup ? content.html : content.map(markupOf).join("");
}

/** JSON that may stand inside a script element: no tag or comment can begin in it. */
export function embeddedJson(value: unknown): Markup {
  return new Markup(
    JSON.stringify(value).replace(
      /[<>&\u2028\u2029]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
  );
}
