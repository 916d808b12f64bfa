import type { ImageShape } from "../../layers/index.ts";
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
  wholePositive("inputs", inputs);
  wholePositive("outputs", outputs);
  if (width !== undefined) wholePositive("width", width);
  if (image) {
    for (const side of ["height", "width", "channels"] as const) wholePositive(`image.${side}`, image[side]);
    const { height, width, channels } = image;
    if (height * width * channels !== inputs)
      throw new RangeError(
        `graphNetwork: an image of ${height} × ${width} pixels with ${channels} channels has ${height * width * channels} numbers, but inputs is ${inputs}`,
      );
  }
  const pixels = pixelsOf(steps, image);
  const last = steps.length - 1;
  if (pixels[last])
    throw new RangeError(
      "graphNetwork: the network ends with an image: add a flatten or global-average-pool layer, then a dense one",
    );
  const ties = tiesOf(steps);
  const known = new Map<number, { readonly channels: number; readonly by: string }>();
  const fix = (at: number, channels: number, by: string): void => {
    const before = known.get(ties[at]!);
    if (before !== undefined && before.channels !== channels)
      throw new RangeError(
        `graphNetwork: ${before.by} gives ${before.channels} channels, but ${by} gives ${channels}, and they must match: set the width of one`,
      );
    if (!(channels >= 1))
      throw new RangeError(`graphNetwork: ${by} gives ${channels} channels, expected at least 1`);
    known.set(ties[at]!, before ?? { channels, by });
  };
  const channelsAt = (at: number): number | undefined => known.get(ties[at]!)?.channels;
  const fallback = (at: number): number => {
    if (width === undefined)
      throw new RangeError(
        `graphNetwork: ${steps[at]!.name} has no width: give the network a width, or this layer its own`,
      );
    return width;
  };

  fix(0, image?.channels ?? inputs, "the input");
  fix(last, outputs, `outputs: ${outputs}`);
  for (const [at, { layer, name }] of steps.entries())
    if ((layer.layer === "dense" || layer.layer === "convolution") && layer.width !== undefined)
      fix(at, layer.width, name);
  // From the end to the start: what comes out of a concatenation or a flattening says what goes in, and the other way round.
  for (let at = last; at > 0; at--) {
    const { layer, reads, name } = steps[at]!;
    if (layer.layer === "flatten") {
      const { height, width } = pixels[reads[0]!] ?? { height: 1, width: 1 };
      const whole = channelsAt(at);
      if (whole !== undefined && whole % (height * width) !== 0)
        throw new RangeError(
          `graphNetwork: ${name} makes whole images of ${height} × ${width} pixels into ${whole} numbers: not a whole number a pixel`,
        );
      const channels =
        channelsAt(reads[0]!) ?? (whole === undefined ? fallback(reads[0]!) : whole / (height * width));
      fix(reads[0]!, channels, name);
      fix(at, channels * height * width, name);
    } else if (layer.layer === "combine" && layer.combine === "concatenation") {
      const given = layer.fractions ?? reads.map(() => 1);
      const all = given.reduce((sum, part) => sum + part, 0);
      const fractions = given.map((part) => part / all);
      const part = reads.findIndex((read) => channelsAt(read) !== undefined);
      const whole =
        channelsAt(at) ??
        (part < 0
          ? fallback(at)
          : Math.max(reads.length, Math.round(channelsAt(reads[part]!)! / fractions[part]!)));
      fix(at, whole, name);
      let left = whole;
      for (const [p, read] of reads.entries()) {
        const share = p === reads.length - 1 ? left : Math.round(whole * fractions[p]!);
        const channels = channelsAt(read) ?? share;
        fix(read, channels, `the share of branch ${p} of ${name}`);
        left -= channels;
        if (Math.abs(channels - whole * fractions[p]!) > reads.length)
          throw new RangeError(
            `graphNetwork: branch ${p} of ${name} has ${channels} of ${whole} channels, but its fraction is ${fractions[p]!.toPrecision(3)}: set fractions to the shares of the widths`,
          );
      }
      if (left !== 0)
        throw new RangeError(
          `graphNetwork: the branches of ${name} have ${whole - left} channels together, but the whole has ${whole}: set fractions to the shares of the widths`,
        );
    }
  }
  return steps.map((_, at) => ({ channels: channelsAt(at) ?? fallback(at), pixels: pixels[at] }));
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

function wholePositive(what: string, value: number): void {
  if (!(Number.isInteger(value) && value > 0))
    throw new RangeError(`graphNetwork: ${what} is ${value}, expected a whole number of at least 1`);
}
