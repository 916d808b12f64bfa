import { describe, expect, test } from "vitest";
import { type ClaimProgress, plain, runClaim, verdict } from "@lineament/claims";
import { type Engine, InputError, openEngine } from "lineament";
import { exampleClaim } from "./example-claims.ts";

const engine: Engine = await openEngine({ engine: "plain" });

describe("a claim", () => {
  test("that holds, and whose contrast does not, holds", async () => {
    const result = await runClaim(exampleClaim(), { engine });
    expect(result).toMatchObject({
      code: "EX-01",
      id: "linearized/example-of-claims",
      title: "One is at most two",
      outcome: "holds",
      holds: true,
      why: "error: 1 (predicted 1), at most 2",
      predicted: { limit: 2 },
      measured: { error: 1, seed: 0 },
      contrast: { holds: false, why: "error: 3 (predicted 1), at most 2" },
    });
    expect(result.settings).toMatchObject({ width: 8, seed: 0 });
    expect(result.figures.map(({ name }) => name)).toEqual(["error"]);
    expect(result.seconds).toBeGreaterThanOrEqual(0);
  });

  test("whose verdict fails does not hold", async () => {
    const result = await runClaim(exampleClaim(), { engine, settings: { fail: true } });
    expect(result).toMatchObject({
      outcome: "does not hold",
      holds: false,
      why: "error: 3 (predicted 1), at most 2",
    });
  });

  test("whose contrast holds too does not hold, and says so", async () => {
    const blind = exampleClaim({
      judge: () => verdict([{ name: "x", measured: 1, condition: "any", holds: true }]),
    });
    const result = await runClaim(blind, { engine });
    expect(result).toMatchObject({ outcome: "does not hold", why: "the contrast holds too: x: 1, any" });
  });

  test("that checks nothing does not hold", async () => {
    expect(await runClaim(exampleClaim({ judge: () => verdict([]) }), { engine })).toMatchObject({
      holds: false,
    });
  });

  test("without a contrast is judged by its verdict alone", async () => {
    const { contrast: _, ...rest } = exampleClaim();
    const result = await runClaim({ ...rest, contrast: undefined }, { engine });
    expect(result).toMatchObject({ outcome: "holds", contrast: undefined });
  });

  test.each([
    ["measures", { measure: () => Promise.reject(new Error("no convergence")) }],
    [
      "predicts",
      {
        predict: () => {
          throw new Error("no convergence");
        },
      },
    ],
    [
      "draws",
      {
        figures: () => {
          throw new Error("no convergence");
        },
      },
    ],
  ])("that throws while it %s is an error, not a claim that does not hold", async (_, changes) => {
    const result = await runClaim(exampleClaim(changes), { engine });
    expect(result).toMatchObject({
      outcome: "error",
      holds: false,
      why: "no convergence",
      figures: [],
      checks: [],
    });
    expect(result.stack).toContain("run-claim.test.ts");
  });
});

describe("seeds", () => {
  test("are one run each; the first that fails is shown", async () => {
    const sensitive = exampleClaim({
      measure: async ({ seed, fail }) => ({ error: fail || seed === 2 ? 3 : 1, seed }),
    });
    const held = await runClaim(sensitive, { engine, seeds: [0, 1] });
    expect(held).toMatchObject({
      holds: true,
      why: "all 2 seeds hold; seed 0: error: 1 (predicted 1), at most 2",
    });
    const failed = await runClaim(sensitive, { engine, seeds: [0, 2, 4] });
    expect(failed).toMatchObject({
      outcome: "does not hold",
      why: "1 of 3 seeds fails; seed 2: error: 3 (predicted 1), at most 2",
      measured: { error: 3, seed: 2 },
    });
    expect(failed.runs.map(({ settings, holds }) => [settings["seed"], holds])).toEqual([
      [0, true],
      [2, false],
      [4, true],
    ]);
  });

  test("come from the settings when none are asked for", async () => {
    const result = await runClaim(exampleClaim(), { engine, settings: { seed: 7 } });
    expect(result.measured).toEqual({ error: 1, seed: 7 });
  });

  test("run the contrast too, at quick settings with the seed of the run", async () => {
    const seen: unknown[] = [];
    const watched = exampleClaim({
      measure: async (settings) => {
        seen.push([settings.fail, settings.seed, settings.width]);
        return { error: settings.fail ? 3 : 1, seed: settings.seed };
      },
    });
    await runClaim(watched, { engine, seeds: [3, 5], full: true });
    expect(seen).toEqual([
      [false, 3, 64],
      [true, 3, 8],
      [false, 5, 64],
      [true, 5, 8],
    ]);
  });

  test("must be some", async () => {
    await expect(runClaim(exampleClaim(), { engine, seeds: [] })).rejects.toThrow("seeds is empty");
  });

  test("that do not fit are refused before anything runs", async () => {
    let ran = false;
    const watched = exampleClaim({ measure: async () => ((ran = true), { error: 1, seed: 0 }) });
    await expect(runClaim(watched, { engine, seeds: [0, -1] })).rejects.toThrow(InputError);
    await expect(runClaim(watched, { engine, settings: { widht: 1 } })).rejects.toThrow("did you mean width");
    expect(ran).toBe(false);
  });
});

describe("a run", () => {
  test("that is aborted rejects with the reason, whatever the claim makes of it", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const patient = exampleClaim({
      measure: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new Error("something else")));
          controller.abort(reason);
        }),
    });
    await expect(runClaim(patient, { engine, signal: controller.signal })).rejects.toBe(reason);
    await expect(runClaim(exampleClaim(), { engine, signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
  });

  test("tells how far it is over all seeds and contrasts, and never goes back", async () => {
    const heard: ClaimProgress[] = [];
    const telling = exampleClaim({
      measure: async ({ fail, seed }, { progress }) => {
        progress(0.5, "training");
        progress(7);
        return { error: fail ? 3 : 1, seed };
      },
    });
    await runClaim(telling, { engine, seeds: [0, 1], onProgress: (progress) => heard.push(progress) });
    const fractions = heard.map(({ fraction }) => fraction);
    expect(fractions).toEqual([0, 0.125, 0.25, 0.25, 0.375, 0.5, 0.5, 0.625, 0.75, 0.75, 0.875, 1]);
    expect(heard.slice(0, 4).map(({ doing }) => doing)).toEqual([
      "seed 0",
      "training",
      "seed 0",
      "the contrast",
    ]);
  });
});

test("numbers become plain JSON: typed arrays arrays, what is not finite null, functions nothing", () => {
  const value = {
    a: Float64Array.of(1, NaN),
    b: [Infinity, () => 1],
    c: () => 1,
    d: new Map([["x", -1]]),
    e: undefined,
    f: null,
    g: "text",
  };
  expect(plain(value)).toEqual({ a: [1, null], b: [null, null], d: { x: -1 }, f: null, g: "text" });
});
