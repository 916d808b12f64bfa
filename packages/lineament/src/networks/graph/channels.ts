import { checkImage, type ImageShape } from "../../layers/index.ts";
import { checkCount } from "../../linalg/checks.ts";
import type { Step } from "./steps.ts";

/** What a step computes for one example: `channels` numbers, or so many for each pixel. */
export interface StepShape {
  readonly channels: number;
  readonly pixels?: { readonly height: number; readonly width: number } | undefined;
}

export interface NetworkSizes {
  /** d. */
  readonly inputs: number;
  /** O. Default 1. */
  readonly outputs?: number | undefined;
  /** Channels of every dense and convolution layer that does not say its own, and of concatenations. */
  readonly width?: number | undefined;
  /** For networks with convolutions: how the inputs form an image, height × width × channels = d. */
  readonly image?: ImageShape | undefined;
}

/**
 * The shape of every step. Layers that keep the number of channels, sums and products tie the widths of what they read to
 * their own; what is fixed (inputs, outputs, `width` of a layer) spreads over these ties, and what stays free gets the default
 * width.
 * @throws RangeError naming the layers, when widths are impossible, missing or do not match
 */
export function shapesOf(steps: readonly Step[], sizes: NetworkSizes): readonly StepShape[] {
  const { inputs, outputs = 1, width, image } = sizes;
  checkSizes(sizes);
  const pixels = pixelsOf(steps, image);
  const last = steps.length - 1;
  if (pixels[last])
    throw new RangeError(
      "graphNetwork: the network ends with an image: add a flatten or global-average-pool layer, then a dense one",
    );
  const known = widthsOf(steps, width);
  known.fix(0, image?.channels ?? inputs, "the input");
  known.fix(last, outputs, `outputs: ${outputs}`);
  for (const [at, { layer, name }] of steps.entries())
    if ((layer.layer === "dense" || layer.layer === "convolution") && layer.width !== undefined)
      known.fix(at, layer.width, name);
  // From the end to the start: what comes out of a concatenation or a flattening says what goes in, and the other way round.
  for (let at = last; at > 0; at--) {
    const { layer, reads } = steps[at]!;
    if (layer.layer === "flatten") flatten(known, at, steps[at]!, pixels[reads[0]!]);
    else if (layer.layer === "combine" && layer.combine === "concatenation")
      concatenate(known, at, steps[at]!, layer.fractions ?? reads.map(() => 1));
  }
  return steps.map((_, at) => ({ channels: known.at(at) ?? known.fallback(at), pixels: pixels[at] }));
}

/** What is known of the widths of steps; a width that is fixed holds for all that are tied to it. */
interface Widths {
  at(step: number): number | undefined;
  /** @throws RangeError when another one is known */
  fix(step: number, channels: number, by: string): void;
  /** The default. @throws RangeError when there is none */
  fallback(step: number): number;
}

function widthsOf(steps: readonly Step[], width: number | undefined): Widths {
  const ties = tiesOf(steps);
  const known = new Map<number, { readonly channels: number; readonly by: string }>();
  return {
    at: (step) => known.get(ties[step]!)?.channels,
    fix(step, channels, by) {
      const before = known.get(ties[step]!);
      if (before !== undefined && before.channels !== channels)
        throw new RangeError(
          `graphNetwork: ${before.by} gives ${before.channels} channels, but ${by} gives ${channels}, and they must match: set the width of one`,
        );
      if (!(channels >= 1))
        throw new RangeError(`graphNetwork: ${by} gives ${channels} channels, expected at least 1`);
      known.set(ties[step]!, before ?? { channels, by });
    },
    fallback(step) {
      if (width !== undefined) return width;
      throw new RangeError(
        `graphNetwork: ${steps[step]!.name} has no width: give the network a width, or this layer its own`,
      );
    },
  };
}

/** Channels of an image times its pixels are the width of the whole. */
function flatten(known: Widths, at: number, { name, reads }: Step, pixels: StepShape["pixels"]): void {
  const [read] = reads;
  const { height, width } = pixels ?? { height: 1, width: 1 };
  const whole = known.at(at);
  if (whole !== undefined && whole % (height * width) !== 0)
    throw new RangeError(
      `graphNetwork: ${name} makes whole images of ${height} × ${width} pixels into ${whole} numbers: not a whole number a pixel`,
    );
  const channels =
    known.at(read!) ?? (whole === undefined ? known.fallback(read!) : whole / (height * width));
  known.fix(read!, channels, name);
  known.fix(at, channels * height * width, name);
}

/** Branches have their shares of the whole, rounded; the last one has what is left. */
function concatenate(known: Widths, at: number, { name, reads }: Step, shares: readonly number[]): void {
  const all = shares.reduce((sum, share) => sum + share, 0);
  const fractions = shares.map((share) => share / all);
  const first = reads.findIndex((read) => known.at(read) !== undefined);
  const whole =
    known.at(at) ??
    (first < 0
      ? known.fallback(at)
      : Math.max(reads.length, Math.round(known.at(reads[first]!)! / fractions[first]!)));
  known.fix(at, whole, name);
  let left = whole;
  for (const [branch, read] of reads.entries()) {
    const expected = whole * fractions[branch]!;
    const channels = known.at(read) ?? (branch === reads.length - 1 ? left : Math.round(expected));
    known.fix(read, channels, `the share of branch ${branch} of ${name}`);
    left -= channels;
    if (Math.abs(channels - expected) > reads.length)
      throw new RangeError(
        `graphNetwork: branch ${branch} of ${name} has ${channels} of ${whole} channels, but its fraction is ${fractions[branch]!.toPrecision(3)}: set fractions to the shares of the widths`,
      );
  }
  if (left !== 0)
    throw new RangeError(
      `graphNetwork: the branches of ${name} have ${whole - left} channels together, but the whole has ${whole}: set fractions to the shares of the widths`,
    );
}

/** For each step the first of those with as many channels. */
function tiesOf(steps: readonly Step[]): readonly number[] {
  const ties = steps.map((_, at) => at);
  const first = (at: number): number => (ties[at] === at ? at : (ties[at] = first(ties[at]!)));
  for (const [at, { layer, reads }] of steps.entries()) {
    const keeps =
      layer.layer === "combine"
        ? layer.combine !== "concatenation"
        : !["dense", "convolution", "flatten"].includes(layer.layer);
    if (keeps)
      for (const read of reads) {
        const [a, b] = [first(read), first(at)];
        ties[Math.max(a, b)] = Math.min(a, b);
      }
  }
  return steps.map((_, at) => first(at));
}

/** The pixels of every step: those of the image until it is flattened or pooled. */
function pixelsOf(steps: readonly Step[], image: ImageShape | undefined): readonly StepShape["pixels"][] {
  const pixels: StepShape["pixels"][] = [];
  for (const { layer, reads, name } of steps) {
    const [first, ...others] = reads.map((read) => pixels[read]);
    if (layer.layer === "input") pixels.push(image && { height: image.height, width: image.width });
    else if (others.some((other) => (other === undefined) !== (first === undefined)))
      throw new RangeError(
        `graphNetwork: ${name} joins an image with plain numbers: flatten or pool the image first`,
      );
    else if (layer.layer === "flatten" || layer.layer === "global-average-pool") pixels.push(undefined);
    else {
      if (layer.layer === "convolution" && first === undefined)
        throw new RangeError(
          `graphNetwork: ${name} needs an image: give image: { height, width, channels }, and convolve before flattening`,
        );
      pixels.push(first);
    }
  }
  return pixels;
}

function checkSizes({ inputs, outputs = 1, width = 1, image }: NetworkSizes): void {
  for (const [what, value] of Object.entries({ inputs, outputs, width }))
    checkCount("graphNetwork", what, value);
  if (image) checkImage("graphNetwork", image, inputs);
}
