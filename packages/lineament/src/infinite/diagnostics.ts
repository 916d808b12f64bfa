import type { Prepared } from "./evaluation/prepared.ts";
import type { Geometry } from "./evaluation/geometry.ts";
import { outputScale } from "./evaluation/output-scale.ts";
import type { Plan } from "./plan/plan.ts";
import { prepare } from "./evaluation/prepare.ts";
import type { Approximation } from "./evaluation/tables.ts";

/** What to know about kernels before using them. */
export interface KernelDiagnostics {
  /**
   * K(x, x) and Θ(x, x) at the input x = (1, …, 1) of unit mean square: the unit of the kernels. They are 2^log2Scale times these.
   * Undefined where this input, unlike those given, leads beyond the range of floating point.
   */
  readonly unit: { readonly nngp: number; readonly ntk: number; readonly log2Scale: number } | undefined;
  /** Nonlinearities whose duals are not computed in closed form; none for most networks. */
  readonly approximations: readonly Approximation[];
  /** All of this in words. */
  readonly notes: readonly string[];
}

export function diagnose(
  { plan, geometry }: Prepared,
  approximations: readonly Approximation[],
  scaled: number,
): KernelDiagnostics {
  const unit = unitOf(plan, geometry);
  const notes = [
    unit
      ? `at inputs of unit mean square K(x, x) = ${numeral(unit.nngp, unit.log2Scale)} and Θ(x, x) = ${numeral(unit.ntk, unit.log2Scale)}`
      : "at inputs of unit mean square the kernels are beyond the range of floating point",
    ...(scaled === 0
      ? []
      : [`the kernels leave the range of floating point: they are 2^${scaled} times the matrices returned`]),
    ...approximations.map(
      ({ activations, route, error }) =>
        `the ${route === "differences" ? "slope of the dual" : "dual"} of ${activations.join(" with ")} has no closed form: ${route.replace("-", " ")}, error up to ${error.toExponential(0)} of the largest value`,
    ),
  ];
  return { unit, approximations, notes };
}

function unitOf(plan: Plan, geometry: Geometry): KernelDiagnostics["unit"] {
  const ones = new Float64Array(geometry.pixels * geometry.channels).fill(1);
  try {
    const prepared = prepare(plan, geometry, ones, 0);
    const { log2Scale, factor } = outputScale(prepared, "float64");
    return { nngp: factor * prepared.longest.nngp, ntk: factor * prepared.longest.ntk, log2Scale };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function numeral(value: number, log2Scale: number): string {
  return `${Number(value.toPrecision(4))}${log2Scale === 0 ? "" : ` · 2^${log2Scale}`}`;
}
