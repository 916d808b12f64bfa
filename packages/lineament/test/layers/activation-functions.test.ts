import { describe, expect, test } from "vitest";
import { Activation, activationFunctions, type ActivationInput } from "../../src/layers/index.ts";
import { everyActivation, title } from "./every-activation.ts";
import golden from "./golden/activations.json" with { type: "json" };

describe("against 120-digit arithmetic, also far from 0", () => {
  const out = new Float64Array(8);
  for (const { activation, points } of golden.activations) {
    const input = activation as ActivationInput;
    const { value, slope, curvature, taylor } = activationFunctions(input);
    // The 40 roots of a Hermite polynomial of degree 40 are where it has no relative accuracy.
    const tolerance = input.name === "hermite" ? 1e-11 : 1e-13;
    test(title(input), () => {
      for (const { x, taylor: expected } of points) {
        taylor(x, 7, out);
        const got = [value(x), slope(x), curvature(x) / 2, ...out];
        [...expected.slice(0, 3), ...expected].forEach((right, k) =>
          expect(Math.abs(got[k]! - right)).toBeLessThanOrEqual(tolerance * Math.abs(right)),
        );
      }
    });
  }
  test("every built-in activation is there", () => {
    const names = new Set(golden.activations.map(({ activation }) => activation.name));
    const all = Activation.options.map((option) => option.shape.name.value);
    expect(all.filter((name) => !names.has(name))).toEqual(["exp-normalized", "custom", "custom-kernel"]);
  });
});

describe.each(everyActivation.map((activation) => [title(activation), activation] as const))(
  "%s",
  (_, activation) => {
    const { value, slope, curvature, taylor } = activationFunctions(activation);
    const away = [-4.3, -1.7, -0.6, -0.11, 0.13, 0.8, 2.1, 5.2];
    /** Fourth order: h⁴ f⁽⁵⁾/30 is 1e-12 f⁽⁵⁾, rounding 1e-13 f, at h = 1e-3. */
    const difference = (f: (x: number) => number, x: number): number => {
      const h = 1e-3;
      return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h);
    };

    test("slope is φ′ and curvature φ″, by differences", () => {
      for (const x of away) {
        const scale = 1 + Math.abs(value(x)) + Math.abs(slope(x));
        expect(Math.abs(slope(x) - difference(value, x))).toBeLessThan(1e-9 * scale);
        expect(Math.abs(curvature(x) - difference(slope, x))).toBeLessThan(1e-8 * scale);
      }
    });

    test("Taylor coefficients up to degree 2 are φ, φ′, φ″/2, and leave the rest of the array alone", () => {
      if (activation.name === "custom" && !activation.slope)
        return expect(() => taylor(1, 1, new Float64Array(2))).toThrow(RangeError);
      const out = new Float64Array(4).fill(7);
      for (const x of [...away, 0]) {
        taylor(x, 2, out);
        const expected = [value(x), slope(x), x === 0 ? out[2]! : curvature(x) / 2, 7];
        expected.forEach((right, k) =>
          expect(Math.abs(out[k]! - right)).toBeLessThanOrEqual(1e-13 * (1e-3 + Math.abs(right))),
        );
      }
    });

    test("the Taylor series continues the function", () => {
      if (activation.name === "custom")
        return expect(() => taylor(1, 3, new Float64Array(4))).toThrow(RangeError);
      const degree = 24;
      const out = new Float64Array(degree + 1);
      for (const x of away.filter((x) => Math.abs(x) > 0.5)) {
        taylor(x, degree, out);
        for (const t of [-0.4, 0.25]) {
          const sum = out.reduceRight((rest, coefficient) => rest * t + coefficient, 0);
          // Nearest poles: π/2 for tanh, so (0.4/1.57)^25 = 1e-15 relative to the size on the circle of convergence.
          expect(Math.abs(sum - value(x + t))).toBeLessThan(1e-12 * (1 + Math.abs(value(x))));
        }
      }
    });

    test("nothing is NaN, and only growth is infinite", () => {
      for (const x of [-1e300, -800, -40, -1e-300, 0, 1e-300, 40, 800, 1e300]) {
        const grows = ["exp", "polynomial", "monomial", "hermite", "rectified-monomial"].includes(
          activation.name,
        );
        for (const f of [value, slope, curvature]) {
          if (grows && Math.abs(x) > 1e100) continue;
          expect(f(x)).not.toBeNaN();
          expect(Math.abs(f(x))).toBeLessThanOrEqual(grows ? Infinity : 1e301);
        }
      }
    });
  },
);

describe("at the kink", () => {
  test.each([
    [{ name: "relu" }, 0, 0],
    [{ name: "leaky-relu" }, 0, 0],
    [{ name: "absolute" }, 0, 0],
    [{ name: "identity" }, 0, 1],
    [{ name: "piecewise-linear", negative: 3, positive: 3 }, 0, 3],
    [{ name: "rectified-monomial", degree: 0 }, 0, 0],
    [{ name: "rectified-monomial", degree: 2 }, 0, 0],
    [{ name: "sign" }, 0, 0],
    [{ name: "elu", alpha: 1 }, 0, 1],
    [{ name: "elu", alpha: 0.5 }, 0, 0],
    [{ name: "selu" }, 0, 0],
    [{ name: "custom", label: "relu", value: (x: number) => Math.max(x, 0) }, 0, 0],
    [{ name: "custom", label: "smooth", value: (x: number) => Math.sin(2 * x) }, 0, 2],
  ] satisfies [ActivationInput, number, number][])(
    "%o: φ(0) and φ′(0)",
    (activation, atZero, slopeAtZero) => {
      const { value, slope, curvature, taylor } = activationFunctions(activation);
      expect(value(0)).toBe(atZero);
      expect(slope(0)).toBeCloseTo(slopeAtZero, 10);
      expect(curvature(0)).toBeCloseTo(0, 6);
      if (activation.name === "custom") return;
      const out = new Float64Array(4);
      taylor(0, 3, out);
      expect([...out]).toEqual([atZero, slopeAtZero, 0, 0]);
    },
  );
});

test("a custom activation's own slope and curvature are used", () => {
  const own = { name: "custom", label: "own", value: () => 1, slope: () => 2, curvature: () => 3 } as const;
  const { value, slope, curvature, taylor } = activationFunctions(own);
  expect([value(0), slope(0), curvature(0)]).toEqual([1, 2, 3]);
  const out = new Float64Array(3);
  taylor(0.5, 2, out);
  expect([...out]).toEqual([1, 2, 1.5]);
});

describe("broken input", () => {
  test("a kernel without a function is refused by name", () => {
    expect(() => activationFunctions({ name: "exp-normalized" })).toThrow(/exp-normalized is a kernel/);
  });
  test("a custom function that is not defined everywhere is refused by place", () => {
    const root: ActivationInput = { name: "custom", label: "√x", value: Math.sqrt };
    expect(() => activationFunctions(root)).toThrow(/value\(-3\) of the custom activation "√x" is NaN/);
  });
  test("unknown names and impossible parameters are refused", () => {
    expect(() => activationFunctions({ name: "rleu" } as unknown as ActivationInput)).toThrow();
    expect(() => activationFunctions({ name: "gaussian", rate: 1 })).toThrow();
    expect(() => activationFunctions({ name: "erf", amplitude: NaN })).toThrow();
    expect(() => activationFunctions({ name: "polynomial", coefficients: [] })).toThrow();
    expect(() => activationFunctions({ name: "rectified-monomial", degree: 4 })).toThrow();
  });
});
