import { describe, expect, it } from "vitest";
import { adam } from "../../src/measures/index.ts";

describe("Adam", () => {
  it("first goes by its rate, whatever the size of the gradient", () => {
    const theta = Float64Array.of(1, 1, 1);
    adam(3, { rate: 0.1 })(theta, Float64Array.of(100, -1e-3, 0));
    [0.9, 1.1, 1].forEach((value, k) => expect(theta[k]).toBeCloseTo(value, 5));
  });

  it("then by means without bias", () => {
    const theta = Float64Array.of(0);
    const step = adam(1, { rate: 1, epsilon: 0, meanDecay: 0.5, squareDecay: 0.75 });
    step(theta, Float64Array.of(2));
    step(theta, Float64Array.of(-4));
    // m = 0.5 · 0.5 · 2 − 0.5 · 4 over 1 − 0.5², v = 0.75 · 0.25 · 4 + 0.25 · 16 over 1 − 0.75².
    const expected = -1 - -1.5 / 0.75 / Math.sqrt(4.75 / 0.4375);
    expect(theta[0]).toBeCloseTo(expected, 14);
  });

  it("reaches the bottom of a badly scaled bowl", () => {
    const theta = Float64Array.of(1, 1);
    const step = adam(2, { rate: 0.01 });
    for (let k = 0; k < 3000; k++) step(theta, Float64Array.of(1e4 * theta[0]!, 1e-2 * theta[1]!));
    expect(Math.hypot(...theta)).toBeLessThan(1e-2);
  });
});
