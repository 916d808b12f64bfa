import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { labels, shorten } from "../../src/report/labels.ts";
import {
  formatAlike,
  formatBytes,
  formatDate,
  formatNumber,
  formatScores,
  formatSeconds,
  formatShare,
  listed,
} from "../../src/report/numbers.ts";

test.each([
  [0, "0"],
  [1, "1"],
  [-1.5, "−1.5"],
  [0.012345, "0.0123"],
  [12_345, "12,345"],
  [12_345.6, "12,346"],
  [1_234_567, "1,234,567"],
  [1e12, "1 × 10¹²"],
  [-1.234e-7, "−1.23 × 10⁻⁷"],
  [1.7976931348623157e308, "1.8 × 10³⁰⁸"],
  [5e-324, "4.94 × 10⁻³²⁴"],
  [NaN, "–"],
  [Infinity, "–"],
  [undefined, "–"],
])("the number %s is written %s", (x, text) => expect(formatNumber(x)).toBe(text));

test.each([
  [0, "0%"],
  [1, "100%"],
  [0.9385, "93.9%"],
  [0.00001, "<0.1%"],
  [0.99999, ">99.9%"],
  [NaN, "–"],
])("the share %s is written %s", (x, text) => expect(formatShare(x)).toBe(text));

test("scores of one kind have the same decimals, enough to tell them apart", () => {
  expect(formatScores("rmse", [4.136, 16.78, undefined])).toEqual(["4.14", "16.78", "–"]);
  expect(formatScores("rmse", [540.2, 1130])).toEqual(["540", "1,130"]);
  expect(formatScores("r2", [0.9388, -0.0083])).toEqual(["0.939", "−0.008"]);
  expect(formatScores("r2", [0.9979, 0.9978])).toEqual(["0.9979", "0.9978"]);
  expect(formatScores("accuracy", [0.897, 1])).toEqual(["89.7%", "100.0%"]);
  expect(formatScores("logLoss", [0, 0.4])).toEqual(["0.000", "0.400"]);
  expect(formatScores("r2", [-0.0001])).toEqual(["0.000"]);
});

test("no number, however large or small, is written at length or as NaN", () => {
  fc.assert(
    fc.property(fc.double(), fc.double(), (x, y) => {
      for (const text of [
        formatNumber(x),
        formatShare(x),
        ...formatAlike([x, y]),
        ...formatScores("rmse", [x, y]),
      ]) {
        expect(text).not.toMatch(/NaN|Infinity|undefined|e[+-]/);
        expect(text).toMatch(/^[–−<>\d.,%\s×⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+$/u);
      }
      expect(formatNumber(x).length).toBeLessThan(24);
    }),
  );
});

test("times, sizes, dates and lists read as people write them", () => {
  expect([0.04, 9.7, 12.3, 185, 7200].map(formatSeconds)).toEqual(
    ["0.0 s", "9.7 s", "12 s", "3 min 5 s", "120 min 0 s"].map((x) => x.replace("120 min 0 s", "2 h 0 min")),
  );
  expect([0, 820, 1_234_567, 3e8].map(formatBytes)).toEqual(["0 bytes", "820 bytes", "1.23 MB", "300 MB"]);
  expect(formatDate("2026-11-22T05:31:00Z")).toBe("November 22, 2026, 05:31 UTC");
  expect(formatDate("2026-11-22")).toBe("November 22, 2026");
  expect(formatDate("some day")).toBe("some day");
  expect(["a", "b", "c"].map((_, i, all) => listed(all.slice(0, i + 1)))).toEqual([
    "a",
    "a and b",
    "a, b and c",
  ]);
});

describe("labels", () => {
  test("are cut in the middle and stay different", () => {
    const names = ["a".repeat(50), `${"a".repeat(49)}b`, "short", "a".repeat(60)];
    const short = labels(names);
    expect(new Set(short).size).toBe(names.length);
    expect(short[2]).toBe("short");
  });

  test("are different for different names, whatever they are", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ unit: "binary", maxLength: 80 }), { maxLength: 30 }),
        (names) => {
          expect(new Set(labels(names, 8)).size).toBe(names.length);
        },
      ),
    );
  });

  test("show blanks and nothing by name", () => {
    expect([shorten(""), shorten(" \n")]).toEqual(["(no name)", "(blank)"]);
  });
});
