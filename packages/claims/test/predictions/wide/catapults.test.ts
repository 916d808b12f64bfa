import { describe, expect, it } from "vitest";
import {
  catapultFate,
  catapultMap,
  catapultPeakTime,
  catapultStep,
  quadraticModelPath,
} from "../../../src/predictions/index.ts";
import { vector } from "../../vectors/vector.ts";

/** The largest relative difference of two lists of equal length. */
function relativeDifference(own: readonly number[], expected: readonly number[]): number {
  expect(own).toHaveLength(expected.length);
  return Math.max(...own.map((value, t) => Math.abs(value - expected[t]!) / Math.abs(expected[t]!)));
}

interface Path {
  readonly g0: number;
  readonly lambda0: number;
  readonly y: number;
  readonly eta: number;
  readonly c: number;
  readonly m: number;
  readonly g: readonly number[];
  readonly lam: readonly number[];
}

describe("the recursion of one example", () => {
  const { expected, tol } = vector<undefined>("WN-V2");
  const cases = expected as readonly Path[];

  it.each(cases)("agrees with WN-V2: η = $eta, y = $y, m = $m", ({ g0, lambda0, g, lam, m, ...fixed }) => {
    const path = quadraticModelPath({ g: g0, lambda: lambda0 }, { ...fixed, width: m }, g.length - 1);
    expect(relativeDifference(path.map((state) => state.g), g)).toBeLessThan(tol.rel); // prettier-ignore
    expect(relativeDifference(path.map((state) => state.lambda), lam)).toBeLessThan(tol.rel); // prettier-ignore
  });

  it("ends with the last finite numbers", () => {
    const path = quadraticModelPath({ g: 10, lambda: 1 }, { y: 0, eta: 10, c: 1, width: 10 }, 1000);
    expect(path.length).toBeLessThan(30);
    expect(path.every(({ g, lambda }) => Number.isFinite(g) && Number.isFinite(lambda))).toBe(true);
  });

  it("is that of two weights with target 1, for c = m", () => {
    const eta = 0.9;
    const path = quadraticModelPath({ g: 1.2, lambda: 3 }, { y: 1, eta, c: 1, width: 1 }, 10);
    let state = { residual: 0.2, sharpness: 3 };
    for (const { g, lambda } of path) {
      expect(g - 1).toBeCloseTo(state.residual, 10);
      expect(lambda).toBeCloseTo(state.sharpness, 10);
      state = catapultStep(state, eta);
    }
  });

  it("is gradient descent of the bilinear function, for one neuron and one input", () => {
    let [u, v] = [0.7, -1.2];
    const [x, y, eta] = [1.5, 0.4, 0.6];
    const states = Array.from({ length: 9 }, () => {
      const state = { g: v * u * x, lambda: x ** 2 * (u ** 2 + v ** 2) };
      const e = state.g - y;
      [u, v] = [u - eta * e * v * x, v - eta * e * u * x];
      return state;
    });
    const path = quadraticModelPath(states[0]!, { y, eta, c: x ** 2, width: 1 }, 8);
    path.forEach(({ g, lambda }, t) => {
      expect(g).toBeCloseTo(states[t]!.g, 12);
      expect(lambda).toBeCloseTo(states[t]!.lambda, 12);
    });
  });
});

interface Universal {
  readonly z0: number;
  readonly kappa0: number;
  readonly z: readonly number[];
  readonly kappa: readonly number[];
  readonly z_max: number;
  readonly t_max: number;
  readonly steps: number;
  readonly diverged: boolean;
  readonly final_kappa: number;
}

describe("the universal map", () => {
  const { expected, tol } = vector<undefined>("WN-V3");
  const cases = expected as readonly Universal[];

  it.each(cases)("agrees with WN-V3: κ = $kappa0", (given) => {
    const path = catapultMap({ z: given.z0, kappa: given.kappa0 }, 60);
    const listed = path.slice(0, given.z.length);
    expect(relativeDifference(listed.map(({ z }) => z), given.z)).toBeLessThan(tol.rel); // prettier-ignore
    expect(relativeDifference(listed.map(({ kappa }) => kappa), given.kappa)).toBeLessThan(tol.rel); // prettier-ignore
    expect(path.length - 1).toBe(given.steps);
    expect(path.length <= 60).toBe(given.diverged);
    const largest = Math.max(...path.map(({ z }) => z));
    expect(relativeDifference([largest, path.at(-1)!.kappa], [given.z_max, given.final_kappa])).toBeLessThan(
      1e-4,
    );
    expect(path.findIndex(({ z }) => z === largest)).toBe(given.t_max);
  });

  it("is the recursion of one example with target 0", () => {
    const [eta, c, width] = [2.9, 1.3, 500];
    const path = quadraticModelPath({ g: 0.8, lambda: 1.1 }, { y: 0, eta, c, width }, 12);
    const states = path.map(({ g, lambda }) => ({ z: eta ** 2 * (c / width) * g ** 2, kappa: eta * lambda }));
    const map = catapultMap(states[0]!, 12);
    expect(relativeDifference(map.map(({ z }) => z), states.map(({ z }) => z))).toBeLessThan(1e-9); // prettier-ignore
    expect(relativeDifference(map.map(({ kappa }) => kappa), states.map(({ kappa }) => kappa))).toBeLessThan(1e-9); // prettier-ignore
  });

  it("escapes above 4 and nowhere below, and its κ ends below 2", () => {
    for (const k of [1, 1.9, 2.1, 2.5, 3, 3.5, 3.9, 4.1, 5]) {
      const path = catapultMap({ z: k ** 2 / 1e4, kappa: k }, 3000);
      const last = path.at(-1)!;
      if (catapultFate(k) === "diverges") expect(path.length).toBeLessThan(100);
      else expect([k, last.z < 1e-9, last.kappa < 2]).toEqual([k, true, true]);
    }
  });

  it("peaks when the growth by (k − 1)² says", () => {
    for (const width of [1e2, 1e4, 1e6, 1e8]) {
      const path = catapultMap({ z: 6.25 / width, kappa: 2.5 }, 60);
      const peak = path.findIndex(({ z }) => z === Math.max(...path.map((state) => state.z)));
      expect(Math.abs(peak - catapultPeakTime(6.25 / width, 2.5))).toBeLessThan(2.5);
    }
  });
});
