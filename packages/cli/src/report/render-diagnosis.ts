import { shorten } from "./labels.ts";
import { markup } from "./markup.ts";
import { countOf } from "./numbers.ts";
import { page } from "./page/page.ts";
import type { Diagnosis } from "./report-data.ts";
import { moreRows } from "./sections/more-rows.ts";

/** The page of `lineament diagnose`: the same section that the report of a fit has, by itself. */
export async function renderDiagnosis(
  diagnosis: Diagnosis,
  { title, version }: { readonly title: string; readonly version: string },
): Promise<string> {
  const facts = [countOf(diagnosis.of, "training row"), diagnosis.kernel, diagnosis.error];
  return page({
    title: `${title} · Lineament`,
    maker: "Lineament diagnosis",
    version,
    main: markup`<h1>${shorten(title, 140)}</h1>
    <p class="facts">${facts.map((fact, i) => markup`${i === 0 ? "" : " "}<span>${fact}</span>`)}</p>
    ${await moreRows(diagnosis)}`,
    data: { file: "diagnosis.json", value: diagnosis },
  });
}
