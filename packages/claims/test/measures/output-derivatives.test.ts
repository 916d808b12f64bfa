import { asMatrix, denseNetwork, openEngine } from "lineament";
import { expect, it } from "vitest";
import { averaged, outputDerivatives } from "../../src/measures/index.ts";
import { vector } from "../vectors/vector.ts";

const engine = await openEngine({ engine: "plain" });

it.each(["tanh", "relu"] as const)("derivatives of a %s network agree with WN-V1", async (activation) => {
  const { inputs, expected } = vector<{ U: number[][]; v: number[]; x: number[] }>("WN-V1");
  const { hessian_norm, K } = (expected as Record<string, { hessian_norm: number; K: number }>)[activation]!;
  const network = denseNetwork(engine, { inputs: 3, widths: [6], activation });
  const theta = Float64Array.from([...inputs.U.flat(), ...inputs.v]);
  const { gradient, hessian } = await outputDerivatives(network, theta, asMatrix([inputs.x]), {
    tolerance: 1e-10,
  });
  expect(gradient ** 2).toBeCloseTo(K, 12);
  expect(hessian).toBeCloseTo(hessian_norm, 12);
});

it("averages have the standard error of a mean", () => {
  expect(averaged(7, [1, 2, 3])).toEqual({ x: 7, y: 2, error: 1 / Math.sqrt(3) });
  expect(averaged(7, [2])).toEqual({ x: 7, y: 2, error: 0 });
});
