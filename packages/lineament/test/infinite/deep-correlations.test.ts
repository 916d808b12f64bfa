import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  correlationGaps,
  correlationMap,
  deepCorrelations,
  type DeepCorrelations,
  depthLimit,
  infiniteKernel,
} from "../../src/infinite/index.ts";
import {
  activation,
  type ActivationChoice,
  activationFunctions,
  dense,
  dualOf,
  layerNorm,
  repeat,
  serial,
} from "../../src/layers/index.ts";
import { type Engine, random } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { filled } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const [h1, h3] = [Math.SQRT1_2, Math.SQRT1_2 / Math.sqrt(6)];
/** (h₁ + h₃)/√2, with the dual (ξ + ξ³)/2. */
const cubic: ActivationChoice = { name: "polynomial", coefficients: [0, h1 - 3 * h3, 0, h3] };

const activations: readonly ActivationChoice[] = [
  "relu",
  "absolute",
  { name: "leaky-relu", slope: 0.2 },
  "identity",
  "erf",
  "tanh",
  "gelu",
  "softplus",
  { name: "sin", frequency: 1.6 },
  { name: "cos" },
  { name: "hermite", degree: 2 },
  cubic,
];

describe.for(activations.map((chosen) => [JSON.stringify(chosen), chosen] as const))("%s", ([, chosen]) => {
  const map = correlationMap(chosen);
  const dual = dualOf(chosen);
  const square = dual.variance(1);
  const value = (xi: number): number => dual.value(1, 1, xi) / square;

  test("the map is the dual at variance 1, divided by its value on the diagonal", () => {
    for (const xi of [0.05, 0.3, 0.5, 0.8, 0.97]) {
      expect(1 - map.gap(1 - xi)).toBeCloseTo(value(xi), 12);
      expect(map.ratio(xi) * xi ** map.order).toBeCloseTo(value(xi), 12);
      const slope = dual.slope(1, 1, xi) / square;
      expect(map.slope(xi, 1 - xi) * xi ** (map.order - 1)).toBeCloseTo(slope, 10);
    }
    expect(map.atZero).toBeCloseTo(value(0), 12);
    expect(map.slopeAtZero).toBeCloseTo(dual.slope(1, 1, 0) / square, 12);
    expect(map.slopeAtOne / (dual.slopeVariance(1) / square)).toBeCloseTo(1, 10);
    expect(map.ratio(0) > 0).toBe(true);
    expect(map.gap(0)).toBe(0);
  });

  test("small gaps grow by the slope at 1, to all digits", () => {
    // The next term is a share √γ of the first at a kink, γ elsewhere.
    for (const gap of [1e-30, 1e-24]) expect(map.gap(gap) / gap / map.slopeAtOne).toBeCloseTo(1, 11);
  });

  test("deep kernels are those of networks whose layers are normalized", async () => {
    const generator = random(1);
    const x = filled(5, 3, () => Math.abs(generator.normal()));
    for (let i = 0; i < 5; i++) {
      const row = x.data.subarray(3 * i, 3 * i + 3);
      const length = Math.hypot(...row);
      row.forEach((entry, k) => (row[k] = (entry / length) * Math.sqrt(3)));
    }
    const depth = 6;
    const weights = dense({ weightStd: 1 / Math.sqrt(square) });
    const network = serial(dense(), repeat(depth, serial(layerNorm(0), activation(chosen), weights)));
    const { nngp, ntk } = await infiniteKernel(engine, network, x);
    const deep = deepCorrelations(map, correlationGaps(x), depth);
    // What infiniteKernel follows is ξ itself: its small gaps have an error of 1e-16 times 2.8⁶.
    for (let at = 0; at < 25; at++) {
      expect(1 - deep.gap[at]!).toBeCloseTo(nngp!.data[at]!, 11);
      expect(Math.exp(deep.logNngp[at]!)).toBeCloseTo(nngp!.data[at]!, 11);
      expect(Math.exp(deep.logNtk[at]!) / ntk!.data[at]!).toBeCloseTo(1, 9);
    }
  });
});

test("behind h₂ correlations are squared: 30 layers make ξ^(2³⁰), and T = ξ_L (2^(L+1) − 1)", () => {
  const map = correlationMap({ name: "hermite", degree: 2 });
  const gaps = [1e-12, 1e-3, 0.4, 0.9];
  const { logNngp, logNtk } = deepCorrelations(map, gaps, 30);
  gaps.forEach((gap, i) => {
    expect(logNngp[i]! / (2 ** 30 * Math.log1p(-gap))).toBeCloseTo(1, 11);
    // Of two numbers near 2³⁰ ln ξ.
    const rounding = Math.max(1e-13, 1e-15 * Math.abs(logNngp[i]!));
    expect(Math.abs(logNtk[i]! - logNngp[i]! - Math.log(2 ** 31 - 1))).toBeLessThan(rounding);
  });
  const far = deepCorrelations(map, [0, 0.5], 1000);
  expect(far.logNtk[0]).toBeCloseTo(1001 * Math.LN2, 9);
  expect(far.logNngp[1]! / (Math.LN2 * 2 ** 1000)).toBeCloseTo(-1, 11);
});

test("where all has become linear, layers cost nothing: ξ halves, and T/ξ grows by 1", () => {
  const map = correlationMap(cubic);
  const gaps = [0.3, 1e-9];
  const [few, many] = [100, 1e9].map((depth) => deepCorrelations(map, gaps, depth)) as [
    DeepCorrelations,
    DeepCorrelations,
  ];
  gaps.forEach((_, i) => {
    expect(few.logNngp[i]! - many.logNngp[i]!).toBeCloseTo((1e9 - 100) * Math.LN2, 5);
    const ratio = ({ logNtk, logNngp }: DeepCorrelations): number => Math.exp(logNtk[i]! - logNngp[i]!);
    // Of logarithms near −7·10⁸.
    expect((ratio(many) - ratio(few)) / (1e9 - 100)).toBeCloseTo(1, 5);
  });
});

test("orthogonal inputs stay orthogonal behind odd activations", () => {
  const { gap, logNngp, logNtk } = deepCorrelations(correlationMap("erf"), [1], 7);
  expect([gap[0], logNngp[0], logNtk[0]]).toEqual([1, -Infinity, -Infinity]);
  expect(deepCorrelations(correlationMap("erf"), [1 + 1e-15], 7).gap[0]).toBe(1);
});

test("orthogonal inputs come together behind ReLU: 1/π, then (√(1 − 1/π²) + (π − arccos(1/π))/π)/π", () => {
  const map = correlationMap("relu");
  const [one, two] = [1, 2].map((depth) => deepCorrelations(map, [1], depth));
  expect(Math.exp(one!.logNngp[0]!)).toBeCloseTo(1 / Math.PI, 14);
  expect(Math.exp(one!.logNtk[0]!)).toBeCloseTo(1 / Math.PI, 14);
  const [xi, angle] = [1 / Math.PI, Math.acos(1 / Math.PI)];
  const next = (Math.sqrt(1 - xi ** 2) + xi * (Math.PI - angle)) / Math.PI;
  expect(1 - two!.gap[0]!).toBeCloseTo(next, 14);
  expect(Math.exp(two!.logNtk[0]!)).toBeCloseTo(next + (xi * (Math.PI - angle)) / Math.PI, 14);
});

test("gaps of nearly equal rows keep their digits", () => {
  const [gap] = correlationGaps([[1, 0]], [[3, 3e-9]]);
  expect(gap! / 5e-19).toBeCloseTo(1, 14);
  expect(
    correlationGaps([
      [1, 0],
      [0, 2],
      [1, 1],
    ]),
  ).toEqual(expect.objectContaining({ length: 9, 0: 0, 1: 1, 3: 1, 4: 0 }));
});

test("what does not fit is refused", () => {
  expect(() => correlationMap("elu")).toThrow(/elu decay too slowly/u);
  expect(() => correlationMap("sign")).toThrow(/sign decay too slowly/u);
  expect(() => correlationMap({ name: "polynomial", coefficients: [0] })).toThrow(RangeError);
  expect(() => deepCorrelations(correlationMap("relu"), [1.5], 3)).toThrow(/gap 0 is 1.5/u);
  expect(() => correlationGaps([[0, 0]])).toThrow(/row 0 of x/u);
  expect(() => correlationGaps([[1]], [[1, 2]])).toThrow(/columns/u);
});

describe("the limit of depth", () => {
  /** φ − E φ. */
  const centered = (name: "relu" | "absolute" | "cos"): ActivationChoice => {
    const { value, slope } = activationFunctions(name);
    const mean = dualOf(name).mean(1);
    return { name: "custom", label: `centered ${name}`, value: (x) => value(x) - mean, slope };
  };
  // arXiv:2204.14126's classes; values by the trapezoid rule on [−12, 12].
  test.for<[string, ActivationChoice, string, number, number, number, number | undefined]>([
    ["relu", "relu", "majority", 0.3183, 0.5, 1, undefined],
    [
      "erf(x/√2)",
      { name: "erf", frequency: Math.SQRT1_2 },
      "singular-kernel",
      0,
      0.954_93,
      1.102_66,
      undefined,
    ],
    ["tanh", "tanh", "singular-kernel", 0, 0.9305, 1.1778, 0.881],
    ["x³", { name: "monomial", degree: 3 }, "singular-kernel", 0, 0.6, 1.8, 1.738],
    ["centered relu", centered("relu"), "singular-kernel", 0, 0.7335, 1.4669, 1.618],
    ["h₂", { name: "hermite", degree: 2 }, "nearest-neighbor", 0, 0, 2, undefined],
    ["centered cos", centered("cos"), "nearest-neighbor", 0, 0, 2.164, undefined],
    ["centered |x|", centered("absolute"), "nearest-neighbor", 0, 0, 2.752, undefined],
    ["gelu", "gelu", "majority", 0.187, 0.588, 1.072, undefined],
    ["silu", "swish", "majority", 0.12, 0.703, 1.067, undefined],
    ["elu", "elu", "majority", 0.04, 0.899, 1.036, undefined],
    ["sigmoid", "sigmoid", "collapse", 0.852, 0.146, 0.153, undefined],
    ["softplus", "softplus", "collapse", 0.705, 0.271, 0.318, undefined],
    ["cos", "cos", "collapse", 0.648, 0, 0.762, undefined],
    ["identity", "identity", "unchanged", 0, 1, 1, undefined],
  ])("of %s", ([, chosen, rule, atZero, slopeAtZero, slopeAtOne, exponent]) => {
    const limit = depthLimit(chosen);
    expect(limit.rule).toBe(rule);
    expect(limit.atZero).toBeCloseTo(atZero, 3);
    expect(limit.slopeAtZero).toBeCloseTo(slopeAtZero, 3);
    expect(limit.slopeAtOne).toBeCloseTo(slopeAtOne, 3);
    if (exponent !== undefined) expect(limit.exponent).toBeCloseTo(exponent, 3);
    expect(limit.exponent === undefined).toBe(rule !== "singular-kernel");
  });

  test("the exponent of (ξ + ξ³)/2 is 2", () => expect(depthLimit(cubic).exponent).toBeCloseTo(2, 12));

  test("refuses what is 0", () =>
    expect(() => depthLimit({ name: "polynomial", coefficients: [0] })).toThrow(RangeError));
});
