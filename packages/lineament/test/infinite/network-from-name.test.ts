import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { infiniteKernel, infiniteVariances, networkFromName } from "../../src/infinite/index.ts";
import { Activation, fullyConnected } from "../../src/layers/index.ts";
import type { Engine } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

test("a name is a kernel, an activation and a number of hidden layers", () => {
  expect(networkFromName("ntk:relu:3")).toEqual({
    output: "ntk",
    network: fullyConnected(3, "relu", { weightStd: Math.SQRT2, biasStd: 0.5 }),
  });
  const { output, network } = networkFromName("nngp:erf:1:bias=0.2,weight=1.4");
  expect([output, network]).toEqual(["nngp", fullyConnected(1, "erf", { weightStd: 1.4, biasStd: 0.2 })]);
});

test("options of activations go by their names", () => {
  expect(networkFromName("ntk:leaky-relu:2:slope=0.1,weight=1,bias=0").network).toEqual(
    fullyConnected(2, { name: "leaky-relu", slope: 0.1 }),
  );
  expect(networkFromName("ntk:piecewise-linear:1:negative=-1,positive=1,weight=1,bias=1e-1").network).toEqual(
    fullyConnected(1, { name: "piecewise-linear", negative: -1, positive: 1 }, { biasStd: 0.1 }),
  );
});

const parameters: Readonly<Record<string, string>> = {
  "piecewise-linear": ":negative=-0.5,positive=2",
  monomial: ":degree=2",
  hermite: ":degree=3",
  "rectified-monomial": ":degree=2",
};
const names = Activation.options
  .map(({ shape }) => shape.name.value)
  .filter((name) => !["custom", "custom-kernel", "polynomial"].includes(name));

describe("every activation has a name, and weights that keep a variance of 1", () => {
  test.for(names)("%s", async (name) => {
    const full = `nngp:${name}:1${parameters[name] ?? ""}`;
    const { network } = networkFromName(`${full}${parameters[name] ? "," : ":"}bias=0`);
    const { layer, layers } = network as Extract<typeof network, { layer: "serial" }>;
    expect(layer).toBe("serial");
    const { weightStd } = layers[1] as Extract<(typeof layers)[number], { layer: "dense" }>;
    // At inputs with variance 1 behind the first layer.
    const { nngp } = await infiniteVariances(network, [[1 / weightStd]]);
    expect(nngp[0]).toBeCloseTo(1, 10);
  });
});

test("no name stands for a kernel that is blind to functions of one parity", async () => {
  // Without biases Θ of one hidden relu layer, less its linear part, is even in x; that of erf is odd.
  for (const name of ["relu", "erf", "absolute", "sin", "sign"]) {
    const { network } = networkFromName(`nngp:${name}:2`);
    const { nngp } = await infiniteKernel(
      engine,
      network,
      [[1, 1]],
      [
        [1, -0.2],
        [-1, 0.2],
        [0.2, -1],
        [-0.2, 1],
      ],
    );
    const [k, opposite] = [nngp!.data[0]!, nngp!.data[1]!];
    expect(Math.abs(Math.abs(k) - Math.abs(opposite))).toBeGreaterThan(0.01 * Math.abs(k));
  }
});

describe("a wrong name is refused, with what would be right", () => {
  test.for<[string, RegExp]>([
    ["", /network "": expected a kernel, an activation, the number of hidden layers/],
    ["relu", /like "ntk:relu:3"/],
    ["ntk:relu", /the number of hidden layers/],
    ["ntk:relu:3:bias=1:weight=1", /expected a kernel/],
    ["nkt:relu:3", /no kernel "nkt"; it is "ntk" or "nngp"/],
    ["ntk:rellu:3", /no activation "rellu", did you mean "relu"\?; there are identity, relu, leaky-relu/],
    ["ntk:custom:3", /no activation "custom"/],
    ["ntk:ReLU:3", /did you mean "relu"/],
    ["ntk:relu:0", /"0" is not a number of hidden layers, expected a whole number from 1/],
    ["ntk:relu:2.5", /"2\.5" is not a number of hidden layers/],
    ["ntk:relu:-1", /"-1" is not/],
    ["ntk:relu:1e9", /"1e9" is not/],
    ["ntk:relu:99999999", /from 1 to 10000/],
    ["ntk:relu:2:bais=1", /no option "bais", did you mean "bias"\?; there are weight, bias$/],
    ["ntk:relu:2:slope=1", /no option "slope"/],
    ["ntk:leaky-relu:2:slop=1", /did you mean "slope"\?; there are weight, bias, slope$/],
    ["ntk:relu:2:bias", /"bias" is not an option, expected name=number like bias=0\.2/],
    ["ntk:relu:2:", /"" is not an option/],
    ["ntk:relu:2:bias=", /"bias=" is not an option/],
    ["ntk:relu:2:bias=a", /bias is "a", expected a number/],
    ["ntk:relu:2:bias=Infinity", /bias is "Infinity"/],
    ["ntk:relu:2:bias=-1", /bias is -1, a standard deviation of at least 0/],
    ["ntk:relu:2:bias=1,bias=1", /bias is given twice/],
    ["ntk:monomial:2", /the activation monomial has a wrong or missing degree/],
    ["ntk:monomial:2:degree=1.5", /a wrong or missing degree.*degree=<number>/],
    ["ntk:gaussian:2:rate=1", /a wrong or missing rate/],
    ["ntk:piecewise-linear:2:negative=0,positive=0", /does not keep the variance.*say weight=<number>/],
  ])("%s", ([name, message]) => {
    expect(() => networkFromName(name)).toThrow(RangeError);
    expect(() => networkFromName(name)).toThrow(message);
  });
});
