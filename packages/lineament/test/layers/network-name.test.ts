import { expect, test } from "vitest";
import { activation, dense, fullyConnected, networkName, parallel, serial } from "../../src/layers/index.ts";

test.each([
  [fullyConnected(1, "relu"), "dense, relu, dense"],
  [fullyConnected(3, "erf"), "3 × (dense, erf), dense"],
  [serial(dense(), dense(), activation("tanh"), activation("tanh")), "2 × dense, 2 × tanh"],
  [parallel([serial(activation("relu"), dense()), dense()], "product"), "product(relu, dense | dense)"],
  [activation({ name: "custom", label: "my own", value: (x) => x }), "my own"],
])("networks have short names: %#", (network, name) => {
  expect(networkName(network)).toBe(name);
});
