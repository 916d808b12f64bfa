import type { Claim } from "../claim.ts";
import deepLinearAnsatz from "./deep-linear-ansatz.ts";
import neuralFeatureAnsatz from "./neural-feature-ansatz.ts";
import powersAndCollapse from "./powers-and-collapse.ts";

/** Claims of feature learning, in the order of their codes. */
export const features: readonly Claim[] = [powersAndCollapse, neuralFeatureAnsatz, deepLinearAnsatz];
