import { expect, test } from "vitest";
import { normalQuantile } from "../../src/machines/normal-quantile.ts";

test.each([
  // Φ⁻¹ from tables, to 12 digits
  [0.5, 0],
  [0.75, 0.674489750196],
  [0.975, 1.95996398454],
  [0.99, 2.32634787404],
  [0.001, -3.09023230617],
  [1e-9, -5.99780701501],
])("Φ⁻¹(%d) = %d", (p, expected) => expect(Math.abs(normalQuantile(p) - expected)).toBeLessThan(2e-8));

test("is odd around ½ and increasing", () => {
  let last = -Infinity;
  for (let t = 1; t < 200; t++) {
    const value = normalQuantile(t / 200);
    expect(value).toBeGreaterThan(last);
    expect(value).toBeCloseTo(-normalQuantile(1 - t / 200), 8);
    last = value;
  }
});

test.each([0, 1, -0.1, 1.1, NaN])("p = %d is refused", (p) =>
  expect(() => normalQuantile(p)).toThrow(RangeError),
);
