import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Interrupted, ReproduceDocument } from "@lineament/cli";
import { Folder, type Ran, runCommand } from "../run-command.ts";

const claims = new URL("./example-claims.ts", import.meta.url).href;

function reproduce(...words: readonly string[]): Promise<Ran> {
  return runCommand(["reproduce", ...words, "--workers", "2"], { claims });
}

describe("reproduce", { timeout: 60_000 }, () => {
  test("ends with 0 and a table of verdicts when all claims hold", async () => {
    const { code, stdout, stderr } = await reproduce("EX-06", "holding", "ex-01");
    expect(code).toBe(0);
    expect(stdout).toMatch(/EX-01 +The claim EX-01 +✓ holds +[\d.]+ s +x: 1 \(predicted 1\), at most 2/u);
    expect(stdout).toMatch(/EX-06 +No chance in it +✓ holds/u);
    expect(stdout).toMatch(/2 of 2 claims hold; [\d.]+ s of work\./u);
    expect(stderr).toMatch(/^✓ EX-01 holds \([\d.]+ s\)$/mu);
  });

  test("ends with 1 when a claim does not hold", async () => {
    const { code, stdout } = await reproduce("linearized");
    expect(code).toBe(1);
    expect(stdout).toMatch(/EX-02 .*✗ does not hold .*x: 5 \(predicted 1\), at most 2/u);
    expect(stdout).toContain("1 of 2 claims holds, 1 does not;");
  });

  test("reports a claim that throws, or ends its worker, as an error; the others go on", async () => {
    const { code, stdout, stderr } = await reproduce("wide", "EX-01");
    expect(code).toBe(1);
    expect(stdout).toMatch(/EX-01 .*✓ holds/u);
    expect(stdout).toMatch(/EX-03 .*! error .*the matrix is singular/u);
    expect(stdout).toMatch(/EX-04 .*! error/u);
    expect(stdout).toContain("1 of 3 claims holds, 2 errors;");
    expect(stderr).toMatch(/EX-03 threw Error: the matrix is singular at .*example-claims\.ts/u);
    expect(stderr).not.toContain("This should not have happened");
  });

  test("prints exactly one document with --json, as its schema says", async () => {
    const { code, stdout } = await reproduce("EX-01", "EX-02", "EX-03", "EX-06", "--json", "--seeds", "0..1");
    expect(code).toBe(1);
    const { claims } = ReproduceDocument.parse(JSON.parse(stdout));
    expect(claims.map(({ code, outcome, holds }) => [code, outcome, holds])).toEqual([
      ["EX-01", "holds", true],
      ["EX-02", "does not hold", false],
      ["EX-03", "error", false],
      ["EX-06", "holds", true],
    ]);
    expect(claims[0]).toMatchObject({
      id: "linearized/holding",
      title: "The claim EX-01",
      why: "all 2 seeds hold; seed 0: x: 1 (predicted 1), at most 2",
      settings: { scale: 1, seed: 0 },
      predicted: { limit: 2 },
      measured: 1,
      contrast: { holds: false },
      figures: [{ name: "x" }],
    });
    expect(claims[0]!.runs).toHaveLength(2);
    expect(claims[2]!.stack).toContain("example-claims.ts");
    expect(claims[3]).toMatchObject({ measured: { one: 1, none: null } });
    expect(claims[3]!.runs).toBeUndefined();
  });

  test("sets settings where claims have them, and runs the full ones", async () => {
    const set = await reproduce("EX-01", "EX-06", "--set", "scale=1.5", "--set", "digits=4", "--json");
    const [first, second] = ReproduceDocument.parse(JSON.parse(set.stdout)).claims;
    expect([first!.settings, second!.settings]).toEqual([{ scale: 1.5, seed: 0 }, { digits: 4 }]);
    const full = await reproduce("EX-01", "--full", "--json");
    expect(ReproduceDocument.parse(JSON.parse(full.stdout)).claims[0]!.settings).toMatchObject({ scale: 2 });
  });

  test("writes a page, figures and numbers into a folder that it makes", async () => {
    await using folder = await Folder.create();
    const out = folder.at("new", "gallery");
    const { code, stdout } = await reproduce(
      "EX-01",
      "EX-03",
      "--out",
      out,
      "--seeds",
      "4,7",
      "--set",
      "scale=2",
      "--json",
    );
    expect(code).toBe(1);
    const at = (name: string) => join(out, name);
    expect((await readdir(out)).sort()).toEqual([
      "EX-01-x.png",
      "EX-01-x.svg",
      "EX-01.json",
      "EX-03.json",
      "index.html",
    ]);
    const { claims } = ReproduceDocument.parse(JSON.parse(stdout));
    expect(claims[0]!.figures[0]).toMatchObject({ svg: at("EX-01-x.svg"), png: at("EX-01-x.png") });
    expect(JSON.parse(await readFile(at("EX-01.json"), "utf8"))).toEqual(claims[0]);
    const png = await readFile(at("EX-01-x.png"));
    expect([...png.subarray(1, 4)].map((byte) => String.fromCharCode(byte)).join("")).toBe("PNG");
    expect(await readFile(at("EX-01-x.svg"), "utf8")).toMatch(/^<svg[^>]*><rect [^>]*fill="#ffffff"/u);
    const page = await readFile(at("index.html"), "utf8");
    expect(page).toContain("lineament reproduce EX-01 --set scale=2 --seeds 4,7");
    expect(page).toContain('href="#EX-03"');
    expect(page).toContain("the matrix is singular");
    expect(page).toContain("Where it stops holding");
    expect(page).toMatch(/<math/u);
    expect(page).toMatch(/<svg class="picture"/u);
    expect(page).not.toMatch(/(?:src|href)="(?!#|data:)/u);
    expect(page).not.toMatch(/NaN|undefined|\[object/u);
  });

  test.each([
    [["EX-07"], 'there is no claim "EX-07"; did you mean EX-01?'],
    [["linearised"], 'there is no claim "linearised"; did you mean linearized?'],
    [["EX-01", "--set", "scale=0.1"], "EX-01: scale = 0.1 does not fit: it must be a number in [0.5, 100]"],
    [["EX-01", "--set", "scale=big"], 'EX-01: scale = "big" does not fit: it must be a number in [0.5, 100]'],
    [["EX-01", "--set", "scal=1"], "EX-01 has no setting scal; did you mean scale? It has scale, seed"],
    [["all", "--set", "digts=1"], "--set digts: none of these claims has it; did you mean digits?"],
    [["EX-01", "--set", "scale"], '--set "scale": write NAME=VALUE, such as --set width=4096'],
    [
      ["EX-01", "--set", "seed=1", "--seeds", "2"],
      "--seeds and --set seed=… say two things about one setting; give one of them",
    ],
    [
      ["EX-01", "--seeds", "4..2"],
      "option '--seeds <seeds>' argument '4..2' is invalid. It must be seeds such as 3, 0..4 or 0,3,7, at most 1,000.",
    ],
    [["EX-01", "--out", claims.replace("file://", "")], " is not a folder; name a folder for --out"],
    [["EX-01", "--out", `${claims.replace("file://", "")}/gallery`], "gallery cannot be made: "],
    [[], "missing required argument 'claims'"],
  ])("%j is a wrong request: one line, exit code 2, and nothing runs", async (words, message) => {
    const { code, stdout, stderr } = await reproduce(...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toContain(message);
  });
});

describe("Ctrl-C", { timeout: 60_000 }, () => {
  test("shows and writes what has finished, names what has not, and ends with 130", async () => {
    await using folder = await Folder.create();
    const controller = new AbortController();
    const run = runCommand(
      ["reproduce", "EX-01", "EX-05", "--workers", "2", "--out", folder.path, "--json"],
      {
        claims,
        signal: controller.signal,
      },
    );
    while (!(await folder.list()).includes("EX-01.json"))
      await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort(new Interrupted());
    const { code, stdout, stderr } = await run;
    expect(code).toBe(130);
    const document = ReproduceDocument.parse(JSON.parse(stdout));
    expect(document.claims.map((claim) => claim.code)).toEqual(["EX-01"]);
    expect(document.unfinished).toEqual(["EX-05"]);
    expect(stderr).toContain("interrupted; EX-05 did not finish");
    expect(await readFile(folder.at("index.html"), "utf8")).toContain("EX-05 did not finish");
  });

  test("before anything has finished prints no table", async () => {
    const signal = AbortSignal.abort(new Interrupted());
    const { code, stdout, stderr } = await runCommand(["reproduce", "EX-01"], { claims, signal });
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(stderr).toContain("interrupted; EX-01 did not finish");
  });

  test("stops a claim in the middle of its arithmetic", async () => {
    const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
    const long = ["--set", "dimension=500", "--set", "rank=400", "--set", "steps=100000"];
    const words = ["--conditions=@lineament/source", main, "reproduce", "LZ-16", ...long];
    const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (part) => (stderr += String(part)));
    const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
    await new Promise((resolve) => setTimeout(resolve, 4000));
    expect(child.exitCode).toBe(null);
    const asked = performance.now();
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(stderr).toContain("interrupted; LZ-16 did not finish");
  });
});
