import { activationName } from "./activation-name.ts";
import type { ActivationChoice, Pointwise } from "./activation.ts";
import { checkedActivation } from "./checked-activation.ts";
import { nonlinearity } from "./nonlinearity.ts";

/**
 * φ, φ′, φ″ and Taylor coefficients of an activation, accurate to float64 also for large |x|. Call it once; the functions it
 * returns are made for inner loops.
 *
 * A custom activation without `slope` or `curvature` has them by differences of φ that do not reach across 0, to about 1e-12
 * and 1e-9 relative to φ near x.
 *
 * @throws RangeError for unknown names and parameters, and for `exp-normalized` and `custom-kernel`, which are kernels and no functions
 */
export function activationFunctions(activation: ActivationChoice): Pointwise {
  const { functions } = nonlinearity(activation);
  if (functions) return functions;
  throw new RangeError(
    `activationFunctions: ${activationName(checkedActivation("activation", activation))} is a kernel of infinite networks alone; a finite network needs a function such as relu or gelu`,
  );
}
