import { beforeAll, describe, test } from "vitest";
import type { ActivationInput } from "../../src/layers/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import type { Matrix } from "../../src/linalg/index.ts";
import {
  denseNetwork,
  lossHessianProduct,
  parametersOf,
  tangentKernel,
  train,
} from "../../src/networks/index.ts";
import { expectClose, filled, normals } from "../contracts/data.ts";

// @jax-js/jax differentiates the same networks by its own means, in float32 (its float64 functions are no better): a second
// opinion to six digits. Every use of one of its arrays consumes a reference; `.ref` keeps one.

type Jax = typeof import("@jax-js/jax");
type Tensor = InstanceType<Jax["Array"]>;
let jax: Jax;

beforeAll(async () => {
  const scope = globalThis as { Float16Array?: unknown };
  scope.Float16Array ??= function Float16Array() {}; // the package looks for it while it loads
  jax = await import("@jax-js/jax");
  await jax.init("wasm");
  jax.defaultDevice("wasm");
});

const activations: readonly (readonly [ActivationInput, (jax: Jax, z: Tensor) => Tensor])[] = [
  [{ name: "relu" }, ({ nn }, z) => nn.relu(z)],
  [{ name: "tanh" }, ({ numpy }, z) => numpy.tanh(z)],
  [{ name: "erf" }, ({ lax }, z) => lax.erf(z)],
  [{ name: "gelu" }, ({ nn }, z) => nn.gelu(z, { approximate: false })],
  [{ name: "sigmoid" }, ({ nn }, z) => nn.sigmoid(z)],
  [{ name: "softplus" }, ({ nn }, z) => nn.softplus(z)],
  [{ name: "swish" }, ({ nn }, z) => nn.silu(z)],
  [{ name: "mish" }, ({ nn }, z) => nn.mish(z)],
  [{ name: "elu" }, ({ nn }, z) => nn.elu(z)],
  [{ name: "selu" }, ({ nn }, z) => nn.selu(z)],
  [{ name: "leaky-relu", slope: 0.1 }, ({ nn }, z) => nn.leakyRelu(z, 0.1)],
];

const [n, d] = [6, 3];
const x = normals(n, d, 1);
const y = filled(n, 1, (i) => Math.sin(3 * i));

for (const [activation, phi] of activations)
  describe(`a network of ${activation.name} in jax-js`, () => {
    const network = denseNetwork(plainEngine(), {
      inputs: d,
      widths: [8, 7],
      activation,
      parameterization: { kind: "ntk", weightStd: 1.3, biasStd: 0.4 },
    });
    const theta = network.initialize(3);
    const v = normals(1, network.parameters, 4).data;

    const tensor = ({ data, rows, cols }: Matrix): Tensor =>
      jax.numpy.array(Float32Array.from(data)).reshape([rows, cols]);
    const tensors = (vector: Float64Array): Tensor[] =>
      parametersOf(network, vector).flatMap(({ weights, biases }) => [
        tensor(weights),
        jax.numpy.array(Float32Array.from(biases!)),
      ]);
    const f = (p: Tensor[], input: Tensor): Tensor => {
      let h = input;
      for (let l = 0; l < 3; l++) {
        const scale = 1.3 / Math.sqrt(network.layers[l]!.inputs);
        const z = jax.numpy
          .matmul(h, jax.numpy.transpose(p[2 * l]!))
          .mul(scale)
          .add(p[2 * l + 1]!.mul(0.4));
        h = l < 2 ? phi(jax, z) : z;
      }
      return h;
    };
    const loss = (p: Tensor[]): Tensor =>
      jax.numpy.sum(jax.numpy.square(f(p, tensor(x)).sub(tensor(y)))).mul(0.5);
    const flat = async (parts: readonly Tensor[]): Promise<number[]> => {
      const numbers: number[] = [];
      for (const part of parts) numbers.push(...((await part.data()) as Float32Array));
      return numbers;
    };
    // Sums of some hundred products in float32.
    const digits = 2e-5;

    test("has the same values and tangents", async () => {
      const [value, tangent] = jax.jvp((p: Tensor[]) => f(p, tensor(x)), [tensors(theta)], [tensors(v)]);
      const ours = await network.tangent(theta, x, v);
      expectClose(ours.value.data, await flat([value]), digits);
      expectClose(ours.tangent.data, await flat([tangent]), digits);
    });

    test("has the same gradient, and goes the same way down", async () => {
      const gradient = await flat(jax.grad(loss)(tensors(theta)));
      const { value, pull } = await network.pullback(theta, x);
      const residual = { ...value, data: value.data.map((entry, i) => entry - y.data[i]!) };
      expectClose(await pull(residual), gradient, digits);

      let p = tensors(theta);
      for (let step = 0; step < 5; step++) {
        const g = jax.grad(loss)(jax.tree.ref(p));
        p = p.map((part, k) => part.sub(g[k]!.mul(0.02)));
      }
      const end = await train(network, theta, { x, y, learningRate: 0.02, steps: 5 });
      expectClose(end.parameters, await flat(p), digits);
    });

    test("has the same Hessian", async () => {
      const gradient = (p: Tensor[]): Tensor[] => jax.grad(loss)(p);
      const [, hv] = jax.jvp(gradient, [tensors(theta)], [tensors(v)]);
      const multiply = await lossHessianProduct(network, theta, x, y);
      expectClose(await multiply(v), await flat(hv), 5 * digits);
    });

    test("has the same second derivative along a line, and tangent kernel", async () => {
      const along = (p: Tensor[]): Tensor => jax.jvp((q: Tensor[]) => f(q, tensor(x)), [p], [tensors(v)])[1];
      const [, second] = jax.jvp(along, [tensors(theta)], [tensors(v)]);
      const jet = await network.jet(theta, x, v, 2);
      expectClose(
        jet[2]!.data.map((entry) => 2 * entry),
        await flat([second]),
        5 * digits,
      );

      const single = (p: Tensor[], row: Tensor): Tensor => f(p, row.reshape([1, d])).reshape([]);
      const gradients = jax.vmap(jax.grad(single), [null, 0])(tensors(theta), tensor(x));
      const rows = gradients.map((part) => part.reshape([n, -1]));
      const jacobian = jax.numpy.concatenate(rows, 1);
      const kernel = jax.numpy.matmul(jacobian.ref, jax.numpy.transpose(jacobian));
      expectClose((await tangentKernel(network, theta, x)).kernel.data, await flat([kernel]), digits);
    });
  });
