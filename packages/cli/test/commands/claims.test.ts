import { expect, test } from "vitest";
import { ClaimsDocument } from "@lineament/cli";
import { runCommand } from "../run-command.ts";

const claims = new URL("./example-claims.ts", import.meta.url).href;

test("claims are listed with area, status, source and cost", async () => {
  const { code, stdout } = await runCommand(["claims"], { claims });
  expect(code).toBe(0);
  expect(stdout.trim().split("\n")).toHaveLength(7);
  expect(stdout).toMatch(/EX-03 +wide\/throwing +The claim EX-03 +wide +checked +Test +1 s/u);
});

test("an area is listed, also one of a single claim", async () => {
  const { stdout } = await runCommand(["claims", "features"], { claims });
  expect(stdout.trim().split("\n")).toHaveLength(2);
  expect(stdout).toContain("EX-05");
});

test("one claim is told with its statement, settings and where it stops holding", async () => {
  const { code, stdout } = await runCommand(["claims", "ex-01"], { claims });
  expect(code).toBe(0);
  expect(stdout).toContain(String.raw`$x \le 2$`);
  expect(stdout).toContain("Where it stops holding (scale=100): It is larger where $s$ is.");
  expect(stdout).toMatch(/scale +1 +2 +a number in \[0\.5, 100\] +factor/u);
  expect(stdout).toMatch(/seed +0 +a whole number, 0 or more +seed/u);
});

test("--json prints one document", async () => {
  const { stdout } = await runCommand(["claims", "EX-01", "--json"], { claims });
  const document = ClaimsDocument.parse(JSON.parse(stdout));
  expect(document.claims[0]).toMatchObject({
    code: "EX-01",
    contrast: { settings: { scale: 100 } },
    settings: [
      { name: "scale", value: 1, full: 2 },
      { name: "seed", value: 0 },
    ],
  });
});

test("an unknown claim is a wrong request that names the nearest", async () => {
  const { code, stdout, stderr } = await runCommand(["claims", "wyde"], { claims });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain('there is no claim "wyde"; did you mean wide?');
});
