import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { interpolationVectors } from "../../vectors/vector.ts";

/** Where each reference value is held, by its id. */
const covered: Readonly<Record<string, readonly string[]>> = {
  "packages/claims/test/predictions/interpolation/trade-off.test.ts": ["IN-V1", "IN-V2"],
  "packages/claims/test/predictions/interpolation/noise-ratios.test.ts": ["IN-V3"],
  "packages/claims/test/predictions/interpolation/grid-interpolation.test.ts": ["IN-V4", "IN-V5"],
  "packages/claims/test/predictions/interpolation/deep-classifiers.test.ts": [
    "IN-V6",
    "IN-V7",
    "IN-V8",
    "IN-V9",
    "IN-V10",
  ],
};

const root = new URL("../../../../../", import.meta.url);

it("holds every vector of interpolation.json somewhere, once", () => {
  const ids = Object.values(covered).flat();
  expect([...ids].sort()).toEqual(interpolationVectors.map(({ id }) => id).sort());
});

it.each(Object.entries(covered))("%s names the vectors it holds", async (file, ids) => {
  const text = await readFile(new URL(file, root), "utf8");
  // IN-V1 is not named by IN-V10.
  expect(ids.filter((id) => !text.includes(`"${id}"`))).toEqual([]);
});
