import { type Content, markup, type Markup } from "../markup.ts";

export interface CardOptions {
  /** As wide as the page. */
  readonly wide?: boolean | undefined;
  /** Words on the left, the picture on the right, where there is room. */
  readonly beside?: boolean | undefined;
}

/** One picture or table with its title and a sentence that says how to read it. */
export function card(
  title: string,
  reading: Content,
  body: Content,
  { wide, beside }: CardOptions = {},
): Markup {
  return markup`<figure class="card${wide ? " wide" : ""}${beside ? " beside" : ""}">
    <figcaption>
      <h3>${title}</h3>
      ${reading === undefined || reading === "" ? "" : markup`<p>${reading}</p>`}
    </figcaption>
    <div class="body">${body}</div>
  </figure>`;
}

/** A picture that scrolls inside its card where the screen is too narrow for its words. */
export function frame(picture: Markup): Markup {
  return markup`<div class="frame">${picture}</div>`;
}

/** Further numbers, folded away. */
export function more(title: string, body: Content): Markup {
  return markup`<details>
    <summary>${title}</summary>
    ${body}
  </details>`;
}

export function section(
  id: string,
  title: string,
  introduction: Content,
  body: readonly (Markup | undefined)[],
): Markup | undefined {
  if (body.every((part) => part === undefined)) return undefined;
  return markup`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${introduction === undefined ? "" : markup`<p>${introduction}</p>`}
    <div class="cards">${body}</div>
  </section>`;
}
