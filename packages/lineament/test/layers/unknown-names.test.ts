import { describe, expect, test } from "vitest";
import {
  type ActivationChoice,
  activationFunctions,
  checkedLayer,
  compose,
  crossDual,
  dualOf,
  hermiteExpansion,
  type Layer,
  tabulatedDual,
  unknownName,
} from "../../src/layers/index.ts";

const one = Float64Array.of(1);

test("an activation may be given by its name alone, wherever there is one", () => {
  expect(dualOf("gelu").value(1, 2, 0.5)).toBe(dualOf({ name: "gelu" }).value(1, 2, 0.5));
  expect(activationFunctions("leaky-relu").value(-1)).toBe(-0.01);
  expect(crossDual("relu", "identity").slope(1, 1, 0)).toBe(0.5);
  expect(compose("identity", "erf")).toEqual({ name: "erf", amplitude: 1, frequency: 1, offset: 0 });
  expect(hermiteExpansion("identity", one, { terms: 2 }).value.coefficients[1]).toBeCloseTo(1, 14);
  expect(tabulatedDual({ first: "relu", rows: one }).value(0, 0, 1)).toBe(0.5);
});

describe("what has no name is refused with the nearest one", () => {
  const slip = "rellu" as ActivationChoice;
  const message = /there is no activation "rellu", did you mean "relu"\?; there are identity, relu,/u;
  test.for<[string, () => unknown]>([
    ["dualOf", () => dualOf(slip)],
    ["activationFunctions", () => activationFunctions({ name: "rellu" } as never)],
    ["crossDual", () => crossDual("relu", slip)],
    ["compose", () => compose(slip, "relu")],
    ["hermiteExpansion", () => hermiteExpansion(slip, one)],
    ["tabulatedDual", () => tabulatedDual({ first: slip, rows: one })],
    [
      "a layer inside of others",
      () =>
        checkedLayer("here", {
          layer: "serial",
          layers: [{ layer: "activation", activation: slip }],
        } as never),
    ],
  ])("%s", ([where, call]) => {
    expect(call).toThrow(RangeError);
    expect(call).toThrow(where.startsWith("a layer") ? /layers\[0\]\.activation is wrong/u : message);
  });

  test("layers too", () => {
    const nested = { layer: "serial", layers: [{ layer: "dens" }] } as unknown as Layer;
    expect(() => checkedLayer("here", nested)).toThrow(
      /^here: layers\[0\] is wrong: there is no layer "dens", did you mean "dense"\?; there are dense, /u,
    );
    expect(() => checkedLayer("here", { layer: "nothing like it" } as never)).toThrow(
      /^here: there is no layer "nothing like it"; there are dense, /u,
    );
  });

  test("no name at all", () => {
    expect(() => dualOf({} as never)).toThrow(
      /^activation: there is no activation without a name; there are/u,
    );
    expect(() => dualOf(undefined as never)).toThrow(/^activation: activation is wrong: .*expected object/u);
    expect(unknownName("kernel", 3, ["laplace"])).toBe("there is no kernel 3; there are laplace");
  });
});

describe("functions of the user's own are tried before they are used", () => {
  const made = (value: (x: number) => number) => () => dualOf({ name: "custom", label: "mine", value });
  test.for<[string, (x: number) => number, RegExp]>([
    ["not defined everywhere", Math.sqrt, /^activation: value\(-3\) of the custom activation "mine" is NaN/u],
    [
      "throws",
      () => {
        throw new Error("out of order");
      },
      /^activation: value\(-3\) of the custom activation "mine" is Error: out of order; it must be a finite/u,
    ],
    ["no number", (() => "0") as never, /value\(-3\) .* is 0; it must be a finite number/u],
  ])("%s", ([, value, message]) => {
    expect(made(value)).toThrow(RangeError);
    expect(made(value)).toThrow(message);
  });
});
