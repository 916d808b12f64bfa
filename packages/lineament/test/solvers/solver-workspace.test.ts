import { expect, test } from "vitest";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { solverWorkspace } from "../../src/solvers/index.ts";

test("memory is taken again by name, where it is large enough and of the same precision", async () => {
  const engine = await openEngine({ engine: "plain" });
  const workspace = solverWorkspace(engine);
  const first = workspace.matrix("a", 3, 4, "float64");
  const smaller = workspace.matrix("a", 2, 4, "float64");
  expect(smaller).toMatchObject({ rows: 2, cols: 4 });
  expect(smaller.data).toHaveLength(8);
  expect(smaller.data.buffer).toBe(first.data.buffer);
  expect(workspace.matrix("b", 3, 4, "float64").data.buffer).not.toBe(first.data.buffer);
  expect(workspace.matrix("a", 3, 4, "float32").data).toBeInstanceOf(Float32Array);
  expect(workspace.matrix("a", 5, 5, "float64").data.buffer).not.toBe(first.data.buffer);
  await engine.close();
});
