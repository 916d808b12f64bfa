import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { linearNetworkVectors } from "../../vectors/vector.ts";

/** Where each reference value is held, by its id. */
const covered: Readonly<Record<string, readonly string[]>> = {
  "packages/claims/test/predictions/linear-networks/balance.test.ts": ["LN-V01", "LN-V02", "LN-V03"],
  "packages/claims/test/predictions/linear-networks/end-to-end.test.ts": [
    "LN-V04-n1",
    "LN-V04-n2",
    "LN-V04-n3",
    "LN-V04-n5",
    "LN-V05-n2",
    "LN-V05-n3",
    "LN-V06-n2",
    "LN-V06-n3",
    "LN-V06-n4",
    "LN-V07-n2",
    "LN-V07-n3",
    "LN-V07-n6",
    "LN-V12-n2",
    "LN-V12-n3",
    "LN-V22",
    "LN-V23",
    "LN-V28",
  ],
  "packages/claims/test/predictions/linear-networks/convergence.test.ts": [
    "LN-V25",
    "LN-V26",
    "LN-V27",
    "LN-V29",
    "LN-V30",
  ],
  "packages/claims/test/predictions/linear-networks/singular-values.test.ts": [
    "LN-V08-n1",
    "LN-V08-n2",
    "LN-V08-n3",
    "LN-V08-n4",
    "LN-V09-n2",
    "LN-V09-n3",
    "LN-V09-n4",
    "LN-V10",
    "LN-V11",
    "LN-V13",
    "LN-V24",
    "LN-V33",
  ],
  "packages/claims/test/predictions/linear-networks/completion.test.ts": [
    "LN-V14",
    "LN-V15",
    "LN-V16",
    "LN-V17",
    "LN-V20-n2",
    "LN-V20-n3",
    "LN-V20-n4",
    "LN-V21",
  ],
  // What no formula answers, only an algorithm.
  "packages/lineament/test/linear/minimum-nuclear-norm.test.ts": ["LN-V18", "LN-V19", "LN-V32"],
  "packages/lineament/test/linear/descent.test.ts": ["LN-V31"],
};

const root = new URL("../../../../../", import.meta.url);

it("holds every vector of linear-networks.json somewhere, once", () => {
  const ids = Object.values(covered).flat();
  expect([...ids].sort()).toEqual(linearNetworkVectors.map(({ id }) => id).sort());
});

it.each(Object.entries(covered))("%s names the vectors it holds", async (file, ids) => {
  const text = await readFile(new URL(file, root), "utf8");
  expect(ids.filter((id) => !text.includes(id))).toEqual([]);
});
