import { describe, expect, it } from "vitest";
import {
  deepLimit,
  deepRecursion,
  deepReluGap,
  deepReluTangent,
  dirichletLogOdds,
  type DualMap,
  erfMap,
  exactGap,
  hermiteQuadrature,
  logGamma,
  logHilbertKernel,
  logSingularKernel,
  optimalActivation,
  optimalPowers,
  optimalSine,
  polynomialMap,
  reluMap,
  sineActivation,
  sineMap,
  singularExponent,
  singularVote,
} from "../../../src/predictions/index.ts";
import { expectVector, type Vector, vector } from "../../vectors/vector.ts";

interface Layers {
  readonly activation: string;
  readonly xi: number;
  readonly layers: Readonly<Record<string, { readonly nngp: number; readonly ntk: number }>>;
}

interface Singular {
  readonly p: Readonly<Record<string, number>>;
  readonly a: number;
  readonly b: number;
  readonly alpha: number;
  readonly u: readonly number[];
  readonly log_psi: readonly number[];
}

const maps: Readonly<Record<string, DualMap>> = {
  poly_1d: polynomialMap(optimalPowers(1)),
  poly_2d: polynomialMap(optimalPowers(2)),
  poly_4d: polynomialMap(optimalPowers(4)),
  erf: erfMap,
  "sin(a=2.676073964919645)": sineMap(2.676073964919645),
  relu: reluMap,
  hermite2: polynomialMap([0, 0, 1]),
};

/** Holds one part of a vector. */
function expectPart(whole: Vector<unknown>, at: number, got: unknown): void {
  expectVector({ ...whole, expected: (whole.expected as readonly unknown[])[at] }, got);
}

function powersOf(masses: Readonly<Record<string, number>>): number[] {
  const powers = Array<number>(8).fill(0);
  for (const [k, p] of Object.entries(masses)) powers[Number(k)] = p;
  return powers;
}

describe("deep kernels", () => {
  it("are those of the reference for every activation (IN-V6)", () => {
    const reference = vector("IN-V6");
    for (const { activation, xi, layers } of reference.expected as readonly Layers[])
      expectVector(
        { ...reference, expected: layers },
        Object.fromEntries(
          Object.keys(layers).map((depth) => [
            depth,
            deepRecursion(maps[activation]!, 1 - xi, Number(depth)),
          ]),
        ),
      );
  });

  it("of 1000 ReLU layers are those of the reference, and near their limits (IN-V10)", () => {
    const reference = vector("IN-V10");
    (reference.expected as readonly { xi: number; L: number }[]).forEach(({ xi, L }, at) => {
      const { gap, ntk } = deepRecursion(reluMap, 1 - xi, L);
      const got = { xi, L, T_over_Lplus1: ntk / (L + 1), u_L2: gap * L * L };
      expectPart(reference, at, got);
      // Corrections fall like ln L/L.
      expect(Math.abs(got.T_over_Lplus1 - deepReluTangent)).toBeLessThan(Math.log(L) / L);
      expect(Math.abs(got.u_L2 / deepReluGap - 1)).toBeLessThan((8 * Math.log(L)) / L);
    });
  });
});

describe.each(Object.entries(maps))("the dual map of %s", (_, map) => {
  it("has the slopes that its differences have, and gaps that agree with its values", () => {
    for (const u of [0.05, 0.3, 0.6, 0.95]) {
      expect(map.gap(u)).toBeCloseTo(1 - map.value(1 - u), 14);
      const h = 1e-4;
      expect(map.slope(u)).toBeCloseTo((map.gap(u + h) - map.gap(u - h)) / (2 * h), 6);
      if (map.atZero === 0) expect(map.growth(1 - u)).toBeCloseTo(map.value(1 - u) / (1 - u), 13);
    }
    expect(map.value(0)).toBeCloseTo(map.atZero, 14);
    expect(map.slope(1)).toBeCloseTo(map.slopeAtZero, 13);
    expect(map.slope(0)).toBeCloseTo(map.slopeAtOne, 13);
  });

  it("multiplies tiny gaps by its slope at 1", () =>
    // A kink adds a share √u.
    expect(map.gap(1e-26) / 1e-26 / map.slopeAtOne).toBeCloseTo(1, 12));
});

describe("exact gaps", () => {
  it("are those of h₂, 1 − (1 − u)^(2^L)", () =>
    expect(exactGap([0, 0, 1], 2 ** -40, 30)).toBeCloseTo(
      -Math.expm1(2 ** 30 * Math.log1p(-(2 ** -40))),
      15,
    ));

  it("hold floating point to 14 digits", () => {
    for (const d of [1, 2, 4])
      for (const u of [1e-12, 1e-6, 0.1])
        for (const layers of [1, 5, 20])
          expect(
            deepRecursion(polynomialMap(optimalPowers(d)), u, layers).gap /
              exactGap(optimalPowers(d), u, layers),
          ).toBeCloseTo(1, 13);
  });
});

describe("the singular kernel", () => {
  it("of polynomials is that of the reference (IN-V7)", () => {
    const reference = vector("IN-V7");
    (reference.expected as readonly Singular[]).forEach(({ p, u }, at) => {
      const map = polynomialMap(powersOf(p));
      expectPart(reference, at, {
        p,
        a: map.slopeAtZero,
        b: map.slopeAtOne,
        alpha: singularExponent(map),
        u,
        log_psi: u.map((gap) => logSingularKernel(map, gap)),
      });
    });
  });

  it("of erf is that of the reference (IN-V8)", () => {
    const reference = vector("IN-V8");
    const { u } = reference.expected as Singular;
    expectVector(reference, {
      a: erfMap.slopeAtZero,
      b: erfMap.slopeAtOne,
      alpha: singularExponent(erfMap),
      u,
      log_psi: u.map((gap) => logSingularKernel(erfMap, gap)),
    });
  });

  it("solves Schröder's equation ψ(φ̌(ξ)) = a ψ(ξ), and votes with the nearest point when that is near", () => {
    const map = maps["poly_2d"]!;
    for (const u of [1e-9, 0.01, 0.7])
      expect(logSingularKernel(map, map.gap(u)) - logSingularKernel(map, u)).toBeCloseTo(Math.log(0.5), 13);
    expect(logSingularKernel(map, 1)).toBe(-Infinity);
    const vote = (kernel: (gap: number) => number): number =>
      singularVote([1e-9, 0.1, 0.2], [-1, 1, 1], kernel);
    expect(vote((u) => logSingularKernel(map, u))).toBeLessThan(-0.99);
    expect(vote(logHilbertKernel(2))).toBeCloseTo(-1 + 1e-8 + 5e-9, 15);
  });
});

describe("optimal activations", () => {
  it("are those of the reference (IN-V9)", () => {
    const reference = vector<{ x: readonly number[] }>("IN-V9");
    const { activations, sine_a } = reference.expected as {
      activations: Record<string, unknown>;
      sine_a: Record<string, number>;
    };
    expectVector(reference, {
      activations: Object.fromEntries(
        Object.keys(activations).map((name) => [
          name,
          reference.inputs.x.map(optimalActivation(Number(name.slice(2)))),
        ]),
      ),
      sine_a: Object.fromEntries(Object.keys(sine_a).map((d) => [d, optimalSine(Number(d))])),
    });
  });

  it("have exponent d, sines too", () => {
    for (const d of [1, 2, 3, 4, 8])
      expect(singularExponent(polynomialMap(optimalPowers(d)))).toBeCloseTo(d, 12);
    for (const d of [1.2, 2, 3, 8]) expect(singularExponent(sineMap(optimalSine(d)))).toBeCloseTo(d, 10);
  });

  it("have the duals that they should", () => {
    const { nodes, weights } = hermiteQuadrature(40);
    const expectation = (f: (x: number) => number, xi: number): number =>
      nodes.reduce(
        (sum, u, i) =>
          sum +
          weights[i]! *
            f(u) *
            nodes.reduce((inner, v, j) => inner + weights[j]! * f(xi * u + Math.sqrt(1 - xi * xi) * v), 0),
        0,
      );
    expect(expectation(optimalActivation(1), 0.8)).toBeCloseTo(
      polynomialMap(optimalPowers(1)).value(0.8),
      10,
    );
    expect(expectation(sineActivation(2.676), 0.6)).toBeCloseTo(sineMap(2.676).value(0.6), 10);
  });

  it("do not exist below dimension 2 but for 1, nor as sines up to 1", () => {
    expect(() => optimalPowers(1.5)).toThrow(RangeError);
    expect(() => optimalSine(1)).toThrow(RangeError);
  });
});

describe("the limit of depth", () => {
  it.each([
    [[0, 0, 1], "nearest-neighbor"],
    [[0, 0.5, 0, 0.5], "singular-kernel"],
    [[0.3, 0.2, 0.5], "majority"],
    [[0.5, 0.3, 0.2], "collapse"],
  ])("of %j is %s", (powers, limit) => expect(deepLimit(polynomialMap(powers))).toBe(limit));
});

describe("the best classifier of Dirichlet classes", () => {
  it("knows Γ", () => {
    for (const [x, value] of [
      [0.1, 9.513_507_698_668_732],
      [0.5, Math.sqrt(Math.PI)],
      [5, 24],
      [12, 39_916_800],
    ] as const)
      expect(logGamma(x)).toBeCloseTo(Math.log(value), 13);
    expect(() => logGamma(0)).toThrow(RangeError);
  });

  it("compares densities: 2x and 2(1 − x) on an interval", () => {
    const odds = dirichletLogOdds([2, 1], [1, 2], 0.4);
    expect(odds([0.6, 0.4])).toBeCloseTo(Math.log(1), 14);
    expect(odds([0.9, 0.1])).toBeCloseTo(Math.log((0.4 * 0.9) / (0.6 * 0.1)), 14);
  });

  it("knows normalizations: 6x(1 − x) against 1", () =>
    expect(dirichletLogOdds([2, 2], [1, 1], 0.5)([0.3, 0.7])).toBeCloseTo(Math.log(6 * 0.3 * 0.7), 13));
});
