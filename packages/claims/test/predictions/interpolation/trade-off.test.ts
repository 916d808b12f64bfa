import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  asymptoticLeastSquaresExcess,
  frontierTraining,
  leastExcess,
  leastSquaresExcess,
  leastTraining,
  marchenkoPasturRidge,
  nearestNeighborError,
  neighborNoiseRatio,
  someFeaturesExcess,
} from "../../../src/predictions/index.ts";
import { expectVector, vector } from "../../vectors/vector.ts";

const aspects = fc.double({ min: 0.05, max: 50, noNaN: true });
const ridges = fc.double({ min: 1e-6, max: 100, noNaN: true });

describe("the size/train/test trade-off", () => {
  it("is one bound seen from two sides", () => {
    fc.assert(
      fc.property(aspects, fc.double({ min: 0, max: 1, noNaN: true }), (aspect, training) => {
        expect(leastTraining(aspect, leastExcess(aspect, training))).toBeCloseTo(training, 12);
      }),
    );
    expect(leastExcess(10, 0)).toBe(0.1);
    expect(leastExcess(10, 1)).toBe(0);
    expect(leastTraining(10, 0.1)).toBe(0);
    expect(leastTraining(1, 2)).toBe(0);
    expect(leastTraining(1, 0.25)).toBe(0.25);
  });

  it("refuses what is no ratio and no error", () => {
    expect(() => leastExcess(0, 0.5)).toThrow(/leastExcess: aspect 0/);
    expect(() => leastExcess(1, 1.5)).toThrow(/training 1.5; give τ in \[0, 1\]/);
    expect(() => leastTraining(1, -1)).toThrow(/leastTraining: aspect 1, excess -1/);
  });
});

describe("ridge regression on noise", () => {
  it("agrees with IN-V1", () => {
    interface Row {
      gamma: number;
      lam: number;
    }
    const one = vector("IN-V1");
    expectVector(
      one,
      (one.expected as Row[]).map(({ gamma, lam }) => {
        const { stieltjes, training, excess } = marchenkoPasturRidge(gamma, lam);
        return {
          gamma,
          lam,
          v: stieltjes,
          tau: training,
          excess,
          universal_bound: leastExcess(gamma, training),
        };
      }),
    );
  });

  it.each([
    [0.3, 0.1],
    [0.9, 0.02],
    [1, 0.5],
    [1.6, 0],
    [4, 3],
    [30, 10],
  ])("is the mean over the Marchenko–Pastur law: γ = %d, λ = %d", (aspect, ridge) => {
    const { stieltjes, training, excess } = marchenkoPasturRidge(aspect, ridge);
    expect(stieltjes).toBeCloseTo(
      marchenkoPasturMean(aspect, (s) => 1 / (s + ridge)),
      9,
    );
    expect(training).toBeCloseTo(
      marchenkoPasturMean(aspect, (s) => (ridge / (s + ridge)) ** 2),
      9,
    );
    expect(excess).toBeCloseTo(
      marchenkoPasturMean(aspect, (s) => s / (s + ridge) ** 2),
      9,
    );
  });

  it("trades no better than the bound, and as well with many features", () => {
    fc.assert(
      fc.property(aspects, ridges, (aspect, ridge) => {
        const { training, excess } = marchenkoPasturRidge(aspect, ridge);
        expect(excess).toBeGreaterThanOrEqual(leastExcess(aspect, training) * (1 - 1e-9));
      }),
    );
    for (const ridge of [0, 0.1, 1, 10]) {
      const { training, excess } = marchenkoPasturRidge(1e4, ridge);
      expect(excess / leastExcess(1e4, training)).toBeCloseTo(1, 3);
    }
  });

  it("without ridge is least squares: γ/(1 − γ), the bound times γ/(γ − 1), or nothing finite", () => {
    expect(marchenkoPasturRidge(0.25, 0)).toEqual({ stieltjes: Infinity, training: 0.75, excess: 1 / 3 });
    const { training, excess } = marchenkoPasturRidge(20, 0);
    expect(training).toBe(0);
    expect(excess / leastExcess(20, 0)).toBeCloseTo(20 / 19, 14);
    expect(marchenkoPasturRidge(1, 0)).toEqual({ stieltjes: Infinity, training: 0, excess: Infinity });
    expect(() => marchenkoPasturRidge(1, -1)).toThrow(/aspect 1, ridge -1/);
  });
});

describe("the frontier of ridge regression", () => {
  it("is where ridges lead, above the bound", () => {
    fc.assert(
      fc.property(aspects, ridges, (aspect, ridge) => {
        const { training, excess } = marchenkoPasturRidge(aspect, ridge);
        expect(Math.abs(frontierTraining(aspect, excess) - training)).toBeLessThan(1e-9);
        expect(training).toBeGreaterThanOrEqual(leastTraining(aspect, excess) - 1e-9);
      }),
    );
  });

  it("ends at least squares", () => {
    expect(frontierTraining(0.25, 1 / 3)).toBeCloseTo(0.75, 14);
    expect(frontierTraining(0.25, 100)).toBe(0.75);
    expect(frontierTraining(4, 1 / 3)).toBe(0);
    expect(frontierTraining(1, 1e6)).toBeCloseTo(0, 6);
    expect(() => frontierTraining(0, 1)).toThrow(/aspect 0, excess 1/);
  });
});

describe("least squares", () => {
  it("agrees with IN-V2: exact excess and its limit", () => {
    interface Row {
      n: number;
      p: number;
    }
    const one = vector("IN-V2");
    expectVector(
      one,
      (one.expected as Row[]).map(({ n, p }) => ({
        n,
        p,
        finite_gaussian_excess: leastSquaresExcess({ samples: n, features: p, noise: 0.25 }),
        asymptotic_excess: asymptoticLeastSquaresExcess(p / n, { noise: 0.25 }),
      })),
    );
  });

  it("is the ridge regression without ridge on noise alone", () => {
    for (const aspect of [0.2, 0.7, 1, 1.5, 8])
      expect(asymptoticLeastSquaresExcess(aspect, { noise: 1, signal: 0 })).toBeCloseTo(
        marchenkoPasturRidge(aspect, 0).excess,
        12,
      );
  });

  it("is infinite at the interpolation threshold, where there is noise", () => {
    for (const features of [49, 50, 51])
      expect(leastSquaresExcess({ samples: 50, features, noise: 1 })).toBe(Infinity);
    expect(leastSquaresExcess({ samples: 50, features: 50, noise: 0 })).toBe(0);
    expect(() => leastSquaresExcess({ samples: 0, features: 1, noise: 1 })).toThrow(/samples 0/);
  });

  it("with some of the features knows what it loses", () => {
    const problem = { samples: 60, noise: 0.25, available: 300 };
    // (1 − 0.4) + 0.85 · 60/59 + 0.4 · (1 − 60/120).
    expect(someFeaturesExcess({ ...problem, features: 120 })).toBeCloseTo(0.6 + (0.85 * 60) / 59 + 0.2, 14);
    expect(someFeaturesExcess({ ...problem, features: 300 })).toBe(
      leastSquaresExcess({ samples: 60, features: 300, noise: 0.25 }),
    );
    expect(() => someFeaturesExcess({ ...problem, features: 301 })).toThrow(/301 features of 300/);
  });
});

describe("nearest neighbors", () => {
  it("pass on the noise of k labels", () => {
    expect([1, 2, 5].map(neighborNoiseRatio)).toEqual([2, 1.5, 1.2]);
    expect(() => neighborNoiseRatio(0)).toThrow(/0 neighbors/);
  });

  it("err where exactly one of two labels is wrong", () => {
    expect(nearestNeighborError(0.2)).toBeCloseTo(0.32, 15);
    expect([0, 0.5, 1].map(nearestNeighborError)).toEqual([0, 0.5, 0]);
    expect(() => nearestNeighborError(2)).toThrow(/flip 2/);
  });
});

/**
 * The mean of f over the eigenvalues of Z Zᵀ/n: mass 1 − γ at 0 when γ < 1, and with s = 1 + γ + 2 √γ cos θ the density
 * 2 γ sin²θ/(π s) in θ, which the trapezoid rule integrates to rounding when s stays away from 0.
 */
function marchenkoPasturMean(aspect: number, f: (eigenvalue: number) => number): number {
  const nodes = 20_000;
  let sum = aspect < 1 ? (1 - aspect) * f(0) : 0;
  for (let i = 0; i < nodes; i++) {
    const theta = (Math.PI * (i + 0.5)) / nodes;
    const s = 1 + aspect + 2 * Math.sqrt(aspect) * Math.cos(theta);
    sum += ((2 * aspect * Math.sin(theta) ** 2) / (nodes * s)) * f(s);
  }
  return sum;
}
