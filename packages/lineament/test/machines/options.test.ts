import { describe, expect, test } from "vitest";
import { FitOptions } from "../../src/machines/index.ts";

const laplace = { family: "laplace", bandwidth: 10 } as const;

test("nothing has to be said", () => {
  expect(FitOptions.parse({})).toEqual({ effort: "default", seed: 0, task: "auto", classWeights: "none" });
});

test("a machine needs a kernel; the rest has the documented defaults", () => {
  expect(FitOptions.parse({ machine: { kernel: laplace } }).machine).toMatchObject({
    kernel: { family: "laplace", bandwidth: 10, exponent: 1 },
    bandwidth: "constant",
    iterations: 5,
    metric: "full",
    power: 0.5,
    normalization: "agop-maximum",
    centered: false,
    shrinkage: 0,
    view: "standardized",
    logarithm: false,
    agopRows: 20_000,
  });
  expect(FitOptions.safeParse({ machine: {} }).success).toBe(false);
});

describe("what makes no sense is refused", () => {
  test.each([
    { seconds: 0 },
    { seed: -1 },
    { seed: 0.5 },
    { effort: "huge" },
    { epochs: 3 },
    { machine: { kernel: laplace, iterations: -1 } },
    { machine: { kernel: laplace, ridge: -1e-3 } },
    { machine: { kernel: laplace, power: 0 } },
    { machine: { kernel: laplace, shrinkage: 1.1 } },
    { machine: { kernel: laplace, agopRows: 0 } },
    { machine: { kernel: { family: "lpq", bandwidth: 1, exponent: 2, p: 1 } } },
  ])("%o", (options) => expect(FitOptions.safeParse(options).success).toBe(false));

  test("an adaptive bandwidth for sum-power, which knows no distance", () => {
    const kernel = { family: "sum-power", bandwidth: 1 };
    const refused = FitOptions.safeParse({ machine: { kernel, bandwidth: "adaptive" } });
    expect(refused.error?.issues[0]).toMatchObject({ path: ["machine", "bandwidth"] });
    expect(FitOptions.safeParse({ machine: { kernel } }).success).toBe(true);
  });
});
