import { checkedLayer, slopesOf } from "../../layers/index.ts";
import type { Activation, Dense, Layer, Slopes } from "../../layers/index.ts";
import { composed } from "./composed.ts";
import {
  INPUT,
  basesOf,
  collected,
  gaussianOf,
  linear,
  mapTerms,
  one,
  onlyGaussian,
  scaled,
  times,
} from "./feature.ts";
import type { Feature, Group, Term } from "./feature.ts";
import { neededSteps, released } from "./needed-steps.ts";
import type { Base, LinearStep, NormalizeStep, Plan } from "./plan.ts";
import { readingOf, tiedTerms } from "./reading.ts";
import { refuse } from "./refuse.ts";

type Of<Name extends Layer["layer"]> = Extract<Layer, { layer: Name }>;
type Combination = "sum" | "product" | "concatenation";

/**
 * The plan by which the kernels of a network are evaluated.
 * @throws RangeError naming the layer and the cure, for networks without an infinite-width kernel
 */
export function compile(description: Layer): Plan {
  const network = checkedLayer("infinite network", description);
  const image = contains(network, "convolution");
  const steps: (LinearStep | NormalizeStep)[] = [];
  const bases: (Base & { readonly roots: ReadonlySet<number> })[] = [];
  /** Whether v ≥ 0, for every vector of the rows. */
  const vectors: boolean[] = [];
  let masks = 0;

  const roots = (base: number): ReadonlySet<number> => bases[base]!.roots;
  const newBase = (path: string, place: Base["place"], gap: boolean, from?: ReadonlySet<number>): number =>
    bases.push({ path, place, gap, roots: from ?? new Set([bases.length]) }) - 1;
  newBase("input", image ? "pixels" : "rows", !image);

  const isInput = ({ terms }: Group): boolean => basesOf(terms).has(INPUT);

  /** Adds a step that makes a base of some groups, and returns the base as a feature. */
  const makeBase = (
    path: string,
    groups: readonly Group[],
    options: Partial<LinearStep> & { readonly average?: boolean; readonly width?: Group["width"] },
  ): Feature => {
    const { average = false, width, ...given } = options;
    const from = readingOf(groups, roots, path);
    const slopes = given.window ? undefined : gapSlopes(groups, bases, vectors);
    const place = given.window ? "pixels" : "rows";
    const ancestors = new Set(
      groups.flatMap(({ terms }) => [...basesOf(terms)].flatMap((b) => [...roots(b)])),
    );
    const base = newBase(path, place, slopes !== undefined, average ? ancestors : undefined);
    const untrained = { weightVariance: 1, biasVariance: 0, weightRate: 0, biasRate: 0, standard: false };
    steps.push({ kind: "linear", path, base, from, slopes, ...untrained, ...given });
    const terms = [linear({ parts: [{ base, coefficient: one }] })];
    return { path, groups: [{ share: 1, terms, place, width }] };
  };

  const visit = (layer: Layer, input: Feature, path: string): Feature => {
    const name = named(path, layer);
    switch (layer.layer) {
      case "identity":
        return input;
      case "serial":
        return layer.layers.reduce((at, next, i) => visit(next, at, `${path}.layers[${i}]`), input);
      case "parallel":
        return combine(
          layer.branches.map((branch, i) => visit(branch, input, `${path}.branches[${i}]`)),
          layer.combine,
          name,
          layer.fractions,
        );
      case "graph":
        return graph(layer, input, path);
      case "scale":
        return changed(input, name, (group) => scaled(group, { factor: layer.factor, vectors: [] }));
      case "dropout":
        return dropout(layer.keep, input, name);
      case "activation":
        return activated(layer.activation, input, name);
      case "layer-norm":
        return normalized(layer.epsilon, input, name);
      case "dense":
        return dense(layer, input, name);
      case "convolution":
        return convolution(layer, input, name);
      case "flatten":
        return flattened(input, name);
      case "global-average-pool":
        return pooled(input, name);
    }
  };

  const dense = (layer: Dense, input: Feature, path: string): Feature => {
    for (const { place, width } of input.groups) {
      if (place === "pixels")
        refuse(
          path,
          `reads the image that ${input.path} makes`,
          "flatten it or average it over its pixels first (or use a convolution with window [1, 1])",
        );
      if (layer.parameterization === "standard" && width === undefined)
        refuse(
          path,
          `is in standard parameterization, where the kernel depends on the number of its inputs, but ${input.path} does not say how many channels it has`,
          "give the layers before it a width",
        );
    }
    const { weightStd, biasStd, weightRate, biasRate, parameterization, width } = layer;
    return makeBase(path, input.groups, {
      weightVariance: weightStd ** 2,
      biasVariance: biasStd ** 2,
      weightRate,
      biasRate,
      standard: parameterization === "standard",
      width,
    });
  };

  const convolution = (layer: Of<"convolution">, input: Feature, path: string): Feature => {
    const [rows, cols] = layer.window;
    single(input, path, "pixels", "put convolutions before flattening, pooling and dense layers");
    return makeBase(path, input.groups, {
      weightVariance: layer.weightStd ** 2,
      biasVariance: layer.biasStd ** 2,
      weightRate: 1,
      biasRate: 1,
      window: { rows, cols, padding: layer.padding },
      width: layer.width,
    });
  };

  const activated = (activation: Activation, input: Feature, path: string): Feature =>
    activation.name === "identity"
      ? input
      : changed(input, path, (group) => {
          if (isInput(group))
            refuse(
              path,
              "acts on the input, which has finitely many channels",
              "put a dense layer (or a convolution) before it",
            );
          if (group.place === "flattened" || group.place === "pooled")
            refuse(
              path,
              `acts on what ${input.path} has ${group.place}`,
              group.place === "pooled" ? "put a dense layer between them" : "put it before the flattening",
            );
          const gaussian = onlyGaussian(group);
          const factor = gaussian ? { activation, gaussian } : composed(activation, group.terms);
          if (!factor)
            refuse(
              path,
              `acts on what ${input.path} makes, which is not Gaussian`,
              "put a dense layer between them",
            );
          return { ...group, terms: [{ coefficient: one, factors: [factor], masks: [] }] };
        });

  const normalized = (epsilon: number, input: Feature, path: string): Feature => {
    const [{ place }] = input.groups as readonly [Group];
    if (input.groups.some(isInput))
      refuse(
        path,
        "normalizes the input, which has finitely many channels",
        "standardize the rows of x, or put a dense layer before it",
      );
    if (place === "flattened" || place === "pooled" || input.groups.some((group) => group.place !== place))
      refuse(
        path,
        `normalizes what ${input.path} has flattened or pooled`,
        "normalize before that, or put a dense layer between them",
      );
    const deviation = vectors.push(true) - 1;
    const centered = input.groups.every((group) => onlyGaussian(group) !== undefined);
    const mean = centered ? undefined : vectors.push(false) - 1;
    const from = readingOf(input.groups, roots, path);
    steps.push({ kind: "normalize", path, from, epsilon, deviation, mean });
    const minusMean: readonly Term[] =
      mean === undefined ? [] : [{ coefficient: { factor: 1, vectors: [mean] }, factors: [], masks: [] }];
    return changed(input, path, (group) =>
      scaled({ ...group, terms: [...group.terms, ...minusMean] }, { factor: 1, vectors: [deviation] }),
    );
  };

  const dropout = (keep: number, input: Feature, path: string): Feature => {
    if (keep === 1) return input;
    const id = masks++;
    return changed(input, path, (group) =>
      mapTerms(group, (term) => ({
        ...term,
        masks: [
          ...term.masks,
          { id, keep, eachPixel: group.place === "pixels" || group.place === "flattened" },
        ],
      })),
    );
  };

  const flattened = (input: Feature, path: string): Feature => {
    single(input, path, "pixels", "it needs a convolution before it; leave it out of dense networks");
    return changed(input, path, (group) => ({ ...group, place: "flattened" }));
  };

  const pooled = (input: Feature, path: string): Feature => {
    const group = single(input, path, "pixels", "it needs a convolution before it");
    const average: Group = { ...group, place: "pooled" };
    return isInput(group) || onlyGaussian(group) === undefined
      ? { path, groups: [average] }
      : makeBase(path, [average], { average: true, width: group.width });
  };

  const combine = (
    inputs: readonly Feature[],
    how: Combination,
    path: string,
    fractions?: readonly number[],
  ): Feature => {
    if (inputs.length === 1) return inputs[0]!;
    if (
      inputs.some(({ groups }) => groups.some(isInput)) &&
      !(how === "sum" && inputs.every(({ groups }) => groups.every(isInput)))
    )
      refuse(
        path,
        "combines the input itself, which has finitely many channels, with others",
        "lead it through a dense layer first (with weightRate 0 for one that is not trained)",
      );
    if (how === "concatenation") {
      const whole = fractions?.reduce((sum, part) => sum + part, 0) ?? inputs.length;
      return {
        path,
        groups: inputs.flatMap(({ groups }, i) =>
          groups.map((group) => ({ ...group, share: (group.share * (fractions?.[i] ?? 1)) / whole })),
        ),
      };
    }
    const groups = inputs.map((input) => {
      if (input.groups.length > 1)
        refuse(
          path,
          `forms a ${how} with the concatenation that ${input.path} makes`,
          "a concatenation must be followed by a dense layer: put one between them",
        );
      return input.groups[0]!;
    });
    const [first] = groups as [Group, ...Group[]];
    for (const { place } of groups)
      if (place !== first.place || place === "flattened" || (place === "pooled" && how === "product"))
        refuse(
          path,
          `forms a ${how} of features that are ${[...new Set(groups.map(placeName))].join(" and ")}`,
          `form the ${how} before flattening or pooling, or put dense layers behind these`,
        );
    const widths = new Set(groups.map(({ width }) => width).filter((width) => width !== undefined));
    if (widths.size > 1)
      refuse(
        path,
        `forms a ${how} of features of ${[...widths].join(" and ")} channels`,
        "give their layers one width",
      );
    const [width] = widths;
    const terms = how === "sum" ? sum(groups) : product(groups, path);
    return { path, groups: [{ share: 1, terms, place: first.place, width }] };
  };

  const product = (groups: readonly Group[], path: string): readonly Term[] =>
    groups.slice(1).reduce<readonly Term[]>((terms, group) => {
      if (tiedTerms(terms, group.terms, roots, path))
        refuse(
          path,
          "is a product of correlated branches",
          "let every branch start with a dense layer of its own that the others do not read",
        );
      return terms.flatMap((left) =>
        group.terms.map((right) => ({
          coefficient: times(left.coefficient, right.coefficient),
          factors: [...left.factors, ...right.factors],
          masks: [...left.masks, ...right.masks],
        })),
      );
    }, groups[0]!.terms);

  const graph = ({ nodes, output }: Of<"graph">, input: Feature, path: string): Feature => {
    const known = new Map([["input", input]]);
    for (const { name, inputs, combine: how, layer } of nodes) {
      const place = `${path}.node ${JSON.stringify(name)}`;
      const read = inputs.map((other) => known.get(other)!);
      known.set(name, visit(layer, combine(read, how, place.slice(1)), place));
    }
    return known.get(output)!;
  };

  const input: Feature = {
    path: "the input",
    groups: [
      {
        share: 1,
        terms: [linear({ parts: [{ base: INPUT, coefficient: one }] })],
        place: image ? "pixels" : "rows",
        width: "input",
      },
    ],
  };
  const end = visit(network, input, "");
  const output = outputBase(end, makeBase);
  const needed = neededSteps(steps, output);
  return {
    steps: needed,
    bases,
    released: released(needed, output),
    output,
    image,
    pixelPairs: needed.some(({ from }) => from.groups.some(({ place }) => place === "pooled")),
  };
}

/** The base that a network ends with; a step reads it off where no layer made it. */
function outputBase(
  end: Feature,
  makeBase: (path: string, groups: readonly Group[], options: Partial<LinearStep>) => Feature,
): number {
  if (end.groups.length > 1)
    refuse(end.path, "ends the network with a concatenation", "a dense layer must follow it: add one");
  const [group] = end.groups as [Group];
  if (group.place === "pixels")
    refuse(
      end.path,
      "ends the network with an image",
      "add a flatten or global-average-pool layer, then a dense one",
    );
  if (group.place === "flattened")
    refuse(end.path, "ends the network with a flattened image", "a dense layer must follow it: add one");
  const part = ({ groups }: Feature) => {
    const gaussian = groups[0]!.terms.length === 1 ? gaussianOf(groups[0]!.terms[0]!) : undefined;
    return gaussian?.parts.length === 1 ? gaussian.parts[0] : undefined;
  };
  const own = part(end);
  if (own && own.coefficient.factor === 1 && own.coefficient.vectors.length === 0) return own.base;
  return part(makeBase(end.path, end.groups, {}))!.base;
}

/** Piecewise linear functions of one Gaussian, e.g. G + relu(G), are one such function. */
function sum(groups: readonly Group[]): readonly Term[] {
  const terms = collected(groups.flatMap((group) => group.terms));
  const factor = terms.length > 1 ? composed({ name: "identity" }, terms) : undefined;
  return factor && slopesOf(factor.activation) ? [{ coefficient: one, factors: [factor], masks: [] }] : terms;
}

function changed(feature: Feature, path: string, change: (group: Group) => Group): Feature {
  return { path, groups: feature.groups.map(change) };
}

/** The only group of a feature, which must be at the given place. */
function single({ groups, path: from }: Feature, path: string, place: Group["place"], cure: string): Group {
  const [group] = groups as [Group];
  if (groups.length > 1)
    refuse(
      path,
      `reads the concatenation that ${from} makes`,
      "put a dense layer or window [1, 1] between them",
    );
  if (group.place !== place)
    refuse(path, `needs an image, but what ${from} makes is ${placeName(group)}`, cure);
  return group;
}

function placeName({ place }: Group): string {
  return { rows: "no image", pixels: "images", flattened: "flattened images", pooled: "pooled images" }[
    place
  ];
}

/** For each group the slopes of its activation, if the gaps of its bases go straight through all of them. */
function gapSlopes(
  groups: readonly Group[],
  bases: readonly Pick<Base, "gap">[],
  vectors: readonly boolean[],
): readonly Slopes[] | undefined {
  const slopes = groups.map(({ place, terms }) => {
    const [term, ...others] = terms;
    const [factor, ...more] = term?.factors ?? [];
    // Dropout makes rows differ from themselves: there is no direction.
    const plain = others.length + more.length === 0 && place === "rows" && term?.masks.length === 0;
    if (!factor || !plain) return undefined;
    const { parts } = factor.gaussian;
    // A vector that changes its sign would turn κ into −κ for some pairs.
    const positive = term.coefficient.vectors.every((vector) => vectors[vector]);
    const carried = parts.length > 0 && parts.every(({ base }) => bases[base]!.gap);
    return positive && carried ? slopesOf(factor.activation) : undefined;
  });
  return slopes.every((each) => each !== undefined) ? slopes : undefined;
}

function contains(layer: Layer, name: Layer["layer"]): boolean {
  switch (layer.layer) {
    case "serial":
      return layer.layers.some((inner) => contains(inner, name));
    case "parallel":
      return layer.branches.some((inner) => contains(inner, name));
    case "graph":
      return layer.nodes.some((node) => contains(node.layer, name));
    default:
      return layer.layer === name;
  }
}

function named(path: string, layer: Layer): string {
  const what = layer.layer === "activation" ? `activation ${layer.activation.name}` : layer.layer;
  return path === "" ? `the ${what} layer` : `${path.slice(1)} (${what})`;
}
