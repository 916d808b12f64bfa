import { describe, expect, test } from "vitest";
import { type AutomaticFit, chooseMethod, methodCosts, secondsOf } from "../../src/machines/index.ts";

const rates = { flops: 2e11, values: 6e8, bandwidth: 1e10 };
const fit = (rows: number, more: Partial<AutomaticFit> = {}): AutomaticFit => ({
  rows,
  coordinates: 30,
  outputs: 1,
  task: "regression",
  effort: "default",
  table: { wide: false, categories: false, oneUnit: false },
  ...more,
});

describe("the method of an automatic fit", () => {
  test("is direct for few rows, and says how many kernel matrices there are", () => {
    expect(chooseMethod(fit(3000))).toMatchObject({ method: "direct", fits: true });
    expect(chooseMethod(fit(3000)).reason).toBe("one kernel matrix holds all 3,000 rows");
    expect(chooseMethod(fit(40_000)).reason).toBe("3 kernel matrices hold all 40,000 rows, and are averaged");
    expect(methodCosts(fit(3000)).map(({ method }) => method)).toEqual(["direct"]);
  });

  test("is a tree for many rows, whatever the machine", () => {
    const choice = chooseMethod(fit(1_000_000));
    expect(choice).toMatchObject({ method: "tree", fits: true });
    expect(choice.reason).toMatch(/^1,000,000 rows are more than/u);
    const slow = { flops: 1e8, values: 1e5, bandwidth: 1e7 };
    expect(chooseMethod(fit(1_000_000), { rates: slow })).toEqual(choice);
  });

  test("is a tree where memory does not hold the kernel matrix", () => {
    const choice = chooseMethod(fit(16_000), { memory: 4e8 });
    expect(choice).toMatchObject({ method: "tree", fits: true });
    expect(choice.reason).toMatch(/direct solution would take 1\.\d GB and may take 400 MB/u);
  });

  test("is the first that time allows, with fewer centers where it is little, and the fastest where it allows none", () => {
    const rows = fit(1_000_000);
    const [tree, most, fewer] = methodCosts(rows).map(({ work }) => secondsOf(work, rates)) as [
      number,
      number,
      number,
    ];
    expect(fewer).toBeLessThan(tree);
    expect(fewer).toBeLessThan(most);
    expect(chooseMethod(rows, { seconds: 2 * tree, rates }).method).toBe("tree");
    const hurried = chooseMethod(rows, { seconds: fewer + 1, rates });
    expect(hurried).toMatchObject({ method: "nystrom", centers: 2500, fits: true });
    expect(hurried.reason).toMatch(/^a tree would take [\d,]+ s and may take [\d,]+ s$/u);
    expect(hurried.considered.map(({ method }) => method)).toEqual(["tree", "nystrom", "direct"]);
    const none = chooseMethod(rows, { seconds: 1, rates });
    expect(none).toMatchObject({ method: "nystrom", centers: 625, fits: false });
    expect(none.reason).toMatch(/nothing that fits into memory would be done in time/u);
  });

  test("is chosen among those that are given, and the smallest where memory holds none", () => {
    const asked = chooseMethod(fit(20_000, { centers: 700 }), { methods: ["nystrom"] });
    expect(asked).toMatchObject({ method: "nystrom", centers: 700, reason: "no other was asked for" });
    const none = chooseMethod(fit(1_000_000), { memory: 1e6 });
    expect(none.fits).toBe(false);
    expect(none.bytes).toBe(Math.min(...none.considered.map(({ bytes }) => bytes)));
  });

  test("takes longer with more rows, columns and outputs", () => {
    for (const at of [0, 1, 5]) {
      const seconds = (one: AutomaticFit): number => secondsOf(methodCosts(one)[at]!.work, rates);
      const base = fit(200_000);
      expect(seconds(fit(300_000))).toBeGreaterThan(1.2 * seconds(base));
      expect(seconds({ ...base, coordinates: 200 })).toBeGreaterThan(seconds(base));
      expect(seconds({ ...base, outputs: 20 })).toBeGreaterThan(seconds(base));
    }
  });
});
