import type { Engine, Matrix, MatrixLike } from "../linalg/index.ts";
import { random, zeros } from "../linalg/index.ts";
import { workspace } from "../networks/index.ts";
import { checkCount, checkMatrix, checkPositive, checkShape, type Doubles } from "./checks.ts";
import { type DescentOptions, type DescentStep, descentSteps } from "./descent.ts";
import type { EndToEndLoss } from "./end-to-end-loss.ts";
import { type Flow, type FlowOptions, parameterFlow } from "./gradient-flow.ts";
import { norm } from "./norm.ts";
import { tensorComponents } from "./tensor-components.ts";

/**
 * A tensor of order N ≥ 2 as a sum of R components, Σ_r w_r¹ ⊗ ⋯ ⊗ w_r^N (CP decomposition): one matrix a mode, R × d_k, row r
 * holding w_r^k.
 *
 * Tensors are matrices here, d_1 × (d_2 ⋯ d_N) with the last index fastest, so that every `EndToEndLoss` is a loss of tensors too.
 */
export type TensorFactors = readonly Matrix<Float64Array>[];

/**
 * Factors that come from outside, in double precision.
 * @throws RangeError for fewer than two modes, different numbers of components, or entries that are not finite
 */
export function tensorFactors(factors: readonly MatrixLike[]): TensorFactors {
  return checkFactors("tensorFactors", factors);
}

/**
 * Components with random directions and one norm, ‖w_r^k‖ = scale^{1/N} in every mode: balanced, each component of norm `scale`.
 *
 * @param shape - d_1, …, d_N
 * @param options.components - R
 * @param options.scale - default 1e-3: near zero
 * @param options.seed - default 0
 * @throws RangeError for impossible sizes
 */
export function balancedTensorFactors(
  shape: readonly number[],
  {
    components,
    scale = 1e-3,
    seed = 0,
  }: { readonly components: number; readonly scale?: number; readonly seed?: number },
): TensorFactors {
  if (shape.length < 2)
    throw new RangeError(
      `balancedTensorFactors: shape has ${shape.length} numbers, expected those of at least two modes`,
    );
  shape.forEach((size, k) => checkCount("balancedTensorFactors", `shape[${k}]`, size));
  checkCount("balancedTensorFactors", "components", components);
  checkPositive("balancedTensorFactors", "scale", scale);
  const generator = random(seed);
  const length = scale ** (1 / shape.length);
  return shape.map((size) => {
    const factor = zeros(components, size);
    for (let r = 0; r < components; r++) {
      const row = factor.data.subarray(r * size, (r + 1) * size);
      for (let i = 0; i < size; i++) row[i] = generator.normal();
      const factorOf = length / norm(row);
      for (let i = 0; i < size; i++) row[i]! *= factorOf;
    }
    return factor;
  });
}

/** The tensor Σ_r ⊗_k w_r^k, d_1 × (d_2 ⋯ d_N). @throws RangeError as `tensorFactors` */
export async function tensorOf(engine: Engine, factors: TensorFactors): Promise<Matrix<Float64Array>> {
  const checked = checkFactors("tensorOf", factors);
  const { value } = await tensorComponents(engine)(checked, workspace(engine));
  return { ...value, data: value.data.slice() };
}

/**
 * The gradients of ℓ(Σ_r ⊗_k w_r^k) by all factors, shaped like them.
 * @param gradient - ∇ℓ at the tensor
 * @throws RangeError as `tensorFactors`, or when the gradient has not the shape of the tensor
 */
export async function tensorGradients(
  engine: Engine,
  factors: TensorFactors,
  gradient: MatrixLike,
): Promise<TensorFactors> {
  const checked = checkFactors("tensorGradients", factors);
  const { pull } = await tensorComponents(engine)(checked, workspace(engine));
  const gradients = await pull(checkShape("tensorGradients", "gradient", gradient, shapeOf(checked)));
  return gradients.map((g) => ({ ...g, data: g.data.slice() }));
}

/** ‖⊗_k w_r^k‖ = Π_k ‖w_r^k‖ of every component. @throws RangeError as `tensorFactors` */
export function componentNorms(factors: TensorFactors): Float64Array {
  const checked = checkFactors("componentNorms", factors);
  return Float64Array.from({ length: checked[0]!.rows }, (_, r) =>
    checked.reduce((size, factor) => size * norm(rowOf(factor, r)), 1),
  );
}

/**
 * How fast the norms of balanced components move along gradient flow:
 * d/dt ‖⊗_k w_r^k‖ = −N ‖⊗_k w_r^k‖^{2−2/N} ⟨∇ℓ, ⊗_k ŵ_r^k⟩, the law of singular values with the order in place of the depth.
 *
 * @param gradient - ∇ℓ at the tensor
 * @throws RangeError as `tensorGradients`, or when a component is not balanced to 1e-6: then the law does not hold
 * @see Razin, Maman and Cohen, arXiv:2102.09972, Theorem 1
 */
export async function componentVelocities(
  engine: Engine,
  factors: TensorFactors,
  gradient: MatrixLike,
): Promise<Float64Array> {
  const checked = checkFactors("componentVelocities", factors);
  const g = checkShape("componentVelocities", "gradient", gradient, shapeOf(checked));
  const order = checked.length;
  const sizes = componentNorms(checked);
  checked.forEach((factor, k) =>
    sizes.forEach((size, r) => {
      const own = norm(rowOf(factor, r));
      const even = size ** (1 / order);
      if (Math.abs(own - even) > 1e-6 * Math.max(own, even))
        throw new RangeError(
          `componentVelocities: component ${r} has norm ${own} in mode ${k}, balanced would be ${even}: the law holds for balanced components`,
        );
    }),
  );
  // ⟨∇ℓ, ⊗_k w_r^k⟩ = ⟨w_r¹, ∂ℓ/∂w_r¹⟩.
  const [byFirst] = await tensorGradients(engine, checked, g);
  return sizes.map((size, r) => {
    if (size === 0) return 0;
    const slope = rowOf(byFirst!, r).reduce((sum, value, i) => sum + value * rowOf(checked[0]!, r)[i]!, 0);
    return -order * size ** (1 - 2 / order) * slope;
  });
}

/**
 * Trains the factors of a tensor on a loss of the tensor, step by step, as `factorSteps` trains the layers of a network.
 * @throws RangeError for factors, rates or numbers that make no sense, or a loss of another shape; the signal's reason when aborted
 */
export async function* tensorSteps(
  engine: Engine,
  factors: TensorFactors,
  loss: EndToEndLoss,
  options: DescentOptions,
): AsyncGenerator<DescentStep, void> {
  const checked = checkFactors("tensorSteps", factors);
  checkTensorLoss("tensorSteps", checked, loss);
  yield* descentSteps("tensorSteps", engine, tensorComponents(engine), checked, loss, options);
}

/**
 * Gradient flow of the factors by adaptive integration; it conserves ‖w_r^k‖² − ‖w_r^l‖² of every component and pair of modes.
 * @throws RangeError for factors, times or tolerances that make no sense, or a loss of another shape
 */
export async function tensorFlow(
  engine: Engine,
  factors: TensorFactors,
  loss: EndToEndLoss,
  options: FlowOptions,
): Promise<Flow<TensorFactors>> {
  const checked = checkFactors("tensorFlow", factors);
  checkTensorLoss("tensorFlow", checked, loss);
  return parameterFlow("tensorFlow", engine, tensorComponents(engine), checked, loss, options);
}

function checkFactors(call: string, factors: readonly MatrixLike[]): readonly Doubles[] {
  if (factors.length < 2)
    throw new RangeError(
      `${call}: there are ${factors.length} factors, expected one for each of at least two modes`,
    );
  const checked = factors.map((factor, k) => checkMatrix(call, `the factor of mode ${k}`, factor));
  const wrong = checked.findIndex(({ rows }) => rows !== checked[0]!.rows);
  if (wrong >= 0)
    throw new RangeError(
      `${call}: mode 0 has ${checked[0]!.rows} components, mode ${wrong} has ${checked[wrong]!.rows}: they must match`,
    );
  return checked;
}

function shapeOf(factors: readonly Doubles[]): { readonly rows: number; readonly cols: number } {
  const [rows, ...others] = factors.map(({ cols }) => cols);
  return { rows: rows!, cols: others.reduce((size, next) => size * next, 1) };
}

function checkTensorLoss(call: string, factors: readonly Doubles[], loss: EndToEndLoss): void {
  const { rows, cols } = shapeOf(factors);
  if (loss.rows !== rows || loss.cols !== cols)
    throw new RangeError(
      `${call}: the loss is of a ${loss.rows} × ${loss.cols} matrix, but the tensor is one of ${rows} × ${cols}`,
    );
}

function rowOf({ data, cols }: Doubles, r: number): Float64Array {
  return data.subarray(r * cols, (r + 1) * cols);
}
