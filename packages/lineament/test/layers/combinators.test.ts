import { describe, expect, test } from "vitest";
import {
  activation,
  convolution,
  dense,
  dropout,
  erf,
  flatten,
  fullyConnected,
  globalAveragePool,
  graph,
  identity,
  Layer,
  layerNorm,
  parallel,
  relu,
  repeat,
  scale,
  serial,
} from "../../src/layers/index.ts";

test("layers are plain data with every default spelled out", () => {
  expect(dense({ biasStd: 0.1, width: 8 })).toEqual({
    layer: "dense",
    weightStd: 1,
    biasStd: 0.1,
    parameterization: "ntk",
    weightRate: 1,
    biasRate: 1,
    width: 8,
  });
  expect(convolution({ window: [3, 1] })).toEqual({
    layer: "convolution",
    window: [3, 1],
    padding: "zero",
    weightStd: 1,
    biasStd: 0,
  });
  expect(activation({ name: "leaky-relu" })).toEqual({
    layer: "activation",
    activation: { name: "leaky-relu", slope: 0.01 },
  });
  expect([relu(), erf()]).toEqual([activation("relu"), activation("erf")]);
  expect(layerNorm()).toEqual({ layer: "layer-norm", epsilon: 1e-12 });
  expect(parallel([identity(), relu()])).toEqual({
    layer: "parallel",
    branches: [{ layer: "identity" }, relu()],
    combine: "sum",
  });
  expect(graph("a", [{ name: "a", inputs: ["input"], layer: dense() }])).toEqual({
    layer: "graph",
    nodes: [{ name: "a", inputs: ["input"], combine: "sum", layer: dense() }],
    output: "a",
  });
  expect(repeat(2, relu())).toEqual(serial(relu(), relu()));
  expect(fullyConnected(0, "relu")).toEqual(serial(serial(), dense()));
});

test("what a combinator makes survives JSON and the check of descriptions from outside", () => {
  const network = serial(
    convolution({ window: [3, 3], padding: "circular", width: 4 }),
    parallel([identity(), serial(layerNorm(0.1), relu())], "concatenation", [1, 2]),
    scale(-2),
    dropout(0.5),
    parallel([flatten(), globalAveragePool()], "concatenation"),
    fullyConnected(2, { name: "erf", frequency: 2 }, { weightStd: 1.5 }),
  );
  expect(Layer.parse(JSON.parse(JSON.stringify(network)))).toEqual(network);
});

const node = (name: string, inputs: readonly string[]) => ({ name, inputs, layer: dense() });

describe("what does not fit is refused, naming the call and the value", () => {
  test.for<[string, () => Layer, RegExp]>([
    ["a negative deviation", () => dense({ weightStd: -1 }), /^dense: weightStd is wrong/],
    ["no deviation at all", () => dense({ biasStd: NaN }), /^dense: biasStd/],
    ["a width of nothing", () => dense({ width: 0 }), /^dense: width/],
    ["an option that is none", () => dense({ bias: 1 } as never), /^dense: .*"bias"/],
    ["an even window", () => convolution({ window: [3, 2] }), /^convolution: window\[1\] is wrong: .*odd/],
    ["a window without columns", () => convolution({ window: [3] as never }), /^convolution: window/],
    [
      "an activation that is none",
      () => activation("rellu" as never),
      /^activation: there is no activation "rellu", did you mean "relu"\?; there are identity, relu/,
    ],
    [
      "a parameter out of range",
      () => activation({ name: "gaussian", rate: 1 }),
      /^activation: activation\.rate/,
    ],
    [
      "a parameter that is missing",
      () => activation({ name: "monomial" } as never),
      /^activation: activation\.degree/,
    ],
    ["a scale that is no number", () => scale(NaN), /^scale: factor/],
    ["a negative ε", () => layerNorm(-1), /^layerNorm: epsilon/],
    ["nothing kept", () => dropout(0), /^dropout: keep/],
    ["more than everything kept", () => dropout(1.5), /^dropout: keep/],
    ["no branches", () => parallel([]), /^parallel: branches/],
    ["a branch that is no layer", () => parallel([{ layer: "deep" } as never]), /^parallel: branches\[0\]/],
    [
      "a fraction of nothing",
      () => parallel([relu(), relu()], "concatenation", [1, 0]),
      /^parallel: fractions\[1\]/,
    ],
    [
      "fractions that are not one a branch",
      () => parallel([relu(), relu()], "concatenation", [1]),
      /^parallel: fractions is wrong: a concatenation takes one for each branch/,
    ],
    [
      "fractions of a sum",
      () => parallel([relu(), relu()], "sum", [1, 1]),
      /^parallel: fractions is wrong: .*sums and products take none/,
    ],
    [
      "a cycle",
      () => graph("a", [node("a", ["input", "b"]), node("b", ["a"])]),
      /^graph: nodes\[0\]\.inputs\[1\] is wrong: node "a" reads "b", which comes later .* no such order/,
    ],
    [
      "a node that reads itself",
      () => graph("a", [node("a", ["a"])]),
      /node "a" reads "a", which comes later or is itself; list the nodes so that each reads earlier ones/,
    ],
    [
      "an unknown input",
      () => graph("a", [node("a", ["b"])]),
      /node "a" reads "b", which is not there; the nodes are "input", "a"/,
    ],
    [
      "an unknown output",
      () => graph("c", [node("a", ["input"])]),
      /^graph: output is wrong: the output reads "c", which is not there; the nodes are "input", "a"/,
    ],
    [
      "a name twice",
      () => graph("a", [node("a", ["input"]), node("a", ["input"])]),
      /^graph: nodes\[1\]\.name is wrong: node "a" has the name of another; rename/,
    ],
    [
      "the name of the input",
      () => graph("input", [node("input", ["input"])]),
      /node "input" has the name of another/,
    ],
    [
      "a node that reads nothing",
      () => graph("a", [{ name: "a", inputs: [], layer: relu() }]),
      /^graph: nodes\[0\]\.inputs/,
    ],
    ["half a repetition", () => repeat(0.5, relu()), /^repeat: count is 0\.5/],
    ["fewer than no layers", () => fullyConnected(-1, "relu"), /^fullyConnected: hiddenLayers is -1/],
  ])("%s", ([, call, message]) => {
    expect(call).toThrow(RangeError);
    expect(call).toThrow(message);
  });
});
