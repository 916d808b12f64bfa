import type { Axis } from "../figure.ts";

/** Whether an axis can place a number: finite, and positive where the axis is logarithmic. */
export function placeable({ scale = "linear" }: Axis, value: number): boolean {
  return Number.isFinite(value) && (scale === "linear" || value > 0);
}

/** Whether an axis whose ends were chosen leaves a number out below: that is no surprise, also on a logarithmic one. */
export function below({ domain }: Axis, value: number): boolean {
  return domain !== undefined && Number.isFinite(value) && value < domain[0];
}

/** Ends of an axis for these placeable values: the given ones, or all values with a little room. */
export function domainOf({ scale = "linear", domain }: Axis, values: Iterable<number>): [number, number] {
  if (domain !== undefined) return [domain[0], domain[1]];
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return scale === "log" ? [1, 10] : [0, 1];
  if (scale === "log") {
    const room = Math.max(Math.log(high / low) * 0.04, 0.05);
    return [low * Math.exp(-room), high * Math.exp(room)];
  }
  const room = low === high ? Math.abs(low) / 10 || 1 : (high - low) * 0.04;
  return [low - room, high + room];
}

/** A quantitative channel along an axis, with ticks that suit it. */
export function quantitative(axis: Axis, domain: readonly [number, number]): Record<string, unknown> {
  const { title, scale = "linear" } = axis;
  return {
    type: "quantitative",
    title,
    scale: scale === "log" ? { type: "log", domain, nice: false } : { domain, zero: false, nice: false },
    axis: { grid: true, ...(scale === "log" ? logTicks(domain) : linearTicks(domain)) },
  };
}

function linearTicks([low, high]: readonly [number, number]): Record<string, unknown> {
  const size = Math.max(Math.abs(low), Math.abs(high));
  // The exponent of d3 has an ASCII minus; a typeset one is wanted.
  return size >= 1e6 || size < 1e-3
    ? { tickCount: 5, labelExpr: "replace(format(datum.value, '~e'), /-/g, '−')" }
    : { tickCount: 6, format: ",~r" };
}

/** Powers of ten where there are several, otherwise 1, 2 and 5 times them. */
function logTicks([low, high]: readonly [number, number]): Record<string, unknown> {
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  const exponents = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const inside = (value: number): boolean => value >= low && value <= high;
  const powers = exponents.filter((exponent) => inside(10 ** exponent));
  if (powers.length >= 3) {
    const step = [1, 2, 3, 5, 10, 20, 50, 100].find((width) => powers.length <= 7 * width) ?? 200;
    const shown = powers.filter((exponent) => exponent % step === 0);
    const labels = exponents.map((exponent) => `'10${superscript(exponent)}'`).join(", ");
    return {
      values: shown.map((exponent) => 10 ** exponent),
      labelExpr: `[${labels}][round(log(datum.value) / LN10) - (${from})]`,
    };
  }
  const fine = exponents
    .flatMap((exponent) => [1, 2, 5].map((digit) => digit * 10 ** exponent))
    .filter(inside);
  const small = low < 1e-4 || high > 1e6;
  return {
    // Less than a third of a decade holds too few of them.
    ...(fine.length >= 2 ? { values: fine } : { tickCount: 5 }),
    ...(small ? { labelExpr: "replace(format(datum.value, '~e'), /-/g, '−')" } : { format: ",~r" }),
  };
}

function superscript(exponent: number): string {
  return String(exponent).replaceAll(/./g, (digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]!));
}
