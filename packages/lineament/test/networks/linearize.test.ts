import { describe, expect, test } from "vitest";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import { centered, denseNetwork, linearize, tangentKernel } from "../../src/networks/index.ts";
import { expectClose, normals } from "../contracts/data.ts";
import { describeModel } from "../contracts/model.ts";

const engine = plainEngine();
const network = denseNetwork(engine, {
  inputs: 3,
  widths: [7, 5],
  outputs: 2,
  activation: "tanh",
  parameterization: { kind: "ntk", biasStd: 0.2 },
  weightRates: [1, 0, 1],
});
const start = network.initialize(1);
const x = normals(4, 3, 5);
const moved = (by: number): Float64Array => start.map((value, k) => value + by * Math.cos(3 * k));

describeModel("a linearized network", () => ({ model: linearize(network, start), theta: moved(0.3) }));
describeModel("a centered network", () => ({ model: centered(network, start), theta: moved(0.3) }));
describeModel("a centered linearization", () => ({
  model: centered(linearize(network, start), moved(0.1)),
  theta: moved(0.3),
}));

describe("linearize", () => {
  test("is the first two terms of the jet, however far θ is", async () => {
    const direction = moved(1).map((value, k) => value - start[k]!);
    const [f0, f1] = await network.jet(start, x, direction, 1);
    const t = 7.5;
    expectClose(
      (await linearize(network, start).value(moved(t), x)).data,
      f0!.data.map((value, at) => value + t * f1!.data[at]!),
      1e-13,
    );
  });

  test("differs from the network by O(‖θ − θ₀‖²): slope 2 of the remainder (LZ-01)", async () => {
    const lin = linearize(network, start);
    const remainder = async (h: number): Promise<number> => {
      const [f, l] = [await network.value(moved(h), x), await lin.value(moved(h), x)];
      return Math.hypot(...f.data.map((value, at) => value - l.data[at]!));
    };
    const slope = Math.log((await remainder(1e-3)) / (await remainder(1e-5))) / Math.log(100);
    expect(slope).toBeGreaterThan(1.98);
    expect(slope).toBeLessThan(2.02);
  });

  test("keeps θ₀ as it was when it was made", async () => {
    const own = start.slice();
    const lin = linearize(network, own);
    const before = (await lin.value(moved(1), x)).data.slice();
    own.fill(0);
    expectClose((await lin.value(moved(1), x)).data, before, 0);
  });

  test("has learning rates, and so the kernel, of the network", async () => {
    const lin = linearize(network, start);
    expect(lin.rates).toBe(network.rates);
    expectClose(
      (await tangentKernel(lin, moved(2), x)).kernel.data,
      (await tangentKernel(network, start, x)).kernel.data,
      0,
    );
  });

  test("refuses a θ₀ of another length", () => {
    expect(() => linearize(network, start.slice(1))).toThrow(RangeError);
    expect(() => centered(network, start.slice(1))).toThrow(RangeError);
  });
});

test("a centered model is 0 at its start", async () => {
  expectClose((await centered(network, start).value(start, x)).data, new Float64Array(8), 0);
});
