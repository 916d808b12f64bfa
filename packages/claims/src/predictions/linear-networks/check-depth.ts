/** @throws RangeError unless depth is a whole number, 1 or more. */
export function checkDepth(call: string, depth: number, least = 1): void {
  if (!Number.isInteger(depth) || depth < least)
    throw new RangeError(`${call}: depth ${depth}; give a whole number of layers, ${least} or more`);
}
