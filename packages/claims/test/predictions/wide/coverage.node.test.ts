import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { wideVectors } from "../../vectors/vector.ts";

/** Where each reference value is held, by its id; some have parts that formulas answer, and parts that only networks do. */
const covered: Readonly<Record<string, readonly string[]>> = {
  "packages/claims/test/predictions/wide/two-layer-derivatives.test.ts": ["WN-V1"],
  "packages/claims/test/measures/output-derivatives.test.ts": ["WN-V1"],
  "packages/claims/test/predictions/wide/catapults.test.ts": ["WN-V2", "WN-V3"],
  "packages/lineament/test/networks/train.test.ts": ["WN-V4"],
  "packages/lineament/test/networks/quadratize.test.ts": ["WN-V4"],
  "packages/lineament/test/networks/taylor-expansion.test.ts": ["WN-V5"],
  "packages/claims/test/predictions/wide/two-layer-tangent-kernel.test.ts": ["WN-V6"],
  "packages/claims/test/predictions/wide/restricted-curvature-bound.test.ts": ["WN-V6"],
  "packages/lineament/test/networks/restricted-strong-convexity.test.ts": ["WN-V6"],
};

const root = new URL("../../../../../", import.meta.url);

it("holds every vector of wide-networks.json somewhere", () => {
  const ids = new Set(Object.values(covered).flat());
  expect([...ids].sort()).toEqual(wideVectors.map(({ id }) => id).sort());
});

it.each(Object.entries(covered))("%s names the vectors it holds", async (file, ids) => {
  const text = await readFile(new URL(file, root), "utf8");
  expect(ids.filter((id) => !text.includes(id))).toEqual([]);
});
