import { describe, expect, test } from "vitest";
import { describeSettings, parseSettings, settingFromText } from "@lineament/claims";
import { InputError } from "lineament";
import { exampleClaim } from "./example-claims.ts";

const example = exampleClaim();

function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
  throw new Error("it did not throw");
}

describe("settings of a run", () => {
  test("are the defaults, then those of the full run, then the given ones", () => {
    expect(parseSettings(example)).toMatchObject({ width: 8, rate: 0.5, widths: [8, 16] });
    expect(parseSettings(example, { width: 9 }, { full: true })).toMatchObject({ width: 9, rate: 0.25 });
  });

  test("that are unknown are named with the nearest one and all there are", () => {
    expect(messageOf(() => parseSettings(example, { widht: 3 }))).toBe(
      "EX-01 has no setting widht; did you mean width? It has width, rate, widths, activation, centered, range, fail, seed",
    );
    expect(messageOf(() => parseSettings(example, { temperature: 3 }))).toBe(
      "EX-01 has no setting temperature; it has width, rate, widths, activation, centered, range, fail, seed",
    );
    expect(messageOf(() => parseSettings(example, { constructor: 3 }))).toMatch(/no setting constructor/u);
  });

  test.each([
    [{ width: 0 }, "EX-01: width = 0 does not fit: it must be a whole number in [1, 4096]"],
    [{ width: 2.5 }, "EX-01: width = 2.5 does not fit: it must be a whole number in [1, 4096]"],
    [{ rate: 0 }, "EX-01: rate = 0 does not fit: it must be a number in (0, 2]"],
    [{ rate: NaN }, "EX-01: rate = NaN does not fit: it must be a number in (0, 2]"],
    [
      { widths: [8, 9, 10, 11] },
      "EX-01: widths = [8,9,10,11] does not fit: it must be 1 to 3 values, each a whole number in [8, 64]",
    ],
    [{ activation: "tanh" }, 'EX-01: activation = "tanh" does not fit: it must be one of relu, erf'],
    [{ seed: -1 }, "EX-01: seed = -1 does not fit: it must be a whole number, 0 or more"],
    [{ centered: "yes" }, 'EX-01: centered = "yes" does not fit: it must be true or false'],
    [{ width: 4096 }, "EX-01: rate = 0.5 does not fit: rate × width must be at most 100"],
  ])("%j that do not fit are named with their range", (given, message) => {
    expect(messageOf(() => parseSettings(example, given))).toBe(message);
  });
});

describe("a setting that is typed", () => {
  test.each([
    ["width", "64", 64],
    ["rate", " 1e-3 ", 0.001],
    ["widths", "8, 16,32", [8, 16, 32]],
    ["widths", "[8,16]", [8, 16]],
    ["activation", "erf", "erf"],
    ["centered", "false", false],
    ["range", "0.5,2", [0.5, 2]],
  ])("%s=%s is read by its type", (name, text, value) => {
    expect(settingFromText(example, name, text)).toEqual(value);
    expect(parseSettings(example, { [name]: settingFromText(example, name, text) })).toMatchObject({
      [name]: value,
    });
  });

  test.each([
    ["width", ""],
    ["width", "many"],
    ["rate", "Infinity"],
    ["widths", "8,,16"],
    ["widths", "[8"],
    ["centered", "1"],
    ["activation", "ReLU"],
  ])("%s=%s is refused with what fits", (name, text) => {
    expect(messageOf(() => settingFromText(example, name, text))).toMatch(
      new RegExp(`^EX-01: ${name} = ".*" does not fit: it must be `, "u"),
    );
  });
});

test("settings are described with default, full value, range and meaning", () => {
  expect(describeSettings(example).slice(0, 3)).toEqual([
    { name: "width", range: "a whole number in [1, 4096]", description: "neurons", value: 8, full: 64 },
    {
      name: "rate",
      range: "a number in (0, 2]",
      description: "step, in units of 1 / eigenvalue",
      value: 0.5,
      full: 0.25,
    },
    {
      name: "widths",
      range: "1 to 3 values, each a whole number in [8, 64]",
      description: "",
      value: [8, 16],
      full: undefined,
    },
  ]);
});
