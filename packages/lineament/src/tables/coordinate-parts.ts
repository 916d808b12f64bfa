/** What a coordinate reads from its column. Months, weekdays and hours are angles, so that December is next to January. */
export const coordinateParts = [
  "value",
  "missing",
  "sign",
  "level",
  "year",
  "month-sin",
  "month-cos",
  "weekday-sin",
  "weekday-cos",
  "day",
  "hour-sin",
  "hour-cos",
  "age",
] as const;
export type CoordinatePart = (typeof coordinateParts)[number];

/** The parts of dates. */
export const dateParts = [
  "age",
  "year",
  "month-sin",
  "month-cos",
  "day",
  "weekday-sin",
  "weekday-cos",
  "hour-sin",
  "hour-cos",
] as const satisfies readonly CoordinatePart[];

/** The raw values of a part: NaN is missing, except for the indicator. */
export function rawPart(part: CoordinatePart, values: Float64Array): Float64Array {
  switch (part) {
    case "missing":
      return values.map((value) => (Number.isNaN(value) ? 1 : 0));
    case "age":
      return values.map((time) => time / 86_400_000);
    case "year":
      return values.map((time) => new Date(time).getUTCFullYear());
    case "day":
      return values.map((time) => new Date(time).getUTCDate());
    case "month-sin":
    case "month-cos":
      return turn(part, values, (date) => date.getUTCMonth() / 12);
    case "weekday-sin":
    case "weekday-cos":
      return turn(part, values, (date) => date.getUTCDay() / 7);
    case "hour-sin":
    case "hour-cos":
      return turn(part, values, (date) => (date.getUTCHours() + date.getUTCMinutes() / 60) / 24);
    default:
      return values;
  }
}

function turn(part: CoordinatePart, values: Float64Array, share: (date: Date) => number): Float64Array {
  const wave = part.endsWith("sin") ? Math.sin : Math.cos;
  return values.map((time) => wave(2 * Math.PI * share(new Date(time))));
}
