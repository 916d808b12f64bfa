import { extremeEigenvalues, matrix, type Matrix, type Model, outputHessianProduct } from "lineament";

/** Norms of the first two derivatives of a network's output in its parameters. */
export interface OutputDerivatives {
  /** ‖∇f‖. */
  readonly gradient: number;
  /** ‖∇²f‖, the spectral norm. */
  readonly hessian: number;
}

/**
 * ‖∇f‖ and ‖∇²f‖ of a network with one output at one input, in the space of its parameters. The Hessian is never stored: Lanczos
 * on its products finds both ends of a spectrum that is nearly symmetric about 0, where a power iteration swings between them.
 *
 * @param x - 1 × d
 * @param options - tolerance: largest residual of an extreme eigenvector, as a part of ‖∇²f‖; the norm is more exact than that.
 * Default 1%
 */
export async function outputDerivatives(
  model: Model,
  theta: Float64Array,
  x: Matrix,
  {
    tolerance = 0.01,
    signal,
  }: { readonly tolerance?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<OutputDerivatives> {
  const { pull } = await model.pullback(theta, x);
  const gradient = norm(await pull(matrix(Float64Array.of(1), 1, 1)));
  const product = outputHessianProduct(model, theta, x);
  const { norm: hessian } = await extremeEigenvalues(product, model.parameters, { tolerance, signal });
  return { gradient, hessian };
}

function norm(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value ** 2;
  return Math.sqrt(sum);
}
