import { expect, it } from "vitest";
import {
  nonlinearities,
  twoLayerDerivatives,
  twoLayerTangentKernel,
} from "../../../src/predictions/index.ts";
import { expectVector, vector } from "../../vectors/vector.ts";

const one = vector<{ U: number[][]; v: number[]; X: number[][] }>("WN-V6");
const network = { weights: one.inputs.U, readout: one.inputs.v };

it("outputs and the tangent kernel of a tanh network agree with WN-V6", () => {
  const { f, K } = one.expected as { f: number[]; K: number[][] };
  const { outputs, kernel } = twoLayerTangentKernel(network, one.inputs.X, nonlinearities.tanh);
  expectVector({ ...one, expected: { f, K } }, { f: outputs, K: kernel });
});

it("the tangent kernel of one point is the squared gradient there, also for ReLU", () => {
  for (const sigma of [nonlinearities.relu, nonlinearities.tanh])
    for (const x of one.inputs.X) {
      const { value, gradient } = twoLayerDerivatives(network, x, sigma);
      const { outputs, kernel } = twoLayerTangentKernel(network, [x], sigma);
      expect(outputs[0]).toBeCloseTo(value, 14);
      expect(kernel[0]![0]).toBeCloseTo(gradient ** 2, 14);
    }
});
