import { Activation, dualOf, fullyConnected, unknownName } from "../layers/index.ts";
import type { ActivationInput, Layer } from "../layers/index.ts";

/** Which kernel of which network. */
export interface NamedNetwork {
  readonly output: "ntk" | "nngp";
  readonly network: Layer;
}

/**
 * Of all biases unless said otherwise. Without biases the kernels of relu and erf networks are blind to most odd (even) functions
 * of the direction of x: no general learner.
 */
const biasStd = 0.5;

/** Beyond this a name is a slip. */
const mostLayers = 10_000;

const example = '"ntk:relu:3" or "nngp:erf:1:bias=0.2,weight=1.4"';

/**
 * The fully connected network that a short name stands for:
 * `<ntk or nngp>:<activation>:<hidden layers>[:<option>=<number>,…]`, for example `ntk:relu:3`, `nngp:erf:1:bias=0.2`,
 * `ntk:leaky-relu:2:slope=0.1,weight=1.4`.
 *
 * Options are `weight` (σ_w), `bias` (σ_b, default 0.5) and the parameters of the activation. Weights keep a variance of 1 by
 * default, σ_w² = 1/E φ(ξ)² with ξ ~ N(0, 1): 2 for relu (He), 2.15 for erf.
 *
 * @throws RangeError naming the part that is wrong, with the nearest name and what is known
 */
export function networkFromName(name: string): NamedNetwork {
  const [output, activationName, layers, given, ...more] = typeof name === "string" ? name.split(":") : [];
  const wrong = (what: string): never => {
    throw new RangeError(`network ${JSON.stringify(name)}: ${what}`);
  };
  if (layers === undefined || more.length > 0)
    wrong(`expected a kernel, an activation, the number of hidden layers and maybe options, like ${example}`);
  if (output !== "ntk" && output !== "nngp")
    return wrong(`there is no kernel ${JSON.stringify(output)}; it is "ntk" or "nngp", like ${example}`);
  const known = namedActivations();
  const parameters = known.get(activationName!);
  if (!parameters) return wrong(unknownName("activation", activationName, [...known.keys()]));
  const hiddenLayers = Number(layers);
  if (!(/^\d+$/u.test(layers!) && hiddenLayers >= 1 && hiddenLayers <= mostLayers))
    wrong(
      `${JSON.stringify(layers)} is not a number of hidden layers, expected a whole number from 1 to ${mostLayers}`,
    );

  const options = new Map<string, number>();
  const allowed = ["weight", "bias", ...parameters];
  for (const pair of given === undefined ? [] : given.split(",")) {
    const [key, text, ...rest] = pair.split("=");
    if (text === undefined || text.trim() === "" || rest.length > 0)
      wrong(`${JSON.stringify(pair)} is not an option, expected name=number like bias=0.2`);
    if (!allowed.includes(key!)) wrong(unknownName("option", key, allowed));
    if (options.has(key!)) wrong(`${key} is given twice`);
    const value = Number(text);
    if (!Number.isFinite(value)) wrong(`${key} is ${JSON.stringify(text)}, expected a number`);
    if ((key === "weight" || key === "bias") && value < 0)
      wrong(`${key} is ${value}, a standard deviation of at least 0`);
    options.set(key!, value);
  }
  const parsed = Activation.safeParse({
    name: activationName,
    ...Object.fromEntries(parameters.filter((key) => options.has(key)).map((key) => [key, options.get(key)])),
  });
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues as unknown as readonly [(typeof parsed.error.issues)[0]];
    return wrong(
      `the activation ${activationName} has a wrong or missing ${path.join(".")} (${message}); say it as ${path.join(".")}=<number> behind a colon`,
    );
  }
  const weightStd = options.get("weight") ?? unitWeightStd(parsed.data);
  if (weightStd === undefined)
    return wrong(
      `the activation ${activationName} does not keep the variance of its inputs at any weight; say weight=<number>`,
    );
  const network = fullyConnected(hiddenLayers, parsed.data, {
    weightStd,
    biasStd: options.get("bias") ?? biasStd,
  });
  return { output, network };
}

/** σ_w with σ_w² E φ(ξ)² = 1. */
function unitWeightStd(activation: ActivationInput): number | undefined {
  const variance = dualOf(activation).variance(1);
  return variance > 0 && variance < Infinity ? Math.sqrt(1 / variance) : undefined;
}

/** Activations that a name and numbers describe, with the names of their numbers. */
function namedActivations(): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Activation.options
      .map(({ shape }): readonly [string, readonly string[]] => [
        shape.name.value,
        Object.keys(shape).filter((key) => key !== "name"),
      ])
      .filter(([name]) => !["custom", "custom-kernel", "polynomial"].includes(name)),
  );
}
