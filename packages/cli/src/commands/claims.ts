import { type Claim, describeSettings, findClaims } from "@lineament/claims";
import { ClaimsDocument } from "../output/documents.ts";
import type { Screen } from "../output/screen.ts";
import { loadClaims } from "../reproduce/load-claims.ts";
import { valueText } from "../reproduce/words.ts";
import type { Context } from "./context.ts";

/** Lists claims; one alone is told in full. */
export async function claims(selector: string, { claims: registry }: Context, screen: Screen): Promise<void> {
  const found = findClaims(selector, await loadClaims(registry));
  if (screen.json) screen.document(ClaimsDocument.parse({ claims: found.map(described) }));
  else if (![found[0]!.area, "all"].includes(selector.trim().toLowerCase())) tell(found[0]!, screen);
  else screen.print(list(found, screen));
}

function described(claim: Claim): ClaimsDocument["claims"][number] {
  const { code, id, title, area, statement, source, status, seconds, contrast } = claim;
  const settings = describeSettings(claim);
  return { code, id, title, area, statement, source, status, seconds, settings, contrast };
}

function list(found: readonly Claim[], screen: Screen): string {
  return screen.table(
    ["claim", "id", "title", "area", "status", "source", "cost"],
    found.map(({ code, id, title, area, status, source, seconds }) => [
      code,
      id,
      title,
      area,
      status,
      source,
      `${seconds} s`,
    ]),
    { right: [6] },
  );
}

function tell(claim: Claim, screen: Screen): void {
  const { code, id, title, statement, source, status, seconds, full, contrast } = claim;
  screen.print(`${screen.style("bold", code)}  ${screen.style("bold", title)}`);
  screen.print(`${id} · ${status} · ${source} · about ${seconds} s`);
  screen.print();
  screen.print(unindented(statement));
  if (contrast) {
    const settings = Object.entries(contrast.settings).map(([name, value]) => `${name}=${valueText(value)}`);
    screen.print();
    screen.print(`Where it stops holding (${settings.join(", ")}): ${unindented(contrast.statement)}`);
  }
  screen.print();
  screen.print(
    screen.table(
      ["setting", "default", ...(full ? ["full"] : []), "may be", "meaning"],
      describeSettings(claim).map(({ name, value, full: fuller, range, description }) => [
        name,
        valueText(value),
        ...(full ? [fuller === undefined ? "" : valueText(fuller)] : []),
        range,
        description,
      ]),
    ),
  );
}

/** Text whose lines were indented in the source. */
function unindented(text: string): string {
  return text.replaceAll(/\n\s+/gu, "\n");
}
