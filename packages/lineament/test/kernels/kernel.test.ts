import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Kernel, kernelName, normOrder, withBandwidth } from "../../src/kernels/index.ts";
import type { Engine, FusedKernel, Matrix } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { expectClose, gram, normals } from "../contracts/data.ts";
import { describeKernel, kernels } from "../contracts/kernel.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

for (const kernel of kernels) describeKernel(kernel, () => engine);

describe("kernels that are the same", () => {
  test.each<[string, FusedKernel, FusedKernel]>([
    [
      "lpq at p = 2 is the Laplace kernel",
      { family: "lpq", bandwidth: 3, exponent: 1.3, p: 2 },
      { family: "laplace", bandwidth: 3, exponent: 1.3 },
    ],
    [
      "Laplace at q = 2 is Gaussian with L/√2",
      { family: "laplace", bandwidth: 3, exponent: 2 },
      { family: "gaussian", bandwidth: 3 / Math.SQRT2 },
    ],
  ])("%s", async (_, one, other) => {
    const x = normals(30, 4, 1);
    expectClose((await gram(engine, one, x)).data, (await gram(engine, other, x)).data, 1e-12);
  });

  test.each([0.5, 1, 1.7])("lpq at p = q = %d is a product over coordinates", async (q) => {
    const n = 20;
    const x = normals(n, 3, 2);
    const k = await gram(engine, { family: "lpq", bandwidth: 2, exponent: q, p: q }, x);
    const factors: Matrix[] = [];
    for (const j of [0, 1, 2]) {
      const column = { data: x.data.filter((_, at) => at % 3 === j), rows: n, cols: 1 };
      factors.push(await gram(engine, { family: "lpq", bandwidth: 2, exponent: q, p: q }, column));
    }
    const product = factors[0]!.data.map(
      (value, at) => value * factors[1]!.data[at]! * factors[2]!.data[at]!,
    );
    expectClose(k.data, product, 1e-12);
  });
});

describe("parameters", () => {
  test("have defaults", () => {
    expect(Kernel.parse({ family: "laplace", bandwidth: 1 })).toEqual({
      family: "laplace",
      bandwidth: 1,
      exponent: 1,
    });
    expect(Kernel.parse({ family: "lpq", bandwidth: 1 })).toEqual({
      family: "lpq",
      bandwidth: 1,
      exponent: 1,
      p: 1,
    });
    expect(Kernel.parse({ family: "sum-power", bandwidth: 1 })).toEqual({
      family: "sum-power",
      bandwidth: 1,
      exponent: 1,
      constant: 0,
      power: 2,
    });
  });

  test("for which lpq is not positive definite are refused", () => {
    const parsed = Kernel.safeParse({ family: "lpq", bandwidth: 1, exponent: 1.2, p: 1 });
    expect(parsed.error?.issues[0]).toMatchObject({
      path: ["exponent"],
      message: "lpq is positive definite only for exponent ≤ p",
    });
  });

  test.each([
    { family: "laplace", bandwidth: 0 },
    { family: "laplace", bandwidth: -1 },
    { family: "laplace", bandwidth: NaN },
    { family: "laplace", bandwidth: Infinity },
    { family: "laplace" },
    { family: "laplace", bandwidth: 1, exponent: 2.1 },
    { family: "laplace", bandwidth: 1, exponent: 0 },
    { family: "gaussian", bandwidth: 1, exponent: 1 },
    { family: "lpq", bandwidth: 1, p: 2.5 },
    { family: "lpq", bandwidth: 1, p: 0 },
    { family: "sum-power", bandwidth: 1, constant: 1 },
    { family: "sum-power", bandwidth: 1, constant: -0.1 },
    { family: "sum-power", bandwidth: 1, power: 0 },
    { family: "sum-power", bandwidth: 1, power: 1.5 },
    { family: "cauchy", bandwidth: 1 },
  ])("out of range are refused: %o", (kernel) => expect(Kernel.safeParse(kernel).success).toBe(false));
});

test("a kernel has a name for people, a norm, and takes another bandwidth", () => {
  expect(kernels.map(normOrder)).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 1, 0.7, 1.5, 1.5, 1, 1, 1]);
  expect(kernelName({ family: "laplace", bandwidth: 10, exponent: 1 })).toBe("laplace(L=10, q=1)");
  expect(kernelName({ family: "gaussian", bandwidth: 1.23456 })).toBe("gaussian(L=1.23)");
  expect(kernelName({ family: "lpq", bandwidth: 1, exponent: 1, p: 1 })).toBe("product laplace(L=1, q=1)");
  expect(kernelName({ family: "lpq", bandwidth: 1, exponent: 1, p: 1.5 })).toBe("lpq(L=1, p=1.5, q=1)");
  expect(kernelName({ family: "sum-power", bandwidth: 1, exponent: 1, constant: 0, power: 2 })).toBe(
    "sum-power(L=1, q=1, m=2)",
  );
  const kernel: Kernel = { family: "lpq", bandwidth: 1, exponent: 1, p: 1.5 };
  expect(withBandwidth(kernel, 7)).toEqual({ ...kernel, bandwidth: 7 });
  expect(kernel.bandwidth).toBe(1);
});
