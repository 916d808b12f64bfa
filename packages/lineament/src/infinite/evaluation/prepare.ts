import { releaseUsed, rowStep, startRows } from "./evaluate-rows.ts";
import type { Prepared } from "./prepared.ts";
import type { Geometry } from "./geometry.ts";
import type { LinearStep, Plan } from "../plan/plan.ts";
import { linearNumbers, normalizeNumbers, rescaling, scaleReading } from "./scales.ts";
import type { Exponents, StepNumbers } from "./scales.ts";

/**
 * Fixes the numbers of all steps, their exponents on one input.
 * @param row - of the inputs divided by 2^exponent, the longest
 */
export function prepare(plan: Plan, geometry: Geometry, row: Float64Array, exponent: number): Prepared {
  const exponents: Exponents = { bases: [exponent], vectors: [] };
  const e = startRows(plan, geometry, { data: row, rows: 1, cols: row.length }, 0, 1, true);
  const varianceOf = (base: number): number => Math.max(...e.left.variances[base]!);
  const steps = plan.steps.map((step, index): StepNumbers => {
    const run = (numbers: StepNumbers): StepNumbers => {
      rowStep(e, step, index, numbers);
      return numbers;
    };
    const added = step.kind === "linear" && step.biasVariance > 0;
    const reading = scaleReading(step.from, exponents, varianceOf, added ? 0 : -Infinity);
    let numbers: StepNumbers;
    if (step.kind === "normalize") {
      exponents.vectors[step.deviation] = -reading.exponent;
      if (step.mean !== undefined) exponents.vectors[step.mean] = reading.exponent;
      numbers = run(normalizeNumbers(step, reading));
    } else {
      const inputs = inWidth(step, geometry);
      numbers = run(linearNumbers(step, reading, 0, inputs));
      const shift = rescaling(varianceOf(step.base));
      if (shift !== 0) numbers = run(linearNumbers(step, reading, shift, inputs));
      exponents.bases[step.base] = reading.exponent + shift;
    }
    releaseUsed(e, index);
    return numbers;
  });
  const longest = { nngp: varianceOf(plan.output), ntk: e.registers.get(plan.output)!.tangent![0]! };
  return { plan, geometry, steps, exponent: exponents.bases[plan.output]!, longest };
}

/** The number of inputs of one unit of a dense layer; NaN where nobody said. */
function inWidth({ from }: LinearStep, { pixels, channels }: Geometry): number {
  return from.groups.reduce(
    (sum, { place, width }) =>
      sum + (width === "input" ? channels : (width ?? NaN)) * (place === "flattened" ? pixels : 1),
    0,
  );
}
