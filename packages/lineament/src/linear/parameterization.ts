import type { Workspace } from "../networks/index.ts";
import type { Doubles } from "./checks.ts";

/**
 * A matrix as a function of several: a product of layers, a sum of tensor components. What descent and flow move. Gives
 * W(parameters), and a function that takes ∂ℓ/∂W to ∂ℓ/∂parameters. Results live in the room until it is rewound, or are views
 * of what was passed.
 */
export type Parameterization = (
  parameters: readonly Doubles[],
  room: Workspace,
) => Promise<{
  readonly value: Doubles;
  readonly pull: (gradient: Doubles) => Promise<readonly Doubles[]>;
}>;
