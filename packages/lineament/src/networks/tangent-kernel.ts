import { checkChoice } from "../linalg/checks.ts";
import { type Matrix, zeros } from "../linalg/index.ts";
import { breather, queue } from "../linalg/queue.ts";
import { checkInputs, checkParameters } from "./checks.ts";
import { jacobian } from "./jacobian.ts";
import type { KernelOutputs, Model, TangentKernelPart } from "./model.ts";
import { workspace } from "./workspace.ts";

type Doubles = Matrix<Float64Array>;

export interface TangentKernelOptions {
  /** What is kept of the outputs. Default trace, the average over outputs. */
  readonly outputs?: KernelOutputs;
  /**
   * - structured: layer by layer without Jacobians; dense networks, and what is built on them
   * - jacobian: J diag(ρ) Jᵀ with J stored (nO × P numbers)
   * - products: column by column, one backward and one forward pass each; no J, many passes
   *
   * Default: structured where the model offers it, else jacobian.
   */
  readonly method?: "structured" | "jacobian" | "products";
  /** Also what each layer contributes (structured only). Default false. */
  readonly parts?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface TangentKernel {
  readonly kernel: Matrix<Float64Array>;
  /** First layer first, readout last; they add up to the kernel. Empty unless asked for. */
  readonly parts: readonly TangentKernelPart[];
}

/**
 * The empirical tangent kernel Θ(x, z) = J(x) diag(ρ) J(z)ᵀ of a model at θ, ρ its learning-rate multipliers (a frozen layer
 * contributes nothing). Exactly symmetric when z is absent (z = x), except by products.
 *
 * @throws RangeError when θ, x or z do not fit, or the method is not available
 * @see Novak et al., arXiv:2206.08720
 */
export async function tangentKernel(
  model: Model,
  theta: Float64Array,
  x: Matrix,
  z?: Matrix,
  options: TangentKernelOptions = {},
): Promise<TangentKernel> {
  const { outputs = "trace", parts = false, signal } = options;
  const { method = model.structuredTangentKernel ? "structured" : "jacobian" } = options;
  signal?.throwIfAborted();
  checkChoice("tangentKernel", "method", method, ["structured", "jacobian", "products"]);
  checkChoice("tangentKernel", "outputs", outputs, ["trace", "diagonal", "full"]);
  checkParameters("tangentKernel", "theta", model, theta);
  const [left, right] = [
    checkInputs("tangentKernel", model, x),
    z && checkInputs("tangentKernel", model, z, "z"),
  ];
  if (parts && method !== "structured")
    throw new RangeError(`tangentKernel: parts come with the structured method, not with ${method}`);
  switch (method) {
    case "structured":
      return structured(model, theta, left, right, outputs, parts, signal);
    case "jacobian":
      return {
        kernel: keep(outputs, model.outputs, await contracted(model, theta, left, right, signal)),
        parts: [],
      };
    case "products":
      return {
        kernel: keep(outputs, model.outputs, await byProducts(model, theta, left, right ?? left, signal)),
        parts: [],
      };
  }
}

/**
 * v ↦ Θ(x, x) v for vectors of nO numbers (order of a flattened n × O matrix) without storing Θ or J: one backward and one
 * forward pass a call. What Lanczos and conjugate gradients ask for.
 *
 * @throws RangeError when θ, x or a vector do not fit
 */
export async function tangentKernelProduct(
  model: Model,
  theta: Float64Array,
  x: Matrix,
): Promise<(v: Float64Array) => Promise<Float64Array>> {
  checkParameters("tangentKernelProduct", "theta", model, theta);
  const rows = checkInputs("tangentKernelProduct", model, x);
  const room = workspace(model.engine);
  const { pull } = await model.pullback(theta, rows, room);
  const mark = room.mark();
  const calls = queue("tangentKernelProduct"); // they share the room
  return (v) =>
    calls.run(async () => {
      room.rewind(mark);
      if (v.length !== rows.rows * model.outputs)
        throw new RangeError(
          `tangentKernelProduct: the vector has ${v.length} numbers, expected ${rows.rows} × ${model.outputs}`,
        );
      const weights = await pull({ data: v, rows: rows.rows, cols: model.outputs });
      multiply(weights, model.rates);
      const { tangent } = await model.tangent(theta, rows, weights, room);
      return Float64Array.from(tangent.data);
    });
}

async function structured(
  model: Model,
  theta: Float64Array,
  x: Doubles,
  z: Doubles | undefined,
  outputs: KernelOutputs,
  keepParts: boolean,
  signal: AbortSignal | undefined,
): Promise<TangentKernel> {
  if (!model.structuredTangentKernel)
    throw new RangeError("tangentKernel: this model has no structured form; use jacobian or products");
  let kernel: Doubles | undefined;
  const parts: TangentKernelPart[] = [];
  for await (const part of model.structuredTangentKernel(theta, x, z, outputs)) {
    signal?.throwIfAborted();
    if (keepParts) parts.unshift(part);
    if (kernel) for (let at = 0; at < kernel.data.length; at++) kernel.data[at]! += part.kernel.data[at]!;
    else kernel = keepParts ? { ...part.kernel, data: part.kernel.data.slice() } : part.kernel;
  }
  return { kernel: kernel!, parts };
}

/** The full kernel, nO × mO. */
async function contracted(
  model: Model,
  theta: Float64Array,
  x: Doubles,
  z: Doubles | undefined,
  signal: AbortSignal | undefined,
): Promise<Doubles> {
  const { engine } = model;
  const jx = await jacobian(model, theta, x, { signal });
  const jz = z && (await jacobian(model, theta, z, { signal }));
  const kernel = engine.allocate(jx.rows, (jz ?? jx).rows, "float64") as Doubles;
  const { rates } = model;
  if (jz) {
    multiply(jz.data, rates);
    await engine.gemm({ a: jx, b: jz, c: kernel, transposeB: true });
  } else {
    multiply(jx.data, rates?.map(Math.sqrt));
    await engine.syrk({ a: jx, c: kernel });
  }
  return kernel;
}

async function byProducts(
  model: Model,
  theta: Float64Array,
  x: Doubles,
  z: Doubles,
  signal: AbortSignal | undefined,
): Promise<Doubles> {
  const kernel = zeros(x.rows * model.outputs, z.rows * model.outputs);
  const room = workspace(model.engine);
  const { pull } = await model.pullback(theta, z, room);
  const mark = room.mark();
  const pause = breather(signal);
  for (let column = 0; column < kernel.cols; column++) {
    room.rewind(mark);
    const unit = room.take(z.rows, model.outputs);
    unit.data.fill(0);
    unit.data[column] = 1;
    const weights = await pull(unit);
    multiply(weights, model.rates);
    const { tangent } = await model.tangent(theta, x, weights, room);
    for (let row = 0; row < kernel.rows; row++) kernel.data[row * kernel.cols + column] = tangent.data[row]!;
    await pause();
  }
  return kernel;
}

/** What `outputs` keeps of a full kernel of so many outputs. */
function keep(outputs: KernelOutputs, count: number, full: Doubles): Doubles {
  if (outputs === "full") return full;
  const [n, m] = [full.rows / count, full.cols / count];
  const kernel = zeros(outputs === "trace" ? n : count * n, m);
  for (let o = 0; o < count; o++)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < m; j++) {
        const entry = full.data[(i * count + o) * full.cols + j * count + o]!;
        if (outputs === "trace") kernel.data[i * m + j]! += entry / count;
        else kernel.data[(o * n + i) * m + j] = entry;
      }
  return kernel;
}

/** Every row of `a` times `factors`, where there are any. */
function multiply(a: Float64Array, factors: Float64Array | undefined): void {
  if (!factors) return;
  const cols = factors.length;
  for (let start = 0; start < a.length; start += cols)
    for (let k = 0; k < cols; k++) a[start + k]! *= factors[k]!;
}
