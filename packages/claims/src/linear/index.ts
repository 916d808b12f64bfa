import type { Claim } from "../claim.ts";
import conservation from "./conservation.ts";
import factorizationNorm from "./factorization-norm.ts";
import imbalanceDrift from "./imbalance-drift.ts";
import lazyRichNeuron from "./lazy-rich-neuron.ts";
import noRegularizer from "./no-regularizer.ts";
import singularValueCurves from "./singular-value-curves.ts";
import tensorComponents from "./tensor-components.ts";

/** Linear networks, matrix factorization and completion, in the order of their codes. */
export const linear: readonly Claim[] = [
  conservation,
  imbalanceDrift,
  noRegularizer,
  singularValueCurves,
  factorizationNorm,
  lazyRichNeuron,
  tensorComponents,
];
