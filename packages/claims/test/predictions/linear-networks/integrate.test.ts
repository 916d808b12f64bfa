import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { integrate } from "../../../src/predictions/index.ts";

describe("integrate", () => {
  it("follows exponentials, a rotation and a logistic curve", () => {
    const times = [0, 0.3, 1, 1, 7, 30];
    const decay = integrate(([x]) => [-2 * x!], [3], times);
    const turn = integrate(([x, y]) => [-y!, x!], [1, 0], times);
    const logistic = integrate(([x]) => [x! * (1 - x!)], [1e-6], times);
    times.forEach((t, i) => {
      expect(Math.abs(decay[i]![0]! / (3 * Math.exp(-2 * t)) - 1)).toBeLessThan(1e-8);
      expect(turn[i]![0]).toBeCloseTo(Math.cos(t), 8);
      expect(turn[i]![1]).toBeCloseTo(Math.sin(t), 8);
      expect(logistic[i]![0]).toBeCloseTo(1 / (1 + (1e6 - 1) * Math.exp(-t)), 9);
    });
  });

  it("gains with its tolerance, and does not depend on the times in between", () => {
    const curve = ([x, y]: readonly number[]): number[] => [y!, (1 - x! ** 2) * y! - x!];
    const [exact] = integrate(curve, [2, 0], [10], { tolerance: 1e-13 });
    const errors = [1e-4, 1e-6, 1e-8, 1e-10].map((tolerance) => {
      const [state] = integrate(curve, [2, 0], [10], { tolerance });
      return Math.abs(state![0]! - exact![0]!);
    });
    errors.slice(1).forEach((error, i) => expect(error).toBeLessThan(errors[i]! / 5));
    const [stopped] = integrate(curve, [2, 0], [1, 2, 2.5, 9.999, 10], { tolerance: 1e-13 }).slice(-1);
    expect(stopped![0]).toBeCloseTo(exact![0]!, 10);
  });

  it("adapts to units: scaled states and scaled time give scaled solutions", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-20, max: 1e20, noNaN: true }),
        fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
        (size, pace) => {
          const [state] = integrate(([x, y]) => [-pace * y!, pace * x!], [size, 0], [1 / pace]);
          expect(state![0]! / size).toBeCloseTo(Math.cos(1), 9);
          expect(state![1]! / size).toBeCloseTo(Math.sin(1), 9);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("rests where nothing moves and starts from 0 where something does", () => {
    expect(integrate(([x]) => [x!], [0], [5])).toEqual([[0]]);
    expect(integrate(([x]) => [1 - x!], [0], [2])[0]![0]).toBeCloseTo(1 - Math.exp(-2), 10);
    expect(integrate(([x]) => [x!], [4], [])).toEqual([]);
  });

  it("says so when there is no solution, too little patience, or no order in the times", () => {
    expect(() => integrate(([x]) => [x! ** 2], [1], [2])).toThrow(/stuck at t = (1|0\.99)/);
    expect(() => integrate(([x]) => [Math.sqrt(x! - 1)], [0], [1])).toThrow(/stuck at t = 0/);
    expect(() => integrate(([x]) => [-1e6 * x!], [1], [1], { maxSteps: 1000 })).toThrow(/1000 steps/);
    expect(() => integrate(([x]) => [x!], [1], [2, 1])).toThrow(/ascending from 0/);
    expect(() => integrate(([x]) => [x!], [1], [NaN])).toThrow(RangeError);
  });
});
