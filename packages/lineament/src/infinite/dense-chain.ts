import { slopesOf } from "../layers/index.ts";
import type { Activation } from "../layers/index.ts";
import type { DenseActivation, DenseKernelsCall, DenseLayer } from "../linalg/index.ts";
import type { Prepared } from "./evaluation/prepared.ts";
import { INPUT } from "./plan/feature.ts";

/**
 * What `engine.denseKernels` wants to know of a network that is a chain of dense layers and piecewise linear or erf-like
 * activations; undefined for other networks.
 * @param factor - multiplies the kernels
 */
export function denseChain(
  { plan, geometry, steps }: Prepared,
  factor = 1,
): Pick<DenseKernelsCall, "layers" | "scale"> | undefined {
  if (plan.image) return undefined;
  const layers: DenseLayer[] = [];
  let previous = INPUT;
  for (const [index, step] of plan.steps.entries()) {
    if (step.kind === "normalize") return undefined;
    const [group, ...groups] = step.from.groups;
    const [term, ...terms] = group!.terms;
    const [part, ...parts] = steps[index]!.reading.factors[term?.factors[0] ?? -1] ?? [];
    if (!term || !part || groups.length + terms.length + parts.length + term.masks.length > 0)
      return undefined;
    const coefficient = steps[index]!.reading.terms[0]![0]!;
    if (coefficient.vectors.length + part.coefficient.vectors.length > 0 || term.factors.length !== 1)
      return undefined;
    if (part.base !== previous) return undefined;
    const { activation } = step.from.factors[term.factors[0]!]!;
    const stretch = part.coefficient.factor;
    const before = layers.at(-1);
    if (activation) {
      const form = denseActivation(activation, stretch);
      if (!before || !form) return undefined;
      layers[layers.length - 1] = { ...before, activation: form };
    }
    const { weight, bias, own, ownBias } = steps[index]!;
    const square = (coefficient.factor * (activation ? 1 : stretch)) ** 2;
    if ((weight === 0 && own !== 0) || (bias === 0 && ownBias !== 0)) return undefined;
    layers.push({
      weightVariance: weight * square,
      biasVariance: bias,
      weightRate: weight === 0 ? 0 : own / weight,
      biasRate: bias === 0 ? 0 : ownBias / bias,
    });
    previous = step.base;
  }
  if (previous !== plan.output) return undefined;
  const scale = 1 / geometry.channels;
  const last = layers.pop();
  if (!last) return { layers, scale: factor * scale };
  const { weightVariance, biasVariance } = last;
  return {
    layers: [
      ...layers,
      { ...last, weightVariance: factor * weightVariance, biasVariance: factor * biasVariance },
    ],
    scale,
  };
}

/** x ↦ φ(stretch · x). */
function denseActivation(activation: Activation, stretch: number): DenseActivation | undefined {
  const slopes = slopesOf(activation);
  if (slopes) {
    const [negative, positive] = stretch < 0 ? [slopes[1], slopes[0]] : slopes;
    return { form: "piecewise-linear", negative: stretch * negative, positive: stretch * positive };
  }
  switch (activation.name) {
    case "erf": {
      const { amplitude, frequency, offset } = activation;
      return { form: "erf", amplitude, frequency: frequency * stretch, offset };
    }
    case "normal-cdf":
      return { form: "erf", amplitude: 0.5, frequency: Math.SQRT1_2 * stretch, offset: 0.5 };
    case "sigmoid-like":
      return { form: "erf", amplitude: 0.5, frequency: stretch / activation.scale, offset: 0.5 };
    default:
      return undefined;
  }
}
