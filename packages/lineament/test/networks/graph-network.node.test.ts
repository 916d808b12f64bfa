import * as jax from "@jax-js/jax";
import { beforeAll, expect, test } from "vitest";
import { dense, identity, parallel, relu, serial } from "../../src/layers/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import { graphNetwork } from "../../src/networks/index.ts";
import { expectClose, normals } from "../contracts/data.ts";

// Another implementation, in float32: jax-js differentiates the residual network below, written out by hand.

const { numpy: np } = jax;
type Parameters = Record<"w1" | "b1" | "w2" | "w3", jax.Array>;

beforeAll(async () => {
  await jax.init("wasm");
  jax.defaultDevice("wasm");
});

test("a residual network has the value, gradient and Hessian-vector product that jax-js finds", async () => {
  const [n, d, m] = [5, 3, 8];
  const layer = serial(
    dense({ weightStd: 1.5, biasStd: 0.5 }),
    parallel([identity(), serial(relu(), dense())]),
    relu(),
    dense(),
  );
  const model = graphNetwork(plainEngine(), layer, { inputs: d, width: m });
  const theta = model.initialize(1);
  const [x, r, v] = [normals(n, d, 2), normals(n, 1, 3), normals(1, theta.length, 4).data];

  const array = (data: Float64Array, ...shape: number[]): jax.Array =>
    np.array(Float32Array.from(data)).reshape(shape);
  const tree = (flat: Float64Array): Parameters => {
    const [w1, b1, w2, w3] = model.matrices.map(({ offset, rows, cols }) =>
      array(flat.subarray(offset, offset + rows * cols), rows, cols),
    );
    return { w1: w1!, b1: b1!, w2: w2!, w3: w3! };
  };
  const rectified = (z: jax.Array): jax.Array => np.maximum(z, 0);
  const f = ({ w1, b1, w2, w3 }: Parameters): jax.Array => {
    const z = np
      .matmul(array(x.data, n, d), w1.transpose())
      .mul(1.5 / Math.sqrt(d))
      .add(b1.mul(0.5));
    const branch = np.matmul(rectified(z.ref), w2.transpose()).mul(1 / Math.sqrt(m));
    return np.matmul(rectified(z.add(branch)), w3.transpose()).mul(1 / Math.sqrt(m));
  };
  const loss = (p: Parameters): jax.Array => np.sum(f(p).mul(array(r.data, n, 1)));
  const flat = async (p: Parameters): Promise<number[]> => {
    const parts = [await p.w1.data(), await p.b1.data(), await p.w2.data(), await p.w3.data()];
    return parts.flatMap((part) => [...(part as Float32Array)]);
  };

  const { value, pull } = await model.pullback(theta, x);
  const rounding = 1e-5; // float32, sums of up to 40 terms
  expectClose(value.data, await f(tree(theta)).data(), rounding);
  expectClose(await pull(r), await flat(jax.grad(loss)(tree(theta))), rounding);
  const [, product] = jax.jvp(jax.grad(loss), [tree(theta)], [tree(v)]) as unknown as [
    Parameters,
    Parameters,
  ];
  const hessianProduct = await flat(product);
  expectClose(await model.curvature(theta, x, r, v), hessianProduct, rounding);
  expect(Math.max(...hessianProduct.map(Math.abs))).toBeGreaterThan(0.1);
});
