import { describe, expect, test } from "vitest";
import { Kernel, kernelName } from "../../src/kernels/index.ts";
import type { Engine, FusedKernel, Matrix } from "../../src/linalg/index.ts";
import { expectClose, filled, gram, normals, points } from "./data.ts";

const parse = (kernel: unknown): FusedKernel => Kernel.parse(kernel) as FusedKernel;

/** Every family of differences, with exponents on both sides of what is smooth. */
export const kernels: readonly FusedKernel[] = [
  { family: "laplace", bandwidth: 2 },
  { family: "laplace", bandwidth: 2, exponent: 0.7 },
  { family: "laplace", bandwidth: 2, exponent: 1.4 },
  { family: "laplace", bandwidth: 2, exponent: 2 },
  { family: "gaussian", bandwidth: 2 },
  { family: "matern32", bandwidth: 2 },
  { family: "matern52", bandwidth: 2 },
  { family: "lpq", bandwidth: 3, exponent: 1, p: 2 },
  { family: "lpq", bandwidth: 3 },
  { family: "lpq", bandwidth: 3, exponent: 0.7, p: 0.7 },
  { family: "lpq", bandwidth: 3, exponent: 1, p: 1.5 },
  { family: "lpq", bandwidth: 3, exponent: 1.5, p: 1.5 },
  { family: "sum-power", bandwidth: 2 },
  { family: "sum-power", bandwidth: 2, exponent: 0.8, constant: 0.3, power: 1 },
  { family: "sum-power", bandwidth: 2, exponent: 2, constant: 0.1, power: 3 },
].map(parse);

/** k(u, v), one line a family, straight from the table of kernels. */
export function value(kernel: FusedKernel, u: ArrayLike<number>, v: ArrayLike<number>): number {
  const deltas = Array.from(u, (entry, k) => Math.abs(entry - v[k]!));
  const L = kernel.bandwidth;
  const norm = (p: number): number => deltas.reduce((sum, delta) => sum + delta ** p, 0) ** (1 / p);
  switch (kernel.family) {
    case "laplace":
      return Math.exp(-((norm(2) / L) ** kernel.exponent));
    case "gaussian":
      return Math.exp(-(norm(2) ** 2) / (2 * L ** 2));
    case "matern32":
      return (1 + (Math.sqrt(3) * norm(2)) / L) * Math.exp((-Math.sqrt(3) * norm(2)) / L);
    case "matern52":
      return (
        (1 + (Math.sqrt(5) * norm(2)) / L + (5 * norm(2) ** 2) / (3 * L ** 2)) *
        Math.exp((-Math.sqrt(5) * norm(2)) / L)
      );
    case "lpq":
      return Math.exp(-((norm(kernel.p) / L) ** kernel.exponent));
    case "sum-power": {
      const mean =
        deltas.reduce((sum, delta) => sum + Math.exp(-((delta / L) ** kernel.exponent)), 0) / deltas.length;
      return (kernel.constant + (1 - kernel.constant) * mean) ** kernel.power;
    }
  }
}

/** What it means to be a kernel here. A new one joins the list above; it does not write these again. */
export function describeKernel(kernel: FusedKernel, engine: () => Engine): void {
  describe(`${kernelName(kernel)} ${JSON.stringify(kernel)}`, () => {
    const n = 40;
    const d = 5;
    const x = normals(n, d, 1);

    test("K(x, z) holds k(x_i, z_j)", async () => {
      const z = normals(17, d, 2);
      const out = filled(n, 17, () => NaN);
      await engine().kernelMatrix({ kernel, x: points(x), z: points(z), out });
      const row = (a: Matrix, i: number): Float64Array =>
        (a.data as Float64Array).subarray(i * d, (i + 1) * d);
      expectClose(out.data, filled(n, 17, (i, j) => value(kernel, row(x, i), row(z, j))).data, 1e-10);
    });

    test("K(x, x) is symmetric, positive semidefinite, and 1 on the diagonal", async () => {
      const k = await gram(engine(), kernel, x);
      for (let i = 0; i < n; i++) {
        expect(k.data[i * n + i]).toBe(1);
        for (let j = 0; j < i; j++) expect(k.data[i * n + j]).toBe(k.data[j * n + i]);
      }
      const { values } = await engine().eigenSymmetric(k);
      expect(values[0]!).toBeGreaterThan(-1e-12 * n);
    });

    test("K is the same for shifted rows, and for exchanged columns", async () => {
      const k = await gram(engine(), kernel, x);
      const shifted = filled(n, d, (i, j) => x.data[i * d + j]! + 5);
      const exchanged = filled(n, d, (i, j) => x.data[i * d + ((j + 2) % d)]!);
      expectClose((await gram(engine(), kernel, shifted)).data, k.data, 1e-12);
      expectClose((await gram(engine(), kernel, exchanged)).data, k.data, 1e-12);
    });
  });
}
