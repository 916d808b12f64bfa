import { readdir } from "node:fs/promises";
import process from "node:process";
import { claims, runClaim } from "@lineament/claims";
import { openEngine } from "lineament";
import { afterAll, describe, expect, test } from "vitest";
import { figureSvg } from "../../../cli/src/report/picture.ts";
import { typeset } from "../../../cli/src/reproduce/typeset.ts";

// One claim: npx vitest run --project node packages/claims/test/holds -t LZ-16
// Other seeds: LINEAMENT_CLAIM_SEEDS=1,2,3
const seeds = (process.env["LINEAMENT_CLAIM_SEEDS"] || "0").split(",").map(Number);

/** What there is nothing to see of. */
const withoutFigures = new Set(["LZ-02"]);

function expectTypeset(prose: string): void {
  expect({ prose, html: typeset(prose).html }).toMatchObject({
    html: expect.not.stringContaining("bad-tex") as string,
  });
}

/** What every claim of an area must do; areas run side by side, each with one thread. */
export async function describeArea(area: string): Promise<void> {
  const engine = await openEngine({ threads: 1 });
  afterAll(() => engine.close());
  const own = claims.filter((claim) => claim.area === area);

  describe.each(own)("$code $id", (claim) => {
    test.each(claim.settings.shape["seed"] === undefined ? [undefined] : seeds)(
      "holds, and its contrast does not (seed %s)",
      { timeout: 300_000 },
      async (seed) => {
        const result = await runClaim(claim, { engine, seeds: seed === undefined ? undefined : [seed] });
        expect({ outcome: result.outcome, why: result.why }).toEqual({ outcome: "holds", why: result.why });
        expect(result.contrast?.holds).toBe(claim.contrast === undefined ? undefined : false);

        const names = result.figures.map(({ name }) => name);
        expect(names.length > 0 || withoutFigures.has(claim.code)).toBe(true);
        expect(new Set(names).size).toBe(names.length);
        for (const { name, title, caption, spec } of result.figures) {
          expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/u);
          expect(title).not.toBe("");
          expectTypeset(caption);
          const log = { warnings: [] };
          expect(await figureSvg(spec as never, log)).toMatch(/^<svg/u);
          expect({ figure: name, ...log }).toEqual({ figure: name, warnings: [] });
        }
      },
    );

    test("is stated in TeX that can be typeset", () => {
      expectTypeset(claim.statement);
      if (claim.contrast) expectTypeset(claim.contrast.statement);
    });
  });

  test(`every file of ${area} is registered`, async () => {
    const files = await readdir(new URL(`../../src/${area}/`, import.meta.url));
    const names = files
      .filter((file) => file !== "index.ts")
      .map((file) => `${area}/${file.replace(/\.ts$/u, "")}`);
    expect(own.map(({ id }) => id).sort()).toEqual(names.sort());
  });
}
