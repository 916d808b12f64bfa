import { expect, test } from "vitest";
import { openWasmEngine } from "../../src/linalg/wasm/index.ts";

test("memory is shared, so two threads are two threads, here and in the browser", async () => {
  const engine = await openWasmEngine({ threads: 2 });
  expect(engine.threads).toBe(2);
  expect(engine.allocate(2, 2, "float32").data.buffer).toBeInstanceOf(SharedArrayBuffer);
  await engine.close();
});
