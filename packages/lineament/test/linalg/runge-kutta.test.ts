import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Derivative, rungeKutta, rungeKuttaSteps } from "../../src/linalg/index.ts";
import { expectClose } from "../contracts/data.ts";

const oscillator: Derivative = (_, y) => Float64Array.of(y[1]!, -y[0]!);

describe("Runge–Kutta 5(4)", () => {
  test("follows exponentials of any rate, forward and backward", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        async (rate, t0, t1) => {
          const { y, outcome } = await rungeKutta(
            (_, y) => Float64Array.of(rate * y[0]!),
            Float64Array.of(1),
            t0,
            t1,
            {
              tolerance: 1e-10,
              absoluteTolerance: 1e-300,
            },
          );
          expect(outcome).toBe("reached");
          // Errors of the steps add up: a few hundred at most.
          expect(Math.abs(y[0]! / Math.exp(rate * (t1 - t0)) - 1)).toBeLessThan(3e-8);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("errs in proportion to the tolerance, at a cost of its fifth root", async () => {
    const run = (tolerance: number) =>
      rungeKutta(oscillator, Float64Array.of(1, 0), 0, 20, { tolerance, times: [1, 2.5, 10, 20] });
    let steps = 0;
    for (const tolerance of [1e-6, 1e-8, 1e-10, 1e-12]) {
      const solution = await run(tolerance);
      solution.times.forEach((t, i) =>
        expect(Math.abs(solution.states[i]![0]! - Math.cos(t))).toBeLessThan(10 * tolerance),
      );
      if (steps > 0) expect(solution.steps / steps).toBeCloseTo(100 ** 0.2, 0);
      steps = solution.steps;
    }
  });

  test("is of order five: the error of fixed small steps falls by 32 when they are halved", async () => {
    const error = async (step: number): Promise<number> => {
      // One step is exact to O(h⁶); tolerance 1 accepts it as it is.
      const { y } = await rungeKutta(oscillator, Float64Array.of(1, 0), 0, step, {
        tolerance: 1,
        firstStep: step,
      });
      return Math.hypot(y[0]! - Math.cos(step), y[1]! + Math.sin(step));
    };
    expect(Math.log2((await error(0.4)) / (await error(0.2)))).toBeCloseTo(6, 0);
  });

  test("gives the solution between steps to the order of the tolerance", async () => {
    const y0 = Float64Array.of(0, 1);
    const tolerance = 1e-9;
    let [worst, count] = [0, 0];
    for await (const { from, t, y, at } of rungeKuttaSteps(oscillator, y0, 0, 10, { tolerance })) {
      count++;
      expect(at(t)[0]).toBeCloseTo(y[0]!, 14);
      for (let s = 1; s < 10; s++) {
        const time = from + ((t - from) * s) / 10;
        worst = Math.max(worst, Math.abs(at(time)[0]! - Math.sin(time)));
      }
    }
    expect(count).toBeGreaterThan(10);
    expect(worst).toBeLessThan(20 * tolerance);
  });

  test("solves the Arenstorf orbit, which returns to its start", async () => {
    // Hairer, Nørsett and Wanner I, §II.0: the restricted three-body problem.
    const mu = 0.012277471;
    const period = 17.06521656015796;
    const y0 = Float64Array.of(0.994, 0, 0, -2.0015851063790824);
    const orbit: Derivative = (_, [x, y, vx, vy]) => {
      const d1 = ((x! + mu) ** 2 + y! ** 2) ** 1.5;
      const d2 = ((x! - 1 + mu) ** 2 + y! ** 2) ** 1.5;
      return Float64Array.of(
        vx!,
        vy!,
        x! + 2 * vy! - ((1 - mu) * (x! + mu)) / d1 - (mu * (x! - 1 + mu)) / d2,
        y! - 2 * vx! - ((1 - mu) * y!) / d1 - (mu * y!) / d2,
      );
    };
    const { y, outcome } = await rungeKutta(orbit, y0, 0, period, { tolerance: 1e-12 });
    expect(outcome).toBe("reached");
    expectClose(y, y0, 1e-5); // the orbit magnifies errors by about 10⁶
  });

  test("follows a derivative that depends on time, answers later and reuses its buffer", async () => {
    const buffer = new Float64Array(1);
    const { y } = await rungeKutta(
      async (t) => {
        buffer[0] = 5 * t ** 4;
        return buffer;
      },
      Float64Array.of(0),
      0,
      2,
    );
    expect(y[0]).toBeCloseTo(32, 10); // exact for polynomials of degree 5
  });

  test("needs about λ t / 3.3 steps where stability limits it, and says when that is too many", async () => {
    const stiff: Derivative = (_, y) => Float64Array.of(-1000 * y[0]!);
    const { y, steps } = await rungeKutta(stiff, Float64Array.of(1), 0, 5);
    expect(Math.abs(y[0]!)).toBeLessThan(1e-7);
    expect(steps).toBeLessThan(5000 / 3.1);
    const cut = await rungeKutta(stiff, Float64Array.of(1), 0, 5, { maxSteps: 100, times: [0.01, 5] });
    expect(cut.outcome).toBe("out-of-steps");
    expect(cut.times).toEqual([0.01]);
    expect(cut.t).toBeLessThan(5);
    expect(cut.steps + cut.rejected).toBe(100);
  });

  test("gets stuck at a singularity, with the solution up to there and no NaN", async () => {
    const solution = await rungeKutta((_, y) => Float64Array.of(y[0]! ** 2), Float64Array.of(1), 0, 2, {
      times: [0.5, 0.9, 1.5],
    });
    expect(solution.outcome).toBe("stuck");
    expect(solution.t).toBeCloseTo(1, 6);
    expect(solution.times).toEqual([0.5, 0.9]);
    expect(solution.states[1]![0]).toBeCloseTo(10, 5);
    const edge = await rungeKutta((t) => Float64Array.of(Math.sqrt(1 - t)), Float64Array.of(0), 0, 2);
    expect(edge.outcome).toBe("stuck");
    expect(edge.t).toBeLessThanOrEqual(1);
    expect(edge.y[0]).toBeCloseTo(2 / 3, 6);
  });

  test("leaves its input alone, and does nothing over an empty interval", async () => {
    const y0 = Float64Array.of(1, 0);
    const none = await rungeKutta(oscillator, y0, 3, 3);
    expect(none).toMatchObject({ outcome: "reached", steps: 0, times: [3], t: 3 });
    expect(none.states[0]).toEqual(y0);
    const { states } = await rungeKutta(oscillator, y0, 0, 1, { times: [0, 0, 1] });
    expect(states[0]).toEqual(y0);
    expect(states[1]).not.toBe(states[0]);
    expect(y0).toEqual(Float64Array.of(1, 0));
  });

  test("accepts a system of no equations, and one at rest", async () => {
    expect((await rungeKutta(() => new Float64Array(0), new Float64Array(0), 0, 1)).outcome).toBe("reached");
    const rest = await rungeKutta(() => new Float64Array(2), Float64Array.of(4, 5), 0, 1e6);
    expect([...rest.y]).toEqual([4, 5]);
    expect(rest.steps).toBeLessThan(30);
  });

  test("refuses times, tolerances and derivatives that make no sense", async () => {
    const y0 = Float64Array.of(1, 0);
    const run = (
      t0: number,
      t1: number,
      options: Parameters<typeof rungeKutta>[4] = {},
      derivative = oscillator,
    ) => expect(rungeKutta(derivative, y0, t0, t1, options)).rejects;
    await run(0, Infinity).toThrow("t1 is Infinity");
    await run(NaN, 1).toThrow(RangeError);
    await run(0, 1, { tolerance: 0 }).toThrow("tolerance is 0");
    await run(0, 1, { firstStep: -1 }).toThrow("firstStep is -1");
    await run(0, 1, { maxSteps: 0 }).toThrow("maxSteps is 0");
    await run(0, 1, { times: [0.5, 0.2] }).toThrow("times[1] is 0.2");
    await run(0, 1, { times: [2] }).toThrow("times[0] is 2");
    await run(1, 0, { times: [0.2, 0.5] }).toThrow("times[1] is 0.5");
    await run(0, 1, { times: [NaN] }).toThrow("times[0] is NaN");
    await run(0, 0, { times: [1] }).toThrow("times[0] is 1");
    await run(0, 1, {}, () => Float64Array.of(1)).toThrow("1 entries, expected 2");
    await run(0, 1, {}, () => Float64Array.of(NaN, 0)).toThrow("the derivative at t0 is not finite");
    await run(0, 1, { signal: AbortSignal.abort(new Error("enough")) }).toThrow("enough");
    await expect(rungeKutta(oscillator, Float64Array.of(NaN, 0), 0, 1)).rejects.toThrow("y0 is not finite");
  });
});
