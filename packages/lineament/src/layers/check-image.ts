import type { ImageShape } from "./layer.ts";

/**
 * @param numbers - in each row
 * @throws RangeError when a row cannot hold an image of this shape
 */
export function checkImage(call: string, { height, width, channels }: ImageShape, numbers: number): void {
  for (const [name, size] of Object.entries({ height, width, channels }))
    if (!(Number.isInteger(size) && size > 0))
      throw new RangeError(`${call}: image.${name} is ${size}, expected a whole number of at least 1`);
  if (height * width * channels !== numbers)
    throw new RangeError(
      `${call}: an image of ${height} × ${width} pixels with ${channels} channels has ${height * width * channels} numbers, but rows have ${numbers}`,
    );
}
