import { describe, expect, test } from "vitest";
import { asMatrix, extremeEigenvalues, type Matrix, rowRange } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import {
  denseNetwork,
  linearize,
  lossHessianProduct,
  outputHessianProduct,
  restrictedCurvature,
  restrictedStrongConvexity,
  tangentKernel,
} from "../../src/networks/index.ts";
import { dot } from "../contracts/model.ts";
import { expectClose, normals } from "../contracts/data.ts";
import vectors from "../vectors/wide-networks.json" with { type: "json" };

const engine = plainEngine();

test("the quantities of restricted strong convexity are those of WN-V6", async () => {
  const { inputs, expected, tol } = vectors.cases.find(({ id }) => id === "WN-V6") as unknown as {
    inputs: { U: number[][]; v: number[]; X: number[][]; y: number[] };
    expected: Record<
      "loss" | "gbar_sq" | "meanK" | "curvature_along_gbar" | "lower_bound" | "cos_gradL_gbar",
      number
    >;
    tol: number;
  };
  const network = denseNetwork(engine, { inputs: 3, widths: [6], activation: "tanh" });
  const theta = Float64Array.from([...inputs.U.flat(), ...inputs.v]);
  const [x, y] = [asMatrix(inputs.X), asMatrix(inputs.y.map((label) => [label]))];
  const own = await restrictedStrongConvexity(network, theta, x, y, { tolerance: 1e-12 });
  expectClose([own.loss], [expected.loss], tol);
  expectClose([own.meanGradientSquared], [expected.gbar_sq], tol);
  expectClose([own.cosine], [expected.cos_gradL_gbar], tol);
  expectClose([restrictedCurvature(own, 1)], [expected.lower_bound], tol);
  const { kernel } = await tangentKernel(network, theta, x);
  expectClose([kernel.data.reduce((sum, entry) => sum + entry, 0) / 9], [expected.meanK], tol);
  const hessian = await lossHessianProduct(network, theta, x, y, "mean-squares");
  const curved = dot(own.meanGradient, await hessian(own.meanGradient)) / own.meanGradientSquared;
  expectClose([curved], [expected.curvature_along_gbar], tol);
});

describe("restricted strong convexity", () => {
  const network = denseNetwork(engine, { inputs: 3, widths: [30, 20], activation: "tanh" });
  const theta = network.initialize(1);
  const x = normals(5, 3, 2);
  const y: Matrix<Float64Array> = normals(5, 1, 3);

  test("bounds the curvature of the loss along every direction by its cosine with the mean gradient", async () => {
    const own = await restrictedStrongConvexity(network, theta, x, y);
    const hessian = await lossHessianProduct(network, theta, x, y, "mean-squares");
    for (const share of [0, 0.05, 0.2, 1, 10]) {
      const { data } = normals(1, theta.length, 4);
      const u = data.map((value, k) => 0.02 * value + share * own.meanGradient[k]!);
      const squared = dot(u, u);
      const cosine = Math.abs(dot(u, own.meanGradient)) / Math.sqrt(squared * own.meanGradientSquared);
      const curvature = dot(u, await hessian(u)) / squared;
      expect(curvature).toBeGreaterThanOrEqual(restrictedCurvature(own, Math.min(1, cosine)));
    }
  });

  test("takes the norms of the Hessians of the outputs, one by one", async () => {
    const { hessianNorms } = await restrictedStrongConvexity(network, theta, x, y, { tolerance: 1e-10 });
    for (let i = 0; i < x.rows; i++) {
      const product = outputHessianProduct(network, theta, rowRange(x, i, i + 1));
      const { norm } = await extremeEigenvalues(product, theta.length);
      expect(Math.abs(hessianNorms[i]! / norm - 1)).toBeLessThan(1e-8);
    }
  });

  test("of a linear model is not restricted by curvature of its outputs", async () => {
    const own = await restrictedStrongConvexity(linearize(network, theta), theta, x, y);
    expect(own.nonlinearity).toBe(0);
    expect(restrictedCurvature(own, 0.5)).toBe(own.meanGradientSquared / 2);
  });

  test("refuses several outputs, no rows, and cosines that are none", async () => {
    const own = await restrictedStrongConvexity(network, theta, x, y);
    expect(() => restrictedCurvature(own, 1.5)).toThrow("kappa is 1.5");
    const none = [normals(0, 3), normals(0, 1)] as const;
    await expect(restrictedStrongConvexity(network, theta, ...none)).rejects.toThrow("no rows");
    const two = denseNetwork(engine, { inputs: 3, widths: [4], outputs: 2 });
    await expect(restrictedStrongConvexity(two, two.initialize(1), x, normals(5, 2))).rejects.toThrow(
      "2 outputs",
    );
  });
});
