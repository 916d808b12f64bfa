import { describe, expect, test } from "vitest";
import { random } from "../../src/linalg/random.ts";
import {
  type ActivationInput,
  angleTable,
  crossDual,
  dualOf,
  tabulatedDual,
  type TabulatedDual,
} from "../../src/layers/index.ts";

/** n variances between low and high. */
function variances(n: number, low: number, high: number, seed = 1): Float64Array {
  const generator = random(seed);
  return Float64Array.from({ length: n }, () => low + (high - low) * generator.uniform());
}

/** The table, with its largest error over entries at all correlations, many near ±1, relative to the largest κ and κ̇ there. */
function measured(
  first: ActivationInput,
  rows: Float64Array,
  second: ActivationInput = first,
  columns: Float64Array = rows,
): { readonly table: TabulatedDual; readonly error: number } {
  const table = tabulatedDual({ first, second, rows, columns });
  const dual = crossDual(first, second);
  const generator = random(5);
  let value = 0;
  let slope = 0;
  let values = 0;
  let slopes = 0;
  for (let k = 0; k < 60; k++) {
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
  return { table, error: Math.max(value / values, slope / slopes) };
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
    const { table, error } = measured(
      elu,
      new Float64Array(50).fill(0.7),
      elu,
      new Float64Array(40).fill(1.9),
    );
    expect(table.route).toBe("angle-table");
    expect(error).toBeLessThan(1e-10);
  });

  test("smooth activations are a short Hermite series", () => {
    for (const name of ["tanh", "sigmoid", "swish", "mish", "softplus"] as const) {
      const { table, error } = measured(
        { name },
        variances(50, 0.2, 0.9),
        { name },
        variances(40, 0.5, 0.9, 2),
      );
      expect(table.route).toBe("hermite-series");
      expect(error).toBeLessThan(1e-10);
    }
  });

  test.each([
    [elu, 0.3, 2],
    [{ name: "selu" } as const, 0, 1.5],
    [tanh, 0.5, 6],
    [tanh, 1e-4, 400],
    [elu, 1e-4, 1e4],
    [{ name: "softplus" } as const, 1e-6, 1e4],
  ] satisfies [ActivationInput, number, number][])(
    "kinks and large variances are a table in both variances and the angle: %o, from %d to %d",
    (first, low, high) => {
      const { table, error } = measured(first, variances(50, low, high));
      expect(table.route).toBe("variance-table");
      expect(error).toBeLessThan(1e-10);
      expect(table.error).toBeLessThan(1e-10);
    },
  );

  test("two different activations", () => {
    const rows = variances(50, 0.3, 1.3);
    const columns = variances(60, 1, 2, 2);
    const kinked = measured({ name: "relu" }, rows, tanh, columns);
    expect(kinked.table.route).toBe("variance-table");
    expect(kinked.error).toBeLessThan(1e-10);
    // Of identity the series has one term.
    const linear = measured({ name: "identity" }, rows, elu, columns);
    expect(linear.table.route).toBe("hermite-series");
    expect(linear.error).toBeLessThan(1e-10);
  });

  test("zero rows, and covariances a rounding beyond √(ab)", () => {
    for (const first of [tanh, elu]) {
      const rows = variances(50, 0.3, 1);
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

  test("rows of layer normalization count as one variance", () => {
    const rows = variances(60, 0.3, 2).map((a) => a / (a + 1e-12));
    const table = tabulatedDual({ first: elu, rows });
    expect(table.route).toBe("angle-table");
    expect(table.slope(4, 4, rows[4]!)).toBeCloseTo(dualOf(elu).slopeVariance(rows[4]!), 10);
  });

  test("rows may be visited in any order", () => {
    const rows = variances(60, 0.8, 1.2);
    const forward = tabulatedDual({ first: elu, rows });
    const jumping = tabulatedDual({ first: elu, rows });
    const order = [5, 59, 0, 5, 17, 59];
    const expected = [0, 5, 17, 59].map((i) => forward.value(i, 4, 0.2));
    const got = order.map((i) => jumping.value(i, 4, 0.2));
    expect(got).toEqual([1, 3, 0, 1, 2, 3].map((k) => expected[k]));
  });
});

test("functions of the user's own without slopes are as good as with them", () => {
  const plain: ActivationInput = { name: "custom", label: "x³/(1 + x²)", value: (x) => x ** 3 / (1 + x * x) };
  const slope = (x: number): number => (x ** 4 + 3 * x * x) / (1 + x * x) ** 2;
  const rows = variances(60, 0.2, 8);
  const [table, exact] = [plain, { ...plain, slope }].map((first) => tabulatedDual({ first, rows }));
  expect(table!.route).toBe("variance-table");
  expect(table!.error).toBeLessThan(1e-10);
  for (const [i, j, c] of [
    [1, 2, 0.3],
    [7, 7, rows[7]!],
    [3, 9, -0.1],
  ] as const)
    expect(table!.slope(i, j, c)).toBeCloseTo(exact!.slope(i, j, c), 10);
});

test("tables of similar rows are the same, and kept", () => {
  let count = 0;
  const value = (x: number): number => {
    count++;
    return Math.sin(x) / (1 + x * x);
  };
  const first: ActivationInput = { name: "custom", label: "counted", value, slope: Math.cos };
  const rows = variances(60, 0.6, 3.8);
  const kernel = tabulatedDual({ first, rows }).value(1, 2, 0.3);
  const before = count;
  expect(tabulatedDual({ first, rows }).value(1, 2, 0.3)).toBe(kernel);
  const others = variances(80, 0.6, 3.8, 2);
  others[1] = rows[1]!;
  others[2] = rows[2]!;
  expect(tabulatedDual({ first, rows: others }).value(1, 2, 0.3)).toBe(kernel);
  // What remains are checks, errors and remainders of series.
  expect(count - before).toBeLessThan(before / 2);
  // Another function of the same label is another activation.
  const other = tabulatedDual({ first: { ...first, value: Math.tanh }, rows });
  expect(other.value(1, 2, 0.3)).not.toBe(kernel);
});

test("a kink away from 0 is slow to converge, and the error says so", () => {
  const value = (x: number): number => Math.max(x - 1, 0);
  const shifted: ActivationInput = {
    name: "custom",
    label: "relu(x − 1)",
    value,
    slope: (x) => (x > 1 ? 1 : 0),
  };
  const rows = Float64Array.of(1, 1);
  const table = tabulatedDual({ first: shifted, rows });
  expect(table.error).toBeGreaterThan(1e-5);
  // E[(u − 1)₊] = φ(1) − (1 − Φ(1)); independent inputs multiply.
  const mean = Math.exp(-0.5) / Math.sqrt(2 * Math.PI) - 0.15865525393145707;
  expect(Math.abs(table.value(0, 1, 0) - mean ** 2)).toBeLessThan(table.error);
  expect(Math.abs(table.slope(0, 1, 0) - 0.15865525393145707 ** 2)).toBeLessThan(table.error);
  expect(tabulatedDual({ first: { name: "tanh" }, rows }).error).toBeLessThan(1e-10);
});

test("where functions overflow the error is infinite, not NaN", () => {
  const first: ActivationInput = { name: "custom", label: "e^2x", value: (x) => Math.exp(2 * x) };
  expect(tabulatedDual({ first, rows: Float64Array.of(80, 90) }).error).toBe(Infinity);
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
