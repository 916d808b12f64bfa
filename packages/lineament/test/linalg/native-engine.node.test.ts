import { describe, test } from "vitest";
import { openBlas } from "../../src/linalg/native/blas.ts";
import { openNativeEngine } from "../../src/linalg/native/index.ts";
import { describeEngine } from "./engine-contract.ts";

const missing = reasonForNoBlas();
if (missing === undefined) {
  describeEngine("native engine", () => openNativeEngine({ inlineFlops: 0 }));
} else {
  describe.skip(`native engine: ${missing}`, () => test("needs a BLAS", () => undefined));
}

function reasonForNoBlas(): string | undefined {
  try {
    openBlas();
    return undefined;
  } catch (error) {
    return String(error);
  }
}
