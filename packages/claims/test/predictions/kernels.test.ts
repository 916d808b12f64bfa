import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  absoluteKernel,
  angle,
  arcCosine,
  cosKernel,
  erfKernel,
  erfSlopeKernel,
  expKernel,
  gaussianExpectation,
  geluKernel,
  geluSlopeKernel,
  type KernelForm,
  leakyReluKernel,
  normalCdfKernel,
  reluFeatureVariance,
  reluKernel,
  reluTangentGram,
  sinKernel,
  squaredReluKernel,
  stepKernel,
} from "../../src/predictions/index.ts";
import { kernelModes } from "../../src/predictions/linearized-dynamics.ts";
import { expectVector, vector } from "../vectors/vector.ts";

const tanh = gaussianExpectation(Math.tanh);

const forms: readonly (readonly [string, KernelForm])[] = [
  ["LZ-V03-abs", absoluteKernel],
  ["LZ-V03-cos", cosKernel],
  ["LZ-V03-erf", erfKernel],
  ["LZ-V03-erfDeriv", erfSlopeKernel],
  ["LZ-V03-exp", expKernel],
  ["LZ-V03-gelu", geluKernel],
  ["LZ-V03-geluDeriv", geluSlopeKernel],
  ["LZ-V03-leakyRelu(0.2)", leakyReluKernel(0.2)],
  ["LZ-V03-normalCdf", normalCdfKernel],
  ["LZ-V03-relu", reluKernel],
  ["LZ-V03-relu2", squaredReluKernel],
  ["LZ-V03-sin", sinKernel],
  ["LZ-V03-step", stepKernel],
  ["LZ-V04", tanh],
];

describe("kernels in closed form", () => {
  it.each(forms)("agree with %s", (id, kernel) => {
    const one = vector<{ cov: [number, number, number][] }>(id);
    expectVector(
      one,
      one.inputs.cov.map((covariance) => kernel(...covariance)),
    );
  });

  it("agree with LZ-V01: arc-cosine kernels of order 0, 1, 2", () => {
    const one = vector<{ theta: number[] }>("LZ-V01");
    const [order0, order1, order2] = arcCosine.map((form) => one.inputs.theta.map(form));
    expectVector(one, { order0, order1, order2 });
  });

  it("agree with LZ-V02: random-feature and tangent kernel of ReLU on the sphere", () => {
    const one = vector<{ rho: number[] }>("LZ-V02");
    expectVector(one, {
      KRF: one.inputs.rho.map((rho) => reluKernel(1, 1, rho)),
      KNT: one.inputs.rho.map((rho) => rho * stepKernel(1, 1, rho)),
    });
  });

  it("have derivatives in the covariance that are the kernels of the derivatives", () => {
    const pairs: readonly (readonly [string, KernelForm, KernelForm])[] = [
      ["ReLU", reluKernel, stepKernel],
      ["ReLU²", squaredReluKernel, (a, b, c) => 4 * reluKernel(a, b, c)],
      ["erf", erfKernel, erfSlopeKernel],
      ["GELU", geluKernel, geluSlopeKernel],
      ["sin", sinKernel, cosKernel],
      ["cos", cosKernel, sinKernel],
      ["exp", expKernel, expKernel],
      ["tanh", tanh, gaussianExpectation((u) => 1 - Math.tanh(u) ** 2)],
    ];
    const h = 1e-5;
    for (const [name, value, slope] of pairs)
      for (const [a, b, c] of [
        [1, 1, 0.3],
        [1.7, 0.9, -0.4],
        [0.5, 2, 0.6],
      ] as const) {
        const difference = (value(a, b, c + h) - value(a, b, c - h)) / (2 * h);
        expect(Math.abs(difference - slope(a, b, c)), name).toBeLessThan(1e-8);
      }
  });

  it("agree with quadrature where activations are smooth", () => {
    for (const [form, activation] of [
      [sinKernel, Math.sin],
      [cosKernel, Math.cos],
      [expKernel, Math.exp],
    ] as const)
      expect(gaussianExpectation(activation)(1, 1, 0.4)).toBeCloseTo(form(1, 1, 0.4), 11);
  });

  it("scale as their activations: degree p in each input", () => {
    const positive = fc.double({ min: 0.01, max: 100, noNaN: true });
    const correlation = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(positive, positive, correlation, positive, (a, b, rho, factor) => {
        const c = rho * Math.sqrt(a * b);
        for (const [kernel, degree] of [
          [stepKernel, 0],
          [reluKernel, 1],
          [squaredReluKernel, 2],
          [absoluteKernel, 1],
        ] as const) {
          const scaled = kernel(factor ** 2 * a, b, factor * c);
          expect(Math.abs(scaled - factor ** degree * kernel(a, b, c))).toBeLessThanOrEqual(
            1e-7 * factor ** degree * kernel(a, b, Math.sqrt(a * b)),
          );
        }
      }),
    );
  });

  it("are exact on the diagonal, where arccos is not", () => {
    const norm = 0.9999999999999999;
    expect(angle(norm, norm, norm)).toBe(0);
    expect(stepKernel(norm, norm, norm)).toBe(0.5);
    expect(stepKernel(3, 5, -Math.sqrt(15))).toBeCloseTo(0, 7);
    expect(reluKernel(0, 2, 0)).toBe(0);
  });
});

describe("the tangent kernel of ReLU's first layer", () => {
  it("agrees with LZ-V25 wherever the vector is not its own pitfall", () => {
    // The vector took arccos(1 − 1e-16) for its last diagonal entry, half of whose digits are lost (LZ-03, pitfall): the
    // entry is 0.5, and the smallest eigenvalue moves with it.
    const one = vector<{ X: number[][] }>("LZ-V25");
    const { H } = one.expected as { readonly H: number[][] };
    const gram = reluTangentGram(one.inputs.X);
    expect(gram[3]![3]).toBeCloseTo(0.5, 15);
    expect(H[3]![3]).toBeCloseTo((0.5 * (Math.PI - Math.acos(1 - 2 ** -53))) / Math.PI, 15);
    const asGiven = gram.map((row, i) => row.map((value, j) => (i === 3 && j === 3 ? H[3]![3]! : value)));
    expectVector(one, { H: asGiven, lambdaMin: kernelModes(asGiven).values[0] });
  });
});

describe("variance of a random-feature kernel", () => {
  it("agrees with LZ-V22", () => {
    const one = vector<{ rho: number[] }>("LZ-V22");
    expectVector(one, one.inputs.rho.map(reluFeatureVariance));
  });

  it("is that of u⁴ on the diagonal and refuses what is no correlation", () => {
    expect(reluFeatureVariance(1)).toBeCloseTo(1.25, 14);
    expect(() => reluFeatureVariance(1.2)).toThrow(/correlation 1.2/);
    expect(() => reluFeatureVariance(NaN)).toThrow(RangeError);
  });
});
