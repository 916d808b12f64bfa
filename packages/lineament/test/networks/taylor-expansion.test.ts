import { describe, expect, test } from "vitest";
import { dense, serial } from "../../src/layers/index.ts";
import { matrix } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import { denseNetwork, graphNetwork, linearize, taylorExpansion } from "../../src/networks/index.ts";
import { expectClose, largestDifference, normals } from "../contracts/data.ts";
import vectors from "../vectors/wide-networks.json" with { type: "json" };

const engine = plainEngine();

describe("Taylor's polynomial of a network", () => {
  const model = denseNetwork(engine, { inputs: 3, widths: [6, 6], activation: "tanh" });
  const theta0 = model.initialize(1);
  const { data } = normals(1, theta0.length, 2);
  const theta = theta0.map((value, k) => value + 0.2 * data[k]!);
  const x = normals(4, 3, 3);

  test("converges to the network where the displacement is small", async () => {
    const exact = (await model.value(theta, x)).data;
    const expansion = await taylorExpansion(model, theta0, theta, x, 16);
    const errors = [1, 2, 4, 8, 16].map((degree) => largestDifference(expansion.at(1, degree).data, exact));
    for (let k = 1; k < errors.length; k++) expect(errors[k]).toBeLessThan(errors[k - 1]! / 2);
    expect(errors.at(-1)).toBeLessThan(1e-6);
  });

  test("of degree 1 is the linearized network, of degree 0 the network at θ₀", async () => {
    const expansion = await taylorExpansion(model, theta0, theta, x, 3);
    expect(expansion.coefficients).toHaveLength(4);
    expectClose(expansion.at(1, 1).data, (await linearize(model, theta0).value(theta, x)).data, 1e-14);
    expectClose(expansion.at(1, 0).data, (await model.value(theta0, x)).data, 1e-15);
    expectClose(expansion.at(0).data, (await model.value(theta0, x)).data, 1e-15);
  });

  test("is a polynomial in the part t of the way", async () => {
    const expansion = await taylorExpansion(model, theta0, theta, x, 3);
    const half = theta0.map((value, k) => (value + theta[k]!) / 2);
    const shorter = await taylorExpansion(model, theta0, half, x, 3);
    expectClose(expansion.at(0.5).data, shorter.at().data, 1e-14);
  });

  test("needs parameters of the model and a degree", async () => {
    await expect(taylorExpansion(model, theta0.slice(1), theta, x, 2)).rejects.toThrow("theta0");
    await expect(taylorExpansion(model, theta0, theta.slice(1), x, 2)).rejects.toThrow("theta");
    await expect(taylorExpansion(model, theta0, theta, x, -1)).rejects.toThrow(RangeError);
  });
});

test("a linear network with one bottleneck has the coefficients of the vectors along its blocks' gradients", async () => {
  const { inputs, expected, tol } = vectors.cases.find(({ id }) => id === "WN-V5") as unknown as {
    inputs: { W: number[][][]; x: number[] };
    expected: { f: number; coeffs: number[]; grad_block_norms: number[] };
    tol: number;
  };
  const layer = serial(dense({ width: 4 }), dense({ width: 2 }), dense({ width: 4 }), dense());
  const model = graphNetwork(engine, layer, { inputs: 3 });
  const theta0 = Float64Array.from(inputs.W.flat(2));
  const x = matrix(Float64Array.from(inputs.x), 1, 3);
  const { value, pull } = await model.pullback(theta0, x);
  expectClose(value.data, [expected.f], tol);

  // Blocks: the two layers before the bottleneck, and the two behind it.
  const gradient = await pull(matrix(Float64Array.of(1), 1, 1));
  const behind = model.matrices[2]!.offset;
  const blocks = [gradient.subarray(0, behind), gradient.subarray(behind)];
  const norms = blocks.map((block) => Math.hypot(...block));
  expectClose(norms, expected.grad_block_norms, tol);
  blocks.forEach((block, at) => block.forEach((entry, k) => (block[k] = entry / norms[at]!)));
  const theta = theta0.map((entry, k) => entry + gradient[k]!);
  const { coefficients } = await taylorExpansion(model, theta0, theta, x, 4);
  expectClose(
    coefficients.map(({ data }) => data[0]!),
    expected.coeffs,
    tol,
  );
});
