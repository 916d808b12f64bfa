import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { vectors } from "../vectors/vector.ts";

/** Where each reference value is held, by its id. */
const covered: Readonly<Record<string, readonly string[]>> = {
  "packages/claims/test/predictions/sphere.test.ts": [
    "LZ-V07-d3",
    "LZ-V07-d10",
    "LZ-V07-d30",
    "LZ-V07-d100",
    "LZ-V08-d3",
    "LZ-V08-d10",
    "LZ-V08-d30",
    "LZ-V09",
    "LZ-V12-d20",
    "LZ-V12-d60",
  ],
  "packages/claims/test/predictions/relu-degrees.test.ts": [
    "LZ-V05",
    "LZ-V06",
    "LZ-V10-d5",
    "LZ-V10-d10",
    "LZ-V10-d20",
    "LZ-V10-d30",
    "LZ-V10-d50",
    "LZ-V10-d100",
    "LZ-V10-dinf",
    "LZ-V11",
    "LZ-V13-d20",
    "LZ-V13-d30",
  ],
  "packages/claims/test/predictions/kernels.test.ts": [
    "LZ-V01",
    "LZ-V02",
    "LZ-V03-abs",
    "LZ-V03-cos",
    "LZ-V03-erf",
    "LZ-V03-erfDeriv",
    "LZ-V03-exp",
    "LZ-V03-gelu",
    "LZ-V03-geluDeriv",
    "LZ-V03-leakyRelu(0.2)",
    "LZ-V03-normalCdf",
    "LZ-V03-relu",
    "LZ-V03-relu2",
    "LZ-V03-sin",
    "LZ-V03-step",
    "LZ-V04",
    "LZ-V22",
    "LZ-V25",
  ],
  "packages/claims/test/predictions/eigenframework.test.ts": ["LZ-V14", "LZ-V15"],
  "packages/claims/test/predictions/training.test.ts": [
    "LZ-V17",
    "LZ-V18",
    "LZ-V19",
    "LZ-V20",
    "LZ-V21",
    "LZ-V26",
    "LZ-V27",
  ],
  "packages/claims/test/measures/measures.test.ts": ["LZ-V23"],
  "packages/lineament/test/networks/dense-network.test.ts": ["LZ-V16"],
  "packages/lineament/test/networks/tangent-kernel.test.ts": ["LZ-V24"],
};

const root = new URL("../../../../", import.meta.url);

it("holds every vector of linearized-networks.json somewhere, once", () => {
  const ids = Object.values(covered).flat();
  expect([...ids].sort()).toEqual(vectors.map(({ id }) => id).sort());
});

it.each(Object.entries(covered))("%s names the vectors it holds", async (file, ids) => {
  const text = await readFile(new URL(file, root), "utf8");
  expect(ids.filter((id) => !text.includes(id))).toEqual([]);
});
