import { logSlope } from "../../packages/claims/src/measures/log-slope.ts";
import type { Figure } from "../../packages/cli/src/report/picture.ts";
import { formatNumber } from "../../packages/cli/src/report/numbers.ts";
import { colors } from "../../packages/cli/src/report/theme.ts";
import { type Benchmark, sized, sizeName, type Sweep } from "./benchmark.ts";
import type { Limits } from "./limits.ts";
import type { Result } from "./report.ts";

interface Place {
  readonly x: number;
  readonly y: number;
}

/** A contestant's marks, or a limit, over one number of the size. */
export interface Course {
  readonly label: string;
  readonly kind: "contestant" | "published" | "limit";
  readonly points: readonly Place[];
}

const look = [
  colors.accent,
  colors.second,
  colors.third,
  colors.fourth,
  colors.fifth,
  colors.sixth,
  colors.seventh,
  colors.eighth,
];
const shapes = [
  "circle",
  "square",
  "triangle-up",
  "diamond",
  "cross",
  "triangle-down",
  "triangle-right",
  "triangle-left",
];

/** The exponent of a power law through a course, where it has two places or more. */
export function slopeOf({ points }: Course): number | undefined {
  return points.length < 2 ? undefined : logSlope(points);
}

/** Seconds along a sweep: contestants, what was published, and the time at the machine's limits. */
export function timeCourses(
  benchmark: Benchmark,
  sweep: Sweep,
  results: readonly Result[],
  limits: Limits,
): readonly Course[] {
  const { flops, traffic, published } = benchmark;
  const known = along(sweep, (name) => published?.seconds[name]);
  return [
    ...contestantCourses(sweep, results, ({ seconds }) => seconds),
    ...(known.length > 0 ? [{ label: published!.label, kind: "published" as const, points: known }] : []),
    ...limit("gemm rate", sweep, flops, limits.gemm[benchmark.precision]),
    ...limit("memory rate", sweep, traffic, limits.bandwidth),
  ];
}

/** Bytes along a sweep: what processes took above what they take without data, and what the data and the result take. */
export function memoryCourses(
  { storage }: Benchmark,
  sweep: Sweep,
  results: readonly Result[],
): readonly Course[] {
  return [
    ...contestantCourses(sweep, results, ({ peakBytes, baseBytes }) => peakBytes - baseBytes),
    ...limit("data and result", sweep, storage, 1),
  ];
}

function contestantCourses(
  sweep: Sweep,
  results: readonly Result[],
  value: (result: Result) => number,
): readonly Course[] {
  return [...new Set(results.map(({ contestant }) => contestant))]
    .map((label): Course => {
      const own = new Map(
        results
          .filter(({ contestant }) => contestant === label)
          .map((one) => [sizeName(one.size), value(one)]),
      );
      return { label, kind: "contestant", points: along(sweep, (name) => own.get(name)) };
    })
    .filter(({ points }) => points.length > 0);
}

function limit(label: string, sweep: Sweep, amount: Benchmark["flops"], rate: number): readonly Course[] {
  if (!amount) return [];
  const points = sweep.values.map((x) => ({ x, y: amount(sized(sweep.at, sweep.along, x)) / rate }));
  return [{ label, kind: "limit", points }];
}

function along(sweep: Sweep, value: (size: string) => number | undefined): Place[] {
  return sweep.values.flatMap((x) => {
    const y = value(sizeName(sized(sweep.at, sweep.along, x)));
    return y !== undefined && y > 0 ? [{ x, y }] : [];
  });
}

/** Courses on logarithmic axes; the key names the slopes. Undefined where nothing was measured. */
export function drawing(courses: readonly Course[], xTitle: string, unit: "s" | "B"): Figure | undefined {
  const measured = courses.filter(({ kind }) => kind !== "limit");
  const lowest = Math.min(...measured.flatMap(({ points }) => points.map(({ y }) => y)));
  const highest = Math.max(...measured.flatMap(({ points }) => points.map(({ y }) => y)));
  if (!Number.isFinite(lowest)) return undefined;
  const all = courses.map((course, at) => {
    const slope = slopeOf(course);
    const exact = course.kind === "limit";
    const rank = exact ? at - measured.length : at;
    return {
      ...course,
      key:
        slope === undefined ? course.label : `${course.label}, slope ${slope.toFixed(2).replace("-", "−")}`,
      color: exact ? colors.soft : look[rank % look.length]!,
      shape: exact ? "M-1.2,0L1.2,0" : shapes[rank % shapes.length]!,
      dash: exact
        ? [
            [6, 3],
            [1.5, 3],
          ][rank % 2]!
        : course.kind === "published"
          ? [2, 4]
          : [1, 0],
    };
  });
  const drawn = all.flatMap(({ key, kind, label, points }) =>
    points.map((point) => ({
      ...point,
      key,
      mark: kind !== "limit",
      note: `${label}: ${formatNumber(point.x)}, ${withPrefix(point.y, unit)}`,
    })),
  );
  const xs = [...new Set(drawn.map(({ x }) => x))].toSorted((a, b) => a - b);
  const limits = drawn.filter(({ mark }) => !mark).map(({ y }) => y);
  // A limit that is far below what was measured does not stretch the axis.
  const floor = Math.max(lowest / 20, Math.min(lowest, ...limits)) / 1.3;
  const ceiling = Math.max(highest, ...limits.filter((y) => y < 3 * highest)) * 1.3;
  const scale = (value: "color" | "shape" | "dash") => ({
    domain: all.map(({ key }) => key),
    range: all.map((one) => one[value]),
  });
  const legend = {
    title: null,
    columns: 2,
    symbolSize: 70,
    symbolStrokeWidth: 2,
    labelOffset: 9,
    columnPadding: 16,
  };
  const stroke = { field: "key", type: "nominal" as const, scale: scale("color"), legend };
  const line = {
    mark: { type: "line" as const, clip: true, strokeWidth: 1.75, aria: false },
    encoding: {
      stroke,
      strokeDash: { field: "key", type: "nominal" as const, scale: scale("dash"), legend },
    },
  };
  return {
    width: 420,
    height: 270,
    data: { values: drawn },
    encoding: {
      x: {
        field: "x",
        type: "quantitative",
        title: xTitle,
        scale: { type: "log", nice: false, domain: [xs[0]! / 1.08, xs.at(-1)! * 1.08] },
        axis: { values: xs, format: "~s", labelOverlap: true },
      },
      y: {
        field: "y",
        type: "quantitative",
        title: unit === "s" ? "time" : "memory",
        scale: { type: "log", nice: false, domain: [floor, ceiling] },
        axis: { values: decades(floor, ceiling), labelExpr: `format(datum.value, '~s') + '${unit}'` },
      },
    },
    layer: [
      line,
      {
        transform: [{ filter: "datum.mark" }],
        mark: { type: "point", size: 42, strokeWidth: 1, opacity: 1 },
        encoding: {
          stroke,
          fill: stroke,
          shape: { field: "key", type: "nominal", scale: scale("shape"), legend },
          description: { field: "note" },
        },
      },
    ],
  } as unknown as Figure;
}

/** Powers of ten between two numbers; with 2 and 5 times them where these are few. */
function decades(low: number, high: number): number[] {
  const powers: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) powers.push(power);
  const within = (factors: readonly number[]): number[] =>
    powers
      .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
      .filter((y) => y >= low && y <= high);
  const tens = within([1]);
  return tens.length >= 3 ? tens : within([1, 2, 5]);
}

/** "12 ms", "3.4 GB" */
export function withPrefix(value: number, unit: "s" | "B" | "B/s" | "flop/s"): string {
  const prefixes = ["n", "µ", "m", "", "k", "M", "G", "T"];
  const power = Math.max(-3, Math.min(4, Math.floor(Math.log10(value) / 3)));
  if (unit === "s" && power > 0) return `${formatNumber(value, 3)} s`;
  return `${formatNumber(Number((value / 1000 ** power).toPrecision(3)), 3)} ${prefixes[power + 3]}${unit}`;
}
