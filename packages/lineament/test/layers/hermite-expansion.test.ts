import { describe, expect, test } from "vitest";
import {
  type ActivationInput,
  dualOf,
  hermiteBound,
  hermiteExpansion,
  hermiteSeries,
} from "../../src/layers/index.ts";
import linearized from "../vectors/linearized-networks.json" with { type: "json" };
import { everyActivation, title } from "./every-activation.ts";

test.each([
  ["LZ-V05", { name: "relu" }],
  ["LZ-V06", { name: "erf" }],
] satisfies [string, ActivationInput][])("%s: squared Hermite coefficients of %o", (id, activation) => {
  const { expected } = linearized.cases.find((one) => one.id === id)! as unknown as { expected: number[] };
  const { value } = hermiteExpansion(activation, [1]);
  // Coefficients carry rounding of 512 products: 1e-15.
  expected.forEach((square, j) => expect(Math.abs(value.coefficients[j]! ** 2 - square)).toBeLessThan(2e-15));
});

test("a normalized Hermite polynomial is its own coefficient", () => {
  for (const degree of [0, 1, 5, 30]) {
    const { coefficients } = hermiteExpansion({ name: "hermite", degree }, [1]).value;
    coefficients.forEach((h, j) => expect(Math.abs(h - (j === degree ? 1 : 0))).toBeLessThan(1e-11));
  }
});

describe.each(everyActivation.map((activation) => [title(activation), activation] as const))(
  "%s",
  (_, activation) => {
    const dual = dualOf(activation);
    const variances = [0.3, 1, 2.5, 0];
    const { value, slope } = hermiteExpansion(activation, variances, { terms: 48 });

    test("the series is κ and κ̇ up to its bound", () => {
      for (const [i, j] of [
        [0, 0],
        [0, 2],
        [1, 1],
        [2, 1],
      ] as const)
        for (const rho of [-1, -0.8, 0, 0.5, 0.95, 1]) {
          const [a, b] = [variances[i]!, variances[j]!];
          const c = rho * Math.sqrt(a * b);
          const rounding = 2e-11 * Math.sqrt(dual.variance(a) * dual.variance(b));
          const slopeRounding = 2e-11 * Math.sqrt(dual.slopeVariance(a) * dual.slopeVariance(b));
          expect(Math.abs(hermiteSeries(value, i, value, j, rho) - dual.value(a, b, c))).toBeLessThanOrEqual(
            hermiteBound(value, i, value, j, rho) + rounding,
          );
          expect(Math.abs(hermiteSeries(slope, i, slope, j, rho) - dual.slope(a, b, c))).toBeLessThanOrEqual(
            hermiteBound(slope, i, slope, j, rho) + slopeRounding,
          );
        }
    });

    test("coefficients and remainder add up to the second moment; the first two are the moments", () => {
      variances.slice(0, 3).forEach((a, i) => {
        const row = value.coefficients.subarray(i * 48, (i + 1) * 48);
        const total = row.reduce((sum, h) => sum + h * h, value.remainders[i]!);
        expect(Math.abs(total / dual.variance(a) - 1)).toBeLessThan(1e-12);
        const scale = Math.sqrt(dual.variance(a));
        expect(Math.abs(row[0]! - dual.mean(a))).toBeLessThan(1e-12 * scale);
      });
    });

    test("at variance 0 only the constant is left", () => {
      const row = value.coefficients.subarray(3 * 48);
      row.forEach((h, j) => expect(Math.abs(h - (j === 0 ? dual.mean(0) : 0))).toBeLessThan(1e-12));
    });
  },
);

test("terms for errors of 1e-6 and 1e-10 at variance 1 and ρ = 0.99", () => {
  for (const [name, coarse, fine] of [
    ["tanh", 26, 64],
    ["gelu", 15, 29],
    ["swish", 11, 23],
    ["elu", 52, 388],
  ] as const) {
    const exact = dualOf({ name }).value(1, 1, 0.99);
    const { value } = hermiteExpansion({ name }, [1], { terms: 400 });
    const needed = (tolerance: number): number => {
      let count = 1;
      while (Math.abs(hermiteSeries(value, 0, value, 0, 0.99, count) / exact - 1) > tolerance) count++;
      return count;
    };
    expect([needed(1e-6), needed(1e-10)]).toEqual([coarse, fine]);
  }
});

describe("broken input", () => {
  test("terms and variances are checked", () => {
    expect(() => hermiteExpansion({ name: "relu" }, [1], { terms: 0 })).toThrow(/terms is 0/);
    expect(() => hermiteExpansion({ name: "relu" }, [1, -1])).toThrow(/variances\[1\] is -1/);
    expect(() => hermiteExpansion({ name: "relu" }, [NaN])).toThrow(RangeError);
    expect(() => hermiteExpansion({ name: "exp-normalized" }, [1])).toThrow(RangeError);
  });
});
