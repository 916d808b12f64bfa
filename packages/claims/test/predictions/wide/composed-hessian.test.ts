import { expect, it } from "vitest";
import { composedHessianNorm } from "../../../src/predictions/index.ts";

it("of tanh(5⟨w, x⟩/‖x‖) is |φ″| ‖∇f‖²: a linear f has no curvature of its own", () => {
  const f = (t: number): number => 0.3 + 5 * t; // along the unit vector x/‖x‖
  const h = 1e-4;
  const second = (Math.tanh(f(h)) - 2 * Math.tanh(f(0)) + Math.tanh(f(-h))) / h ** 2;
  const curvature = -2 * Math.tanh(0.3) * (1 - Math.tanh(0.3) ** 2);
  // Truncation is h²/12 times a fourth derivative of about 5⁴.
  expect(composedHessianNorm(curvature, 5)).toBeCloseTo(Math.abs(second), 4);
});
