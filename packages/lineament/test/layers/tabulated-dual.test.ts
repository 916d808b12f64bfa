import { describe, expect, test } from "vitest";
import { random } from "../../src/linalg/random.ts";
import {
  type ActivationInput,
  angleTable,
  crossDual,
  dualOf,
  tabulatedDual,
} from "../../src/layers/index.ts";

/** n variances between low and high. */
function variances(n: number, low: number, high: number, seed = 1): Float64Array {
  const generator = random(seed);
  return Float64Array.from({ length: n }, () => low + (high - low) * generator.uniform());
}

/** Largest error over entries at all correlations, many near ±1, relative to the largest κ and κ̇ there. */
function largestError(
  first: ActivationInput,
  second: ActivationInput,
  rows: Float64Array,
  columns: Float64Array,
  samples = 60,
): number {
  const table = tabulatedDual({ first, second, rows, columns });
  const dual = crossDual(first, second);
  const generator = random(5);
  let value = 0;
  let slope = 0;
  let values = 0;
  let slopes = 0;
  for (let k = 0; k < samples; k++) {
    const i = generator.integer(rows.length);
    const j = generator.integer(columns.length);
    const near = 1 - 10 ** (-8 * generator.uniform());
    const rho = k % 4 === 0 ? near : k % 4 === 1 ? -near : 2 * generator.uniform() - 1;
    const [a, b] = [rows[i]!, columns[j]!];
    const c = rho * Math.sqrt(a * b);
    value = Math.max(value, Math.abs(table.value(i, j, c) - dual.value(a, b, c)));
    slope = Math.max(slope, Math.abs(table.slope(i, j, c) - dual.slope(a, b, c)));
    values = Math.max(values, Math.abs(dual.value(a, b, c)));
    slopes = Math.max(slopes, Math.abs(dual.slope(a, b, c)));
  }
  return Math.max(value / values, slope / slopes);
}

describe("angle table", () => {
  test.each([
    [{ name: "tanh" }, 1],
    [{ name: "elu" }, 2.5],
    [{ name: "selu" }, 1],
    [{ name: "relu" }, 3],
    [{ name: "swish" }, 25],
    [{ name: "sign" }, 1],
  ] satisfies [ActivationInput, number][])(
    "%o at variance %d is its dual as a function of θ",
    (activation, a) => {
      const table = angleTable(activation, activation, a, a);
      const dual = dualOf(activation);
      expect(table.tail).toBeLessThan(1e-12);
      for (const theta of [0, 1e-3, 0.2, 1, 1.6, 2.9, Math.PI]) {
        const c = a * Math.cos(theta);
        expect(Math.abs(table.value(theta) - dual.value(a, a, c))).toBeLessThan(2e-11 * dual.variance(a));
        expect(Math.abs(table.slope(theta) - dual.slope(a, a, c))).toBeLessThanOrEqual(
          2e-11 * dual.slopeVariance(a),
        );
      }
    },
  );

  test("two activations and two variances", () => {
    const table = angleTable({ name: "elu" }, { name: "sin" }, 0.5, 2);
    const dual = crossDual({ name: "elu" }, { name: "sin" });
    for (const theta of [0.1, 1.5, 3])
      expect(table.value(theta)).toBeCloseTo(dual.value(0.5, 2, Math.cos(theta)), 10);
  });

  test("degrees are small: 40 for tanh at variance 1", () => {
    const { degrees } = angleTable({ name: "tanh" }, { name: "tanh" }, 1, 1);
    expect(Math.max(...degrees)).toBeLessThan(40);
  });
});

describe("the route follows from what is asked, and every route is within 1e-10", () => {
  const tanh: ActivationInput = { name: "tanh" };
  const elu: ActivationInput = { name: "elu" };

  test("closed forms are left alone", () => {
    const rows = variances(5, 0.5, 2);
    const table = tabulatedDual({ first: { name: "relu" }, rows });
    expect(table.route).toBe("closed-form");
    expect(table.value(1, 2, 0.3)).toBe(dualOf({ name: "relu" }).value(rows[1]!, rows[2]!, 0.3));
    expect(tabulatedDual({ first: { name: "exp-normalized" }, rows }).route).toBe("closed-form");
  });

  test("few entries are integrated one by one", () => {
    const rows = variances(6, 0.5, 2);
    const table = tabulatedDual({ first: tanh, rows });
    expect(table.route).toBe("polar-rule");
    expect(table.slope(1, 2, 0.3)).toBe(dualOf(tanh).slope(rows[1]!, rows[2]!, 0.3));
  });

  test("one variance for rows and one for columns is a table in the angle", () => {
    const rows = new Float64Array(50).fill(0.7);
    const columns = new Float64Array(40).fill(1.9);
    expect(tabulatedDual({ first: elu, rows, columns }).route).toBe("angle-table");
    expect(largestError(elu, elu, rows, columns)).toBeLessThan(1e-10);
  });

  test("smooth activations are a short Hermite series", () => {
    const rows = variances(60, 0.2, 1.5);
    const columns = variances(50, 0.5, 2, 2);
    for (const name of ["tanh", "sigmoid", "swish", "mish", "softplus"] as const) {
      expect(tabulatedDual({ first: { name }, rows, columns }).route).toBe("hermite-series");
      expect(largestError({ name }, { name }, rows, columns)).toBeLessThan(1e-10);
    }
  });

  test("kinks and large variances are a table in both variances and the angle", () => {
    const rows = variances(60, 0.3, 2);
    for (const first of [elu, { name: "selu" } as const]) {
      expect(tabulatedDual({ first, rows }).route).toBe("variance-table");
      expect(largestError(first, first, rows, rows)).toBeLessThan(1e-10);
    }
    const wide = variances(60, 0.5, 12);
    expect(tabulatedDual({ first: tanh, rows: wide }).route).toBe("variance-table");
    expect(largestError(tanh, tanh, wide, wide)).toBeLessThan(1e-10);
  });

  test("two different activations", () => {
    const rows = variances(50, 0.3, 2);
    const columns = variances(60, 1, 3, 2);
    const relu: ActivationInput = { name: "relu" };
    expect(tabulatedDual({ first: relu, second: tanh, rows, columns }).route).toBe("variance-table");
    expect(largestError(relu, tanh, rows, columns)).toBeLessThan(1e-10);
    // Of identity the series has one term.
    expect(tabulatedDual({ first: { name: "identity" }, second: elu, rows, columns }).route).toBe(
      "hermite-series",
    );
    expect(largestError({ name: "identity" }, elu, rows, columns)).toBeLessThan(1e-10);
  });

  test("zero rows, and covariances a rounding beyond √(ab)", () => {
    for (const [first, high] of [
      [tanh, 1],
      [elu, 2],
    ] as const) {
      const rows = variances(60, 0.3, high);
      rows[3] = 0;
      const table = tabulatedDual({ first, rows });
      const dual = dualOf(first);
      expect(table.value(3, 5, 0)).toBeCloseTo(dual.value(0, rows[5]!, 0), 11);
      expect(table.slope(3, 5, 0)).toBeCloseTo(dual.slope(0, rows[5]!, 0), 10);
      expect(table.value(3, 3, 0)).toBeCloseTo(0, 12);
      expect(table.slope(7, 7, rows[7]! * (1 + 1e-15))).toBeCloseTo(dual.slopeVariance(rows[7]!), 10);
      expect(table.value(7, 7, -rows[7]! * (1 + 1e-15))).toBeCloseTo(
        dual.value(rows[7]!, rows[7]!, -rows[7]!),
        10,
      );
    }
  });

  test("rows may be visited in any order", () => {
    const rows = variances(60, 0.3, 2);
    const forward = tabulatedDual({ first: elu, rows });
    const jumping = tabulatedDual({ first: elu, rows });
    const order = [5, 59, 0, 5, 17, 59];
    const expected = [0, 5, 17, 59].map((i) => forward.value(i, 4, 0.2));
    const got = order.map((i) => jumping.value(i, 4, 0.2));
    expect(got).toEqual([1, 3, 0, 1, 2, 3].map((k) => expected[k]));
  });
});

test("variances that are none are refused by place", () => {
  const rows = Float64Array.of(1, 2, -0.5);
  expect(() => tabulatedDual({ first: { name: "tanh" }, rows })).toThrow(/rows\[2\] is -0.5/);
  const columns = Float64Array.of(NaN);
  expect(() => tabulatedDual({ first: { name: "tanh" }, rows: columns.map(() => 1), columns })).toThrow(
    /columns\[0\]/,
  );
  expect(() => angleTable({ name: "relu" }, { name: "relu" }, -1, 1)).toThrow(RangeError);
});
