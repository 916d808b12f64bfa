import { expect, test } from "vitest";
import { typeset } from "../../src/reproduce/typeset.ts";

test("formulas between dollar signs become MathML, and the rest is escaped", () => {
  const { html } = typeset(String.raw`If a < b & $x_1 \le \lambda$ then $$\tfrac12\|x\|^2$$ <b>`);
  expect(html).toContain("If a &lt; b &amp; <math");
  expect(html).toContain("<mi>λ</mi>");
  expect(html).toMatch(/<span class="formula"><math[^>]*display="block"/u);
  expect(html.endsWith("</math></span> &lt;b&gt;")).toBe(true);
  expect(html).not.toMatch(/katex| style=|\$/u);
});

test("what is no TeX stands as it is written", () => {
  expect(typeset(String.raw`$\nosuch{<i>}$`).html).toBe(
    String.raw`<code class="bad-tex">\nosuch{&lt;i&gt;}</code>`,
  );
  expect(typeset("costs 5 $").html).toBe("costs 5 $");
});
