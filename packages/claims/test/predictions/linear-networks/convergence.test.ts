import { random } from "lineament";
import { Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import {
  type CatapultState,
  catapultFate,
  catapultStep,
  convergenceRate,
  convergenceTheorem,
  deficiencyMargin,
  effectiveStep,
  endToEndFlow,
  factorizationGradient,
  identityStartFloor,
  marginProbability,
  quarticDescentIterations,
  quarticStepLimit,
  signTrap,
  signTrapLaw,
  singularValueAt,
  singularValues,
} from "../../../src/predictions/index.ts";
import { expectVector, vector } from "../../vectors/vector.ts";
import { factorizationLoss, gaussianRows, plus, rotation, sumOfSquares } from "./layers.ts";

describe("convergence to a global minimum", () => {
  it("agrees with LN-V30: deficiency margin and rates", () => {
    const one = vector<{ Phi: number[][]; W0: number[][]; n: number[] }>("LN-V30");
    const { Phi, W0, n } = one.inputs;
    const margin = deficiencyMargin(Phi, W0);
    expectVector(one, {
      margin,
      rateSquare: n.map((depth) => convergenceRate(margin, depth, { square: true })),
      rateGeneral: n.map((depth) => convergenceRate(margin, depth, { square: false })),
    });
  });

  it("agrees with LN-V25: constants of the theorem", () => {
    const one = vector<{ N: number[]; phiFro: number; c: number; lossRatio: number }>("LN-V25");
    const { N, phiFro, c, lossRatio } = one.inputs;
    expectVector(
      one,
      N.map((depth) => {
        const theorem = convergenceTheorem({ depth, targetNorm: phiFro, margin: c, lossRatio });
        return { delta: theorem.largestImbalance, etaMax: theorem.largestStep, steps: theorem.steps };
      }),
    );
  });

  it.each([
    [5, 5],
    [3, 6],
  ])(
    "is as fast as the bound along the flow of %d × %d matrices, which stay off the singular ones",
    (rows, columns) => {
      const generator = random(rows);
      const k = Math.min(rows, columns);
      const core = Matrix.zeros(rows, columns);
      for (let r = 0; r < k; r++) core.set(r, r, 1.5 - (0.8 * r) / (k - 1));
      const target = rotation(rows, generator).mmul(core).mmul(rotation(columns, generator)).to2DArray();
      const noise = gaussianRows(rows, columns, generator);
      const start = plus(target, noise, 0.42 / Math.sqrt(sumOfSquares(noise)));
      const margin = deficiencyMargin(target, start);
      expect(margin).toBeCloseTo(0.28, 12);
      const times = [0.2, 0.5, 1, 2, 4];
      for (const depth of [2, 3, 4]) {
        const rate = convergenceRate(margin, depth, { square: rows === columns });
        const states = endToEndFlow({ start, depth, gradientOf: factorizationGradient(target) }, times);
        times.forEach((t, i) => {
          const fall = Math.log(factorizationLoss(states[i]!, target) / factorizationLoss(start, target));
          expect(fall + rate * t).toBeLessThan(0);
          expect(singularValues(states[i]!).at(-1)!).toBeGreaterThan(margin);
        });
      }
    },
  );

  it("has a positive margin with the probabilities of LN-09", () => {
    const table = [
      [0.01, 0.4914],
      [0.1, 0.4148],
      [0.5, 0.1372],
      [1, 0.0105],
    ] as const;
    for (const [radius, probability] of table)
      expect(Math.abs(marginProbability(20, radius) - probability)).toBeLessThan(5e-5);
    // On the circle by its angle, on the sphere by its height, in four dimensions by (θ − sin θ cos θ)/π.
    expect(marginProbability(2, 1)).toBeCloseTo(1 / 3, 14);
    expect(marginProbability(3, 1)).toBeCloseTo(1 / 4, 14);
    expect(marginProbability(4, 1)).toBeCloseTo((Math.PI / 3 - Math.sqrt(3) / 4) / Math.PI, 14);
    expect(marginProbability(7, 0)).toBe(0.5);
    expect([2, 3, 10, 1000].map((d) => marginProbability(d, 2))).toEqual([0, 0, 0, 0]);
    expect(() => marginProbability(1, 0.5)).toThrow(/d = 1/);
  });

  it("is not promised without a margin", () => {
    expect(deficiencyMargin([[1]], [[-1]])).toBe(-1);
    expect(() => convergenceRate(-1, 2, { square: true })).toThrow(/margin -1/);
    expect(() => convergenceTheorem({ depth: 2, targetNorm: 1, margin: 0.9, lossRatio: 2 })).toThrow(
      /loss ratio 2/,
    );
  });
});

describe("the sign trap", () => {
  it("agrees with LN-V29: floor of the loss", () => {
    const one = vector<{ Phi: number[][] }>("LN-V29");
    const {
      determinant: detPhi,
      smallestSingularValue: sigmaMin,
      floor: lossFloor,
    } = signTrap(one.inputs.Phi);
    expectVector(one, { detPhi, sigmaMin, lossFloor });
  });

  it("agrees with LN-V26: decay of a trapped scalar", () => {
    const one = vector<{ n: number[]; w0: number; phi: number; t: number[] }>("LN-V26");
    const { n, w0, phi, t } = one.inputs;
    expectVector(
      one,
      n.map((depth) => t.map((time) => singularValueAt({ depth, start: w0, target: phi }, time))),
    );
  });

  it("falls by its law in the end", () => {
    for (const depth of [2, 3, 4, 6]) {
      // e^{-600} at the last time.
      const [early, late] = [100, 1000].map((t) => {
        const exact = singularValueAt({ depth, start: 1, target: -0.3 }, t);
        return Math.abs(exact / signTrapLaw(depth, 1, -0.3, t) - 1);
      });
      expect(late!).toBeLessThan(0.05);
      expect(late!).toBeLessThan(early! + 1e-12);
    }
    expect(() => signTrapLaw(2, 1, 0.5, 1)).toThrow(/target 0.5/);
  });

  it.each([3, 4])("holds balanced flow above its floor, depth %d", (depth) => {
    const { Phi } = vector<{ Phi: number[][] }>("LN-V29").inputs;
    const start = [
      [0.3, 0.1, 0],
      [0, 0.2, 0.1],
      [0.1, 0, 0.25],
    ];
    const { floor, determinant } = signTrap(Phi);
    expect(determinant * signTrap(start).determinant).toBeLessThan(0);
    const states = endToEndFlow({ start, depth, gradientOf: factorizationGradient(Phi) }, [5, 10, 20]);
    for (const w of states) {
      expect(factorizationLoss(w, Phi)).toBeGreaterThan(floor);
      expect(signTrap(w).determinant).toBeGreaterThan(0);
    }
    // The values at T = 20 of LN-10.
    const last = factorizationLoss(states.at(-1)!, Phi);
    expect(Math.abs(last - (depth === 3 ? 0.119233 : 0.119896))).toBeLessThan(2e-5);
  });

  it("catches the identity start at half the squares of negative eigenvalues", () => {
    const target = [
      [1, 0, 0],
      [0, -0.5, 0],
      [0, 0, 0.8],
    ];
    expect(identityStartFloor(target)).toBeCloseTo(0.125, 14);
    // LN-10 (c): |W_22| after time 400.
    expect(signTrapLaw(3, 1, -0.5, 400)).toBeCloseTo(1.25e-7, 9);
    expect(signTrapLaw(4, 1, -0.5, 400)).toBeCloseTo(6.25e-6, 9);
    expect(() => signTrap([[1, 2]])).toThrow(/1 × 2/);
  });
});

describe("the catapult", () => {
  it("maps residual and sharpness as descent on both weights does", () => {
    const step = 0.05;
    let [a, b] = [8, 0.9 / 8];
    let state: CatapultState = { residual: a * b - 1, sharpness: a ** 2 + b ** 2 };
    for (let k = 0; k < 30; k++) {
      const miss = a * b - 1;
      [a, b] = [a - step * miss * b, b - step * miss * a];
      state = catapultStep(state, step);
      expect(state.residual).toBeCloseTo(a * b - 1, 10);
      expect(state.sharpness).toBeCloseTo(a ** 2 + b ** 2, 9);
    }
  });

  it("ends as its fate says", () => {
    const step = 0.05;
    for (const s of [4, 6, 6.5, 7, 8, 8.85, 9, 10]) {
      const start = { residual: -0.1, sharpness: s ** 2 + (0.9 / s) ** 2 };
      const losses = [start.residual ** 2 / 2];
      let state: CatapultState = start;
      for (let k = 0; k < 5000 && Math.abs(state.residual) < 1e6; k++) {
        state = catapultStep(state, step);
        losses.push(state.residual ** 2 / 2);
      }
      const fate = catapultFate(step * start.sharpness);
      const highest = Math.max(...losses);
      const last = losses.at(-1)!;
      const seen = last > 1 ? "diverges" : highest > losses[0]! ? "catapults" : "descends";
      expect(seen, `s = ${s}`).toBe(fate);
      if (fate === "catapults") expect(step * state.sharpness).toBeLessThan(2);
    }
  });
});

describe("descent on quartic losses", () => {
  it("agrees with LN-V27: least iterations of depth 1", () => {
    const one = vector<{ y1: number; eps: number[] }>("LN-V27");
    const { y1, eps } = one.inputs;
    expectVector(
      one,
      eps.map((loss) => quarticDescentIterations(quarticStepLimit(y1), loss)),
    );
  });

  it("takes the iterations of the estimate at depth 1, and diverges beyond the largest step", () => {
    const loss = 0.25e-4;
    const iterations = (step: number): number => {
      let errors = [10 - 0.01, 1 - 0.01];
      for (let k = 0; k < 10_000; k++) {
        if (errors.reduce((sum, e) => sum + e ** 4 / 4, 0) <= loss) return k;
        errors = errors.map((e) => e - step * e ** 3);
      }
      return Infinity;
    };
    const step = 1.957 / 100;
    expect(Math.abs(iterations(step) / quarticDescentIterations(step, loss) - 1)).toBeLessThan(0.05);
    expect(iterations(1.05 * quarticStepLimit(10))).toBe(Infinity);
  });

  it("has longer steps with depth where targets are large", () => {
    expect([1, 2, 4].map((depth) => effectiveStep(0.01, 16, depth))).toEqual([0.01, 0.16, 0.64]);
    expect(effectiveStep(0.01, 0.25, 2)).toBe(0.0025);
  });
});
