import { expect, it } from "vitest";
import { type Nonlinearity, nonlinearities, twoLayerDerivatives } from "../../../src/predictions/index.ts";
import { vector } from "../../vectors/vector.ts";

type Names = keyof typeof nonlinearities;

interface Inputs {
  readonly U: readonly (readonly number[])[];
  readonly v: readonly number[];
  readonly x: readonly number[];
}

interface Expected {
  readonly f: number;
  readonly hessian_norm: number;
  readonly K: number;
  readonly Hg_norm?: number;
}

const { inputs, expected } = vector<Inputs>("WN-V1");
const of = expected as Readonly<Record<Names, Expected>>;
const { U, v, x } = inputs;

it.each(["tanh", "relu"] as const)("the closed forms of %s agree with WN-V1", (name) => {
  const found = twoLayerDerivatives({ weights: U, readout: v }, x, nonlinearities[name]);
  expect(found.value).toBeCloseTo(of[name].f, 12);
  expect(found.gradient ** 2).toBeCloseTo(of[name].K, 12);
  expect(found.hessian).toBeCloseTo(of[name].hessian_norm, 12);
  if (of[name].Hg_norm !== undefined) expect(found.hessianGradient).toBeCloseTo(of[name].Hg_norm, 12);
});

it("neurons of ReLU have ‖H‖ = √(c/m) as soon as one is active", () => {
  const c = x.reduce((sum, entry) => sum + entry ** 2, 0) / x.length;
  const { hessian } = twoLayerDerivatives({ weights: U, readout: v }, x, nonlinearities.relu);
  expect(hessian).toBeCloseTo(Math.sqrt(c / U.length), 14);
});

it.each(Object.entries(nonlinearities))(
  "derivatives of %s are those of its values",
  (_, { value, slope, curvature }: Nonlinearity) => {
    const h = 1e-5;
    for (const z of [-1.7, -0.4, 0.3, 0.9, 2.2]) {
      expect(slope(z)).toBeCloseTo((value(z + h) - value(z - h)) / (2 * h), 9);
      expect(curvature(z)).toBeCloseTo((slope(z + h) - slope(z - h)) / (2 * h), 9);
    }
  },
);
