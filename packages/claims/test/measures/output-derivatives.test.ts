import { asMatrix, denseNetwork, openEngine, outputHessianProduct, zeros } from "lineament";
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

it("the largest eigenvalues of the whole Hessian of a tanh network are those of WN-V1", async () => {
  const { inputs, expected } = vector<{ U: number[][]; v: number[]; x: number[] }>("WN-V1");
  const { hessian_eigs_top3 } = (expected as Record<string, { hessian_eigs_top3: number[] }>)["tanh"]!;
  const network = denseNetwork(engine, { inputs: 3, widths: [6], activation: "tanh" });
  const theta = Float64Array.from([...inputs.U.flat(), ...inputs.v]);
  const product = outputHessianProduct(network, theta, asMatrix([inputs.x]));
  const p = network.parameters;
  const hessian = zeros(p, p);
  for (let k = 0; k < p; k++)
    hessian.data.set(await product(Float64Array.from({ length: p }, (_, j) => (j === k ? 1 : 0))), k * p);
  const { values } = await engine.eigenSymmetric(hessian);
  const bySize = [...values].sort((a, b) => Math.abs(b) - Math.abs(a));
  hessian_eigs_top3.forEach((value, k) => expect(bySize[k]).toBeCloseTo(value, 12));
});

it("averages have the standard error of a mean", () => {
  expect(averaged(7, [1, 2, 3])).toEqual({ x: 7, y: 2, error: 1 / Math.sqrt(3) });
  expect(averaged(7, [2])).toEqual({ x: 7, y: 2, error: 0 });
});
