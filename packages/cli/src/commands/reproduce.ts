import { availableParallelism } from "node:os";
import process from "node:process";
import {
  type Claim,
  type ClaimProgress,
  type ClaimResult,
  findClaims,
  hasSetting,
  parseSettings,
  type Settings,
  settingFromText,
} from "@lineament/claims";
import { InputError, nearestName, quote } from "lineament";
import { ReproduceDocument } from "../output/documents.ts";
import type { Screen } from "../output/screen.ts";
import { formatSeconds } from "../report/numbers.ts";
import { type Assignment, cost, runClaims } from "../reproduce/claim-pool.ts";
import { claimRecord } from "../reproduce/claim-record.ts";
import { galleryFolder } from "../reproduce/gallery-folder.ts";
import { loadClaims } from "../reproduce/load-claims.ts";
import type { Exhibit } from "../reproduce/render-gallery.ts";
import { commandOf, outcomes, summary } from "../reproduce/words.ts";
import { type Context, Ended } from "./context.ts";
import { type EngineFlags, withEngine } from "./options.ts";

export interface ReproduceFlags extends Pick<EngineFlags, "engine"> {
  readonly full?: boolean | undefined;
  readonly set?: readonly string[] | undefined;
  readonly seeds?: readonly number[] | undefined;
  readonly out?: string | undefined;
  readonly workers?: number | undefined;
}

/** Runs claims and says which hold. */
export async function reproduce(
  selectors: readonly string[],
  flags: ReproduceFlags,
  { signal, claims: registry, stdout, stderr }: Context,
  screen: Screen,
): Promise<void> {
  const all = await loadClaims(registry);
  const wanted = new Set(selectors.flatMap((selector) => findClaims(selector, all)));
  const chosen = all.filter((claim) => wanted.has(claim));
  const assignments = assign(chosen, flags);
  // Says now what every worker would say.
  if (flags.engine !== undefined) await withEngine({ engine: flags.engine, threads: 1 }, async () => {});
  const folder = flags.out === undefined ? undefined : await galleryFolder(flags.out);

  const exhibits = new Map<Claim, Exhibit>();
  const running = new Map<Claim, ClaimProgress>();
  const total = assignments.reduce((sum, one) => sum + cost(one), 0);
  const showProgress = (): void => {
    if (!stderr.isTTY) return;
    const part = ({ claim }: Assignment): number =>
      exhibits.has(claim) ? 1 : (running.get(claim)?.fraction ?? 0);
    const done = assignments.reduce((sum, one) => sum + cost(one) * part(one), 0);
    const busy = [...running].map(
      ([{ code }, { fraction, doing }]) => `${code} ${Math.round(100 * fraction)}% ${doing}`,
    );
    screen.progress("claims", done / total, `${exhibits.size} of ${chosen.length} done; ${busy.join(", ")}`);
  };
  await runClaims(assignments, {
    registry,
    engine: flags.engine,
    workers: flags.workers ?? availableParallelism(),
    signal,
    onProgress: (claim, progress) => {
      running.set(claim, progress);
      showProgress();
    },
    onResult: async (claim, result) => {
      running.delete(claim);
      const { settings, seeds } = assignments.find((one) => one.claim === claim)!;
      const drawings = (await folder?.add(claim, result)) ?? new Map<string, string>();
      const command = commandOf(claim, { full: flags.full ?? false, settings, seeds });
      exhibits.set(claim, { claim, result, drawings, command });
      const { mark, words } = outcomes[result.outcome];
      if (!stderr.isTTY)
        screen.note(
          `${mark} ${claim.code} ${words} (${formatSeconds(result.seconds)})${result.holds ? "" : `: ${result.why}`}`,
        );
      showProgress();
    },
  });
  screen.done();

  const finished = chosen.flatMap((claim) => exhibits.get(claim) ?? []);
  const unfinished = chosen.filter((claim) => !exhibits.has(claim));
  await folder?.finish(finished, unfinished);
  const results = finished.map(({ result }) => result);
  if (screen.json)
    screen.document(
      ReproduceDocument.parse({
        claims: finished.map(({ claim, result }) =>
          claimRecord(result, (figure) => folder?.files(claim, figure) ?? {}),
        ),
        ...(unfinished.length > 0 ? { unfinished: unfinished.map(({ code }) => code) } : {}),
      }),
    );
  else if (results.length > 0) {
    screen.print(verdictTable(results, screen, stdout.isTTY === true ? stdout.columns : undefined));
    screen.print();
    screen.print(summary(results));
    if (folder) screen.print(`Gallery: ${folder.page}`);
  }
  for (const { code, stack } of results)
    if (stack !== undefined)
      screen.note(`${code} threw ${process.env["LINEAMENT_DEBUG"] ? stack : firstFrame(stack)}`);
  if (unfinished.length > 0) {
    screen.note(`interrupted; ${unfinished.map(({ code }) => code).join(", ")} did not finish`);
    throw new Ended(130);
  }
  if (results.some(({ holds }) => !holds)) throw new Ended(1);
}

/** What is to be run, with settings that every claim has agreed to. */
function assign(claims: readonly Claim[], { full = false, set = [], seeds }: ReproduceFlags): Assignment[] {
  const pairs = set.map((text) => {
    const at = text.indexOf("=");
    if (at <= 0) throw new InputError(`--set ${quote(text)}: write NAME=VALUE, such as --set width=4096`);
    return { name: text.slice(0, at).trim(), text: text.slice(at + 1) };
  });
  for (const { name } of pairs) {
    if (claims.some((claim) => hasSetting(claim, name))) continue;
    if (claims.length === 1) parseSettings(claims[0]!, { [name]: undefined });
    const near = nearestName(name, [
      ...new Set(claims.flatMap((claim) => Object.keys(claim.settings.shape))),
    ]);
    throw new InputError(
      `--set ${name}: none of these claims has it${near === undefined ? "" : `; did you mean ${near}?`}`,
    );
  }
  if (seeds !== undefined && pairs.some(({ name }) => name === "seed"))
    throw new InputError("--seeds and --set seed=… say two things about one setting; give one of them");
  return claims.map((claim) => {
    const settings: Settings = Object.fromEntries(
      pairs.flatMap(({ name, text }) =>
        hasSetting(claim, name) ? [[name, settingFromText(claim, name, text)]] : [],
      ),
    );
    const seeded = hasSetting(claim, "seed") ? seeds : undefined;
    for (const seed of seeded ?? [undefined])
      parseSettings(claim, { ...settings, ...(seed === undefined ? {} : { seed }) }, { full });
    return { claim, settings, full, seeds: seeded };
  });
}

function verdictTable(results: readonly ClaimResult[], screen: Screen, columns: number | undefined): string {
  const colors = { holds: "green", "does not hold": "red", error: "yellow" } as const;
  const titles = Math.max(...results.map(({ title }) => title.length));
  // On a terminal a row is one line; what does not hold is told in full, whatever its length.
  const room = columns === undefined ? Infinity : Math.max(20, columns - titles - 40);
  return screen.table(
    ["claim", "title", "verdict", "time", "why"],
    results.map(({ code, title, outcome, holds, seconds, why }) => [
      code,
      title,
      screen.style(colors[outcome], `${outcomes[outcome].mark} ${outcomes[outcome].words}`),
      formatSeconds(seconds),
      holds && why.length > room ? `${why.slice(0, room - 1)}…` : why,
    ]),
    { right: [3] },
  );
}

/** Message and place, in a line. */
function firstFrame(stack: string): string {
  return stack
    .split("\n", 2)
    .map((line) => line.trim())
    .join(" ");
}
