import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { featureVectors } from "../../vectors/vector.ts";

/** Where each reference value is held, by its id. */
const covered: Readonly<Record<string, readonly string[]>> = {
  "packages/claims/test/predictions/features/metric-kernels.test.ts": ["FL-V1", "FL-V2", "FL-V5"],
  "packages/claims/test/measures/feature-matrices.test.ts": ["FL-V6"],
  // What no formula answers, only the loop itself.
  "packages/lineament/test/machines/recursive-feature-iterations.test.ts": [
    "FL-V3-max",
    "FL-V3-trace",
    "FL-V3-none",
    "FL-V3-max+centred",
    "FL-V3-max+diag",
    "FL-V3-max+power0.5",
    "FL-V4",
  ],
  "packages/lineament/test/networks/feature-matrices.test.ts": ["FL-V7", "FL-V8"],
};

const root = new URL("../../../../../", import.meta.url);

it("holds every vector of feature-learning.json somewhere, once", () => {
  const ids = Object.values(covered).flat();
  expect([...ids].sort()).toEqual(featureVectors.map(({ id }) => id).sort());
});

it.each(Object.entries(covered))("%s names the vectors it holds", async (file, ids) => {
  const text = await readFile(new URL(file, root), "utf8");
  expect(ids.filter((id) => !text.includes(`"${id}"`))).toEqual([]);
});
