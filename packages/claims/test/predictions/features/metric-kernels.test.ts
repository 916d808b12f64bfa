import { describe, expect, it } from "vitest";
import {
  gaussKernel,
  gradientOuterProducts,
  kernelMachine,
  laplaceKernel,
  lpqKernel,
  type MetricKernel,
  quadraticKernel,
} from "../../../src/predictions/index.ts";
import { expectVector, vector } from "../../vectors/vector.ts";

interface Machine {
  readonly centres: number[][];
  readonly points: number[][];
  readonly M: number[][];
  readonly L: number;
  readonly alpha: number[][];
}

describe("kernels under a metric", () => {
  it("agree with FL-V1 in values and gradients of a Laplace machine", () => {
    const one = vector<Machine>("FL-V1");
    const { centres, points, M, L, alpha } = one.inputs;
    const kernel = laplaceKernel(M, L);
    const machine = points.map((point) => kernelMachine(kernel, centres, alpha, point));
    expectVector(one, {
      K: points.map((point) => centres.map((center) => kernel(point, center).value)),
      f: machine.map(({ values }) => values),
      grad_point_output_coord: machine.map(({ gradients }) => gradients),
    });
  });

  it("agree with FL-V2 in the AGOP at the centers", () => {
    const one = vector<Machine>("FL-V2");
    const { centres, M, L, alpha } = one.inputs;
    const gradients = centres.map(
      (center) => kernelMachine(laplaceKernel(M, L), centres, alpha, center).gradients,
    );
    expectVector(one, {
      gradients,
      agop: gradientOuterProducts(gradients),
      agop_centred: gradientOuterProducts(gradients, { centered: true }),
    });
  });

  it("agree with FL-V5 in other norms", () => {
    const one = vector<{ x: number[]; z: number[]; L: number }>("FL-V5");
    const { x, z, L } = one.inputs;
    const identity = x.map((_, i) => x.map((_, j) => (i === j ? 1 : 0)));
    expectVector(
      one,
      (one.expected as readonly { p: number; q: number }[]).map(({ p, q }) => {
        const { value, gradient } = lpqKernel(identity, { p, q, bandwidth: L })(x, z);
        return { p, q, K: value, grad: gradient };
      }),
    );
  });

  const root = [
    [1, 0.3],
    [0.3, 0.6],
  ];
  const metric = [
    [1.09, 0.48],
    [0.48, 0.45],
  ];
  it.each<[string, MetricKernel]>([
    ["Laplace", laplaceKernel(metric, 1.4)],
    ["Gauss", gaussKernel(metric, 1.4)],
    ["quadratic", quadraticKernel(metric)],
    ["L_{1.5, 0.7}", lpqKernel(root, { p: 1.5, q: 0.7, bandwidth: 1.4 })],
  ])("have the gradients of their differences: %s", (_, kernel) => {
    const [x, z, h] = [[0.3, -0.7], [0.5, 0.4], 1e-5];
    const { gradient } = kernel(x, z);
    for (const k of [0, 1]) {
      const at = (by: number): number =>
        kernel(
          x.map((value, i) => value + (i === k ? by : 0)),
          z,
        ).value;
      expect(gradient[k]!).toBeCloseTo((at(h) - at(-h)) / (2 * h), 8);
    }
  });

  it("are the same where their definitions meet", () => {
    const [x, z] = [
      [0.3, -0.7],
      [0.5, 0.4],
    ];
    const laplace = laplaceKernel(metric, 1.4)(x, z);
    const lpq = lpqKernel(root, { p: 2, q: 1, bandwidth: 1.4 })(x, z);
    expect(lpq.value).toBeCloseTo(laplace.value, 14);
    lpq.gradient.forEach((entry, k) => expect(entry).toBeCloseTo(laplace.gradient[k]!, 14));
    expect(laplaceKernel(metric, 1.4)(x, x).gradient).toEqual([0, 0]);
  });
});
