import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { infiniteKernel } from "../../src/infinite/index.ts";
import type { NetworkKernel } from "../../src/kernels/index.ts";
import { activation, dense, fullyConnected, identity, parallel, serial } from "../../src/layers/index.ts";
import { type Engine, type Matrix, zeros } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { kernelGradient, kernelMatrix, kernelProduct } from "../../src/machines/kernel-passes.ts";
import { expectClose, filled, normals, points, product } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const options = { weightStd: 1.4, biasStd: 0.3 };
const residual = serial(
  dense(options),
  parallel([identity(), serial(activation("relu"), dense(options))]),
  activation("tanh"),
  dense(options),
);

const kernels: Record<string, NetworkKernel> = {
  "NTK of relu, closed form": {
    family: "network",
    output: "ntk",
    network: fullyConnected(2, "relu", options),
    bandwidth: 1,
  },
  "NNGP of erf, closed form": {
    family: "network",
    output: "nngp",
    network: fullyConnected(1, "erf", options),
    bandwidth: 1.7,
  },
  "NTK of gelu, by differences": {
    family: "network",
    output: "ntk",
    network: fullyConnected(2, "gelu", options),
    bandwidth: 0.8,
  },
  "NTK of a residual network, by differences": {
    family: "network",
    output: "ntk",
    network: residual,
    bandwidth: 1,
  },
};

async function matrixOf(kernel: NetworkKernel, x: Matrix, z?: Matrix): Promise<Matrix> {
  const out = zeros(x.rows, (z ?? x).rows);
  await kernelMatrix(engine, { kernel, x: points(x), ...(z ? { z: points(z) } : {}), out });
  return out;
}

describe.each(Object.entries(kernels))("%s", (_, kernel) => {
  const x = normals(9, 4, 1);
  const z = normals(7, 4, 2);
  const coefficients = normals(7, 2, 3);

  test("is the kernel of the network at x/L over its value at unit mean square", async () => {
    const scaled = (a: Matrix): Matrix => filled(a.rows, 4, (i, k) => a.data[i * 4 + k]! / kernel.bandwidth);
    const ones = filled(1, 4, () => 1);
    const plain = await infiniteKernel(engine, kernel.network, scaled(x), scaled(z));
    const unit = (await infiniteKernel(engine, kernel.network, ones))[kernel.output]!.data[0]!;
    expectClose(
      (await matrixOf(kernel, x, z)).data,
      plain[kernel.output]!.data.map((value) => value / unit),
      1e-12,
    );
    expect((await matrixOf({ ...kernel, bandwidth: 1 }, ones)).data[0]).toBeCloseTo(1, 12);
  });

  test("its products are those of the matrix", async () => {
    const out = zeros(9, 2);
    await kernelProduct(engine, { kernel, x: points(x), z: points(z), v: coefficients, out });
    expectClose(out.data, product(await matrixOf(kernel, x, z), coefficients).data, 1e-11);
  });

  test("its gradients are the slopes of its sums, away from the centers and at them", async () => {
    for (const rows of [x, z]) {
      const out = zeros(rows.rows, 2 * 4);
      const selfPairs = rows === z ? Int32Array.from({ length: 7 }, (__, i) => i) : undefined;
      await kernelGradient(engine, {
        kernel,
        x: points(rows),
        z: points(z),
        coefficients,
        out,
        ...(selfPairs ? { selfPairs } : {}),
      });
      const h = 1e-4;
      for (let k = 0; k < 4; k++) {
        const moved = async (step: number): Promise<Matrix> => {
          const shifted = filled(rows.rows, 4, (i, l) => rows.data[i * 4 + l]! + (l === k ? step : 0));
          return product(await matrixOf(kernel, shifted, z), coefficients);
        };
        const [above, below] = [await moved(h), await moved(-h)];
        for (let j = 0; j < rows.rows; j++)
          for (let l = 0; l < 2; l++) {
            const slope = (above.data[j * 2 + l]! - below.data[j * 2 + l]!) / (2 * h);
            // At centers the difference sees the curvature beside the kink, of order h log h.
            expect(Math.abs(out.data[j * 8 + l * 4 + k]! - slope)).toBeLessThan(rows === x ? 3e-6 : 3e-4);
          }
      }
    }
  });
});

test("a network that lets nothing through, or too much, is refused with its value", async () => {
  const dead: NetworkKernel = {
    family: "network",
    output: "nngp",
    network: dense({ weightStd: 0 }),
    bandwidth: 1,
  };
  await expect(matrixOf(dead, normals(3, 2, 1))).rejects.toThrow("is 0 at inputs of unit mean square");
  const loud = { ...dead, network: fullyConnected(400, "relu", { weightStd: 10 }) };
  await expect(matrixOf(loud, normals(3, 2, 1))).rejects.toThrow("between 1e-100 and 1e100");
});
