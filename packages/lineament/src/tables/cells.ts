/** Cells as text, and text as cells: what counts as a number, a truth value or a date when it arrives as text. */

const numberShape = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu;
const infinityShape = /^[+-]?inf(?:inity)?$/iu;

/** The number a text spells (decimal notation, exponents, infinities), or NaN. Not `1_000`, `1,000`, `0x1F`. */
export function parseNumber(text: string): number {
  const cell = text.trim();
  if (numberShape.test(cell)) return Number(cell);
  return infinityShape.test(cell) ? (cell.startsWith("-") ? -Infinity : Infinity) : NaN;
}

const truthValues = new Map([
  ["true", 1],
  ["t", 1],
  ["yes", 1],
  ["y", 1],
  ["1", 1],
  ["false", 0],
  ["f", 0],
  ["no", 0],
  ["n", 0],
  ["0", 0],
]);

/** 1 or 0, or NaN for what is neither. */
export function parseBoolean(text: string): number {
  return truthValues.get(text.trim().toLowerCase()) ?? NaN;
}

const dateShape =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/u;

/** ISO 8601 dates and times to milliseconds since 1970-01-01; without a zone they are UTC. NaN for anything else. */
export function parseDate(text: string): number {
  const match = dateShape.exec(text.trim());
  if (!match) return NaN;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (
    date.getUTCMonth() !== month - 1 ||
    date.getUTCDate() !== day ||
    hour > 23 ||
    minute > 59 ||
    second > 59
  )
    return NaN;
  const milliseconds = Math.trunc(Number(`0.${match[7] ?? 0}`) * 1000);
  const zone = match[8] ?? "Z";
  const shift =
    zone === "Z"
      ? 0
      : Number(`${zone[0]}1`) *
        (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2)) * (zone.length > 3 ? 1 : 0));
  return date.getTime() + ((hour * 60 + minute - shift) * 60 + second) * 1000 + milliseconds;
}

/** A date as text: without the time when that is midnight. */
export function formatDate(time: number): string {
  if (Math.abs(time) > 8.64e15) return String(time);
  const text = new Date(time).toISOString();
  return text.endsWith("T00:00:00.000Z") ? text.slice(0, -14) : text;
}

/** Zero-padded whole numbers (`01234`) are codes, not quantities. */
export function isPadded(text: string): boolean {
  return /^0\d+$/u.test(text);
}
