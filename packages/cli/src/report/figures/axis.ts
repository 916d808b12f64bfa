import type { Position } from "../picture.ts";

/** Finite numbers only: what a figure can place. */
export function finite(values: readonly (number | undefined)[]): number[] {
  return values.filter((x): x is number => x !== undefined && Number.isFinite(x));
}

/** Smallest and largest finite value, widened by a share of their distance; a little around a single value. */
export function extent(values: readonly (number | undefined)[], margin = 0): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const x of finite(values)) {
    low = Math.min(low, x);
    high = Math.max(high, x);
  }
  if (low > high) return [0, 1];
  if (low === high) return low === 0 ? [-1, 1] : [low - Math.abs(low) / 10, high + Math.abs(high) / 10];
  const more = margin * (high / 2 - low / 2) * 2;
  return [Number.isFinite(low - more) ? low - more : low, Number.isFinite(high + more) ? high + more : high];
}

/** How the ticks of such values are written: 0.25, 1,500, 2.5M, 1e−7. */
export function numberAxis(
  values: readonly (number | undefined)[],
): { format: string } | { labelExpr: string } {
  const [low, high] = extent(values);
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (size >= 1e15 || size < 1e-3) return { format: "~e" };
  // d3 writes billions as G, which is not what tables call them.
  if (size >= 1e6) return { labelExpr: "replace(format(datum.value, '~s'), 'G', 'B')" };
  return { format: ",~r" };
}

/** Ticks of a logarithmic axis: 1, 2 and 5 of each decade; more of a part of one, only the 1 of many. */
export function logarithmicTicks([low, high]: readonly [number, number]): number[] {
  const decades = Math.log10(high / low);
  const steps = decades > 2.5 ? [1] : decades > 1 ? [1, 2, 5] : [1, 1.5, 2, 3, 5, 7];
  const every = Math.ceil(decades / 8);
  const first = Math.floor(Math.log10(low));
  return Array.from({ length: Math.ceil(decades) + 2 }, (_, i) => first + i)
    .filter((power) => power % every === 0)
    .flatMap((power) => steps.map((step) => Number(`${step}e${power}`)))
    .filter((tick) => tick >= low && tick <= high);
}

/** The `step` of rows along a descent. */
export function descentSteps(tickCount: number): Position {
  return {
    field: "step",
    type: "quantitative",
    title: "descent steps",
    scale: { nice: false },
    axis: { tickCount },
  };
}
