/** Arrays that are used again and again, so that long evaluations leave nothing to collect. */
export interface Workspace {
  /** An array of exactly this length, with any content. */
  take(length: number): Float64Array;
  give(array: Float64Array): void;
}

export function workspace(): Workspace {
  const free = new Map<number, Float64Array[]>();
  return {
    take: (length) => free.get(length)?.pop() ?? new Float64Array(length),
    give(array) {
      const known = free.get(array.length);
      if (known) known.push(array);
      else free.set(array.length, [array]);
    },
  };
}
