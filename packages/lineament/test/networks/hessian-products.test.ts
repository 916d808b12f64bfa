import { describe, expect, test } from "vitest";
import { extremeEigenvalues } from "../../src/linalg/lanczos.ts";
import { asMatrix, type Matrix } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import {
  denseNetwork,
  jacobian,
  linearize,
  type LossName,
  lossHessianProduct,
  lossOf,
  type Model,
  outputHessianProduct,
} from "../../src/networks/index.ts";
import { expectClose, filled, normals, product } from "../contracts/data.ts";
import { dot } from "../contracts/model.ts";
import wide from "../vectors/wide-networks.json" with { type: "json" };

const engine = plainEngine();
const network = denseNetwork(engine, {
  inputs: 3,
  widths: [6, 5],
  outputs: 2,
  activation: "tanh",
  parameterization: { kind: "ntk", weightStd: 1.5, biasStd: 0.3 },
});
const theta = network.initialize(2);
const x = normals(4, 3, 1);
const y = filled(4, 2, (i, o) => ((i + o) % 2 === 0 ? 1 : -1));
const v = normals(1, network.parameters, 3).data;
const w = normals(1, network.parameters, 4).data;

async function lossGradient(model: Model, at: Float64Array, name: LossName): Promise<Float64Array> {
  const { value, pull } = await model.pullback(at, x);
  const r: Matrix<Float64Array> = { ...value, data: new Float64Array(value.data.length) };
  lossOf(name).slopes(value, y, r.data);
  return pull(r);
}

for (const loss of ["half-squares", "half-mean-squares", "mean-squares", "logistic"] as const)
  describe(`the Hessian of ${loss}`, () => {
    test("is the derivative of the gradient", async () => {
      const h = 1e-5;
      const at = (t: number) =>
        lossGradient(
          network,
          theta.map((value, k) => value + t * v[k]!),
          loss,
        );
      const [up, down] = [await at(h), await at(-h)];
      const multiply = await lossHessianProduct(network, theta, x, y, loss);
      expectClose(
        await multiply(v),
        up.map((value, k) => (value - down[k]!) / (2 * h)),
        1e-8,
      );
    });

    test("is symmetric; calls may overlap", async () => {
      const multiply = await lossHessianProduct(network, theta, x, y, loss);
      const [hv, hw] = await Promise.all([multiply(v), multiply(w)]);
      expectClose([dot(w, hv)], [dot(v, hw)], 1e-12);
    });

    test("is Jᵀ ℓ″ J for a linearized network", async () => {
      const lin = linearize(network, network.initialize(5));
      const multiply = await lossHessianProduct(lin, theta, x, y, loss);
      const j = await jacobian(lin, theta, x);
      const f = await lin.value(theta, x);
      const weights = new Float64Array(8);
      lossOf(loss).curvatures(f, y, weights);
      const jv = product(j, { data: v, rows: v.length, cols: 1 });
      const weighted = { data: jv.data.map((value, at) => weights[at]! * value), rows: 1, cols: 8 };
      expectClose(await multiply(v), product(weighted, j).data, 1e-13);
    });
  });

describe("the Hessian of outputs", () => {
  test("is the curvature along r, all ones when absent", async () => {
    const ones = filled(4, 2, () => 1);
    expectClose(
      await outputHessianProduct(network, theta, x)(v),
      await network.curvature(theta, x, ones, v),
      0,
    );
    const r = normals(4, 2, 9);
    expectClose(
      await outputHessianProduct(network, theta, x, r)(v),
      await network.curvature(theta, x, r, v),
      0,
    );
  });

  for (const activation of ["tanh", "relu"] as const)
    test(`WN-V1: its norm by Lanczos, for ${activation}`, async () => {
      const { inputs, expected } = wide.cases.find(({ id }) => id === "WN-V1") as unknown as {
        inputs: { U: number[][]; v: number[]; x: number[] };
        expected: Record<"tanh" | "relu", { hessian_norm: number; Hg_norm?: number }>;
      };
      const small = denseNetwork(engine, { inputs: 3, widths: [6], activation });
      const at = Float64Array.from([...inputs.U.flat(), ...inputs.v]);
      const point = asMatrix([inputs.x]);
      const multiply = outputHessianProduct(small, at, point);
      const { norm } = await extremeEigenvalues(multiply, small.parameters);
      expect(norm).toBeCloseTo(expected[activation].hessian_norm, 12);
      if (expected[activation].Hg_norm === undefined) return;
      const { pull } = await small.pullback(at, point);
      const g = await pull(asMatrix([[1]]));
      const hg = await multiply(g);
      expect(Math.sqrt(dot(hg, hg))).toBeCloseTo(expected[activation].Hg_norm, 12);
    });

  test("WN-V6: the smallest eigenvalue of a loss, and the mean gradient's share of the kernel", async () => {
    const { inputs, expected, tol } = wide.cases.find(({ id }) => id === "WN-V6") as unknown as {
      inputs: { U: number[][]; v: number[]; X: number[][]; y: number[] };
      expected: Record<"loss" | "gbar_sq" | "loss_hessian_min_eig" | "curvature_along_gbar", number>;
      tol: number;
    };
    const small = denseNetwork(engine, { inputs: 3, widths: [6], activation: "tanh" });
    const at = Float64Array.from([...inputs.U.flat(), ...inputs.v]);
    const rows = asMatrix(inputs.X);
    const targets = asMatrix(inputs.y.map((label) => [label]));
    const multiply = await lossHessianProduct(small, at, rows, targets, "mean-squares");
    const { smallest } = await extremeEigenvalues(multiply, small.parameters);
    expect(Math.abs(smallest - expected.loss_hessian_min_eig)).toBeLessThan(tol);
    const { value, pull } = await small.pullback(at, rows);
    expect(lossOf("mean-squares").value(value, targets as Matrix<Float64Array>)).toBeCloseTo(
      expected.loss,
      12,
    );
    const mean = await pull(filled(3, 1, () => 1 / 3));
    expect(dot(mean, mean)).toBeCloseTo(expected.gbar_sq, 12);
    const curved = dot(mean, await multiply(mean)) / dot(mean, mean);
    expect(curved).toBeCloseTo(expected.curvature_along_gbar, 10);
  });
});

test("what does not fit is refused by name", async () => {
  await expect(lossHessianProduct(network, theta, x, normals(4, 1))).rejects.toThrow("y is 4 × 1");
  await expect(lossHessianProduct(network, theta.slice(1), x, y)).rejects.toThrow(RangeError);
  expect(() => outputHessianProduct(network, theta, normals(4, 2))).toThrow("x has 2 columns");
  expect(() => outputHessianProduct(network, theta, x, normals(3, 2))).toThrow("r is 3 × 2");
  await expect(outputHessianProduct(network, theta, x)(v.slice(1))).rejects.toThrow(RangeError);
});
